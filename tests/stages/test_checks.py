"""Every check passes on a sound project, and turns out as it must, with the right figures, on one that is not."""

from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery import ledger, nk, project, recipes, stages
from film_recovery.checks import SEVERITIES, Outcome
from film_recovery.comp.cache import FrameCache
from film_recovery.demo.reels import compressed
from film_recovery.imaging.files import read_frame, write_frame
from film_recovery.imaging.frame import RGB, Box, Format
from film_recovery.imaging.luma import luma
from film_recovery.imaging.writing import AP0_CHROMATICITIES
from film_recovery.ledger.own_words import write_page
from film_recovery.project import Alignment, Colour, Inference, PairOf, Training
from film_recovery.stages.measure import FUNCTIONS
from film_recovery.stages.outliers import look

MEASURED = sorted(
    {check.id for id in recipes.RECIPES for check in recipes.load(id).checks if not check.manual}
)
SOFT_GROUP = """Group {
 inputs 1
 name Soften
}
 Input {
  inputs 0
  name Input1
 }
 Median {
  size 5
  name Hidden
 }
 Output {
  name Output1
 }
end_group
"""


def rewrite(place: Any, element: str, frame: int, change: Callable[[np.ndarray], np.ndarray]) -> None:
    place.write(element, frame, change(place.picture(element, frame)))


def size_parity(place: Any) -> None:
    rewrite(place, "reference", 3, lambda rgb: rgb[:-2])


def pixel_aspect(place: Any) -> None:
    place.write("reference", 1, place.picture("reference", 1), format=Format(128, 96, 2.0))


def alpha(place: Any, values: float = 1.0) -> None:
    frame = read_frame(place.file("source", 5))
    more = frame.with_channels(("rgba.alpha",), np.full((*frame.pixels.shape[:2], 1), values, np.float32))
    write_frame(more, place.file("source", 5), datatype="half")


def beyond(place: Any) -> None:
    def brighter(rgb: np.ndarray) -> np.ndarray:
        rgb = rgb.copy()
        rgb[:48] *= 2.5  # the upper half
        return np.maximum(rgb, 0.2)

    rewrite(place, "source", 5, brighter)


def grain(place: Any) -> None:
    noise = np.random.default_rng(1).normal(0, 0.25, (96, 128, 1)).astype(np.float32)
    for frame in (1, 3, 5, 7):
        rewrite(place, "reference", frame, lambda rgb: np.clip(rgb + noise, 0, 1))


def copied(place: Any) -> None:
    shutil.copy(place.file("reference", 5), place.file("reference", 4))


def not_a_number(place: Any) -> None:
    def planted(rgb: np.ndarray) -> np.ndarray:
        rgb = rgb.copy()
        rgb[7, 9] = np.nan, np.inf, 0.5
        return rgb

    rewrite(place, "source", 5, planted)


def video_range(place: Any) -> None:
    def legal(rgb: np.ndarray) -> np.ndarray:
        full = np.clip((rgb - 0.1) / 0.8, 0, 1)
        full[:6], full[-6:] = 0, 1
        return full * (219 / 255) + 16 / 255

    for frame in range(1, 9):
        rewrite(place, "reference", frame, legal)


def frames_twice(place: Any) -> None:
    for frame in (2, 4, 6, 8):
        shutil.copy(place.file("reference", frame - 1), place.file("reference", frame))


def note_of_ours_alone(place: Any) -> None:
    file = project.paths(place.project).validation / "validation_note.md"
    write_page(file, "All was measured.\n", "## Seen\n\n<!-- Write here. -->\n")


def two_moments(place: Any) -> None:
    after = place.picture("source", 6)

    def woven(rgb: np.ndarray) -> np.ndarray:
        rgb = rgb.copy()
        rgb[1::2] = after[1::2]
        return rgb

    rewrite(place, "source", 5, woven)


def elsewhere(place: Any) -> None:
    place.knob(
        "Write_Recovered", "file", nk.quote("../renders/s010_v001_spatial-gauge_medium-80000.####.exr")
    )


def foreign_checkpoint(place: Any) -> None:
    place.save_model(film="Another Film")
    other = place.model.with_name("other.pt")
    shutil.copy(place.model, other)
    card = place.model.with_suffix(".json").read_text(encoding="utf-8").replace(place.model.name, other.name)
    other.with_suffix(".json").write_text(card, encoding="utf-8")
    place.knob("CopyCat1", "initialWeights", "Checkpoint")
    place.knob("CopyCat1", "checkpointFile", nk.quote(str(other)))


def unlocked_render(place: Any) -> None:
    """The last frame written with its red raised by 0.01 in the archive's colour space."""
    place.finish()
    path = stages.View(place.project).output.sequence.path(8)
    frame = read_frame(path)
    rgb = frame.rgb()
    rgb[..., 0] += 0.01
    write_frame(frame.with_channels(RGB, rgb), path, datatype="half")


def primaries(place: Any) -> None:
    place.finish()
    path = stages.View(place.project).output.sequence.path(2)
    write_frame(read_frame(path), path, datatype="half", metadata={})


def single_precision(place: Any) -> None:
    place.finish()
    path = stages.View(place.project).output.sequence.path(3)
    frame = read_frame(path)
    write_frame(frame, path, datatype="float", metadata={}, chromaticities=AP0_CHROMATICITIES)


def changed_frames(place: Any, numbers: tuple[int, ...], change: Callable[[np.ndarray], None]) -> None:
    """Written frames, changed in the archive's colour space (bottom row first)."""
    place.finish()
    for number in numbers:
        path = stages.View(place.project).output.sequence.path(number)
        frame = read_frame(path)
        rgb = frame.rgb()
        change(rgb)
        write_frame(frame.with_channels(RGB, rgb), path, datatype="half")


def seam(place: Any) -> None:
    """Right of column 64 of the live area a little lighter, in the first two frames."""

    def lighter(rgb: np.ndarray) -> None:
        rgb[:, 64:] *= 1.15

    changed_frames(place, (1, 2), lighter)


