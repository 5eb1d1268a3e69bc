"""Weighted sums of source pixels: the two ways in which :mod:`film_recovery.comp.resample` makes new pixels.

``separable`` filters rows and columns one after the other; ``gathered`` looks up every tap of every pixel, in
blocks of rows. Coordinates are Nuke's; ``inverse`` maps destination to source; beyond the source's bounding
box pixels are black, or the outermost ones with ``replicate``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.comp.kernels import Filter
from film_recovery.imaging.frame import Box, Frame

Matrix = NDArray[np.floating[Any]]
Array = NDArray[Any]

WHOLE = 1e-7  # a coordinate this close to a whole pixel is one (32-bit curves are no better)
WIDEST = 64.0  # most source pixels under one output pixel; near a horizon there would be any number
LONGEST = 31_000  # longest side of a picture that is gathered: look-up tables hold 16 bits
_ROWS = 64  # rows of one gather block: keeps its arrays in the processor's cache


def widths(inverse: Matrix, x: Any, y: Any, filter: Filter) -> tuple[Any, Any]:
    """How many source pixels, along source x and y, lie under one output pixel at (x, y); at least one."""
    if not filter.widens:
        return np.ones_like(x + y), np.ones_like(x + y)
    w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
    out = []
    for row in (0, 1):
        s = (inverse[row, 0] * x + inverse[row, 1] * y + inverse[row, 2]) / w
        dx = (inverse[row, 0] - s * inverse[2, 0]) / w
        dy = (inverse[row, 1] - s * inverse[2, 1]) / w
        out.append(np.maximum(1.0, np.hypot(dx, dy)))
    return out[0], out[1]


# --- rows and columns -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Axis:
    """How the pixels of one axis are made: ``weights[i]`` on the source pixels from ``first[i]`` on."""

    first: NDArray[np.int64]
    weights: NDArray[np.float32]


def separable(frame: Frame, inverse: Matrix, filter: Filter, box: Box, replicate: bool) -> Array:
    """The pixels of ``box``, H×W×C, for an affine ``inverse`` whose rows stay rows or become columns."""
    inverse = inverse / inverse[2, 2]
    pixels = frame.pixels
    turned = abs(inverse[0, 0]) < abs(inverse[0, 1])
    columns = (inverse[0, 1], inverse[0, 2]) if turned else (inverse[0, 0], inverse[0, 2])
    rows = (inverse[1, 0], inverse[1, 2]) if turned else (inverse[1, 1], inverse[1, 2])
    # Source x is driven by destination y when the picture is turned, and the other way round.
    x_places = (box.y, box.t) if turned else (box.x, box.r)
    y_places = (box.x, box.r) if turned else (box.y, box.t)
    along_y = _axis(*rows, *y_places, frame.bbox.y, filter)
    along_x = _axis(*columns, *x_places, frame.bbox.x, filter)
    # The pass that leaves fewer pixels first.
    if len(along_y.first) * frame.bbox.width <= len(along_x.first) * frame.bbox.height:
        pixels = _turn(_filter_rows(_turn(_filter_rows(pixels, along_y, replicate)), along_x, replicate))
    else:
        pixels = _filter_rows(_turn(_filter_rows(_turn(pixels), along_x, replicate)), along_y, replicate)
    return _turn(pixels) if turned else pixels


def _turn(pixels: Array) -> Array:
    return np.ascontiguousarray(pixels.transpose(1, 0, 2))


def _axis(slope: float, offset: float, start: int, stop: int, origin: int, filter: Filter) -> _Axis:
    """Taps of outputs ``start`` … ``stop``, whose centres lie at ``slope * centre + offset`` in the source."""
    centres = (np.arange(start, stop) + 0.5) * slope + offset - origin - 0.5  # in source pixel indices
    nearest = np.rint(centres)
    centres = np.where(np.abs(centres - nearest) <= WHOLE, nearest, centres)
    width = max(1.0, abs(slope)) if filter.widens else 1.0
    support = filter.radius * width
    first = np.ceil(centres - support - WHOLE).astype(np.int64)
    taps = int(np.max(np.floor(centres + support + WHOLE).astype(np.int64) - first)) + 1
    distance = (first[:, None] + np.arange(taps)) - centres[:, None]
    weights = filter.weight(distance / width)
    return _Axis(first, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))


def _filter_rows(pixels: Array, axis: _Axis, replicate: bool) -> Array:
    """Rows weighed and summed: (N, W, C) → (len(axis.first), W, C)."""
    height, width, channels = pixels.shape
    taps = axis.weights.shape[1]
    low = min(0, int(axis.first.min()))
    high = max(height, int(axis.first.max()) + taps)
    if replicate:
        rows = np.clip(np.arange(low, high), 0, height - 1)
        padded = pixels[rows].reshape(high - low, width * channels)
    else:
        padded = np.zeros((high - low, width * channels), np.float32)
        padded[-low : height - low] = pixels.reshape(height, width * channels)
    out = np.empty((len(axis.first), width * channels), np.float32)
    for index, start in enumerate(axis.first - low):
        np.matmul(axis.weights[index], padded[start : start + taps], out=out[index])
    return out.reshape(-1, width, channels)


# --- everything else --------------------------------------------------------------------------------------


def gathered(frame: Frame, inverse: Matrix, filter: Filter, box: Box, replicate: bool) -> Array:
    """The pixels of ``box``, H×W×C, for any ``inverse``; black behind the horizon of a perspective."""
    out = np.empty((box.height, box.width, len(frame.channels)), np.float32)
    x = np.arange(box.x, box.r, dtype=np.float64)[None, :] + 0.5
    source = [
        np.ascontiguousarray(frame.pixels[:, :, group : group + 4]) for group in range(0, out.shape[2], 4)
    ]
    for start in range(box.y, box.t, _ROWS):
        stop = min(start + _ROWS, box.t)
        y = np.arange(start, stop, dtype=np.float64)[:, None] + 0.5
        block = out[start - box.y : stop - box.y]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            _gather(source, frame.bbox, inverse, filter, x, y, replicate, block)
    return out


def _gather(
    source: list[Array],
    bbox: Box,
    inverse: Matrix,
    filter: Filter,
    x: Array,
    y: Array,
    replicate: bool,
    out: Array,
) -> None:
    w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
    behind = w <= 0  # beyond the horizon there is no picture
    width_x, width_y = (
        np.minimum(np.where(behind, 1.0, width), WIDEST) for width in widths(inverse, x, y, filter)
    )
    left, weights_x = _taps(
        (inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) / w - bbox.x, width_x, filter
    )
    bottom, weights_y = _taps(
        (inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) / w - bbox.y, width_y, filter
    )
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    for group, pixels in enumerate(source):
        total = np.zeros((*out.shape[:2], pixels.shape[2]), np.float32)
        for row, weight_y in enumerate(weights_y):
            for column, weight_x in enumerate(weights_x):
                # Whole-pixel look-up only: cv2 quantises fractions to 1/32 pixel, so the weights are ours.
                places = np.stack([left + column, bottom + row], axis=-1)
                taken = cv2.remap(  # type: ignore[call-overload]
                    pixels, places, None, cv2.INTER_NEAREST, borderMode=border, borderValue=(0, 0, 0, 0)
                )
                total += taken.reshape(total.shape) * (weight_x * weight_y)[:, :, None]
        total[behind] = 0
        out[:, :, group * 4 : group * 4 + 4] = total


def _taps(place: Array, width: Array, filter: Filter) -> tuple[NDArray[np.int16], list[NDArray[np.float32]]]:
    """First source index and the weights of all taps, for source places in pixels from the bbox's edge."""
    limit = LONGEST + 4 * math.ceil(WIDEST)  # far outside is outside all the same
    centre = np.clip(np.where(np.isfinite(place), place, limit), -limit, limit) - 0.5
    support = filter.radius * width
    first = np.ceil(centre - support - WHOLE)
    count = int(np.max(np.floor(centre + support + WHOLE) - first)) + 1
    weights = [filter.weight((first + tap - centre) / width) for tap in range(count)]
    total = np.sum(weights, axis=0)
    return first.astype(np.int16), [(weight / total).astype(np.float32) for weight in weights]
