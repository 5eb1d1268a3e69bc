"""Luma, hue and skin of one frame, on a small picture: what the recovery did to tones and colours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma, rgb_to_ycbcr
from film_recovery.outliers.relation import Relation, relation

WIDTH = 240  # pixels: grain is averaged away, colours are not
SMOOTHED = 2.0  # of its pixels: or grain would choose what is skin, where colours are near its limits
AVERAGED = 4.0  # of its pixels, where luma's mean is asked for: grain would flatten the curve of tones, else
VARIED = (
    1.0,
    4.0,
)  # pixels: above, and between them, lie bands whose power says what luma's mean gains by detail
ENDS = (0.002, 0.998)  # encoded: what lies there, or beyond, may be cut off
THINNED = 2  # pixels: between them, averages have nothing else to say
MOST_CUT = 0.5  # of what surrounds a place, and
LEAST_LEFT = 0.05  # of the picture: with less, nothing is said of its luma
# Skin of all complexions lies in a narrow range of hue: Cr − Cb plane, encoded Rec.709, degrees from Cb towards Cr.
SKIN_HUE = (105.0, 150.0)
SKIN_CHROMA = (0.03, 0.20)
SKIN_LUMA = (0.15, 0.90)


@dataclass(frozen=True, eq=False)
class Tone:
    """``whole``: features (the first is 1) to Y, Cb, Cr. ``skin``, ``rest``: the same of what the frame's own relation
    gives the colour of skin, and of what it does not. ``share``: of skin in the picture, 0–1. ``light``: features and
    the power of detail to Y, of what the Source has not cut off; None where too little is left."""

    whole: Relation
    skin: Relation
    rest: Relation
    share: float
    light: Relation | None


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
    light = _light(source, recovered)
    return Tone(whole, _of(x, two, skin), _of(x, two, ~skin), share, light)


def _light(source: Pixels, recovered: Pixels) -> Relation | None:
    """Averaged widely: of single pixels, grain would choose the tone, and a large plain area whose light goes up and
    down would seem to be recovered too faintly. What is averaged has more in it than its mean: where detail is sharper
    than in the Source, luma is another. Pixels that the Source has cut off have no say, one by one: what the recovery
    alone cuts off is its own doing."""
    whole = _whole(source)

    def averaged(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        little = smaller(np.ascontiguousarray(plane), WIDTH)
        return np.asarray(
            cv2.GaussianBlur(little, (0, 0), AVERAGED)[::THINNED, ::THINNED].ravel(), np.float32
        )

    weight = averaged(whole)
    left = weight >= 1 - MOST_CUT
    if np.count_nonzero(left) < LEAST_LEFT * left.size:
        return None

    def known(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Averages of what is not cut off."""
        return averaged(plane * whole)[left] / weight[left]

    ycc = rgb_to_ycbcr(np.stack([known(plane) for plane in np.moveaxis(source, -1, 0)], axis=-1))
    columns = [features(ycc)]
    fine = np.ascontiguousarray(luma(source))
    for one, two in pairwise([fine, *(cv2.GaussianBlur(fine, (0, 0), sigma) for sigma in VARIED)]):
        power = known((one - two) ** 2)[:, None]
        columns += [power, power * ycc[:, :1]]
    return relation(np.concatenate(columns, axis=1), known(luma(recovered))[:, None])


def _whole(picture: Pixels) -> NDArray[np.float32]:
    """0 where any colour is at the upper end, or all at the lower, else 1."""
    red, green, blue = np.moveaxis(picture, -1, 0)
    most = np.maximum(np.maximum(red, green), blue)
    return ((most > ENDS[0]) & (most < ENDS[1])).astype(np.float32)


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
