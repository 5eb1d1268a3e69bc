"""The workflow's families of content, each as a plain proxy: the share of a picture's pixels that look so.

Nothing here knows what it sees. *foliage_like* is green with texture, *skin_like* is a hue and a smoothness that skin
has, and so has wood. That is enough to choose frames that differ, and to say what no pair shows; the names say that it
is no more. Of pictures with encoded sRGB values; where the Source is faded, of the Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma as rec709

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Family:
    """``title``: in words, with what it is not certain of. ``group``: as the workflow lists them."""

    name: str
    title: str
    group: str


FAMILIES = (
    Family("fabric_like", "fine, even texture (fabric-like)", "matter"),
    Family("foliage_like", "green texture (foliage-like)", "matter"),
    Family("skin_like", "flesh hues, smooth (skin-like; wood and sand too)", "matter"),
    Family("sky_like", "smooth and blue or bright, in the upper half (sky-like)", "matter"),
    Family("neutral", "neutrals", "colour"),
    Family("red", "saturated red and orange", "colour"),
    Family("green", "saturated green", "colour"),
    Family("blue", "saturated blue", "colour"),
    Family("sharp_line", "sharp lines", "detail"),
    Family("fine_detail", "fine detail", "detail"),
    Family("deep_shadow", "deep shadow", "light"),
    Family("highlight", "small bright highlights (specular-like)", "light"),
    Family("static", "static regions", "motion"),
    Family("gradient", "smooth gradients", "detail"),
    Family("warm", "warm cast", "light"),
    Family("cool", "cool cast", "light"),
    Family("bright", "bright (day-like)", "light"),
    Family("dark", "dark (night-like)", "light"),
    Family("open_air", "sky or foliage in sight (exterior-like)", "place"),
    Family("enclosed", "no sky and no foliage in sight (interior-like)", "place"),
)
NAMES = tuple(family.name for family in FAMILIES)

# What follows are definitions in the units of encoded sRGB (0–1) and CIE Lab (D65), chosen on the four free photographs
# of the demo so that what a person would point at is counted; they are fitted to nothing.
_TEXTURE = 0.02  # local standard deviation of luma (7 × 7) from which a place has texture; grain of a print: 0.01–0.02
_STRONG = 0.10  # … from which it is an edge or a hard texture
_FINE = 0.012  # standard deviation of what a 3-pixel mean leaves out, from which a place has fine detail
_COHERENT = 0.7  # of the structure tensor: 1 one direction, 0 none
_SKY_TOP = 0.6  # share of the height, from the top, in which sky is looked for
_MOVED = 0.03  # change of encoded luma between two frames, blurred, above which a place moved
_SEEN = 0.02  # share of sky or foliage from which a frame counts as open air


def shares(picture: Pixels, other: Pixels | None = None) -> Mapping[str, float]:
    """Family → share of the pixels of ``picture`` (H×W×3, encoded, top row first), 0–1, for every name of NAMES.

    Small pictures are meant (about 320 pixels wide): the proxies are of that scale. ``other``: a neighbouring frame of
    the same shot, for *static*; without one nothing is known to be static, and the share is 0. ``warm``, ``cool``,
    ``bright``, ``dark``, ``open_air`` and ``enclosed`` are of the whole frame, 0–1.
    """
    rgb = np.clip(np.asarray(picture, np.float32), 0, 1)
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    light, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma = np.hypot(a, b)
    hue = np.degrees(np.arctan2(b, a)) % 360
    luma = _luma(rgb)
    deviation = _deviation(luma, 7)
    fine = _root_mean(luma - cv2.blur(luma, (3, 3)), 7)
    coherence = _coherence(luma)
    smooth = deviation < _TEXTURE
    textured = ~smooth
    upper = np.zeros(luma.shape, bool)
    upper[: max(1, round(_SKY_TOP * len(luma)))] = True
    highest, lowest = rgb.max(axis=2), rgb.min(axis=2)
    saturation = (highest - lowest) / np.maximum(highest, 1e-6)
    saturated = (saturation > 0.6) & (highest > 0.25)
    foliage = textured & (chroma > 10) & (hue > 95) & (hue < 165)
    sky = (
        smooth
        & upper
        & (((hue > 210) & (hue < 300) & (chroma > 5) & (light > 35)) | ((light > 85) & (chroma < 8)))
    )
    around = cv2.GaussianBlur(luma, (0, 0), 8)
    pale = chroma < 30  # a cast is seen on what is nearly neutral, not on a red coat
    cast = float(np.median(b[pale])) if pale.any() else 0.0
    bright_end = float(np.percentile(light, 90))
    found: dict[str, float] = {
        "fabric_like": _share(textured & (deviation < 0.06) & (fine > _FINE) & (coherence < _COHERENT)),
        "foliage_like": _share(foliage),
        "skin_like": _share(
            (deviation < 0.05)
            & (hue > 25)
            & (hue < 75)
            & (chroma > 12)
            & (chroma < 50)
            & (light > 30)
            & (light < 90)
        ),
        "sky_like": _share(sky),
        "neutral": _share((chroma < 5) & (light > 15) & (light < 95)),
        "red": _share(saturated & ((hue < 60) | (hue > 340))),
        "green": _share(saturated & (hue > 110) & (hue < 170)),
        "blue": _share(saturated & (hue > 240) & (hue < 310)),
        "sharp_line": _share((deviation > _STRONG) & (coherence > _COHERENT)),
        "fine_detail": _share((fine > 2 * _FINE) & (coherence < _COHERENT)),
        "deep_shadow": _share(luma < 0.10),
        "highlight": _share((luma > 0.85) & (luma > around + 0.15)),
        "static": 0.0 if other is None else _share(_still(luma, other) & textured),
        "gradient": _share(smooth & (_slope(luma) > 0.0015) & (luma > 0.05) & (luma < 0.97)),
        "warm": float(np.clip(cast / 20, 0, 1)),
        "cool": float(np.clip(-cast / 20, 0, 1)),
        "bright": float(np.clip((float(np.median(light)) - 35) / 40, 0, 1)),
        "dark": float(np.clip((65 - bright_end) / 40, 0, 1)),
    }
    open_air = found["sky_like"] + found["foliage_like"]
    found["open_air"] = float(np.clip(open_air / (4 * _SEEN), 0, 1)) if open_air > _SEEN else 0.0
    found["enclosed"] = 1.0 - float(np.clip(open_air / _SEEN, 0, 1))
    return {name: round(found[name], 6) for name in NAMES}


def _still(luma: Plane, other: Pixels) -> Mask:
    """Where two frames are alike once grain is blurred away, flicker of the whole frame left out."""
    blurred, after = (cv2.GaussianBlur(one, (0, 0), 2) for one in (luma, _luma(np.clip(other, 0, 1))))
    change = after - blurred
    still: Mask = np.abs(change - np.median(change)) < _MOVED
    return still


def _luma(rgb: Pixels) -> Plane:
    return np.ascontiguousarray(rec709(rgb), np.float32)


def _share(mask: Mask) -> float:
    return float(np.count_nonzero(mask)) / mask.size


def _deviation(plane: Plane, size: int) -> Plane:
    mean = cv2.blur(plane, (size, size))
    return np.sqrt(np.maximum(cv2.blur(plane * plane, (size, size)) - mean * mean, 0))


def _root_mean(plane: Plane, size: int) -> Plane:
    return np.sqrt(np.maximum(cv2.blur(plane * plane, (size, size)), 0))


def _coherence(luma: Plane) -> Plane:
    """0–1: how far the gradients of a neighbourhood run one way."""
    across, down = (
        cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.125),
        cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.125),
    )
    xx, yy, xy = (cv2.GaussianBlur(one, (0, 0), 2) for one in (across * across, down * down, across * down))
    return np.asarray(np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-9), np.float32)


def _slope(luma: Plane) -> Plane:
    """Change of luma a pixel, over some ten pixels."""
    blurred = cv2.GaussianBlur(luma, (0, 0), 5)
    across = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, scale=0.125)
    return np.hypot(across, cv2.Sobel(blurred, cv2.CV_32F, 0, 1, scale=0.125))
