"""What one element shows and the other does not: subtitles and logos, things in front of the picture, loss of edges.

Both are laid over each other roughly (``placement.py``, and a shift for each frame) and compared by tiles of local
structure, each at its best shift within a few pixels; tones, colours and grain of the two may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import structure

Plane = NDArray[np.float32]

TILE = 24  # pixels of a small picture
SEARCH = 4  # pixels each way: what a rough placement may leave
SIGMA = 12.0  # pixels: surroundings that structure is held against
BORDER = 6  # pixels at the edge of what both show that are not judged
BLACK = 0.04  # encoded: a row or column at the edge of which nearly all is below it is the surround
ALIKE = 0.35  # correlation of a tile from which its edges may be compared
FOREIGN = 0.4  # correlation of a tile below which the sides show different things
FOREIGN_SPOT = 0.5  # of local contrast: a spot stands out by more from all that the other side has near
FINE, COARSE = (
    0.8,
    2.5,
)  # pixels: blur before gradients; edges, and what is left of a picture without its grain
# Ways along which gradients are compared: what is smeared along one keeps its edges across it, and where grain makes
# most of the gradient, all ways together hardly lose.
DIRECTIONS = tuple(np.pi * step / 8 for step in range(8))
WITH = cv2.TM_CCOEFF_NORMED
TEXTURED = 0.2  # gradient, encoded a pixel, of a tile's strongest edges relative to the picture's: less is no evidence
STROKE = 0.16  # encoded: how far a letter's stroke stands out from its surroundings
STROKE_WIDTH = 9  # pixels of a small picture: strokes are narrower
LETTERS = (21, 5)  # pixels: gaps between letters and words that are closed


@dataclass(frozen=True)
class OneSided:
    """For each side, Source first. ``text``: share of the picture under the largest group of bright strokes that the
    other side lacks. ``covered``: share of the picture in one patch where this side lacks the other's detail.
    ``softness``: how much less gradient the Source's tiles have than the Reference's, in stops, along each of
    DIRECTIONS; the Reference's is minus that. ``spots``: share of the picture in spots that were
    suspected and that the other side does not have. ``alike``: median correlation of tiles, 0–1."""

    text: tuple[float, float]
    covered: tuple[float, float]
    softness: tuple[float, ...]
    spots: tuple[float, float]
    alike: float


def one_sided(
    source: Plane,
    reference: Plane,
    placement: Placement,
    suspected: Sequence[NDArray[np.bool_] | None] = (),
    inside: Sequence[Plane] = (),
) -> OneSided | None:
    """H×W encoded luma of one moment, each its own size; None where they share too little to compare.

    ``suspected``: pixels of either that may be dirt: what moves quickly is there on both. ``inside``: of either, 1
    where the picture is (:func:`picture_of`); empty: everywhere.
    """
    size = reference.shape[0], reference.shape[1]
    moved = placement.moved(source, size)
    shared = placement.overlap((source.shape[0], source.shape[1]), size).astype(np.uint8)
    if inside:
        shared[placement.moved(inside[0], size) * inside[1] < 0.5] = 0
    sides = structure(np.stack([moved, reference]), SIGMA)
    right, down = _rest(sides[0], sides[1], shared)
    move = np.array([[1, 0, right], [0, 1, down]], np.float64)
    moved = np.asarray(cv2.warpAffine(moved, move, size[::-1], flags=cv2.INTER_LINEAR), np.float32)
    shared = np.asarray(cv2.warpAffine(shared, move, size[::-1], flags=cv2.INTER_NEAREST), np.uint8)
    border = np.ones((2 * BORDER + 1, 2 * BORDER + 1), np.uint8)
    shared = np.asarray(cv2.erode(shared, border, borderValue=0), np.uint8)
    sides = structure(np.stack([moved, reference]), SIGMA)
    planes = moved, reference
    tiles = _tiles(planes, sides, shared.astype(bool))
    if len(tiles.alike) < 12:
        return None
    known = tiles.textured.any(axis=1)
    usual = float(np.median(tiles.alike[known])) if known.any() else 0.0
    masks = [
        np.zeros(size, np.uint8) if mask is None else mask.astype(np.uint8)
        for mask in suspected or (None, None)
    ]
    if masks[0].shape != size or suspected:
        moved_mask = placement.moved(masks[0].astype(np.float32), size)
        masks[0] = (cv2.warpAffine(moved_mask, move, size[::-1]) > 0.5).astype(np.uint8)
    spots = tuple(
        float((_beyond(own, other) & (mask > 0) & (shared > 0)).mean())
        for mask, own, other in zip(masks, sides, sides[::-1], strict=True)
    )
    return OneSided(_text(planes, shared), tiles.covered(), tiles.softness(), (spots[0], spots[1]), usual)


def picture_of(planes: Sequence[Plane]) -> Plane:
    """1 where an element's picture is, 0 in the rows and columns around it that are black in all of ``planes``, frames
    of it of one size: the edge of a surround is no detail of the picture. What is dark for a while is no surround."""
    mask = np.zeros_like(planes[0])
    lit = [
        np.flatnonzero(np.max([np.percentile(plane, 95, axis=axis) for plane in planes], axis=0) > BLACK)
        for axis in (1, 0)
    ]
    if all(len(lines) for lines in lit):
        rows, columns = (slice(int(lines[0]), int(lines[-1]) + 1) for lines in lit)
        mask[rows, columns] = 1
    return mask


def _beyond(own: Plane, other: Plane) -> NDArray[np.bool_]:
    """Where ``own`` structure is above or below all that ``other`` has near."""
    near = np.ones((2 * SEARCH + 1, 2 * SEARCH + 1), np.uint8)
    return np.asarray(
        np.maximum(own - cv2.dilate(other, near), cv2.erode(other, near) - own) > FOREIGN_SPOT, bool
    )


@dataclass(frozen=True, eq=False)
class _Tiles:
    """N tiles. ``places``: N×2, in tiles. ``edges``: 2×N×len(DIRECTIONS), fine gradient on each side along each, grain
    included; ``shapes``: N×2, coarse gradient, without it. ``textured``: N×2, by shapes."""

    grid: tuple[int, int]
    places: NDArray[np.intp]
    alike: NDArray[np.float32]
    edges: NDArray[np.float32]
    shapes: NDArray[np.float32]
    textured: NDArray[np.bool_]

    def softness(self) -> tuple[float, ...]:
        both = self.textured.any(axis=1) & (self.alike > ALIKE)
        if both.sum() < 4:
            return (0.0,) * len(DIRECTIONS)
        stops = np.median(np.log2(self.edges[1, both] / self.edges[0, both]), axis=0)
        return tuple(float(one) for one in stops)

    def covered(self) -> tuple[float, float]:
        stops = np.log2(self.shapes[:, 1] / self.shapes[:, 0])
        both = self.textured.all(axis=1)
        stops -= np.median(stops[both]) if both.any() else 0.0
        foreign = (self.alike < FOREIGN) & self.textured.any(axis=1)
        found = []
        for lacking in (stops > 1, stops < -1):
            mask = np.zeros(self.grid, np.uint8)
            here = foreign & lacking
            mask[self.places[here, 0], self.places[here, 1]] = 1
            count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
            largest = int(stats[1:, cv2.CC_STAT_AREA].max()) if count > 1 else 0
            found.append(largest / len(self.alike))
        return found[0], found[1]


def _tiles(planes: tuple[Plane, Plane], sides: Plane, shared: NDArray[np.bool_]) -> _Tiles:
    coarse = [_gradient(plane, COARSE) for plane in planes]
    strongest = [float(np.percentile(shape[shared], 95)) if shared.any() else 1.0 for shape in coarse]
    soft = [cv2.GaussianBlur(side, (0, 0), COARSE / 2) for side in sides]
    found, alike = [], []
    rows, columns = shared.shape[0] // TILE, shared.shape[1] // TILE
    for row in range(rows):
        for column in range(columns):
            tile = (slice(row * TILE, row * TILE + TILE), slice(column * TILE, column * TILE + TILE))
            if not shared[tile].all():
                continue
            wide = tuple(slice(max(0, part.start - SEARCH), part.stop + SEARCH) for part in tile)
            around, own = np.ascontiguousarray(soft[0][wide]), np.ascontiguousarray(soft[1][tile])
            match = cv2.matchTemplate(around, own, WITH)
            found.append((row, column))
            alike.append(float(match.max()))
    places = np.array(found, np.intp).reshape(-1, 2)
    shapes = np.stack([_means(shape, places) for shape in coarse], axis=-1)
    edges = np.stack(
        [np.stack([_means(way, places) for way in _directed(plane, FINE)], axis=-1) for plane in planes]
    )
    return _Tiles(
        (rows, columns),
        places,
        np.array(alike, np.float32),
        edges,
        shapes,
        shapes > TEXTURED * np.array(strongest),
    )


def _means(plane: Plane, places: NDArray[np.intp]) -> NDArray[np.float32]:
    """Of each tile, a little above 0."""
    rows, columns = plane.shape[0] // TILE, plane.shape[1] // TILE
    whole = plane[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    means = whole.mean(axis=(1, 3))[places[:, 0], places[:, 1]]
    return np.asarray(means + np.float32(1e-5), np.float32)


def _text(planes: tuple[Plane, Plane], shared: NDArray[np.uint8]) -> tuple[float, float]:
    """Share of the picture under the largest group of strokes that only one side has, Source and Reference."""
    window = np.ones((STROKE_WIDTH, STROKE_WIDTH), np.uint8)
    bright = []
    for plane in planes:
        soft = cv2.GaussianBlur(plane, (0, 0), 0.6)
        bright.append(cv2.morphologyEx(soft, cv2.MORPH_TOPHAT, window))
    found = []
    near = np.ones((2 * SEARCH + 1, 2 * SEARCH + 1), np.uint8)
    for own, other in (bright, bright[::-1]):
        there = cv2.dilate(other, near) > STROKE / 2
        strokes = ((own > STROKE) & ~there & (shared > 0)).astype(np.uint8)
        joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones(LETTERS[::-1], np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        most = 0.0
        for label in range(1, count):
            width, height = stats[label, cv2.CC_STAT_WIDTH], stats[label, cv2.CC_STAT_HEIGHT]
            inside = (
                int(strokes[labels == label].sum()) if width >= 2 * LETTERS[0] // 2 and height >= 4 else 0
            )
            most = max(most, inside / strokes.size)
        found.append(most)
    return found[0], found[1]


def _gradient(plane: Plane, sigma: float) -> Plane:
    right, down = _slopes(plane, sigma)
    return np.asarray(np.sqrt(right * right + down * down), np.float32)


def _directed(plane: Plane, sigma: float) -> Iterator[Plane]:
    """How steep ``plane`` is along each of DIRECTIONS."""
    right, down = _slopes(plane, sigma)
    for angle in DIRECTIONS:
        yield np.abs(np.float32(np.cos(angle)) * right + np.float32(np.sin(angle)) * down)


def _slopes(plane: Plane, sigma: float) -> tuple[Plane, Plane]:
    soft = cv2.GaussianBlur(plane, (0, 0), sigma)
    right = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _rest(moved: Plane, fixed: Plane, shared: NDArray[np.uint8]) -> tuple[float, float]:
    """Shift, in pixels, that lays ``moved`` better over ``fixed``."""
    inside = shared.astype(np.float32)
    window = cv2.createHanningWindow((fixed.shape[1], fixed.shape[0]), cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(moved * inside, fixed * inside, window)
    if response < 0.03 or np.hypot(right, down) > 0.05 * fixed.shape[1]:
        return 0.0, 0.0
    return right, down
