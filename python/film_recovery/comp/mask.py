"""Mask and mix: how a masked node's result is laid over its first input.

``result = input × (1 − w) + made × w``, w = mask × mix, channel by channel, over both boxes. Exact where w is
0 or 1. Follows
https://learn.foundry.com/nuke/content/comp_environment/merging/masking.html ; whether Nuke limits mask values
to 0–1 is unconfirmed: here they are used as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from film_recovery.imaging.frame import Box, Frame, Pixels

if TYPE_CHECKING:
    from film_recovery.comp.call import NodeCall

# Companions of the mask knobs that are not implemented: accepted at these values only.
COMPANIONS = {
    "fringe": ("false", "0"),
    "inject": ("false", "0"),
    "unpremult": ("none", ""),
    "invert_unpremult": ("false", "0"),
    "mix_luminance": ("0",),
}


def blend(call: NodeCall, made: Frame, mask_input: int) -> Frame:
    """``made`` through the node's mask and mix. Errors when the mask image lacks its channel."""
    mix = call.number("mix")
    source = call.text("maskChannelInput")
    from_input = source not in ("none", "")
    if mix == 1 and not from_input and not call.connected(mask_input):
        return made
    under = call.input(0)
    box = under.bbox.union(made.bbox)
    weight: Pixels | np.float32 = np.float32(mix)
    if from_input or call.connected(mask_input):
        image = under if from_input else call.input(mask_input)
        knob = "maskChannelInput" if from_input else "maskChannelMask"
        mask = _mask(call, image, knob, box)
        weight = (mask * np.float32(mix))[:, :, None]
    channels = made.channels + tuple(name for name in under.channels if name not in made.channels)
    below = under.cropped(box).select(channels, fill_missing=True)
    above = made.cropped(box).select(channels, fill_missing=True)
    return replace(made, pixels=below * (1 - weight) + above * weight, channels=channels, bbox=box)


def _mask(call: NodeCall, image: Frame, knob: str, box: Box) -> Pixels:
    name = call.text(knob)
    names = call.channels(knob, image.channels)
    if len(names) != 1:
        raise call.error(
            f"The mask channel {name!r} is not one channel of the mask image, "
            f"which has {', '.join(image.channels)}.",
            knob=knob,
            remedy="choose a channel that the mask image has",
        )
    mask = image.cropped(box).channel(names[0])
    return 1 - mask if call.boolean("invert_mask") else mask
