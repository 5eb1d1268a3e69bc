"""A new project: its folders, its file, its places."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from film_recovery import project
from film_recovery.errors import FilmRecoveryError


def test_what_is_drafted_is_loaded(made: project.Project, draft: project.Draft) -> None:
    loaded = project.load(made.folder)
    assert loaded == made
    for field in fields(draft):
        assert getattr(loaded, field.name) == getattr(draft, field.name)
    assert loaded.schema == project.SCHEMA


def test_the_folders_of_the_workflow_are_made(made: project.Project) -> None:
    for name in (
        "nuke_base",
        "pipeline/01_dataset_curation",
        "pipeline/02_alignment",
        "pipeline/03_copycat_training",
        "pipeline/04_inference_render",
        "pipeline/05_validation",
        "notes",
        "runs",
    ):
        assert (made.folder / name).is_dir()


def test_all_that_is_written_lies_inside(made: project.Project) -> None:
    places = project.paths(made)
    assert places.initial is None
    for field in fields(places):
        place = getattr(places, field.name)
        assert place is None or made.folder in place.parents
    assert places.script.relative_to(made.folder).as_posix() == "nuke_base/colour_recovery.nk"
    assert places.render_pattern.name == "010_v001_colour-reference_medium-40000.####.exr"
    assert places.model.name == "010_colour-reference_medium-40000.pt"


def test_elements_may_lie_outside(made: project.Project) -> None:
    assert made.file_of("reference") == "/scans/dvd.####.exr"
    assert made.file_of("source") == (made.folder / "scans/print.####.exr").as_posix()


def test_a_project_is_not_made_twice(made: project.Project, draft: project.Draft) -> None:
    before = (made.folder / project.FILE).read_bytes()
    with pytest.raises(FilmRecoveryError, match="is a project already"):
        project.create(made.folder, replace(draft, film="Another"))
    assert (made.folder / project.FILE).read_bytes() == before


def test_a_draft_that_no_file_can_hold_makes_nothing(tmp_path: Path, draft: project.Draft) -> None:
    with pytest.raises(FilmRecoveryError, match="scope is 'shots'; expected one of"):
        project.create(tmp_path / "film", replace(draft, scope="shots"))
    assert not (tmp_path / "film").exists()


@pytest.mark.parametrize(
    "title", ["<script>", "../../etc", "a/b\\c", "..", "", "Größe №1", "x" * 300, "con: *&!", "a\nb"]
)
def test_any_film_title_gives_plain_file_names(tmp_path: Path, draft: project.Draft, title: str) -> None:
    made = project.create(tmp_path / "film", replace(draft, film=title or "-", shot=""))
    name = project.paths(made).render_pattern.name
    assert not set(name) & set("/\\<>:*&\n ")
    assert not name.startswith(".")
    assert len(name) < 160


def test_a_link_that_leads_out_is_refused(made: project.Project, tmp_path: Path) -> None:
    render = made.folder / project.RENDER_FOLDER
    render.rmdir()
    (tmp_path / "elsewhere").mkdir()
    render.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(FilmRecoveryError, match="leaves the project folder"):
        project.load(made.folder)


def test_a_folder_that_cannot_be_written_to_is_said(
    tmp_path: Path, draft: project.Draft, read_only: Callable[[Path], None]
) -> None:
    folder = tmp_path / "film"
    folder.mkdir()
    read_only(folder)
    with pytest.raises(FilmRecoveryError, match="The project folder cannot be written to: Permission denied"):
        project.create(folder, draft)