def black_border(place: Any) -> None:
    """A crop that reaches beyond the picture, in the last two."""

    def darker(rgb: np.ndarray) -> None:
        rgb[:, :6] *= 0.3

    changed_frames(place, (7, 8), darker)


def other_window(place: Any) -> None:
    place.finish()
    path = stages.View(place.project).output.sequence.path(3)
    write_frame(read_frame(path).cropped(Box(5, 6, 120, 90)), path, datatype="half")


def one_frame_green(place: Any) -> None:
    place.save_model().render()
    path = stages.View(place.project).output.sequence.path(4)
    frame = read_frame(path)
    write_frame(frame.with_channels(RGB, frame.select(RGB) * (0.9, 1.05, 0.9)), path, datatype="half")
    stages.outliers.look(stages.View(place.project), lambda what, done, total: None)


def missing_frame(place: Any) -> None:
    place.finish()
    stages.View(place.project).output.sequence.path(6).unlink()


def recovered(place: Any) -> Any:
    """Written frames that are the Ground Truth itself: as good as a recovery can be."""
    return place.save_model().render().masters(lambda frame, source, truth: truth)


def changed_luma(place: Any, change: Callable[[int, np.ndarray], np.ndarray], base: str = "truth") -> None:
    """Written frames with another luma on the Source's chroma; ``change``: frame, luma of ``base`` → luma."""

    def made(frame: int, source: np.ndarray, truth: np.ndarray) -> np.ndarray:
        plane = luma(truth if base == "truth" else source)
        return source + (change(frame, plane) - luma(source))[..., None]

    place.save_model().render().masters(made)


def unsharp(plane: np.ndarray) -> np.ndarray:
    return plane + 2 * (plane - cv2.GaussianBlur(plane, (0, 0), 1.0))


def better_before(place: Any) -> None:
    recovered(place)
    for kind, data in (
        ("started", {}),
        ("stage", {"stage": 5, "figures": {"PSNR of luma": 120.0, "SSIM of luma": 0.5}, "model": "0" * 64}),
        ("finished", {}),
        ("sign", {"check": "validation.compared", "note": "by wipe"}),
    ):
        ledger.append(place.folder, kind, data, by="Ada")


def catnc(place: Any) -> None:
    (place.model.parent / "run.catnc").write_bytes(b"opaque")


def without(place: Any, *names: str) -> None:
    script = nk.load(place.script)
    for name in names:
        script.remove(script.node(name))
    nk.save(script, place.script)


def older(place: Any) -> None:
    text = place.script.read_text(encoding="utf-8")
    place.script.write_text(text.replace("spatial-gauge 2", "spatial-gauge 1"), encoding="utf-8")


def worse_reference(place: Any) -> None:
    for frame in range(1, 9):
        rewrite(place, "reference", frame, lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 3))


def red_frame(place: Any) -> None:
    for element in ("source", "reference"):
        rewrite(place, element, 8, lambda rgb: rgb * np.array([1, 0.2, 0.1], np.float32))


def words(*parts: str) -> Callable[[Outcome], bool]:
    return lambda outcome: all(part in outcome.reason for part in parts)


def value(wanted: Any) -> Callable[[Outcome], bool]:
    return lambda outcome: outcome.value == wanted


PAIRS = tuple(PairOf(n, n, "x") for n in (1, 3, 5, 7))
GRADE = nk.node_text("Grade", {"white": "1.1", "name": "Grade9"}, inputs=1)
MEDIAN = nk.node_text("Median", {"size": "5", "name": "Median9"}, inputs=1)
EDGES = nk.node_text("EdgeDetectWrapper", {"name": "Edges9"}, inputs=1)
CROP = nk.node_text("Crop", {"box": nk.numbers((0, 0, 90, 90)), "name": "Crop9"}, inputs=1)
RETIME = nk.node_text("Kronos", {"name": "Kronos9"}, inputs=1)

