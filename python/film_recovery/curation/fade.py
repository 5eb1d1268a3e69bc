"""How much colour a picture has, and how evenly the other one has lost it. For recipes that recover colour.

Pictures are encoded sRGB, H×W×3, of one moment on one grid; they are blurred, so grain and a few pixels of offset do
not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels

WIDTH = 240  # pixels: colour is a matter of areas
_TILES = (8, 6)
_DARKEST, _LIGHTEST = 0.03, 0.97  # encoded values outside which a dye's density is crushed


@dataclass(frozen=True)
class Colourfulness:
    """``variety``: root mean square distance of CIE Lab a, b from what is usual at that lightness, so that a cast, and
    one of the shadows or lights alone, is no colour. ``per_light``: the same over the standard deviation of L, so
    contrast is none either. ``saturation``: mean HSV saturation, 0–1."""

    variety: float
    per_light: float
    saturation: float


def colourfulness(picture: Pixels) -> Colourfulness:
    """Of one picture."""
    small = _small(picture)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2Lab).reshape(-1, 3).astype(np.float64)
    light = lab[:, :1] / 100
    basis = np.concatenate([np.ones_like(light), light, light**2, light**3], axis=1)
    weights, *_ = np.linalg.lstsq(basis, lab[:, 1:], rcond=None)
    variety = float(np.sqrt((lab[:, 1:] - basis @ weights).var(axis=0).sum()))
    highest, lowest = small.max(axis=2), small.min(axis=2)
    lit = highest > 0.1  # in the dark, saturation is the noise's
    saturation = float(((highest - lowest)[lit] / highest[lit]).mean()) if lit.any() else 0.0
    return Colourfulness(variety, variety / max(float(lab[:, 0].std()), 1.0), saturation)


def unevenness(source: Pixels, reference: Pixels) -> float:
    """How unevenly the Source has faded over the frame: standard deviation of density, root mean square of R, G, B.

    Each channel's density of the Source is fitted as a parabola of the Reference's three; what the fit leaves in the
    means of 8 × 6 parts of the picture is the unevenness. 0 for a fade that is the same everywhere; of other things
    in the picture (a mask, another framing) it is the upper bound. NaN where too little is neither black nor white.
    """
    faded, kept = _small(source), _small(reference)
    both = np.concatenate([faded, kept], axis=2)
    fit: NDArray[np.bool_] = np.asarray(((both > _DARKEST) & (both < _LIGHTEST)).all(axis=2))
    if np.count_nonzero(fit) < 500:
        return float("nan")
    before, after = _density(kept[fit]), _density(faded[fit])
    basis = np.concatenate([np.ones((len(before), 1)), before, before**2], axis=1)
    weights, *_ = np.linalg.lstsq(basis, after, rcond=None)
    left = np.zeros((*fit.shape, 3))
    left[fit] = after - basis @ weights
    columns, rows = _TILES
    found = []
    for y in np.array_split(np.arange(fit.shape[0]), rows):
        for x in np.array_split(np.arange(fit.shape[1]), columns):
            part = np.ix_(y, x)
            if np.count_nonzero(fit[part]) >= 30:
                found.append(left[part][fit[part]].mean(axis=0))
    return float(np.sqrt(np.mean(np.var(found, axis=0)))) if len(found) > 1 else float("nan")


def _density(encoded: NDArray[np.float32]) -> NDArray[np.float64]:
    linear = ((encoded.astype(np.float64) + 0.055) / 1.055) ** 2.4
    return -np.log10(np.maximum(linear, 1e-4))


def _small(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    scale = min(1.0, WIDTH / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(np.asarray(picture, np.float32), size, interpolation=cv2.INTER_AREA)
    return np.clip(cv2.GaussianBlur(small, (0, 0), 1.5), 0, 1)
