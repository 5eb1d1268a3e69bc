"""One small global model of how two pictures lie to one another, from tiles of which most, not all, are right.

Displacements (N, 2) at places (N, 2), each with its own information matrix (N, 2, 2): a tile that saw texture in one
direction speaks for that direction only. The model is affine: shift, scale, rotation, stretch, skew. A first model
comes from random handfuls of tiles; then all tiles' likelihoods together, faint ones too, decide (:func:`improve`), a
tile that disagrees counting less (Tukey's biweight). The uncertainty grows with the tiles' real scatter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

OVERLAP = (
    1.8  # variance of a mean over half-overlapping Hann tiles, over that of independent ones: (1 + 2·1/6)²
)
FLOOR = 0.02  # pixels: what a tile may be off beside its own noise, by tone curves and limited dust; on photographs
UNKNOWN = 50.0  # pixels: the uncertainty of what no tile measures
KNOWN = 0.003  # least information of a combination of numbers, over the best known: directions of tiles are 3° off
STRETCHED = 9.0  # χ² of two numbers: stretch and skew below it are taken for none
_TUKEY = 4.685
_RAYLEIGH = 1.18  # median of a Rayleigh distribution
_TRIALS = 150
_ROUNDS = 10
_CORNERED = 0.1  # a weight below it: the tile does not follow the model


@dataclass(frozen=True, eq=False)
class Field:
    """``values`` (6,), pixels: dx, dy at ``centre``, then ∂dx/∂x, ∂dx/∂y, ∂dy/∂x, ∂dy/∂y times ``reach`` (pixels).

    ``covariance`` (6, 6) of ``values``, pixels². ``follows`` (N,) bool: tiles that follow the model.
    """

    centre: Array
    reach: float
    values: Array
    covariance: Array
    follows: Array

    def at(self, points: Array) -> Array:
        """Displacement (M, 2) at ``points`` (M, 2)."""
        return np.asarray(self.design(points) @ self.values)

    def uncertainty(self, points: Array) -> Array:
        """Covariance (M, 2, 2) of :meth:`at`, pixels²."""
        design = self.design(points)
        return np.asarray(design @ self.covariance @ design.transpose(0, 2, 1))

    def design(self, points: Array) -> Array:
        """(M, 2, 6): :meth:`at` is this times ``values``."""
        place = (np.asarray(points, np.float64) - self.centre) / self.reach
        out = np.zeros((len(place), 2, 6))
        out[:, 0, 0] = out[:, 1, 1] = 1
        out[:, 0, 2:4] = out[:, 1, 4:6] = place
        return out


def first_guess(places: Array, shifts: Array, information: Array, centre: Array, reach: float) -> Field:
    """The model that most tiles agree with best, out of those through a few random ones (seeded), then refitted."""
    still = Field(
        np.asarray(centre, float), reach, np.zeros(6), np.eye(6) * UNKNOWN**2, np.zeros(len(shifts), bool)
    )
    count = len(shifts)
    if count < 4:
        return still
    matrix, info = still.design(places), _floored(information)
    rng = np.random.default_rng(6)
    best, values = np.inf, np.zeros(6)
    for trial in range(_TRIALS):
        few = rng.choice(count, 4, replace=False)
        guess = np.zeros(6) if trial == 0 else _solved(matrix[few], shifts[few], info[few])[0]
        cost = float(np.minimum(_square(shifts - matrix @ guess, info), 50.0).sum())
        if cost < best:
            best, values = cost, guess
    weight = np.ones(count)
    for _ in range(_ROUNDS):
        weight = _biweight(np.sqrt(_square(shifts - matrix @ values, info)))
        values, covariance = _solved(matrix, shifts, info * weight[:, None, None])
    return Field(still.centre, reach, values, covariance, weight > _CORNERED)


def improve(field: Field, places: Array, slopes: Array, curvatures: Array, noise: Array) -> Field:
    """The model moved to where all tiles' likelihoods together are largest.

    ``slopes`` (N, 2) and ``curvatures`` (N, 2, 2): of each tile's likelihood, at ``field``. ``noise`` (N,): times its
    curvature is the variance of a tile's slope.
    """
    matrix = field.design(places)
    speaks = np.trace(curvatures, axis1=1, axis2=2) > 0
    if not speaks.any():
        return field
    change, weight = np.zeros(6), np.ones(len(places))
    for _ in range(_ROUNDS):
        left = slopes - np.einsum("nij,njk,k->ni", curvatures, matrix, change)
        ridge = 1e-6 * np.trace(curvatures, axis1=1, axis2=2) + 1e-12
        moved = np.linalg.solve(curvatures + ridge[:, None, None] * np.eye(2), left[..., None])[..., 0]
        distance = np.sqrt(np.maximum((left * moved).sum(1), 0))
        weight = _biweight(distance, speaks) * speaks
        inverse, unknown = _inverse(_normal(weight, matrix, curvatures))
        change = inverse @ np.einsum("n,nki,nk->i", weight, matrix, slopes)
    left = (slopes - np.einsum("nij,njk,k->ni", curvatures, matrix, change)) * weight[:, None]
    each = np.einsum("nki,nk->ni", matrix, left)
    scattered = inverse @ (each.T @ each) @ inverse
    expected = inverse @ _normal(weight * noise, matrix, curvatures) @ inverse
    larger = scattered if np.trace(scattered) > np.trace(expected) else expected
    covariance = larger * OVERLAP + unknown
    return Field(field.centre, field.reach, field.values + change, covariance, weight > _CORNERED)


def plain(field: Field) -> Field:
    """``field`` without stretch and skew where they are not significant; the uncertainty stays that of all six."""
    constraint = np.array([[0, 0, 1, 0, 0, -1], [0, 0, 0, 1, 1, 0]], float)
    off = constraint @ field.values
    spread = constraint @ field.covariance @ constraint.T
    gain = np.linalg.solve(spread, off)
    if off @ gain > STRETCHED:
        return field
    values = field.values - field.covariance @ constraint.T @ gain
    return Field(field.centre, field.reach, values, field.covariance, field.follows)


def mean(shifts: Array, information: Array) -> tuple[Array, Array]:
    """Robust mean (2,) of displacements and its covariance (2, 2), pixels²."""
    info = _floored(information)
    weight, middle = np.ones(len(shifts)), np.zeros(2)
    for _ in range(_ROUNDS):
        inverse, unknown = _inverse(np.einsum("n,nij->ij", weight, info))
        middle = inverse @ np.einsum("n,nij,nj->i", weight, info, shifts)
        distance = np.sqrt(_square(shifts - middle, info))
        weight = _biweight(distance)
    scatter = max(1.0, float((weight * distance**2).sum() / max(2 * weight.sum() - 2, 1.0)))
    return middle, inverse * scatter * OVERLAP + unknown


def distances(off: Array, information: Array) -> Array:
    """(N,): lengths of ``off`` (N, 2) in standard deviations."""
    return np.asarray(np.sqrt(_square(off, _floored(information))))


def _biweight(distance: Array, counts: Array | None = None) -> Array:
    """Weights by distance, in units of what the tiles' own information tells or of their real scatter."""
    used = distance if counts is None else distance[counts]
    scatter = max(1.0, float(np.median(used)) / _RAYLEIGH) if used.size else 1.0
    return np.asarray((1 - np.clip(distance / (_TUKEY * scatter), 0, 1) ** 2) ** 2)


