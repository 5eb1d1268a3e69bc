"""A homography made exact: Gauss–Newton on tiles, from a few pixels off to a few hundredths.

Both pictures come as bands (``normalise.band``) of a like size. Tile by tile the Reference's band is fitted to the
Source's by a gain, which takes local contrast away; what the gain leaves says how noisy the tile is, and its pixels
count by that noise. Each tile sums up which shift it wants and how firmly; a homography is fitted to all of them, and
tiles that want something else (dirt, captions, what moved) lose their say. Method: Lucas and Kanade (1981), with
Tukey's weights for pixels and for tiles.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration.geometry import Grid, Matrix, grid_of, moved, scaled, unit, warped
from film_recovery.registration.normalise import Mask, Plane

TILE = 16  # pixels: small against what a lens bends, large against grain
_PIXEL_CUT, _TILE_CUT = 4.0, 4.0  # Tukey's: beyond so many standard deviations nothing counts
_NOISE_FLOOR = 2e-3  # of a tile's power: two scans never agree better, and one tile must not rule
_FEW = 200  # pixels in common below which a level says nothing

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bands:
    """One level of both pictures. ``matrix``: full-size Reference and Source pixels to this level's, in that order."""

    reference: Plane
    reference_mask: Mask
    source: Plane
    source_mask: Mask
    reference_scale: Matrix
    source_scale: Matrix

    @property
    def grid(self) -> Grid:
        return grid_of(self.source)

    def here(self, matrix: Matrix) -> Matrix:
        return unit(self.source_scale @ matrix @ np.linalg.inv(self.reference_scale))

    def full(self, matrix: Matrix) -> Matrix:
        return unit(np.linalg.inv(self.source_scale) @ matrix @ self.reference_scale)


@dataclass(frozen=True, eq=False)
class Tiles:
    """What each tile of a level says, rows × columns of float64, in the level's pixels.

    ``xx``, ``xy``, ``yy``: how firmly it holds a shift (information, 1/pixel²); ``bx``, ``by``: that times the shift it
    wants. ``common``: share of its pixels that both pictures have; ``correlation``: of both bands over the tile and
    its neighbours, −1–1, 0 where nothing is in common. ``detail``: root mean square of the Source's band.
    """

    xx: Values
    xy: Values
    yy: Values
    bx: Values
    by: Values
    common: Values
    correlation: Values
    detail: Values

    def centres(self, grid: Grid) -> tuple[Values, Values]:
        rows, columns = self.xx.shape
        x = (np.arange(columns) + 0.5) * grid.width / columns
        y = (np.arange(rows) + 0.5) * grid.height / rows
        made = np.meshgrid(x, y)
        return made[0], made[1]


@dataclass(frozen=True, eq=False)
class Fit:
    """``matrix``: the level's pixels. ``tiles``: as they lie with it; ``kept``: weight of each, 0–1.

    ``covariance``: of the eight parameters in units of half a width. ``moved``: largest step of a corner in the last
    round, in pixels.
    """

    matrix: Matrix
    tiles: Tiles
    kept: Values
    covariance: Values
    moved: float


def refined(
    bands: Bands, matrix: Matrix, *, freedom: int = 8, rounds: int = 20, enough: float = 0.003
) -> Fit | None:
    """``matrix`` (the level's pixels) made exact. ``freedom``: 4 moves, turns and scales, 6 is affine, 8 perspective.

    Ends after ``rounds`` or when no corner moves by ``enough`` pixels. None where too little is in common, or where
    what is in common holds no shift.
    """
    grid = bands.grid
    counted: Plane | None = None
    fit: Fit | None = None
    for _ in range(rounds):
        measured = _measured(bands, matrix, counted)
        if measured is None:
            return None
        tiles, counted = measured
        solved = _step(tiles, grid, freedom)
        if solved is None:
            return None
        step, kept, covariance = solved
        try:
            matrix = unit(np.linalg.inv(_in_pixels(step, grid)) @ matrix)
        except (FilmRecoveryError, np.linalg.LinAlgError):  # folded over: it is running away
            return None
        fit = Fit(matrix, tiles, kept, covariance, _largest_move(step, grid))
        if fit.moved < enough:
            break
    return fit


