"""What happened between two offsets: repeated or lost, foreign though it looks like another shot; and ends that tell
nothing. On thumbnails of a camera over a photograph, with the grain of each element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.footage.correspondence import Match
from film_recovery.footage.offset import match
from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import Signatures, structure, unit

SIZE = 48, 36  # of a thumbnail
WEAVE = 0.3  # pixels of a thumbnail
CENTRES = (70, 60), (150, 90), (100, 110)  # where each shot is filmed


def shot(photograph: Any, number: int, steps: Sequence[float]) -> np.ndarray:
    """Frames of a camera that has gone so many pixels of a thumbnail before each: one frame more than ``steps``."""
    plane = cv2.resize(photograph("coffee.png")[..., 1], (240, 160), interpolation=cv2.INTER_AREA)
    x, y = CENTRES[number]
    return np.stack(
        [cv2.getRectSubPix(plane, SIZE, (x + far, y + far / 2)) for far in np.cumsum([0.0, *steps])]
    ).astype(np.float32)


def known(planes: np.ndarray, first: int, grain: float, seed: int) -> Signatures:
    planes = (planes + np.random.default_rng(seed).normal(0, grain, planes.shape)).astype(np.float32)
    flat = unit(structure(planes))
    motion = np.zeros(len(planes), np.float32)
    motion[1:] = 1 - np.clip(np.einsum("nd,nd->n", flat[1:], flat[:-1]), 0, 1)
    nothing = np.zeros(len(planes), np.float32)
    numbers = tuple(range(first, first + len(planes)))
    return Signatures(numbers, planes, nothing, nothing, nothing, motion, nothing)


def matched(source: np.ndarray, reference: np.ndarray) -> Match:
    own, other = known(0.7 * source + 0.15, 101, 0.01, 1), known(reference, 1, 0.004, 2)
    return match(own, other, placement=Placement())


def test_a_repeated_frame_beside_a_cut(photograph: Any) -> None:
    clean = np.concatenate([shot(photograph, 0, [0.12] * 19), shot(photograph, 1, [0.9] * 19)])
    order = [*range(22), *range(21, 40)]
    source = clean[order]
    source[22] = shot(photograph, 1, [0.9, WEAVE])[2]
    (change,) = matched(source, clean).changes
    assert (change.kind, change.side, change.frames, change.sure) == ("repeated", "Source", (123,), True)


def test_where_a_camera_turns_it_is_slow_and_repeats_nothing(photograph: Any) -> None:
    steps = [*np.linspace(1.1, 0.15, 14), *np.linspace(0.15, 1.1, 14)]
    clean = shot(photograph, 0, steps)
    order = [*range(17), *range(18, 29)]
    found = matched(clean[order], clean)
    (change,) = found.changes
    assert (change.kind, change.side) == ("dropped", "Source")
    assert found.frames == {101 + row: 1 + at for row, at in enumerate(order)}


def test_repeated_or_lost_is_not_told_where_little_moves(photograph: Any) -> None:
    slow = shot(photograph, 0, [0.5] * 14 + [0.06] * 14)
    clean = np.concatenate([slow, shot(photograph, 1, [0.6] * 14)])
    order = [*range(22), *range(21, 44)]
    (change,) = matched(clean[order], clean).changes
    assert not change.sure and change.alike == ("repeated", "Source") and change.kind == "dropped"
    assert change.earliest <= 123 <= change.latest
    assert change.as_dict()["alike"] == ["repeated", "Source"]


def test_a_foreign_frame_that_looks_like_another_shot(photograph: Any) -> None:
    clean = np.concatenate([shot(photograph, number, [0.7] * 19) for number in (0, 1, 2)])
    order = [*range(10), 48, *range(10, 60)]
    found = matched(clean[order], clean)
    (change,) = found.changes
    assert (change.kind, change.side, change.frames) == ("inserted", "Source", (111,))
    assert found.frames == {101 + row: None if row == 10 else 1 + at for row, at in enumerate(order)}


@pytest.mark.parametrize("still", ["end", "beginning"])
def test_a_still_end_does_not_tell_its_offset(photograph: Any, still: str) -> None:
    parts = [shot(photograph, 0, [0.7] * 19), shot(photograph, 1, [0.0] * 14)]
    clean = np.concatenate(parts if still == "end" else parts[::-1])
    found = matched(clean[2:-2], clean)  # an edit in the still shot would not be seen
    assert found.offset == -98 and found.frames == {101 + row: 3 + row for row in range(31)}
    sure, unsure = found.runs if still == "end" else found.runs[::-1]
    assert sure.sure and not unsure.sure and {-99, -97} & set(unsure.alike)
    assert unsure.last - unsure.first in (12, 13)
    moving = matched(parts[0], parts[0])
    assert [run.sure for run in moving.runs] == [True]


def edited(order: list[int], rng: np.random.Generator) -> list[int]:
    """``order`` with up to three edits: frames lost, repeated, foreign (-1), or the whole begun elsewhere."""
    for _ in range(rng.integers(0, 4)):
        at, kind, count = (int(rng.integers(0, most)) for most in (len(order), 4, 3))
        count += 1
        if kind == 0 and len(order) > count:
            del order[at : at + count]
        elif kind in (1, 2):
            order[at:at] = [order[at] if kind == 1 else -1] * count
        else:
            order = order[at:] + order[:at]
    return order


@pytest.mark.parametrize("seed", [89, 129, 184, 248])
def test_edits_close_together_are_told_and_never_trip_it(photograph: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shots = [
        shot(photograph, n, [float(rng.choice([0, 0.1, 0.5, 1.0]))] * int(rng.integers(1, 18)))
        for n in range(3)
    ]
    clean = np.concatenate(shots[: int(rng.integers(1, 4))])
    sides = []
    for _ in range(2):
        order = edited(list(range(len(clean))), rng)
        sides.append(
            np.stack([rng.random(SIZE[::-1]) if n < 0 else clean[n] for n in order]).astype(np.float32)
        )
    found = matched(*sides)
    assert found.sentence() and found.as_dict()
    assert all(run.first <= run.last for run in found.runs)
