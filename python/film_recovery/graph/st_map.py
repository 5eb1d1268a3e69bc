"""The residual warp of an alignment as nodes: Reads of the maps, and an STMap that uses their red and green.

Not every frame has a map. One that has none gets the map that moves nothing, and never its neighbour's: by a Switch
keyed on the Source's frames, or, for the pairs of a project, by a stack like that of the pairs.

Source: https://learn.foundry.com/nuke/content/reference_guide/transform_nodes/stmap.html (``uv``, ``filter``; 0, 0 is
the lower left corner). Which of the STMap's inputs is the first in a script is unconfirmed, so it is left to the
operator to connect, as the note says.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from film_recovery import nk

SWITCH, STACK = "Switch_STMap", "Stack_STMap"
_MAPS, _STRAIGHT = "Read_STMap", "Read_STMap_Straight"
_NOTE = "1. STMap's stmap: {}\n2. its src: the aligned Reference\n3. its output goes where the Reference went"


def st_map_nodes(file: str, straight: str, mapped: Collection[int]) -> str:
    """Text to paste, for the Source's own frames. ``mapped``: the frames that have a map, at least one.

    ``file``: the maps' pattern; ``straight``: the map that moves nothing. Their values are data and are read raw.
    """
    known = set(mapped)
    keys: dict[float, float] = {min(known) - 1: 0}
    for frame in sorted(known):
        if frame - 1 not in known:
            keys[frame] = 1
        if frame + 1 not in known:
            keys[frame + 1] = 0
    switch = {"which": nk.curves([keys], "K"), "name": SWITCH, "xpos": "0", "ypos": "90"}
    return (
        _read(_MAPS, file, min(known), max(known), 0)
        + _read(_STRAIGHT, straight, 1, 1, -120)
        + nk.node_text("Switch", switch, inputs=2)
        + _warp(SWITCH)
    )


def st_map_stack(file: str, straight: str, stack: Sequence[int | None]) -> str:
    """Text to paste, for the pairs of a project: frame n is the map of its n-th, None for one that has none."""
    known = [frame for frame in stack if frame is not None]
    parts = [
        _read(_MAPS, file, min(known), max(known), 0),
        "set Nmaps [stack 0]\n",
        _read(_STRAIGHT, straight, 1, 1, -120),
        "set Nstraight [stack 0]\n",
    ]
    for number, frame in enumerate(stack, 1):
        if frame is not None:
            place = {"name": f"FrameHold_STMap_{number}", "xpos": str(120 * (number - 1)), "ypos": "90"}
            knobs = {"firstFrame": str(frame), "label": nk.quote(f"pair {number}\nframe {frame}"), **place}
            parts += [
                "push $Nmaps\n",
                nk.node_text("FrameHold", knobs, inputs=1),
                f"set Nhold{number} [stack 0]\n",
            ]
    for number, frame in reversed(list(enumerate(stack, 1))):
        parts.append("push $Nstraight\n" if frame is None else f"push $Nhold{number}\n")
    clip = {"name": STACK, "xpos": "0", "ypos": "180"}
    return "".join([*parts, nk.node_text("AppendClip", clip, inputs=len(stack)), _warp(STACK)])


def _read(name: str, file: str, first: int, last: int, x: int) -> str:
    knobs = {"file": nk.quote(file), "first": str(first), "last": str(last), "raw": "true", "name": name}
    return nk.node_text("Read", {**knobs, "xpos": str(x), "ypos": "0"}, inputs=0)


def _warp(maps: str) -> str:
    """The STMap, and the note that says how to connect it."""
    warp = {"uv": "rgb", "filter": "Keys", "name": "STMap_Residual", "xpos": "0", "ypos": "270"}
    note = {"label": nk.quote(_NOTE.format(maps)), "name": "Note_STMap", "xpos": "160", "ypos": "270"}
    return nk.node_text("STMap", warp, inputs=0) + nk.node_text("StickyNote", note, inputs=0)
