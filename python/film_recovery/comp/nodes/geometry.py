"""Geometry nodes: Crop, Reformat, Transform, CornerPin2D. All pixels are moved by ``comp/resample.py``.

Nuke joins neighbouring transforms into one resampling (concatenation); here each node resamples on its own,
so a chain of transforms is slightly softer than in Nuke. Motion blur and the ``clamp`` of overshoot are
refused. *Unconfirmed*: the exact bounding boxes. Nuke adds a pixel of black around many boxes to mark the
outside as black; a Frame is black outside its box anyway, so none is added.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from film_recovery.comp.call import NodeCall
from film_recovery.comp.kernels import Filter, find_filter
from film_recovery.comp.matrices import moved, pin_matrix, transform_matrix
from film_recovery.comp.pixelwise import only
from film_recovery.comp.registry import register
from film_recovery.comp.resample import LARGEST, replicated, resample
from film_recovery.comp.sampling import Matrix
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Box, Format, Frame

_GUIDE = "https://learn.foundry.com/nuke/content/reference_guide/transform_nodes/"
_FILTERS = "impulse linear cubic Keys Simon Rifman Mitchell Parzen notch Lanczos4 Lanczos6 sinc4".split()
_SAMPLING: Mapping[str, Any] = MappingProxyType({"filter": "cubic", "clamp": False})
_MOTION: Mapping[str, Any] = MappingProxyType({**_SAMPLING, "black_outside": True, "motionblur": 0})
_SHUTTER = ("shutter", "shutteroffset", "shuttercustomoffset")
_WHOLE = 1e-4  # a box side this close to a whole pixel is one: expressions and 32-bit curves round


def _filter(call: NodeCall) -> Filter:
    try:
        return find_filter(call.choice("filter", tuple(_FILTERS)))
    except FilmRecoveryError as error:
        raise call.error(error.message, knob="filter", remedy=error.remedy) from None


# --- Crop -------------------------------------------------------------------------------------------------


@register(
    "Crop",
    knobs={
        "box": "0 0 {width} {height}",
        "softness": 0,
        "reformat": False,
        "intersect": False,
        "crop": True,
    },
    ignored=("preset", "reset"),
    source=_GUIDE + "crop.html",
)
def crop(call: NodeCall) -> Frame:
    """Keeps what is inside ``box``; the bbox becomes the box, cut to the incoming bbox with ``intersect``.

    ``crop`` (black outside) on: black outside the box. Off: the outermost kept pixels continue to the edges
    of the output format, and the bbox with them (Nuke continues them without end). ``reformat`` makes the box
    the format, its lower left corner the origin. A fractional box keeps every pixel that it touches, whole
    (Nuke's rounding is unconfirmed). ``softness`` other than 0 is not implemented.
    """
    if any(call.numbers("softness", 2)):
        raise call.error(
            "A softness other than 0 is not implemented.", knob="softness", remedy="set softness to 0"
        )
    frame = call.input(0)
    box = _touched(call, call.numbers("box", 4))
    kept = box.intersect(frame.bbox) if call.boolean("intersect") else box
    if kept.empty:
        kept = Box(box.x, box.y, box.x, box.y)
    reformatted = call.boolean("reformat")
    if call.boolean("crop"):
        made = frame.cropped(kept)
    else:
        shown = box if reformatted else frame.format.box
        made = replicated(frame.cropped(box.intersect(frame.bbox)), kept.union(shown))
    if not reformatted:
        return made
    format = Format(box.width, box.height, frame.format.pixel_aspect)
    return replace(made, bbox=made.bbox.moved(-box.x, -box.y), format=format)


def _touched(call: NodeCall, sides: tuple[float, ...]) -> Box:
    if not all(math.isfinite(side) for side in sides):
        raise call.error(f"The box {sides} is not finite.", knob="box", remedy="check the box's expressions")
    x, y, r, t = sides
    box = Box(
        math.floor(x + _WHOLE),
        math.floor(y + _WHOLE),
        math.ceil(r - _WHOLE),
        math.ceil(t - _WHOLE),
    )
    if box.empty:
        raise call.error(
            f"The box {x:g} {y:g} {r:g} {t:g} is empty: right and top must exceed left and bottom.",
            knob="box",
            remedy="draw the box again",
        )
    if box.width * box.height > LARGEST:
        raise call.error(
            f"The box {box} holds {box.width * box.height:.1e} pixels, more than {LARGEST:.0e}.",
            knob="box",
            remedy="check the box's numbers and expressions",
        )
    return box


# --- Reformat ---------------------------------------------------------------------------------------------


@register(
    "Reformat",
    knobs={
        "type": "to format",
        "format": "",
        "box_width": 200,
        "box_height": 200,
        "box_fixed": False,
        "box_pixel_aspect": 1.0,
        "scale": 1.0,
        "resize": "width",
        "center": True,
        "flip": False,
        "flop": False,
        "turn": False,
        "black_outside": False,
        "pbb": False,
        **_SAMPLING,
    },
    source=_GUIDE + "reformat.html",
)
def reformat(call: NodeCall) -> Frame:
    """Fits the picture into another format.

    ``resize``: *width* and *height* fill that side, *fit* the smaller and *fill* the larger, *distort* both,
    *none* keeps the pixels; pixel aspects are respected except by none and distort. ``center`` puts the
    middle onto the middle (with none, by whole pixels), else the lower left corners meet. ``flip`` mirrors
    top and bottom, ``flop`` left and right, then ``turn`` is a quarter clockwise (order and direction
    unconfirmed). *to box* without ``box_fixed`` keeps the picture's shape: the side that ``resize`` does not
    name follows. *scale* multiplies the format, rounded to whole pixels, and the picture is fitted to what
    came out. The bbox is cut to the new format unless ``pbb``. ``black_outside`` off: the picture's edge is
    not blended with black. Nuke then continues the edge over the rest of the format; here that rest is black,
    whatever the knob says.
    """
    only(call, {"clamp": False})
    frame = call.input(0)
    resize = call.choice("resize", ("none", "width", "height", "fit", "fill", "distort"))
    upright = _upright(call, frame.format)
    target, scale_x, scale_y = _target(call, upright, resize)
    matrix = np.diag([scale_x, scale_y, 1.0]) @ _oriented(call, frame.format)
    if call.boolean("center"):
        x, y = (target.width - upright.width * scale_x) / 2, (target.height - upright.height * scale_y) / 2
        matrix = (moved(math.floor(x), math.floor(y)) if resize == "none" else moved(x, y)) @ matrix
    clip = None if call.boolean("pbb") else target.box
    if call.boolean("black_outside"):
        return resample(frame, matrix, _filter(call), format=target, clip=clip)
    covered = _covered(frame.bbox, matrix)
    clip = covered if clip is None else covered.intersect(clip)
    return resample(frame, matrix, _filter(call), format=target, clip=clip, replicate=True)


def _upright(call: NodeCall, source: Format) -> Format:
    """The source's format as it lies after ``turn``."""
    if not call.boolean("turn"):
        return source
    return Format(source.height, source.width, 1 / source.pixel_aspect)


def _oriented(call: NodeCall, source: Format) -> Matrix:
    matrix = np.eye(3)
    if call.boolean("flip"):
        matrix = np.array([[1.0, 0, 0], [0, -1, source.height], [0, 0, 1]]) @ matrix
    if call.boolean("flop"):
        matrix = np.array([[-1.0, 0, source.width], [0, 1, 0], [0, 0, 1]]) @ matrix
    if call.boolean("turn"):
        matrix = np.array([[0, 1.0, 0], [-1, 0, source.width], [0, 0, 1]]) @ matrix
    return matrix


def _target(call: NodeCall, source: Format, resize: str) -> tuple[Format, float, float]:
    """The new format, and how many of its pixels one source pixel becomes along x and y."""
    kind = call.choice("type", ("to format", "to box", "scale"))
    if kind == "to format":
        target = call.format("format")
    elif kind == "to box":
        target = _format(
            call, call.number("box_width"), call.number("box_height"), call.number("box_pixel_aspect")
        )
    else:
        factors = call.numbers("scale", 2)
        target = _format(call, source.width * factors[0], source.height * factors[1], source.pixel_aspect)
    scale_x, scale_y = _scales(source, target, resize)
    if kind == "to box" and not call.boolean("box_fixed"):
        target = _format(call, source.width * scale_x, source.height * scale_y, target.pixel_aspect)
        scale_x, scale_y = _scales(source, target, resize)
    return target, scale_x, scale_y


def _scales(source: Format, target: Format, resize: str) -> tuple[float, float]:
    if resize == "none":
        return 1.0, 1.0
    x, y = target.width / source.width, target.height / source.height
    if resize == "distort":
        return x, y
    squeeze = source.pixel_aspect / target.pixel_aspect
    tall = {"width": x / squeeze, "height": y, "fit": min(x / squeeze, y), "fill": max(x / squeeze, y)}[
        resize
    ]
    return tall * squeeze, tall


def _format(call: NodeCall, width: float, height: float, aspect: float) -> Format:
    if not (0.5 <= width < 1e6 and 0.5 <= height < 1e6 and aspect > 0):
        raise call.error(
            f"The new format would be {width:g} x {height:g} pixels, pixel aspect {aspect:g}.",
            knob="type",
            remedy="give a size above zero",
        )
    return Format(max(1, round(width)), max(1, round(height)), aspect)


def _covered(box: Box, matrix: Matrix) -> Box:
    """The pixels that the moved box touches."""
    corners = matrix @ np.array([[box.x, box.r], [box.y, box.t], [1.0, 1.0]])
    x, y = corners[:2].min(axis=1)
    r, t = corners[:2].max(axis=1)
    return Box(math.floor(x + _WHOLE), math.floor(y + _WHOLE), math.ceil(r - _WHOLE), math.ceil(t - _WHOLE))


# --- Transform, CornerPin2D -------------------------------------------------------------------------------


@register(
    "Transform",
    knobs={
        "translate": 0.0,
        "rotate": 0.0,
        "scale": 1.0,
        "skewX": 0.0,
        "skewY": 0.0,
        "skew_order": "XY",
        "center": "{width/2} {height/2}",
        "invert_matrix": False,
        **_MOTION,
    },
    ignored=_SHUTTER,
    source=_GUIDE + "transform.html",
)
def transform(call: NodeCall) -> Frame:
    """Skews, scales, rotates (degrees, counter-clockwise) about ``center``, then translates.

    The matrix is translate · centre · rotate · scale · skew · −centre. Pixel aspect is not taken into
    account. *Unconfirmed*: that skews are tangents, x' = x + skewX · y and y' = y + skewY · x, their order
    relative to scale, and that a centre which the script does not save is the middle of the format.
    """
    only(call, {"clamp": False, "motionblur": 0})
    matrix = transform_matrix(
        call.numbers("translate", 2),
        call.number("rotate"),
        call.numbers("scale", 2),
        (call.number("skewX"), call.number("skewY")),
        call.choice("skew_order", ("XY", "YX")),
        call.numbers("center", 2),
    )
    return _resampled(call, matrix, "invert_matrix")


@register(
    "CornerPin2D",
    knobs={
        **{f"{side}1": "0 0" for side in ("from", "to")},
        **{f"{side}2": "{width} 0" for side in ("from", "to")},
        **{f"{side}3": "{width} {height}" for side in ("from", "to")},
        **{f"{side}4": "0 {height}" for side in ("from", "to")},
        **{f"enable{corner}": True for corner in range(1, 5)},
        "invert": False,
        **_MOTION,
    },
    ignored=(*_SHUTTER, "copy_from", "copy_to", "set_to_input"),
    source=_GUIDE + "cornerpin.html",
)
def corner_pin(call: NodeCall) -> Frame:
    """Moves the corners from1 … from4 (lower left, lower right, upper right, upper left) to to1 … to4.

    Four pairs give a perspective, three an affine map, two a move with rotation and scale, one a move.
    """
    only(call, {"clamp": False, "motionblur": 0})
    corners = [corner for corner in range(1, 5) if call.boolean(f"enable{corner}")]
    source = np.array([call.numbers(f"from{corner}", 2) for corner in corners])
    target = np.array([call.numbers(f"to{corner}", 2) for corner in corners])
    matrix = pin_matrix(source, target)
    if matrix is None:
        raise call.error(
            "The corners lie on one line or on one another, so there is no transform between them.",
            knob=f"to{corners[-1]}",
            remedy="move the corners apart",
        )
    return _resampled(call, matrix, "invert")


def _resampled(call: NodeCall, matrix: Matrix, invert: str) -> Frame:
    if not np.all(np.isfinite(matrix)):
        raise call.error(
            "The transform's knobs are not all finite numbers.", remedy="check keys and expressions"
        )
    if call.boolean(invert):
        if abs(np.linalg.det(matrix)) < 1e-12:
            raise call.error(
                "The transform has no inverse.", knob=invert, remedy="give it a scale above zero"
            )
        matrix = np.asarray(np.linalg.inv(matrix))
    frame = call.input(0)
    if call.boolean("black_outside"):
        return resample(frame, matrix, _filter(call))
    return resample(frame, matrix, _filter(call), replicate=True)
