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
REACH = 12  # pixels either side of a seam that are compared, and
WIDE = 0.1  # of the width: what a seam divides is lighter on one side far from it too
ROWS = 8  # that are averaged before the middle over rows is taken
TRIMMED = 0.1  # of the rows, at either end, that do not count
LOUD = 2.0  # deviations of the change to which it is limited: edges that are drawn otherwise are no seam
LEAST_LOUD = 6 / 255  # encoded: what a seam may be where the change is quiet
PARTS = 4  # of a line, of which all but one must show a seam
STEEP = 0.012  # encoded luma a pixel, after a blur of 2 pixels: less is no strong edge
BESIDE = 7  # pixels from a strong edge that belong to it
BLACK = 0.05  # encoded luma: a bar is no lighter,
SPECKS = 0.02  # but for this share of each of its lines,
EVEN = 0.75 / 255  # encoded: the deviation along a line of it, unless it is as dark as
BLACKEST = 0.012  # all over; and
LEVEL = 1 / 255  # encoded: the most by which its lines differ: a night sky has grain, or grows lighter
WEAVES = 8  # pixels by which a bar's edge may move, and be soft
WIDEST_BAR = 0.35  # of the picture: what is black farther than that is a dark picture
LEAST_EDGES = 200  # pixels
TILE = 16
FLAT = 0.3  # share of the tiles, those with the least structure, that grain is measured in
USABLE = (0.06, 0.9)  # encoded luma of tiles: elsewhere, grain is cut off
TONES = (0.06, 0.12, 0.2, 0.3, 0.42, 0.56, 0.72, 0.9)  # encoded luma: grain goes with it
BLOCK = 8  # pixels, on two grids half of it apart: what is flat is found where tiles are too large
FEWEST_BLOCKS = 40  # of a tone, and
LEAST_BLOCKS = 800  # of a picture: fewer do not show what is grain alone
QUIETEST = 0.1  # of the blocks of a tone are grain alone
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
    """``steps``: along columns (4×W − 1) and rows (4×H − 1), by how much what lies right of (below) each line was
    raised more than what lies left of it, encoded: the middle of the whole line, and what its parts share; within
    REACH, and within WIDE; NaN in the Source's black bars and as far as their edge, which weaves, has a say. ``edges``:
    None without strong ones. ``grain``: of flat tiles, from log powers of the Source to that of the recovered; None
    where either has no grain or nothing is flat. ``floor``: log power of the quietest blocks of the recovered by tone;
    NaN where a tone has few."""

    steps: tuple[Plane, Plane]
    edges: Edges | None
    grain: Relation | None
    floor: Values


