"""First and last frames and joins: what is read for them, and what a damaged frame says. Faults: ``test_checks``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from film_recovery import project
from film_recovery.imaging import files
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import RGB
from film_recovery.stages import joins
from film_recovery.stages.masters import RENDER_AGAIN
from film_recovery.stages.survey import Survey
from film_recovery.stages.view import View


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that Reads have decoded, by name."""
    found: list[str] = []
    read = files.read_frame
    monkeypatch.setattr(
        files, "read_frame", lambda path, **more: found.append(path.name) or read(path, **more)
    )
    return found


def test_of_most_frames_the_headers_are_enough(place: Any, decoded: list[str]) -> None:
    place.save_model().render()
    decoded.clear()
    assert place.outcome("inference.joins").outcome == "pass"
    own = {name for name in decoded if name.startswith("source")}
    assert own <= {f"source.{n:04d}.exr" for n in (1, 2, 7, 8)} and own
    decoded.clear()
    assert place.outcome("inference.joins").outcome == "pass" and not decoded


def test_the_proof_of_the_locked_channels_is_measured_once(place: Any, decoded: list[str]) -> None:
    place.save_model().render()
    decoded.clear()
    first = place.outcome("validation.identity")
    assert first.outcome == "pass" and len(set(decoded)) == 8
    decoded.clear()
    assert place.outcome("validation.identity") == first and not decoded
    place.masters(lambda frame, source, truth: truth + 0.1 * (frame == 3) * source * [1, 0, 0])
    assert place.outcome("validation.identity").value > first.value


def test_the_live_area_is_that_of_the_pictures_themselves(place: Any) -> None:
    """By the header: format and data window, as the Read gives them; also where it is black, or holds a frame."""
    place.save_model()
    place.knob("Read_Source", "before", "black").knob("Read_Source", "first", "3").knob(
        "FR_Inference1", "use_crop", "false"
    )
    view = View(place.project)
    for frame in (1, 3, 8, 11):
        picture = view.evaluator.frame(view.read_of(view.inference).path, frame)
        assert view.live_area(frame) == picture.format.box.intersect(picture.bbox)
    assert [file.name for file in view.files_of(11)] == [
        view.output.sequence.path(11).name,
        "source.0008.exr",
    ]
    assert len(view.files_of(1)) == 1


def test_a_torn_frame_is_to_be_rendered_again(place: Any) -> None:
    place.save_model().render()
    file = View(place.project).output.sequence.path(4)
    file.write_bytes(file.read_bytes()[:100])
    outcome = place.outcome("inference.joins")
    assert outcome.outcome == "fail" and outcome.remedy == (RENDER_AGAIN,)
    assert outcome.show["frame"] == 4 and outcome.show["file"] == str(file)


def test_the_ends_of_every_shot_are_looked_at_and_what_is_beyond_the_bound_is_said(
    long: Any, monkeypatch: pytest.MonkeyPatch, decoded: list[str]
) -> None:
    """Twenty shots, of which one jumps: its two frames are among those that a choice of 16 passes over."""
    project.update(long.folder, {"inference.frames": "1-40"})
    long.render(tuple(range(1, 41)))
    shots = tuple((first, first + 1) for first in range(1, 41, 2))
    light = dict.fromkeys(range(1, 41), 0.5)
    monkeypatch.setattr(joins, "known", lambda view: Survey(light, light, shots))
    assert long.outcome("inference.joins").outcome == "pass"
    path = View(long.project).output.sequence.path(7)
    frame = files.read_frame(path)
    write_frame(frame.with_channels(RGB, frame.rgb() * np.float32(1.2)), path, datatype="half")
    told: list[tuple[int, int]] = []
    joins.measure_ahead(View(long.project), lambda what, done, total: told.append((done, total)))
    assert told[-1] == (40, 40)
    decoded.clear()
    outcome = long.outcome("inference.joins")
    assert outcome.outcome == "warn" and list(outcome.value) == ["7", "8"], outcome
    assert outcome.show["frame"] == 7 and "Of 40 first and last frames" in outcome.reason and not decoded
    project.update(long.folder, {"tolerances": {"inference.joins": {"frames": 10}}})
    outcome = long.outcome("inference.joins")
    assert outcome.outcome == "pass" and "30 more were not looked at: 10 are the most" in outcome.reason
