"""Seams, halos, edges and grain of one frame, on the luma of the whole picture; bleeding on its chroma."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import rgb_to_ycbcr
from film_recovery.outliers.relation import Relation, Values, relation
from film_recovery.outliers.tone import smaller

Plane = NDArray[np.float32]
SIGMAS = (1.0, 2.0, 4.0, 8.0)  # pixels: between them lie the bands
REACH = 12  # pixels either side of a seam that are compared
ROWS = 4  # that are averaged before the middle over rows is taken
PARTS = 4  # of a line, of which all but one must show a seam
STEEP = 0.012  # encoded luma a pixel, after a blur of 2 pixels: less is no strong edge
BESIDE = 7  # pixels from a strong edge that belong to it
LEAST_EDGES = 200  # pixels
TILE = 16
FLAT = 0.3  # share of the tiles, those with the least structure, that grain is measured in
USABLE = (0.06, 0.9)  # encoded luma of tiles: elsewhere, grain is cut off
LEAST_GRAIN = 0.25 / 255  # encoded, root mean square: less is no grain
DETAIL_WIDTH = 1024  # pixels: at which chroma's edges are judged
FINE, COARSE = 1.0, 4.0  # pixels: the band of chroma's edges


@dataclass(frozen=True, eq=False)
class Edges:
    """Beside the Source's strong edges. ``wide``: from bands of the Source to the band that halos lie in. ``fine``: to
    the finest band."""

    wide: Relation
    fine: Relation


@dataclass(frozen=True, eq=False)
class Structure:
    """``steps``: along columns (2×W − 1) and rows (2×H − 1), by how much what lies right of (below) each line was
    raised more than what lies left of it, encoded: the middle of the whole line, and what its parts share.
    ``edges``: None without strong ones. ``grain``: of flat tiles, from log powers of the Source to that of the
    recovered; None where either has no grain or nothing is flat."""

    steps: tuple[Plane, Plane]
    edges: Edges | None
    grain: Relation | None


def structure(source: Plane, recovered: Plane) -> Structure:
    blurred = [_blurred(source, sigma) for sigma in SIGMAS]
    own = [_blurred(recovered, sigma) for sigma in (SIGMAS[0], SIGMAS[2])]
    change = _changed(source, blurred, recovered)
    return Structure(
        (_steps(change), _steps(np.ascontiguousarray(change.T))),
        _edges(source, blurred, recovered, own),
        _grain(source, blurred, recovered),
    )


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _changed(source: Plane, blurred: list[Plane], recovered: Plane) -> Plane:
    """What the recovery added beyond the frame's own tone curve and filter, by least squares on some pixels."""

    def columns(where: tuple[slice, slice]) -> Values:
        y = source[where].ravel()
        bands = [
            (one[where] - two[where]).ravel() for one, two in zip([source, *blurred], blurred, strict=False)
        ]
        return np.stack([np.ones_like(y), y, y * y, y * y * y, *bands], axis=1)

    thin = max(1, round((source.size / 40_000) ** 0.5))
    some = (slice(thin // 2, None, thin), slice(thin // 2, None, thin))
    by = relation(columns(some), recovered[some].reshape(-1, 1)).fitted[:, 0].astype(np.float32)
    made = by[0] + source * (by[1] + source * (by[2] + source * by[3]))
    for factor, one, two in zip(by[4:], [source, *blurred], blurred, strict=False):
        made += factor * (one - two)
    return recovered - made


def _steps(change: Plane) -> Plane:
    height, width = change.shape
    if height < ROWS * PARTS or width < 2 * REACH:
        return np.zeros((2, max(0, width - 1)), np.float32)
    rows = height // ROWS
    few = cv2.resize(change[: rows * ROWS], (width, rows), interpolation=cv2.INTER_AREA)
    sums = np.cumsum(np.pad(few, ((0, 0), (1, 0))).astype(np.float64), axis=1)
    inside = np.arange(REACH, width - REACH + 1)
    stepped = (sums[:, inside + REACH] - 2 * sums[:, inside] + sums[:, inside - REACH]) / REACH
    parts = np.stack([np.median(part, axis=0) for part in np.array_split(stepped, PARTS)])
    found = np.zeros((2, width - 1))
    found[0, inside - 1] = np.median(stepped, axis=0)
    # What all parts but one share: the picture's own edges seldom run so far.
    parts.sort(axis=0)
    low, high = parts[1], parts[-2]
    found[1, inside - 1] = np.where(low > 0, low, np.where(high < 0, high, 0))
    return found.astype(np.float32)


def _edges(source: Plane, blurred: list[Plane], recovered: Plane, own: list[Plane]) -> Edges | None:
    across, down = (cv2.Sobel(blurred[1], cv2.CV_32F, *way, ksize=3, scale=0.125) for way in ((1, 0), (0, 1)))
    strong = (across * across + down * down > STEEP**2).astype(np.uint8)
    near = (
        cv2.dilate(strong, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BESIDE + 1, 2 * BESIDE + 1))) > 0
    )
    if np.count_nonzero(near) < LEAST_EDGES:
        return None
    levels = [plane[near] for plane in (source, *blurred)]
    bands = [one - two for one, two in pairwise(levels)]
    x = np.stack([*bands, bands[1] * levels[3], bands[2] * levels[3]], axis=1)
    wide, fine = own[0][near] - own[1][near], recovered[near] - own[0][near]
    return Edges(relation(x, wide[:, None]), relation(x, fine[:, None]))


