"""Changing chosen channels of a Frame: what colour nodes share.

A colour node turns its knobs into one setting a channel and gives a function of (values, setting). Channels
with equal settings are computed together; when that is all of them, in one go without copying planes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from film_recovery.comp.call import NodeCall
from film_recovery.imaging.frame import RGB, Frame, Pixels

Setting = TypeVar("Setting", bound=Hashable)

_COMPONENTS = {"red": 0, "green": 1, "blue": 2, "alpha": 3, "u": 0, "v": 1}


def component(channel: str) -> int:
    """Which component of a colour knob a channel takes: red 0, green 1, blue 2, alpha 3; others by their
    name, or 0.

    That motion's u and v count as red and green, and depth as red, is unconfirmed.
    """
    return _COMPONENTS.get(channel.rpartition(".")[2], 0)


def changed(
    frame: Frame, settings: Mapping[str, Setting], function: Callable[[Pixels, Setting], NDArray[Any]]
) -> Frame:
    """``frame`` with ``function(values, setting)`` in the channels of ``settings``; values are H×W or
    H×W×n."""
    groups: dict[Setting, list[int]] = {}
    for name, setting in settings.items():
        groups.setdefault(setting, []).append(frame.channels.index(name))
    if not groups:
        return frame
    if len(groups) == 1 and len(settings) == len(frame.channels):
        return frame.with_pixels(function(frame.pixels, next(iter(groups))))
    out = frame.pixels.copy()
    for setting, indices in groups.items():
        out[:, :, indices] = function(np.ascontiguousarray(frame.pixels[:, :, indices]), setting)
    return frame.with_pixels(out)


def rgb_changed(call: NodeCall, frame: Frame, function: Callable[[Pixels], NDArray[Any]]) -> Frame:
    """``frame`` with ``function(rgb)`` (H×W×3 → H×W×3) in those of red, green, blue that knob ``channels``
    names.

    A colour that the image lacks counts as black. Channels that are not of rgba.* stay as they are.
    """
    names = [name for name in call.channels("channels", frame.channels) if name in RGB]
    if not names:
        return frame
    values = frame.pixels if frame.channels == RGB else frame.select(RGB, fill_missing=True)
    made = function(values)
    if len(names) == 3:
        return frame.with_channels(RGB, made) if frame.channels != RGB else frame.with_pixels(made)
    return frame.with_channels(names, made[:, :, [RGB.index(name) for name in names]])


def only(call: NodeCall, knobs: Mapping[str, Any]) -> None:
    """Error for a knob that is set to something other than the one value that is implemented."""
    for knob, value in knobs.items():
        if isinstance(value, bool):
            given: Any = call.boolean(knob)
        elif isinstance(value, (int, float)):
            given = call.number(knob)
        else:
            given = call.text(knob)
        if given != value:
            raise call.error(
                f"The knob {knob} is implemented for the value {value} only, not for {given}.",
                knob=knob,
                remedy=f"set {knob} to {str(value).lower()}, or render this node in Nuke",
            )


def panels(*knobs: str) -> Iterable[str]:
    """The knobs that keep whether a colour knob's panel is unfolded: they change no pixel."""
    return tuple(f"{knob}_panelDropped" for knob in knobs)
