"""What has to hold and was not measured: no pass, so it stops a run at its end and a delivery.

A check that *shall* hold and says *not yet* waits for something that nobody is going to bring by itself: a held-out
frame that is not among those to render. Somebody may go on without it, which the ledger keeps with the reason, and with
what was decided on: model, graph and masters, byte for byte. While these are the same, and the same is not measured for
the same reason, the decision stands. In a recovery of several steps each project keeps its own: a reason that is given
for one of them is noted there alone, one for all where something is not measured that nobody has gone on without yet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from film_recovery import ledger
from film_recovery.checks import Outcome, StageReport
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.ledger.iterations import checks
from film_recovery.project import Project
from film_recovery.recipes import Recipe
from film_recovery.stages import chain
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
OWN = "own"  # how the stages of the project itself are named beside its steps
_OF_ONE = re.compile(rf"({OWN}|steps\.(?P<step>[^.=\s]+))=(?P<why>.*)", re.DOTALL)


@dataclass(frozen=True)
class Reasons:
    """Why a run goes on without a measurement: ``own``: in the stages of the project itself; ``steps``: name of a step
    → why there; ``everywhere``: wherever else something is not measured. Empty: it stops. ``of_chain``: what is said
    of everywhere is of a whole chain."""

    everywhere: str = ""
    own: str = ""
    steps: Mapping[str, str] = field(default_factory=dict)
    of_chain: bool = False

    def of_step(self, name: str) -> Reasons:
        return Reasons(self.everywhere, self.steps.get(name, ""), of_chain=True)


NO_REASON = Reasons()


def reasons(given: Iterable[str]) -> Reasons:
    """Of an operator's words: ``WHY``, ``own=WHY``, ``steps.NAME=WHY``; at most one of each. Raises UsageError."""
    everywhere, own, steps = "", "", dict[str, str]()
    for word in given:
        match = _OF_ONE.fullmatch(word)
        step = match["step"] if match else ""
        why = match["why"] if match else word
        known = steps.get(step) if step else own if match else everywhere
        if known:
            raise UsageError(
                f"Two reasons are given for one place: “{known}” and “{why}”.", remedy="give it one reason"
            )
        if match and not why.strip():
            raise UsageError(f"{match[1]}= gives no reason.", remedy=f'{match[1]}="WHY"')
        if step:
            steps[step] = why
        elif match:
            own = why
        else:
            everywhere = why
    return Reasons(everywhere, own, steps)


def refuse_unknown_steps(project: Project, given: Reasons, steps: Sequence[str]) -> None:
    """Raises UsageError for a reason of a step that ``project``, with ``steps``, has not."""
    for name in given.steps:
        if name not in steps:
            known = ", ".join(f"steps.{one}=" for one in steps)
            raise UsageError(
                f"A reason is given for the step {name}, which the project has not.",
                remedy=f"begin it with one of: {OWN}=, {known}" if known else "give the reason alone",
                file=str(project.folder),
            )


def unmeasured(recipe: Recipe, report: StageReport, *, before_steps: bool = False) -> list[Outcome]:
    """The outcomes of checks that shall hold and were not measured. ``before_steps``: steps are still to come, so
    what is about them may wait."""
    shall = {check.id for check in recipe.checks if check.severity == "shall" and not check.manual}
    spared: Collection[str] = _OF_STEPS if before_steps else ()
    return [one for one in report.outcomes if one.pending and one.check in shall and one.check not in spared]


def refuse_unmeasured(project: Project, missing: list[Outcome], given: Reasons, by: str) -> None:
    """Raises CheckFailed naming what was not measured, unless ``given`` says why the work goes on, which the ledger
    keeps, or somebody said so before of the same masters. A reason for a whole chain changes no word of what was said
    before. Raises UsageError for a reason of blanks."""
    if not missing:
        return
    of = _decided_on(View(project))
    why = given.own or given.everywhere
    if why and not why.strip():
        raise UsageError("Going on without a measurement needs a reason.", remedy=_choice(project))
    if not why or (given.of_chain and not given.own):
        known = _accepted(project, of)
        missing = [one for one in missing if about(one) not in known]
        if not missing:
            return
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
    """How to go on all the same; in a chain for this project alone, by a run of the whole."""
    above = chain.parent_of(project.folder)
    folder = project.folder if above is None else above[0].folder
    alone = OWN if chain.links(project) else "" if above is None else f"steps.{above[1].name}"
    why = f'{alone}="WHY"' if alone else '"WHY"'
    return f"film-recovery run --accept-unmeasured {why} --by NAME --project {folder}, which the ledger keeps"
