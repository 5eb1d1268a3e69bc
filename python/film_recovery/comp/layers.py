"""Layers and single channels as knobs name them: ``rgba``, ``alpha``, ``depth``, ``rgba.red``.

``call.channels`` answers which channels *of an image* a knob names. The functions here answer what a knob
names whether or not the image has it, which nodes that make channels need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from film_recovery.imaging.frame import ALPHA, RGB

LAYERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "none": (),
        "rgb": RGB,
        "rgba": (*RGB, ALPHA),
        "alpha": (ALPHA,),
        "depth": ("depth.Z",),
        "forward": ("forward.u", "forward.v"),
        "backward": ("backward.u", "backward.v"),
        "motion": ("forward.u", "forward.v", "backward.u", "backward.v"),
        "mask": ("mask.a",),
    }
)
_SHORT = {"red": RGB[0], "green": RGB[1], "blue": RGB[2], "alpha": ALPHA}


def full_name(channel: str) -> str:
    """``alpha`` → ``rgba.alpha``; a full name stays. Empty for ``none`` and nothing."""
    return "" if channel in ("", "none") else _SHORT.get(channel, channel)


def layer(name: str, available: Sequence[str]) -> tuple[str, ...]:
    """The channels of a layer in its order; of a layer that Nuke does not come with, those among
    ``available``.

    A full channel name counts as a layer of one channel.
    """
    if name in LAYERS:
        return LAYERS[name]
    if name in _SHORT or "." in name:
        return (full_name(name),)
    return tuple(channel for channel in available if channel.startswith(f"{name}."))


def named(text: str, available: Sequence[str]) -> tuple[str, ...]:
    """All channels that a channel-set knob switches on (``rgba.red -rgba.green none alpha``), in its
    order."""
    found: dict[str, None] = {}
    for token in text.replace("{", " ").replace("}", " ").split():
        if token == "all":
            found.update(dict.fromkeys(available))
        elif not token.startswith("-"):
            found.update(dict.fromkeys(layer(token, available)))
    return tuple(found)
