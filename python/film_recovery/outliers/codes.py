"""Whether values stand on few codes, which gradients show as bands."""

from __future__ import annotations

import numpy as np

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

BINS = 1024  # of 0–1: an 8-bit picture fills one in four, a 6-bit one in sixteen
AROUND = 33  # bins that a smooth histogram is averaged over


def unevenness(picture: Pixels) -> float:
    """Log of how much more often a value meets its own code than a smooth histogram would: 0 smooth, 1.4 (8 bit),
    2.8 (6 bit); the largest of luma, red, green and blue. H×W×3 encoded; values at the ends do not count."""
    return max(_uneven(plane) for plane in (luma(picture), *np.moveaxis(picture, 2, 0)))


def _uneven(plane: np.ndarray) -> float:
    counts = np.histogram(plane, bins=BINS, range=(0, 1))[0].astype(np.float64)
    counts[: BINS // 50] = 0
    counts[-BINS // 50 :] = 0
    smooth = np.convolve(counts, np.full(AROUND, 1 / AROUND), mode="same")
    expected = float(smooth @ smooth)
    return float(np.log(float(counts @ counts) / expected)) if expected > 0 else 0.0
