"""From two pictures to measured tiles and one model of the pair: how the Quality Control of stage 2 goes about it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.registration import field as fields
from film_recovery.registration.field import Field
from film_recovery.registration.tile_shift import Shifts, Spectra, detail, grid

Array = NDArray[Any]

TILES_ACROSS = (
    22  # a tile is about the width over this: fine enough for a heat-map, large enough for soft pictures
)
SMALLEST, LARGEST = (
    64,
    128,
)  # pixels; with 48 a picture 2 px softer than the other was measured in half its tiles
MANY = 800  # tiles; beyond it they overlap less
FEW = 0.5  # share of tiles measured from a start at zero below which a large displacement is looked for
_FACTOR = 4  # the large displacement is looked for in pictures smaller by this
_PASSES = 3


def tile_side(width: int) -> int:
    """Pixels, a multiple of 32, for a picture of ``width``."""
    return int(np.clip(round(width / TILES_ACROSS / 32) * 32, SMALLEST, LARGEST))


def tile_corners(counts: Array, side: int) -> Array:
    """Top left corners (rows, columns, 2) of the tiles, over the box of the places that count."""
    rows, columns = np.flatnonzero(counts.any(1)), np.flatnonzero(counts.any(0))
    if not rows.size or rows[-1] + 1 - rows[0] < side or columns[-1] + 1 - columns[0] < side:
        return np.zeros((0, 0, 2), int)
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    area = (box[2] - box[0]) * (box[3] - box[1])
    step = int(np.clip(np.sqrt(area / MANY), side / 2, side))
    return grid(box, side, step)


def measured(planes: tuple[Array, Array], counts: Array, side: int, corners: Array) -> tuple[Shifts, Field]:
    """Tiles and model of two planes (H×W float32). ``corners`` (N, 2)."""
    spectra = Spectra(detail(planes[0], counts, side), detail(planes[1], counts, side), counts, side)
    height, width = counts.shape
    centre, reach = np.array([width / 2, height / 2]), float(np.hypot(width, height) / 2)
    shifts, field = _started(spectra, planes, counts, corners, (centre, reach))
    at = shifts.centre
    spectra.weigh(corners, field.at(at))
    shifts = spectra.measure(corners, field.at(at))
    good = shifts.state < 2
    guess = fields.first_guess(at[good], shifts.shift[good], shifts.information[good], centre, reach)
    field = guess
    if good.sum() >= 4:
        for _ in range(_PASSES):
            field = fields.improve(field, at, *spectra.slopes(corners, field.at(at)))
    if not np.isfinite(field.values).all() or np.abs(field.at(at) - guess.at(at)).max(initial=0) > side / 4:
        field = guess  # the tiles' likelihoods lead nowhere: keep what the tiles said
    return shifts, fields.plain(field)


def _started(
    spectra: Spectra, planes: tuple[Array, Array], counts: Array, corners: Array, frame: tuple[Array, float]
) -> tuple[Shifts, Field]:
    """A first measurement: from zero, and, where that finds few tiles, from zero blindly, and from small pictures."""
    zero = np.zeros((len(corners), 2))
    best = None
    for attempt in (_from_zero, _blind, _from_small):
        start = attempt(spectra, planes, counts, corners, zero)
        if start is None:
            continue
        shifts = spectra.measure(corners, start)
        good = shifts.state < 2
        guess = fields.first_guess(shifts.centre[good], shifts.shift[good], shifts.information[good], *frame)
        follow = float(guess.follows.sum()) / max(1, int((shifts.state < 4).sum()))
        if best is None or follow > best[0]:
            best = follow, shifts, guess
        if follow >= FEW:
            break
    assert best is not None
    return best[1], best[2]


def _from_zero(spectra: Spectra, planes: Any, counts: Array, corners: Array, zero: Array) -> Array:
    spectra.weigh(corners, zero)
    return zero


def _blind(spectra: Spectra, planes: Any, counts: Array, corners: Array, zero: Array) -> Array:
    spectra.weigh_blindly()
    return zero


def _from_small(
    spectra: Spectra, planes: tuple[Array, Array], counts: Array, corners: Array, zero: Array
) -> Array | None:
    height, width = counts.shape
    factor = _FACTOR if min(height, width) / _FACTOR >= 1.5 * SMALLEST else 2
    size = width // factor, height // factor
    if min(size) < SMALLEST:
        return None
    scale = np.array([width / size[0], height / size[1]])
    covered = cv2.resize(counts.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    at = tile_corners(covered, SMALLEST).reshape(-1, 2)
    if not len(at):
        return None
    coarse = Spectra(
        detail(small[0], covered, SMALLEST), detail(small[1], covered, SMALLEST), covered, SMALLEST
    )
    coarse.weigh_blindly()
    shifts = coarse.measure(at, np.zeros((len(at), 2)))
    good = shifts.state < 2
    centre, reach = np.array(size) / 2.0, float(np.hypot(*size) / 2)
    field = fields.first_guess(
        shifts.centre[good], shifts.shift[good], shifts.information[good], centre, reach
    )
    return np.asarray(field.at((corners + spectra.side / 2) / scale) * scale)
