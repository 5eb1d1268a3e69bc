"""Whether saturated colours stay saturated: a recovery that shies away from colour shows here first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.errors import FilmRecoveryError

# Below this value (the largest of R, G, B) saturation is noise divided by almost nothing.
_DARKEST = 0.1


@dataclass(frozen=True)
class Saturation:
    """``ratio``: mean saturation of the test over that of the truth, NaN where no pixel counts; 1 is right,
    below is faded. ``share``: the part of all pixels that count, 0–1."""

    ratio: float
    share: float


def saturation_ratio(test: NDArray[Any], truth: NDArray[Any], threshold: float = 60) -> Saturation:
    """HSV saturation of ``test`` against ``truth`` where the truth is saturated.

    ``test``, ``truth``: **encoded** RGB 0–1, (…, 3); the test is clamped to 0–1, as a display does.
    ``threshold``: saturation of the truth from which a pixel counts, on a scale of 0–255 (60 and 100 are the
    customary ones); it must also have a value (largest of R, G, B) above 0.1. Raises FilmRecoveryError for
    different shapes, nothing to measure, values that are not finite, a threshold outside 0–255.
    """
    check_colours(test, truth)
    if not 0 <= threshold <= 255:
        raise FilmRecoveryError(f"The saturation threshold is {threshold}.", remedy="choose 0 to 255")
    wanted = _saturation(truth)
    counted = (wanted >= threshold / 255) & (truth.max(axis=-1) > _DARKEST)
    number = int(np.count_nonzero(counted))
    if not number:
        return Saturation(math.nan, 0.0)
    total = float(wanted[counted].sum(dtype=np.float64))
    ratio = float(_saturation(test)[counted].sum(dtype=np.float64)) / total if total else math.nan
    return Saturation(ratio, number / counted.size)


def _saturation(rgb: NDArray[Any]) -> NDArray[Any]:
    """(max - min) / max of 0–1 colours, 0 for black."""
    rgb = np.clip(rgb, 0, 1)
    largest = rgb.max(axis=-1)
    return np.divide(largest - rgb.min(axis=-1), largest, out=np.zeros_like(largest), where=largest > 0)