def measured_tiles(bands: Bands, matrix: Matrix, rounds: int = 3) -> Tiles | None:
    """What the tiles say where ``matrix`` puts the Reference, and nothing moved: for the mesh and for confidence."""
    counted: Plane | None = None
    tiles: Tiles | None = None
    for _ in range(rounds):
        measured = _measured(bands, matrix, counted)
        if measured is None:
            return None
        tiles, counted = measured
    return tiles


# --- Pixels to tiles --------------------------------------------------------------------------------------


def _gradient(y: Plane) -> tuple[Plane, Plane]:
    return (
        np.asarray(cv2.Sobel(y, cv2.CV_32F, 1, 0, ksize=3, scale=0.125), np.float32),
        np.asarray(cv2.Sobel(y, cv2.CV_32F, 0, 1, ksize=3, scale=0.125), np.float32),
    )


def _measured(bands: Bands, matrix: Matrix, counted: Plane | None) -> tuple[Tiles, Plane] | None:
    """Tiles, and the weight of each pixel for the next round. ``counted``: those of the round before."""
    grid = bands.grid
    source = bands.source
    reference = warped(bands.reference, matrix, grid)
    both = _common(bands, matrix, grid)
    if int(np.count_nonzero(both)) < _FEW:
        return None
    inside = both.astype(np.float32)
    weight = inside if counted is None else counted * inside
    shape = max(1, round(grid.width / TILE)), max(1, round(grid.height / TILE))

    def mean(values: Plane) -> Values:
        return np.asarray(cv2.resize(values, shape, interpolation=cv2.INTER_AREA), np.float64)

    def smooth(values: Values) -> Values:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT), np.float64)

    weighted = weight * reference
    rr, rs = smooth(mean(weighted * reference)), smooth(mean(weighted * source))
    ss, count = smooth(mean(weight * source * source)), smooth(mean(weight)) + 1e-9
    gain = np.maximum(rs, 0) / (rr + 1e-12)
    noise = np.maximum(ss - gain * rs, _NOISE_FLOOR * ss) / count + 1e-10
    correlation = rs / np.sqrt(rr * ss + 1e-20)
    size = grid.width, grid.height
    gains = cv2.resize(gain.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    certain = cv2.resize((1 / noise).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    reference *= gains
    left = source - reference
    weight = np.square(np.maximum(0, 1 - left * left * certain * np.float32(1 / _PIXEL_CUT**2))) * inside
    # The Reference's gradient only: the Source's, with its grain, doubled the error of a grainy pair.
    gx, gy = _gradient(reference)
    certain *= weight
    wx, wy = gx * certain, gy * certain
    pixels = grid.width * grid.height / (shape[0] * shape[1])
    sums = [mean(values) * pixels for values in (wx * gx, wx * gy, wy * gy, wx * left, wy * left)]
    xx, xy, yy, bx, by = sums
    tiles = Tiles(xx, xy, yy, bx, by, mean(inside), np.asarray(correlation), np.sqrt(ss / count))
    return tiles, weight


def _common(bands: Bands, matrix: Matrix, grid: Grid) -> Mask:
    there = (
        warped(bands.reference_mask.astype(np.float32), matrix, grid, interpolation=cv2.INTER_LINEAR) > 0.999
    )
    both = (there & bands.source_mask).astype(np.uint8)
    # The gradient looks one pixel further, the cubic kernel two.
    return np.asarray(cv2.erode(both, np.ones((5, 5), np.uint8), borderValue=0) > 0, np.bool_)


# --- Tiles to a homography --------------------------------------------------------------------------------


def generators(x: Values, y: Values) -> Values:
    """N×2×8: how a point at ``x``, ``y`` (units) moves with each parameter."""
    o, i = np.zeros_like(x), np.ones_like(x)
    across = np.stack([i, o, x, y, o, o, -x * x, -x * y], -1)
    down = np.stack([o, i, o, o, x, y, -x * y, -y * y], -1)
    return np.stack([across, down], -2)


_FREEDOMS = {
    4: np.array(
        [
            [1, 0, 0, 0],
            [0, 1, 0, 0],
            [0, 0, 1, 0],
            [0, 0, 0, -1],
            [0, 0, 0, 1],
            [0, 0, 1, 0],
            [0] * 4,
            [0] * 4,
        ],
        float,
    ),
    6: np.eye(8)[:, :6],
    8: np.eye(8),
}


def _step(tiles: Tiles, grid: Grid, freedom: int) -> tuple[Matrix, Values, Values] | None:
    """The step (units), each tile's weight, and the covariance of the parameters (units)."""
    half = grid.width / 2
    x, y = tiles.centres(grid)
    firm = (tiles.xx + tiles.yy).ravel() > 0
    moves = generators((x.ravel()[firm] - half) / half, (y.ravel()[firm] - grid.height / 2) / half)
    moves = moves @ _FREEDOMS[freedom]
    information = np.empty((len(moves), 2, 2))
    information[:, 0, 0], information[:, 1, 1] = tiles.xx.ravel()[firm], tiles.yy.ravel()[firm]
    information[:, 0, 1] = information[:, 1, 0] = tiles.xy.ravel()[firm]
    information *= half * half
    wanted = np.column_stack([tiles.bx.ravel()[firm], tiles.by.ravel()[firm]]) * half
    held = np.einsum("nij,njk->nik", information, moves)
    curvature = np.einsum("nij,nik->njk", moves, held)
    slope = np.einsum("nij,ni->nj", moves, wanted)
    weight = np.ones(len(moves))
    for _ in range(5):
        normal = np.tensordot(weight, curvature, 1)
        if not np.isfinite(normal).all() or np.linalg.cond(normal) > 1e10:
            return None
        solved = np.linalg.solve(normal, weight @ slope)
        off = wanted - held @ solved
        weight, unit_chi = _weighed(information, off)
    kept = np.zeros(tiles.xx.size)
    kept[firm] = weight
    spread = _FREEDOMS[freedom] @ np.linalg.inv(np.tensordot(weight, curvature, 1)) @ _FREEDOMS[freedom].T
    return _FREEDOMS[freedom] @ solved, kept.reshape(tiles.xx.shape), spread * unit_chi


def tile_weights(xx: Values, xy: Values, yy: Values, left_x: Values, left_y: Values) -> tuple[Values, float]:
    """Weights 0–1 of tiles (flat arrays as in :class:`Tiles`) by what a fit leaves of ``bx`` and ``by``.

    And how much larger that is, squared, than the tiles' own noise says; at least 1.
    """
    information = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    return _weighed(information, np.column_stack([left_x, left_y]))


def _weighed(information: Values, off: Values) -> tuple[Values, float]:
    chi = _chi(information, off)
    one = (
        float(np.median(chi)) / 1.386 + 1e-9
    )  # of two degrees of freedom, so that 1 is one standard deviation
    return np.square(np.maximum(0, 1 - chi / (one * _TILE_CUT**2))), max(1.0, one)


def _chi(information: Values, off: Values) -> Values:
    """How far each tile is from content, squared, in its own standard deviations."""
    a, b, d = information[:, 0, 0], information[:, 0, 1], information[:, 1, 1]
    # A tile with edges of one direction only holds nothing along them.
    ridge = 1e-3 * (a + d) + 1e-12
    a, d = a + ridge, d + ridge
    x, y = off.T
    return np.asarray((d * x * x - 2 * b * x * y + a * y * y) / (a * d - b * b))


def _in_pixels(step: Values, grid: Grid) -> Matrix:
    half = grid.width / 2
    units = scaled(1 / half, 1 / half) @ moved(-half, -grid.height / 2)
    d = step
    bend = np.array([[1 + d[2], d[3], d[0]], [d[4], 1 + d[5], d[1]], [d[6], d[7], 1]])
    return np.linalg.inv(units) @ bend @ units


def _largest_move(step: Values, grid: Grid) -> float:
    aspect = grid.height / grid.width
    x, y = np.array([-1.0, 1, 1, -1]), np.array([-1.0, -1, 1, 1]) * aspect
    return float(np.abs(generators(x, y) @ step).max()) * grid.width / 2


def corner_sigma(fit: Fit, grid: Grid) -> float:
    """Expected error of the worst corner of ``grid``, one standard deviation, in the level's pixels."""
    aspect = grid.height / grid.width
    moves = generators(np.array([-1.0, 1, 1, -1]), np.array([-1.0, -1, 1, 1]) * aspect)
    spread = np.einsum("nij,jk,nik->n", moves, fit.covariance, moves)
    return float(np.sqrt(max(0.0, spread.max()))) * grid.width / 2
