"""Whether saturated colours stay saturated: a recovery that shies away from colour shows here first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.analysis.gate import hsv_saturation, saturated


@dataclass(frozen=True)
class Saturation:
    """``ratio``: mean saturation of the test over that of the truth, NaN where no pixel counts; 1 is right,
    below is faded. ``share``: the part of the measured pixels that count, 0–1. ``brightness``: mean value (largest of
    R, G, B) of the test over that of the truth on the same pixels, so that colour gained by darkening is seen.

    ``weight``, ``brightness_weight``: the truth's sums, by which ratios of several pictures are averaged into the
    ratio over all their pixels."""

    ratio: float
    share: float
    brightness: float = math.nan
    weight: float = 0.0
    brightness_weight: float = 0.0


def saturation_ratio(
    test: NDArray[Any], truth: NDArray[Any], threshold: float = 60, mask: NDArray[Any] | None = None
) -> Saturation:
    """HSV saturation and brightness of ``test`` against ``truth`` where the truth is saturated.

    ``test``, ``truth``: **encoded** RGB 0–1, (…, 3); the test is clamped to 0–1, as a display does.
    ``threshold``: saturation of the truth from which a pixel counts, on a scale of 0–255 (60 and 100 are the
    customary ones); it must also pass the V gate (``gate.V_GATE``). ``mask`` (H×W): only there. Raises
    FilmRecoveryError for different shapes, nothing to measure, values that are not finite, a threshold outside
    0–255, a mask that does not fit.
    """
    check_colours(test, truth)
    counted = saturated(truth, threshold, mask)
    number = int(np.count_nonzero(counted))
    if not number:
        return Saturation(math.nan, 0.0)
    measured = counted.size if mask is None else int(np.count_nonzero(mask > 0.5))
    wanted, got = truth[counted], test[counted]
    total = float(hsv_saturation(wanted).sum(dtype=np.float64))
    ratio = float(hsv_saturation(got).sum(dtype=np.float64)) / total if total else math.nan
    bright = float(np.clip(wanted, 0, 1).max(axis=-1).sum(dtype=np.float64))
    brightness = float(np.clip(got, 0, 1).max(axis=-1).sum(dtype=np.float64)) / bright
    return Saturation(ratio, number / measured, brightness, total, bright)