# check id → (what breaks it, how it then turns out, whether reason, value and place are right)
BROKEN: dict[str, list[tuple[Callable[[Any], Any], str, Callable[[Outcome], bool]]]] = {
    "ingest.size_parity": [
        (size_parity, "fail", words("Frame 3 of the Reference is 128×94, not 128×96.")),
        (
            lambda p: p.change_element("reference", width=64),
            "fail",
            words("Frame 1 of the Reference", "64×96"),
        ),
    ],
    "ingest.pixel_aspect": [(pixel_aspect, "fail", value({"source": [1.0], "reference": [1.0, 2.0]}))],
    "ingest.frame_rate": [
        (lambda p: p.change_element("reference", frame_rate=25.0), "fail", words("Source 24; Reference 25"))
    ],
    "ingest.frame_range": [
        (lambda p: p.file("source", 6).unlink(), "fail", words("1 frames of the Source are missing", "is 6")),
        (lambda p: p.change_element("reference", last=7), "fail", words("frames 1–8, the Reference 1–7")),
    ],
    "ingest.channels": [(alpha, "fail", words("Source", "rgba.alpha"))],
    "ingest.no_alpha": [
        (
            alpha,
            "warn",
            lambda o: o.value == 1 and "frame 5 of the Source" in o.reason and o.show["frame"] == 5,
        )
    ],
    "ingest.values_0_1": [
        (
            beyond,
            "fail",
            lambda o: 0.2 < o.value["share"] < 0.6 and o.value["most"] > 1 and o.show["frame"] == 5,
        )
    ],
    "ingest.steady_headers": [
        (size_parity, "fail", words("The Reference changes 2 times", "frame 3 is 128×94, 128×96 before")),
        (
            lambda p: p.file("source", 4).write_bytes(b"not an image"),
            "fail",
            words("frame 4 cannot be read", "source.0004.exr"),
        ),
    ],
    "ingest.finite_values": [
        (not_a_number, "fail", lambda o: o.value == {"5": 2} and o.show["frame"] == 5),
    ],
    "ingest.levels": [
        (video_range, "warn", lambda o: "The Reference seems" in o.reason and "Reference 16–235" in o.reason),
    ],
    "ingest.no_repeats": [
        (copied, "warn", lambda o: o.value == {"reference": [5]} and o.show["frame"] == 5),
    ],
    "ingest.cadence": [
        (
            frames_twice,
            "warn",
            lambda o: "Reference has 2:2" in o.reason and o.value["reference"]["phases"] == [0],
        ),
    ],
    "ingest.interlace": [(two_moments, "warn", value({"source": [5]}))],
    "ingest.same_transform": [
        (
            lambda p: p.knob("Read_Reference", "colorspace", "scene_linear"),
            "fail",
            words("Source is read as sRGB - Texture, the Reference as ACEScg"),
        )
    ],
    "curation.script_current": [
        (
            lambda p: p.knob("Read_Source", "last", "7"),
            "fail",
            lambda o: o.value == ["source frames"] and "(1, 7), in the project (1, 8)" in o.reason,
        ),
        (
            lambda p: p.knob("Read_Reference", "raw", "true"),
            "fail",
            lambda o: o.value == ["reference colour space"] and o.show["node"] == "Read_Reference",
        ),
    ],
    "ingest.same_domain": [
        (
            lambda p: p.knob("Read_Reference", "colorspace", "compositing_log"),
            "fail",
            value({"source": "display", "reference": "log"}),
        ),
        (
            lambda p: p.knob("Read_Reference", "raw", "true"),
            "fail",
            value({"source": "display", "reference": "raw"}),
        ),
    ],
    "ingest.training_domain": [
        (
            lambda p: p.change_element("source", colourspace="aces_interchange"),
            "warn",
            words("Not display-referred: the Source is linear."),
        ),
    ],
    "ingest.authorisation": [
        (
            lambda p: p.change_element("reference", authorisation=" "),
            "fail",
            words("No authorisation for: Reference"),
        )
    ],
    "ingest.records": [
        (
            lambda p: p.change_element("source", gauge="", holder=""),
            "warn",
            value(["source.gauge", "source.holder"]),
        )
    ],
    "ingest.aces_version": [
        (
            lambda p: p.make(colour=Colour("ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5")),
            "info",
            value("2.0"),
        )
    ],
    "ingest.working_space": [
        (lambda p: p.make(colour=Colour(working_space="aces_interchange")), "warn", value("ACES2065-1"))
    ],
    "ingest.no_retimes": [(lambda p: p.insert(RETIME, "Read_Source"), "fail", value(["Kronos9"]))],
    "curation.pair_count": [
        (lambda p: p.make(pairs=PAIRS[:3]), "warn", lambda o: o.value == 3 and "4 to 9" in o.reason),
        (lambda p: p.make(scope="scene"), "warn", words("4 pairs for a scene, where 12 to 24 are usual")),
        (lambda p: p.make(pairs=PAIRS * 3), "info", value(12)),
    ],
    "curation.pair_frames": [
        (
            lambda p: p.make(pairs=(*PAIRS, PairOf(8, 11, "x"))),
            "fail",
            lambda o: o.value == {"element": "reference", "frame": 11} and "1–8" in o.reason,
        )
    ],
    "curation.hold_out": [
        (lambda p: p.make(hold_out=(PairOf(3, 4),)), "fail", value({"element": "source", "frame": 3})),
        (copied, "fail", value({"element": "reference", "frame": 4, "same_as": 5})),
    ],
    "curation.hold_out_chosen": [(lambda p: p.make(hold_out=()), "warn", value(0))],
    "curation.rationale": [
        (lambda p: p.make(pairs=(*PAIRS[:3], PairOf(7, 7))), "warn", words("1 of 4 pairs", "frames 7"))
    ],
    "curation.spread": [
        (lambda p: p.make(pairs=tuple(PairOf(n, n) for n in (1, 2, 3, 5))), "info", value(2))
    ],
    "curation.stack_order": [
        (
            lambda p: p.knob("FrameHold_Reference_2", "firstFrame", "5").knob(
                "FrameHold_Reference_3", "firstFrame", "3"
            ),
            "fail",
            lambda o: o.value == {"source": [1, 3, 5, 7], "reference": [1, 5, 3, 7]} and o.show["frame"] == 2,
        ),
    ],
    "curation.reference_better": [
        (
            worse_reference,
            "fail",
            lambda o: (
                "The Reference resolves less: 0." in o.reason
                and "on 5 pairs and hold-outs" in o.reason
                and o.value["ratio"] < 0.7
            ),
        )
    ],
    "curation.matching": [
        (
            lambda p: p.make(pairs=(PAIRS[0], PairOf(3, 4, "x"), *PAIRS[2:]), hold_out=(PairOf(6, 6),)),
            "fail",
            lambda o: (
                o.value == {"pairs": 5, "told": 5, "wrong": [3]}
                and "Frame 3 is paired with 4 of the Reference, and 3 is nearer" in o.reason
                and o.remedy[0].endswith("pairs add 3:3")
                and o.show["frame"] == 3
            ),
        )
    ],
    "curation.coverage": [
        (
            red_frame,
            "warn",
            lambda o: (
                "red" in [one["family"] for one in o.value]
                and "saturated red and orange" in o.reason
                and o.show["frame"] == 8
            ),
        )
    ],
    "curation.exclusions": [
        (
            lambda p: rewrite(p, "source", 5, lambda rgb: np.clip(rgb * 1.4 + 0.15, 0, 1)),
            "warn",
            lambda o: list(o.value) == ["5"] and "Flash on the Source, frame 5: 0." in o.reason,
        )
    ],
    "curation.flags": [
        (
            lambda p: rewrite(p, "reference", 5, lambda rgb: compressed(np.clip(rgb, 0, 1), 8)),
            "warn",
            lambda o: (
                [one["frame"] for one in o.value] == [5]
                and "Compression on the Reference, frame 5: " in o.reason
                and o.remedy[0].startswith("film-recovery pairs flag 5 ")
            ),
        )
    ],
    "training.flags": [
        (
            lambda p: p.make(pairs=(*PAIRS[:3], PairOf(7, 7, "x", flags=("parallax: the mast",)))),
            "info",
            value({"pair 7": "parallax: the mast"}),
        )
    ],
    "validation.flags": [
        (
            lambda p: p.make(hold_out=(PairOf(4, 4, flags=("halos", "grain mismatch")),)),
            "info",
            words("Flags stay with 1 pair", "hold-out 4: halos; grain mismatch."),
        )
    ],
    "alignment.residual": [
        (
            lambda p: p.knob("ManualTransform", "translate", "{1.5 0}"),
            "fail",
            words("Fail in pair 1, 2, 3, 4"),
        ),
        (
            lambda p: p.make(alignment=replace(p.draft.alignment, hold_out=((1.5, 0.0),))),
            "fail",
            lambda o: o.reason.startswith("Fail in hold-out 4; hold-out 4: ") and o.value["hold-out 4"] > 1,
        ),
    ],
    "alignment.one_crop": [
        (lambda p: p.insert(CROP, "FitToSource"), "fail", lambda o: o.value == 2 and "Crop9" in o.reason),
        (lambda p: p.insert(CROP, "FR_GroundTruth1"), "fail", value(2)),
    ],
    "alignment.crop_linked": [
        (
            lambda p: p.knob("FR_TrainPrep_Source", "box", nk.numbers((4, 6, 120, 90))),
            "fail",
            words("FR_TrainPrep_Source.LiveArea", "not linked to LiveAreaCrop"),
        ),
        (lambda p: p.insert(CROP, "Stamp_Training_Source"), "fail", words("2 Crops stand on the Source")),
        (lambda p: p.knob("FR_TrainPrep_Source", "use_crop", "false"), "fail", words("0 Crops")),
    ],
    "alignment.crop_enabled": [(lambda p: p.make(alignment=Alignment()), "warn", value(False))],
    "alignment.no_colour_correction": [(lambda p: p.insert(GRADE, "FitToSource"), "fail", value(["Grade9"]))],
    "training.template": [
        (
            lambda p: without(p, "DifferenceView", "ManualTransform"),
            "warn",
            lambda o: (
                o.value
                == ["The Transform ManualTransform is missing.", "The Merge2 DifferenceView is missing."]
                and o.reason == " ".join(o.value)
                and "keeps a copy" in o.remedy[1]
            ),
        ),
        (
            older,
            "warn",
            words("made from template 'spatial-gauge 1'; the project's is 'spatial-gauge 2'"),
        ),
    ],
    "training.no_reference_blur": [
        (lambda p: p.insert(MEDIAN, "Read_Reference"), "fail", value(["Median9"])),
        (lambda p: p.insert(SOFT_GROUP, "LiveAreaCrop"), "fail", value(["Soften.Hidden"])),
        (lambda p: p.insert(EDGES, "Read_Reference"), "fail", value(["Edges9"])),
        (lambda p: p.insert(MEDIAN, "FR_GroundTruth1"), "fail", value(["Median9"])),
    ],
    "training.bbox_parity": [
        (
            lambda p: p.knob("FR_TrainPrep_Source", "use_crop", "false").knob(
                "FR_TrainPrep_Source", "copy_bbox", "false"
            ),
            "fail",
            lambda o: o.value == 4 and "0 0 128 96" in o.reason and "4 6 120 90" in o.reason,
        )
    ],
    "training.values_0_1": [
        (
            lambda p: p.knob("FR_TrainPrep_GroundTruth", "clamp", "false"),
            "fail",
            lambda o: -0.03 < o.value["least"] < -0.005,
        )
    ],
    "training.no_alpha": [
        (
            lambda p: p.knob("FR_TrainPrep_GroundTruth.RemoveAlpha", "channels", "none"),
            "fail",
            words("Ground Truth of pair 1", "rgba.alpha"),
        )
    ],
    "training.clamp_share": [
        (grain, "warn", lambda o: o.value["share"] > 0.02 and o.value["change"] > 0.02),
    ],
    "training.ground_truth_identity": [
        (
            lambda p: p.knob("FR_GroundTruth1", "recipe", "colour"),
            "fail",
            lambda o: o.value["source_chroma"] > 0.01 and o.value["reference_luma"] > 0.01,
        ),
        (
            lambda p: p.knob("FR_GroundTruth1.Swap", "fromInput1", "{{0} B}").knob(
                "FR_GroundTruth1.LumaFrom", "which", "1"
            ),
            "fail",
            lambda o: o.value["source_chroma"] < 1e-5 and o.value["reference_luma"] > 0.01,
        ),
    ],
    "training.patch_fits": [
        (
            lambda p: p.make(training=Training(patch=128, steps=80_000)),
            "fail",
            value({"patch": 128, "width": 116, "height": 84}),
        )
    ],
    "training.settings": [
        (
            lambda p: p.knob("CopyCat1", "batchSize", "8").knob("CopyCat1", "modelSize", "Large"),
            "warn",
            words("Size is large / medium, not medium", "batch is 3 / 8, not 3"),
        )
    ],
    "training.steps_range": [
        (
            lambda p: p.make(training=Training(patch=64, steps=40_000)),
            "warn",
            words("40000 steps at patch 64, where 80000 to 160000"),
        ),
        (lambda p: p.make(training=Training(patch=64, steps=0)), "info", value(0)),
    ],
    "training.steps_epochs": [
        (lambda p: p.knob("CopyCat1", "epochs", "10000"), "warn", value({"epochs": 10000, "wanted": 60000}))
    ],
    "training.initial_weights": [
        (lambda p: p.knob("CopyCat1", "initialWeights", "Deblur"), "fail", value("Deblur")),
        (foreign_checkpoint, "fail", words("other.pt was trained on “Another Film”, reel 2")),
    ],
    "training.reasoning": [(lambda p: p.make(reasoning="  "), "warn", value(0))],
    "training.preview": [
        (lambda p: p.knob("FrameHold_Preview", "firstFrame", "5"), "warn", lambda o: o.value == [5])
    ],
    "training.network_better": [
        (
            lambda p: p.trained("closed_form", network_of_psnr=31.2, closed_form_of_psnr=32.5),
            "warn",
            lambda o: (
                "31.2 dB of the network, 32.5 dB of the closed form" in o.reason
                and o.value == {"figure": "psnr", "network": 31.2, "closed_form": 32.5}
                and "steps to 0" in o.remedy[-1]
            ),
        ),
        (
            lambda p: p.trained().trained("closed_form", network_of_de00=2.5, closed_form_of_de00=2.25),
            "warn",
            words("colour difference 2.5 ΔE00 of the network, 2.25 ΔE00 of the closed form"),
        ),
    ],
    "inference.prefilter_parity": [
        (
            lambda p: p.knob("FR_Inference1", "prefilter", "true"),
            "fail",
            words("training: none; at inference: Median 3; in the project: none"),
        ),
        (
            lambda p: p.make(prefilter=5).knob("FR_Inference1", "prefilter_size", "3"),
            "fail",
            words("training: Median 5; at inference: Median 3; in the project: Median 5"),
        ),
    ],
    "inference.live_area": [
        (
            lambda p: p.knob("FR_Inference1", "box", nk.numbers((0, 0, 120, 90))),
            "fail",
            words("training: 4 6 120 90; at inference: 0 0 120 90"),
        ),
        (
            lambda p: p.knob("FR_Inference1", "use_crop", "false"),
            "fail",
            words("at inference: the whole frame"),
        ),
    ],
    "inference.same_read": [
        (
            lambda p: p.insert(
                "push 0\n"
                + nk.node_text(
                    "Read",
                    {"file": "other.####.exr", "colorspace": "color_picking", "name": "Read9"},
                    inputs=0,
                ),
                "Stamp_Inference_Source",
            ),
            "fail",
            lambda o: o.value["different"] == ["file"] and o.show["node"] == "Read9",
        )
    ],
    "inference.untouched_source": [
        (lambda p: p.insert(GRADE, "Stamp_Inference_Source"), "fail", value(["Grade9"]))
    ],
    "inference.identity_lock": [(lambda p: p.knob("FR_Inference1", "lock", "false"), "fail", value(False))],
    "inference.model_of_film": [
        (
            lambda p: p.save_model(film="Another Film"),
            "fail",
            words("“Another Film”, reel 2", "“A Trip”, reel 2"),
        ),
        (lambda p: p.save_model(reel="3"), "fail", value({"film": "A Trip", "reel": "3"})),
        (lambda p: p.save_model(film="", reel=""), "fail", words("an unnamed film")),
    ],
    "inference.recipe_match": [
        (lambda p: p.save_model(recipe="colour"), "fail", words("model colour", "FR_Inference1 spatial"))
    ],
    "inference.method_match": [
        (
            lambda p: p.save_model(luma_method="Colorspace"),
            "fail",
            words("model Colorspace", "FR_Inference1 matrix"),
        ),
        (
            lambda p: p.save_model().knob("FR_GroundTruth1", "method", "Colorspace"),
            "fail",
            lambda o: o.show["node"] == "FR_GroundTruth1",
        ),
    ],
    "inference.as_trained": [
        (
            lambda p: p.save_model_of(crop=[0.0, 0.0, 120.0, 90.0]),
            "fail",
            words("crop: trained with 0 0 120 90, now 4 6 120 90"),
        ),
        (
            lambda p: p.save_model_of(domain="ACES2065-1"),
            "fail",
            words("colour domain: trained with ACES2065-1, now ACEScg"),
        ),
        (
            lambda p: p.save_model_of(prefilter=["Median 5"]),
            "fail",
            words("pre-filter: trained with Median 5, now none"),
        ),
        (
            lambda p: p.save_model_of(format=[2048, 1556, 1.0]),
            "fail",
            words("format: trained with 2048 × 1556, now 128 × 96"),
        ),
        (
            lambda p: p.save_model(pair_hashes={"pair 1": "0" * 64}),
            "fail",
            words("pairs: trained with 00000000, now ", "(pair 1, Source frame 1)", "trained with none"),
        ),
        (
            lambda p: p.save_model(kind="Recovery", preset="small", patch=64),
            "fail",
            words("model size: trained with small, now medium"),
        ),
        (
            lambda p: p.save_model(kind="Recovery", preset="medium", patch=256),
            "fail",
            words("patch: trained with 256, now 64"),
        ),
        (
            lambda p: p.save_model_of(tile="1024"),
            "fail",
            words(
                "tile: trained with tiles of 1024, now the whole frame (FR_Inference1.Inference1.tileSize)"
            ),
        ),
    ],
    "inference.values_outside": [
        (
            beyond,
            "warn",
            lambda o: (
                o.value["worst"] == 5
                and 0.2 < o.value["share"] < 0.6
                and o.value["most"] > 1.5
                and "the trained domain, in 1 of 8 frames, before the render" in o.reason
                and o.show["frame"] == 5
            ),
        )
    ],
    "inference.outliers": [
        (one_frame_green, "warn", words("8 frames", "4 hue")),
    ],
    "inference.joins": [
        (
            seam,
            "warn",
            lambda o: (
                list(o.value) == ["1"]
                and "codes, vertical, 64 pixels from the left of the live area" in o.reason
                and o.show["frame"] == 1
            ),
        ),
        (black_border, "warn", words("frame 8: ", "the left border is changed by")),
        (
            other_window,
            "warn",
            lambda o: "Frame 3 holds" in o.reason and o.value["frame"] == 3 and o.show["frame"] == 3,
        ),
    ],
    "inference.full_format": [
        (
            lambda p: p.knob("FR_Inference1", "preview", "true"),
            "fail",
            words("FR_Inference1", "preview format"),
        )
    ],
    "inference.non_commercial": [
        (
            lambda p: p.make(tier="nc", training=replace(p.draft.training, engine="copycat")),
            "fail",
            words("1920 × 1080", "128 × 96"),
        ),
        (catnc, "fail", words("1 files of NukeX Non-Commercial", "run.catnc")),
    ],
    "inference.output_name": [
        (
            lambda p: p.knob(
                "Write_Recovered", "file", nk.quote("../pipeline/04_inference_render/out.####.exr")
            ),
            "fail",
            words("shot (s010), version (v001), model (spatial-gauge_medium-80000)"),
        )
    ],
    "inference.output_format": [
        (lambda p: p.make(inference=Inference(datatype="float")), "fail", words("EXR, float")),
    ],
    "inference.compression": [
        (lambda p: p.make(inference=Inference(compression="dwaa")), "warn", words("DWAA, which loses values"))
    ],
    "inference.output_colourspace": [
        (lambda p: p.knob("Write_Recovered", "colorspace", "scene_linear"), "fail", value("ACEScg")),
        (lambda p: p.knob("Write_Recovered", "raw", "true"), "fail", value("raw")),
    ],
    "inference.output_place": [(elsewhere, "fail", words("not under pipeline/04_inference_render"))],
    "validation.frames_written": [
        (missing_frame, "fail", lambda o: o.value == {"written": 7, "wanted": 8} and o.show["frame"] == 6)
    ],
    "validation.frames_format": [
        (
            primaries,
            "fail",
            lambda o: (
                "Frame 2 does not name" in o.reason
                and "Another program" in o.reason
                and "film-recovery render" in o.remedy[0]
                and o.show["frame"] == 2
            ),
        ),
        (single_precision, "fail", lambda o: "Frame 3 is float, not half" in o.reason),
    ],
    "validation.identity": [
        (unlocked_render, "fail", lambda o: 0.002 < o.value < 0.02 and o.show["frame"] == 8)
    ],
    "validation.sharper": [
        (
            lambda p: p.save_model().render(),
            "fail",
            lambda o: (
                o.value["detail"] == pytest.approx(1, abs=0.01) and "the middle of 8 frames" in o.reason
            ),
        )
    ],
    "validation.no_flicker": [
        (
            lambda p: changed_luma(p, lambda frame, y: y * (1.06 if frame == 4 else 1)),
            "fail",
            lambda o: 0.01 < o.value["luma"] < 0.05 and o.show["frame"] == 4 and "luma" in o.reason,
        ),
    ],
    "validation.no_halos": [
        (
            lambda p: changed_luma(p, lambda frame, y: unsharp(y)),
            "fail",
            lambda o: o.value["detail"] > 1.15 and "times the Ground Truth's on 1 frame" in o.reason,
        )
    ],
    "validation.grain": [
        (
            lambda p: changed_luma(p, lambda frame, y: cv2.GaussianBlur(y, (0, 0), 0.8)),
            "warn",
            lambda o: o.value < 0.7 and o.show["frame"] == 4,
        )
    ],
    "validation.baselines": [
        (
            lambda p: p.save_model().render(),
            "warn",
            lambda o: (
                o.value["Least-squares filter"] == ["PSNR of luma", "SSIM of luma"]
                and "Resize" not in o.value
                and "Unsharp mask did better in PSNR of luma (33.08 against 29.43)" in o.reason
            ),
        )
    ],
    "validation.no_regression": [
        (
            better_before,
            "warn",
            lambda o: list(o.value) == ["PSNR of luma"] and "PSNR of luma 120 before" in o.reason,
        )
    ],
    "validation.note_written": [(lambda p: None, "warn", value(0)), (note_of_ours_alone, "warn", value(0))],
}


# What a project without its other steps lacks; sound and broken chains are in test_chain.
OF_STEPS = {"training.telecine_first", "validation.colour_follows"}
# What colour recovery alone asks for: check id → how masters break it, and whether the figures are right.
OF_COLOUR: dict[
    str, tuple[Callable[[int, np.ndarray, np.ndarray], np.ndarray], Callable[[Outcome], bool]]
] = {
    "validation.hue": (
        lambda frame, source, truth: truth[..., [1, 2, 0]],
        lambda o: abs(o.value["mean"]) > 20 and o.outcome == "fail",
    ),
    "validation.saturation": (
        lambda frame, source, truth: truth + np.float32(0.7) * (luma(truth)[..., None] - truth),
        lambda o: 0.1 < o.value < 0.6 and "in frame 4" in o.reason and o.outcome == "fail",
    ),
    "validation.consistent": (
        lambda frame, source, truth: truth * np.float32([1.15, 1, 0.85]) if frame > 5 else truth,
        lambda o: o.value > 2 and o.show["frame"] > 5 and o.outcome == "warn",
    ),
}


@pytest.mark.parametrize("id", OF_COLOUR)
def test_a_colour_recovery_that_fails_is_found_and_a_true_one_passes(id: str, colour_place: Any) -> None:
    change, figures = OF_COLOUR[id]
    colour_place.save_model().render().masters(lambda frame, source, truth: truth)
    assert colour_place.outcome(id).outcome == "pass"
    colour_place.masters(change)
    found = colour_place.outcome(id)
    assert figures(found), found
    assert found.remedy and found.reason.endswith(".")


def test_without_a_held_out_frame_what_needs_the_truth_waits(place: Any) -> None:
    place.make(inference=Inference(frames="5-8"))
    place.save_model().render((5, 6, 7, 8))
    for id in ("validation.grain", "validation.baselines"):
        assert place.outcome(id).pending, id
    assert not place.outcome("validation.sharper").pending


def test_a_source_without_its_black_margin_is_judged_where_it_has_a_picture(place: Any) -> None:
    """A live area that reaches beyond the file's data window: nothing is recovered there, and nothing is missing."""
    trim = Box(20, 10, 128, 96)
    for frame in range(1, 9):
        whole = read_frame(place.file("source", frame))
        write_frame(whole.cropped(trim), place.file("source", frame), datatype="half")
    place.finish()
    assert read_frame(stages.View(place.project).output.sequence.path(4)).bbox == Box(
        *place.draft.alignment.live_area
    ).intersect(trim)
    assert place.outcome("validation.identity").outcome == "pass"


def test_every_measured_check_has_exactly_one_function_and_one_broken_project() -> None:
    assert sorted(FUNCTIONS) == MEASURED
    assert sorted([*BROKEN, *OF_STEPS, *OF_COLOUR]) == MEASURED


@pytest.mark.slow
@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_a_sound_project_passes_every_check(recipe: str, make: Any) -> None:
    place = make(recipe).finish().masters(lambda frame, source, truth: truth)
    look(stages.View(place.project), lambda what, done, total: None)
    reports = stages.check(place.project)
    assert [report.stage for report in reports] == [0, 1, 2, 3, 4, 5]
    assert [outcome.check for report in reports for outcome in report.outcomes] == [
        check.id for check in recipes.load(recipe).checks
    ]
    found = {o.check: o.reason for report in reports for o in report.outcomes if o.outcome != "pass"}
    lacking = OF_STEPS & {check.id for check in recipes.load(recipe).checks}
    assert all("is no project yet" in found.pop(check) for check in lacking)
    assert found == {}


