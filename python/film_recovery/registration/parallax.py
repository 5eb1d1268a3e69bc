"""What of a pair lies apart from the rest: parallax, told from the tiles that ``residual`` measured.

One homography lays one plane of the scene on the other. Where things in front moved differently from what is behind
(two cameras, two printers, another moment), whole neighbourhoods of tiles agree with one another and not with the model
of the pair. A lens that bends the corners looks the same. Nothing is measured anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.registration.field import OVERLAP
from film_recovery.registration.residual import STATES, Residual

Array = NDArray[Any]

_NEIGHBOURS = 4  # measured tiles of 3 × 3 for a neighbourhood to be judged
_SURE = 5.0  # standard deviations, as for strays: of some hundred neighbourhoods none by chance
_AGREE = 0.5  # the tiles of a neighbourhood scatter by less than this share of what they are off together


@dataclass(frozen=True)
class Parallax:
    """``share``: of the measured tiles whose neighbourhood wants another place than the model of the pair gives it, by
    more than ``beyond`` (pixels of the Source), 0–1. ``largest``: by how much, pixels."""

    share: float
    largest: float


def parallax(found: Residual, beyond: float) -> Parallax | None:
    """None where too few tiles were measured for a model of the pair."""
    measured = np.array([tile.state == STATES[0] for tile in found.tiles], bool)
    if not found.corners or measured.sum() < 2 * _NEIGHBOURS:
        return None
    places = np.array([(tile.x, tile.y) for tile in found.tiles])
    moved = np.array([(tile.dx or 0.0, tile.dy or 0.0) for tile in found.tiles])
    spread = np.array([tile.uncertainty or 0.0 for tile in found.tiles])
    off = moved - _model(found, places)
    index = np.arange(len(measured)).reshape(found.rows, found.columns)
    apart = [
        size
        for at in np.flatnonzero(measured)
        if (size := _together(*_near(index, int(at), measured, off, spread))) > beyond
    ]
    return Parallax(len(apart) / float(measured.sum()), max(apart, default=0.0))


def _model(found: Residual, places: Array) -> Array:
    """The displacement (N, 2) that the model of the pair, affine, gives ``places``: by its values at three corners."""
    at = {corner.name: np.array([corner.dx, corner.dy]) for corner in found.corners}
    across = (at["lower right"] - at["lower left"]) / found.width
    up = (at["upper left"] - at["lower left"]) / found.height
    return np.asarray(at["lower left"] + places[:, :1] * across + places[:, 1:] * up)


def _near(index: Array, at: int, measured: Array, off: Array, spread: Array) -> tuple[Array, Array]:
    """What the measured tiles of the 3 × 3 around a tile are off, and their uncertainties."""
    row, column = divmod(at, index.shape[1])
    near = index[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].ravel()
    near = near[measured[near]]
    return off[near], spread[near]


def _together(off: Array, spread: Array) -> float:
    """By how much a neighbourhood is off, pixels; 0 where its tiles do not agree, or it is not sure."""
    if len(off) < _NEIGHBOURS:
        return 0.0
    middle = np.median(off, axis=0)
    size = float(np.hypot(*middle))
    scatter = float(np.median(np.hypot(*(off - middle).T)))
    error = float(np.sqrt(OVERLAP * np.mean(spread**2) / len(off)))
    return size if size > _SURE * error and scatter < _AGREE * size else 0.0
