"""A look at a project's masters: written, tied to the frames as they are, and taken away when it is of others."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from film_recovery import project
from film_recovery.cli.outliers import _tell
from film_recovery.cli.report import Report
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB
from film_recovery.outliers import Untold
from film_recovery.project import Inference, PairOf
from film_recovery.stages import timeline
from film_recovery.stages.done import digest
from film_recovery.stages.outlier_rows import unjudged_of
from film_recovery.stages.outliers import FILE, PART, both_of, kept, look, refresh, refused, stale, write
from film_recovery.stages.showing import outliers_shown
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


def test_a_look_by_earlier_statistics_is_taken_again(place):
    """Of an edition before, and of frames that are as they were."""
    place.save_model().render()
    view = View(place.project)
    _, file = look(view, quiet)
    files = [(frame, view.output.sequence.path(frame).stat()) for frame in view.written]
    old = digest([(frame, one.st_size, one.st_mtime_ns) for frame, one in files])
    data = {**json.loads(file.read_text("utf-8")), "of": old}
    file.write_text(json.dumps(data), encoding="utf-8")
    assert kept(file) == data and stale(view)
    assert "earlier statistics" in place.outcome("inference.outliers").reason
    refresh(view, quiet)
    assert not stale(view) and not place.outcome("inference.outliers").pending


def test_a_look_at_frames_that_are_gone_is_stale(place):
    place.make(inference=Inference(frames="7-8"))
    place.save_model().render((7, 8))
    view = View(place.project)
    look(view, quiet)
    for frame in view.written:
        view.output.sequence.path(frame).unlink()
    assert stale(View(place.project)) and outliers_shown(View(place.project)) == (None, 0)


def test_a_part_is_kept_apart_and_a_stale_look_is_not_shown(place):
    place.save_model().render()
    view = View(place.project)
    path = view.output.sequence.path(4)
    sound = read_frame(path)
    write_frame(sound.with_channels(RGB, sound.select(RGB) * (0.9, 1.05, 0.9)), path, datatype="half")
    _, file = look(view, quiet)
    _, part = look(view, quiet, [1, 2, 3])
    assert part == file.parent / PART / FILE and json.loads(part.read_text("utf-8"))["count"] == 3
    assert json.loads(file.read_text("utf-8"))["count"] == len(view.written)
    assert not stale(view)
    shown, _ = outliers_shown(view)
    assert shown and {one.frame for one in shown} == {4}
    assert {
        mark.frame for mark in timeline.of_project(place.project).edit.marks if mark.kind == "outlier"
    } == {4}
    write_frame(sound, path, datatype="half")
    assert stale(View(place.project)) and outliers_shown(View(place.project)) == (None, 0)
    made = timeline.of_project(place.project)
    assert not [mark for mark in made.edit.marks if mark.kind == "outlier"]
    assert any("earlier render" in note for note in made.notes)


def test_frames_that_could_not_be_judged_are_written_and_said(place, capsys):
    place.save_model().render()
    view = View(place.project)
    found, file = look(view, quiet)
    assert json.loads(file.read_text("utf-8"))["untold"] == []
    title = Untold(4, ("flicker", "bleed"), "it shows what no other does")
    whole = replace(found, outliers=(), untold=(title,))
    more = {"of": json.loads(file.read_text("utf-8"))["of"]}
    write(whole, file.parent, both_of(view), more, quiet)
    assert json.loads(file.read_text("utf-8"))["untold"] == [title.as_dict()]
    assert place.outcome("inference.outliers").reason.endswith("Not judged by all kinds: 4.")
    _tell(Report(as_json=False), whole, {})
    said = " ".join(capsys.readouterr().err.split())
    assert "Frame 4 was not judged by flicker, bleed: it shows what no other does." in said


def test_a_shot_that_was_not_judged_is_not_found_good(place, capsys):
    place.save_model().render()
    view = View(place.project)
    found, file = look(view, quiet)
    untold = tuple(Untold(frame, ("flicker",), "it is cut off") for frame in found.frames)
    more = {"of": json.loads(file.read_text("utf-8"))["of"]}
    write(replace(found, outliers=(), untold=untold[:3]), file.parent, both_of(view), more, quiet)
    assert place.outcome("inference.outliers").outcome == "pass"
    assert unjudged_of(place.project) == "3 frames were not judged by flicker."
    write(replace(found, outliers=(), untold=untold), file.parent, both_of(view), more, quiet)
    told = place.outcome("inference.outliers")
    assert told.outcome == "warn" and f"Nearly all of a shot was not: {found.frames[0]}–" in told.reason
    assert "by flicker" in told.remedy[-1] and told.remedy[-1].startswith("look at these frames yourself")
    file.write_text('{"outliers": [], "untold": [{"frame": 1}]}', encoding="utf-8")
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        unjudged_of(place.project)


def test_a_frame_that_cannot_become_a_pair_is_told_why(place):
    place.make(pairs=(PairOf(1, 1, "a"), PairOf(8, 8, "b")), hold_out=(PairOf(4, 4, "c"),))
    told = {frame: refused(place.project, frame) for frame in (1, 3, 4, 5, 6, 99)}
    assert told[6] == "" and told[1] == "a pair already" and told[4].startswith("a hold-out")
    assert "hold-out 4" in told[3] and "hold-out 4" in told[5] and "outside the Source" in told[99]


def test_a_damaged_list_is_none(tmp_path):
    (tmp_path / FILE).write_text("[1, 2]", encoding="utf-8")
    assert kept(tmp_path / FILE) is None and kept(tmp_path / "no.json") is None
