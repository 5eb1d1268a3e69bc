"""The main job: a project through all stages, in order.

Each stage is checked, worked and recorded. A check that fails stops the run; so does a kill. A rerun goes on: what
is done and unchanged is not done again, a training resumes from its checkpoint, a render keeps its frames. So the
frames and weights of an interrupted run equal those of one that was left alone.

A recovery of several steps is a chain of projects: those before, the project's own six stages, those after, each
through this same run, and every one of them held as long as the chain is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from film_recovery import __version__, jobs, ledger, recipes
from film_recovery.checks import Outcome, StageReport
from film_recovery.curation import table
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.project import Project, load, lock, paths
from film_recovery.project.leftovers import clear_unfinished
from film_recovery.recipes.model import STAGES
from film_recovery.stages import chain
from film_recovery.stages.building import build_script, script_text, spec_of
from film_recovery.stages.checking import check
from film_recovery.stages.done import digest, last_work
from film_recovery.stages.inferring import INFERENCE, Asked, infer
from film_recovery.stages.outliers import refresh as refresh_outliers
from film_recovery.stages.provenance import seal
from film_recovery.stages.unmeasured import (
    NO_REASON,
    Reasons,
    about,
    refuse_unknown_steps,
    refuse_unmeasured,
    unmeasured,
)
from film_recovery.stages.validating import measure_ahead, validated
from film_recovery.stages.view import View

_LOOK = 1.0  # seconds between two looks at the lock


class Listener(Protocol):
    """Who is told how the run goes."""

    def progress(self, what: str, done: int, total: int, **more: Any) -> None: ...

    def outcome(self, outcome: Outcome) -> None: ...


@dataclass(frozen=True)
class Ran:
    """What a run left: the report, and what it had to work: ``inference``, and of a step ``colour/inference``."""

    report: Path
    worked: tuple[str, ...]


class _Guarded:
    """A listener that looks, at most once a second, whether the project's lock is still ours."""

    def __init__(self, listener: Listener, held: lock.Held) -> None:
        self.listener, self.held, self.looked = listener, held, time.monotonic()

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        if time.monotonic() - self.looked > _LOOK:
            self.held.confirm()
            self.looked = time.monotonic()
        self.listener.progress(what, done, total, **more)

    def outcome(self, outcome: Outcome) -> None:
        self.listener.outcome(outcome)


@dataclass(frozen=True)
class _Within:
    """The listener of a step: what it hears is told as the step's."""

    name: str
    listener: Listener

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.listener.progress(f"{self.name}/{what}", done, total, **more)

    def outcome(self, outcome: Outcome) -> None:
        self.listener.outcome(replace(outcome, check=f"{self.name}/{outcome.check}"))


def run(
    folder: Path,
    listener: Listener,
    *,
    by: str = "",
    take_over: bool = False,
    workers: int = 1,
    skip_short_range: str = "",
    accept_unmeasured: Reasons = NO_REASON,
) -> Ran:
    """Takes the project in ``folder`` through all stages, and the steps of its recipe with it.

    ``workers``: processes that render. ``skip_short_range``: why the full range is rendered without a look at the
    short one, noted in the ledger; empty: the run stops for that look. ``accept_unmeasured``: likewise, why it ends
    although something that has to hold was not measured, here or in a step.

    Raises UsageError for a reason of a step that is none; CheckFailed naming the checks that stop it, and the step that
    they belong to; ProjectLocked when somebody else works on the project or a step; FilmRecoveryError as the stages do.
    Every start, stage, step, stop and end is in the ledger.
    """
    with ExitStack() as locks:
        held = locks.enter_context(lock.held(folder, "run", take_over))
        project = load(folder)
        links = chain.links(project)
        refuse_unknown_steps(project, accept_unmeasured, [link.step.name for link in links])
        unmeasured_why = replace(accept_unmeasured, of_chain=accept_unmeasured.of_chain or bool(links))
        for link in links:
            if link.is_made:  # nobody changes a step while the chain is on its way
                locks.enter_context(lock.held(link.folder, f"run of {project.folder}", take_over))
        jobs.settle(project.folder)
        clear_unfinished(project.folder)
        _record_start(project, by, held.taken_over)
        worked: list[str] = []
        try:
            asked = Asked(workers, skip_short_range, by, unmeasured_why)
            _go(project, links, _Guarded(listener, held), held, asked, worked)
        except (FilmRecoveryError, KeyboardInterrupt) as stop:
            held.confirm()  # the ledger tells of whoever took over from here on
            where = stop.where if isinstance(stop, FilmRecoveryError) else {}
            at = {"check": where["check"]} if "check" in where else {}
            ledger.append(project.folder, "stopped", {"reason": str(stop) or type(stop).__name__, **at}, by)
            ledger.write_notes(project.folder)
            raise
        ledger.append(project.folder, "finished", {"worked": worked}, by)
        ledger.write_notes(project.folder)
    return Ran(paths(project).report, tuple(worked))


