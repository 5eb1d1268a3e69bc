"""The parity guard: whatever changes between training and inference is told, by its old and its new value."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from film_recovery import ledger, nk, project, recipes, stages
from film_recovery.cli import commands
from film_recovery.cli.inferring import Wanted, of_project
from film_recovery.cli.report import Report
from film_recovery.errors import CheckFailed
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.stages import mismatch
from film_recovery.stages.conditions import trained_under
from film_recovery.stages.view import View


def larger_scans(place: Any) -> None:
    """The Source scanned again with a wider frame, at the same place."""
    for number in range(1, 9):
        picture = np.zeros((100, 132, 3), np.float32)
        write_frame(Frame.from_array(picture), place.file("source", number), datatype="half")


def knobs(*given: tuple[str, str, str]) -> Callable[[Any], None]:
    def change(place: Any) -> None:
        for node, knob, word in given:
            place.knob(node, knob, word)

    return change


def told(**changes: Any) -> Callable[[Any], None]:
    return lambda place: project.update(place.folder, changes)


def root(place: Any) -> None:
    text = place.script.read_text(encoding="utf-8")
    place.script.write_text(text.replace("workingSpaceLUT scene_linear", "workingSpaceLUT aces_interchange"))


# What changes after the training → the check that stops it, what it says, and where.
CHANGED: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "film": (lambda p: p.save_model(film="Another"), "inference.model_of_film", "“Another”, reel 2"),
    "reel": (lambda p: p.save_model(reel="1"), "inference.model_of_film", "reel 1, this film is “A Trip”, reel 2"),
    "recipe": (lambda p: p.save_model(recipe="colour"), "inference.recipe_match", "model colour"),
    "luma method": (
        knobs(("FR_Inference1", "method", "Colorspace"), ("FR_GroundTruth1", "method", "Colorspace")),
        "inference.method_match",
        "model matrix, project matrix, FR_Inference1 Colorspace",
    ),
    "domain": (root, "inference.as_trained", "trained with ACEScg, now ACES2065-1 (Root.workingSpaceLUT)"),
    "read": (
        knobs(("Read_Source", "colorspace", "scene_linear")),
        "inference.as_trained",
        "reading of the Source: trained with sRGB - Texture, now ACEScg (Read_Source.colorspace)",
    ),
    "prefilter": (
        knobs(
            ("FR_Inference1", "prefilter", "true"),
            ("FR_Inference1", "prefilter_size", "5"),
        ),
        "inference.as_trained",
        "pre-filter: trained with none, now Median 5 (FR_Inference1.prefilter_size)",
    ),
    "crop": (
        knobs(("FR_Inference1", "box", nk.numbers((4, 6, 118, 90)))),
        "inference.as_trained",
        "crop: trained with 4 6 120 90, now 4 6 118 90 (FR_Inference1.box)",
    ),
    "format": (
        larger_scans,
        "inference.as_trained",
        "format: trained with 128 × 96, now 132 × 100 (Read_Source.file)",
    ),
    "size": (
        told(**{"training.size": "large"}),
        "inference.as_trained",
        "model size: trained with medium, now large (training.size in project.yaml)",
    ),
    "patch": (
        told(**{"training.patch": 80}),
        "inference.as_trained",
        "patch: trained with 64, now 80 (training.patch in project.yaml)",
    ),
    "tile": (
        lambda p: p.save_model(radius=70).knob("FR_Inference1.Inference1", "tileSize", "1024"),
        "inference.as_trained",
        "now tiles of 1024 that overlap by 64 (FR_Inference1.Inference1.tileSize)",
    ),
    "pairs": (
        lambda p: p.write("reference", 5, p.picture("reference", 5) * 0.9),
        "inference.as_trained",
        "(pair 3, Source frame 5)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGED)
def test_each_kind_of_mismatch_stops_the_stage(place: Any, kind: str) -> None:
    change, check, said = CHANGED[kind]
    place.save_model()
    assert place.outcome(check).outcome == "pass"
    change(place)
    outcome = place.outcome(check)
    assert outcome.outcome == "fail", outcome
    assert said in outcome.reason and outcome.remedy
    (report,) = stages.check(place.project, stage=4)
    assert report.stops


def test_the_same_tiles_are_told_only_where_they_change_the_picture(place: Any) -> None:
    place.save_model(radius=40).knob("FR_Inference1.Inference1", "tileSize", "1024")
    assert place.outcome("inference.as_trained").outcome == "pass"
    place.knob("FR_Inference1.Inference1", "tileOverlap", "16")
    outcome = place.outcome("inference.as_trained")
    assert outcome.outcome == "fail" and "tiles of 1024 that overlap by 16" in outcome.reason
    place.save_model_of(tile="None").knob("FR_Inference1.Inference1", "tileOverlap", "512")
    assert place.outcome("inference.as_trained").outcome == "fail", "a model that is never cut"


def test_another_name_of_the_same_colour_space_is_no_difference(place: Any) -> None:
    """A newer config renames a space, and keeps the name that the card has as an alias."""
    view = View(place.project)
    trained, config = trained_under(view), view.evaluator.root.config
    assert config.resolve("lin_ap1") == config.resolve(trained["domain"])
    read = next(name for name in ("srgb_tx", "lin_rec709") if config.resolve(name) == trained["read"])
    place.save_model_of(domain="lin_ap1", read=read)
    assert place.outcome("inference.as_trained").outcome == "pass"
    place.save_model_of(domain="lin_ap1", read="a space of another studio")
    outcome = place.outcome("inference.as_trained")
    assert outcome.outcome == "fail" and "trained with a space of another studio" in outcome.reason


def test_a_network_where_a_closed_form_was_asked_for_and_the_other_way_round(place: Any) -> None:
    place.save_model(kind="LumaFilter", preset="", patch=0)
    assert "model size: trained with closed form, now medium" in place.outcome("inference.as_trained").reason
    place.save_model()
    project.update(place.folder, {"training.steps": 0})
    assert "model size: trained with medium, now closed form" in place.outcome("inference.as_trained").reason


def test_a_pair_more_or_less_is_told(place: Any) -> None:
    place.save_model()
    known = place.outcome("inference.as_trained")
    assert "the same 4 pairs" in known.reason
    hashes = json.loads(place.model.with_suffix(".json").read_text())["pair_hashes"]
    place.save_model(pair_hashes={**hashes, "pair 5": "ab" * 32})
    outcome = place.outcome("inference.as_trained")
    assert "pairs: trained with abababab, now none (pair 5)" in outcome.reason


@pytest.mark.parametrize(
    ("edition", "dropped", "unknown"),
    [
        (1, ("conditions", "preset", "patch", "steps", "pair_hashes"), ("domain", "model size", "pairs")),
        (2, ("conditions",), ("domain", "reading of the Source", "pre-filter", "crop", "format", "tile")),
    ],
)
def test_an_older_card_is_told_and_never_passes(
    place: Any, edition: int, dropped: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    place.save_model()
    sidecar = place.model.with_suffix(".json")
    content = json.loads(sidecar.read_text())
    content["schema"] = f"film-recovery-model/{edition}"
    for name in dropped:
        del content[name]
    sidecar.write_text(json.dumps(content), encoding="utf-8")
    outcome = place.outcome("inference.as_trained")
    assert outcome.outcome == "warn" and outcome.reason.startswith("Cannot tell")
    assert all(word in outcome.reason for word in unknown)
    if edition == 2:  # what it says is still held against the project
        project.update(place.folder, {"training.patch": 80})
        assert "patch: trained with 64, now 80" in place.outcome("inference.as_trained").reason


def test_a_model_of_copycat_without_a_card_is_told(place: Any) -> None:
    place.model.parent.mkdir(parents=True, exist_ok=True)
    place.model.with_suffix(".cat").write_bytes(b"what NukeX trained")
    place.knob("FR_Inference1.Inference1", "modelFile", nk.quote(place.model.with_suffix(".cat").as_posix()))
    outcome = place.outcome("inference.as_trained")
    assert outcome.outcome == "warn" and "has no card beside it" in outcome.reason
    assert "pre-filter" in outcome.value["unknown"]
    (report,) = stages.check(place.project, stage=4)
    by_id = {one.check: one.outcome for one in report.outcomes}
    assert "pass" not in {
        by_id[f"inference.{name}"] for name in ("model_of_film", "recipe_match", "method_match")
    }


def test_a_training_writes_its_own_side_not_that_of_inference(place: Any) -> None:
    place.knob("FR_TrainPrep_Source", "prefilter", "true")
    assert trained_under(View(place.project))["prefilter"] == ["Median 3"]


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_every_recipe_has_the_guard(recipe: str) -> None:
    assert "inference.as_trained" in {check.id for check in recipes.load(recipe).checks}


def by_hand(place: Any, **how: str) -> None:
    """Frames 1 and 2 of the masters, by the command ``render``."""
    with Report(False) as report:
        asked = commands.HowToRender(**how)
        assert commands.render(report, place.script, "Write_Recovered", "1-2", asked) == 0


def test_a_render_by_hand_stops_at_the_same_difference(place: Any) -> None:
    place.save_model_of(crop=[4.0, 6.0, 118.0, 90.0])
    with pytest.raises(CheckFailed, match="crop: trained with 4 6 118 90, now 4 6 120 90") as stopped:
        by_hand(place)
    assert stopped.value.where["check"] == "inference.as_trained"
    assert "FR_Inference1.box: put 4 6 118 90 back" in stopped.value.remedy
    assert "--accept-mismatch" in stopped.value.remedy
    assert not View(place.project).output.sequence.frames()
    by_hand(place, accept="a test of the crop", by="Bo")
    assert View(place.project).output.sequence.frames() == [1, 2]
    by_hand(place, accept="a test of the crop", by="Bo")
    (record,) = ledger.read(place.folder).of_kind(mismatch.ACCEPTED)
    assert (record.by, record.data["why"]) == ("Bo", "a test of the crop")
    assert "trained with 4 6 118 90" in record.data["checks"][0]["reason"]
    with pytest.raises(CheckFailed, match="trained with 4 6 118 90"):
        by_hand(place, accept="  ")


def test_every_kind_of_mismatch_stops_a_render_by_hand_too(place: Any) -> None:
    place.save_model(film="Another").knob("FR_Inference1", "lock", "false")
    with pytest.raises(CheckFailed) as stopped:
        by_hand(place)
    assert "inference.model_of_film: " in stopped.value.message
    assert "inference.identity_lock: " in stopped.value.message
    stops = {check for _, check, _ in CHANGED.values()}
    assert stops <= set(mismatch.PARITY) <= {one.id for one in recipes.load("spatial-gauge").checks}


def test_what_is_no_parity_is_not_gone_on_in_spite_of(place: Any) -> None:
    place.save_model_of(crop=[4.0, 6.0, 118.0, 90.0])
    place.knob("Write_Recovered", "datatype", '"32 bit float"')
    with Report(False) as report, pytest.raises(CheckFailed) as stopped:
        of_project(report, place.folder, None, Wanted(frames="1-2", accept="a test", by="Bo"))
    assert "inference.output_format" in stopped.value.message
    assert "inference.as_trained" not in stopped.value.message
    assert not ledger.read(place.folder).of_kind(mismatch.ACCEPTED)
