"""What has to hold and was not measured: no pass, so it stops a run at its end and a delivery.

A check that *shall* hold and says *not yet* waits for something that nobody is going to bring by itself: a held-out
frame that is not among those to render. Somebody may go on without it, which the ledger keeps with the reason.
"""

from __future__ import annotations

from collections.abc import Collection

from film_recovery import ledger
from film_recovery.checks import Outcome, StageReport
from film_recovery.errors import CheckFailed, UsageError
from film_recovery.project import Project
from film_recovery.recipes import Recipe

ACCEPTED = "accepted"  # the ledger's record of a choice to go on, or to deliver, all the same: data {what, why, checks}
_OF_STEPS = (
    "training.telecine_first",
    "validation.colour_follows",
)  # measured when the other steps have ended
_NAMED = 5


def unmeasured(recipe: Recipe, report: StageReport, *, before_steps: bool = False) -> list[Outcome]:
    """The outcomes of checks that shall hold and were not measured. ``before_steps``: steps are still to come, so
    what is about them may wait."""
    shall = {check.id for check in recipe.checks if check.severity == "shall" and not check.manual}
    spared: Collection[str] = _OF_STEPS if before_steps else ()
    return [one for one in report.outcomes if one.pending and one.check in shall and one.check not in spared]


def refuse_unmeasured(project: Project, missing: list[Outcome], why: str, by: str) -> None:
    """Raises CheckFailed naming what was not measured, unless ``why`` says why the work goes on, which the ledger
    keeps. Raises UsageError for a reason of blanks."""
    if not missing:
        return
    if why and not why.strip():
        raise UsageError("Going on without a measurement needs a reason.", remedy=_choice(project))
    if not why:
        named = "; ".join(f"{one.check}: {one.reason}" for one in missing[:_NAMED])
        raise CheckFailed(
            f"What has to hold was not measured: {named}.",
            remedy=f"{remedy_of(missing)}; or, where it is meant: {_choice(project)}",
            file=str(project.folder),
        )
    data = {
        "what": "Went on without a measurement of what has to hold.",
        "why": why,
        "checks": [one.as_dict() for one in missing],
    }
    ledger.append(project.folder, ACCEPTED, data, by)


def remedy_of(missing: list[Outcome]) -> str:
    """What to do first, so that the first of them can be measured."""
    return next((one.remedy[0] for one in missing if one.remedy), "film-recovery run")


def _choice(project: Project) -> str:
    return (
        f'film-recovery run --accept-unmeasured "WHY" --by NAME --project {project.folder}, which the ledger '
        "keeps"
    )