def _go(
    project: Project,
    links: tuple[chain.Link, ...],
    listener: Listener,
    held: lock.Held,
    asked: Asked,
    worked: list[str],
) -> None:
    """Steps before, own stages, steps after; the names of what had to be worked go into ``worked``."""
    before = [link for link in links if link.step.when == "before"]
    after = [link for link in links if link.step.when == "after"]
    for link in before:
        worked += _step(project, link, listener, asked)
    chain.refuse_unrendered(project)
    _build(project, asked.by)
    *others, last = range(len(STAGES))
    for number in others:
        report = _judged(project, number, listener)
        _refuse(project, report)
        held.confirm()
        if _work(project, number, listener, held, asked, report):
            worked.append(STAGES[number])
    # The report comes before its judgement: what is signed in this stage is seen in it.
    measure_ahead(project, listener.progress)
    report = _judged(project, last, listener)
    _work(project, last, listener, held, asked, report)
    worked.append(STAGES[last])
    _refuse(project, report)
    recipe = recipes.load(project.recipe)
    missing = unmeasured(recipe, report, before_steps=bool(after))
    refuse_unmeasured(project, missing, asked.unmeasured, asked.by)
    if after:
        for link in after:
            worked += _step(project, link, listener, asked)
        report = _judged(project, last, _Changed(listener, report))  # the steps are part of it
        _work(project, last, listener, held, asked, report)
        _refuse(project, report)
        told = {about(one) for one in missing}
        more = [one for one in unmeasured(recipe, report) if about(one) not in told]
        refuse_unmeasured(project, more, asked.unmeasured, asked.by)


@dataclass(frozen=True)
class _Changed:
    """Tells of those outcomes only that differ from an earlier report."""

    listener: Listener
    before: StageReport

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.listener.progress(what, done, total, **more)

    def outcome(self, outcome: Outcome) -> None:
        if outcome not in self.before.outcomes:
            self.listener.outcome(outcome)


def _step(project: Project, link: chain.Link, listener: Listener, asked: Asked) -> list[str]:
    """Takes a step through its own run and records its end: its report, and its ledger's records and hash."""
    chain.refuse_unlinked(project, link)
    name = link.step.name
    try:
        ran = run(
            link.folder,
            _Within(name, listener),
            by=asked.by,
            workers=asked.workers,
            skip_short_range=asked.skip,
            accept_unmeasured=asked.unmeasured.of_step(name),
        )
    except FilmRecoveryError as error:
        where = {key: value for key, value in error.where.items() if key != "check"}  # the step's own
        raise type(error)(f"Step {name}: {error.message}", remedy=error.remedy, **where) from error
    data = {
        "step": name,
        "what": f"Step {name} ({link.step.title}) has ended.",
        "records": len(ledger.read(link.folder).records),
        "ledger": hashlib.sha256((link.folder / ledger.FILE).read_bytes()).hexdigest(),
        "report": ran.report.relative_to(project.folder).as_posix(),
    }
    ledger.append(project.folder, "step", data, asked.by)
    return [f"{name}/{stage}" for stage in ran.worked]


def _record_start(project: Project, by: str, taken_over: str) -> None:
    """Notes an earlier run that ended without a word as aborted, and this one as started."""
    records = ledger.read(project.folder).records
    course = [record for record in records if record.kind in chain.COURSE]
    if course and course[-1].kind == "started":
        ledger.append(project.folder, "aborted", {"started": course[-1].time}, by)
    data = {"version": __version__, "recipe": project.recipe, "reasoning": project.reasoning}
    ledger.append(project.folder, "started", {**data, "taken_over": taken_over} if taken_over else data, by)


