"""Criteria on real frames of several shots: cuts are found in the Source, and the worst shot decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery.stages.proof import proof_of, write_measures
from film_recovery.stages.sequences import Asked, validate_sequences
from film_recovery.stages.view import View

CUT = 6  # the first frame of the second shot


def silent(what: str, done: int, total: int) -> None:
    pass


def two_shots(place: Any) -> Any:
    """Other pictures from ``CUT`` on; the masters are the Ground Truth in the first shot, softer than the Source in the
    second."""
    for frame in range(CUT, 9):
        picture = np.ascontiguousarray(place.picture("reference", frame)[::-1, ::-1])
        place.write("reference", frame, picture)
        place.write("source", frame, cv2.GaussianBlur(picture, (0, 0), 1.2))
    place.save_model().render()
    return place.masters(
        lambda frame, source, truth: truth if frame < CUT else cv2.GaussianBlur(source, (0, 0), 1.0)
    )


def test_the_shot_that_is_worse_decides_and_is_named(place: Any, tmp_path: Path) -> None:
    two_shots(place)
    proof = proof_of(View(place.project))
    assert proof.shots == ((1, 5), (6, 8))
    detail = sorted(proof.of("detail").values())
    assert detail[4] > 1.02, "the middle of all frames would do"
    found = place.outcome("validation.sharper")
    assert found.outcome == "fail" and found.value["detail"] < 1 and found.show["frame"] >= CUT
    assert found.reason.startswith("Shot 2 of 2 (frames 6 to 8) is the worst of 2.")
    content = json.loads(write_measures(tmp_path, proof).read_text("utf-8"))
    assert content["shots"] == [[1, 5], [6, 8]]


def test_sequences_are_judged_by_shot_too(place: Any) -> None:
    two_shots(place)
    masters = View(place.project).output.sequence.pattern
    asked = Asked(
        "spatial", place.draft.elements["source"].file, masters, spaces=("sRGB - Texture", "ACES2065-1", "")
    )
    outcomes = {one.check: one for one in validate_sequences(asked, None, silent).outcomes}
    assert "Shot 2 of 2 (frames 6 to 8) is the worst" in outcomes["validation.sharper"].reason
