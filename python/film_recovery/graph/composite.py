"""The final plate as script text: the recovered channel laid over the original Source, by FR_Merge, and written.

What an editor's composite mode *Luminosity* (spatial) or *Color* (colour) does, as a graph that opens in Nuke and that
our engine evaluates. Nothing but Reads, the block and a Write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from film_recovery import nk
from film_recovery.graph.blocks import group

MODES = {"spatial": "luminosity", "colour": "colour"}
WRITE = "Write_Composite"
_ORIGINAL = "N00000001"


@dataclass(frozen=True)
class Footage:
    """Frames on disk: their pattern, first and last frame, and the colour space that they are read from."""

    file: str
    first: int
    last: int
    colourspace: str


def composite_script(
    kind: str, method: str, source: Footage, recovered: Footage, output: str, write: Mapping[str, str]
) -> str:
    """Text of a script: Source and Recovered into FR_Merge, and on to Write_Composite.

    ``kind``: spatial or colour, which decides the mode. ``method``: of luma, as in FR_Inference. ``output``: the
    pattern of the frames. ``write``: further knobs of the Write, plain text. Root carries the Source's range; the
    colour set-up is the caller's.
    """
    root = f"Root {{\n inputs 0\n first_frame {source.first}\n last_frame {source.last}\n colorManagement OCIO\n}}\n"
    text = root + _read("Read_Original", source, 0) + f"set {_ORIGINAL} [stack 0]\n"
    text += _read("Read_Recovered", recovered, 200)
    text += f"push ${_ORIGINAL}\n"  # a node takes its inputs from the stack, the last one first
    text += group("FR_Merge", "FR_Merge1", {"mode": MODES[kind], "method": nk.quote(method)}, {}, (100, 160))
    knobs = {
        "file": nk.quote(output),
        **{knob: nk.quote(word) for knob, word in write.items()},
        "file_type": "exr",
        "create_directories": "true",
        "name": WRITE,
        "xpos": "100",
        "ypos": "280",
    }
    return text + nk.node_text("Write", knobs, inputs=1)


def _read(name: str, footage: Footage, x: int) -> str:
    knobs = {
        "file": nk.quote(footage.file),
        "first": str(footage.first),
        "last": str(footage.last),
        "origfirst": str(footage.first),
        "origlast": str(footage.last),
        "colorspace": nk.quote(footage.colourspace),
        "name": name,
        "xpos": str(x),
        "ypos": "0",
    }
    return nk.node_text("Read", knobs, inputs=0)
