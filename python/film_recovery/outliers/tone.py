"""Luma, hue and skin of one frame, on a small picture: what the recovery did to tones and colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import rgb_to_ycbcr
from film_recovery.outliers.relation import Relation, relation

WIDTH = 240  # pixels: grain is averaged away, colours are not
SMOOTHED = 2.0  # of its pixels: or grain would choose what is skin, where colours are near its limits
# Skin of all complexions lies in a narrow range of hue: Cr − Cb plane, encoded Rec.709, degrees from Cb towards Cr.
SKIN_HUE = (105.0, 150.0)
SKIN_CHROMA = (0.03, 0.20)
SKIN_LUMA = (0.15, 0.90)


@dataclass(frozen=True, eq=False)
class Tone:
    """``whole``: features (the first is 1) to Y, Cb, Cr. ``skin``, ``rest``: the same of what the frame's own relation
    gives the colour of skin, and of what it does not. ``share``: of skin in the picture, 0–1."""

    whole: Relation
    skin: Relation
    rest: Relation
    share: float


def tone(source: Pixels, recovered: Pixels) -> Tone:
    """Of two pictures of one size, H×W×3 encoded."""
    small, other = (rgb_to_ycbcr(smaller(side, WIDTH)) for side in (source, recovered))
    x, two = features(small.reshape(-1, 3)), other.reshape(-1, 3)
    whole = relation(x, two)
    # As the frame's colours foretell it, or skin that is off would hide itself.
    told = np.asarray(x @ whole.fitted, np.float32).reshape(small.shape)
    smooth = np.asarray(cv2.GaussianBlur(told, (0, 0), SMOOTHED), np.float32)
    skin = skin_coloured(smooth.reshape(-1, 3))
    share = float(skin.mean(dtype=np.float64))
    return Tone(whole, _of(x, two, skin), _of(x, two, ~skin), share)


def features(ycc: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×11 of N×3 (Y, Cb, Cr): a tone curve, and colours to the second degree."""
    y, cb, cr = ycc.T
    columns = (np.ones_like(y), y, y * y, y * y * y, cb, cr, y * cb, y * cr, cb * cb, cb * cr, cr * cr)
    return np.stack(columns, axis=1).astype(np.float32)


def skin_coloured(ycc: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of N×3 (Y, Cb, Cr) may be skin; wood and sand may be, too."""
    y, cb, cr = ycc.T
    angle = np.degrees(np.arctan2(cr, cb))
    chroma = np.hypot(cb, cr)
    inside = (angle > SKIN_HUE[0]) & (angle < SKIN_HUE[1])
    inside &= (chroma > SKIN_CHROMA[0]) & (chroma < SKIN_CHROMA[1])
    return np.asarray(inside & (y > SKIN_LUMA[0]) & (y < SKIN_LUMA[1]), np.bool_)


def smaller(picture: Pixels, width: int) -> Pixels:
    """At most ``width`` wide, means of areas."""
    scale = min(1.0, width / picture.shape[1])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _of(x: NDArray[np.float32], y: NDArray[np.float32], where: NDArray[np.bool_]) -> Relation:
    return relation(x[where], y[where]) if where.any() else relation(x[:1] * 0, y[:1] * 0)
