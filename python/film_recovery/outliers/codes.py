"""Whether values stand on few codes, which gradients show as bands."""

from __future__ import annotations

import numpy as np

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

BINS = 1024  # of 0–1: an 8-bit picture fills one in four, a 6-bit one in sixteen
AROUND = 33  # bins that a smooth histogram is averaged over
SECTIONS = 16  # of the codes


def unevenness(picture: Pixels) -> float:
    """Log of how much more often a value meets its own code than a smooth histogram would: 0 smooth, 1.4 (8 bit),
    2.8 (6 bit); the largest of luma, red, green and blue. H×W×3 encoded; values at the ends do not count."""
    return max(_uneven(plane) for plane in (luma(picture), *np.moveaxis(picture, 2, 0)))


def _uneven(plane: np.ndarray) -> float:
    """The middle over sections of the codes, by pixels: few codes are few everywhere, and one black that many pixels
    have is none."""
    counts = np.histogram(plane, bins=BINS, range=(0, 1))[0].astype(np.float64)
    counts[: BINS // 50] = 0
    counts[-BINS // 50 :] = 0
    smooth = np.convolve(counts, np.full(AROUND, 1 / AROUND), mode="same")
    own, expected, pixels = (each.reshape(SECTIONS, -1).sum(1) for each in (counts**2, smooth**2, counts))
    known = expected > 0
    if not known.any():
        return 0.0
    uneven = np.log(np.maximum(own[known], 1e-9) / expected[known])
    order = np.argsort(uneven)
    share = np.cumsum(pixels[known][order])
    return float(uneven[order][np.searchsorted(share, share[-1] / 2)])
