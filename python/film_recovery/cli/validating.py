"""What ``validate`` and ``report`` do, for a project or for sequences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import ledger
from film_recovery.checks import Outcome, StageReport
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report
from film_recovery.delivery import pdf as printing
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.ledger.iterations import BY_HAND
from film_recovery.project import load
from film_recovery.recipes.model import STAGES
from film_recovery.stages import sequences, validating
from film_recovery.stages.checking import check
from film_recovery.stages.showing import write_report
from film_recovery.stages.unmeasured import unmeasured
from film_recovery.stages.view import NotYet, View

_STAGE = 5


@dataclass(frozen=True)
class Asked:
    """The options of ``validate`` and ``report`` for sequences; empty where a project is meant."""

    source: str
    recovered: str
    reference: str
    kind: str
    frames: str
    space: str
    out: Path | None


def validate(report: Report, folder: Path, asked: Asked, composite: bool, by: str, take_over: bool) -> int:
    """EXIT_CHECK_FAILED where a criterion fails."""
    if asked.source or asked.recovered:
        if composite:
            raise UsageError(
                "--composite is of a project, which knows how its frames are read.", remedy="leave it out"
            )
        return _sequences(report, asked)
    _refuse_of_sequences(asked)
    return _project(report, folder, composite, by, take_over)


def _refuse_of_sequences(asked: Asked) -> None:
    """Raises UsageError for an option that a project has no use for."""
    for option in ("reference", "frames", "space", "out"):
        if getattr(asked, option):
            raise UsageError(
                f"--{option} goes with --source and --recovered.",
                remedy="name both sequences, or leave it out",
            )


def _project(report: Report, folder: Path, composite: bool, by: str, take_over: bool) -> int:
    with held(report, folder, "validate", by, take_over):
        view = View(load(folder))
        try:
            done = validating.validate(view, report.progress)
            plates = validating.render_composite(view, report.progress) if composite else ()
        except NotYet as reason:
            raise FilmRecoveryError(
                f"There is nothing to validate: {reason}.",
                remedy=f"film-recovery run --project {folder}",
                file=str(folder),
            ) from reason
        (stage,) = check(view.project, _STAGE)
        made: dict[str, Any] = {
            "measures": str(done.measures),
            "luts": [str(file) for file in done.luts],
            "baselines": [str(file) for file in done.baselines],
            "scopes": [str(file) for file in done.scopes],
            "stills": [str(file) for file in done.stills],
            "composite_script": str(done.composite),
            "composite_frames": len(plates),
        }
        made |= _recorded(report, view, stage, by)
    failed = _told(report, stage.outcomes)
    frames, held_out = format_frames(done.proof.frames), format_frames(done.proof.held_out)
    report.result({"frames": frames, "held_out": held_out, "failed": failed, **made})
    return EXIT_CHECK_FAILED if failed else EXIT_DONE


def _recorded(report: Report, view: View, stage: StageReport, by: str) -> dict[str, Any]:
    """Keeps an iteration in the ledger, where the frames are the present model's; what is told of that."""
    others = validating.of_another_state(view)
    missing = [one.check for one in unmeasured(view.recipe, stage)]
    if others:
        report.say(
            f"kept as no iteration: frames {format_frames(others)} were rendered under another state of the project, "
            "or changed since; film-recovery run renders them again"
        )
        return {"iteration": False, "unmeasured": missing}
    kept = {"stage": _STAGE, "name": STAGES[_STAGE], "command": BY_HAND, **validating.iteration(view)}
    kept |= {"checks": [outcome.as_dict() for outcome in stage.outcomes], "unmeasured": missing}
    ledger.append(view.project.folder, "stage", kept, by)
    ledger.write_notes(view.project.folder)
    return {"iteration": True, "unmeasured": missing}


def _sequences(report: Report, asked: Asked) -> int:
    done = _judged(report, asked)
    failed = _told(report, done.outcomes)
    report.result(
        {
            "frames": format_frames(done.frames),
            "frames_left_out": done.left_out,
            "with_reference": format_frames(done.proof.held_out),
            "failed": failed,
            "files": [str(file) for file in done.files],
        }
    )
    return EXIT_CHECK_FAILED if failed else EXIT_DONE


def _judged(report: Report, asked: Asked) -> sequences.Judged:
    """Raises UsageError for options that make no sense together, FilmRecoveryError for what cannot be measured."""
    if not (asked.source and asked.recovered):
        raise UsageError("Both sequences are needed.", remedy="--source PATTERN --recovered PATTERN")
    if asked.kind not in sequences.RECIPES:
        raise UsageError(f"--kind {asked.kind}: unknown.", remedy="choose spatial or colour")
    spaces = [part.strip() for part in asked.space.split(",")]
    if len(spaces) not in (1, 3):
        raise UsageError(
            f"--space names {len(spaces)} colour spaces.",
            remedy="one for all, or three: of Source, recovered and Reference",
        )
    source, recovered, reference = spaces * 3 if len(spaces) == 1 else spaces
    wanted = sequences.Asked(
        asked.kind,
        asked.source,
        asked.recovered,
        asked.reference,
        parse_frames(asked.frames) if asked.frames else None,
        (source, recovered, reference),
    )
    return sequences.validate_sequences(wanted, asked.out, report.progress)


def _told(report: Report, outcomes: Iterable[Outcome]) -> list[str]:
    """Tells each; the ids of those that fail."""
    failed = []
    for one in outcomes:
        report.check(
            one.check,
            one.outcome,
            reason=one.reason,
            value=one.value,
            tolerance=dict(one.tolerance or {}),
            remedy=one.remedy[0] if one.remedy else "",
            show=dict(one.show),
        )
        if one.outcome == "fail":
            failed.append(one.check)
    return failed


def report_of(report: Report, folder: Path, asked: Asked, pdf: bool, by: str, take_over: bool) -> int:
    """The report of a project, or of sequences; without a browser the PDF is left out, and that is said."""
    if asked.source or asked.recovered:
        if asked.out is None:
            raise UsageError("A report of sequences needs a folder.", remedy="name it with --out")
        path = _judged(report, asked).files[-1]
    else:
        _refuse_of_sequences(asked)
        path = _of_project(report, folder, by, take_over)
    program = printing.browser() if pdf else None
    printed = str(printing.print_pdf(path, program)) if program else ""
    if pdf and not program:
        report.say("no Chromium or Chrome was found, so there is no PDF: print report.html in a browser")
    why = "" if printed or not pdf else "no Chromium or Chrome was found on this machine"
    report.result({"report": str(path), "pdf": printed, "no_pdf": why, "bytes": path.stat().st_size})
    return EXIT_DONE


def _of_project(report: Report, folder: Path, by: str, take_over: bool) -> Path:
    with held(report, folder, "report", by, take_over):
        try:
            return write_report(load(folder), _Listening(report))
        except NotYet as reason:
            raise FilmRecoveryError(
                f"There is nothing to report on: {reason}.",
                remedy=f"film-recovery run --project {folder}",
                file=str(folder),
            ) from reason


@dataclass(frozen=True)
class _Listening:
    """The report as a stage's listener."""

    report: Report

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.report.progress(what, done, total, **more)

    def outcome(self, outcome: Outcome) -> None:
        """Its checks stand in the report."""
