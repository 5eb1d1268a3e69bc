"""What has to hold and was not measured: no pass, so it stops a run at its end and a delivery.

A check that *shall* hold and says *not yet* waits for something that nobody is going to bring by itself: a held-out
frame that is not among those to render. Somebody may go on without it, which the ledger keeps with the reason, and with
what was decided on: model, graph and masters, byte for byte. While these are the same, and the same is not measured for
the same reason, the decision stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from film_recovery import ledger
from film_recovery.checks import Outcome, StageReport
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.ledger.iterations import checks
from film_recovery.project import Project
from film_recovery.recipes import Recipe
from film_recovery.stages.looked_at import looked_at
from film_recovery.stages.view import NotYet, View

# The ledger's record of a choice to go on, or to deliver, all the same: data {what, why, checks}; to go on, also
# {model, graph, masters}.
ACCEPTED = "accepted"
_OF_STEPS = (
    "training.telecine_first",
    "validation.colour_follows",
)  # measured when the other steps have ended
_NAMED = 5
_GONE_ON = "; gone on without it by "


def unmeasured(recipe: Recipe, report: StageReport, *, before_steps: bool = False) -> list[Outcome]:
    """The outcomes of checks that shall hold and were not measured. ``before_steps``: steps are still to come, so
    what is about them may wait."""
    shall = {check.id for check in recipe.checks if check.severity == "shall" and not check.manual}
    spared: Collection[str] = _OF_STEPS if before_steps else ()
    return [one for one in report.outcomes if one.pending and one.check in shall and one.check not in spared]


def refuse_unmeasured(project: Project, missing: list[Outcome], why: str, by: str) -> None:
    """Raises CheckFailed naming what was not measured, unless ``why`` says why the work goes on, which the ledger
    keeps, or somebody said so before of the same masters. Raises UsageError for a reason of blanks."""
    if not missing:
        return
    of = _decided_on(View(project))
    if why and not why.strip():
        raise UsageError("Going on without a measurement needs a reason.", remedy=_choice(project))
    if not why:
        known = _accepted(project, of)
        missing = [one for one in missing if about(one) not in known]
        if not missing:
            return
        named = "; ".join(f"{one.check}: {one.reason}" for one in missing[:_NAMED])
        raise CheckFailed(
            f"What has to hold was not measured: {named}.",
            remedy=f"{remedy_of(missing)}; or, where it is meant: {_choice(project)}",
            file=str(project.folder),
        )
    data = {
        "what": "Went on without a measurement of what has to hold.",
        "why": why,
        **of,
        "checks": [one.as_dict() for one in missing],
    }
    ledger.append(project.folder, ACCEPTED, data, by)


def about(outcome: Outcome) -> tuple[str, str]:
    """Which check it is and why it was not measured, without what was said of going on."""
    return outcome.check, _why(outcome.reason)


def with_choice(view: View, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """``outcomes``; the reason of those that somebody went on without, in this very state, says who, when and why."""
    if not any(one.pending for one in outcomes) or not _choices(view.project):
        return outcomes
    known = _accepted(view.project, _decided_on(view))
    return tuple(
        replace(one, reason=f"{_why(one.reason)}{_GONE_ON}{known[about(one)]}")
        if one.pending and about(one) in known
        else one
        for one in outcomes
    )


def _why(reason: str) -> str:
    return reason.partition(_GONE_ON)[0]


def _decided_on(view: View) -> dict[str, str]:
    """What a choice to go on is about; empty where nobody can say it, and then the choice holds for one run."""
    try:
        of = {"model": view.card.sha256, **looked_at(view)}
    except (NotYet, FilmRecoveryError):
        return {}
    return of if all(of.values()) else {}


def _choices(project: Project) -> tuple[ledger.Record, ...]:
    return tuple(one for one in ledger.read(project.folder).of_kind(ACCEPTED) if "masters" in one.data)


def _accepted(project: Project, of: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """The checks, and why they were not measured, that somebody went on without in this very state: who, when, why."""
    return {
        (str(one.get("id")), _why(str(one.get("reason")))): (
            f"{record.by} on {record.time[:10]}: {str(record.data.get('why', '')).rstrip('.')}"
        )
        for record in _choices(project)
        if of and all(record.data.get(name) == value for name, value in of.items())
        for one in checks(record)
    }


def remedy_of(missing: list[Outcome]) -> str:
    """What to do first, so that the first of them can be measured."""
    return next((one.remedy[0] for one in missing if one.remedy), "film-recovery run")


def _choice(project: Project) -> str:
    return (
        f'film-recovery run --accept-unmeasured "WHY" --by NAME --project {project.folder}, which the ledger '
        "keeps"
    )
