"""What passes in a frame or two, seen against the frames around it on one element: splices, jumps, dirt, scratches.

Small encoded luma planes in, figures out. Neighbours are laid over the frame first: weave and pans are no fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

ALIGNED_AT = 240  # pixels wide: shifts are found at this size
SPOT = 0.10  # encoded: a spot stands out from the frames before and after by more; grain of a small picture does not
SCRATCH_REACH = 9  # pixels of a small picture: a scratch is narrower
RELIABLE = 0.5  # of the second clearest response: a shift that stands out less is not relied on
MUTE = 0.08  # encoded: where a column has less room to black, or to white, a scratch cannot stand out
EDGE = 6  # pixels of a small picture at its border that nothing is judged on


@dataclass(frozen=True)
class Passing:
    """``splice``: H, encoded luma by which each row stands out. ``jump``: (right, down) by which the frame is off the
    path of its neighbours, share of the width. ``spots``: H×W bool, pixels that differ from the frame before and the
    frame after alike."""

    splice: NDArray[np.float32]
    jump: tuple[float, float]
    spots: NDArray[np.bool_]


def passing(plane: Plane, around: Sequence[tuple[int, Plane]]) -> Passing:
    """``plane``: H×W encoded luma. ``around``: (frames away, plane), of the same shot, nearest first; at least one."""
    small = _reduced(plane)
    laid, profiles = [], []
    shifts: dict[int, _Shift] = {}
    for away, other in around:
        found = _shift(small, _reduced(other))
        right, down = (found.right, found.down) if found else (0.0, 0.0)
        if found:
            shifts[away] = found
        laid.append(_laid(other, right * plane.shape[1], down * plane.shape[1]))
    for (_, other), moved in zip(around, laid, strict=True):
        # A letterbox stays where it is when the picture pans, so a band has to stand out from both.
        two = np.stack([_rows(plane - other), _rows(plane - moved)])
        profiles.append(np.take_along_axis(two, np.abs(two).argmin(axis=0)[None], axis=0)[0])
    return Passing(
        np.asarray(np.median(profiles, axis=0), np.float32), _jump(_reliable(shifts)), _spots(plane, laid[:2])
    )


def _rows(difference: Plane) -> NDArray[np.float32]:
    """By how much each row stands out from the others, less what a single row may."""
    profile = np.median(difference[:, EDGE:-EDGE], axis=1)
    profile -= np.median(profile)
    profile[:EDGE] = profile[-EDGE:] = 0
    return np.asarray(cv2.blur(profile[:, None], (1, 3))[:, 0], np.float32)


def scratches(plane: Plane) -> NDArray[np.float32]:
    """For each column, how far it stands out from those beside it along most of the frame: W, encoded, signed."""
    beside = cv2.blur(plane, (SCRATCH_REACH, 1))
    out = np.asarray(plane - beside, np.float32)
    thirds = np.stack([np.median(part, axis=0) for part in np.array_split(out, 3)])
    levels = np.stack([np.median(part, axis=0) for part in np.array_split(beside, 3)])
    size = np.abs(thirds)
    # In black a dark scratch ends at black: a third that uses up what little room it has says no more of its size.
    room = np.where(thirds < 0, levels, 1 - levels)
    full = (room < MUTE) & (size > room / 2)
    full &= full.sum(axis=0) == 1  # two thirds at least have to show it
    # A scratch runs through; a mullion or a lamp post ends somewhere.
    least = np.where(full, np.inf, size).min(axis=0)
    least = np.where(np.sign(thirds[0]) == np.sign(thirds[2]), least, 0.0)
    return np.asarray(least * np.sign(thirds[1]), np.float32)


def _spots(plane: Plane, laid: Sequence[Plane]) -> NDArray[np.bool_]:
    window = np.ones((3, 3), np.uint8)
    lit = [other + np.float32(np.median(plane - other)) for other in laid]
    most = np.maximum.reduce([cv2.dilate(other, window) for other in lit])
    least = np.minimum.reduce([cv2.erode(other, window) for other in lit])
    soft = cv2.GaussianBlur(plane, (0, 0), 0.7)
    found = np.maximum(soft - most, least - soft) > SPOT
    found[:EDGE] = found[-EDGE:] = found[:, :EDGE] = found[:, -EDGE:] = False
    return np.asarray(found, bool)


@dataclass(frozen=True)
class _Shift:
    """In widths. ``response``: how clearly it stands out, 0–1."""

    right: float
    down: float
    response: float


def _reliable(shifts: dict[int, _Shift]) -> dict[int, tuple[float, float]]:
    """Without those that hardly stand out, compared with the two clearest: of all pairs the least jump is taken, and
    a shift that is wrong makes the least of any jump."""
    responses = sorted((one.response for one in shifts.values()), reverse=True)
    least = RELIABLE * responses[1] if len(responses) > 1 else 0.0
    return {away: (one.right, one.down) for away, one in shifts.items() if one.response >= least}


def _jump(shifts: dict[int, tuple[float, float]]) -> tuple[float, float]:
    """How far the frame lies off where two of its neighbours say that it should, moving steadily: the least of all
    pairs, since a neighbour that jumps itself says nothing."""
    found: list[tuple[float, float]] = []
    for one, other in combinations(sorted(shifts), 2):
        # The line through both, at 0: weights add up to 1 and place them around it.
        share = other / (other - one)
        right, down = (share * shifts[one][axis] + (1 - share) * shifts[other][axis] for axis in (0, 1))
        found.append((right, down))
    if not found:
        return 0.0, 0.0
    return min(found, key=lambda off: float(np.hypot(off[0], off[1])))


def _reduced(plane: Plane) -> Plane:
    scale = min(1.0, ALIGNED_AT / plane.shape[1])
    size = max(1, round(plane.shape[1] * scale)), max(1, round(plane.shape[0] * scale))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), 4), np.float32)


def _shift(plane: Plane, other: Plane) -> _Shift | None:
    """How far ``plane`` lies right of and below ``other``, in widths; None where they have nothing in common."""
    window = cv2.createHanningWindow((plane.shape[1], plane.shape[0]), cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(other, plane, window)
    if response < 0.05:
        return None
    return _Shift(right / plane.shape[1], down / plane.shape[1], response)


def _laid(plane: Plane, right: float, down: float) -> Plane:
    move = np.array([[1, 0, right], [0, 1, down]], np.float64)
    size = plane.shape[1], plane.shape[0]
    return np.asarray(
        cv2.warpAffine(plane, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )
