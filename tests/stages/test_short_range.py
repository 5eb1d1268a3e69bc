"""The short range first: which frames, why these, and that the full range waits for a look at them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.checks import Outcome
from film_recovery.errors import CheckFailed, UsageError
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.stages import short_range
from film_recovery.stages.inferring import Asked, infer, infer_short
from film_recovery.stages.short_range import Moment
from film_recovery.stages.signing import sign, standing
from film_recovery.stages.view import View

FRAMES = range(1, 161)
DARK, BRIGHT, FAST = 30, 70, 110  # as in conftest.py


class Heard:
    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        pass

    def outcome(self, outcome: Outcome) -> None:
        pass


def seen(place: Any) -> View:
    return View(place.project)


def on_disk(place: Any) -> list[int]:
    return seen(place).output.sequence.frames()


def test_the_hardest_moments_are_in_it_each_with_its_reason(long: Any) -> None:
    chosen = short_range.short_range(seen(long))
    reasons = {one.reason.partition(" (")[0]: one.frame for one in chosen.moments}
    assert len(chosen.frames) == 53 and not chosen.whole
    assert (reasons["darkest"], reasons["brightest"]) == (DARK, BRIGHT)
    assert abs(reasons["fastest motion"] - FAST) <= 1 or reasons["a join between shots"] == FAST
    assert reasons["least like any pair"] not in (10, 50, 90, 130)
    assert set(reasons.values()) <= set(chosen.frames)
    # Runs, not single frames: each moment has neighbours on both sides.
    for frame in reasons.values():
        assert {frame - 1, frame, frame + 1} & set(FRAMES) <= set(chosen.frames)
    assert f"{DARK}: darkest" in chosen.said and "53 frames" in chosen.said


def test_what_curation_excluded_and_flagged_comes_first(long: Any) -> None:
    pairs = (*long.draft.pairs[:3], replace(long.draft.pairs[3], flags=("parallax: the mast",)))
    long.make(pairs=pairs).save_model()
    folder = project.paths(long.project).curation
    (folder / "curation.json").write_text(
        json.dumps({"excluded": [{"frame": 150, "reason": "Flash on the Source."}]}), encoding="utf-8"
    )
    chosen = short_range.short_range(seen(long))
    assert chosen.moments[:2] == (
        Moment(150, "left out of the pairs: Flash on the Source"),
        Moment(130, "flagged: parallax: the mast"),
    )
    assert {150, 130} <= set(chosen.frames)


@pytest.mark.parametrize(
    ("frames", "count", "whole"),
    [("1-20", 20, True), ("1-50", 50, True), ("1-51", 50, False), ("1-120", 50, False), ("1-160", 53, False)],
)
def test_as_long_as_the_shot_allows(long: Any, frames: str, count: int, whole: bool) -> None:
    project.update(long.folder, {"inference.frames": frames})
    chosen = short_range.short_range(seen(long))
    assert (len(chosen.frames), chosen.whole) == (count, whole)
    assert set(chosen.frames) <= set(parse_frames(frames))
    if whole:
        assert chosen.said == f"The short range is all {count} frames: there are no more."


def test_the_operator_may_choose(long: Any) -> None:
    project.update(long.folder, {"inference.short_range": "5-10,100-119"})
    chosen = short_range.short_range(seen(long))
    assert (chosen.text, chosen.by) == ("5-10,100-119", "operator")
    assert "26 frames, as the project says" in chosen.said
    project.update(long.folder, {"inference.short_range": "150-170"})
    with pytest.raises(UsageError, match=r"frames that are not rendered: 161-170"):
        short_range.short_range(seen(long))


def test_the_full_range_waits_for_a_signature_of_the_short_one(long: Any) -> None:
    project.update(long.folder, {"inference.short_range": "5-14", "inference.frames": "1-60"})
    with pytest.raises(UsageError, match=r"frames 5-14 of the short range have not been rendered"):
        sign(long.project, short_range.CHECK, "Ana", "seen")
    with pytest.raises(CheckFailed, match="waits for a look at the short one") as stopped:
        infer(long.project, Heard(), Asked())
    assert on_disk(long) == list(range(5, 15)), "the short range, and nothing else"
    assert "film-recovery sign inference.short_range" in stopped.value.remedy
    (record,) = ledger.read(long.folder).of_kind(short_range.RENDERED)
    assert record.data["frames"] == "5-14" and record.data["written"] == 10
    sign(long.project, short_range.CHECK, "Ana", "no flicker")
    found = infer(long.project, Heard(), Asked())
    assert found is not None and found["written"] == 50
    assert on_disk(long) == list(range(1, 61))
    assert infer_short(long.project, Heard(), Asked())[1].rendered.written == ()


def signed(place: Any) -> Any:
    """With a short range of five frames, rendered and signed."""
    project.update(place.folder, {"inference.short_range": "5-9"})
    infer_short(place.project, Heard(), Asked())
    sign(place.project, short_range.CHECK, "Ana", "seen")
    assert short_range.unlocked(seen(place)) == "signed"
    assert place.outcome(short_range.CHECK).outcome == "pass"
    return place


def test_another_model_takes_the_signature_back(long: Any) -> None:
    signed(long).save_model(luma_method="Colorspace")
    sidecar = long.model.with_suffix(".json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "sha256": "f" * 64}), encoding="utf-8")
    assert short_range.unlocked(seen(long)) == ""
    assert "for an earlier state" in long.outcome(short_range.CHECK).reason


def test_another_graph_takes_the_signature_back_and_a_moved_node_does_not(long: Any) -> None:
    signed(long).knob("FR_Inference1", "xpos", "77").knob("CopyCat1", "epochs", "5")
    assert short_range.unlocked(seen(long)) == "signed"
    long.knob("FR_Inference1", "prefilter", "true")
    assert short_range.unlocked(seen(long)) == ""
    assert "for an earlier state" in long.outcome(short_range.CHECK).reason
    assert not [record for record in standing(long.project) if record.data["check"] == short_range.CHECK]
    with pytest.raises(UsageError, match="frames 5-9 are of another model or graph"):
        sign(long.project, short_range.CHECK, "Ana", "not looked at again")


def test_it_can_be_skipped_with_a_reason_that_the_ledger_keeps(long: Any) -> None:
    with pytest.raises(UsageError, match="needs a reason"):
        short_range.skip(seen(long), " ", "Bo")
    project.update(long.folder, {"inference.frames": "1-52"})
    infer(long.project, Heard(), Asked(skip="the premiere is tonight", by="Bo"))
    assert on_disk(long) == list(range(1, 53))
    (record,) = ledger.read(long.folder).of_kind(short_range.SKIPPED)
    assert (record.by, record.data["why"]) == ("Bo", "the premiere is tonight")
    outcome = long.outcome(short_range.CHECK)
    assert outcome.outcome == "warn"
    assert "Bo went on without a look at it on 2" in outcome.reason and "premiere" in outcome.reason
    # A run that goes on after a kill needs no second word; another model does.
    assert infer(long.project, Heard(), Asked()) is not None
    long.knob("FR_Inference1", "prefilter", "true")
    with pytest.raises(CheckFailed, match="waits for a look"):
        infer(long.project, Heard(), Asked())


def test_by_hand_no_more_is_rendered_than_a_short_range_has(long: Any) -> None:
    view = seen(long)
    short_range.refuse_unseen(view, range(1, 101))
    short_range.refuse_unseen(view, short_range.short_range(view).frames)
    with pytest.raises(CheckFailed, match="waits for a look"):
        short_range.refuse_unseen(view, range(1, 102))
    signed(long)
    short_range.refuse_unseen(seen(long), FRAMES)


def test_a_project_that_is_no_longer_than_its_short_range_is_not_stopped(long: Any) -> None:
    project.update(long.folder, {"inference.frames": "1-12"})
    found = infer(long.project, Heard(), Asked(workers=1))
    assert found is not None and found["written"] == 12
    assert long.outcome(short_range.CHECK).outcome == "warn"
    sign(long.project, short_range.CHECK, "Ana", "seen")
    assert long.outcome(short_range.CHECK).outcome == "pass"


def test_the_script_may_not_exist_yet(long: Any) -> None:
    long.make(pairs=(), hold_out=())
    assert long.outcome(short_range.CHECK).outcome == "warn"
