"""Elements that are the master of another project of the chain: what stands in the file, and what follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from film_recovery import project, recipes
from film_recovery.errors import FilmRecoveryError


@pytest.fixture
def step(tmp_path: Path, draft: project.Draft) -> project.Project:
    """A colour step on the master of a project, which is made with it."""
    parent = replace(draft, recipe="combined")
    other = replace(draft, elements={**draft.elements, "source": project.master("../..")})
    project.create(tmp_path / "film", parent, {"colour": other})
    return project.load(tmp_path / "film" / "steps" / "colour")


def test_what_follows_is_the_other_projects(step: project.Project) -> None:
    parent = project.load(step.folder.parent.parent)
    one = step.source
    assert step.file_of("source") == project.paths(parent).render_pattern.as_posix()
    assert (one.first, one.last, one.width, one.height) == (1001, 1100, 2048, 1556)
    assert (one.colourspace, one.gauge, one.type) == ("aces_interchange", "35 mm", "master")
    assert one.authorisation == "", "the parent's Source is not authorised, so neither is its master"
    project.update(parent.folder, {"inference.version": "v002", "inference.frames": "1010-1020,1005"})
    again = project.load(step.folder)
    assert "_v002_" in again.source.file
    assert (again.source.first, again.source.last, again.inference.frames) == (1005, 1020, "1010-1020,1005")
    project.update(parent.folder, {"elements.source.authorisation": "letter of 4 May"})
    assert project.load(step.folder).source.authorisation == "letter of 4 May; letter of 3 May"


def test_comments_are_kept_and_own_words_stay(step: project.Project) -> None:
    file = step.folder / project.FILE
    file.write_text(file.read_text(encoding="utf-8") + "# kept\n", encoding="utf-8")
    changed = project.update(step.folder, {"elements.source.quality": "sharp"})
    assert changed == project.load(step.folder)
    assert changed.source.quality == "sharp"
    assert file.read_text(encoding="utf-8").endswith("# kept\n")


@pytest.mark.parametrize("name", project.FOLLOWING)
def test_what_follows_must_not_be_given_too(step: project.Project, name: str) -> None:
    with pytest.raises(FilmRecoveryError, match=f"elements.source.{name} is given"):
        project.update(step.folder, {f"elements.source.{name}": 7})


def test_unknown_keys_of_a_master_are_refused(step: project.Project) -> None:
    with pytest.raises(FilmRecoveryError, match=r"Unknown key elements.source.master_off"):
        project.update(step.folder, {"elements.source.master_off": "../.."})


def test_nothing_of_a_chain_is_made_when_one_of_it_cannot_be(tmp_path: Path, draft: project.Draft) -> None:
    bad = replace(draft, elements={**draft.elements, "source": project.master("../../..")})
    with pytest.raises(FilmRecoveryError, match="no other project of this chain"):
        project.create(tmp_path / "film", draft, {"colour": bad})
    assert not (tmp_path / "film").exists()


def test_an_existing_step_is_not_replaced(tmp_path: Path, draft: project.Draft) -> None:
    project.create(tmp_path / "film" / "steps" / "colour", draft)
    with pytest.raises(FilmRecoveryError, match="steps/colour is a project already"):
        project.create(tmp_path / "film", draft, {"colour": draft})
    assert not (tmp_path / "film" / project.FILE).exists()


def test_settings_are_tried_before_anything_is_made(draft: project.Draft) -> None:
    assert project.drafted(draft, {"training.steps": 5, "reel": "9"}).training.steps == 5
    with pytest.raises(FilmRecoveryError, match=r"Unknown key training.stepz") as caught:
        project.drafted(draft, {"training.stepz": 5})
    assert "line" not in caught.value.where, "a line that nobody has seen"


def test_a_step_is_answered_for_by_whoever_answers_for_the_project(
    tmp_path: Path, draft: project.Draft
) -> None:
    """A site's words too: they stand in the project already, under what its operator gave."""
    said = project.Delivery("Ada", "The Archive", "algorithmicallyEnhanced")
    parent = replace(draft, recipe="combined", delivery=said)
    (step,) = recipes.load("combined").steps
    assert project.step_draft(parent, tmp_path, step, draft.elements["source"]).delivery == said
    assert project.of_steps({"delivery.institution": "The Site"}) == {}
