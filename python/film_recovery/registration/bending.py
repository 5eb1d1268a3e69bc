"""The residual warp of a pair: what lens and shrinkage bend, told from the tiles that ``residual`` measured.

One matrix cannot bend. What is left of it over the frame, smooth and beyond shift, size, turn and skew, is fitted to
the tiles of the Quality Control, so it is measured for every pair, independently of the solver, and at no cost.
``mesh`` measures the same from the solver's own tiles, finer, where an STMap is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.registration.field import OVERLAP
from film_recovery.registration.residual import STATES, Residual

Array = NDArray[Any]

_POWERS = [(a, b) for a in range(4) for b in range(4 - a)]  # of x and y: a cubic
_LINEAR = [n for n, powers in enumerate(_POWERS) if sum(powers) < 2]
_TILES = 3 * len(_POWERS)
_SURE = 2.0  # standard deviations
_CALM = 2.5  # standard deviations of a tile from the warp, beyond which it counts for less
_ROUNDS = 8


@dataclass(frozen=True)
class Bending:
    """``rms`` and ``largest``: length of the warp over the measured tiles, pixels of the Source. ``sigma``: how large
    noise alone would make the rms, one standard deviation."""

    rms: float
    largest: float
    sigma: float

    @property
    def measurable(self) -> bool:
        """Whether it is told from none."""
        return self.rms > _SURE * self.sigma

    def as_dict(self) -> dict[str, Any]:
        """JSON values, pixels."""
        return {
            "rms": round(self.rms, 4),
            "largest": round(self.largest, 4),
            "sigma": round(self.sigma, 4),
            "measurable": self.measurable,
        }


def bending(found: Residual) -> Bending | None:
    """None where too few tiles were measured for a cubic."""
    tiles = [tile for tile in found.tiles if tile.state == STATES[0]]
    if len(tiles) < _TILES:
        return None
    moved = np.array([(tile.dx, tile.dy) for tile in tiles], float)
    spread = np.array([tile.uncertainty for tile in tiles], float)
    x = np.array([tile.x for tile in tiles]) / found.width * 2 - 1
    y = np.array([tile.y for tile in tiles]) / found.height * 2 - 1
    terms = np.column_stack([x**a * y**b for a, b in _POWERS])
    values, covariance = _fitted(terms, moved, spread)
    bent = _beyond_linear(terms)
    warp = bent @ values
    length = np.linalg.norm(warp, axis=1)
    noise = 2 * np.mean(np.einsum("np,pq,nq->n", bent, covariance, bent))
    return Bending(float(np.sqrt(np.mean(length**2))), float(length.max()), float(np.sqrt(noise)))


def _fitted(terms: Array, moved: Array, spread: Array) -> tuple[Array, Array]:
    """Coefficients (terms × 2), and the covariance of either column. Tiles that leave the cubic count for less."""
    floor = max(float(np.median(spread)), 1e-4)
    weights = 1 / (spread**2 + floor**2)
    kept = np.ones(len(moved))
    for _ in range(_ROUNDS):
        own = (weights * kept)[:, None]
        normal = terms.T @ (terms * own) + 1e-9 * np.eye(terms.shape[1])
        values = np.linalg.solve(normal, terms.T @ (moved * own))
        off = np.linalg.norm(moved - terms @ values, axis=1) * np.sqrt(weights)
        typical = max(float(np.median(off)) / 1.18, 1e-6)  # of two directions: the median of a Rayleigh's
        kept = 1 / np.maximum(1, off / (_CALM * typical))
    # Neighbouring tiles share pixels, so they are not as many voices as they are tiles.
    return values, np.asarray(np.linalg.inv(normal) * typical**2 * OVERLAP)


def _beyond_linear(terms: Array) -> Array:
    """The terms less what shift, size, turn and skew would take of them, over the same places."""
    linear = terms[:, _LINEAR]
    return np.asarray(terms - linear @ np.linalg.lstsq(linear, terms, rcond=None)[0])
