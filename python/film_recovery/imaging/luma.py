"""Luma and chroma: the one definition that the whole product uses.

Rec.709 weights on the values that the graph carries, no transfer curve (ITU-R BT.709-6 §3.2 and §3.3, full
range, chroma centred on zero). All functions take and give arrays whose last axis is R, G, B (or Y, Cb, Cr),
any float dtype, any range, and keep the dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHTS = (0.2126, 0.7152, 0.0722)
CB_SCALE = 2 * (1 - WEIGHTS[2])  # 1.8556
CR_SCALE = 2 * (1 - WEIGHTS[0])  # 1.5748

_R, _G, _B = WEIGHTS
RGB_TO_YCBCR = (
    (_R, _G, _B),
    (-_R / CB_SCALE, -_G / CB_SCALE, (1 - _B) / CB_SCALE),
    ((1 - _R) / CR_SCALE, -_G / CR_SCALE, -_B / CR_SCALE),
)
YCBCR_TO_RGB = (
    (1.0, 0.0, CR_SCALE),
    (1.0, -_B * CB_SCALE / _G, -_R * CR_SCALE / _G),
    (1.0, CB_SCALE, 0.0),
)


def luma(rgb: NDArray[Any]) -> NDArray[Any]:
    """Y of ``rgb`` (…, 3): shape (…)."""
    red, green, blue = (rgb.dtype.type(weight) for weight in WEIGHTS)
    return rgb[..., 0] * red + rgb[..., 1] * green + rgb[..., 2] * blue


def chroma(rgb: NDArray[Any]) -> NDArray[Any]:
    """Cb and Cr of ``rgb`` (…, 3), centred on zero: shape (…, 2)."""
    y = luma(rgb)
    return np.stack([(rgb[..., 2] - y) / CB_SCALE, (rgb[..., 0] - y) / CR_SCALE], axis=-1).astype(rgb.dtype)


def rgb_to_ycbcr(rgb: NDArray[Any]) -> NDArray[Any]:
    """(…, 3) → (…, 3): Y, Cb, Cr."""
    return np.concatenate([luma(rgb)[..., None], chroma(rgb)], axis=-1)


def ycbcr_to_rgb(ycbcr: NDArray[Any]) -> NDArray[Any]:
    """Inverse of :func:`rgb_to_ycbcr`."""
    return (ycbcr @ np.asarray(YCBCR_TO_RGB, ycbcr.dtype).T).astype(ycbcr.dtype)