@pytest.mark.parametrize(
    ("id", "case"), [(id, case) for id, cases in BROKEN.items() for case in range(len(cases))]
)
def test_a_broken_project_is_found(place: Any, id: str, case: int) -> None:
    change, wanted, figures = BROKEN[id][case]
    change(place)
    outcome = place.outcome(id)
    assert (outcome.outcome, figures(outcome)) == (wanted, True), outcome
    assert outcome.reason.endswith(".") and "\n" not in outcome.reason
    if wanted != "info":
        assert outcome.outcome == SEVERITIES[recipes.load("spatial-gauge").check(id).severity]
        assert outcome.remedy


def test_a_stage_that_is_worked_again_is_not_stopped_by_what_it_left(place: Any) -> None:
    """A render that was killed leaves a part of the frames, one with other settings frames of another kind."""
    missing_frame(place)
    single_precision_of = stages.View(place.project).output.sequence.path(3)
    write_frame(read_frame(single_precision_of), single_precision_of, datatype="float")
    (report,) = stages.check(place.project, stage=4)
    assert not report.stops
    assert report.pending == ("inference.outliers",)  # to be looked for in the frames as they will be


def test_the_project_is_checked_before_a_script_that_is_older(place: Any) -> None:
    old = place.script.read_bytes()
    place.change_element("reference", colourspace="scene_linear")
    place.script.write_bytes(old)
    assert place.outcome("ingest.same_transform").outcome == "fail"
    assert place.outcome("curation.script_current").value == ["reference colour space"]