def _build(project: Project, by: str) -> None:
    """Writes the graph when the project asks for another one than it was last built from.

    An unchanged project leaves the script alone, so that what an operator did to it in Nuke is kept.
    """
    if not project.pairs or not project.hold_out:
        return  # curation says so
    key = digest(script_text(project))
    built = [record.data.get("key") for record in ledger.read(project.folder).of_kind("built")]
    if built[-1:] != [key] or not paths(project).script.exists():
        build_script(project)
        ledger.append(project.folder, "built", {"script": paths(project).script.name, "key": key}, by)


def _judged(project: Project, number: int, listener: Listener) -> StageReport:
    """The report of one stage, told."""
    (report,) = check(project, number)
    for outcome in report.outcomes:
        listener.outcome(outcome)
    return report


def _refuse(project: Project, report: StageReport) -> None:
    """Raises CheckFailed when the work must not go on: a check fails, or what it is about has not been chosen."""
    number = report.stage
    if STAGES[number] == "curation":
        try:
            spec_of(project)
        except FilmRecoveryError as error:
            raise CheckFailed(
                f"Stage {number} (curation) stops: {error.message}", remedy=error.remedy, **error.where
            ) from error
    failed = [outcome for outcome in report.outcomes if outcome.outcome == "fail"]
    if not failed:
        return
    raise CheckFailed(
        f"Stage {number} ({STAGES[number]}) stops at {len(failed)} check{'s' * (len(failed) > 1)}: "
        + "; ".join(f"{outcome.check}: {outcome.reason}" for outcome in failed[:5]),
        remedy=failed[0].remedy[0] if failed[0].remedy else "see the checks",
        file=str(project.folder),
    )


def _work(
    project: Project, number: int, listener: Listener, held: lock.Held, asked: Asked, report: StageReport
) -> bool:
    """Does a stage's work, unless the ledger and the files say that it is done. Records it with its checks."""
    found = infer(project, listener, asked) if number == INFERENCE else _WORK[number](project, listener)
    held.confirm()
    if found is None:
        return False
    outcomes = [outcome.as_dict() for outcome in report.outcomes]
    ledger.append(
        project.folder,
        "stage",
        {"stage": number, "name": STAGES[number], **found, "checks": outcomes},
        asked.by,
    )
    return True


def _ingest(project: Project, listener: Listener) -> dict[str, Any] | None:
    """Nothing is made: the elements are looked at only. Recorded when their description changed."""
    elements = {name: asdict(element) for name, element in project.elements.items()}
    key = digest(elements)
    return None if _done(project, 0, key) else {"key": key, "elements": elements}


def _curation(project: Project, listener: Listener) -> dict[str, Any] | None:
    """``pairs.csv``: the table of pairs, with why each was chosen."""
    rows = tuple(table.rows_of(project))
    table.write(rows, paths(project).curation / table.FILE)
    key = digest([(r.index, r.set, r.source_frame, r.reference_frame, r.shot, r.reason) for r in rows])
    script = paths(project).script
    return (
        None if _done(project, 1, key) else {"key": key, "pairs": len(project.pairs), "script": script.name}
    )


def _alignment(project: Project, listener: Listener) -> dict[str, Any] | None:
    """The alignment stands in project.yaml; it is recorded when it changed."""
    alignment = project.alignment.as_dict()
    solved = {str(pair.source): pair.matrix for pair in (*project.pairs, *project.hold_out) if pair.matrix}
    if solved:
        alignment["solved"] = solved
    key = digest(alignment)
    return None if _done(project, 2, key) else {"key": key, **alignment}


def _validation(project: Project, listener: Listener) -> dict[str, Any] | None:
    from film_recovery.stages.showing import write_report

    view = View(project)
    refresh_outliers(view, listener.progress)
    seal(view, listener.progress)
    accepted = validated(view, listener.progress)
    report = write_report(project, listener)
    return {"report": str(report.relative_to(project.folder)), **accepted}


def _training(project: Project, listener: Listener) -> dict[str, Any] | None:
    from film_recovery.stages.teaching import teach

    return teach(project, listener)


def _done(project: Project, number: int, key: str) -> bool:
    """Whether the last record of the stage is of the same work."""
    return last_work(project, number).get("key") == key


_WORK: Mapping[int, Callable[[Project, Listener], dict[str, Any] | None]] = {
    0: _ingest,
    1: _curation,
    2: _alignment,
    3: _training,
    5: _validation,
}
