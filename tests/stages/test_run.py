"""A project taken through its stages: what is done again and what is not, what stops it, who may go on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, nk, project, recipes
from film_recovery.checks import Outcome
from film_recovery.errors import CheckFailed
from film_recovery.learning.export import load_model
from film_recovery.project import Training, lock
from film_recovery.project.lock import ProjectLocked
from film_recovery.stages.run import Ran, run
from film_recovery.stages.signing import sign as sign_check


class Heard:
    def __init__(self) -> None:
        self.told: list[str] = []

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.told.append(what)

    def outcome(self, outcome: Outcome) -> None:
        pass


def go(place: Any, heard: Heard | None = None) -> Ran:
    return run(place.folder, heard or Heard(), by="Ada")


def sign(folder: Path, *but: str) -> None:
    for check in recipes.load(project.load(folder).recipe).checks:
        if check.manual and check.id not in but:
            ledger.append(folder, "sign", {"check": check.id, "note": ""}, by="Ada")


@pytest.fixture
def signed(to_train: Any) -> Any:
    """A colour project whose network takes three steps, ready to run."""
    sign(to_train.folder)
    return to_train


def update(place: Any, version: str, values: dict[str, Any]) -> None:
    """Changes what trains another model, whose masters then have a ``version`` of their own."""
    project.update(place.folder, {**values, "inference.version": version})


def runs(place: Any) -> list[str]:
    return sorted(path.name for path in project.paths(place.project).training.glob("run_*"))


def test_a_training_is_told_and_recorded_with_the_flags_of_its_pairs(colour_place: Any) -> None:
    pairs = colour_place.draft.pairs
    flagged = (replace(pairs[0], flags=("parallax: the mast",)), *pairs[1:])
    colour_place.make(pairs=flagged, training=Training(size="small", patch=16, batch=1, steps=0))
    sign(colour_place.folder)
    told: list[Outcome] = []
    heard = Heard()
    heard.outcome = told.append  # type: ignore[method-assign]
    go(colour_place, heard)
    said = [outcome.reason for outcome in told if outcome.check in ("training.flags", "validation.flags")]
    assert said == ["Flags stay with 1 pair. pair 1: parallax: the mast."] * 2
    records = [record.data for record in ledger.read(colour_place.folder).of_kind("stage")]
    assert [data["flags"] for data in records if data["stage"] == 3] == [{"pair 1": "parallax: the mast"}]
    notes = (colour_place.folder / "notes" / "experiments.md").read_text(encoding="utf-8")
    assert "| pair 1 | parallax: the mast |" in notes


@pytest.mark.slow
def test_what_a_model_does_not_depend_on_trains_nothing_anew(signed: Any) -> None:
    go(signed)
    (first,), weights = runs(signed), signed.model.read_bytes()
    signed.knob("CopyCat1", "xpos", "77")
    script = nk.load(signed.script)
    script.node("Write_Recovered").set("compression", nk.quote("Zip (1 scanline)"))
    nk.save(script, signed.script)
    os.utime(signed.file("source", 1))
    heard = Heard()
    go(signed, heard)
    assert "network" not in heard.told
    assert (runs(signed), signed.model.read_bytes()) == ([first], weights)
    again = Heard()
    go(signed, again)
    assert "pairs" not in again.told, "what was looked at once is not looked at again"


@pytest.mark.slow
def test_another_pixel_of_a_pair_trains_anew_and_the_earlier_model_is_kept(signed: Any) -> None:
    go(signed)
    (first,), weights = runs(signed), signed.model.read_bytes()
    picture = signed.picture("reference", 1).copy()
    picture[40:50, 40:50] = 0.25
    signed.write("reference", 1, picture)
    masters = {file: file.read_bytes() for file in project.paths(signed.project).render.glob("*.exr")}
    sign_check(signed.project, "validation.scopes", "Ada", "seen")
    with pytest.raises(CheckFailed, match=r"masters of an accepted iteration") as stopped:
        go(signed)
    assert "set inference.version to v002 (now v001)" in stopped.value.remedy
    project.update(signed.folder, {"inference.version": "v002"})
    go(signed)
    assert masters and all(file.read_bytes() == whole for file, whole in masters.items())
    assert len([*project.paths(signed.project).render.glob("*_v002_*.exr")]) == len(masters)
    assert len(runs(signed)) == 2
    assert signed.model.read_bytes() != weights
    kept = project.paths(signed.project).training / first / signed.model.name
    assert kept.read_bytes() == weights
    assert load_model(kept).card.film == signed.project.film


@pytest.mark.slow
def test_another_model_in_the_place_of_the_last_one_is_not_taken_for_it(signed: Any) -> None:
    go(signed)
    weights = signed.model.read_bytes()
    signed.model.write_bytes(b"what a killed training of other settings left")
    go(signed)
    assert signed.model.read_bytes() == weights


@pytest.mark.slow
def test_a_training_starts_from_the_checkpoint_that_the_project_names(signed: Any) -> None:
    go(signed)
    fresh = load_model(signed.model).card.sha256
    (folder,) = runs(signed)
    training = project.paths(signed.project).training
    checkpoint = max((training / folder / "checkpoints").glob("*.ckpt"))
    update(signed, "v002", {"training.initial": checkpoint.relative_to(signed.folder).as_posix()})
    go(signed)
    assert len(runs(signed)) == 2
    assert load_model(signed.model).card.sha256 != fresh


@pytest.mark.slow
def test_flip_exposure_and_loss_reach_the_training(signed: Any) -> None:
    go(signed)
    as_is = signed.model.read_bytes()
    for key, value in (("flip", False), ("exposure", 0.3), ("loss", {"charbonnier": 1})):
        file = signed.folder / "project.yaml"
        before = file.read_text()
        update(signed, f"v-{key}", {f"training.{key}": value})
        go(signed)
        assert signed.model.read_bytes() != as_is, key
        file.write_text(before)
    go(signed)
    assert signed.model.read_bytes() == as_is


@pytest.mark.slow
def test_pairs_are_drawn_by_the_frames_that_curation_says_they_stand_for(signed: Any) -> None:
    go(signed)
    as_is = signed.model.read_bytes()
    pairs = signed.draft.pairs
    project.update(signed.folder, {"pairs": [replace(pair, stands_for=9) for pair in pairs]})
    go(signed)
    assert len(runs(signed)) == 1  # all alike: as ever
    often = [replace(pair, stands_for=n) for pair, n in zip(pairs, (9, 1, 1, 1), strict=True)]
    update(signed, "v002", {"pairs": often})
    go(signed)
    assert signed.model.read_bytes() != as_is and len(runs(signed)) == 2
    record = [r for r in ledger.read(signed.folder).of_kind("stage") if r.data["stage"] == 3][-1]
    assert record.data["settings"]["often"] == [12, 1, 1, 1]
    # A closed form alone counts them so, too.
    update(signed, "v003", {"training.steps": 0})
    go(signed)
    counted = signed.model.read_bytes()
    update(signed, "v004", {"pairs": list(pairs)})
    go(signed)
    assert signed.model.read_bytes() != counted


def test_a_model_knows_what_it_was_trained_under(signed: Any) -> None:
    go(signed)
    found = dict(load_model(signed.model).card.conditions)
    assert found == {
        "domain": "ACEScg",
        "read": "sRGB - Texture",
        "prefilter": [],
        "crop": [4, 6, 120, 90],
        "format": [128, 96, 1],
        "tile": "any",
    }
    assert signed.outcome("inference.as_trained").outcome == "pass"
    # Another picture in a pair, the same model: told by its name.
    signed.write("reference", 5, signed.picture("reference", 5) * 0.9)
    outcome = signed.outcome("inference.as_trained")
    assert (outcome.outcome, list(outcome.value)) == ("fail", ["pairs"])
    assert list(outcome.value["pairs"]) == ["pair 3, Source frame 5"]


@pytest.mark.slow
def test_the_ledger_names_the_loss_also_where_the_project_leaves_it_open(signed: Any) -> None:
    go(signed)
    (record,) = (r for r in ledger.read(signed.folder).of_kind("stage") if r.data["stage"] == 3)
    assert record.data["settings"]["loss"] == {"l1": 1.0}


@pytest.mark.slow
def test_a_key_that_came_later_leaves_the_model_of_a_project_that_has_not_got_it(signed: Any) -> None:
    go(signed)
    file = signed.folder / "project.yaml"
    later = ("  flip:", "  exposure:", "  ceiling:", "  loss:", "  checkpoints:")
    kept = [line for line in file.read_text().splitlines() if not line.startswith(later)]
    file.write_text("\n".join(kept) + "\n")
    go(signed)
    assert len(runs(signed)) == 1


@pytest.mark.slow
def test_how_many_checkpoints_are_kept_changes_no_model_and_stands_in_the_script(signed: Any) -> None:
    go(signed)
    made = {file: file.stat().st_mtime_ns for file in project.paths(signed.project).render.glob("*.exr")}
    project.update(signed.folder, {"training.checkpoints": 2})
    go(signed)
    assert len(runs(signed)) == 1, "the same training"
    assert made == {file: file.stat().st_mtime_ns for file in made}, "no master is rendered anew"
    assert nk.load(signed.script).node("CopyCat1").text("checkpointInterval") == "2"


def test_a_project_that_trains_in_nukex_stops_and_says_so(signed: Any) -> None:
    project.update(signed.folder, {"training.engine": "copycat"})
    with pytest.raises(CheckFailed, match="trains in NukeX") as caught:
        go(signed)
    assert "training.engine" in caught.value.remedy
    assert not signed.model.exists()


def test_the_ledger_says_which_engine_trained(signed: Any) -> None:
    go(signed)
    (record,) = (r for r in ledger.read(signed.folder).of_kind("stage") if r.data["stage"] == 3)
    assert record.data["engine"].startswith("film-recovery ")


@pytest.mark.slow
def test_the_report_is_there_before_its_checks_stop_the_run(signed: Any) -> None:
    kept = dict(signed.project.tolerances)
    project.update(signed.folder, {"tolerances": {"validation.hue": {"mean": 0.0}}})
    report = project.paths(signed.project).report
    with pytest.raises(CheckFailed, match=r"Stage 5 .* 1 check: validation\.hue"):
        go(signed)
    assert "Saturated colours are turned by" in report.read_text(encoding="utf-8")
    project.update(signed.folder, {"tolerances": kept})
    assert go(signed).worked == ("validation",)


@pytest.mark.parametrize(("without", "reason"), [("pairs", "No pairs"), ("hold_out", "hold-out")])
def test_a_project_without_pairs_or_hold_out_stops_at_curation(
    colour_place: Any, without: str, reason: str
) -> None:
    changes: dict[str, Any] = {without: (), "alignment": replace(colour_place.draft.alignment, hold_out=())}
    if without == "pairs":
        changes["alignment"] = replace(changes["alignment"], translate=())
    colour_place.make(**changes)
    sign(colour_place.folder)
    with pytest.raises(CheckFailed, match="curation") as caught:
        go(colour_place)
    assert reason.lower() in caught.value.message.lower()


def test_who_was_taken_over_stops_and_writes_nothing_more(signed: Any) -> None:
    class TakenOver(Heard):
        def progress(self, what: str, done: int, total: int, **more: Any) -> None:
            super().progress(what, done, total)
            if what == "network" and done == 1:
                path = signed.folder / lock.FILE
                other = {**json.loads(path.read_text()), "owner": "Ben", "pid": os.getppid()}
                path.write_text(json.dumps(other), encoding="utf-8")

    with pytest.raises(ProjectLocked, match=r"Ben .* has taken this project over"):
        go(signed, TakenOver())
    assert ledger.read(signed.folder).records[-1].data.get("name") == "alignment"
    assert "Ben" in (signed.folder / lock.FILE).read_text(), "the lock is theirs"
