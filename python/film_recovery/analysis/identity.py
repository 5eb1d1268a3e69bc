"""Whether the channels that a recipe may not change are unchanged: the proof behind the identity lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.imaging.luma import chroma, luma


@dataclass(frozen=True)
class Identity:
    """Absolute differences in graph values: luma (largest and mean), chroma (the larger of ΔCb, ΔCr)."""

    luma_max: float
    luma_mean: float
    chroma_max: float


def identity(a: NDArray[Any], b: NDArray[Any]) -> Identity:
    """Luma and chroma differences of two RGB pictures (…, 3), **graph values** before any clamp.

    Computed in float64, luma and chroma by ``imaging/luma.py``. Raises FilmRecoveryError for different
    shapes, nothing to measure, or values that are not finite.
    """
    check_colours(a, b)
    difference = a.astype(np.float64) - b  # luma and chroma are linear: those of the difference will do
    y = np.abs(luma(difference))
    return Identity(float(y.max()), float(y.mean()), float(np.abs(chroma(difference)).max()))
