"""The linear algebra that the closed forms share, in float64.

float32 is not enough: the default cut-off of a float32 least-squares solver grows with the number of pixels
and silently drops the small directions, in which most of a recovery lies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

Array = NDArray[np.float64]


def check_settings(ridge: float, samples_per_pair: int) -> None:
    """Raise FilmRecoveryError unless a fit is possible with these."""
    if not 0 < ridge < float("inf"):
        raise FilmRecoveryError(f"A ridge of {ridge:g} leaves the fit open.", remedy="choose one above 0")
    if samples_per_pair < 1:
        raise FilmRecoveryError(
            f"{samples_per_pair} samples of each pair are too few.", remedy="choose 1 or more, as 100000"
        )


def solve_ridge(gram: Array, moment: Array, ridge: float) -> Array:
    """Weights W (M×K) that minimise ``mean |features · W - target|² + ridge · |scaled W|²``.

    ``gram`` (M×M): mean of features ⊗ features. ``moment`` (M×K): mean of features ⊗ targets. Each weight is
    scaled by the root mean square of its feature, so that ``ridge`` (> 0) means the same for all; a feature
    that is always zero gets weight zero.
    """
    size = np.sqrt(np.diag(gram))
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    scaled = gram * np.outer(scale, scale) + ridge * np.eye(len(size))
    weights: Array = np.linalg.solve(scaled, moment * scale[:, None]) * scale[:, None]
    return weights
