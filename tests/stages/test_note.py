"""The validation note of a project: from the real results of its checks, its figures and its ledger."""

from __future__ import annotations

from typing import Any

import pytest

from film_recovery import ledger, project, stages
from film_recovery.delivery import note as notes
from film_recovery.ledger.markdown import line
from film_recovery.recipes.classification import classification
from film_recovery.stages.showing import write_report


class Silent:
    def progress(self, what: str, done: int, total: int, **more: Any) -> None: ...

    def outcome(self, outcome: Any) -> None: ...


def test_the_first_report_does_not_miss_the_note_beside_it(place: Any) -> None:
    place.save_model().render()
    file = project.paths(place.project).validation / notes.FILE
    assert not file.is_file()
    html = write_report(place.project, Silent()).read_text(encoding="utf-8")
    assert file.is_file() and f"{notes.FILE} is missing" not in html
    assert f"{notes.FILE} has what was measured, and no word of the operator’s" in html


@pytest.mark.slow
def test_the_note_tells_the_checks_figures_and_signatures_as_they_are(place: Any) -> None:
    place.finish()
    ledger.append(place.folder, "sign", {"check": "validation.compared", "note": "by wipe"}, by="Ben")
    file = project.paths(place.project).validation / notes.FILE
    own = file.read_text(encoding="utf-8")
    report = write_report(place.project, Silent())
    text = file.read_text(encoding="utf-8")
    assert text.endswith(f"\n{own}"), "what the operator wrote stays"
    (judged,) = stages.check(place.project, stage=5)
    for outcome in judged.outcomes:
        if outcome.check == "validation.note_written":
            continue
        word = {"pass": "passed", "info": "passed", "warn": "**doubtful**", "fail": "**failed**"}[
            outcome.outcome
        ]
        told = next(
            row for row in text.splitlines() if f"(`{outcome.check}`)" in row and row.startswith(f"* {word}")
        )
        assert line(outcome.reason) in told
    assert "(`validation.compared`), Ben, 2" in text and ": by wipe" in text
    assert "trained on: 1, 3, 5, 7" in text and "held out, for the figures below: 4" in text
    of = classification("spatial-gauge")
    assert of.statement in text
    html = report.read_text(encoding="utf-8")
    assert of.title in html and of.sources[0].where in html
    assert own.strip() in html, "the operator's caveats stand in the report"
    assert place.outcome("validation.note_written").outcome == "pass"
