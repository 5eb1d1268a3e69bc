"""From two pictures to measured tiles and one model of the pair: how the Quality Control of stage 2 goes about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.registration import field as fields
from film_recovery.registration.field import Field
from film_recovery.registration.photometry import mixes
from film_recovery.registration.spots import toned, without_spots
from film_recovery.registration.tile_shift import Shifts, Spectra, detail, grid

Array = NDArray[Any]
Pair = tuple[Array, Array]

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
_UNLIKE = 0.05  # px²: less difference of sharpness moves nothing


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


def measured(views: Sequence[Pair], counts: Array, side: int, corners: Array) -> tuple[Shifts, Field]:
    """Tiles and model of two pictures. ``views``: their planes (H×W float32), encoded first, then in other domains.

    ``corners`` (N, 2). Measured in that view in which the two share most: lenses and copying blur light, and in encoded
    values a bright thing that was blurred in light is larger on all sides, by half a pixel if the blur is one pixel.
    """
    height, width = counts.shape
    centre, reach = np.array([width / 2, height / 2]), float(np.hypot(width, height) / 2)
    spectra = _spectra(views[0], counts, side)
    shifts, field = _started(spectra, views[0], counts, corners, (centre, reach))
    at = shifts.centre
    spectra = max((_alike(view, counts, side, corners, field.at(at)) for view in views), key=Spectra.shared)
    shifts = spectra.measure(corners, field.at(at))
    good = shifts.state < 2
    guess = fields.first_guess(at[good], shifts.shift[good], shifts.information[good], centre, reach)
    field = _improved(spectra, corners, guess) if good.sum() >= 4 else guess
    return shifts, fields.plain(field)


def measured_without_spots(
    source: Array, reference: Array, counts: Array, corners: Array, field: Field
) -> Field:
    """``field`` measured once more, the Source's specks filled and the Reference in its tone; itself without specks.

    H×W×3, encoded; ``corners`` (N, 2). The uncertainty stays that of the pictures as they are (the smaller one of the
    filled Source leaves out what tone and blur still do, and some errors were three times it), and so do the tiles that
    follow.
    """
    side = tile_side(counts.shape[1])
    mix = mixes(source, reference, counts, side / 8)[1].astype(np.float32)
    found = without_spots(source, reference @ mix, counts, field, side)
    if found is None:
        return field
    source, spots = found
    first, second = (each.astype(np.float32) for each in mixes(source, reference, counts, side / 8)[:2])
    plane = source @ first
    spectra = _spectra((plane, reference @ second), counts, side)
    spectra.weigh(corners, field.at(corners + side / 2))
    variance = max(spectra.sharper(), 0.0)
    soft = _softened(reference, counts, variance) if variance > _UNLIKE else reference
    alike = plane, toned(plane, soft, counts & ~spots, field, side)
    spectra = _alike(alike, counts, side, corners, field.at(corners + side / 2))
    anew = fields.plain(_improved(spectra, corners, field))
    return replace(field, values=anew.values)


def _improved(spectra: Spectra, corners: Array, guess: Field) -> Field:
    """``guess`` moved to where the likelihoods of the tiles at ``corners`` lead; itself where that is nowhere."""
    at, field = corners + spectra.side / 2, guess
    for _ in range(_PASSES):
        field = fields.improve(field, at, *spectra.slopes(corners, field.at(at)))
    far = np.abs(field.at(at) - guess.at(at)).max(initial=0) > spectra.side / 4
    return guess if far or not np.isfinite(field.values).all() else field


def _spectra(planes: Pair, counts: Array, side: int) -> Spectra:
    return Spectra(detail(planes[0], counts, side), detail(planes[1], counts, side), counts, side)


def _alike(planes: Pair, counts: Array, side: int, corners: Array, shift: Array) -> Spectra:
    """Weighed spectra of ``planes``, the sharper one softened to the other where they share more then.

    A tile's window cuts a blurred edge at another place than a sharp one, and so a lone object away from the tile's
    middle would seem to lie nearer to it, by the blur's variance times the slope of the window's logarithm. Dust is
    sharp as well, and softening the other's dust helps nothing: then the two share less.
    """
    spectra = _spectra(planes, counts, side)
    spectra.weigh(corners, shift)
    variance = spectra.sharper()
    if abs(variance) <= _UNLIKE:
        return spectra
    source, reference = planes
    if variance > 0:
        softened = source, _softened(reference, counts, variance)
    else:
        softened = _softened(source, counts, -variance), reference
    second = _spectra(softened, counts, side)
    second.weigh(corners, shift)
    return max(spectra, second, key=Spectra.shared)


def _softened(plane: Array, counts: Array, variance: float) -> Array:
    weight, sigma = counts.astype(np.float32), float(np.sqrt(variance))
    if plane.ndim == 3:
        weight = np.repeat(weight[..., None], plane.shape[2], 2)
    blurred, share = (
        cv2.GaussianBlur(each, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        for each in (plane * weight, weight)
    )
    return np.asarray(blurred / np.maximum(share, 1e-3), np.float32)


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