def test_before_the_script_exists_nothing_of_it_passes(place: Any) -> None:
    place.make(pairs=(), hold_out=())
    reports = stages.check(place.project)
    assert not place.script.exists()
    alignment = reports[2]
    assert set(alignment.pending) == {
        c.id for c in recipes.load("spatial-gauge").for_stage(2) if not c.manual
    }
    outcome = place.outcome("alignment.one_crop")
    assert (outcome.outcome, outcome.value, outcome.pending) == ("info", None, True)
    assert outcome.reason == "not yet: no pairs are chosen, so the script has not been built"


def test_before_the_model_and_the_render(place: Any) -> None:
    assert place.outcome("inference.model_of_film").pending
    assert place.outcome("validation.identity").pending
    place.save_model()
    assert place.outcome("inference.model_of_film").outcome == "pass"
    assert place.outcome("validation.identity").reason == "not yet: no frame has been rendered"


def test_a_damaged_file_fails_and_is_named(place: Any) -> None:
    place.file("source", 5).write_bytes(b"not an image")
    outcome = place.outcome("training.clamp_share")
    assert outcome.outcome == "fail"
    assert "source.0005.exr" in str(outcome.show["file"])
    assert outcome.remedy


def test_a_colour_recovery_may_have_a_median_on_the_reference(colour_place: Any) -> None:
    colour_place.insert(nk.node_text("Median", {"size": "10", "name": "Median9"}, inputs=1), "FitToSource")
    (report,) = stages.check(colour_place.project, stage=3)
    assert {o.check: o.reason for o in report.outcomes if o.outcome == "fail"} == {}


def test_a_colour_identity_is_of_luma(colour_place: Any) -> None:
    colour_place.finish()
    outcome = colour_place.outcome("validation.identity")
    assert outcome.outcome == "pass" and "luma" in outcome.reason
    colour_place.knob("FR_GroundTruth1", "recipe", "spatial")
    assert set(colour_place.outcome("training.ground_truth_identity").value) == {
        "source_luma",
        "reference_chroma",
    }
    assert colour_place.outcome("training.ground_truth_identity").outcome == "fail"


def test_the_prefilter_is_the_same_everywhere(place: Any) -> None:
    place.make(prefilter=5)
    outcome = place.outcome("inference.prefilter_parity")
    assert outcome.outcome == "pass"
    assert outcome.value == {"training": ["Median 5"], "inference": ["Median 5"], "project": 5}
    assert place.outcome("training.no_reference_blur").outcome == "pass"
    assert place.outcome("training.ground_truth_identity").outcome == "pass"


def test_a_disabled_node_is_not_there(place: Any) -> None:
    text = nk.node_text("Median", {"size": "5", "disable": "true", "name": "Median9"}, inputs=1)
    place.insert(text, "Read_Reference")
    assert place.outcome("training.no_reference_blur").outcome == "pass"


