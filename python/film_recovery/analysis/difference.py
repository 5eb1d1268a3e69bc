"""How far two pictures are apart: PSNR and SSIM. Both sides in one domain, usually encoded 0–1."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_alike
from film_recovery.errors import FilmRecoveryError

_WINDOW = 11
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03


def psnr(a: NDArray[Any], b: NDArray[Any], peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio in dB: ``10 log10(peak² / mean (a - b)²)``; infinite where a equals b.

    ``a``, ``b``: any equal shape; the mean runs over all values. ``peak``: the value of white in that domain.
    Raises FilmRecoveryError for different shapes, nothing to measure, or values that are not finite.
    """
    check_alike(a, b)
    _check_peak(peak)
    difference = a.astype(np.float64) - b
    error = float(np.mean(difference * difference))
    return 10 * math.log10(peak * peak / error) if error else math.inf


def ssim(a: NDArray[Any], b: NDArray[Any], peak: float = 1.0) -> float:
    """Structural similarity of two luma planes (H×W), -1 … 1, 1 where they are equal.

    Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004: Gaussian window 11×11, σ 1.5, K1 0.01, K2 0.03,
    population (not sample) moments. Borders: the mean runs over the places where the whole window lies inside
    the picture, that is without the outermost 5 pixels. Errors as :func:`psnr`, and for planes under 11×11.
    """
    check_alike(a, b)
    _check_peak(peak)
    if a.ndim != 2 or min(a.shape) < _WINDOW:
        raise FilmRecoveryError(
            f"SSIM compares planes of at least {_WINDOW} × {_WINDOW} pixels; this one has shape {a.shape}.",
            remedy="choose a larger region, one channel",
        )
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _smooth(x), _smooth(y)
    variance_x = _smooth(x * x) - mean_x * mean_x
    variance_y = _smooth(y * y) - mean_y * mean_y
    covariance = _smooth(x * y) - mean_x * mean_y
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return float(similarity.mean())


def _smooth(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian mean at the places where the window fits."""
    taps = cv2.getGaussianKernel(_WINDOW, _SIGMA, cv2.CV_64F)
    reach = _WINDOW // 2
    smooth = cv2.sepFilter2D(plane, cv2.CV_64F, taps, taps, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth[reach:-reach, reach:-reach], np.float64)


def _check_peak(peak: float) -> None:
    if not 0 < peak < math.inf:
        raise FilmRecoveryError(f"The peak is {peak}.", remedy="give the value of white, 1 for encoded 0–1")
