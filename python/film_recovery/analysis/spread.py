"""A whole picture of differences in three numbers: how large as a rule, and how large where it is bad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_alike, check_mask


@dataclass(frozen=True)
class Spread:
    """Mean and the values that 95 and 99 of 100 places stay below, in the unit of what was measured."""

    mean: float
    p95: float
    p99: float


def spread(differences: NDArray[Any], mask: NDArray[Any] | None = None) -> Spread:
    """Of ``differences`` (H×W, or any shape without a ``mask``), one value a pixel, such as ΔE.

    Percentiles are interpolated linearly between the two nearest values (numpy's default). ``mask`` (H×W): the places
    that count. Raises FilmRecoveryError for an array that is empty or holds values that are not finite.
    """
    check_alike(differences)
    counts = check_mask(mask, differences.shape)
    values = differences.ravel() if counts is None else differences[counts]
    p95, p99 = np.percentile(values, (95, 99))
    return Spread(float(values.mean(dtype=np.float64)), float(p95), float(p99))
