"""Stage 4: the whole Source of every shot through the network, locked, written."""

from __future__ import annotations

from pathlib import Path

from film_recovery import nk
from film_recovery.graph.alignment import STAMPS, linked_whole_area
from film_recovery.graph.areas import Area, stamp
from film_recovery.graph.sheet import Sheet
from film_recovery.graph.spec import GraphSpec

COLUMN = 200


def width(spec: GraphSpec) -> int:
    """Of the area."""
    return max(400, COLUMN * len(spec.shots) + 60)


def inference(sheet: Sheet, spec: GraphSpec, area: Area, reads: list[str]) -> None:
    """FR_Inference and Write behind each of ``reads``."""
    first = area.x + area.width // 2 - COLUMN * (len(reads) - 1) // 2
    for index, (read, shot) in enumerate(zip(reads, spec.shots)):
        tag = f"_{index + 1}" if len(reads) > 1 else ""
        _shot(sheet, spec, tag, shot.output, (first + COLUMN * index, area.y), read)


def _shot(sheet: Sheet, spec: GraphSpec, tag: str, output: str, at: tuple[int, int], read: str) -> None:
    x, top = at
    prefilter = {"prefilter": "true", "prefilter_size": str(spec.prefilter)} if spec.prefilter else {}
    quality = {"datatype": spec.datatype, "compression": spec.compression}
    shown = stamp(sheet, f"Stamp_Inference_Source{tag}", "SOURCE SEQUENCE", (x, top + STAMPS), read)
    recovered = sheet.block(
        "FR_Inference",
        f"FR_Inference{tag or 1}",
        (x, top + 440),
        [shown],
        {"recipe": spec.recipe, "method": spec.method, **prefilter, **linked_whole_area(sheet, spec)},
        {"Inference1.modelFile": nk.quote(Path(spec.model_file).as_posix())} if spec.model_file else {},
    )
    sheet.node(
        "Write",
        f"Write_Recovered{tag}",
        (x, top + 540),
        [recovered],
        {knob: nk.quote(word) for knob, word in quality.items() if word},
        file=nk.quote(Path(output).as_posix()),
        colorspace=nk.quote(spec.write_colourspace),
        file_type="exr",
        create_directories="true",
    )
