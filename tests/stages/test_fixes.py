"""A repair shows what it changes, keeps what was, makes the check hold, and touches nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from film_recovery import nk, stages
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.project import Alignment, Inference

GRADE = nk.node_text("Grade", {"white": "1.1", "name": "Grade9"}, inputs=1)
MEDIAN = nk.node_text("Median", {"size": "5", "name": "Median9"}, inputs=1)


def knob(*given: str) -> Callable[[Any], Any]:
    return lambda place: place.knob(*given)


def stacks(place: Any) -> None:
    place.knob("FrameHold_Reference_2", "firstFrame", "5").knob("FrameHold_Reference_3", "firstFrame", "3")


def live_area(place: Any) -> None:
    place.knob("LiveAreaCrop", "disable", "true")


def write(place: Any) -> None:
    place.knob("Write_Recovered", "file", nk.quote("../elsewhere/out.####.exr"))


def without(name: str) -> Callable[[Any], Any]:
    """Takes a node out of the script."""

    def remove(place: Any) -> None:
        script = nk.load(place.script)
        script.remove(script.node(name))
        nk.save(script, place.script)

    return remove


# check id → (what breaks it, what the shown change must hold)
BROKEN: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "curation.stack_order": (stacks, ("- firstFrame 5", "+ firstFrame 3")),
    "curation.script_current": (knob("Read_Source", "last", "7"), ("- last 7", "+ last 8")),
    "alignment.crop_linked": (
        knob("FR_TrainPrep_Source", "box", nk.numbers((4, 6, 120, 90))),
        ("- box {4 6 120 90}", "+ box {{LiveAreaCrop.box.x} {LiveAreaCrop.box.y}"),
    ),
    "alignment.crop_enabled": (live_area, ("- disable true",)),
    "alignment.no_colour_correction": (lambda place: place.insert(GRADE, "FitToSource"), ("-Grade {",)),
    "training.template": (without("DifferenceView"), ("+ operation difference", "+ name DifferenceView")),
    "training.no_reference_blur": (lambda place: place.insert(MEDIAN, "Read_Reference"), ("-Median {",)),
    "training.settings": (knob("CopyCat1", "batchSize", "8"), ("- batchSize 8", "+ batchSize 3")),
    "training.steps_epochs": (knob("CopyCat1", "epochs", "10000"), ("- epochs 10000", "+ epochs 60000")),
    "training.initial_weights": (knob("CopyCat1", "initialWeights", "Deblur"), ("- initialWeights Deblur",)),
    "training.preview": (knob("FrameHold_Preview", "firstFrame", "5"), ("+ firstFrame 4",)),
    "inference.prefilter_parity": (knob("FR_Inference1", "prefilter", "true"), ("+ prefilter false",)),
    "inference.live_area": (knob("FR_Inference1", "use_crop", "false"), ("- use_crop false",)),
    "inference.untouched_source": (
        lambda place: place.insert(GRADE, "Stamp_Inference_Source"),
        ("-Grade {", "- name Grade9"),
    ),
    "inference.identity_lock": (knob("FR_Inference1", "lock", "false"), ("- lock false", "+ lock true")),
    "inference.recipe_match": (
        lambda place: place.save_model().knob("FR_Inference1", "recipe", "colour"),
        ("- recipe colour", "+ recipe spatial"),
    ),
    "inference.method_match": (
        lambda place: place.save_model().knob("FR_Inference1", "method", "Colorspace"),
        ("- method Colorspace", "+ method matrix"),
    ),
    "inference.output_name": (write, ("- file ../elsewhere/out.####.exr", "+ file ../pipeline/04_inference")),
    "inference.output_place": (write, ("- file ../elsewhere/out.####.exr",)),
    "inference.output_format": (
        lambda place: place.make(inference=Inference(datatype="float")),
        ("32 bit float", "16 bit half"),
    ),
    "inference.compression": (
        lambda place: place.make(inference=Inference(compression="dwaa")),
        ("- compression DWAA", '+ compression "Zip (16 scanlines)"'),
    ),
    "inference.output_colourspace": (knob("Write_Recovered", "raw", "true"), ("- raw true",)),
}


def test_every_repair_is_tried() -> None:
    assert set(BROKEN) == stages.FIXABLE


@pytest.mark.parametrize("id", sorted(BROKEN))
def test_a_repair_makes_the_check_hold(place: Any, id: str) -> None:
    change, shown = BROKEN[id]
    change(place)
    assert place.outcome(id).outcome in ("warn", "fail")
    before = {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}
    fix = stages.propose(place.project, id)
    assert fix.file == place.script
    for line in shown:
        assert line in fix.diff, fix.diff
    assert {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()} == before
    copy = fix.apply()
    assert place.outcome(id).outcome == "pass", place.outcome(id)
    after = {path: path.read_bytes() for path in place.root.rglob("*") if path.is_file()}
    assert copy.name == f"{place.script.name}.bak-1"
    assert after.pop(copy) == before[place.script]
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {place.script} and set(after) == set(before)


def test_nothing_to_repair_changes_nothing(place: Any) -> None:
    fix = stages.propose(place.project, "training.no_reference_blur")
    assert (fix.diff, fix.description) == ("", "Nothing has to be done.")


def test_a_second_repair_keeps_a_second_copy(place: Any) -> None:
    place.knob("CopyCat1", "epochs", "7")
    stages.propose(place.project, "training.steps_epochs").apply()
    place.knob("CopyCat1", "epochs", "8")
    assert stages.propose(place.project, "training.steps_epochs").apply().name.endswith(".bak-2")


def test_a_script_that_changed_meanwhile_is_left_alone(place: Any) -> None:
    place.knob("CopyCat1", "epochs", "7")
    fix = stages.propose(place.project, "training.steps_epochs")
    place.knob("CopyCat1", "epochs", "8")
    before = place.script.read_bytes()
    with pytest.raises(FilmRecoveryError, match="changed since"):
        fix.apply()
    assert place.script.read_bytes() == before


def test_a_check_without_a_repair_says_what_to_do(place: Any) -> None:
    with pytest.raises(UsageError, match=r"ingest\.values_0_1 has no repair.*Rec\.709"):
        stages.propose(place.project, "ingest.values_0_1")


def test_nothing_is_repaired_before_the_script_exists(place: Any) -> None:
    place.script.unlink()
    with pytest.raises(UsageError, match="Nothing to repair yet: the script has not been built"):
        stages.propose(place.project, "training.steps_epochs")


def test_a_crop_is_not_enabled_on_an_unknown_area(place: Any) -> None:
    place.make(alignment=Alignment())
    with pytest.raises(UsageError, match="names no live area"):
        stages.propose(place.project, "alignment.crop_enabled")
