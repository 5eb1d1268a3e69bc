"""Moving pixels: a Frame seen through a 3×3 matrix. The one resampler of all geometry nodes.

Where it stands: Transform, CornerPin2D and Reformat build a matrix and call :func:`resample`.

``matrix`` maps source to destination, both in Nuke's coordinates (pixel *centres* lie at n + 0.5). Every output
pixel is the filter-weighted mean of the source pixels around the place that the inverse matrix gives, with the
weights normalised to one. Where the picture shrinks, the filter is widened by the same factor, separately along
source x and y, so that every source pixel counts (what the DDImage ``Filter::get`` documentation calls width:
learn.foundry.com/nuke/developers/15.1/ndkreference/Plugins/classDD_1_1Image_1_1Filter.html).

Three ways, chosen by the matrix and not by the content:

* moves, flips and quarter turns by whole pixels copy (bit-exact, for every interpolating filter);
* axis-aligned matrices filter rows and columns one after the other (a fractional move is one convolution);
* all others gather, in blocks of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.comp.kernels import Filter
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Box, Format, Frame

Matrix = NDArray[np.float64]
Array = NDArray[Any]

LARGEST = 1 << 28  # pixels of one output bounding box: beyond it a wrong knob is more likely than a wish
_WHOLE = 1e-7  # a coordinate this close to a whole pixel is one (32-bit curves are no better)
_ROWS = 64  # rows of one gather block: keeps its arrays in the processor's cache
_WIDEST = 64.0  # source pixels under one output pixel near a horizon; more would only cost time


def resample(
    frame: Frame,
    matrix: Matrix,
    filter: Filter,
    *,
    format: Format | None = None,
    clip: Box | None = None,
    replicate: bool = False,
) -> Frame:
    """``frame`` moved by ``matrix`` (3×3, source → destination).

    ``format``: that of the output (default: the input's). ``clip``: the output bbox is cut to it.
    ``replicate``: the outermost pixels continue outwards (Nuke's *black outside* off); the output bbox then is
    ``clip`` or the format as well as the moved picture. Otherwise black surrounds the picture and its edge is
    blended with it, and the bbox grows by the reach of the filter.
    Raises FilmRecoveryError if the matrix cannot be inverted or the output would be absurdly large.
    """
    out_format = format or frame.format
    matrix = np.asarray(matrix, np.float64)
    inverse = _inverse(matrix)
    if frame.bbox.empty:
        return replace(frame, format=out_format)
    copied = _copied(frame, matrix, filter)
    box = copied.bbox if copied else _reach(frame.bbox, matrix, inverse, filter, clip or out_format.box)
    if replicate:
        box = box.union(clip or out_format.box)
    if clip is not None:
        box = box.intersect(clip)
    if box.empty:
        box = Box(0, 0, 0, 0)
    if box.width * box.height > LARGEST:
        raise FilmRecoveryError(
            f"The transformed picture would be {box.width} x {box.height} pixels.",
            remedy="check scale and corner knobs for a wrong value or key",
        )
    if copied:
        pixels = _spread(copied, box) if replicate else copied.cropped(box).pixels
    elif box.empty:
        pixels = np.zeros((0, 0, len(frame.channels)), np.float32)
    elif _axis_aligned(matrix):
        pixels = _separable(frame, inverse, filter, box, replicate)
    else:
        pixels = _gathered(frame, inverse, filter, box, replicate)
    return replace(frame, pixels=np.ascontiguousarray(pixels), bbox=box, format=out_format)


def replicated(frame: Frame, box: Box) -> Frame:
    """``frame`` over ``box``, its outermost pixels continued outwards. A Frame without pixels stays black."""
    if frame.bbox.empty:
        return frame.cropped(box)
    return replace(frame, pixels=_spread(frame, box), bbox=box)


def _spread(frame: Frame, box: Box) -> Array:
    rows = np.clip(np.arange(box.y, box.t) - frame.bbox.y, 0, frame.bbox.height - 1)
    columns = np.clip(np.arange(box.x, box.r) - frame.bbox.x, 0, frame.bbox.width - 1)
    return frame.pixels[rows[:, None], columns[None, :]]


def _inverse(matrix: Matrix) -> Matrix:
    determinant = float(np.linalg.det(matrix))
    if not math.isfinite(determinant) or abs(determinant) < 1e-12:
        raise FilmRecoveryError(
            "The transform flattens the picture (its matrix has no inverse).",
            remedy="give scale and corners values that keep an area",
        )
    return np.asarray(np.linalg.inv(matrix), np.float64)


# --- whole pixels -----------------------------------------------------------------------------------------


def _whole(value: float) -> int | None:
    nearest = round(value)
    return int(nearest) if abs(value - nearest) <= _WHOLE else None


def _copied(frame: Frame, matrix: Matrix, filter: Filter) -> Frame | None:
    """The Frame if ``matrix`` only moves, flips or turns by whole pixels and the filter keeps these; else None."""
    if not filter.interpolating or not _affine(matrix):
        return None
    linear = matrix[:2, :2] / matrix[2, 2]
    signs = np.rint(linear)
    tolerance = _WHOLE / max(frame.bbox.width, frame.bbox.height, 1)
    if not np.allclose(linear, signs, rtol=0, atol=tolerance) or abs(np.linalg.det(signs)) != 1:
        return None
    if np.abs(signs).sum() != 2:
        return None  # a shear by whole pixels
    corners = _map(matrix, np.array([[frame.bbox.x, frame.bbox.y], [frame.bbox.r, frame.bbox.t]], np.float64))
    ends = [_whole(value) for value in (*corners.min(axis=0), *corners.max(axis=0))]
    x, y, r, t = ends
    if x is None or y is None or r is None or t is None:
        return None
    pixels = frame.pixels
    if signs[0, 0] == 0:  # a quarter turn: rows become columns
        pixels = pixels.transpose(1, 0, 2)
    if signs[0].sum() < 0:
        pixels = pixels[:, ::-1]
    if signs[1].sum() < 0:
        pixels = pixels[::-1]
    return replace(frame, pixels=pixels, bbox=Box(x, y, r, t))


# --- boxes ------------------------------------------------------------------------------------------------


def _affine(matrix: Matrix) -> bool:
    return bool(np.all(np.abs(matrix[2, :2]) <= 1e-12 * abs(matrix[2, 2])))


def _axis_aligned(matrix: Matrix) -> bool:
    """Rows stay rows (or become columns) to within a thousandth of a pixel over any real picture."""
    if not _affine(matrix):
        return False
    linear = np.abs(matrix[:2, :2])
    small = 1e-9 * linear.max()
    return bool(max(linear[0, 1], linear[1, 0]) <= small or max(linear[0, 0], linear[1, 1]) <= small)


def _map(matrix: Matrix, points: Array) -> Array:
    """Points (N, 2) through ``matrix``; the homogeneous divide may give infinities at a horizon."""
    homogeneous = points @ matrix[:, :2].T + matrix[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def _reach(source: Box, matrix: Matrix, inverse: Matrix, filter: Filter, horizon: Box) -> Box:
    """The destination pixels that the picture can touch, filter support included.

    ``horizon``: the answer where the picture reaches behind the horizon of a perspective.
    """
    corners = np.array([[x, y] for x in (source.x, source.r) for y in (source.y, source.t)], np.float64)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    if depth.min() <= 1e-6 * abs(depth).max():
        return horizon
    centres = _map(matrix, corners)
    widths = np.max([_widths(inverse, x, y, filter) for x, y in centres], axis=0)
    # The farthest centre that still weighs a source pixel is support away from that pixel's own centre.
    margin = np.maximum(0.0, filter.radius * np.minimum(widths, _WIDEST) - 0.5)
    grown = corners + np.sign(corners - corners.mean(axis=0)) * margin
    if (grown @ matrix[2, :2] + matrix[2, 2]).min() <= 1e-6 * abs(depth).max():
        return horizon
    moved = _map(matrix, grown)
    low, high = moved.min(axis=0), moved.max(axis=0)
    # A pixel is touched when its centre, half a pixel inside, lies within. On the border itself all weights
    # are zero, but for impulse, whose support is half-open.
    end = _WHOLE if filter.radius == 0.5 else -_WHOLE
    return Box(
        math.ceil(low[0] - 0.5 + _WHOLE),
        math.ceil(low[1] - 0.5 + _WHOLE),
        math.floor(high[0] + 0.5 + end),
        math.floor(high[1] + 0.5 + end),
    )


def _widths(inverse: Matrix, x: Any, y: Any, filter: Filter) -> tuple[Any, Any]:
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
    """How the pixels of one axis are made: output ``i`` is ``weights[i] @ source[first[i] : first[i] + taps]``."""

    first: NDArray[np.int64]
    weights: NDArray[np.float32]


def _separable(frame: Frame, inverse: Matrix, filter: Filter, box: Box, replicate: bool) -> Array:
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
    """Taps of the outputs ``start`` … ``stop`` whose centres lie at ``slope * centre + offset`` in the source."""
    centres = (np.arange(start, stop) + 0.5) * slope + offset - origin - 0.5  # in source pixel indices
    nearest = np.rint(centres)
    centres = np.where(np.abs(centres - nearest) <= _WHOLE, nearest, centres)
    width = max(1.0, abs(slope)) if filter.widens else 1.0
    support = filter.radius * width
    first = np.ceil(centres - support - _WHOLE).astype(np.int64)
    taps = int(np.max(np.floor(centres + support + _WHOLE).astype(np.int64) - first)) + 1
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


def _gathered(frame: Frame, inverse: Matrix, filter: Filter, box: Box, replicate: bool) -> Array:
    out = np.empty((box.height, box.width, len(frame.channels)), np.float32)
    x = np.arange(box.x, box.r, dtype=np.float64)[None, :] + 0.5
    source = [np.ascontiguousarray(frame.pixels[:, :, group : group + 4]) for group in range(0, out.shape[2], 4)]
    for start in range(box.y, box.t, _ROWS):
        stop = min(start + _ROWS, box.t)
        y = np.arange(start, stop, dtype=np.float64)[:, None] + 0.5
        block = out[start - box.y : stop - box.y]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            _gather(source, frame.bbox, inverse, filter, x, y, replicate, block)
    return out


def _gather(
    source: list[Array], bbox: Box, inverse: Matrix, filter: Filter, x: Array, y: Array, replicate: bool, out: Array
) -> None:
    w = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2]
    behind = w <= 0  # beyond the horizon there is no picture
    width_x, width_y = (np.minimum(np.where(behind, 1.0, width), _WIDEST) for width in _widths(inverse, x, y, filter))
    left, weights_x = _taps((inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]) / w - bbox.x, width_x, filter)
    bottom, weights_y = _taps((inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]) / w - bbox.y, width_y, filter)
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    for group, pixels in enumerate(source):
        total = np.zeros((*out.shape[:2], pixels.shape[2]), np.float32)
        for row, weight_y in enumerate(weights_y):
            for column, weight_x in enumerate(weights_x):
                # Whole-pixel look-up only: cv2 quantises fractions to 1/32 pixel, so the weights are ours.
                places = np.stack([left + column, bottom + row], axis=-1)
                taken = cv2.remap(pixels, places, None, cv2.INTER_NEAREST, borderMode=border, borderValue=(0, 0, 0, 0))
                total += taken.reshape(total.shape) * (weight_x * weight_y)[:, :, None]
        total[behind] = 0
        out[:, :, group * 4 : group * 4 + 4] = total


def _taps(place: Array, width: Array, filter: Filter) -> tuple[NDArray[np.int16], list[NDArray[np.float32]]]:
    """First source index and the weights of all taps, for source places in pixels from the bbox's edge."""
    limit = 32000 - 4 * math.ceil(_WIDEST)  # look-up tables hold 16 bits; far outside is outside all the same
    centre = np.clip(np.where(np.isfinite(place), place, limit), -limit, limit) - 0.5
    support = filter.radius * width
    first = np.ceil(centre - support)
    count = int(np.max(np.floor(centre + support) - first)) + 1
    weights = [filter.weight((first + tap - centre) / width) for tap in range(count)]
    total = np.sum(weights, axis=0)
    return first.astype(np.int16), [(weight / total).astype(np.float32) for weight in weights]
