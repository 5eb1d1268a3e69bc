"""How far two pictures are apart: PSNR and SSIM, of all or within a mask. One domain, usually encoded 0–1."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_alike, check_colours, check_mask
from film_recovery.errors import FilmRecoveryError

# What an SSIM has to be named with: other windows, borders and moments give other numbers.
SSIM_CONVENTION = (
    "Wang et al. 2004 on luma: Gaussian 11×11, σ 1.5, K1 0.01, K2 0.03, population moments, "
    "windows wholly inside the picture"
)

_WINDOW = 11
_REACH = _WINDOW // 2
_SIGMA = 1.5
_K1, _K2 = 0.01, 0.03


def psnr(a: NDArray[Any], b: NDArray[Any], peak: float = 1.0, mask: NDArray[Any] | None = None) -> float:
    """Peak signal-to-noise ratio in dB: ``10 log10(peak² / mean (a - b)²)``; infinite where a equals b.

    ``a``, ``b``: any equal shape; the mean runs over all values. ``peak``: the value of white in that domain.
    ``mask`` (H×W, of pictures H×W or H×W×C): the places that count. Raises FilmRecoveryError for different shapes,
    nothing to measure, or values that are not finite.
    """
    check_alike(a, b)
    _check_peak(peak)
    counts = check_mask(mask, a.shape)
    if counts is not None:
        a, b = a[counts], b[counts]
    difference = a.astype(np.float64) - b
    error = float(np.mean(difference * difference))
    return 10 * math.log10(peak * peak / error) if error else math.inf


def psnr_channels(
    a: NDArray[Any], b: NDArray[Any], peak: float = 1.0, mask: NDArray[Any] | None = None
) -> tuple[float, float, float]:
    """:func:`psnr` of red, green and blue, each for itself. ``a``, ``b``: H×W×3; errors as there."""
    check_colours(a, b)
    red, green, blue = (psnr(a[..., channel], b[..., channel], peak, mask) for channel in range(3))
    return red, green, blue


def ssim(a: NDArray[Any], b: NDArray[Any], peak: float = 1.0, mask: NDArray[Any] | None = None) -> float:
    """Structural similarity of two luma planes (H×W), -1 … 1, 1 where they are equal; SSIM_CONVENTION.

    Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004: Gaussian window 11×11, σ 1.5, K1 0.01, K2 0.03,
    population (not sample) moments. Borders: the mean runs over the places where the whole window lies inside
    the picture, that is without the outermost 5 pixels; with a ``mask`` (H×W) over those of them whose middle counts.
    Errors as :func:`psnr`, and for planes under 11×11.
    """
    check_alike(a, b)
    _check_peak(peak)
    if a.ndim != 2 or min(a.shape) < _WINDOW:
        raise FilmRecoveryError(
            f"SSIM compares planes of at least {_WINDOW} × {_WINDOW} pixels; this one has shape {a.shape}.",
            remedy="choose a larger region, one channel",
        )
    counts = check_mask(mask, a.shape)
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _smooth(x), _smooth(y)
    variance_x = _smooth(x * x) - mean_x * mean_x
    variance_y = _smooth(y * y) - mean_y * mean_y
    covariance = _smooth(x * y) - mean_x * mean_y
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    similarity = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    similarity /= (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    if counts is not None:
        similarity = similarity[check_mask(counts[_REACH:-_REACH, _REACH:-_REACH], similarity.shape)]
    return float(similarity.mean())


def _smooth(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian mean at the places where the window fits."""
    taps = cv2.getGaussianKernel(_WINDOW, _SIGMA, cv2.CV_64F)
    smooth = cv2.sepFilter2D(plane, cv2.CV_64F, taps, taps, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth[_REACH:-_REACH, _REACH:-_REACH], np.float64)


def _check_peak(peak: float) -> None:
    if not 0 < peak < math.inf:
        raise FilmRecoveryError(f"The peak is {peak}.", remedy="give the value of white, 1 for encoded 0–1")
