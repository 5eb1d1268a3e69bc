"""The short range first: which frames, why these, and that the full range waits for a look at them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest

from film_recovery import ledger, project, recipes
from film_recovery.checks import Outcome
from film_recovery.errors import CheckFailed, UsageError
from film_recovery.footage.clip import Clip
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.panel import folder_state
from film_recovery.project import Training
from film_recovery.stages import short_range
from film_recovery.stages.frames import make_frames
from film_recovery.stages.inferring import Asked, infer, infer_short
from film_recovery.stages.provenance import MASTERS, origin_of
from film_recovery.stages.render_state import render_state
from film_recovery.stages.run import run
from film_recovery.stages.short_range import Moment
from film_recovery.stages.signing import sign, standing
from film_recovery.stages.survey import survey
from film_recovery.stages.unmeasured import Reasons
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
    assert reasons["a join between shots"] == FAST
    motion = survey(seen(long)).motion  # a shot's first frame has nothing before it
    assert reasons["fastest motion"] == max(motion, key=motion.__getitem__) != FAST and motion[FAST] == 0
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
    project.update(long.folder, {"inference.short_range": "5-34,100-119"})
    chosen = short_range.short_range(seen(long))
    assert (chosen.text, chosen.by) == ("5-34,100-119", "operator")
    assert "50 frames, as the project says" in chosen.said
    project.update(long.folder, {"inference.short_range": "150-170"})
    with pytest.raises(UsageError, match=r"frames that are not rendered: 161-170"):
        short_range.short_range(seen(long))


def test_the_full_range_waits_for_a_signature_of_the_short_one(long: Any) -> None:
    project.update(long.folder, {"inference.short_range": "5-54", "inference.frames": "1-60"})
    with pytest.raises(UsageError, match=r"frames 5-54 of the short range have not been rendered"):
        sign(long.project, short_range.CHECK, "Ana", "seen")
    with pytest.raises(CheckFailed, match="waits for a look at the short one") as stopped:
        infer(long.project, Heard(), Asked())
    assert on_disk(long) == list(range(5, 55)), "the short range, and nothing else"
    assert "film-recovery sign inference.short_range" in stopped.value.remedy
    (record,) = ledger.read(long.folder).of_kind(short_range.RENDERED)
    assert record.data["frames"] == "5-54" and record.data["written"] == 50
    assert stopped.value.where["check"] == short_range.CHECK
    assert folder_state.look(long.project).waits_for == short_range.CHECK
    sign(long.project, short_range.CHECK, "Ana", "no flicker")
    found = infer(long.project, Heard(), Asked())
    assert found is not None and found["written"] == 10
    assert on_disk(long) == list(range(1, 61))
    assert infer_short(long.project, Heard(), Asked())[1].rendered.written == ()


@pytest.mark.slow
def test_a_run_says_which_check_it_waits_for(long: Any) -> None:
    """So that the panel offers to sign it, not to run into it again."""
    words = {
        name: name for name in ("title", "gauge", "generation", "type", "quality", "holder", "provenance")
    }
    elements = {
        name: replace(one, authorisation="by letter", **words) for name, one in long.draft.elements.items()
    }
    training = Training(size="small", patch=16, steps=0)
    long.make(elements=elements, training=training, reasoning="It kept the detail.", reel="1")
    project.update(long.folder, {"inference.frames": "1-60"})
    for check in recipes.load(long.draft.recipe).checks:
        if check.manual and check.id != short_range.CHECK:
            ledger.append(long.folder, "sign", {"check": check.id, "note": "looked at"}, by="Ana")
    with pytest.raises(CheckFailed, match="waits for a look"):
        run(long.folder, Heard(), by="Ana")
    assert ledger.read(long.folder).of_kind("stopped")[-1].data["check"] == short_range.CHECK
    assert folder_state.look(long.project).waits_for == short_range.CHECK
    sign(long.project, short_range.CHECK, "Ana", "seen")
    run(long.folder, Heard(), by="Ana")
    assert folder_state.look(long.project).waits_for == "" and len(on_disk(long)) == 60


def signed(place: Any) -> Any:
    """With a short range of fifty frames, rendered and signed."""
    project.update(place.folder, {"inference.short_range": "5-54"})
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
    assert infer_short(long.project, Heard(), Asked())[1].rendered.written == ()
    long.knob("FR_Inference1", "prefilter", "true")
    assert short_range.unlocked(seen(long)) == ""
    assert "for an earlier state" in long.outcome(short_range.CHECK).reason
    assert not [record for record in standing(long.project) if record.data["check"] == short_range.CHECK]
    with pytest.raises(UsageError, match="frames 5-54 are of another model or graph"):
        sign(long.project, short_range.CHECK, "Ana", "not looked at again")


def test_how_a_node_looks_in_the_graph_takes_nothing_back(place: Any) -> None:
    place.save_model()
    before = render_state(seen(place))
    words = (
        "note_font Arial note_font_color 0xff gl_color 0xff hide_input true postage_stamp true bookmark true "
    )
    given = (words + "cached true dope_sheet true tile_color 0xff note_font_size 20").split()
    for knob, word in zip(given[::2], given[1::2], strict=True):
        place.knob("Read_Source", knob, word)
    assert render_state(seen(place)) == before != ""
    place.knob("Read_Source", "raw", "true")
    assert render_state(seen(place)) != before


def test_a_knob_elsewhere_that_a_frame_follows_counts_too(place: Any) -> None:
    place.save_model()
    control = (
        "NoOp {\n inputs 0\n name Control\n addUserKnob {7 gain}\n gain 0.5\n addUserKnob {7 other}\n}\n"
    )
    text = place.script.read_text(encoding="utf-8")
    place.script.write_text(text + control, encoding="utf-8")
    alone = render_state(seen(place))
    place.knob("Control", "gain", "0.6")
    assert render_state(seen(place)) == alone != ""
    place.insert("Grade {\n white {{Control.gain}}\n name Followed\n}\n", "FR_Inference1")
    before = render_state(seen(place))
    assert before != alone
    place.knob("Control", "other", "0.7").knob("LiveAreaCrop", "xpos", "7")
    assert render_state(seen(place)) == before
    place.knob("Control", "gain", "0.7")
    assert render_state(seen(place)) != before


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


def test_each_reason_to_skip_it_is_kept_with_who_gave_it(long: Any) -> None:
    project.update(long.folder, {"inference.frames": "1-101"})
    make_frames(long.script, MASTERS, range(1, 101), header=origin_of(seen(long)).header())

    def told() -> list[tuple[str, str]]:
        records = ledger.read(long.folder).of_kind(short_range.SKIPPED)
        return [(one.by, one.data["why"]) for one in records]

    infer(long.project, Heard(), Asked(skip="the premiere is tonight", by="Bo"))
    infer(long.project, Heard(), Asked(by="Bo"))
    assert told() == [("Bo", "the premiere is tonight")]
    infer(long.project, Heard(), Asked(skip="seen at the grading", by="Ana"))
    infer(long.project, Heard(), Asked(skip="seen at the grading", by="Ana"))
    by_ana = ("Ana", "seen at the grading")
    assert told() == [("Bo", "the premiere is tonight"), by_ana, by_ana]
    of_chain = Reasons(of_chain=True)  # of which step it is given nobody knows
    infer(long.project, Heard(), Asked(skip="of another step", by="Cy", unmeasured=of_chain))
    short_range.refuse_unseen(seen(long), range(1, 51))
    short_range.refuse_unseen(seen(long), range(1, 102))
    assert len(told()) == 3
    short_range.refuse_unseen(seen(long), range(1, 102), why="by hand", by="Cy")
    assert told()[3:] == [("Cy", "by hand")]
    day = ledger.read(long.folder).of_kind(short_range.SKIPPED)[0].time[:10]
    reason = long.outcome(short_range.CHECK).reason
    gone_on = f"went on without a look at it on {day}"
    assert reason == (
        f"Bo {gone_on}: the premiere is tonight. Ana {gone_on}: seen at the grading. Cy {gone_on}: by hand."
    )


def test_by_hand_no_more_is_rendered_than_a_short_range_has(long: Any) -> None:
    view = seen(long)
    short_range.refuse_unseen(view, range(1, 101))
    short_range.refuse_unseen(view, short_range.short_range(view).frames)
    with pytest.raises(CheckFailed, match="waits for a look"):
        short_range.refuse_unseen(view, range(1, 102))
    signed(long)
    short_range.refuse_unseen(seen(long), FRAMES)


def test_frames_of_an_earlier_model_do_not_count_against_a_look_at_a_few(long: Any) -> None:
    project.update(long.folder, {"inference.frames": "1-110"})
    infer(long.project, Heard(), Asked(skip="a proof", by="Bo"))
    long.knob("FR_Inference1", "prefilter", "true")
    short_range.refuse_unseen(seen(long), range(1, 51))
    with pytest.raises(CheckFailed, match="waits for a look"):
        short_range.refuse_unseen(seen(long), range(1, 102))


def test_where_all_is_rendered_already_nothing_waits(long: Any) -> None:
    """By hand, in parts that nobody stops: what is there and whole needs no second render to be recorded."""
    project.update(long.folder, {"inference.frames": "1-60"})
    made = make_frames(long.script, MASTERS, range(1, 61), header=origin_of(seen(long)).header())
    assert len(made.rendered.written) == 60 and not short_range.unlocked(seen(long))
    found = infer(long.project, Heard(), Asked())
    assert found is not None and found["written"] == 0
    seen(long).output.sequence.path(7).unlink()
    with pytest.raises(CheckFailed, match="waits for a look"):
        infer(long.project, Heard(), Asked())


def test_a_signature_of_few_frames_is_none_of_many(long: Any) -> None:
    project.update(long.folder, {"inference.frames": "1-12"})
    infer(long.project, Heard(), Asked())
    sign(long.project, short_range.CHECK, "Ana", "seen")
    assert short_range.unlocked(seen(long)) == "signed"
    project.update(long.folder, {"inference.frames": ""})
    assert short_range.unlocked(seen(long)) == ""
    assert long.outcome(short_range.CHECK).outcome == "warn"
    with pytest.raises(CheckFailed, match="waits for a look"):
        infer(long.project, Heard(), Asked())
    project.update(long.folder, {"inference.short_range": "5"})
    with pytest.raises(UsageError, match="names 1 frames: too few") as refused:
        short_range.short_range(seen(long))
    assert "50 frames at least" in refused.value.remedy


def test_other_pairs_and_fewer_frames_are_known_without_reading_the_source_again(
    long: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    stored = Clip.stored
    monkeypatch.setattr(Clip, "stored", lambda self, frame: read.append(frame) or stored(self, frame))
    first = short_range.short_range(seen(long))
    assert len(set(read)) == len(FRAMES)
    read.clear()
    assert short_range.short_range(seen(long)) == first and not read
    text = (long.folder / "project.yaml").read_text(encoding="utf-8")
    more = "  - {source: 20, reference: 20, reason: more}\n"
    (long.folder / "project.yaml").write_text(
        text.replace("pairs:\n", f"pairs:\n{more}", 1), encoding="utf-8"
    )
    assert {pair.source for pair in long.project.pairs} == {10, 20, 50, 90, 130}
    other = short_range.short_range(seen(long))
    assert not read and len(other.frames) == len(first.frames)
    project.update(long.folder, {"inference.frames": "20-159"})
    fewer = short_range.short_range(seen(long))
    assert not read and set(fewer.frames) <= set(range(20, 160))
    assert survey(seen(long)).shots[0][0] == 20 and survey(seen(long)).motion[20] == 0
    file = long.project.elements["source"].file.replace("####", "0100")
    before = os.stat(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    short_range.short_range(seen(long))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # other tests read it too
    assert 100 in read


def test_a_check_reads_no_long_range_by_itself(long: Any) -> None:
    project.update(long.folder, {"inference.short_range": "5-54"})
    long.render((5, 6))
    outcome = long.outcome("inference.joins")
    assert (
        outcome.outcome == "info" and "nobody has looked for the joins of these 160 frames" in outcome.reason
    )
    survey(seen(long))
    assert long.outcome("inference.joins").outcome == "pass"


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
