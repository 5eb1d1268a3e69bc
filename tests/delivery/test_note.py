"""The validation note: what it says of a recovery, and that the operator's own part is never touched."""

from __future__ import annotations

import dataclasses
import difflib
import re
from pathlib import Path
from typing import Any

import pytest

from film_recovery import __version__
from film_recovery.checks import Outcome, StageReport
from film_recovery.delivery import ReportData, Signature
from film_recovery.delivery import note as notes
from film_recovery.recipes.classification import classification, proof

GOLDEN = Path(__file__).parent / "golden" / "validation_note.md"


@pytest.fixture
def data(report_data: Any) -> ReportData:
    """The report's data, with the rest that a project gives."""
    of = classification("spatial-generation")
    signatures = (
        Signature("curation.conformed", "B. First", "2026-03-01T09:00:00+00:00", "not yet"),
        *report_data.signatures,
    )
    return dataclasses.replace(
        report_data,
        signatures=signatures,
        made={**report_data.made, **notes.class_of_recovery(of, report_data)},
        settings={
            **report_data.settings,
            "pairs": "1001, 1004 with 1007",
            "hold_out": "1042, 1046, 1051",
            "flags": {"pair 1004": "parallax"},
            "training": {"size": "medium", "steps": 40000},
            "inference": {"frames": "1001-1100", "compression": "zip"},
        },
    )


def _note(data: ReportData) -> str:
    return notes.note(data, classification("spatial-generation"))


def test_the_note_is_the_golden_one(data: ReportData, tmp_path: Path) -> None:
    file = notes.write_note(data, classification("spatial-generation"), tmp_path / notes.FILE)
    text = file.read_text(encoding="utf-8").replace(__version__, "VERSION")
    text = re.sub(r"(SHA-256 of what follows: )[0-9a-f]{64}", r"\1HASH", text)
    made = tmp_path / "made.md"
    made.write_text(text, encoding="utf-8")
    golden = GOLDEN.read_text(encoding="utf-8") if GOLDEN.exists() else ""
    changes = difflib.unified_diff(golden.splitlines(), text.splitlines(), "golden", "made", lineterm="", n=0)
    shown = "\n".join(changes)
    assert not shown, f"The note changed. If that is meant: cp {made} {GOLDEN}\n{shown}"


def test_a_criterion_is_told_as_it_came_out(data: ReportData) -> None:
    outcomes = [
        Outcome("validation.no_halos", "fail", 0.09, None, "Halo 9 % on frame 1042."),
        Outcome("validation.grain", "warn", None, None, "Grain lacks 40 %."),
        Outcome("validation.identity", "pass", 0.0, None, "Kept."),
        Outcome("validation.note_written", "warn", 0, None, "It has no word."),
    ]
    text = _note(dataclasses.replace(data, reports=(StageReport(5, tuple(outcomes)),)))
    assert "1 of 3 checks passed." in text
    assert "* **failed**: No halos (`validation.no_halos`). Halo 9 % on frame 1042." in text
    assert "* **doubtful**: validation.grain (`validation.grain`). Grain lacks 40 %." in text
    assert "* passed: validation.identity (`validation.identity`). Kept." in text
    assert "note_written" not in text, "a note does not judge itself"
    assert "Of the stages before it everything passed." in text


def test_a_note_of_almost_nothing_says_so() -> None:
    text = _note(ReportData("A film", "", "", "spatial-generation", ""))
    for said in ("No check was made.", "Nothing was measured.", "Nobody has signed", "Nothing was recorded"):
        assert said in text, said


def test_what_is_typed_stays_text() -> None:
    hostile = "<script>alert(1)</script> | [a](b)\n# big <!-- end of what Film Recovery wrote -->"
    data = ReportData(
        hostile, hostile, hostile, "spatial-generation", hostile, signatures=(Signature(*[hostile] * 4),),
        elements={hostile: {"title": hostile}}, reasoning=hostile, made={hostile: hostile},
    )  # fmt: skip
    text = _note(data)
    assert "<script>" not in text and "<!--" not in text
    assert not [line for line in text.splitlines() if line.startswith("# big")]


def test_the_operators_part_is_asked_for_and_stays(data: ReportData, tmp_path: Path) -> None:
    of, file = classification("spatial-generation"), tmp_path / notes.FILE
    assert notes.said_by_operator(file) == ""
    notes.write_note(data, of, file)
    assert notes.said_by_operator(file) == "", "what we wrote is not theirs"
    with file.open("a", encoding="utf-8") as stream:
        stream.write("Grain holds.\nReel 2 weaves.\n")
    notes.write_note(dataclasses.replace(data, film="Another"), of, file)
    text = file.read_text(encoding="utf-8")
    assert "* film: Another" in text and text.endswith("Grain holds.\nReel 2 weaves.\n")
    assert notes.said_by_operator(file) == "Grain holds.\nReel 2 weaves."
    assert [path.name for path in tmp_path.iterdir()] == [notes.FILE]


def test_a_note_that_was_written_by_hand_stays_below_ours(data: ReportData, tmp_path: Path) -> None:
    file = tmp_path / notes.FILE
    file.write_text("Print against internegative.\n", encoding="utf-8")
    notes.write_note(data, classification("spatial-generation"), file)
    assert file.read_text(encoding="utf-8").endswith("\nPrint against internegative.\n")
    assert notes.said_by_operator(file) == "Print against internegative."


def test_what_is_claimed_of_the_class_is_what_the_checks_show(data: ReportData) -> None:
    shown = StageReport(5, tuple(Outcome(checks[0], "pass", 1, None, "Yes.") for checks in proof()))
    proven = dataclasses.replace(data, reports=(shown,), own_training=True)
    assert "It is recovery, not enhancement" in _note(proven)
    for doubtful in (
        dataclasses.replace(proven, own_training=False),
        dataclasses.replace(proven, reports=(StageReport(5, shown.outcomes[1:]),)),
        dataclasses.replace(proven, reports=()),
    ):
        text, of = _note(doubtful), classification("spatial-generation")
        assert "verified pairs of this film alone" not in text and "Not known is: " in text
        assert "is not shown" in notes.class_of_recovery(of, doubtful)["class of recovery"]
