"""Stage 2: a switch between three ways to align the Reference, the difference view, and the one Crop.

Where overlays come and go the Crop's box is keyed: frame n of the stack has the box of pair n, held, never a mean of
two. A hold-out and the whole Source stand on the Source's own frames, where those keys mean nothing, and between two
pairs nobody looked for overlays: there the Crop's knob ``live_area`` counts, the box without them.
"""

from __future__ import annotations

from collections.abc import Sequence

from film_recovery import nk
from film_recovery.graph.areas import Area, stamp
from film_recovery.graph.corners import corners, pins, resize, switched
from film_recovery.graph.curation import shape_of
from film_recovery.graph.sheet import Sheet
from film_recovery.graph.spec import GraphSpec

Box = tuple[int, int, int, int]

WIDTH, HEIGHT = 630, 720
STAMPS = 245  # from the top of an area to its PostageStamps
CROP = "LiveAreaCrop"
BOX, WHOLE = "box", "live_area"  # its knobs: pair by pair, and for every other frame where that one is keyed
_WHOLE_KNOB = (
    ' addUserKnob {20 fr_live_area l "Live area"}\n'
    f' addUserKnob {{15 {WHOLE} l "live area" t "Left, bottom, right, top without overlays: of preview and '
    'inference. The box is keyed, pair by pair."}\n'
)


def aligned(sheet: Sheet, spec: GraphSpec, area: Area, source: str, reference: str) -> str:
    """The Reference of ``reference`` on the Source of ``source``, cropped to the live area."""
    left, right, top = area.x + 110, area.x + 390, area.y
    source_stamp = stamp(sheet, "Stamp_Alignment_Source", "SOURCE DATASET", (left, top + STAMPS), source)
    shown = stamp(sheet, "Stamp_Alignment_Reference", "REFERENCE DATASET", (right, top + STAMPS), reference)
    fitted = sheet.node(
        "Reformat",
        "FitToSource",
        (right, top + 360),
        [shown],
        format=nk.quote(shape_of(spec.source)),
        resize=resize(spec.source, spec.reference) if any(spec.solved) else "none",
        black_outside="true",
        label=nk.quote("the Source's format"),
    )
    branches = [
        sheet.node(
            "Dot",
            "AutomaticBranch",
            (right - 160, top + 456),
            [fitted],
            label=nk.quote("F_Align here"),
        ),
        _manual(sheet, spec, (right, top + 450), fitted),
        _solved(sheet, spec, (right + 155, top + 450), fitted),
    ]
    switch = sheet.node(
        "Switch",
        "AlignmentSwitch",
        (right, top + 540),
        branches,
        which=switched({n: bool(matrix) for n, matrix in enumerate(spec.solved, 1)}),
        label=nk.quote("0 automatic, 1 manual,\n2 solved; key it a pair"),
    )
    sheet.node("Merge2", "DifferenceView", (left, top + 552), [source_stamp, switch], operation="difference")
    whole = spec.live_area or (0, 0, spec.source.width, spec.source.height)
    keyed = bool(spec.live_area_keys)
    return sheet.node(
        "Crop",
        CROP,
        (right, top + 640),
        [switch],
        {} if spec.live_area or keyed else {"disable": "true"},
        f"{_WHOLE_KNOB} {WHOLE} {nk.numbers(whole)}\n" if keyed else "",
        box=keyed_box(spec.live_area_keys) if keyed else nk.numbers(whole),
        label=nk.quote("the one Crop: enable it last" + ("\nkeyed: overlays come and go" if keyed else "")),
    )


def keyed_box(boxes: Sequence[Box]) -> str:
    """A Crop's ``box`` with one key a pair, held: frame n of the stack has the n-th of ``boxes``."""
    return nk.curves([{n: box[side] for n, box in enumerate(boxes, 1)} for side in range(4)], "K")


def _manual(sheet: Sheet, spec: GraphSpec, at: tuple[int, int], feed: str) -> str:
    """The keyed Transform."""
    return sheet.node(
        "Transform",
        "ManualTransform",
        at,
        [feed],
        {"translate": _keyed(spec.translate)} if spec.translate else {},
        center=nk.numbers((spec.source.width / 2, spec.source.height / 2)),
        filter="Keys",
    )


def _keyed(positions: Sequence[tuple[float, float]]) -> str:
    """One key a pair, held: frame n of the stack is pair n."""
    return nk.curves([{n: point[axis] for n, point in enumerate(positions, 1)} for axis in (0, 1)], "K")


def _solved(sheet: Sheet, spec: GraphSpec, at: tuple[int, int], feed: str) -> str:
    """The CornerPin2D of a solved alignment; corners on themselves until there is one."""
    width, height = spec.source.width, spec.source.height
    own = enumerate(((0, 0), (width, 0), (width, height), (0, height)), 1)
    knobs = {f"{end}{n}": nk.numbers(corner) for n, corner in own for end in ("to", "from")}
    found = {
        n: corners(matrix, spec.source, spec.reference) for n, matrix in enumerate(spec.solved, 1) if matrix
    }
    if found:
        knobs.update(pins(found))
    return sheet.node("CornerPin2D", "SolvedCornerPin", at, [feed], knobs, filter="Keys")


def linked_area(sheet: Sheet, knob: str = BOX) -> dict[str, str]:
    """Knobs that follow the one Crop on the aligned Reference: its ``knob``, and whether it is on."""
    crop = sheet.named(CROP)
    sides = [f"{crop}.{knob}.{side}" for side in "xyrt"]
    return {"use_crop": nk.expression(f"!{crop}.disable"), "box": nk.expression(*sides)}


def linked_whole_area(sheet: Sheet, spec: GraphSpec) -> dict[str, str]:
    """:func:`linked_area` for what stands on the Source's frames: where the box is keyed, the area without keys."""
    return linked_area(sheet, WHOLE if spec.live_area_keys else BOX)
