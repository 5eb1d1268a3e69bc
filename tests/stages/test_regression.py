"""No criterion falls behind the last iteration that people accepted; one that merely ran is no measure."""

from __future__ import annotations

from typing import Any

import cv2
import pytest

from film_recovery import ledger, project
from film_recovery.ledger.iterations import BY_HAND, iterations
from film_recovery.project import Inference
from film_recovery.stages.checking import check
from film_recovery.stages.regression import accepted_before
from film_recovery.stages.validating import iteration
from film_recovery.stages.view import View

ID = "validation.no_regression"


def last_accepted(project: Any, model: str, graph: str) -> Any:
    found = accepted_before(project, model, graph)
    return found[-1] if found else None


@pytest.fixture
def recovered(place: Any) -> Any:
    """Masters that are the Ground Truth."""
    return place.save_model().render().masters(lambda frame, source, truth: truth)


def of(place: Any) -> dict[str, Any]:
    """What the ledger keeps of the iteration that lies there, its checks with it."""
    (stage,) = check(place.project, 5)
    checks = [outcome.as_dict() for outcome in stage.outcomes if outcome.check != ID]
    return {"stage": 5, **iteration(View(place.project)), "checks": checks}


def note(
    place: Any, data: dict[str, Any], *, accepted: str = "", by_hand: bool = False, **changed: Any
) -> None:
    """Records an iteration of another model, by a run or by hand; ``accepted``: signed or delivered."""
    data = {**data, "model": "0" * 64, **changed}
    if by_hand:
        ledger.append(place.folder, "stage", {**data, "command": BY_HAND}, "Ada")
    else:
        ledger.append(place.folder, "started", {}, "Ada")
        ledger.append(place.folder, "stage", data, "Ada")
        ledger.append(place.folder, "finished", {}, "Ada")
    if accepted == "signed":
        ledger.append(place.folder, "sign", {"check": "validation.compared", "note": ""}, "Ben")
    if accepted == "delivered":
        ledger.append(place.folder, "delivered", {"bag": "b"}, "Ben")


def with_value(data: dict[str, Any], id: str, value: Any, outcome: str = "pass") -> dict[str, Any]:
    """``data`` with another value of a check."""
    others = [one for one in data["checks"] if one["id"] != id]
    return {**data, "checks": [*others, {"id": id, "outcome": outcome, "value": value}]}


def test_the_last_accepted_iteration_counts_and_not_the_last_run(recovered: Any) -> None:
    now = of(recovered)
    passing = {**now, "checks": [{**one, "outcome": "pass"} for one in now["checks"]]}
    assert "No earlier iteration was accepted" in recovered.outcome(ID).reason
    sharp = with_value(passing, "validation.sharper", {"detail": 9.0})
    note(recovered, sharp)
    assert "No earlier iteration was accepted" in recovered.outcome(ID).reason, "nobody signed it"
    note(recovered, sharp, accepted="signed", model="1" * 64)
    note(recovered, with_value(passing, "validation.sharper", {"detail": 0.1}), model="2" * 64)
    found = recovered.outcome(ID)
    assert found.outcome == "warn" and list(found.value) == ["sharper: detail"]
    assert "model 11111111" in found.reason and "sharper: detail 9 before" in found.reason
    note(recovered, passing, accepted="delivered", model="3" * 64)
    assert "Worse than the best accepted iteration" in recovered.outcome(ID).reason, "the last one is as good"


def test_an_iteration_with_a_check_that_fails_is_accepted_by_a_delivery_alone(recovered: Any) -> None:
    data = with_value(of(recovered), "validation.hue", {"mean": 90.0}, "fail")
    note(recovered, data, accepted="signed")
    assert last_accepted(recovered.project, "another", "") is None
    note(recovered, data, accepted="delivered", model="1" * 64)
    found = last_accepted(recovered.project, "another", "")
    assert found is not None and found.model == "1" * 64


