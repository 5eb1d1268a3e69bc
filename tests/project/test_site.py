"""Site defaults: what a facility sets lands in a new project's file, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from film_recovery import project
from film_recovery.project.site import KEYS


def site(folder: Path, text: str) -> dict[str, str]:
    file = folder / "site defaults.yaml"
    file.write_text(text, encoding="utf-8")
    return {project.SITE: str(file)}


def test_without_a_site_file_there_are_no_defaults() -> None:
    assert project.site_defaults({}) == {} == project.site_defaults({project.SITE: ""})


def test_a_site_s_values_fit_a_project(tmp_path: Path, draft: project.Draft) -> None:
    text = "elements: {source: {holder: The Archive}}\ntraining:\n  steps: 60000\ncolour: {config: /site/c.ocio}\n"
    values = project.site_defaults(site(tmp_path, text))
    assert values == {
        "elements.source.holder": "The Archive",
        "training.steps": 60000,
        "colour.config": "/site/c.ocio",
    }
    made = project.drafted(draft, values)
    assert (made.elements["source"].holder, made.training.steps) == ("The Archive", 60000)
    assert made.elements["reference"] == draft.elements["reference"]
    assert project.of_steps(values) == {"training.steps": 60000}


@pytest.mark.parametrize(
    "text", ["film: X\n", "training: {stepz: 1}\n", "pairs: []\n", "training: {}\n", "schema: 1\n"]
)
def test_what_a_site_cannot_set_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(project.ProjectFileError) as caught:
        project.site_defaults(site(tmp_path, text))
    assert text.partition(":")[0] in caught.value.message and "site defaults.yaml" in str(caught.value)


def test_a_site_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(project.ProjectFileError.__base__, match="nowhere"):  # type: ignore[arg-type]
        project.site_defaults({project.SITE: str(tmp_path / "nowhere.yaml")})


def test_every_key_is_one_of_a_project(draft: project.Draft) -> None:
    for key in KEYS:
        value: object = draft
        for word in key.split("."):
            value = value[word] if isinstance(value, dict) else getattr(value, word)
        project.drafted(draft, {key: value})
