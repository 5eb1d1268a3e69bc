"""A smooth 3D LUT from one colour to another, fitted on pixel-aligned pictures: a colour match without learning.

What is fitted is the *change* of a colour, on a lattice over the range of colours that were seen. It is the smoothest
lattice that follows the pixels: second differences along the three axes are kept small, so that cells without pixels
go on as their neighbours do; where the pixels say nothing at all, the change is zero. Outside the seen range the
change is that of the nearest seen colour, so bright and dark pixels keep their distance.

Least squares in float64, solved directly: equal input gives equal results. Used by ``engine/match_grade.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels

Array = NDArray[np.float64]

FINEST = 11  # nodes along an axis: smooth matches need no more, and so many are solved directly in a moment
SMOOTHNESS = 1e-3  # weight of second differences, against the mean square of the pixels' residuals
_PRIOR = 1e-9  # draws what nothing else determines to "no change"
_OUTLIERS = 1e-4  # share of the pixels left outside at each end when the seen range is measured
_THINNEST = 1e-3  # an axis along which colours spread less than this still gets cells of some size
_BLOCK = 1 << 16  # pixels worked on at a time
_CORNERS = tuple(product((0, 1), repeat=3))


@dataclass(frozen=True)
class ColourLattice:
    """``change``: n×n×n×3, what to add to the colours at the nodes between ``low`` and ``high`` (3 each)."""

    low: Array
    high: Array
    change: Array

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (…×3) matched, trilinear between the nodes; float32, not clamped. NaN and infinity raise."""
        check_colours(picture)
        colours = picture.reshape(-1, 3)
        made = np.empty_like(colours, dtype=np.float32)
        size = len(self.change)
        table = self.change.reshape(-1, 3)
        for start in range(0, len(colours), _BLOCK):
            block = colours[start : start + _BLOCK]
            nodes, weights = _place(block, self.low, self.high, size)
            made[start : start + _BLOCK] = block + np.einsum("pc,pcv->pv", weights, table[nodes])
        return made.reshape(picture.shape)


def fit_lattice(
    pairs: Sequence[tuple[Pixels, Pixels]],
    *,
    size: int = FINEST,
    samples_per_pair: int = 20_000,
    seed: int = 0,
) -> ColourLattice:
    """The lattice of ``size`` nodes along each axis (at most FINEST) that carries first pictures to second ones.

    ``pairs``: pixel-aligned pictures (H×W×3), best in a logarithmic or encoded domain; of each, ``samples_per_pair``
    pixels drawn with ``seed`` take part. Raises FilmRecoveryError without pairs and for sides that do not fit.
    """
    if not pairs:
        raise FilmRecoveryError(
            "There are no pictures to match.", remedy="give at least one pair of Source and Reference"
        )
    size = max(2, min(size, FINEST))
    drawn = [_drawn(pair, samples_per_pair, np.random.default_rng((seed, i))) for i, pair in enumerate(pairs)]
    colours = np.concatenate([before for before, _ in drawn])
    targets = np.concatenate([after - before for before, after in drawn])
    low, high = np.quantile(colours, [_OUTLIERS, 1 - _OUTLIERS], axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, _THINNEST)
    low, high = middle - half, middle + half
    nodes, weights = _place(colours, low, high, size)
    normal, right = _normal_equations(nodes, weights, targets, size**3)
    normal += SMOOTHNESS * _second_differences(size) + _PRIOR * np.eye(size**3)
    change: Array = np.linalg.solve(normal, right).astype(np.float64).reshape(size, size, size, 3)
    return ColourLattice(low, high, change)


def _drawn(pair: tuple[Pixels, Pixels], count: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Drawn pixels of both sides (N×3)."""
    source, target = pair
    if source.shape != target.shape:
        raise FilmRecoveryError(
            f"The pictures to match have different shapes: {source.shape} and {target.shape}.",
            remedy="bring the Reference into the Source's format first",
        )
    for side in pair:
        check_colours(side)
    before, after = (side.reshape(-1, 3).astype(np.float64) for side in pair)
    if count < len(before):
        chosen = random.choice(len(before), count, replace=False, shuffle=False)
        before, after = before[chosen], after[chosen]
    return before, after


def _place(
    colours: NDArray[np.floating], low: Array, high: Array, size: int
) -> tuple[NDArray[np.intp], Array]:
    """For each colour (N×3) the eight nodes around it (N×8, flat) and their trilinear weights (N×8)."""
    inside = np.clip((colours - low) / (high - low), 0.0, 1.0) * (size - 1)
    cell = np.minimum(inside.astype(np.intp), size - 2)
    part = inside - cell
    nodes = np.empty((len(colours), 8), np.intp)
    weights = np.empty((len(colours), 8))
    for index, corner in enumerate(_CORNERS):
        x, y, z = (cell + np.array(corner)).T
        nodes[:, index] = (x * size + y) * size + z
        weights[:, index] = np.where(corner, part, 1 - part).prod(axis=1)
    return nodes, weights


def _normal_equations(
    nodes: NDArray[np.intp], weights: Array, targets: Array, count: int
) -> tuple[Array, Array]:
    """AᵀA and Aᵀb of the pixels' equations, divided by their number."""
    normal = np.zeros(count * count)
    for a, b in product(range(8), repeat=2):
        flat = nodes[:, a] * count + nodes[:, b]
        normal += np.bincount(flat, weights[:, a] * weights[:, b], count * count)
    right = np.stack(
        [
            np.bincount(nodes.ravel(), (weights * targets[:, [axis]]).ravel(), minlength=count)
            for axis in range(3)
        ],
        axis=1,
    )
    return normal.reshape(count, count) / len(targets), right / len(targets)


def _second_differences(size: int) -> Array:
    """The sum of squared second differences along the three axes, as a matrix; the mean over the nodes."""
    line = np.diff(np.eye(size), n=2, axis=0)
    along, here = line.T @ line, np.eye(size)
    return (
        np.kron(np.kron(along, here), here)
        + np.kron(np.kron(here, along), here)
        + np.kron(np.kron(here, here), along)
    ) / size**3