def test_a_validation_by_hand_is_an_iteration_and_ends_by_itself(recovered: Any) -> None:
    data = {**of(recovered), "checks": []}
    note(recovered, data, by_hand=True)
    assert last_accepted(recovered.project, "another", "") is None
    ledger.append(recovered.folder, "sign", {"check": "validation.scopes", "note": ""}, "Ben")
    found = last_accepted(recovered.project, "another", "")
    assert found is not None and found.by == ("Ben",) and found.figures == data["figures"]
    ledger.append(recovered.folder, "stage", {"stage": 4}, "Ada")
    ledger.append(recovered.folder, "sign", {"check": "validation.scopes", "note": ""}, "Eve")
    note(recovered, data, by_hand=True, model="1" * 64)
    found = last_accepted(recovered.project, "another", "")
    assert found is not None and (found.model, found.by) == ("1" * 64, ("Eve",)), (
        "signed before it was measured"
    )


def test_an_iteration_is_a_model_in_a_graph(recovered: Any) -> None:
    data = {**of(recovered), "checks": []}
    own, graph = View(recovered.project).card.sha256, data["graph"]
    assert data["model"] == own and data["frames"] == "1-8"
    for changed in ({"model": own}, {"model": own}, {"model": own, "graph": "of another filter"}):
        note(recovered, data, accepted="signed", **changed)
    assert len(iterations(ledger.read(recovered.folder).records)) == 2
    found = last_accepted(recovered.project, own, graph)
    assert found is not None and found.graph == "of another filter", "none is held against itself"


def test_a_criterion_is_compared_on_the_same_frames_only(recovered: Any) -> None:
    data = with_value({**of(recovered), "checks": []}, "validation.sharper", {"detail": 9.0})
    note(recovered, data, accepted="signed", frames="1-4")
    found = recovered.outcome(ID)
    assert found.outcome == "pass" and "It was of other frames (1-4)" in found.reason
    note(
        recovered,
        {**data, "figures": {"PSNR of luma": 120.0}},
        accepted="signed",
        frames="1-4",
        model="1" * 64,
    )
    assert list(recovered.outcome(ID).value) == ["PSNR of luma"]


def test_criteria_are_compared_where_no_held_out_frame_is_rendered(place: Any) -> None:
    place.make(inference=Inference(frames="5-8"))
    assert place.outcome(ID).pending, "nothing is rendered"
    place.save_model().render((5, 6, 7, 8))
    assert "No earlier iteration was accepted" in place.outcome(ID).reason
    data = {**of(place), "checks": []}
    note(place, data, accepted="signed")
    found = place.outcome(ID)
    assert found.pending and "no held-out frame" in found.reason, "it has nothing to compare"
    found_now = place.outcome("validation.sharper").value
    same = with_value(data, "validation.sharper", found_now)
    note(place, same, accepted="signed", model="1" * 64)
    found = place.outcome(ID)
    assert found.outcome == "pass" and "Held-out figures are not compared: no held-out frame" in found.reason
    note(place, with_value(data, "validation.sharper", {"detail": 9.0}), accepted="signed", model="2" * 64)
    assert list(place.outcome(ID).value) == ["sharper: detail"]


def test_an_older_ledger_that_does_not_name_its_frames_is_compared_in_held_out_figures_alone(
    recovered: Any,
) -> None:
    """Its criteria were of all frames together, and are of the worst shot now."""
    data = with_value({**of(recovered), "checks": []}, "validation.sharper", {"detail": 9.0})
    note(recovered, data, accepted="signed", frames="")
    found = recovered.outcome(ID)
    assert found.outcome == "pass" and "It does not say of which frames it was" in found.reason


def test_grain_of_less_is_held_against_grain_of_more_as_its_criterion_holds_it(place: Any) -> None:
    """A power of 0.6 is further off than one of 1.5."""
    place.save_model().render()
    place.masters(lambda frame, source, truth: cv2.GaussianBlur(truth, (0, 0), 0.8))
    own = place.outcome("validation.grain").value
    assert 0.3 < own < 0.7
    more = 1 + 0.95 * (1 / own - 1)
    assert abs(more - 1) > abs(own - 1)
    note(place, with_value({**of(place), "checks": []}, "validation.grain", more), accepted="signed")
    assert list(place.outcome(ID).value) == ["grain: power"]


