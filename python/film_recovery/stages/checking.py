"""From a project to its reports: every check of the recipe measured, or looked up among the signatures.

What cannot be measured *yet* (no script, no model, no frame, no master of an earlier step) turns out as ``info``
with no value and a reason that begins with "not yet". That is no pass: ``StageReport.pending`` names it, and a
stage is done only when nothing is pending in it. What cannot be measured because the input is bad (a damaged file,
an unknown colour space, a broken graph) fails, whatever the check's severity, with the error's own words and
remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cache

from film_recovery import ledger
from film_recovery.checks import Check, Outcome, StageReport, judged
from film_recovery.errors import FilmRecoveryError
from film_recovery.ledger import Record
from film_recovery.project import Project
from film_recovery.stages import acceptance as acceptance  # each registers its functions
from film_recovery.stages import alignment as alignment
from film_recovery.stages import curation as curation
from film_recovery.stages import curation_checks as curation_checks
from film_recovery.stages import flagged as flagged
from film_recovery.stages import footage_checks as footage_checks
from film_recovery.stages import inference as inference
from film_recovery.stages import ingest as ingest
from film_recovery.stages import joins as joins
from film_recovery.stages import outliers as outliers
from film_recovery.stages import outside as outside
from film_recovery.stages import parity as parity
from film_recovery.stages import regression as regression
from film_recovery.stages import steps as steps
from film_recovery.stages import template as template
from film_recovery.stages import training as training
from film_recovery.stages import validation as validation
from film_recovery.stages.measure import FUNCTIONS
from film_recovery.stages.short_range import CHECK as SHORT_RANGE
from film_recovery.stages.short_range import skipped
from film_recovery.stages.signing import SIGN as SIGN
from film_recovery.stages.signing import holds, signed_state
from film_recovery.stages.unmeasured import with_choice
from film_recovery.stages.view import NotYet, View


def check(
    project: Project, stage: int | None = None, ids: Collection[str] | None = None
) -> tuple[StageReport, ...]:
    """The reports of all stages, of one, or of the stages that ``ids`` belong to (only those checks then).

    Nothing is written. Raises UsageError for a check that the recipe has not, FilmRecoveryError for a tolerance in
    the project that its check has not.
    """
    view = View(project)
    wanted = [view.recipe.check(id).id for id in ids] if ids is not None else None
    for id in project.tolerances:
        view.check(id)
    signatures = _signatures(project)
    state = cache(lambda number: signed_state(project, number))
    reports = []
    for number in (one.number for one in view.recipe.stages):
        if stage is not None and number != stage:
            continue
        checks = [one for one in view.recipe.for_stage(number) if wanted is None or one.id in wanted]
        if checks or wanted is None:
            outcomes = tuple(_outcome(view, view.check(one.id), signatures, state) for one in checks)
            reports.append(StageReport(number, with_choice(view, outcomes)))
    return tuple(reports)


def _outcome(
    view: View, one: Check, signatures: Mapping[str, Record], state: Callable[[int], str]
) -> Outcome:
    try:
        if one.manual:
            return _signed(view, one, signatures.get(one.id), state)
        return FUNCTIONS[one.id](view, one)
    except NotYet as reason:
        first = (reason.remedy,) if reason.remedy else ()
        return Outcome(one.id, "info", None, one.tolerance, f"not yet: {reason}", first)
    except FilmRecoveryError as error:
        awaited = view.awaited(error)
        if awaited:
            return Outcome(one.id, "info", None, one.tolerance, f"not yet: {awaited}")
        remedy = (error.remedy,) if error.remedy else one.remedy
        return Outcome(one.id, "fail", None, one.tolerance, error.message, remedy, error.where)


def _signed(view: View, one: Check, record: Record | None, state: Callable[[int], str]) -> Outcome:
    """By its last signature; one of another state of the project is none. ``state``: the present one of a stage."""
    gone_on = skipped(view.project, view) if one.id == SHORT_RANGE else []
    if gone_on and (record is None or not holds(view.project, record, state(one.stage), view)):
        told = (
            f"{each.by} went on without a look at it on {each.time[:10]}: "
            f"{str(each.data.get('why', '')).rstrip('.')}."
            for each in gone_on
        )
        return _unsigned(one, " ".join(dict.fromkeys(told)))
    if record is None:
        return _unsigned(one, "Nobody has signed it.")
    signed = f"Signed by {record.by} on {record.time[:10]}"
    if not holds(view.project, record, state(one.stage), view):
        return _unsigned(one, f"{signed} for an earlier state of the project; look again.")
    note = str(record.data.get("note", ""))
    said = f"{signed}{': ' + note.rstrip('.') if note else ''}."
    return judged(one, True, {"by": record.by, "time": record.time, "note": note}, said)


def _unsigned(one: Check, reason: str) -> Outcome:
    outcome = judged(one, False, "unsigned", reason)
    return replace(outcome, remedy=(*one.remedy, "then sign it"))


def _signatures(project: Project) -> dict[str, Record]:
    """The last signature of each check."""
    records = ledger.read(project.folder).of_kind(SIGN)
    return {str(record.data.get("check", "")): record for record in records}
