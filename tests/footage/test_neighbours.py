"""Neighbouring frames in larger pictures: what they correct, and what they must not."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from film_recovery.demo.degrade import Damage, damaged
from film_recovery.demo.reels import Reel
from film_recovery.footage.neighbours import confirmed
from film_recovery.footage.offset import match
from film_recovery.footage.signatures import signatures


def test_grain_alone_moves_no_run(photograph: Any) -> None:
    """A camera that hardly moves: resampling smooths the grain, and part of a pixel looked like another moment."""
    grainy, size = Damage(blur=1.0, grain=0.12), (240, 160)
    moves = [np.array([[1, 0, 60 + move], [0, 1, 60 + move / 2]]) for move in np.sin(np.arange(8) / 100) * 10]
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    frames = [
        np.clip(cv2.warpAffine(photograph("coffee.png"), move, size, flags=flags), 0, 1) for move in moves
    ]
    source = Reel(
        [damaged(frame, grainy, at, 1) for at, frame in enumerate(frames)], tuple(range(1001, 1009))
    )
    reference = Reel(frames, tuple(range(1006, 1014)))
    known = signatures(source)
    found = match(known, signatures(reference))
    assert [run.offset for run in found.runs] == [5]
    assert [run.offset for run in confirmed(source, reference, known, found).runs] == [5]
