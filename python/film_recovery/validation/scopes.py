"""Waveform and vectorscope of a picture, as pictures: what a colourist compares before believing a recovery.

Spatial recovery shows in the waveform's Y and leaves the vectorscope as it is; colour recovery the other way round.
Both are of Rec.709 luma and chroma of encoded values, 0–1. Brighter means more pixels, on a logarithmic scale that is
the same for equal numbers of pixels.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import chroma, luma

WIDTH, HEIGHT = 512, 256  # of a waveform; a vectorscope is HEIGHT × HEIGHT
REACH = 0.1  # of a waveform below 0 and above 1
WIDEST = 0.55  # Cb and Cr at the rim of a vectorscope; a saturated primary reaches 0.5
_GRID = 70
_LINES = (0.0, 0.25, 0.5, 0.75, 1.0)
_TARGETS = (
    (1, 0, 0),
    (1, 1, 0),
    (0, 1, 0),
    (0, 1, 1),
    (0, 0, 1),
    (1, 0, 1),
)  # at 75 %, as graticules have them

Picture = NDArray[np.uint8]


def waveform(picture: Pixels) -> Picture:
    """Luma over the width of ``picture`` (encoded, H×W×3): HEIGHT × WIDTH × 3, white up, −0.1 to 1.1."""
    y = luma(picture)
    y = np.repeat(y, math.ceil(WIDTH / y.shape[1]), axis=1)  # no column of the scope is left without
    columns = np.broadcast_to(np.arange(y.shape[1]) * WIDTH // y.shape[1], y.shape)
    rows = _rows(y)
    trace = np.bincount((rows * WIDTH + columns).ravel(), minlength=HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    image = _shown(trace, y.size)
    for line in _LINES:
        row = int(_rows(np.array([line]))[0])
        image[row] = np.maximum(image[row], _GRID)
    return image


def vectorscope(picture: Pixels) -> Picture:
    """Cb across, Cr up, of ``picture`` (encoded, H×W×3): HEIGHT × HEIGHT × 3; 75 % targets and the line of skin."""
    places = _places(chroma(picture).reshape(-1, 2))
    trace = np.bincount(places[:, 1] * HEIGHT + places[:, 0], minlength=HEIGHT * HEIGHT)
    image = _shown(trace.reshape(HEIGHT, HEIGHT), places.shape[0])
    middle, rim = (HEIGHT - 1) // 2, round(HEIGHT * 0.5 / (2 * WIDEST))
    cv2.circle(image, (middle, middle), rim, (_GRID,) * 3, 1, cv2.LINE_AA)
    image[middle] = np.maximum(image[middle], _GRID)
    image[:, middle] = np.maximum(image[:, middle], _GRID)
    for target in _TARGETS:
        corner = np.array([target], np.float32) * np.float32(0.75)
        x, y = (int(part) for part in _places(chroma(corner))[0])
        colour = tuple(int(90 + 130 * part) for part in target)
        cv2.rectangle(image, (x - 4, y - 4), (x + 4, y + 4), colour, 1)
    angle = math.radians(123)  # the line of skin: 33° before the red axis
    end = (round(middle + rim * math.cos(angle)), round(middle - rim * math.sin(angle)))
    cv2.line(image, (middle, middle), end, (_GRID + 30,) * 3, 1, cv2.LINE_AA)
    return image


def side_by_side(pictures: list[Picture]) -> Picture:
    """In one row, a grey line between them."""
    line = np.full((pictures[0].shape[0], 4, 3), 128, np.uint8)
    parts = [part for picture in pictures for part in (line, picture)][1:]
    return np.ascontiguousarray(np.concatenate(parts, axis=1))


def _rows(y: NDArray[np.floating]) -> NDArray[np.intp]:
    share = (1 + REACH - y) / (1 + 2 * REACH)
    return np.clip(np.round(share * (HEIGHT - 1)), 0, HEIGHT - 1).astype(np.intp)


def _places(cbcr: NDArray[np.floating]) -> NDArray[np.intp]:
    across = (cbcr[:, 0] / (2 * WIDEST) + 0.5) * (HEIGHT - 1)
    down = (0.5 - cbcr[:, 1] / (2 * WIDEST)) * (HEIGHT - 1)
    return np.clip(np.round(np.stack([across, down], axis=1)), 0, HEIGHT - 1).astype(np.intp)


def _shown(trace: NDArray[np.intp], count: int) -> Picture:
    """Counts as grey levels; where four of ten thousand of all ``count`` pixels are, it is white."""
    full = math.log1p(4e-4 * count)
    grey = np.clip(np.log1p(trace) / max(full, 1.0), 0, 1)
    return np.repeat((grey * 235).astype(np.uint8)[..., None], 3, axis=2)
