"""Channel nodes: Shuffle2, Shuffle, ShuffleCopy, Copy, Remove, CopyBBox. They move values, never change them.

A channel that an input lacks counts as black. Outputs keep the channels of input 0 (B) that they do not
write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from film_recovery.comp.boxes import metadata_from, output_box
from film_recovery.comp.call import NodeCall
from film_recovery.comp.layers import full_name, layer, named
from film_recovery.comp.pixelwise import only
from film_recovery.comp.registry import register
from film_recovery.imaging.frame import Box, Frame

_COLOUR = "https://learn.foundry.com/nuke/content/reference_guide/channel_nodes/"
_MERGE = "https://learn.foundry.com/nuke/content/reference_guide/merge_nodes/"


@dataclass(frozen=True)
class _From:
    """Where an output channel comes from: a channel of a Frame, or a constant."""

    frame: Frame | None
    channel: str = ""
    constant: float = 0.0


def _assembled(base: Frame, sources: Mapping[str, _From], box: Box) -> Frame:
    """``base`` over ``box`` with the channels of ``sources`` written; new channels come after its own."""
    added = [name for name in sources if name not in base.channels]
    channels = (*base.channels, *added)
    if tuple(sources) == channels:
        out = np.empty((box.height, box.width, len(channels)), np.float32)
    else:
        out = np.zeros((box.height, box.width, len(channels)), np.float32)
        out[:, :, : len(base.channels)] = base.cropped(box).pixels
    views: dict[int, Frame] = {}
    for name, source in sources.items():
        index = channels.index(name)
        if source.frame is None or source.channel not in source.frame.channels:
            out[:, :, index] = source.constant if source.frame is None else 0
            continue
        view = views.setdefault(id(source.frame), source.frame.cropped(box))
        out[:, :, index] = view.channel(source.channel)
    return replace(base, pixels=out, channels=channels, bbox=box)


@register(
    "Shuffle2",
    knobs={
        "in1": "rgba",
        "in2": "none",
        "out1": "rgba",
        "out2": "none",
        "fromInput1": "{0} B",
        "fromInput2": "{0} B",
        "mappings": "",
    },
    ignored=("shuffle",),
    source=_COLOUR + "shuffle.html",
)
def shuffle2(call: NodeCall) -> Frame:
    """Channels of two boxes (each a layer of pipe B or A) into two output layers, as ``mappings`` links them.

    ``mappings`` is a count, then six words a link: source channel, source box (0 = in1, 1 = in2, −1 =
    constant), its position, target channel, target box, its position. ``black`` and ``white`` are the
    constants. Without it in1 goes to out1 by position. Output channels that nothing is linked to are black
    (unconfirmed); the bbox is the union of the pipes that are read. Pixels are copied, bit for bit.
    """
    base = call.input(0) if call.connected(0) else call.input(1)
    boxes = [_box_source(call, knob) for knob in ("fromInput1", "fromInput2")]
    outputs: list[str] = []
    for knob in ("out1", "out2"):
        outputs.extend(layer(call.text(knob), base.channels))
    sources = {name: _From(None) for name in outputs}
    used: list[Frame] = []
    for source, pipe, target in _mappings(call, base):
        if target not in sources:
            raise call.error(
                f"mappings write to {target}, which out1 and out2 do not hold.",
                knob="mappings",
                remedy="choose out1 and out2 as the links need them",
            )
        if pipe < 0:
            sources[target] = _From(None, constant=1.0 if source == "white" else 0.0)
            continue
        frame = call.input(boxes[pipe])
        used.append(frame)
        sources[target] = _From(frame, source)
    box = base.bbox
    for frame in used:
        box = box.union(frame.bbox)
    return _assembled(base, sources, box)


def _box_source(call: NodeCall, knob: str) -> int:
    """The pipe that a box reads: ``{1} B A`` is 1 (A)."""
    match = re.match(r"\s*\{?\s*([01])\s*\}?(\s|$)", call.text(knob))
    if match is None:
        raise call.error(
            f"{knob} {call.text(knob)!r} names no pipe.", knob=knob, remedy="choose A or B in Nuke"
        )
    return int(match[1])


def _mappings(call: NodeCall, base: Frame) -> list[tuple[str, int, str]]:
    """(source channel, source box, target channel) of every link."""
    words = call.text("mappings").split()
    if not words:
        sources = layer(call.text("in1"), base.channels)
        return [(s, 0, t) for s, t in zip(sources, layer(call.text("out1"), base.channels), strict=False)]
    if not words[0].isdigit() or len(words) != 1 + 6 * int(words[0]):
        raise call.error(
            f"mappings {call.text('mappings')[:80]!r} are not a count and six words a link.",
            knob="mappings",
            remedy="make the links again in Nuke",
        )
    links = []
    for start in range(1, len(words), 6):
        source, box, _, target, _, _ = words[start : start + 6]
        constant = source in ("black", "white")
        if box not in ("-1", "0", "1") or constant != (box == "-1"):
            raise call.error(f"A link of mappings has the source {source} {box}.", knob="mappings")
        links.append((full_name(source), int(box), full_name(target)))
    return links


_SLOTS = ("red", "green", "blue", "alpha")
_LEGACY_WORDS = (*_SLOTS, "black", "white", "red2", "green2", "blue2", "alpha2")


@register(
    "Shuffle",
    knobs={"in": "rgba", "in2": "none", "out": "rgba", **{slot: slot for slot in _SLOTS}},
    source=_COLOUR + "shuffle.html",
)
def shuffle(call: NodeCall) -> Frame:
    """Nuke's older Shuffle: one input; ``red2`` … take from layer in2. A second output layer is not
    implemented."""
    frame = call.input(0)
    return _legacy_shuffle(call, frame, {"": frame, "2": frame}, frame.bbox)


@register(
    "ShuffleCopy",
    knobs={
        "in": "rgba",
        "in2": "rgba",
        "out": "rgba",
        **dict(zip(_SLOTS, ("red2", "green2", "blue2", "alpha"), strict=True)),
    },
    source=_COLOUR + "shufflecopy.html",
)
def shuffle_copy(call: NodeCall) -> Frame:
    """Nuke's older Shuffle of two inputs: ``red`` … take from input 1, ``red2`` … from input 0, whose rest is
    kept.

    The defaults (colour from input 0, alpha from input 1) are inferred from saved scripts: unconfirmed.
    """
    below, above = call.input(0), call.input(1)
    return _legacy_shuffle(call, below, {"": above, "2": below}, below.bbox.union(above.bbox))


def _legacy_shuffle(call: NodeCall, base: Frame, pipes: Mapping[str, Frame], box: Box) -> Frame:
    sources = {}
    for slot, target in zip(_SLOTS, layer(call.text("out"), base.channels), strict=False):
        word = call.choice(slot, _LEGACY_WORDS)
        if word in ("black", "white"):
            sources[target] = _From(None, constant=float(word == "white"))
            continue
        pipe = "2" if word.endswith("2") else ""
        frame = pipes[pipe]
        channels = layer(call.text(f"in{pipe}"), frame.channels)
        position = _SLOTS.index(word.removesuffix("2"))
        sources[target] = _From(frame, channels[position] if position < len(channels) else "")
    return _assembled(base, sources, box)


@register(
    "Copy",
    knobs={
        "from0": "rgba.alpha",
        "to0": "rgba.alpha",
        **{f"{side}{index}": "none" for index in (1, 2, 3) for side in ("from", "to")},
        "channels": "none",
        "bbox": "union",
        "metainput": "B",
        "rangeinput": "B",
    },
    source=_MERGE + "copy.html",
    mask=2,
)
def copy(call: NodeCall) -> Frame:
    """Channels from A (input 1) into B (input 0): whole layers of ``channels``, then from0 … from3 into to0 …
    to3."""
    only(call, {"rangeinput": "B"})
    below, above = call.input(0), call.input(1)
    sources = {name: _From(above, name) for name in named(call.text("channels"), above.channels)}
    for index in range(4):
        source, target = full_name(call.text(f"from{index}")), full_name(call.text(f"to{index}"))
        if source and target:
            sources[target] = _From(above, source)
    box = output_box(call.choice("bbox", ("union", "B", "A")), below.bbox, [above.bbox])
    return replace(_assembled(below, sources, box), metadata=metadata_from(call, below, [above]))


@register(
    "Remove",
    knobs={
        "operation": "remove",
        "channels": "all",
        "channels2": "none",
        "channels3": "none",
        "channels4": "none",
    },
    source=_COLOUR + "remove.html",
)
def remove(call: NodeCall) -> Frame:
    """Removes the channels of the four knobs, or keeps only these."""
    frame = call.input(0)
    chosen: set[str] = set()
    for knob in ("channels", "channels2", "channels3", "channels4"):
        chosen.update(call.channels(knob, frame.channels))
    keep = call.choice("operation", ("remove", "keep")) == "keep"
    return _kept(frame, [name for name in frame.channels if (name in chosen) == keep])


def _kept(frame: Frame, names: Sequence[str]) -> Frame:
    if len(names) == len(frame.channels):
        return frame
    return frame.with_pixels(frame.select(names), names)


@register("CopyBBox", source=_MERGE + "copybbox.html")
def copy_bbox(call: NodeCall) -> Frame:
    """B (input 0) with the bounding box of A (input 1): cut to it, and black where B had no data."""
    return call.input(0).cropped(call.input(1).bbox)
