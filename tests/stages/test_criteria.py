"""The criteria on measures that are made up: which frame decides, and what noise may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from film_recovery import recipes
from film_recovery.stages.criteria import CRITERIA
from film_recovery.stages.proof import Proof
from film_recovery.stages.view import NotYet

Frames = Mapping[int, Mapping[str, float]]


def outcome(id: str, frames: Frames, held_out: Frames, recipe: str):
    check = recipes.load(recipe).check(f"validation.{id}")
    return CRITERIA[check.id](Proof(frames, held_out), check, lambda frame: {"frame": frame})


def test_colours_that_split_fail_beside_a_frame_that_is_turned_more():
    """Half of a frame turns one way and half the other: its mean is right."""
    split = {1: {"hue": 0.5, "hue_p95": 60.0}, 2: {"hue": 3.0, "hue_p95": 8.0}}
    found = outcome("hue", {}, split, "colour-reference")
    assert (found.outcome, found.show["frame"], found.value["p95"]) == ("fail", 1, 60.0)
    right = outcome("hue", {}, {2: split[2]}, "colour-reference")
    assert right.outcome == "pass"


def test_the_value_has_the_worst_of_each_figure_whichever_shot_or_frame_that_is_of():
    """So what became better in one shot is not read as worse in another."""
    shots = ((1, 10), (11, 20))
    check = recipes.load("spatial-gauge").check("validation.sharper")
    for detail, worst in ((1.05, "Shot 1"), (1.30, "Shot 2")):
        first, second = {"detail": detail, "edge": 0.8}, {"detail": 1.2, "edge": 0.95}
        frames = {n: {**(first if n <= 10 else second), "edge_source": 1.0} for n in range(1, 21)}
        found = CRITERIA[check.id](Proof(frames, {}, shots=shots), check, lambda frame: {"frame": frame})
        assert found.value == {"detail": min(detail, 1.2), "edge": 0.95}
        assert found.reason.startswith(worst)
    turned = {1: {"hue": 0.5, "hue_p95": 60.0}, 12: {"hue": -3.0, "hue_p95": 8.0}}
    for some in ((), shots):
        check = recipes.load("colour-reference").check("validation.hue")
        found = CRITERIA[check.id](Proof({}, turned, shots=some), check, lambda frame: {"frame": frame})
        assert (found.value, found.show["frame"]) == ({"mean": -3.0, "p95": 60.0}, 1)


def test_a_recovery_that_is_grey_has_no_right_hue():
    found = outcome("hue", {}, {4: {"hue_lost": 1.0}}, "colour-reference")
    assert found.outcome == "fail" and "is grey in each of 1 frame" in found.reason
    assert outcome("hue", {}, {4: {"de00": 1.0}}, "colour-reference").outcome == "info"


def jumping(deviation: float, odd: float) -> dict[int, dict[str, float]]:
    jumps = np.random.default_rng(1).normal(0, deviation, 3000)
    jumps[1500] = odd
    return {n: {"flicker": 0.0, "grain_jump": float(one)} for n, one in enumerate(jumps)}


def test_noise_of_the_measure_is_no_flicker_and_a_frame_without_grain_is():
    frames = jumping(0.09, 0.0)
    assert max(abs(one["grain_jump"]) for one in frames.values()) > 0.3
    assert outcome("no_flicker", frames, {}, "spatial-gauge").outcome == "pass"
    found = outcome("no_flicker", jumping(0.09, -0.7), {}, "spatial-gauge")
    assert (found.outcome, found.show["frame"]) == ("fail", 1500)
    assert outcome("no_flicker", jumping(0.02, -0.35), {}, "spatial-gauge").outcome == "fail"
    assert outcome("no_flicker", jumping(0.4, 0.0), {}, "spatial-gauge").outcome == "fail"


def test_a_jump_in_a_short_shot_is_no_noise_of_it():
    """Half of a shot of four frames jumps: the deviation of so few is the jump itself."""
    frames = {n: {"flicker": 0.0, "detail_jump": 0.01} for n in range(1, 25)}
    for frame in (22, 23):
        frames[frame]["detail_jump"] = 0.55
    check = recipes.load("spatial-gauge").check("validation.no_flicker")
    for shots in ((), ((1, 20), (21, 24))):
        found = CRITERIA[check.id](Proof(frames, {}, shots=shots), check, lambda frame: {"frame": frame})
        assert (found.outcome, found.value["detail"], found.show["frame"]) == ("fail", 0.55, 22), shots


def test_a_tolerance_of_nothing_allows_nothing():
    """A project may ask for it; the worst frame is named all the same."""
    for id, recipe, frames, held_out in (
        ("no_flicker", "spatial-gauge", {1: {"flicker": 0.0}, 2: {"flicker": 0.01}}, {}),
        ("hue", "colour-reference", {}, {1: {"hue": 0.0, "hue_p95": 0.0}, 2: {"hue": 1.0, "hue_p95": 2.0}}),
    ):
        check = recipes.load(recipe).check(f"validation.{id}")
        nothing = replace(check, tolerance=dict.fromkeys(check.tolerance, 0.0))
        found = CRITERIA[check.id](Proof(frames, held_out), nothing, lambda frame: {"frame": frame})
        assert (found.outcome, found.show["frame"]) == ("fail", 2)


def test_a_long_range_does_not_hide_a_bad_shot():
    """The middle of all frames is good; that of the second shot, a sixth of them, is not."""
    frames = {n: {"detail": 0.9 if 51 <= n <= 60 else 1.5} for n in range(1, 61)}
    frames[57] = {"detail": 0.8}
    check = recipes.load("spatial-gauge").check("validation.sharper")
    judge = CRITERIA[check.id]
    shots = ((1, 50), (51, 60))
    found = judge(Proof(frames, {}, shots=shots), check, lambda frame: {"frame": frame})
    assert (found.outcome, found.show["frame"], found.value) == ("fail", 57, {"detail": 0.9})
    assert found.reason.startswith(
        "Shot 2 of 2 (frames 51 to 60) is the worst of 2. Fine detail is 0.90 times"
    )
    whole = judge(Proof(frames, {}), check, lambda frame: {"frame": frame})
    assert (whole.outcome, whole.value) == ("pass", {"detail": 1.5})
    assert whole == judge(Proof(frames, {}, shots=((1, 60),)), check, lambda frame: {"frame": frame})


def test_a_shot_that_nothing_can_be_said_of_is_named():
    check = recipes.load("spatial-gauge").check("validation.grain")
    proof = Proof({n: {} for n in range(1, 21)}, {4: {"grain_power": 1.0, "grain_shape": 1.0}})
    found = CRITERIA[check.id](
        replace(proof, shots=((1, 10), (11, 20))), check, lambda frame: {"frame": frame}
    )
    assert found.outcome == "pass" and found.reason.endswith(" Nothing to measure it by in shot 2.")
    with pytest.raises(NotYet, match="no held-out frame"):
        CRITERIA[check.id](replace(proof, held_out={}, shots=((1, 10), (11, 20))), check, lambda frame: {})


def test_halos_wait_for_a_held_out_frame_where_no_edge_tells_of_them():
    """It shall hold, so a run stops where nothing was measured; where a hold-out says nothing either, that is said."""
    with pytest.raises(NotYet, match="no held-out frame") as caught:
        outcome("no_halos", {1: {"detail": 1.2}}, {}, "spatial-gauge")
    assert "inference.frames" in caught.value.remedy
    assert outcome("no_halos", {1: {}}, {1: {"de00": 1.0}}, "spatial-gauge").value == "not measurable"


def test_halos_of_a_few_frames_are_not_what_is_usual_of_a_shot():
    """A lone bright thing crosses 4 of 24 frames; in a shot of four frames the same four are all there is."""
    edges = {"edge": 2.0, "edge_source": 3.0, "edges": 20.0, "halo_source": 0.0, "halo": 0.09}
    few = {frame: edges if frame <= 4 else {} for frame in range(1, 25)}
    truth = {3: {"detail_kept": 0.95}}
    found = outcome("no_halos", few, truth, "spatial-gauge")
    assert found.outcome == "pass" and "on 4 of 24 frames only" in found.reason
    assert outcome("no_halos", dict.fromkeys(range(1, 5), edges), truth, "spatial-gauge").outcome == "fail"
    assert (
        outcome("no_halos", {**few, **dict.fromkeys(range(1, 9), edges)}, truth, "spatial-gauge").outcome
        == "fail"
    )