def test_a_clone_of_the_crop_is_linked(place: Any) -> None:
    text = place.script.read_text(encoding="utf-8")
    text = text.replace("Crop {\n inputs 1\n box", "clone node1 Crop {\n inputs 1\n box", 1)
    place.script.write_text(text, encoding="utf-8")
    place.knob("FR_TrainPrep_Source", "use_crop", "false")
    place.insert("clone $node1 {\n inputs 1\n name Crop9\n}\n", "Stamp_Training_Source")
    outcome = place.outcome("alignment.crop_linked")
    assert outcome.outcome == "pass", outcome


def test_a_constructed_reference_needs_only_the_frames_of_its_pairs(make: Any) -> None:
    place = make("colour-constructed")
    for frame in (2, 6, 8):
        place.file("reference", frame).unlink()
    assert place.outcome("ingest.frame_range").outcome == "pass"
    assert place.outcome("ingest.size_parity").outcome == "pass"
    place.file("reference", 4).unlink()
    assert place.outcome("ingest.frame_range").show["frame"] == 4


def test_a_checkpoint_of_this_project_may_be_the_start_and_nothing_else(place: Any) -> None:
    initial = "pipeline/03_copycat_training/run_1/checkpoints/step_0000100.ckpt"
    place.make(training=replace(place.draft.training, initial=initial))
    missing = place.outcome("training.initial_weights")
    assert (missing.outcome, "no checkpoint that a training" in missing.reason) == ("fail", True)
    (place.folder / initial).parent.mkdir(parents=True)
    (place.folder / initial).write_bytes(b"")
    assert place.outcome("training.initial_weights").value == ["step_0000100.ckpt"]


def test_the_open_engine_renders_under_a_non_commercial_licence(place: Any) -> None:
    place.make(tier="nc")
    assert place.outcome("inference.non_commercial").outcome == "pass"


def test_the_last_training_says_whether_its_network_was_worth_it(place: Any) -> None:
    before = place.outcome("training.network_better")
    assert before.pending and before.reason == "not yet: nothing has been trained"
    place.trained("closed_form")
    place.trained(network_of_psnr=33.0, closed_form_of_psnr=32.5)
    found = place.outcome("training.network_better")
    assert found.outcome == "pass"
    assert "network of the last training did better: PSNR 33 dB of the network, 32.5 dB" in found.reason
    place.trained("", steps=0)
    alone = place.outcome("training.network_better")
    assert alone.outcome == "pass" and alone.reason.startswith("The closed form alone was trained")
    ledger.append(place.folder, "stage", {"stage": 3, "settings": {"steps": 5}, "figures": {}}, by="Ada")
    assert place.outcome("training.network_better").pending


# Signatures


def test_a_manual_check_waits_for_its_signature(place: Any) -> None:
    shall = place.outcome("ingest.grain_kept")
    assert (shall.outcome, shall.value) == ("fail", "unsigned")
    assert shall.remedy[-1] == "then sign it"
    assert place.outcome("curation.source_frames").outcome == "warn"
    assert place.outcome("inference.proxies").outcome == "info"
    assert not place.outcome("inference.proxies").pending
    ledger.append(place.folder, "sign", {"check": "ingest.grain_kept", "note": "scans compared"}, by="Ada")
    signed = place.outcome("ingest.grain_kept")
    assert signed.outcome == "pass"
    assert (signed.value["by"], signed.value["note"]) == ("Ada", "scans compared")
    assert signed.reason.startswith("Signed by Ada on 2") and signed.reason.endswith(": scans compared.")


# Tolerances


def test_the_project_overrides_a_tolerance_and_the_outcome_shows_it(place: Any) -> None:
    place.make(tolerances={"training.clamp_share": {"share": 0.0001}})
    outcome = place.outcome("training.clamp_share")
    assert outcome.outcome == "warn"
    assert outcome.tolerance == {"share": 0.0001, "change": 0.1}


@pytest.mark.parametrize(
    ("tolerances", "named"),
    [
        ({"training.clamp_share": {"shares": 0.5}}, "training.clamp_share has no tolerance shares"),
        ({"training.clamp_share": {"share": True}}, "has no tolerance share: True"),
        ({"training.clampshare": {"share": 0.5}}, "no check 'training.clampshare'"),
    ],
)
def test_a_tolerance_that_no_check_has_is_refused(place: Any, tolerances: Any, named: str) -> None:
    place.make(tolerances=tolerances)
    with pytest.raises(Exception, match=named):
        stages.check(place.project, stage=0)


def test_an_unknown_check_is_refused(place: Any) -> None:
    with pytest.raises(Exception, match=r"has no check 'ingest\.size'.*ingest\.size_parity"):
        stages.check(place.project, ids=["ingest.size"])


def test_checking_changes_nothing(place: Any) -> None:
    """But what it remembers of its own measurements."""

    def everything() -> dict[Path, bytes]:
        files = [path for path in place.root.rglob("*") if path.is_file() and ".cache" not in path.parts]
        return {path: path.read_bytes() for path in files}

    place.finish()
    before = everything()
    first = stages.check(place.project)
    assert everything() == before
    assert stages.check(place.project) == first


def test_no_frame_outlives_a_check(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was measured, or could not be: not before a garbage collection, which may take its time."""
    made: list[weakref.ref[FrameCache]] = []
    make = FrameCache.__init__

    def counted(self: FrameCache, budget: int) -> None:
        make(self, budget)
        made.append(weakref.ref(self))

    monkeypatch.setattr(FrameCache, "__init__", counted)
    place.save_model().render()
    gc.collect()
    gc.disable()
    try:
        for broken in (False, True):
            if broken:
                place.insert("Unknown {\n name Odd\n}\n", "FR_Inference1")
            made.clear()
            stages.check(place.project)
            assert made and [one for one in made if one() is not None] == []
    finally:
        gc.enable()
