"""FR_PairStack as script text, its knobs filled and its FrameHolds made: to paste into a script, without Nuke.

The block is the plugin's own file; the same ``pair_stack.follow`` that its button calls makes its inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from film_recovery import nk
from film_recovery.errors import UsageError
from film_recovery.graph.blocks import group
from film_recovery.host.script import ScriptHost
from film_recovery.plugin.frames import frames_text
from film_recovery.plugin.pair_stack import BLOCK, SIDES, follow


def pair_stack_text(
    side: str,
    pairs: Sequence[int],
    hold_out: Sequence[int] = (),
    *,
    first: int,
    last: int,
    timecode: str = "",
    timecode_frame: int = 0,
    fps: float = 24.0,
) -> str:
    """The .nk text of one FR_PairStack for ``side`` (source or reference) that holds the frames of ``pairs``.

    ``first``, ``last``: the element's range. ``timecode``: of ``timecode_frame``, for the labels; empty: none. Raises
    UsageError as the block's Rebuild does: frames outside the range, a frame that is a pair and a hold-out, no pairs.
    """
    if side not in SIDES:
        raise UsageError(f"{side!r} is no side of a pair.", remedy=f"use {' or '.join(SIDES)}")
    name = f"PairStack_{side.capitalize()}"
    at = (300 * SIDES.index(side), 0)  # both can be pasted at once
    host = ScriptHost(nk.parse(group(BLOCK, name, {"inputs": "0"}, {}, at)))
    (path,) = host.find(BLOCK)
    host.set_knob(path, "side", str(SIDES.index(side)))
    host.set_knob(path, "first", nk.number(first))
    host.set_knob(path, "last", nk.number(last))
    host.set_text(path, "timecode", timecode)
    host.set_knob(path, "timecode_frame", nk.number(timecode_frame))
    host.set_knob(path, "fps", nk.number(fps))
    host.set_text(path, "pairs", frames_text(tuple(pairs)))
    host.set_text(path, "hold_out", frames_text(tuple(hold_out)))
    follow(host, path)
    return host.script.text()
