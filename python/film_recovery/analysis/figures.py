"""All figures of one picture against its truth, and the same over many pictures.

Both sides are **as displayed**: encoded sRGB, clamped to 0–1. By name, with the unit:

``psnr``, ``psnr_red``, ``psnr_green``, ``psnr_blue``, ``psnr_luma`` (dB, at most LARGEST_PSNR: equal pictures have no
number) · ``ssim_luma`` (``difference.SSIM_CONVENTION``) · ``de76_mean``, ``de76_p95``, ``de76_p99``, ``de00_mean``,
``de00_p95``, ``de00_p99`` (ΔE*ab of 1976 and CIEDE2000 over the pixels) · ``hue_shift_60``, ``hue_shift_60_p95``
(degrees, ``hue.hue_shift``), ``hue_lost_60`` (share of the saturated pixels without hue in the test) ·
``sat_ratio_60``, ``sat_ratio_100``, ``brightness_ratio_60``, ``brightness_ratio_100`` (``saturation_ratio``, behind
the V gate) · ``sat_share_60`` (share of the pixels that are saturated in the truth). A figure that a picture does not
have, such as a hue where nothing is saturated, is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours, check_mask
from film_recovery.analysis.colour_difference import difference_76, difference_2000
from film_recovery.analysis.difference import psnr, psnr_channels, ssim
from film_recovery.analysis.hue import hue_shift
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.analysis.spread import spread
from film_recovery.imaging.luma import luma

LARGEST_PSNR = 150.0  # dB; beyond it lies the rounding of 32-bit numbers
THRESHOLDS = (60, 100)
_SSIM_SIDE = 11
_SSIM_REACH = 5

NAMES = (
    *("psnr", "psnr_red", "psnr_green", "psnr_blue", "psnr_luma", "ssim_luma"),
    *(f"{kind}_{part}" for kind in ("de76", "de00") for part in ("mean", "p95", "p99")),
    *("hue_shift_60", "hue_shift_60_p95", "hue_lost_60"),
    *(f"{kind}_ratio_{threshold}" for kind in ("sat", "brightness") for threshold in THRESHOLDS),
    "sat_share_60",
)


@dataclass(frozen=True)
class Figures:
    """``values``: by name. ``weights``: of those that do not count alike for every picture in :func:`averaged`."""

    values: Mapping[str, float]
    weights: Mapping[str, float]


def picture_figures(test: NDArray[Any], truth: NDArray[Any], mask: NDArray[Any] | None = None) -> Figures:
    """The figures of ``test`` against ``truth`` (H×W×3, encoded sRGB; clamped here), within ``mask`` (H×W) if given.

    Raises FilmRecoveryError for different shapes, nothing to measure, values that are not finite, a mask that does
    not fit or in which nothing counts.
    """
    check_colours(test, truth)
    test, truth = np.clip(test, 0, 1), np.clip(truth, 0, 1)
    counts = check_mask(mask, truth.shape)
    red, green, blue = psnr_channels(test, truth, mask=counts)
    planes = luma(test), luma(truth)
    found = {
        "psnr": psnr(test, truth, mask=counts),
        "psnr_red": red,
        "psnr_green": green,
        "psnr_blue": blue,
        "psnr_luma": psnr(*planes, mask=counts),
    }
    found = {name: min(value, LARGEST_PSNR) for name, value in found.items()}
    inside = counts is None or bool(counts[_SSIM_REACH:-_SSIM_REACH, _SSIM_REACH:-_SSIM_REACH].any())
    if min(truth.shape[:2]) >= _SSIM_SIDE and inside:
        found["ssim_luma"] = ssim(*planes, mask=counts)
    for name, differences in (("de76", difference_76(test, truth)), ("de00", difference_2000(test, truth))):
        found.update({f"{name}_{part}": value for part, value in vars(spread(differences, counts)).items()})
    weights: dict[str, float] = {}
    turned = hue_shift(test, truth, THRESHOLDS[0], counts)
    found.update(hue_shift_60=turned.mean, hue_shift_60_p95=turned.p95, hue_lost_60=turned.grey)
    weights.update(hue_shift_60=turned.count, hue_shift_60_p95=turned.count)
    for threshold in THRESHOLDS:
        kept = saturation_ratio(test, truth, threshold, counts)
        found[f"sat_ratio_{threshold}"], weights[f"sat_ratio_{threshold}"] = kept.ratio, kept.weight
        found[f"brightness_ratio_{threshold}"] = kept.brightness
        weights[f"brightness_ratio_{threshold}"] = kept.brightness_weight
        if threshold == THRESHOLDS[0]:
            found["sat_share_60"] = kept.share
            weights["hue_lost_60"] = kept.share * truth.shape[0] * truth.shape[1]
    return Figures({name: found[name] for name in NAMES if math.isfinite(found.get(name, math.nan))}, weights)


def averaged(pictures: Sequence[Figures]) -> dict[str, float]:
    """One set of figures for many pictures: the mean over those that have the figure, each counting alike.

    Except behind the gate of saturation, where a picture counts as much as it has saturated pixels: ratios then are
    those over all pixels of all pictures, and ``hue_shift_60`` is the circular mean of the pictures' means. The
    percentiles are means of the pictures' percentiles.
    """
    found = {}
    for name in NAMES:
        having = [picture for picture in pictures if name in picture.values]
        values = np.array([picture.values[name] for picture in having])
        weights = np.array([picture.weights.get(name, 1.0) for picture in having])
        if not weights.sum() > 0:
            continue
        if name == "hue_shift_60":
            angles = np.radians(values)
            sine, cosine = float(weights @ np.sin(angles)), float(weights @ np.cos(angles))
            found[name] = math.degrees(math.atan2(sine, cosine))
        else:
            found[name] = float(weights @ values / weights.sum())
    return found
