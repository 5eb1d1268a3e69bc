"""``demo --prepare``: the film and project of a job, as an operator has them on the first day."""

from __future__ import annotations

import pytest

from film_recovery import ledger, project


@pytest.mark.slow
def test_a_film_and_its_project_are_made_and_nothing_else(film_recovery, tmp_path) -> None:
    out = tmp_path / "demo"
    said = film_recovery("demo", "--prepare", "colour", "--footage", "photographs", "--out", out, "--json")
    assert said.code == 0
    made = project.load(out / "colour")
    assert said.lines[-1]["project"] == str(made.folder) and made.recipe == "colour-reference"
    assert len(list((made.folder / "elements" / "source").iterdir())) == len(
        range(made.source.first, made.source.last + 1)
    )
    assert made.pairs and made.hold_out and not ledger.read(made.folder).of_kind("sign")
    assert not project.paths(made).model.exists()
    refused = film_recovery("demo", "--prepare", "paired", "--out", out, "--json")
    assert refused.code == 2 and made.folder.is_dir()


def test_a_folder_of_something_else_is_left_alone(film_recovery, tmp_path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    said = film_recovery("demo", "--prepare", "spatial", "--out", tmp_path, "--json")
    assert said.code != 0 and [one.name for one in tmp_path.iterdir()] == ["letters.txt"]
