"""Time: nodes that pass frames on at other moments, and the two that choose or mix inputs.

Fractional frames are not interpolated by any node here.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from film_recovery.comp.call import NodeCall
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import Frame

_TIME = "https://learn.foundry.com/nuke/content/reference_guide/time_nodes"
_MERGE = "https://learn.foundry.com/nuke/content/reference_guide/merge_nodes"
_MODES = ("Whole frames", "Fractional time")


def _held(call: NodeCall) -> tuple[int, int]:
    """The held frame and the increment. ``first_frame`` is the knob's name in old scripts."""
    old = call.is_set("first_frame") and not call.is_set("firstFrame")
    return call.integer("first_frame" if old else "firstFrame"), call.integer("increment")


def _hold_range(call: NodeCall) -> tuple[int, int]:
    first, increment = _held(call)
    return (first, first) if increment == 0 else call.input_range(0)


@register(
    "FrameHold",
    knobs={"firstFrame": 1, "first_frame": 1, "increment": 0, "rounding_mode": "Whole frames"},
    ignored=("setToCurrentFrame",),
    source=f"{_TIME}/framehold.html",
    frame_range=_hold_range,
)
def frame_hold(call: NodeCall) -> Frame:
    """Input 0 at ``firstFrame``; with an ``increment``, every increment-th frame from there.

    Without an increment its range is that one frame (so that AppendClip takes one frame of it): unconfirmed.
    """
    call.choice("rounding_mode", _MODES[:1])
    first, increment = _held(call)
    steps = math.floor((call.frame - first) / increment) if increment else 0
    return call.input(0, first + steps * increment)


def _chosen_range(call: NodeCall) -> tuple[int, int]:
    ends = []
    for knob, index in (("first_frame", 0), ("last_frame", 1)):
        ends.append(call.integer(knob) if call.is_set(knob) else call.input_range(0)[index])
    return ends[0], ends[1]


@register(
    "FrameRange",
    knobs={"first_frame": None, "last_frame": None},
    ignored=("time", "reset"),
    source=f"{_TIME}/framerange.html",
    frame_range=_chosen_range,
)
def frame_range(call: NodeCall) -> Frame:
    """Input 0 unchanged: only the range that the nodes below it see is another."""
    return call.input(0)


def _offset(call: NodeCall) -> int:
    if call.number("dtime_offset"):
        raise call.error("An offset of fractions of a frame is not implemented.", "dtime_offset")
    return call.integer("time_offset")


def _offset_range(call: NodeCall) -> tuple[int, int]:
    first, last = call.input_range(0)
    return first + _offset(call), last + _offset(call)


@register(
    "TimeOffset",
    knobs={"time_offset": 0, "reverse_input": False, "dtime_offset": 0, "rounding_mode": "Whole frames"},
    ignored=("time",),
    source=f"{_TIME}/timeoffset.html",
    frame_range=_offset_range,
)
def time_offset(call: NodeCall) -> Frame:
    """Input 0 moved later by ``time_offset`` frames; reversed, its last frame comes first (unconfirmed)."""
    call.choice("rounding_mode", _MODES[:1])
    frame = call.frame - _offset(call)
    if call.boolean("reverse_input"):
        first, last = call.input_range(0)
        frame = first + last - frame
    return call.input(0, frame)


def _clips(call: NodeCall) -> list[tuple[int, int, int]]:
    """(input, first, last) of every connected clip, in the order of the inputs."""
    clips = [(index, *call.input_range(index)) for index in range(call.input_count) if call.connected(index)]
    if not clips:
        raise call.error("No clip is connected.", remedy="connect at least one")
    for index, first, last in clips:
        if last < first:
            raise call.error(f"The clip at input {index} has no frames (its range is {first}–{last}).")
    return clips


def _clips_range(call: NodeCall) -> tuple[int, int]:
    start = call.integer("firstFrame")
    return start, start - 1 + sum(last - first + 1 for _, first, last in _clips(call))


@register(
    "AppendClip",
    knobs={"firstFrame": 1, "fadeIn": 0, "fadeOut": 0, "dissolve": 0, "meta_from_first": False},
    ignored=("lastFrame", "time"),
    source=f"{_TIME}/appendclip.html",
    frame_range=_clips_range,
)
def append_clip(call: NodeCall) -> Frame:
    """The clips one after another, the first from ``firstFrame`` on, each over its own frame range.

    Before the first and after the last frame those are held. Fades and dissolves are not implemented.
    """
    for knob in ("fadeIn", "fadeOut", "dissolve"):
        if call.number(knob):
            raise call.error(f"{knob} is not implemented.", knob, remedy="set it to 0")
    clips = _clips(call)
    first, last = call.evaluator.range_of(call.place)
    position = min(max(round(call.frame), first), last) - first
    for index, start, end in clips:
        if position <= end - start:
            made = call.input(index, start + position)
            break
        position -= end - start + 1
    if call.boolean("meta_from_first"):
        index, start, _ = clips[0]
        made = replace(made, metadata=call.input(index, start).metadata)
    return made


def _switch_range(call: NodeCall) -> tuple[int, int]:
    return call.input_range(_which(call))


def _which(call: NodeCall) -> int:
    which = call.number("which")
    if not math.isfinite(which):
        raise call.error(f"The knob is {which}, where the number of an input is needed.", "which")
    return max(0, min(math.floor(which), call.input_count - 1))


@register("Switch", knobs={"which": 0}, source=f"{_MERGE}/switch.html", frame_range=_switch_range)
def switch(call: NodeCall) -> Frame:
    """The input that ``which`` names, fractions dropped; beyond the last input, the last (unconfirmed)."""
    return call.input(_which(call))


@register(
    "Dissolve",
    knobs={"which": 0.0, "channels": "all", "metainput": 0},
    ignored=("mergerange",),
    source=f"{_MERGE}/dissolve.html",
    mask=2,
)
def dissolve(call: NodeCall) -> Frame:
    """A weighted mean of the two inputs on either side of ``which``; pictures are inputs 0, 1, 3, 4 ….

    Box: of both, format and order of channels: of input 0. Channels that ``channels`` leaves out are those of
    input 0. A channel that one picture lacks counts as zero there.
    """
    pictures = [index for index in range(call.input_count) if index != 2 and call.connected(index)]
    if not pictures:
        raise call.error("Nothing is connected to the inputs.", remedy="connect them")
    which = min(max(call.number("which"), 0.0), len(pictures) - 1.0)
    low = min(math.floor(which), max(0, len(pictures) - 2))
    weight = np.float32(which - low)
    base = call.input(pictures[0])
    if weight == 0:
        mixed = call.input(pictures[low])
    elif weight == 1:
        mixed = call.input(pictures[low + 1])
    else:
        mixed = _mixed(call.input(pictures[low]), call.input(pictures[low + 1]), weight)
    chosen = call.channels("channels", mixed.channels)
    if chosen != mixed.channels:
        box = base.bbox.union(mixed.bbox)
        mixed = base.cropped(box).with_channels(chosen, mixed.cropped(box).select(chosen))
    source = call.input(pictures[min(max(call.integer("metainput"), 0), len(pictures) - 1)])
    return replace(mixed, format=base.format, metadata=source.metadata)


def _mixed(a: Frame, b: Frame, weight: np.float32) -> Frame:
    box = a.bbox.union(b.bbox)
    names = a.channels + tuple(name for name in b.channels if name not in a.channels)
    low = a.cropped(box).select(names, fill_missing=True)
    high = b.cropped(box).select(names, fill_missing=True)
    return replace(a, pixels=low * (1 - weight) + high * weight, channels=names, bbox=box)
