"""Overlays come and go: the one Crop keyed by pair, from project.yaml to training, preview, hold-out and masters.

The stacks' frames 1 to 4 are the Source's frames 1, 3, 5 and 7, so a key that is read on the wrong clock shows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from film_recovery import graph, nk, project, stages
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.training import train
from film_recovery.errors import UsageError
from film_recovery.footage.aligned import Aligned
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import Box
from film_recovery.project import Alignment
from film_recovery.registration.live_area import LiveArea, without
from film_recovery.registration.overlays import Overlay
from film_recovery.stages import aligning, held_out
from film_recovery.stages.signing import signed_state

WHOLE = (4, 6, 120, 90)
TITLED = (4, 16, 120, 90)  # without a subtitle at the bottom
KEYS = {3: TITLED, 4: (4, 20, 120, 90), 8: (4, 50, 120, 90)}  # a pair, the hold-out, a frame that is neither


@pytest.fixture
def keyed(place: Any) -> Any:
    return place.make(alignment=Alignment(live_area=WHOLE, live_area_keys=KEYS))


def boxes(place: Any, node: str, frames: tuple[int, ...]) -> list[tuple[float, ...]]:
    script = nk.load(place.script)
    evaluator = Evaluator(script)
    return [evaluator.call(script.node(node), frame).numbers("box", 4) for frame in frames]


def test_frame_n_of_the_stack_has_the_box_of_pair_n_and_the_timeline_has_the_whole(keyed: Any) -> None:
    by_pair = [WHOLE, TITLED, WHOLE, WHOLE]
    for node in ("LiveAreaCrop", "FR_TrainPrep_Source"):
        assert boxes(keyed, node, (1, 2, 3, 4)) == by_pair
    for node in ("FR_TrainPrep_Preview", "FR_Inference1"):
        assert boxes(keyed, node, tuple(range(1, 9))) == [WHOLE] * 8
    evaluator = Evaluator(nk.load(keyed.script))
    pairs = CopyCatPairs(evaluator, evaluator.script.node("CopyCat1"))
    assert [pair.input.shape[0] for pair in pairs] == [84, 74, 84, 84]
    assert all(pair.input.shape == pair.truth.shape for pair in pairs)


def test_a_hold_out_is_scored_in_its_own_box(keyed: Any) -> None:
    (moment,) = held_out.moments(keyed.project)
    assert (moment.frame, moment.area) == (4, Box(4, 20, 120, 90))


def test_the_checks_hold_and_say_so(keyed: Any) -> None:
    for name in ("one_crop", "crop_linked", "crop_enabled"):
        outcome = keyed.outcome(f"alignment.{name}")
        assert outcome.outcome == "pass" and "keyed: 2 boxes over 4 pairs" in outcome.reason
    outcome = keyed.outcome("inference.live_area")
    assert outcome.outcome == "pass"
    assert "4 6 120 90, and 4 16 120 90 in pair 2; at inference: 4 6 120 90." in outcome.reason


@pytest.mark.parametrize(
    ("node", "word", "check", "reason"),
    [
        ("FR_Inference1", "box", "inference.live_area", "at inference: 4 16 120 90"),  # the stack's clock
        ("FR_TrainPrep_Source", "live_area", "alignment.crop_linked", "another box in pair 2 than"),
    ],
)
def test_a_link_to_the_wrong_box_of_the_crop_fails(
    keyed: Any, node: str, word: str, check: str, reason: str
) -> None:
    keyed.knob(node, "box", nk.expression(*[f"LiveAreaCrop.{word}.{side}" for side in "xyrt"]))
    outcome = keyed.outcome(check)
    assert outcome.outcome == "fail" and reason in outcome.reason
    stages.propose(keyed.project, check).apply()
    assert keyed.outcome(check).outcome == "pass"


def test_a_crop_that_was_switched_off_gets_its_keys_back(keyed: Any) -> None:
    keyed.knob("LiveAreaCrop", "disable", "true").knob("LiveAreaCrop", "box", nk.numbers(WHOLE))
    stages.propose(keyed.project, "alignment.crop_enabled").apply()
    assert boxes(keyed, "LiveAreaCrop", (1, 2)) == [WHOLE, TITLED]
    # A script from before there were keys has none of the links: it is built again.
    keyed.make(alignment=Alignment(live_area=WHOLE))
    project.update(keyed.folder, {"alignment.live_area_keys": KEYS})
    outcome = keyed.outcome("alignment.crop_enabled")
    assert outcome.outcome == "warn" and "In 1 of 4 pairs overlays leave less" in outcome.reason
    stages.propose(keyed.project, "alignment.crop_enabled").apply()
    assert keyed.outcome("alignment.crop_enabled").outcome == "pass"
    assert boxes(keyed, "FR_Inference1", (1, 2)) == [WHOLE, WHOLE]
    assert keyed.outcome("inference.live_area").outcome == "pass"


@pytest.mark.slow
def test_training_learns_through_the_keys_and_masters_have_one_size(keyed: Any, tmp_path: Path) -> None:
    trained = train(
        Evaluator(nk.load(keyed.script)),
        steps=2,
        patch=32,
        batch=2,
        model=keyed.model,
        run_folder=tmp_path / "run",
    )
    assert trained.pairs == 4
    keyed.render((2, 3, 4))
    for frame in (2, 3, 4):
        assert read_frame(stages.View(keyed.project).output.sequence.path(frame)).bbox == Box(*WHOLE)


def test_a_project_without_keys_is_written_and_signed_as_ever(place: Any) -> None:
    text = (place.folder / project.FILE).read_text(encoding="utf-8")
    assert "\n  live_area_keys:" not in text
    before = {"translate": (), "live_area": WHOLE, "hold_out": ()}  # what a signature of stage 2 was of
    assert place.project.alignment.as_dict() == before
    state = signed_state(place.project, 2)
    project.update(place.folder, {"alignment.live_area_keys": {3: TITLED}})
    again = project.load(place.folder)
    assert again.alignment.live_area_keys == {3: TITLED}
    assert (place.folder / project.FILE).read_text(encoding="utf-8").replace(
        '  live_area_keys:\n    "3": [4, 16, 120, 90]\n', ""
    ) == text
    assert signed_state(again, 2) != state


def measured(overlays: dict[int, Box]) -> LiveArea:
    box = Box(*WHOLE)
    found = {frame: (Overlay("Reference", one),) if one else () for frame, one in overlays.items()}
    return LiveArea(box, {}, found, {frame: without(box, one) for frame, one in found.items()})


def test_align_writes_the_keys_of_the_moments_that_have_an_overlay(place: Any) -> None:
    subtitle = Box(20, 10, 100, 16)
    place.make(alignment=Alignment())
    area = measured(
        {1: None, 3: subtitle, 4: subtitle, 5: None, 6: subtitle}
    )  # 6 is no moment of the project
    said: list[str] = []
    none: list[Aligned] = []
    values = aligning.adopted(place.project, none, area, said.append)
    assert values == {
        "alignment.live_area": WHOLE,
        "alignment.live_area_keys": {3: TITLED, 4: TITLED},
    }
    aligning.adopt(place.project, values)
    assert aligning.adopted(place.project, none, area, said.append) == {} and not said
    # What the operator has set stays; the keys of other moments follow his live area.
    own = (10, 6, 110, 90)
    project.update(
        place.folder, {"alignment.live_area": own, "alignment.live_area_keys": {3: (10, 40, 110, 90)}}
    )
    values = aligning.adopted(place.project, none, area, said.append)
    assert values == {"alignment.live_area_keys": {3: (10, 40, 110, 90), 4: (10, 16, 110, 90)}}
    assert len(said) == 2 and "live area of frame 3 stays (10, 40, 110, 90)" in said[1]


def test_a_box_that_is_none_is_refused(place: Any) -> None:
    spec = replace(stages.spec_of(place.project), live_area_keys=[WHOLE, (4, 30, 4, 90), WHOLE, WHOLE])
    with pytest.raises(UsageError, match="4 30 4 90 is empty"):
        graph.recovery_graph(spec)
    with pytest.raises(UsageError, match="1 live areas for 4 pairs"):
        graph.recovery_graph(replace(spec, live_area_keys=[WHOLE]))
