"""Expression and MergeExpression: arithmetic on every pixel.

The arithmetic is that of ``comp/expressions.py``; nothing is executed. Names: channels (``r g b a`` and full
names; in MergeExpression with ``A`` or ``B`` in front: ``Ar``, ``Brgba.red``), ``x y`` (whole pixel
coordinates), ``cx cy`` (x from −1 to 1 over the format's width, y in the same units; unconfirmed), ``width
height pixel_aspect`` of the format, ``frame``, and the temporary variables. Only the bounding box is
computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from film_recovery.comp import expressions
from film_recovery.comp.call import NodeCall
from film_recovery.comp.layers import named
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import ALPHA, RGB, Box, Frame

_SHORT = {**dict(zip("rgb", RGB, strict=True)), "a": ALPHA}
_COUNT = 4
_KNOBS: Mapping[str, Any] = MappingProxyType(
    {
        "channel0": "rgba.red -rgba.green -rgba.blue",
        "channel1": "-rgba.red rgba.green -rgba.blue",
        "channel2": "-rgba.red -rgba.green rgba.blue",
        "channel3": "none none none rgba.alpha",
        **{f"{kind}{index}": "" for index in range(_COUNT) for kind in ("expr", "temp_name", "temp_expr")},
    }
)


@register(
    "Expression",
    knobs=_KNOBS,
    source="https://learn.foundry.com/nuke/content/reference_guide/color_nodes/expression.html",
    mask=1,
)
def expression(call: NodeCall) -> Frame:
    """expr0 … expr3 into the channels of channel0 … channel3; an empty one changes nothing."""
    frame = call.input(0)
    return _computed(call, frame, {"": frame})


@register(
    "MergeExpression",
    knobs=_KNOBS,
    source="https://learn.foundry.com/nuke/content/reference_guide/merge_nodes/mergeexpression.html",
    mask=2,
)
def merge_expression(call: NodeCall) -> Frame:
    """As Expression, on A (input 1) and B (input 0) over both boxes; other channels are B's."""
    below, above = call.input(0), call.input(1)
    box = below.bbox.union(above.bbox)
    below, above = below.cropped(box), above.cropped(box)
    return _computed(call, below, {"A": above, "B": below})


def _computed(call: NodeCall, frame: Frame, sources: Mapping[str, Frame]) -> Frame:
    values = _variables(call, frame)
    for index in range(_COUNT):
        name = call.text(f"temp_name{index}").strip()
        if name:
            values[name] = _evaluate(call, f"temp_expr{index}", sources, values)
    out = frame
    for index in range(_COUNT):
        if not call.text(f"expr{index}").strip():
            continue
        made = _evaluate(call, f"expr{index}", sources, values)
        targets = named(call.text(f"channel{index}"), frame.channels)
        plane = np.broadcast_to(np.asarray(made, np.float32), frame.pixels.shape[:2])
        out = out.with_channels(targets, np.repeat(plane[:, :, None], len(targets), axis=2))
    return replace(out, metadata=frame.metadata)


def _variables(call: NodeCall, frame: Frame) -> dict[str, Any]:
    box, shape = frame.bbox, frame.format
    x, y = _coordinates(box)
    return {
        "x": x,
        "y": y,
        "cx": (x + 0.5) * 2 / shape.width - 1,
        "cy": ((y + 0.5) * 2 - shape.height) / (shape.width * shape.pixel_aspect),
        "width": float(shape.width),
        "height": float(shape.height),
        "pixel_aspect": shape.pixel_aspect,
        "frame": float(call.frame),
    }


def _coordinates(box: Box) -> tuple[Any, Any]:
    x = np.arange(box.x, box.r, dtype=np.float32)[None, :]
    y = np.arange(box.y, box.t, dtype=np.float32)[:, None]
    return x, y


def _evaluate(call: NodeCall, knob: str, sources: Mapping[str, Frame], values: Mapping[str, Any]) -> Any:
    def lookup(name: str) -> Any:
        if name in values:
            return values[name]
        for prefix, frame in sources.items():
            if name.startswith(prefix):
                channel = _SHORT.get(name.removeprefix(prefix), name.removeprefix(prefix))
                if channel in frame.channels:
                    return frame.channel(channel)
                if channel in _SHORT.values():
                    return 0.0  # a colour that the image lacks is black
        raise call.error(
            f"The expression uses {name}, which is no channel or variable here.",
            knob=knob,
            remedy="use r g b a, full channel names, x y cx cy width height frame or a temporary variable",
        )

    try:
        return expressions.parse(call.text(knob)).evaluate(lookup)
    except expressions.ExpressionError as error:
        raise call.error(error.message, knob=knob, remedy=error.remedy) from None