def _grain(source: Plane, blurred: list[Plane], recovered: Plane) -> Relation | None:
    middle = _tiles(blurred[1])
    coarse = _tiles((blurred[1] - blurred[2]) ** 2)
    mid = _tiles((blurred[0] - blurred[1]) ** 2)
    usable = (middle > USABLE[0]) & (middle < USABLE[1])
    if usable.sum() < 12:
        return None
    structure = np.maximum(coarse, 1e-9) * np.maximum(mid, 1e-9)
    flat = usable & (structure <= np.quantile(structure[usable], FLAT))
    fine = [_spread(side)[flat] for side in (source, recovered)]
    if min(float(np.median(one)) for one in fine) < LEAST_GRAIN**2:
        return None
    logs = [np.log(np.maximum(one, 1e-8)) for one in (*fine, mid[flat], coarse[flat])]
    y = middle[flat]
    x = np.stack([np.ones_like(y), y, np.log(y), logs[0], logs[2], logs[3]], axis=1)
    return relation(x, logs[1][:, None])


def _spread(plane: Plane) -> Values:
    """Power of each tile's grain, by the median of the size of its Laplacian, so that lines in it count little."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    size = np.abs(cv2.filter2D(plane, cv2.CV_32F, kernel))
    rows, columns = plane.shape[0] // TILE, plane.shape[1] // TILE
    tiles = size[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE).transpose(0, 2, 1, 3)
    return (1.4826 * np.median(tiles.reshape(rows, columns, -1), axis=2).astype(np.float64)) ** 2


def _tiles(plane: Plane) -> Values:
    rows, columns = plane.shape[0] // TILE, plane.shape[1] // TILE
    inside = plane[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    return inside.mean(axis=(1, 3), dtype=np.float64)


def bleeding(source: Pixels, recovered: Pixels) -> Relation:
    """How the edges of the recovered chroma follow from those of the Source's luma and chroma."""
    one, two = (_band(rgb_to_ycbcr(smaller(side, DETAIL_WIDTH))) for side in (source, recovered))
    return relation(one.reshape(-1, 3), two.reshape(-1, 3)[:, 1:])


def _band(ycc: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(ycc, (0, 0), FINE) - cv2.GaussianBlur(ycc, (0, 0), COARSE), np.float32)
