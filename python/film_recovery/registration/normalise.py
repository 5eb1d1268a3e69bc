"""What of a picture the solver looks at: detail between two sizes, with tone, fade and frame lines taken away.

Dye fade, unlike stocks and uneven light change a picture slowly over its area; what is left after its local mean is
taken away keeps the places of edges. Pixels that are no picture (black around it, places never scanned) take no part,
neither themselves nor in any mean.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

BLACK = 0.02  # encoded; darker than this, and joined to the edge of the frame, is no picture
_EDGE = 2  # pixels inside the picture's edge that are half of each
_SMALL = 1e-6


def plane(picture: NDArray[Any]) -> Plane:
    """Luma of ``picture`` (H×W×3, or H×W as it is). FilmRecoveryError for other shapes, NaN, infinities."""
    array = np.asarray(picture, np.float32)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)) or array.size == 0:
        raise FilmRecoveryError(
            f"A picture has one channel or three; this array has shape {array.shape}.",
            remedy="read the frame as RGB",
        )
    if array.ndim == 3:
        array = np.asarray(luma(array), np.float32) if array.shape[2] == 3 else array[..., 0]
    if not np.isfinite(array).all():
        raise FilmRecoveryError("The picture holds NaN or infinite values.", remedy="export the frame again")
    return np.ascontiguousarray(array)


def live(y: Plane) -> Mask:
    """Where ``y`` is picture: all but the dark that is joined to the edge of the frame."""
    dark = (cv2.blur(y, (3, 3)) < BLACK).astype(np.uint8)
    if not dark.any():
        return np.ones(y.shape, np.bool_)
    framed = cv2.copyMakeBorder(dark, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(framed, None, (0, 0), 2, flags=4)
    outside = (framed[1:-1, 1:-1] == 2).astype(np.uint8)
    return np.asarray(cv2.dilate(outside, np.ones((2 * _EDGE + 1,) * 2, np.uint8)) == 0, np.bool_)


def band(y: Plane, mask: Mask, fine: float, wide: float) -> Plane:
    """``y`` blurred by ``fine``, less its mean over ``wide`` (standard deviations in pixels); 0 outside ``mask``."""
    inside = mask.astype(np.float32)
    whole = bool(mask.all())
    known = y if whole else y * inside
    low = _wide(known, wide)
    high = _blurred(known, fine)
    if not whole:
        low /= _wide(inside, wide) + _SMALL
        high /= _blurred(inside, fine) + _SMALL
    high -= low
    high *= inside
    return high


def _blurred(y: Plane, sigma: float) -> Plane:
    if sigma < 0.2:  # less than OpenCV can tell from none
        return y.copy()
    return np.asarray(cv2.GaussianBlur(y, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


def _wide(y: Plane, sigma: float) -> Plane:
    """A wide Gaussian, made on a picture of a quarter the size: a mean needs no more."""
    height, width = y.shape
    if min(height, width) < 64 or sigma < 6:
        return _blurred(y, sigma)
    small = cv2.resize(y, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / 4, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