def _square(off: Array, info: Array) -> Array:
    return np.asarray(np.maximum(np.einsum("ni,nij,nj->n", off, info, off), 0))


def _floored(information: Array) -> Array:
    """The information with FLOOR² added to the variance of each direction that was measured."""
    values, vectors = np.linalg.eigh(information)
    each = np.where(values > 1e-9, 1 / (1 / np.maximum(values, 1e-9) + FLOOR**2), 0)
    return np.asarray(np.einsum("nij,nj,nkj->nik", vectors, each, vectors))


def _solved(matrix: Array, shifts: Array, info: Array) -> tuple[Array, Array]:
    """The least squares solution and its covariance."""
    inverse, unknown = _inverse(np.einsum("nki,nkl,nlj->ij", matrix, info, matrix))
    return inverse @ np.einsum("nki,nkl,nl->i", matrix, info, shifts), inverse * OVERLAP + unknown


def _normal(weight: Array, matrix: Array, curvatures: Array) -> Array:
    return np.asarray(np.einsum("n,nki,nkl,nlj->ij", weight, matrix, curvatures, matrix))


def _inverse(normal: Array) -> tuple[Array, Array]:
    """Covariance of the combinations that ``normal`` knows, and of those that it does not (UNKNOWN²)."""
    values, vectors = np.linalg.eigh(normal)
    known = values > max(KNOWN * float(values[-1]), 1e-6)
    inverse = (vectors * np.where(known, 1 / np.where(known, values, 1), 0)) @ vectors.T
    return inverse, (vectors * np.where(known, 0, UNKNOWN**2)) @ vectors.T
