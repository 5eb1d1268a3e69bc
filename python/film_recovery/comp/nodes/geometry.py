"""Geometry nodes: Crop, Reformat, Transform, CornerPin2D. All pixels are moved by ``comp/resample.py``.

Nuke joins neighbouring transforms into one resampling (concatenation); here each node resamples on its own, so
a chain of transforms is slightly softer than in Nuke. Motion blur and the ``clamp`` of overshoot are refused.
*Unconfirmed*: the exact bounding boxes. Nuke adds a pixel of black around many boxes to mark the outside as black;
a Frame is black outside its box anyway, so none is added.
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
from film_recovery.comp.pixelwise import only
from film_recovery.comp.registry import register
from film_recovery.comp.resample import Matrix, replicated, resample
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

    ``crop`` (black outside) on: black outside the box. Off: the outermost kept pixels continue to the edges of
    the output format, and the bbox with them (Nuke continues them without end). ``reformat`` makes the box the
    format, its lower left corner the origin. A fractional box keeps every pixel that it touches, whole (Nuke's
    rounding is unconfirmed). ``softness`` other than 0 is not implemented.
    """
    if any(call.numbers("softness", 2)):
        raise call.error("A softness other than 0 is not implemented.", knob="softness", remedy="set softness to 0")
    frame = call.input(0)
    box = _touched(call, call.numbers("box", 4))
    format = frame.format
    kept = box.intersect(frame.bbox) if call.boolean("intersect") else box
    if call.boolean("intersect") and kept.empty:
        kept = Box(box.x, box.y, box.x, box.y)
    made = frame.cropped(kept)
    if call.boolean("reformat"):
        format = Format(box.width, box.height, format.pixel_aspect)
        made = replace(made, bbox=made.bbox.moved(-box.x, -box.y), format=format)
    if not call.boolean("crop"):
        # The outermost pixels are those of the picture inside the box, not the black that the box may add.
        inside = made.cropped(made.bbox.intersect(_moved_like(frame.bbox, made.bbox, kept)))
        made = replicated(inside, made.bbox.union(format.box))
    return made


def _moved_like(box: Box, moved: Box, original: Box) -> Box:
    return box.moved(moved.x - original.x, moved.y - original.y)


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

    ``resize``: *width* and *height* fill that side, *fit* the smaller and *fill* the larger, *distort* both, *none*
    keeps the pixels; pixel aspects are respected except by none and distort. ``center`` puts the middle onto the
    middle, else the lower left corners meet. ``flip`` mirrors top and bottom, ``flop`` left and right, ``turn`` is a
    quarter clockwise. *to box* without ``box_fixed`` keeps the picture's shape: the side that ``resize`` does not
    name follows. *scale* multiplies the format, rounded to whole pixels; the picture is fitted to what came out.
    The bbox is cut to the new format unless ``pbb``. ``black_outside`` off means that edges continue (as in Nuke)
    inside the format; the order of the mirrorings is unconfirmed.
    """
    only(call, {"clamp": False})
    frame = call.input(0)
    source = frame.format
    turn = call.boolean("turn")
    shape = (source.height, source.width) if turn else (source.width, source.height)
    aspect = 1 / source.pixel_aspect if turn else source.pixel_aspect
    upright = Format(*shape, aspect)
    resize = call.choice("resize", ("none", "width", "height", "fit", "fill", "distort"))
    target = _target(call, upright, resize)
    scale_x, scale_y = _scales(call, upright, target, resize)
    matrix = _scaled(scale_x, scale_y) @ _oriented(call, source)
    middle = np.array([upright.width * scale_x / 2, upright.height * scale_y / 2])
    if call.boolean("center"):
        offset = np.array([target.width / 2, target.height / 2]) - middle
        if resize == "none":
            offset = np.floor(offset)  # whole pixels: nothing is filtered (unconfirmed which way halves go)
        matrix = _moved(*offset) @ matrix
    black_outside = call.boolean("black_outside")
    clip = None if call.boolean("pbb") else target.box
    made = resample(frame, matrix, _filter(call), format=target, clip=clip, replicate=False)
    if black_outside or made.bbox.empty:
        return made
    return _edges_kept(frame, made, matrix, call, target, clip)


def _edges_kept(
    frame: Frame, made: Frame, matrix: Matrix, call: NodeCall, target: Format, clip: Box | None
) -> Frame:
    """Without black outside: the picture's edge is not blended with black; other parts of the format stay black.

    Nuke continues the edge pixels over the rest of the format too. That would turn letterbox bars into smears in
    every later node that reads the whole format, so only the pixels that the picture covers are taken.
    """
    corners = matrix @ np.array(
        [[frame.bbox.x, frame.bbox.r], [frame.bbox.y, frame.bbox.t], [1.0, 1.0]], np.float64
    )
    low, high = corners[:2].min(axis=1), corners[:2].max(axis=1)
    covered = Box(
        math.floor(low[0] + _WHOLE),
        math.floor(low[1] + _WHOLE),
        math.ceil(high[0] - _WHOLE),
        math.ceil(high[1] - _WHOLE),
    )
    box = covered if clip is None else covered.intersect(clip)
    if box.empty:
        return made
    return resample(frame, matrix, _filter(call), format=target, clip=box, replicate=True)
