"""Where an element is cut into shots.

A cut is a place before which frames resemble one another, after which they do, and across which none do: a flash, a
splice mark or a foreign frame is no cut, because the frames around it still resemble each other. Judged on local
structure of thumbnails, which flicker and fading leave alone, and after shifts, so that fast cameras are no cuts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.signatures import Signatures

AROUND = 3  # frames on either side that are compared: bridges two bad frames
# Correlation of structure, the best of AROUND × AROUND pairs, each at its best shift. Measured on simulated reels and
# on a live-action clip, clean and under heavy grain: across cuts at most 0.29 and less than within both sides by 0.48
# or more; elsewhere at least 0.42 and less by 0.10 at most.
ACROSS = 0.5
DROP = 0.25
SHORTEST = 3  # frames of a shot
SHIFT = 6  # pixels of a thumbnail, each way: a tenth of the width from frame to frame
DARK = 0.15  # of the usual contrast: a frame that shows (almost) nothing
FADE_FRAMES = 4  # frames over which contrast falls or rises at least, for a fade


@dataclass(frozen=True)
class Shot:
    """Frames ``first`` to ``last``. ``begins``, ``ends``: "cut", "fade", or "" at the element's end."""

    first: int
    last: int
    begins: str
    ends: str

    def as_dict(self) -> dict[str, Any]:
        return {"first": self.first, "last": self.last, "begins": self.begins, "ends": self.ends}


def find_shots(known: Signatures) -> tuple[Shot, ...]:
    """The shots of an element, in order; every frame is in one."""
    marks = {row: "cut" for row in _hard_cuts(known)}
    for row in _fades(known):
        near = [other for other in marks if abs(other - row) <= 2 * AROUND]
        marks[near[0] if near else row] = "fade"
    edges = [0, *sorted(marks), len(known)]
    names = ["", *(marks[row] for row in sorted(marks)), ""]
    return tuple(
        Shot(known.frames[edges[index]], known.frames[edges[index + 1] - 1], names[index], names[index + 1])
        for index in range(len(edges) - 1)
    )


def cut_scores(known: Signatures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each row: the best correlation across its beginning, and the lesser of those within either side; −1 to 1.

    The first row has none: 1 and 1.
    """
    like = _near_likeness(known.structure())
    count = len(known)
    across, within = np.ones(count, np.float32), np.ones(count, np.float32)
    for row in range(1, count):
        before, after = range(max(0, row - AROUND), row), range(row, min(count, row + AROUND))
        across[row] = max(like[later, later - earlier] for earlier in before for later in after)
        sides = []
        for side in (before, after):
            inner = [like[later, later - earlier] for earlier in side for later in side if later > earlier]
            sides.append(max(inner, default=1.0))
        within[row] = min(sides)
    return across, within


def _hard_cuts(known: Signatures) -> list[int]:
    across, within = cut_scores(known)
    worth = within - across
    found: list[int] = []
    for row in np.flatnonzero((across < ACROSS) & (worth > DROP)).tolist():
        if row < SHORTEST or row > len(known) - SHORTEST:
            continue
        if found and row - found[-1] < SHORTEST:
            if worth[row] > worth[found[-1]]:
                found[-1] = row
        else:
            found.append(row)
    return found


def _fades(known: Signatures) -> list[int]:
    """Rows at which the picture is back after it had gone, or after which it goes, slowly."""
    usual = float(np.percentile(known.contrast, 75))
    dark = known.contrast < DARK * usual
    found = []
    row, count = 0, len(known)
    while row < count:
        if not dark[row]:
            row += 1
            continue
        last = row
        while last + 1 < count and dark[last + 1]:
            last += 1
        before = known.contrast[max(0, row - FADE_FRAMES) : row]
        after = known.contrast[last + 1 : last + 1 + FADE_FRAMES]
        falls = len(before) == FADE_FRAMES and bool((np.diff(before) < 0).all())
        rises = len(after) == FADE_FRAMES and bool((np.diff(after) > 0).all())
        slow = (falls and before[-1] < 0.8 * before[0]) or (rises and after[0] < 0.8 * after[-1])
        if slow and row > 0 and last + 1 < count:
            found.append((row + last + 1) // 2)
        row = last + 1
    return found


def _near_likeness(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×(2·AROUND): correlation of each plane with those up to 2·AROUND − 1 before it, at the best shift."""
    count, height, width = planes.shape
    inner = planes[:, SHIFT : height - SHIFT, SHIFT : width - SHIFT]
    if inner.size == 0:
        inner = planes
    out = np.ones((count, 2 * AROUND), np.float32)
    for row in range(count):
        for back in range(1, min(row, 2 * AROUND - 1) + 1):
            out[row, back] = _best(planes[row - back], inner[row])
    return out


def _best(plane: NDArray[np.float32], template: NDArray[np.float32]) -> float:
    return float(cv2.matchTemplate(plane, template, cv2.TM_CCOEFF_NORMED).max())
