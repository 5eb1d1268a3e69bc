"""Colour differences as the eye grades them: CIELAB, ΔE*ab (CIE 1976) and ΔE00 (CIEDE2000).

Own code, because the field's libraries either lack CIEDE2000 or bring much else. Held to the 34 published
test pairs of Sharma, Wu, Dalal, "The CIEDE2000 Color-Difference Formula", Color Res. Appl. 30(1), 2005,
whose notation (appendix, equations 2 to 22) the code follows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours

# Linear sRGB to XYZ, D65 (IEC 61966-2-1). White is the image of (1, 1, 1), so that neutrals have a* = b* = 0.
_RGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
)
_WHITE = _RGB_TO_XYZ.sum(axis=1)
# Pixels worked on at a time: the temporaries stay in the processor's cache.
_BLOCK = 32768
_TURN = 2 * math.pi


def lab(rgb: NDArray[Any]) -> NDArray[Any]:
    """CIELAB (D65, 2°) of **encoded** sRGB colours (…, 3), white at 1; keeps the dtype.

    Values beyond 0–1 are carried on (the curve mirrored below zero). Raises FilmRecoveryError for an array
    that is empty, has no three components or is not finite.
    """
    check_colours(rgb)
    return _lab(rgb)


def _lab(rgb: NDArray[Any]) -> NDArray[Any]:
    size = np.abs(rgb)
    linear = np.copysign(np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4), rgb)
    xyz = linear @ (_RGB_TO_XYZ.T / _WHITE).astype(rgb.dtype)
    cube = np.cbrt(xyz)
    f = np.where(xyz > (6 / 29) ** 3, cube, xyz * ((29 / 6) ** 2 / 3) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(rgb.dtype)


def delta_e_76(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """ΔE*ab of CIELAB colours (…, 3): shape (…). Errors as :func:`lab`, and for different shapes."""
    check_colours(a, b)
    difference: NDArray[Any] = np.sqrt(np.sum((a - b) ** 2, axis=-1))
    return difference


def delta_e_2000(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """ΔE00 (weights kL = kC = kH = 1) of CIELAB colours (…, 3): shape (…), keeps the dtype.

    Errors as :func:`lab`, and for different shapes.
    """
    check_colours(a, b)
    return _by_blocks(_delta_e_2000, a, b)


def difference_76(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """ΔE*ab (CIE 1976) of two pictures of **encoded** sRGB colours (…, 3): shape (…)."""
    check_colours(a, b)
    return _by_blocks(lambda x, y: delta_e_76(_lab(x), _lab(y)), a, b)


def difference_2000(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """ΔE00 of two pictures of **encoded** sRGB colours (…, 3): shape (…)."""
    check_colours(a, b)
    return _by_blocks(lambda x, y: _delta_e_2000(_lab(x), _lab(y)), a, b)


def _by_blocks(
    function: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]], a: NDArray[Any], b: NDArray[Any]
) -> NDArray[Any]:
    """``function`` of two arrays of colours (…, 3), a block of pixels at a time: shape (…)."""
    rows_a, rows_b = a.reshape(-1, 3), b.reshape(-1, 3)
    parts = [
        function(rows_a[start : start + _BLOCK], rows_b[start : start + _BLOCK])
        for start in range(0, len(rows_a), _BLOCK)
    ]
    return np.concatenate(parts).reshape(a.shape[:-1])


def _delta_e_2000(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
    """CIEDE2000 of N×3 CIELAB colours: N. Angles in radians."""
    l1, a1, b1 = one.T
    l2, a2, b2 = two.T
    # 1. a* is stretched near the neutral axis; chroma and hue follow from it.
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_c7 / (mean_c7 + 25**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.arctan2(b1, a1) % _TURN, np.arctan2(b2, a2) % _TURN
    # 2. Differences. A neutral colour has no hue: the hue difference is then zero.
    hued = c1 * c2 > 0
    turn = np.where(hued, h2 - h1, 0)
    turn = turn - _TURN * np.round(turn / _TURN)
    d_l, d_c = l2 - l1, c2 - c1
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(turn / 2)
    # 3. Weights at the mean colour.
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    far = np.abs(h1 - h2) > math.pi
    total = h1 + h2
    mean_h = np.where(hued, np.where(far, total + np.where(total < _TURN, _TURN, -_TURN), total) / 2, total)
    t = (
        1
        - 0.17 * np.cos(mean_h - math.radians(30))
        + 0.24 * np.cos(2 * mean_h)
        + 0.32 * np.cos(3 * mean_h + math.radians(6))
        - 0.20 * np.cos(4 * mean_h - math.radians(63))
    )
    from_middle = (mean_l - 50) ** 2
    s_l = 1 + 0.015 * from_middle / np.sqrt(20 + from_middle)
    s_c = 1 + 0.045 * mean_c
    s_h = 1 + 0.015 * mean_c * t
    # 4. In the blue, chroma and hue act together.
    mean_c7 = mean_c**7
    angle = 2 * math.radians(30) * np.exp(-(((mean_h - math.radians(275)) / math.radians(25)) ** 2))
    r_t = -2 * np.sqrt(mean_c7 / (mean_c7 + 25**7)) * np.sin(angle)
    lightness, chroma, hue = d_l / s_l, d_c / s_c, d_h / s_h
    squared = lightness**2 + chroma**2 + hue**2 + r_t * chroma * hue
    return np.sqrt(np.maximum(squared, 0)).astype(one.dtype)
