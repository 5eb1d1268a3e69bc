"""Stages 1 to 4 as nodes: curation, alignment, training, inference, with the operators' coloured backdrops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from film_recovery import nk
from film_recovery.graph.blocks import group
from film_recovery.graph.sheet import Sheet, node_text
from film_recovery.graph.spec import Element, GraphSpec, check, epochs

# Nuke's own way to say "where this script lies"; relative paths start there. The engine reads it as data.
SCRIPT_FOLDER = "[python {nuke.script_directory()}]"
PAIR_GAP = 110  # DAG units between two FrameHolds


def recovery_graph(spec: GraphSpec) -> str:
    """The whole graph, stages 1 to 4, as script text. Errors: UsageError for a spec that makes no sense."""
    check(spec)
    sheet = Sheet([f"version 14.0 v5\n{_root(spec)}"])
    _backdrops(sheet, spec)
    source, source_stack = _curation(
        sheet, spec, "Source", spec.source, [pair[0] for pair in spec.pairs], 900
    )
    _, reference_stack = _curation(sheet, spec, "Reference", spec.reference, [p[1] for p in spec.pairs], 0)
    aligned = _alignment(sheet, spec, source_stack, reference_stack)
    _training(sheet, spec, source, source_stack, aligned)
    _inference(sheet, spec, source)
    return "".join(sheet.parts)


def _root(spec: GraphSpec) -> str:
    element = spec.source
    shape = f"{element.width} {element.height} 0 0 {element.width} {element.height} {element.pixel_aspect:g} "
    return nk.node_text(
        "Root",
        {
            "first_frame": str(element.first),
            "last_frame": str(element.last),
            "format": nk.quote(shape),
            "project_directory": nk.stored(SCRIPT_FOLDER),
            "colorManagement": "OCIO",
            "OCIO_config": "fn-nuke_studio-config-v1.0.0_aces-v1.3_ocio-v2.1",
            "workingSpaceLUT": "scene_linear",
        },
        inputs=0,
    )


def _read(element: Element, name: str, position: tuple[int, int]) -> str:
    shape = f"{element.width} {element.height} 0 0 {element.width} {element.height} {element.pixel_aspect:g} "
    return node_text(
        "Read",
        name,
        position,
        inputs=0,
        file=nk.quote(Path(element.file).as_posix()),
        format=nk.quote(shape),
        first=str(element.first),
        last=str(element.last),
        origfirst=str(element.first),
        origlast=str(element.last),
        origset="true",
        colorspace=nk.quote(element.colourspace),
    )


def _curation(
    sheet: Sheet, spec: GraphSpec, word: str, element: Element, frames: Sequence[int], x: int
) -> tuple[str, str]:
    """Stage 1, one branch: Read, FrameRange, a FrameHold a pair, two AppendClips. Gives Read and stack."""
    width = PAIR_GAP * (len(frames) - 1)
    x += 0 if word == "Reference" else max(0, width - 4 * PAIR_GAP)
    middle = x + width // 2
    read = sheet.node(_read(element, f"Read_{word}", (middle, 0)))
    span = sheet.node(
        node_text(
            "FrameRange",
            f"FrameRange_{word}",
            (middle, 160),
            first_frame=str(element.first),
            last_frame=str(element.last),
            time='""',
        ),
        [read],
    )
    holds = [
        sheet.node(
            node_text(
                "FrameHold",
                f"FrameHold_{word}_{index}",
                (x + PAIR_GAP * (index - 1), 260),
                firstFrame=str(frame),
                label=nk.quote(f"pair {index}\nframe {frame}"),
            ),
            [span],
        )
        for index, frame in enumerate(frames, 1)
    ]
    clip = sheet.node(node_text("AppendClip", f"AppendClip_{word}", (middle, 380), inputs=len(holds)), holds)
    stack = sheet.node(node_text("AppendClip", f"Stack_{word}", (middle, 460)), [clip])
    return read, stack


def _stamp(sheet: Sheet, name: str, label: str, position: tuple[int, int], feed: str) -> str:
    note_at = (position[0] - 20, position[1] - 100)
    note = node_text("StickyNote", f"Note_{name}", note_at, inputs=0, label=nk.quote(f"{label}\nI\nI\nV"))
    sheet.bare(note)
    return sheet.node(
        node_text("PostageStamp", name, position, hide_input="true", postage_stamp="true"), [feed]
    )


def _alignment(sheet: Sheet, spec: GraphSpec, source: str, reference: str) -> str:
    """Stage 2: keyed Transform, switch, difference view, and the one Crop. Gives the aligned Reference."""
    left, right, top = 60, 400, 780
    source_stamp = _stamp(sheet, "Stamp_Alignment_Source", "SOURCE DATASET", (left, top), source)
    stamp = _stamp(sheet, "Stamp_Alignment_Reference", "REFERENCE DATASET", (right, top), reference)
    shape = f"{spec.source.width} {spec.source.height} 0 0 {spec.source.width} {spec.source.height} "
    fitted = sheet.node(
        node_text(
            "Reformat",
            "FitToSource",
            (right, top + 110),
            format=nk.quote(f"{shape}{spec.source.pixel_aspect:g} "),
            resize="none",
            black_outside="true",
            label=nk.quote("the Source's format"),
        ),
        [stamp],
    )
    automatic = sheet.node(
        node_text("Dot", "AutomaticBranch", (right - 90, top + 160), label=nk.quote("F_Align goes here")),
        [fitted],
    )
    keys = {"translate": _keyed(spec.translate)} if spec.translate else {}
    manual = sheet.node(
        node_text(
            "Transform",
            "ManualTransform",
            (right, top + 170),
            more=keys,
            center=nk.numbers((spec.source.width / 2, spec.source.height / 2)),
            filter="Keys",
        ),
        [fitted],
    )
    switch = sheet.node(
        node_text(
            "Switch",
            "AlignmentSwitch",
            (right, top + 240),
            inputs=2,
            which="1",
            label=nk.quote("0 automatic, 1 manual\nkey it a pair"),
        ),
        [automatic, manual],
    )
    sheet.node(
        node_text("Merge2", "DifferenceView", (left, top + 240), inputs=2, operation="difference"),
        [source_stamp, switch],
    )
    area = spec.live_area or (0, 0, spec.source.width, spec.source.height)
    bypass = {} if spec.live_area else {"disable": "true"}
    return sheet.node(
        node_text(
            "Crop",
            "LiveAreaCrop",
            (right, top + 320),
            box=nk.numbers(area),
            label=nk.quote("the one Crop: enable it last"),
            more=bypass,
        ),
        [switch],
    )


def _keyed(positions: Sequence[tuple[float, float]]) -> str:
    """One key a pair, held: frame n of the stack is pair n."""
    return nk.curves([{n: point[axis] for n, point in enumerate(positions, 1)} for axis in (0, 1)], "K")


def _linked_area() -> dict[str, str]:
    """Knobs that follow the one Crop on the aligned Reference: its box, and whether it is on."""
    sides = [f"LiveAreaCrop.box.{side}" for side in "xyrt"]
    return {"use_crop": nk.expression("!LiveAreaCrop.disable"), "box": nk.expression(*sides)}


def _training(sheet: Sheet, spec: GraphSpec, read: str, source: str, aligned: str) -> None:
    """Stage 3: live area on the Source, Ground Truth, preparation of both sides and the preview, CopyCat."""
    left, right, top = 900, 1240, 780
    reference_stamp = _stamp(sheet, "Stamp_Training_Reference", "ALIGNED REFERENCE", (left, top), aligned)
    source_stamp = _stamp(sheet, "Stamp_Training_Source", "SOURCE DATASET", (right, top), source)
    training_source = _prefiltered(sheet, spec, "PreFilter_Source", (right, top + 60), source_stamp)
    prepared = sheet.node(
        group("FR_TrainPrep", "FR_TrainPrep_Source", _linked_area(), {}, (right, top + 200)),
        [training_source, reference_stamp],
    )
    truth = sheet.node(
        group(
            "FR_GroundTruth",
            "FR_GroundTruth1",
            {"recipe": spec.recipe, "method": spec.method},
            {},
            (left, top + 120),
        ),
        [training_source, reference_stamp],
    )
    prepared_truth = sheet.node(
        group("FR_TrainPrep", "FR_TrainPrep_GroundTruth", {}, {}, (left, top + 200)), [truth, reference_stamp]
    )
    hold = sheet.node(
        node_text(
            "FrameHold",
            "FrameHold_Preview",
            (right + 200, top + 120),
            firstFrame=str(spec.preview),
            label=nk.quote(f"hold-out\nframe {spec.preview}"),
        ),
        [read],
    )
    hold = _prefiltered(sheet, spec, "PreFilter_Preview", (right + 200, top + 160), hold)
    preview = sheet.node(
        group(
            "FR_TrainPrep",
            "FR_TrainPrep_Preview",
            {**_linked_area(), "copy_bbox": "false"},
            {},
            (right + 200, top + 200),
        ),
        [hold, reference_stamp],
    )
    sheet.node(
        node_text(
            "CopyCat",
            "CopyCat1",
            (right, top + 320),
            inputs=3,
            dataDirectory=nk.quote(Path(spec.data_directory).as_posix()),
            epochs=str(epochs(spec.steps, len(spec.pairs), spec.batch)),
            batchSizeType="Manual",
            batchSize=str(spec.batch),
            cropSize=str(spec.patch),
            modelSize=nk.quote(spec.size),
            checkpointInterval="10000",
            imageInterval="100",
        ),
        [prepared, prepared_truth, preview],
    )


def _prefiltered(sheet: Sheet, spec: GraphSpec, name: str, position: tuple[int, int], feed: str) -> str:
    """The Median on the Source, where the recovery has one."""
    if not spec.prefilter:
        return feed
    return sheet.node(node_text("Median", name, position, size=str(spec.prefilter)), [feed])


def _inference(sheet: Sheet, spec: GraphSpec, read: str) -> None:
    """Stage 4: the whole Source through the network, locked, written."""
    x, top = 1720, 780
    prefilter = {"prefilter": "true", "prefilter_size": str(spec.prefilter)} if spec.prefilter else {}
    quality = {"datatype": spec.datatype, "compression": spec.compression}
    stamp = _stamp(sheet, "Stamp_Inference_Source", "SOURCE SEQUENCE", (x, top), read)
    recovered = sheet.node(
        group(
            "FR_Inference",
            "FR_Inference1",
            {"recipe": spec.recipe, "method": spec.method, **prefilter, **_linked_area()},
            {"Inference1.modelFile": nk.quote(Path(spec.model_file).as_posix())} if spec.model_file else {},
            (x, top + 120),
        ),
        [stamp],
    )
    sheet.node(
        node_text(
            "Write",
            "Write_Recovered",
            (x, top + 240),
            file=nk.quote(Path(spec.output).as_posix()),
            colorspace=nk.quote(spec.write_colourspace),
            file_type="exr",
            create_directories="true",
            more={knob: nk.quote(word) for knob, word in quality.items() if word},
        ),
        [recovered],
    )


def _backdrops(sheet: Sheet, spec: GraphSpec) -> None:
    """The coloured areas of the operators' own graphs, behind everything else."""
    shift = max(0, PAIR_GAP * (len(spec.pairs) - 1) - 4 * PAIR_GAP)
    stack = PAIR_GAP * max(4, len(spec.pairs)) + 100
    title = spec.title or f"{spec.recipe.upper()} RECOVERY"
    areas = (
        ("Backdrop_Recovery", title, (-160, -320, 2280 + 2 * shift, 1560), "0x5fae5fff", 90, -10),
        (
            "Backdrop_Reference",
            "1.- DATASET CURATION: REFERENCE",
            (-80, -120, stack, 640),
            "0x9a9a9aff",
            36,
            -5,
        ),
        (
            "Backdrop_Source",
            "1.- DATASET CURATION: SOURCE",
            (820 + shift, -120, stack, 640),
            "0x7f2f7fff",
            36,
            -5,
        ),
        ("Backdrop_Alignment", "2.- ALIGNMENT", (-80, 600, 700, 560), "0x9f1f1fff", 50, -5),
        ("Backdrop_Training", "3.- COPYCAT TRAINING", (820, 600, 760, 560), "0x5f5f8fff", 50, -5),
        ("Backdrop_Inference", "4.- INFERENCE RENDER", (1620, 600, 400, 560), "0x8f8f3fff", 36, -5),
    )
    for name, label, (x, y, width, height), colour, size, z_order in areas:
        sheet.bare(
            node_text(
                "BackdropNode",
                name,
                (x, y),
                inputs=0,
                tile_color=colour,
                label=nk.quote(label),
                note_font_size=str(size),
                bdwidth=str(width),
                bdheight=str(height),
                z_order=str(z_order),
            )
        )
