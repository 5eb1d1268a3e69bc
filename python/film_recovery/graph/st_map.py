"""The residual warp of an alignment as nodes: a Read of the maps, and an STMap that uses their red and green.

Source: https://learn.foundry.com/nuke/content/reference_guide/transform_nodes/stmap.html (``uv``, ``filter``; 0, 0 is
the lower left corner). Which of the STMap's inputs is the first in a script is unconfirmed, so it is left to the
operator to connect, as the note says.
"""

from __future__ import annotations

from film_recovery import nk

_NOTE = "1. STMap's stmap: Read_STMap\n2. its src: the aligned Reference\n3. its output goes where the Reference went"


def st_map_nodes(file: str, first: int, last: int) -> str:
    """Text to paste. ``file``: the maps' pattern, whose values are data and are read raw."""
    read = {
        "file": nk.quote(file),
        "first": str(first),
        "last": str(last),
        "raw": "true",
        "name": "Read_STMap",
        "xpos": "0",
        "ypos": "0",
    }
    warp = {"uv": "rgb", "filter": "Keys", "name": "STMap_Residual", "xpos": "0", "ypos": "120"}
    note = {"label": nk.quote(_NOTE), "name": "Note_STMap", "xpos": "160", "ypos": "0"}
    return "".join(
        nk.node_text(name, knobs, inputs=0)
        for name, knobs in (("Read", read), ("STMap", warp), ("StickyNote", note))
    )
