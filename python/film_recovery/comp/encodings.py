"""The encodings that a Colorspace node converts between, each as functions to and from linear RGB.

All are for sRGB / Rec.709 primaries and D65. YCbCr and YPbPr use the product's one definition of luma and
chroma (:mod:`film_recovery.imaging.luma`), full range, on the linear values as they are. *Unconfirmed*:
whether Nuke's own YCbCr puts a transfer curve in between or uses the video range, and how it packs the
chroma; here YCbCr is R = Y, G = Cb + 0.5, B = Cr + 0.5, and YPbPr the same with the chroma centred on zero.
The way back undoes the way there, whatever the packing. Curves: sRGB is IEC 61966-2-1, rec709 is ITU-R
BT.709-6 item 1.2; both go on straight below zero. A plain gamma mirrors negative values (unconfirmed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import RGB_TO_YCBCR, YCBCR_TO_RGB

Convert = Callable[[Pixels], Pixels]


@dataclass(frozen=True)
class Encoding:
    """``encode``: linear RGB (H×W×3, float32) to this encoding; ``decode``: back."""

    encode: Convert
    decode: Convert


def _gamma(value: float) -> Encoding:
    def power(pixels: Pixels, exponent: float) -> Pixels:
        return np.copysign(np.power(np.abs(pixels), np.float32(exponent)), pixels)

    return Encoding(lambda p: power(p, 1 / value), lambda p: power(p, value))


def _piecewise(slope: float, scale: float, exponent: float, linear_end: float) -> Encoding:
    """slope · x up to linear_end, then scale · x^exponent − (scale − 1)."""
    encoded_end = slope * linear_end

    def encode(pixels: Pixels) -> Pixels:
        curve = np.power(np.maximum(pixels, 0), np.float32(exponent)) * np.float32(scale) - np.float32(
            scale - 1
        )
        return np.where(pixels <= linear_end, pixels * np.float32(slope), curve)

    def decode(pixels: Pixels) -> Pixels:
        base = (np.maximum(pixels, 0) + np.float32(scale - 1)) / np.float32(scale)
        curve = np.power(base, np.float32(1 / exponent))
        return np.where(pixels <= encoded_end, pixels / np.float32(slope), curve)

    return Encoding(encode, decode)


def _luma_chroma(centre: float) -> Encoding:
    there = np.asarray(
        [[*row, shift] for row, shift in zip(RGB_TO_YCBCR, (0.0, centre, centre), strict=True)]
    )
    matrix = np.asarray(YCBCR_TO_RGB)
    back = np.column_stack([matrix, -matrix @ (0.0, centre, centre)])
    return Encoding(lambda p: _transform(p, there), lambda p: _transform(p, back))


def _transform(pixels: Pixels, matrix: np.ndarray) -> Pixels:
    return (
        np.asarray(cv2.transform(np.ascontiguousarray(pixels), matrix), np.float32) if pixels.size else pixels
    )


ENCODINGS: Mapping[str, Encoding] = MappingProxyType(
    {
        "RGB": Encoding(lambda p: p, lambda p: p),
        "sRGB": _piecewise(12.92, 1.055, 1 / 2.4, 0.0031308),
        "rec709": _piecewise(4.5, 1.099, 0.45, 0.018),
        "1.80": _gamma(1.8),
        "2.20": _gamma(2.2),
        "2.40": _gamma(2.4),
        "2.60": _gamma(2.6),
        "YCbCr": _luma_chroma(0.5),
        "YPbPr": _luma_chroma(0.0),
    }
)

# Every entry of the node's menu, in its order: what an expression or a number in the knob counts.
MENU = (
    *("1.80", "2.20", "2.40", "2.60", "rec709", "sRGB", "Cineon", "RGB", "HSV", "HSL", "YPbPr", "YCbCr"),
    *("CIE-XYZ", "CIE-Yxy", "CIE-Lab", "CIE-LCH", "Panalog", "REDLog", "ViperLog", "AlexaV3LogC", "PLogLin"),
    *("SLog", "SLog1", "SLog2", "SLog3", "CLog", "Log3G10", "Log3G12", "HybridLogGamma", "Protune", "BT1886"),
    *("st2084", "Blackmagic Film Generation 5", "ARRILogC4"),
)
