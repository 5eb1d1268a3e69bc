"""Merge nodes: Merge2 and Keymix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from film_recovery.comp.blending import OPERATIONS, WITHOUT_ALPHA
from film_recovery.comp.boxes import metadata_from, output_box
from film_recovery.comp.call import NodeCall
from film_recovery.comp.layers import layer
from film_recovery.comp.pixelwise import only
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import Box, Frame, Pixels

_GUIDE = "https://learn.foundry.com/nuke/content/reference_guide/merge_nodes/"


def _merge_range(call: NodeCall) -> tuple[int, int]:
    choice = call.choice("rangeinput", ("B", "A", "All"))
    inputs = [index for index in _pipes(call) if choice == "All" or (index == 0) == (choice == "B")]
    ranges = [call.input_range(index) for index in inputs or [0]]
    return min(first for first, _ in ranges), max(last for _, last in ranges)


@register(
    "Merge2",
    knobs={
        "operation": "over",
        "Achannels": "rgba",
        "Bchannels": "rgba",
        "output": "rgba",
        "also_merge": "none",
        "bbox": "union",
        "metainput": "B",
        "rangeinput": "B",
        "sRGB": False,
        "screen_alpha": False,
    },
    source=_GUIDE + "merge.html",
    frame_range=_merge_range,
    mask=2,
)
def merge(call: NodeCall) -> Frame:
    """A (input 1) onto B (input 0), then A2, A3 … (inputs 3 …) onto the result, by the formula of
    ``operation``.

    ``minus`` is A − B, ``from`` is B − A. ``Achannels`` and ``Bchannels`` are layers, matched by position
    with those of ``output``; a channel or alpha that an image lacks is 0, and so is everything outside a
    bounding box. Other channels, the format and the metadata are B's. B missing: black in the format of A. An
    A that is not connected is left out. The merge is as linear as its inputs: ``sRGB`` (Video colorspace),
    ``screen_alpha`` (alpha masking) and ``also_merge`` are not implemented.
    """
    only(call, {"also_merge": "none", "sRGB": False, "screen_alpha": False})
    operation = call.choice("operation", tuple(OPERATIONS))
    pipes = _pipes(call)
    uppers = [call.input(index) for index in pipes if index]
    lower = call.input(0) if 0 in pipes or not uppers else _black(uppers[0])
    if not uppers:
        return lower
    box = output_box(
        call.choice("bbox", ("union", "intersection", "A", "B")), lower.bbox, [u.bbox for u in uppers]
    )
    target = _layer(call, "output", lower)
    values, alpha = _picked(call, "Bchannels", lower.cropped(box), len(target))
    for upper in uppers:
        above, above_alpha = _picked(call, "Achannels", upper.cropped(box), len(target))
        with np.errstate(all="ignore"):
            made = _formula(operation, above, values, above_alpha, alpha)
        values = np.asarray(made, np.float32)
        if len(target) > 3:
            alpha = values[:, :, 3]
    return _written(lower, target, values, box, metadata_from(call, lower, uppers))


def _formula(
    operation: str, above: Pixels, below: Pixels, above_alpha: Pixels, below_alpha: Pixels
) -> Pixels:
    formula = OPERATIONS[operation]
    if operation in WITHOUT_ALPHA:
        return formula(above, below, above_alpha, below_alpha)
    return formula(above, below, above_alpha[:, :, None], below_alpha[:, :, None])


def _pipes(call: NodeCall) -> list[int]:
    """The connected picture inputs: 0 = B, 1 = A, 3 … = A2 …; 2 is the mask."""
    return [index for index in range(call.input_count) if index != 2 and call.connected(index)]


def _black(frame: Frame) -> Frame:
    box = Box(0, 0, 0, 0)
    return replace(frame, pixels=np.zeros((0, 0, len(frame.channels)), np.float32), bbox=box)


def _layer(call: NodeCall, knob: str, frame: Frame) -> tuple[str, ...]:
    names = layer(call.text(knob), frame.channels)
    if knob == "output" and names[3:] and names[3] not in frame.channels and not _has_alpha(call):
        names = names[:3]  # neither image has an alpha: none is made up
    return names


def _has_alpha(call: NodeCall) -> bool:
    for index in _pipes(call):
        frame = call.input(index)
        channels = layer(call.text("Achannels" if index else "Bchannels"), frame.channels)
        if channels[3:] and channels[3] in frame.channels:
            return True
    return False


def _picked(call: NodeCall, knob: str, frame: Frame, count: int) -> tuple[Pixels, Pixels]:
    """``count`` channels of the knob's layer (H×W×count) and its fourth, the alpha (H×W)."""
    names = layer(call.text(knob), frame.channels)
    if frame.channels == names[:count] and len(frame.channels) == count:
        values = frame.pixels
    else:
        values = np.zeros((*frame.pixels.shape[:2], count), np.float32)
        for index, name in enumerate(names[:count]):
            if name in frame.channels:
                values[:, :, index] = frame.channel(name)
    if names[3:] and names[3] in frame.channels:
        return values, frame.channel(names[3])
    return values, np.zeros(frame.pixels.shape[:2], np.float32)


def _written(
    lower: Frame, target: tuple[str, ...], values: Pixels, box: Box, metadata: Mapping[str, Any]
) -> Frame:
    if lower.channels == target:
        return replace(lower, pixels=values, bbox=box, metadata=metadata)
    return replace(lower.cropped(box).with_channels(target, values), metadata=metadata)


@register(
    "Keymix",
    knobs={
        "channels": "all",
        "maskChannel": "rgba.alpha",
        "invertMask": False,
        "mix": 1.0,
        "bbox": "union",
    },
    source=_GUIDE + "keymix.html",
)
def keymix(call: NodeCall) -> Frame:
    """A (input 1) over B (input 0) through the mask (input 2): B + (A − B) · mask · mix, in ``channels``.

    Mask values are used as they are; whether Nuke limits them to 0–1 is unconfirmed. Where the weight is 1
    or 0 the pixel is A's or B's, bit for bit.
    """
    lower, upper, matte = call.input(0), call.input(1), call.input(2)
    names = call.channels("maskChannel", matte.channels)
    if len(names) != 1:
        raise call.error(
            f"The mask image has no channel {call.text('maskChannel')}; it has {', '.join(matte.channels)}.",
            knob="maskChannel",
            remedy="choose a channel that the mask image has",
        )
    box = output_box(call.choice("bbox", ("union", "B", "A")), lower.bbox, [upper.bbox])
    weight = matte.cropped(box).channel(names[0])
    if call.boolean("invertMask"):
        weight = 1 - weight
    weight = (weight * np.float32(call.number("mix")))[:, :, None]
    every = (*lower.channels, *(name for name in upper.channels if name not in lower.channels))
    chosen = call.channels("channels", every)
    below = lower.cropped(box)
    one = below.select(chosen, fill_missing=True)
    two = upper.cropped(box).select(chosen, fill_missing=True)
    mixed = np.where(weight == 1, two, one + (two - one) * weight)
    return below.with_channels(chosen, mixed)
