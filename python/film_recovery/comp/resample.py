"""Moving pixels: a Frame seen through a 3×3 matrix. The one resampler of all geometry nodes.

Where it stands: Transform, CornerPin2D and Reformat build a matrix and call :func:`resample`.

``matrix`` maps source to destination, both in Nuke's coordinates (pixel *centres* lie at n + 0.5). Every
output pixel is the filter-weighted mean of the source pixels around the place that the inverse matrix gives,
with the weights normalised to one. Where the picture shrinks, the filter is widened by the same factor,
separately along source x and y, so that every source pixel counts (what the DDImage ``Filter::get``
documentation calls width:
learn.foundry.com/nuke/developers/15.1/ndkreference/Plugins/classDD_1_1Image_1_1Filter.html).

Three ways, chosen by the matrix and not by the content:

* moves, flips and quarter turns by whole pixels copy (bit-exact, for every interpolating filter);
* axis-aligned matrices (fractional moves, scales) filter rows and columns one after the other;
* all others gather, in blocks of rows.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from film_recovery.comp.kernels import Filter
from film_recovery.comp.sampling import LONGEST, WHOLE, WIDEST, Array, Matrix, gathered, separable, widths
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Box, Format, Frame

LARGEST = 1 << 28  # pixels of one output bounding box: beyond it a wrong knob is more likely than a wish


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
    ``replicate``: the outermost pixels continue outwards (Nuke's *black outside* off); the output bbox then
    is ``clip`` or the format as well as the moved picture. Otherwise black surrounds the picture and its edge
    is blended with it, and the bbox grows by the reach of the filter. Raises FilmRecoveryError if the matrix
    cannot be inverted or the output would be absurdly large.
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
        pixels = separable(frame, inverse, filter, box, replicate)
    else:
        _check_gather(frame, matrix, inverse, filter)
        pixels = gathered(frame, inverse, filter, box, replicate)
    return replace(frame, pixels=np.ascontiguousarray(pixels), bbox=box, format=out_format)


def _check_gather(frame: Frame, matrix: Matrix, inverse: Matrix, filter: Filter) -> None:
    """What the gathering way cannot do is an error: sources of 32 000 pixels, and shrinking beyond WIDEST."""
    if max(frame.bbox.width, frame.bbox.height) > LONGEST:
        raise FilmRecoveryError(
            f"The picture is {frame.bbox.width} x {frame.bbox.height} pixels; a rotation takes up to {LONGEST}.",
            remedy="crop it first",
        )
    if _affine(matrix) and max(widths(inverse, 0.0, 0.0, filter)) > WIDEST:
        raise FilmRecoveryError(
            f"The picture is rotated or skewed and made more than {WIDEST:g} times smaller at once.",
            remedy="scale it down in a node of its own first",
        )


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
    return int(nearest) if abs(value - nearest) <= WHOLE else None


def _copied(frame: Frame, matrix: Matrix, filter: Filter) -> Frame | None:
    """The Frame if ``matrix`` only moves, flips or turns it by whole pixels and the filter keeps these."""
    if not filter.interpolating or not _affine(matrix):
        return None
    linear = matrix[:2, :2] / matrix[2, 2]
    signs = np.rint(linear)
    tolerance = WHOLE / max(frame.bbox.width, frame.bbox.height, 1)
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
    """The destination pixels that the picture can touch, filter support included. Near a horizon, where the
    filter widens from pixel to pixel, the widest at the corners is taken for all.

    ``horizon``: the answer where the picture reaches behind the horizon of a perspective.
    """
    corners = np.array([[x, y] for x in (source.x, source.r) for y in (source.y, source.t)], np.float64)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    if depth.min() <= 1e-6 * abs(depth).max():
        return horizon
    centres = _map(matrix, corners)
    width = np.max([widths(inverse, x, y, filter) for x, y in centres], axis=0)
    # The farthest centre that still weighs a source pixel is support away from that pixel's own centre.
    margin = np.maximum(0.0, filter.radius * np.minimum(width, WIDEST) - 0.5)
    grown = corners + np.sign(corners - corners.mean(axis=0)) * margin
    if (grown @ matrix[2, :2] + matrix[2, 2]).min() <= 1e-6 * abs(depth).max():
        return horizon
    moved = _map(matrix, grown)
    low, high = moved.min(axis=0), moved.max(axis=0)
    # A pixel is touched when its centre, half a pixel inside, lies within. On the border itself all weights
    # are zero, but for impulse, whose support is half-open.
    end = WHOLE if filter.radius == 0.5 else -WHOLE
    return Box(
        math.ceil(low[0] - 0.5 + WHOLE),
        math.ceil(low[1] - 0.5 + WHOLE),
        math.floor(high[0] + 0.5 + end),
        math.floor(high[1] + 0.5 + end),
    )
