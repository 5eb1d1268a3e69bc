"""A look at a project's masters: written, tied to the frames as they are, and taken away when it is of others."""

from __future__ import annotations

import json

from film_recovery import project
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB
from film_recovery.stages.outliers import FILE, kept, look, refresh
from film_recovery.stages.view import View


def quiet(what: str, done: int, total: int) -> None:
    pass


def test_a_look_is_of_the_frames_as_they_are(place):
    place.save_model().render()
    assert "nobody has looked" in place.outcome("inference.outliers").reason
    path = View(place.project).output.sequence.path(4)
    sound = read_frame(path)
    write_frame(sound.with_channels(RGB, sound.select(RGB) * (0.9, 1.05, 0.9)), path, datatype="half")
    look(View(place.project), quiet)
    folder = project.paths(place.project).validation
    pictures = [folder / row["picture"] for row in json.loads((folder / FILE).read_text("utf-8"))["outliers"]]
    assert pictures and all(picture.is_file() for picture in pictures)
    assert place.outcome("inference.outliers").outcome == "warn"
    write_frame(sound, path, datatype="half")
    assert "rendered since" in place.outcome("inference.outliers").reason
    refresh(View(place.project), quiet)
    assert place.outcome("inference.outliers").outcome == "pass"
    assert not any(picture.exists() for picture in pictures)


def test_a_damaged_list_is_none(tmp_path):
    (tmp_path / FILE).write_text("[1, 2]", encoding="utf-8")
    assert kept(tmp_path / FILE) is None and kept(tmp_path / "no.json") is None