def test_a_slow_slide_is_held_against_the_best_that_was_accepted(recovered: Any) -> None:
    """Each iteration within the tolerance of the one before; and one bad iteration lowers nothing."""
    data = {**of(recovered), "checks": []}
    name = "PSNR of luma"
    own = data["figures"][name]
    for number, times in enumerate((1.03, 1.02, 1.01, 1.001)):
        changed = {"figures": {**data["figures"], name: own * times}}
        note(recovered, data, accepted="signed", model=str(number) * 64, **changed)
    found = recovered.outcome(ID)
    assert found.outcome == "warn" and found.value == {name: [pytest.approx(own * 1.03), own]}
    assert (
        found.reason.startswith("Worse than the best accepted iteration (")
        and "model 00000000" in found.reason
    )
    note(recovered, data, accepted="signed", model="5" * 64, figures={name: own * 0.5})
    assert recovered.outcome(ID).value == found.value
    note(recovered, data, accepted="signed", model="6" * 64, figures={name: own * 2})
    assert "last accepted iteration" in recovered.outcome(ID).reason


def test_where_no_held_out_frame_is_one_of_then_it_is_not_measured(recovered: Any) -> None:
    """By the bytes of Source and Reference; of an older ledger, by number. A criterion of all frames still is."""
    data = {**of(recovered), "checks": []}
    (each,) = data["held_out_each"]
    other = {**data, "held_out_each": [{**each, "content": "0" * 16}]}
    older = {name: one for name, one in data.items() if name != "held_out_each"}
    for number, (said, held_out) in enumerate(((other, "4"), (older, "6"))):
        note(recovered, said, accepted="signed", held_out=held_out, model=str(number) * 64)
        found = recovered.outcome(ID)
        assert found.pending and "none of the held-out frames (4) is one that an accepted" in found.reason
        assert found.reason.endswith(f"was on {held_out}") and "pairs holdout" in found.remedy[0]
    sharp = with_value(other, "validation.sharper", {"detail": 9.0})
    note(recovered, with_value(sharp, "validation.hue", {"mean": -9.0}), accepted="signed", model="2" * 64)
    found = recovered.outcome(ID)
    assert found.outcome == "warn" and list(found.value) == ["sharper: detail"]


def test_held_out_frames_that_both_have_are_compared(recovered: Any) -> None:
    """On these alone, whatever the others were like; where they are numbered otherwise now, by their content."""
    name = "PSNR of luma"
    alone = {**of(recovered), "checks": []}
    (own,) = alone["held_out_each"]
    pairs = [{"source": n, "reference": n, "reason": "between"} for n in (4, 6)]
    project.update(recovered.folder, {"hold_out": pairs})
    both = {**of(recovered), "checks": []}
    assert [one["frame"] for one in both["held_out_each"]] == [4, 6] and both["held_out_each"][0] == own
    figure = own["figures"][name]

    def noted(value: float, number: str) -> None:
        then = {**own, "frame": 9, "figures": {**own["figures"], name: value}}
        said = {**alone, "figures": {name: 500.0}, "held_out": "9,10", "model": number * 64}
        gone = {"frame": 10, "content": "0" * 16, "figures": {name: 999.0}}
        note(recovered, {**said, "held_out_each": [then, gone]}, accepted="signed", model=number * 64)

    noted(figure, "1")
    found = recovered.outcome(ID)
    assert found.outcome == "pass", found.reason
    assert "held-out frames (9,10) are compared as far as they still are: 4" in found.reason
    noted(figure * 1.02, "2")
    found = recovered.outcome(ID)
    assert found.outcome == "warn" and found.value == {name: [pytest.approx(figure * 1.02), figure]}
