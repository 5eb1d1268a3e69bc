"""Whether the other steps of a recovery are there, tied to this project, and at their end."""

from __future__ import annotations

from dataclasses import replace

from film_recovery.checks import Check, Outcome, judged
from film_recovery.errors import CheckFailed
from film_recovery.stages import chain
from film_recovery.stages.measure import measures
from film_recovery.stages.view import NotYet, View


@measures("training.telecine_first")
def telecine_first(view: View, check: Check) -> Outcome:
    return _steps(view, check, "before")


@measures("validation.colour_follows")
def colour_follows(view: View, check: Check) -> Outcome:
    return _steps(view, check, "after")


def _steps(view: View, check: Check, when: str) -> Outcome:
    """The steps before or after this project: made, tied to it, and taken to their end."""
    links = [link for link in chain.links(view.project) if link.step.when == when]
    for link in links:
        try:
            chain.refuse_unlinked(view.project, link)
        except CheckFailed as error:
            outcome = judged(check, False, "missing", error.message, error.where)
            return replace(outcome, remedy=(error.remedy, *outcome.remedy))
    for link in links:
        if not chain.is_finished(link.folder):
            raise NotYet(f"{link.name} has not been run to its end")
    names = ", ".join(link.name for link in links)
    return judged(check, True, names, f"Finished: {names}.")
