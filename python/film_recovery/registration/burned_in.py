"""Lettering that both pictures carry in one place: a subtitle of the common negative, a logo on both copies.

One frame does not tell it from a shop sign; several do. What stays where it is while the picture is another (another
shot, a camera that moved) lies over the picture, and so does what comes or goes while the picture around and between
its strokes stays. What only one of the frames has, and no other shows the same picture, is not told.

Looked for in small pictures, so that weave and what an alignment leaves are less than a stroke.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations, product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Box
from film_recovery.imaging.luma import luma
from film_recovery.registration.overlays import STROKE, Overlay, rows, strokes

Array = NDArray[Any]
Rows = tuple[int, int, int, int]  # left, top, right, bottom in rows of an array, half open

BOTH = "both"
TALLEST = 480  # pixels: larger pictures are made as small as that
FAINTER = 0.5  # of STROKE: what the picture with the fainter stroke has of it
# Chosen on 26 simulated reels (seeds 0–25), the demo's photographs and clip: what stays by chance, or since the scene
# repeats, fails one of these by far.
OTHER = 0.4  # correlation of structure below which two frames show another picture
ALIKE = 0.7  # correlation of the strokes in both frames; 0.6 is what textures reach by chance
KNOWN = 0.6  # the same, for lettering that other frames have told already
IN_BOTH = 0.5  # … of the strokes of both elements in one frame
ASIDE = 0.5  # … a few letters' width aside: a fence, a roof, a line along the frame reach 0.65–0.95
INK = 0.25  # encoded: from darkest to brightest tenth of the strokes; edges of bright areas reach 0.11
PARTS = 5.0  # strokes side by side; fewer than a subtitle's: a logo is told
TALL = 1 / 40  # of the height: lettering is at least so tall
SAME = 0.8  # correlation above which two frames show the same picture
BETWEEN = 0.4  # of the height of the strokes: what the picture around and between them may change
RISE = 0.1  # encoded: least height of strokes that came
_COMPARED = 96  # pixels: width of the pictures whose structure is compared
_SHIFTS = range(-2, 3)  # pixels of weave between two frames


@dataclass(frozen=True, eq=False)
class _Frame:
    """``marks``: where both pictures have a stroke. ``heights`` of the Reference's strokes, ``others`` of the Source's.
    ``plane``: luma of the Reference; ``small``: its structure."""

    number: int
    marks: Array
    heights: Array
    others: Array
    plane: Array
    small: Array


@dataclass
class BurnedIn:
    """Frames of a film, one by one; of each, four planes at most TALLEST pixels high are kept, a byte a pixel."""

    seen: list[tuple[int, Array, tuple[Array, ...]]] = field(default_factory=list)
    scale: float = 1.0
    height: int = 0

    def add(self, number: int, source: Array, reference: Array, counts: Array) -> None:
        """One aligned pair, as ``overlays.overlay`` takes it."""
        self.height = source.shape[0]
        self.scale = min(1.0, TALLEST / self.height)
        whole = cv2.resize(counts.astype(np.uint8), None, fx=self.scale, fy=self.scale) > 0
        pictures = [_smaller(picture, whole.shape) for picture in (source, reference)]
        heights = [strokes(picture, whole) for picture in pictures]
        near = np.ones((3, 3), np.uint8)
        fainter = np.minimum(*(cv2.dilate(one, near) for one in heights)) > FAINTER * STROKE
        marks = (np.maximum(*heights) > STROKE) & fainter
        plane = np.clip(luma(pictures[1]), 0, 1)
        kept = tuple(np.round(one * 255).astype(np.uint8) for one in (heights[1], heights[0], plane))
        self.seen.append((number, marks, kept))

    def found(self, area: Box) -> dict[int, tuple[Overlay, ...]]:
        """By frame, the lettering within ``area`` (pixels, Nuke's convention) that both pictures have."""
        top, left = (self.height - area.t) * self.scale, area.x * self.scale
        inside = (
            slice(round(top), max(round(top) + 1, round((self.height - area.y) * self.scale))),
            slice(round(left), max(round(left) + 1, round(area.r * self.scale))),
        )
        frames = [
            _frame(number, marks[inside], [one[inside] for one in kept]) for number, marks, kept in self.seen
        ]
        boxes: dict[int, list[Rows]] = {frame.number: [] for frame in frames}
        for one, other in combinations(frames, 2):
            look = _correlation(one.small, other.small)
            if look < OTHER:
                for place in _staying(one, other):
                    boxes[one.number].append(place)
                    boxes[other.number].append(place)
            elif look > SAME:
                boxes[one.number] += _gone(one, other)
                boxes[other.number] += _gone(other, one)
        offset = inside[1].start, inside[0].start
        told = {frame.number: _joined(boxes[frame.number]) for frame in frames}
        for one, other in permutations(frames, 2):
            for place in told[one.number]:
                known = any(_meet(place, mine) for mine in boxes[other.number])
                if not known and _same(one.heights, other.heights, place) >= KNOWN:
                    boxes[other.number].append(place)
        return {
            frame.number: tuple(
                Overlay(BOTH, self._in_nuke(place, offset, area))
                for place in _joined(boxes[frame.number])
                if _same(frame.heights, frame.others, place) >= IN_BOTH
            )
            for frame in frames
        }

    def _in_nuke(self, place: Rows, offset: tuple[int, int], area: Box) -> Box:
        x, y, r, b = (value + offset[index % 2] for index, value in enumerate(place))
        left, right = int(np.floor((x - 1) / self.scale)), int(np.ceil((r + 1) / self.scale))
        upper, lower = int(np.floor((y - 1) / self.scale)), int(np.ceil((b + 1) / self.scale))
        return Box(left, self.height - lower, right, self.height - upper).intersect(area)


def _smaller(picture: Array, shape: tuple[int, ...]) -> Array:
    small: Array = np.asarray(picture, np.float32)
    if small.shape[:2] != shape:
        small = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return small


def _frame(number: int, marks: Array, kept: Sequence[Array]) -> _Frame:
    heights, others, plane = (np.asarray(one, np.float32) / np.float32(255) for one in kept)
    size = min(_COMPARED, plane.shape[1]), max(1, round(plane.shape[0] * _COMPARED / plane.shape[1]))
    tones: Array = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    detail: Array = tones - cv2.GaussianBlur(tones, (0, 0), 6)
    small = detail / np.sqrt(cv2.GaussianBlur(detail**2, (0, 0), 6) + 1e-4)
    return _Frame(number, marks, heights, others, plane, small)


def _staying(one: _Frame, other: _Frame) -> Iterator[Rows]:
    """Lettering that stands in both frames, which show another picture each."""
    shared = one.marks & (cv2.dilate(other.marks.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    for place in rows(shared, PARTS):
        x, y, r, b = place
        ink = one.plane[y:b, x:r][shared[y:b, x:r]]
        if b - y < TALL * len(shared) or np.subtract(*np.percentile(ink, (90, 10))) < INK:
            continue
        if _same(one.heights, other.heights, place) < ALIKE:
            continue
        steps = [round(share * len(shared)) for share in (-0.045, -0.03, 0.03, 0.045)]
        aside = (_alike(one.heights, other.heights, place, move) for move in product((*steps, 0), steps))
        if max(aside) <= ASIDE:
            yield place


def _same(one: Array, other: Array, place: Rows) -> float:
    """How far the strokes at ``place`` are the same in both planes, weave allowed."""
    return max(_alike(one, other, place, move) for move in product(_SHIFTS, _SHIFTS))


def _alike(one: Array, other: Array, place: Rows, move: tuple[int, int]) -> float:
    """Correlation of the strokes at ``place`` with those ``move`` (down, right) of it; −1 beyond the picture."""
    height, width = one.shape
    x, y, r, b = (
        max(0, place[0] - 3),
        max(0, place[1] - 3),
        min(width, place[2] + 3),
        min(height, place[3] + 3),
    )
    down, right = move
    if min(x + right, y + down) < 0 or r + right > width or b + down > height:
        return -1.0
    return _correlation(one[y:b, x:r], other[y + down : b + down, x + right : r + right])


def _correlation(one: Array, other: Array) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float((a * b).sum() / max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-9))


def _gone(one: _Frame, other: _Frame) -> list[Rows]:
    """Lettering of ``one`` that ``other`` lacks, which shows the same picture around it and between its strokes."""
    wide = np.ones((7, 7), np.uint8)
    extra = one.marks & (cv2.dilate(other.marks.astype(np.uint8), wide) == 0)
    free = cv2.dilate(one.marks.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    change = one.plane - other.plane
    without_grain = cv2.GaussianBlur(change, (0, 0), 1.5)  # strokes and their outlines are thinner
    found = []
    for place in rows(extra):
        x, y, r, b = place
        tall = b - y
        around = slice(max(0, y - tall), b + tall), slice(max(0, x - tall), r + tall)
        between = without_grain[around][free[around]]
        if tall < TALL * len(extra) or between.size < 50:
            continue
        usual = float(np.median(between))
        rise = (
            float(np.percentile(change[y:b, x:r][extra[y:b, x:r]], 75)) - usual
        )  # half of a stroke is its edge
        if rise > RISE and float(np.percentile(np.abs(between - usual), 90)) < BETWEEN * rise:
            found.append(place)
    return found


def _joined(places: list[Rows]) -> list[Rows]:
    """Those that overlap as one that holds both."""
    joined: list[Rows] = []
    for place in places:
        while True:
            meets = next((one for one in joined if _meet(one, place)), None)
            if meets is None:
                break
            joined.remove(meets)
            place = (*map(min, meets[:2], place[:2]), *map(max, meets[2:], place[2:]))  # type: ignore[assignment]
        joined.append(place)
    return joined


def _meet(one: Rows, other: Rows) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
