"""Signatures: they hold for what was looked at, and nothing is signed that nobody can have seen."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.errors import UsageError
from film_recovery.ledger.iterations import BY_HAND, iterations
from film_recovery.project import PairOf, ProjectLocked, lock
from film_recovery.stages.signing import sign, signed_state, standing
from film_recovery.stages.validating import iteration
from film_recovery.stages.view import View

# A manual check of each stage.
CHECKS = (
    "ingest.grain_kept",
    "curation.source_frames",
    "alignment.borders",
    "training.watched",
    "inference.short_range",
    "validation.compared",
)


@pytest.fixture
def signed(place: Any) -> Any:
    """A film at its end, one check of each stage signed by Ana."""
    place.save_model().render()
    for check in CHECKS:
        sign(place.project, check, "Ana", "seen")
    return place


def held(place: Any) -> list[str]:
    """The stages whose signature counts."""
    return [check.partition(".")[0] for check in CHECKS if place.outcome(check).outcome == "pass"]


def test_a_signature_counts_and_says_what_it_is_of(signed: Any) -> None:
    assert held(signed) == ["ingest", "curation", "alignment", "training", "inference", "validation"]
    records = ledger.read(signed.folder).of_kind("sign")
    assert [record.data["of"] for record in records] == [signed_state(signed.project, n) for n in range(6)]
    notes = (signed.folder / "notes" / "experiments.md").read_text(encoding="utf-8")
    assert "* `ingest.grain_kept`: seen\n" in notes
    assert not [record for record in records if record.data["of"] in notes]


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"elements.source.colourspace": "aces_interchange"}, []),
        ({"elements.reference.frame_rate": 25.0}, []),
        ({"elements.source.last": 7}, []),
        ({"pairs": [PairOf(n, n, "other words") for n in (1, 3, 5, 8)]}, ["ingest"]),
        ({"hold_out": [PairOf(6, 6)]}, ["ingest"]),
        ({"alignment.live_area": [5, 6, 120, 90]}, ["ingest", "curation"]),
        ({"training.seed": 2}, ["ingest", "curation", "alignment", "inference", "validation"]),
        ({"pairs": [PairOf(n, n, "other words") for n in (1, 3, 5, 7)]}, [check.partition(".")[0] for check in CHECKS]),
        ({"inference.frames": "1-4", "elements.source.holder": "Archive"}, [c.partition(".")[0] for c in CHECKS]),
    ],
)  # fmt: skip
def test_what_changes_ends_the_signatures_that_were_about_it(
    signed: Any, changes: dict[str, Any], left: list[str]
) -> None:
    project.update(signed.folder, changes)
    assert held(signed) == left


def test_another_model_ends_what_was_seen_of_the_old_one(signed: Any) -> None:
    model = signed.model
    cat = model.with_suffix(".cat")
    cat.write_bytes(b"made in Nuke")
    assert held(signed)[-2:] == ["inference", "validation"], "a .cat of the model is that model"
    cat.unlink()
    sidecar = model.with_suffix(".json")
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "sha256": "f" * 64}), encoding="utf-8")
    assert held(signed) == ["ingest", "curation", "alignment", "training"]
    sidecar.write_text("{", encoding="utf-8")
    assert held(signed) == ["ingest", "curation", "alignment", "training"]


def test_frames_that_are_rendered_anew_are_looked_at_again(signed: Any) -> None:
    """Of the same model and pairs: nothing but the masters themselves differs."""
    files = View(signed.project).output.sequence
    before = {frame: files.path(frame).read_bytes() for frame in files.frames()}
    signed.masters(lambda frame, source, truth: truth if frame == 3 else source)
    assert held(signed)[-2:] == ["training", "inference"]
    told = signed.outcome("validation.compared").reason
    assert told.endswith("for an earlier state of the project; look again.")
    assert "validation.compared" not in {record.data["check"] for record in standing(signed.project)}
    for frame, content in before.items():
        files.path(frame).write_bytes(content)
    assert held(signed)[-1] == "validation", "the same bytes are the same frames"


def test_masters_that_cannot_be_read_were_looked_at_by_nobody(signed: Any) -> None:
    """Neither by whoever signs now, nor by whom an older ledger names."""
    last = ledger.read(signed.folder).of_kind("sign")[-1].data
    master = View(signed.project).output.sequence.path(3)
    master.unlink()
    master.symlink_to(signed.root / "a disk that is away.exr")
    assert held(signed)[-2:] == ["training", "inference"]
    ledger.append(signed.folder, "sign", {**last, "masters": ""}, "Ana")
    assert held(signed)[-2:] == ["training", "inference"]
    with pytest.raises(UsageError, match="the masters cannot all be read"):
        sign(signed.project, "validation.compared", "Ana", "looked again")


def test_another_graph_ends_what_was_seen_of_its_frames(signed: Any) -> None:
    signed.knob("FR_Inference1", "box", "{6 6 120 90}")
    assert "validation" not in held(signed) and "training" in held(signed)


def test_a_signature_names_the_iteration_that_it_accepts(signed: Any) -> None:
    """The masters say which, whenever it was signed."""
    data = {"stage": 5, "checks": [], "command": BY_HAND}
    first = iteration(View(signed.project))
    ledger.append(signed.folder, "stage", {**data, **first, "masters": "of others", "model": "0" * 64}, "Ada")
    ledger.append(signed.folder, "stage", {**data, **first}, "Ada")
    found = iterations(ledger.read(signed.folder).records)
    assert [(one.model, one.by) for one in found] == [("0" * 64, ()), (first["model"], ("Ana",))]


def test_a_signature_of_an_earlier_state_is_told_as_one(signed: Any) -> None:
    project.update(signed.folder, {"hold_out": [PairOf(6, 6)]})
    outcome = signed.outcome("validation.compared")
    day = ledger.read(signed.folder).of_kind("sign")[-1].time[:10]
    assert (outcome.outcome, outcome.value) == ("warn", "unsigned")
    assert outcome.reason == f"Signed by Ana on {day} for an earlier state of the project; look again."
    assert outcome.remedy[-1] == "then sign it"
    sign(signed.project, "validation.compared", "Ana", "looked again")
    assert signed.outcome("validation.compared").outcome == "pass"


def test_a_moved_project_keeps_its_signatures(signed: Any) -> None:
    moved = signed.root / "elsewhere" / "project"
    shutil.copytree(signed.folder, moved)
    shutil.rmtree(signed.folder)
    assert signed_state(project.load(moved), 5) == ledger.read(moved).of_kind("sign")[-1].data["of"]


def test_signatures_that_do_not_say_what_they_are_of_count_as_before(place: Any) -> None:
    ledger.append(place.folder, "sign", {"check": "curation.source_frames", "note": ""}, by="Ada")
    project.update(place.folder, {"hold_out": [PairOf(6, 6)]})
    assert place.outcome("curation.source_frames").outcome == "pass"


def test_nothing_is_signed_before_it_can_have_been_seen(place: Any) -> None:
    with pytest.raises(UsageError, match="no model has been trained") as refused:
        sign(place.project, "inference.short_range", "Ana", "")
    assert "film-recovery run" in str(refused.value.remedy)
    place.save_model()
    sign(place.project, "inference.proxies", "Ana", "")
    with pytest.raises(UsageError, match=r"frames 1-8 of the short range have not been rendered"):
        sign(place.project, "inference.short_range", "Ana", "")
    with pytest.raises(UsageError, match=r"no frame .* has been rendered"):
        sign(place.project, "validation.compared", "Ana", "")
    place.render((1,))
    sign(place.project, "validation.compared", "Ana", "")
    assert len(ledger.read(place.folder).of_kind("sign")) == 2


def test_without_a_script_nothing_of_the_last_stages_is_signed(place: Any) -> None:
    place.script.unlink()
    for check in ("inference.short_range", "validation.compared"):
        with pytest.raises(UsageError, match="cannot be signed yet"):
            sign(place.project, check, "Ana", "")
    sign(place.project, "ingest.grain_kept", "Ana", "")


def test_what_is_measured_or_nameless_is_not_signed(place: Any) -> None:
    with pytest.raises(UsageError, match="measured, not signed"):
        sign(place.project, "ingest.size_parity", "Ana", "")
    with pytest.raises(UsageError, match="needs a name"):
        sign(place.project, "ingest.grain_kept", " ", "")
    assert not ledger.read(place.folder).of_kind("sign")


def test_a_held_project_is_signed_by_taking_it_over_only(place: Any) -> None:
    left = {"owner": "Bo", "host": "elsewhere", "pid": 1, "start": "x", "what": "run"}
    text = json.dumps({**left, "since": "2026-01-01T00:00:00+00:00"})
    (place.folder / lock.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ProjectLocked):
        sign(place.project, "ingest.grain_kept", "Ana", "")
    sign(place.project, "ingest.grain_kept", "Ana", "", take_over=True)
    taken, record = ledger.read(place.folder).records[-2:]
    assert (taken.kind, taken.by, taken.data["what"]) == ("taken over", "Ana", "sign ingest.grain_kept")
    assert "Bo on elsewhere" in taken.data["from"]
    assert record.kind == "sign"


def test_the_report_lists_only_signatures_that_hold(place: Any) -> None:
    sign(place.project, "curation.source_frames", "Ada", "all families")
    ledger.append(
        place.folder, "sign", {"check": "curation.reference_frames", "note": "an old ledger"}, by="Ben"
    )
    assert {record.by for record in standing(place.project)} == {"Ada", "Ben"}
    project.update(place.folder, {"pairs": [{"source": 2, "reference": 2}]})
    assert {record.by for record in standing(place.project)} == {"Ben"}
