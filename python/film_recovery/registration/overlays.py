"""Burned-in subtitles and logos: what one of two aligned pictures has and the other lacks. Of both: ``burned_in``.

Lettering is bright, nearly white or plainly coloured, made of strokes with sharp edges, and stands in a row. Where both
pictures show the scene, strokes that only one of them has are joined to rows, and a row of many strokes is an overlay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Box
from film_recovery.imaging.luma import luma

Array = NDArray[Any]

STROKE = 0.2  # encoded: least height of a stroke over what surrounds it
EXTRA = 0.15  # encoded: by how much it must stand out more than in the other picture, after matching contrast
THICK = 1 / 45  # of the height: the widest stroke of lettering that is looked for
TALL = (1 / 60, 1 / 6)  # of the height: letters and rows are between
PARTS = 6  # strokes side by side in a row; a highlight or an edge that one picture lacks has one to four
WIDE = 2.0  # a row of lettering is at least that many times as wide as tall
DENSE = 0.08  # least share of its box that strokes cover
_MARGIN = 3  # pixels about the lettering: its soft edge and outline


@dataclass(frozen=True)
class Overlay:
    """``on``: "Source", "Reference" or "both", what has it. ``box``: pixels, Nuke's convention."""

    on: str
    box: Box

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"on": self.on, "box": [self.box.x, self.box.y, self.box.r, self.box.t]}


def overlay(source: Array, reference: Array, counts: Array) -> tuple[Overlay, ...]:
    """Overlays of one aligned pair (H×W×3, encoded, 0–1, top row first), where ``counts`` (H×W bool)."""
    mine, theirs = strokes(source, counts), strokes(reference, counts)
    found = [Overlay("Source", box) for box in _extra(mine, theirs)]
    found += [Overlay("Reference", box) for box in _extra(theirs, mine)]
    return tuple(found)


def strokes(picture: Array, counts: Array) -> Array:
    """How far each pixel stands above what surrounds a stroke (white top hat), encoded."""
    plane = np.clip(luma(np.where(counts[..., None], picture, 0).astype(np.float32)), 0, 1)
    size = max(3, round(plane.shape[0] * THICK)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    return np.asarray(cv2.morphologyEx(plane, cv2.MORPH_TOPHAT, kernel))


def _extra(own: Array, other: Array) -> list[Box]:
    """Rows of strokes that one picture has and the other lacks."""
    height, width = own.shape
    ratio = float(np.percentile(own, 90)) / max(float(np.percentile(other, 90)), 1e-3)
    near = cv2.dilate(other, np.ones((7, 7), np.uint8))
    extra = (own > STROKE) & (own - near * np.clip(ratio, 0.5, 2.0) > EXTRA)
    boxes = []
    for x, y, r, b in rows(extra):
        left, top = max(0, x - _MARGIN), max(0, y - _MARGIN)
        right, bottom = min(width, r + _MARGIN), min(height, b + _MARGIN)
        boxes.append(Box(left, height - bottom, right, height - top))
    return boxes


def rows(strokes: Array, parts: float = PARTS) -> list[tuple[int, int, int, int]]:
    """Rows of lettering among ``strokes`` (H×W bool): left, top, right, bottom in rows of the array, half open.

    ``parts``: how many strokes stand side by side at least.
    """
    height = strokes.shape[0]
    marks = strokes.astype(np.uint8)
    gap = max(5, round(height / 18)) | 1
    joined = cv2.morphologyEx(np.pad(marks, gap), cv2.MORPH_CLOSE, np.ones((3, gap), np.uint8))[
        gap:-gap, gap:-gap
    ]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for index in range(1, count):
        x, y, wide, tall, _ = (int(value) for value in stats[index])
        if not TALL[0] * height <= tall <= TALL[1] * height or wide < WIDE * tall:
            continue
        inside = marks[y : y + tall, x : x + wide] * (labels[y : y + tall, x : x + wide] == index)
        runs = (np.diff(np.pad(inside, ((0, 0), (1, 0))).astype(np.int8), axis=1) == 1).sum(1)
        if np.percentile(runs, 75) >= parts and inside.mean() >= DENSE:
            found.append((x, y, x + wide, y + tall))
    return found
