"""Which iterations people accepted, from the ledger alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from film_recovery import ledger
from film_recovery.ledger.iterations import BY_HAND, Iteration, iterations
from film_recovery.ledger.trainings import trainings

FAILS = [{"id": "validation.hue", "outcome": "fail"}]


def of(*records: tuple[str, dict[str, Any], str], folder: Path) -> tuple[Iteration, ...]:
    for kind, data, by in records:
        ledger.append(folder, kind, data, by=by)
    return iterations(ledger.read(folder).records)


def validated(masters: str, model: str = "a", **more: Any) -> tuple[str, dict[str, Any], str]:
    data = {"stage": 5, "model": model, "graph": "g", "masters": masters, "checks": [], **more}
    return "stage", data, "Ada"


def signed(masters: str, by: str = "Ben") -> tuple[str, dict[str, Any], str]:
    return "sign", {"check": "validation.scopes", "masters": masters}, by


FINISHED = ("finished", {}, "Ada")


def test_more_frames_are_another_iteration_and_take_nothing_back(tmp_path: Path) -> None:
    found = of(validated("m1"), signed("m1"), FINISHED, validated("m2"), FINISHED, folder=tmp_path)
    assert [(one.masters, one.by) for one in found] == [("m1", ("Ben",)), ("m2", ())]


def test_a_later_look_takes_nothing_back(tmp_path: Path) -> None:
    """A new criterion fails on what was accepted; a run of it stops before its end."""
    again = validated("m1", checks=FAILS)
    found = of(validated("m1"), signed("m1"), FINISHED, again, validated("m1"), folder=tmp_path)
    assert [one.by for one in found] == [("Ben",)]


def test_what_failed_from_the_beginning_is_not_accepted_by_a_signature(tmp_path: Path) -> None:
    (found,) = of(validated("m1", checks=FAILS), signed("m1"), FINISHED, folder=tmp_path)
    assert not found.accepted


def test_what_was_not_measured_is_no_end(tmp_path: Path) -> None:
    by_hand = {"command": BY_HAND, "unmeasured": ["validation.hue"]}
    (found,) = of(validated("m1", **by_hand), signed("m1"), folder=tmp_path)
    assert not found.accepted
    (found,) = of(validated("m1", command=BY_HAND, unmeasured=[]), folder=tmp_path)
    assert found.by == ("Ben",)


def test_a_delivery_is_of_the_masters_that_it_names(tmp_path: Path) -> None:
    """Not of the newest validation: the frames were rendered again since, and nobody validated them."""
    (found,) = of(
        validated("m1"), FINISHED, ("delivered", {"bag": "b", "masters": "m2"}, "Eve"), folder=tmp_path
    )
    assert not found.accepted
    found, other = of(validated("m2", model="b"), folder=tmp_path)
    assert (found.by, other.by) == ((), ("Eve",))
    (*_, last) = of(("delivered", {"bag": "of an older version"}, "Kim"), folder=tmp_path)
    assert last.by == ("Kim", "Eve")


def test_the_row_of_a_training_says_what_the_iterations_say(tmp_path: Path) -> None:
    training = ("stage", {"stage": 3, "sha256": "a", "settings": {}}, "Ada")
    of(training, validated("m1"), FINISHED, signed("of others"), folder=tmp_path)
    (row,) = trainings(ledger.read(tmp_path).records)
    assert row.outcome.startswith("open: ") and row.decided == ()
    of(signed("m1"), folder=tmp_path)
    (row,) = trainings(ledger.read(tmp_path).records)
    assert row.outcome.startswith("accepted: ") and row.decided == ("Ben",)
