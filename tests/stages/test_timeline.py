"""A project's timeline: which frames lie on it, at which time, and what is marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery import project
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import PairOf
from film_recovery.stages import timeline


def test_nothing_is_there_before_the_first_render(place: Any) -> None:
    with pytest.raises(CheckFailed, match="nothing to put on the timeline") as refused:
        timeline.of_project(place.project)
    assert "film-recovery run" in refused.value.remedy


def test_it_holds_the_source_the_masters_and_what_is_to_look_at(place: Any) -> None:
    place.make(
        pairs=(PairOf(1, 2, "skin", "a", flags=("parallax",)), PairOf(3, 3), PairOf(5, 5), PairOf(7, 7))
    )
    place.save_model().render((2, 3, 4, 6))
    validation = project.paths(place.project).validation
    found = [{"frame": 6, "kind": "halo", "figure": 0.08, "usual": 0.01, "score": 9.0, "where": "edge"}]
    (validation / "outliers.json").write_text(json.dumps(found), encoding="utf-8")
    (validation / "stills").mkdir()
    for name in ("0004_source.png", "0004_recovered.png", "9999_source.png", "note.png"):
        (validation / "stills" / name).write_bytes(b"")
    edit = timeline.of_project(place.project).edit
    assert (edit.original.frames, edit.recovered.frames) == (tuple(range(1, 9)), (2, 3, 4, 6))
    assert (edit.rate, edit.original.start, edit.recovered.start) == (24.0, 1, 2)
    marks = {(mark.kind, mark.frame): mark.note for mark in edit.marks}
    assert marks == {
        ("pair", 1): "skin; Reference frame 2; parallax",
        ("pair", 3): "",
        ("pair", 5): "",
        ("pair", 7): "",
        ("hold-out", 4): "between",
        ("still", 4): "",
        ("outlier", 6): "halo: 0.08, usual 0.01, score 9; edge",
    }
    assert edit.facts["model"] == place.model.name


def _timed(folder: Path, frames: dict[int, str]) -> tuple[Sequence, tuple[int, ...]]:
    """Frames of 8 × 8 whose headers carry these timecodes, none where the text is empty."""
    for number, time in frames.items():
        header = {"timeCode": (int(time.replace(":", ""), 16), 0)} if time else {}
        frame = Frame.from_array(np.zeros((8, 8, 3), np.float32), metadata=header)
        write_frame(
            frame, folder / f"{folder.name}.{number:04d}.exr", datatype="half", create_directories=True
        )
    return Sequence.parse(folder / f"{folder.name}.####.exr"), tuple(frames)


def test_times_are_those_of_the_headers_where_both_ends_have_them(tmp_path: Path) -> None:
    clock = _timed(tmp_path / "a", {1001: "01:00:00:10", 1002: "01:00:00:11", 1004: "01:00:00:13"})
    none = _timed(tmp_path / "b", {1002: "", 1004: ""})
    made = timeline.of_sequences(clock, none, 23.976)
    assert (made.edit.original.start, made.edit.recovered.start) == (24 * 3600 + 10, 1002)
    assert made.edit.original.time_of(1004) == 24 * 3600 + 13
    assert len(made.notes) == 4
    assert "The Original lacks 1 of its frames" in made.notes[0]
    assert "The Recovered carries no timecode" in made.notes[1]
    assert "The Recovered lacks 1" in made.notes[2]
    assert f"differ by {24 * 3600 + 11 - 1002} frames" in made.notes[3]


def test_a_clock_that_counts_otherwise_than_the_frames_is_not_believed(tmp_path: Path) -> None:
    jumps = _timed(tmp_path / "a", {1: "01:00:00:00", 2: "01:00:05:00"})
    made = timeline.of_sequences(jumps, jumps, 24)
    assert made.edit.original.start == 1
    assert "counts 120 frames from frame 1 to 2, which are 1" in made.notes[0]


def test_no_frame_and_no_rate_are_refused(tmp_path: Path) -> None:
    there = _timed(tmp_path / "a", {1: ""})
    with pytest.raises(FilmRecoveryError, match="The Recovered has no frame"):
        timeline.of_sequences(there, (there[0], ()), 24)
    with pytest.raises(UsageError, match="0 is no number of frames"):
        timeline.of_sequences(there, there, 0)
    assert replace(timeline.of_sequences(there, there, 25).edit, marks=()).rate == 25