def structure(source: Plane, recovered: Plane) -> Structure:
    blurred = [_blurred(source, sigma) for sigma in SIGMAS]
    own = [_blurred(recovered, sigma) for sigma in (SIGMAS[0], SIGMAS[1], SIGMAS[2])]
    change = _changed(source, blurred, recovered)
    soft = _soft(recovered)
    return Structure(
        (
            _steps(change, _bars(source, blurred[0])),
            _steps(np.ascontiguousarray(change.T), _bars(source.T, blurred[0].T)),
        ),
        _edges(source, blurred, recovered, [own[0], own[2]]),
        _grain(source, blurred, soft),
        _floor(_fine(recovered), own[1]),
    )


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _changed(source: Plane, blurred: list[Plane], recovered: Plane) -> Plane:
    """What the recovery added beyond the frame's own tone curve and filter, by least squares on some pixels; limited
    to LOUD deviations.

    Light adds up and codes do not: what was blurred before it was scanned is lighter where it varies most. So the
    Source's variance has its say too.
    """
    busy = [
        _blurred((source - blurred[0]) ** 2, SIGMAS[2]),
        _blurred((blurred[0] - blurred[2]) ** 2, SIGMAS[1]),
    ]

    def columns(where: tuple[slice, slice]) -> Values:
        y = source[where].ravel()
        bands = [
            (one[where] - two[where]).ravel() for one, two in zip([source, *blurred], blurred, strict=False)
        ]
        tones = blurred[2][where].ravel()
        varied = [column for one in busy for column in (one[where].ravel(), one[where].ravel() * tones)]
        return np.stack([np.ones_like(y), y, y * y, y * y * y, *bands, *varied], axis=1)

    thin = max(1, round((source.size / 40_000) ** 0.5))
    some = (slice(thin // 2, None, thin), slice(thin // 2, None, thin))
    by = relation(columns(some), recovered[some].reshape(-1, 1)).fitted[:, 0].astype(np.float32)
    made = by[0] + source * (by[1] + source * (by[2] + source * by[3]))
    for factor, one, two in zip(by[4:], [source, *blurred], blurred, strict=False):
        made += factor * (one - two)
    for factors, one in zip((by[-4:-2], by[-2:]), busy, strict=True):
        made += one * (factors[0] + factors[1] * blurred[2])
    change = recovered - made
    most = max(LOUD * 1.4826 * float(np.median(np.abs(change[some]))), LEAST_LOUD)
    return np.asarray(np.clip(change, -most, most), np.float32)


def _bars(source: Plane, blurred: Plane) -> tuple[int, int]:
    """How many columns at the left, and at the right, are a black bar of the Source; 0 where there is none."""
    dark = (blurred > BLACK).mean(axis=0) <= SPECKS
    found = []
    for side, way in ((dark, 1), (dark[::-1], -1)):
        run = len(side) if side.all() else int(side.argmin())
        if run > WIDEST_BAR * len(side):
            run = 0
        found.append(_even(source[:, ::way][:, :run], blurred[:, ::way][:, :run]) if run else 0)
    return found[0], found[1]


def _even(lines: Plane, blurred: Plane) -> int:
    """How many of these dark columns, from the first on, are as even as a bar is."""
    middle = np.median(lines, axis=0)
    spread = 1.4826 * np.median(np.abs(lines - middle), axis=0)
    black = (blurred > BLACKEST).mean(axis=0) <= SPECKS
    even = (black | (spread < EVEN)) & (np.abs(middle - middle[0]) < LEVEL)
    return len(even) if even.all() else int(even.argmin())


def _steps(change: Plane, bars: tuple[int, int]) -> Plane:
    height, width = change.shape
    found = np.zeros((4, max(0, width - 1)))
    if height < ROWS * PARTS:
        return found.astype(np.float32)
    rows = height // ROWS
    few = cv2.resize(change[: rows * ROWS], (width, rows), interpolation=cv2.INTER_AREA)
    sums = np.cumsum(np.pad(few, ((0, 0), (1, 0))).astype(np.float64), axis=1)
    for place, reach in enumerate((REACH, max(REACH, round(WIDE * width)))):
        inside = np.arange(reach, width - reach + 1)
        if not inside.size:
            continue
        stepped = (sums[:, inside + reach] - 2 * sums[:, inside] + sums[:, inside - reach]) / reach
        parts = np.sort([_trimmed(part) for part in np.array_split(stepped, PARTS)], axis=0)
        found[2 * place, inside - 1] = _trimmed(stepped)
        # What all parts but one share: the picture's own edges seldom run so far.
        low, high = parts[1], parts[-2]
        found[2 * place + 1, inside - 1] = np.where(low > 0, low, np.where(high < 0, high, 0))
    left, right = (bar + REACH + WEAVES if bar else 0 for bar in bars)
    found[:, :left] = np.nan
    found[:, width - right :] = np.nan
    return found.astype(np.float32)


def _trimmed(rows: Values) -> Values:
    """The mean over rows without the highest and lowest of each column."""
    cut = round(TRIMMED * len(rows))
    return np.asarray(np.sort(rows, axis=0)[cut : len(rows) - cut].mean(axis=0))


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


def _grain(source: Plane, blurred: list[Plane], soft: Plane) -> Relation | None:
    """``soft``: that of the recovered."""
    middle = _tiles(blurred[1])
    coarse = _tiles((blurred[1] - blurred[2]) ** 2)
    mid = _tiles((blurred[0] - blurred[1]) ** 2)
    usable = (middle > USABLE[0]) & (middle < USABLE[1])
    if usable.sum() < 12:
        return None
    structure = np.maximum(coarse, 1e-9) * np.maximum(mid, 1e-9)
    flat = usable & (structure <= np.quantile(structure[usable], FLAT))
    own = [_spread(side)[flat] for side in (_soft(source), soft)]
    if min(float(np.median(one)) for one in own) < LEAST_GRAIN**2:
        return None
    logs = [np.log(np.maximum(one, 1e-8)) for one in (*own, mid[flat], coarse[flat])]
    y = middle[flat]
    x = np.stack([np.ones_like(y), y, np.log(y), logs[0], logs[2], logs[3]], axis=1)
    return relation(x, logs[1][:, None])


def _floor(fine: Plane, blurred: Plane) -> Values:
    """Texture only adds to grain: the quietest blocks of a tone show grain alone, whether or not the Source's grain is
    what it follows."""
    half = BLOCK // 2
    power = fine**2
    tones, powers = (
        np.concatenate([_tiles(plane[at:, at:], BLOCK).ravel() for at in (0, half)])
        for plane in (blurred, power)
    )
    found = np.full(len(TONES) - 1, np.nan)
    if np.count_nonzero((tones > TONES[0]) & (tones <= TONES[-1])) < LEAST_BLOCKS:
        return found
    for number, (low, high) in enumerate(pairwise(TONES)):
        of = powers[(tones > low) & (tones <= high)]
        if len(of) >= FEWEST_BLOCKS:
            quiet = float(np.quantile(of, QUIETEST))
            found[number] = np.log(quiet) if quiet > LEAST_GRAIN**2 else np.nan
    return found


def _soft(plane: Plane) -> Plane:
    """The band that tiles are judged in, half-way to the finest, along diagonals: differences across two pixels.

    Finest detail comes and goes as a picture moves by parts of a pixel, coarse detail is more than grain; what grain
    there is between the two stays.
    """
    kernel = np.array([[1, 0, -1], [0, 0, 0], [-1, 0, 1]], np.float32) / 2
    return np.asarray(cv2.filter2D(plane, cv2.CV_32F, kernel))


def _fine(plane: Plane) -> Plane:
    """The band that the quietest blocks are judged in, two thirds of the way to the finest, and nothing of the finest.

    Texture falls off towards the finest faster than grain does, so that less of what comes and goes in a block is
    texture; tiles, whose texture the Source foretells, are steadier in the wider band.
    """
    row = np.array([1, -1, -1, 1], np.float32) / 2
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_32F, row, row), np.float32)


def _spread(soft: Plane) -> Values:
    """Power of each tile's grain, by the median of its size, so that lines in it count little."""
    size = np.abs(soft)
    rows, columns = soft.shape[0] // TILE, soft.shape[1] // TILE
    tiles = size[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE).transpose(0, 2, 1, 3)
    return (1.4826 * np.median(tiles.reshape(rows, columns, -1), axis=2).astype(np.float64)) ** 2


def _tiles(plane: Plane, side: int = TILE) -> Values:
    rows, columns = plane.shape[0] // side, plane.shape[1] // side
    inside = plane[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return inside.mean(axis=(1, 3), dtype=np.float64)


def bleeding(source: Pixels, recovered: Pixels) -> Relation:
    """How the edges of the recovered chroma follow from those of the Source's luma and chroma."""
    one, two = (_band(rgb_to_ycbcr(smaller(side, DETAIL_WIDTH))) for side in (source, recovered))
    return relation(one.reshape(-1, 3), two.reshape(-1, 3)[:, 1:])


def _band(ycc: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(ycc, (0, 0), FINE) - cv2.GaussianBlur(ycc, (0, 0), COARSE), np.float32)
