"""Whether colours turned: the shift of hue on saturated pixels, in degrees."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.analysis.colour_difference import lab
from film_recovery.analysis.gate import saturated

# Below this chroma (CIELAB C*ab, about what the eye just tells from grey) a colour has no hue worth a number.
LEAST_CHROMA = 2.0


@dataclass(frozen=True)
class HueShift:
    """``mean``: circular mean of the shift in degrees, -180 … 180, positive from red towards yellow; ``p95``: what
    the size of the shift stays below on 95 of 100 counted pixels. Both NaN where none counts. ``count``: how many
    pixels count. ``grey``: the share of the saturated pixels that have no hue left in the test, 0–1."""

    mean: float
    p95: float
    count: int
    grey: float


def hue_shift(
    test: NDArray[Any], truth: NDArray[Any], threshold: float = 60, mask: NDArray[Any] | None = None
) -> HueShift:
    """By how much the hue of ``test`` differs from that of ``truth`` where the truth is saturated.

    Hue is the CIELAB angle h_ab = atan2(b*, a*) (CIE 15:2018), of colours clamped to 0–1 as a display does. ``test``,
    ``truth``: **encoded** sRGB 0–1 (…, 3). ``threshold``: the truth's HSV saturation from which a pixel counts, 0–255,
    behind the V gate as in ``gate.saturated``. Pixels whose test has a chroma below LEAST_CHROMA have lost their hue:
    they are left out here and counted as ``grey``; the saturation ratio judges them. ``mask`` (H×W): only there.
    The mean is atan2(Σ sin, Σ cos) of the shifts (Fisher, "Statistical Analysis of Circular Data", 1993, 2.3), every
    pixel alike. Errors as ``saturation_ratio``.
    """
    check_colours(test, truth)
    counted = saturated(truth, threshold, mask)
    number = int(np.count_nonzero(counted))
    if not number:
        return HueShift(math.nan, math.nan, 0, 0.0)
    one, two = (lab(np.clip(side[counted], 0, 1).astype(np.float64)) for side in (test, truth))
    hued = np.hypot(one[:, 1], one[:, 2]) >= LEAST_CHROMA
    hued &= np.hypot(two[:, 1], two[:, 2]) >= LEAST_CHROMA
    left = int(np.count_nonzero(hued))
    grey = 1 - left / number
    if not left:
        return HueShift(math.nan, math.nan, 0, grey)
    turn = np.arctan2(one[hued, 2], one[hued, 1]) - np.arctan2(two[hued, 2], two[hued, 1])
    sine, cosine = np.sin(turn), np.cos(turn)
    mean = math.degrees(math.atan2(float(sine.sum()), float(cosine.sum())))
    sizes = np.abs(np.degrees(np.arctan2(sine, cosine)))
    return HueShift(mean, float(np.percentile(sizes, 95)), left, grey)
