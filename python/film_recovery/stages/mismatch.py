"""A model about to be used otherwise than it was trained: every way to a project's masters stops there.

``run`` and ``infer`` ask these checks with the others of stage 4, a ``render`` by hand asks them alone. Somebody may go
on in spite of them; who, why and what differed is then in the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from film_recovery import ledger
from film_recovery.checks import Outcome
from film_recovery.errors import CheckFailed
from film_recovery.project import Project, load, paths
from film_recovery.project.lock import project_of
from film_recovery.stages.checking import check
from film_recovery.stages.done import digest
from film_recovery.stages.provenance import MASTERS, origin_of
from film_recovery.stages.view import View

PARITY = (
    "inference.prefilter_parity",
    "inference.live_area",
    "inference.same_read",
    "inference.untouched_source",
    "inference.identity_lock",
    "inference.model_of_film",
    "inference.recipe_match",
    "inference.method_match",
    "inference.as_trained",
    "inference.full_format",
)
ACCEPTED = "mismatch accepted"  # the ledger's records: data {what, why, checks}
_TOLD = 5  # checks that one message names


def own_view(script: Path, node: str) -> View | None:
    """The project whose own script ``script`` is, links resolved, where ``node`` writes its masters; else None."""
    folder = project_of(script)
    if folder is None or node != MASTERS:
        return None
    project = load(folder)
    own = paths(project).script
    return View(project) if own.exists() and own.resolve() == script.resolve() else None


def header_for(script: Path, node: str) -> dict[str, str]:
    """What a render of ``node`` by hand writes into each header: the same as ``run`` does, where ``script`` is a
    project's own and ``node`` writes its masters; nothing of any other."""
    view = own_view(script, node)
    return {} if view is None else origin_of(view).header()


def parity_of(project: Project) -> tuple[Outcome, ...]:
    """The outcomes of the checks of parity, those that the recipe has."""
    known = [one.id for one in View(project).recipe.checks if one.id in PARITY]
    return tuple(one for report in check(project, ids=known) for one in report.outcomes)


def refuse_failed(project: Project, outcomes: Iterable[Outcome], accept: str = "", by: str = "") -> None:
    """Raises CheckFailed naming each of ``outcomes`` that fails, with what differs.

    ``accept``: why those of parity are gone on in spite of; the ledger keeps it, once for the same difference."""
    failed = [one for one in outcomes if one.outcome == "fail"]
    accepted = [one for one in failed if accept.strip() and one.check in PARITY]
    stopping = [one for one in failed if one not in accepted]
    if stopping:
        first = stopping[0]
        may = all(one.check in PARITY for one in stopping)
        remedy = first.remedy[0] if first.remedy else "see the checks"
        raise CheckFailed(
            "; ".join(f"{one.check}: {one.reason}" for one in stopping[:_TOLD]),
            remedy=f'{remedy}; or, where it is meant: --accept-mismatch "WHY", which the ledger keeps'
            if may
            else remedy,
            **{"file": str(project.folder), **first.show, "check": first.check},
        )
    if accepted:
        _record(project, accepted, accept.strip(), by)


def _record(project: Project, accepted: list[Outcome], why: str, by: str) -> None:
    """Processes of a farm that go on in spite of the same say it once."""
    data = {
        "what": "Frames are rendered although the model is not used as it was trained.",
        "why": why,
        "checks": [one.as_dict() for one in accepted],
    }
    before = ledger.read(project.folder).of_kind(ACCEPTED)
    if not before or digest(before[-1].data) != digest(data):
        ledger.append(project.folder, ACCEPTED, data, by)
