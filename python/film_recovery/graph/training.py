"""Stage 3: live area on the Source, Ground Truth, preparation of both sides and of the preview, CopyCat."""

from __future__ import annotations

from pathlib import Path

from film_recovery import nk
from film_recovery.graph.alignment import STAMPS, linked_area, linked_whole_area
from film_recovery.graph.areas import Area, stamp
from film_recovery.graph.sheet import Sheet
from film_recovery.graph.spec import GraphSpec, epochs

WIDTH = 680
REFERENCE_MEDIAN = 10  # of a colour recovery: size of the Median that may suppress dust and compression; off


def training(sheet: Sheet, spec: GraphSpec, area: Area, read: str, source: str, aligned: str) -> None:
    """CopyCat on the stacks ``source`` and ``aligned``, with the hold-out of ``read`` for its preview."""
    left, middle, right, top = area.x + 120, area.x + 340, area.x + 560, area.y
    reference = stamp(sheet, "Stamp_Training_Reference", "ALIGNED REFERENCE", (left, top + STAMPS), aligned)
    shown = stamp(sheet, "Stamp_Training_Source", "SOURCE DATASET", (middle, top + STAMPS), source)
    preview = stamp(sheet, "Stamp_Training_Preview", "SOURCE SEQUENCE", (right, top + STAMPS), read)
    prepared_source = _prefiltered(sheet, spec, "PreFilter_Source", (middle, top + 360), shown)
    truth = sheet.block(
        "FR_GroundTruth",
        "FR_GroundTruth1",
        (left, top + 440),
        [prepared_source, _softened(sheet, spec, (left, top + 360), reference)],
        {"recipe": spec.recipe, "method": spec.method},
    )
    prepared = sheet.block(
        "FR_TrainPrep",
        "FR_TrainPrep_Source",
        (middle, top + 520),
        [prepared_source, reference],
        linked_area(sheet),
    )
    beside = sheet.node("Dot", "BBoxBranch", (area.x + 22, top + 400), [reference])
    prepared_truth = sheet.block(
        "FR_TrainPrep", "FR_TrainPrep_GroundTruth", (left, top + 520), [truth, beside], {}
    )
    hold = sheet.node(
        "FrameHold",
        "FrameHold_Preview",
        (right, top + 360),
        [preview],
        firstFrame=str(spec.preview),
        label=nk.quote(f"hold-out\nframe {spec.preview}"),
    )
    hold = _prefiltered(sheet, spec, "PreFilter_Preview", (right, top + 440), hold)
    prepared_preview = sheet.block(
        "FR_TrainPrep",
        "FR_TrainPrep_Preview",
        (right, top + 520),
        [hold, None],
        {**linked_whole_area(sheet, spec), "copy_bbox": "false"},
    )
    sheet.node(
        "CopyCat",
        "CopyCat1",
        (middle, top + 640),
        [prepared, prepared_truth, prepared_preview],
        dataDirectory=nk.quote(Path(spec.data_directory).as_posix()),
        epochs=str(epochs(spec.steps, spec.pair_count, spec.batch)),
        batchSizeType="Manual",
        batchSize=str(spec.batch),
        cropSize=str(spec.patch),
        modelSize=nk.quote(spec.size),
        checkpointInterval=str(spec.checkpoints),
        imageInterval="100",
    )


def _prefiltered(sheet: Sheet, spec: GraphSpec, name: str, at: tuple[int, int], feed: str) -> str:
    """The Median on the Source, where the recovery has one."""
    return sheet.node("Median", name, at, [feed], size=str(spec.prefilter)) if spec.prefilter else feed


def _softened(sheet: Sheet, spec: GraphSpec, at: tuple[int, int], feed: str) -> str:
    """A colour recovery takes no detail from the Reference, so a Median may suppress its faults. Switched off."""
    if spec.recipe != "colour":
        return feed
    return sheet.node(
        "Median",
        "Median_Reference",
        at,
        [feed],
        size=str(REFERENCE_MEDIAN),
        label=nk.quote("off; against dust"),
        disable="true",
    )
