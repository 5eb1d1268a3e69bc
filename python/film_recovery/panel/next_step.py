"""What an operator does next: the text and the deed of the panel's one primary button. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from film_recovery.panel import words
from film_recovery.panel.checklist import Checklist, Item
from film_recovery.recipes import STAGES


@dataclass(frozen=True)
class Step:
    """``kind``: wait, retry, check, sign, fix, look, run or report. ``why``: for the tooltip. ``check``: its id."""

    kind: str
    text: str
    why: str
    check: str = ""


@dataclass(frozen=True)
class Situation:
    """What the next step depends on.

    ``busy``: what is being measured; ``running``: what a run is at; ``hindered``: why nothing may be changed;
    ``stale``: why the outcomes are of another state; ``looked_at``: the check that is shown opened; ``has_report``;
    ``waits_for``: the check that the last run stopped at, to be signed.
    """

    busy: str = ""
    running: str = ""
    hindered: str = ""
    stale: str = ""
    looked_at: str = ""
    has_report: bool = False
    no_engine: bool = False
    waits_for: str = ""


def next_step(checklist: Checklist, at: Situation) -> Step:
    """The one thing to do now."""
    if at.running:
        return Step("wait", at.running, "A run is at work. Cancel it above, or wait.")
    if at.no_engine:
        return Step("retry", "Try again", "Starts the engine again.")
    if at.busy:
        return Step("wait", at.busy, "The engine measures. What is known so far can be read.")
    if at.stale or not checklist.outcomes:
        return Step("check", "Check", at.stale or "Nothing has been measured yet.")
    step = _to_pass(checklist, at)
    if step.kind == "run" and at.has_report and not _is_open(checklist):
        step = Step(
            "report", "Open the report", "Every check of every stage has been measured and none fails."
        )
    if at.hindered and step.kind in ("sign", "fix", "run"):
        return Step("check", "Check", f"{at.hindered} Until then it can be looked at only.")
    return step


def _to_pass(checklist: Checklist, at: Situation) -> Step:
    """What brings the earliest stage that does not hold forward."""
    waits = False
    for number, name in enumerate(STAGES):
        items = checklist.of_stage(number)
        waits = waits or any(item.is_pending for item in items)
        failed = [item for item in items if item.stops]
        # What waits for a run cannot be looked at, so nobody can sign it yet.
        first = next((item for item in failed if not (waits and item.check.manual)), None)
        if first is not None:
            return _for(first, at.looked_at)
        if failed:
            return Step(
                "run", "Run", f"Stage {number} ({name}) is signed when there is something to look at."
            )
    if checklist.recipe.has(at.waits_for):
        item = checklist.item(at.waits_for)
        if item.check.manual and not item.is_signed:
            return _for(item, at.looked_at)
    return Step("run", "Run", "No check fails: takes the project through what is not done yet.")


def _for(item: Item, looked_at: str) -> Step:
    title = words.quoted(item.check.title)
    if item.check.manual:
        return Step("sign", f"Sign {title}", item.check.why, item.check.id)
    if item.repair:
        return Step(
            "fix", f"Fix {title}", f"{item.reason} Shows the repair before anything changes.", item.check.id
        )
    if looked_at == item.check.id:
        return Step(
            "check", "Check again", "When the remedy is done, this measures all checks again.", item.check.id
        )
    return Step("look", f"Show {title}", item.reason, item.check.id)


def _is_open(checklist: Checklist) -> bool:
    return any(checklist.state(number) == "not run" for number in range(len(STAGES)))
