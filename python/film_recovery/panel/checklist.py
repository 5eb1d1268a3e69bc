"""The checks of a project and how they turned out, as the panel holds them. No Qt.

The recipe gives the checks, the engine's ``check`` events how each turned out. Everything is frozen: an event makes
a new checklist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from film_recovery.panel import words

if TYPE_CHECKING:
    from film_recovery.checks import Check
    from film_recovery.recipes import Recipe

# Of a stage, for the rail; what is not measured, or cannot be yet, is "not run".
STATES = ("not run", "running", "pass", "warn", "fail", "signed")
UNSIGNED = "unsigned"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Item:
    """One check and its outcome; ``outcome`` is empty while it has not been measured."""

    check: Check
    outcome: str = ""
    value: Any = None
    tolerance: Any = None
    reason: str = ""
    remedies: tuple[str, ...] = ()
    show: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    repair: bool = False

    @property
    def stops(self) -> bool:
        """Whether a run stops here."""
        return self.outcome == "fail"

    @property
    def is_pending(self) -> bool:
        """Whether what it measures does not exist yet."""
        return self.outcome == "info" and self.value is None

    @property
    def is_signed(self) -> bool:
        """Whether a signature holds for it."""
        return self.check.manual and self.outcome == "pass"

    @property
    def state(self) -> str:
        """For the mark beside it: an outcome, ``signed`` or ``not run``."""
        if self.is_signed:
            return "signed"
        return "not run" if self.is_pending or not self.outcome else self.outcome

    @property
    def measured(self) -> str:
        """The value in words; empty where there is none to show."""
        if self.is_signed:
            return str(self.value.get("by", "")) if isinstance(self.value, Mapping) else ""
        return words.value(self.value)

    @property
    def against(self) -> str:
        """The value against what is allowed, in words; empty where nothing was measured."""
        if self.check.manual or self.value is None:
            return ""
        allowed = words.value(self.tolerance)
        return f"Measured: {words.value(self.value)}" + (f" · tolerance: {allowed}" if allowed else "")


@dataclass(frozen=True)
class Checklist:
    """All checks of a recipe. ``outcomes``: what is known, by id."""

    recipe: Recipe
    outcomes: Mapping[str, Item] = field(default_factory=lambda: MappingProxyType({}))

    def told(self, event: Mapping[str, Any]) -> Checklist:
        """With a ``check`` event of the engine; one of a check that the recipe has not (a step's) changes nothing."""
        id = str(event.get("check") or event.get("id"))
        if not self.recipe.has(id):
            return self
        remedy = str(event.get("remedy") or "")
        item = Item(
            self.recipe.check(id),
            str(event.get("outcome", "")),
            event.get("value"),
            event.get("tolerance"),
            str(event.get("reason") or ""),
            tuple(one for one in remedy.split("; ") if one),
            event.get("show") or _NOTHING,
            bool(event.get("repair")),
        )
        return replace(self, outcomes=MappingProxyType({**self.outcomes, id: item}))

    def signed(self, id: str, by: str, time: str, note: str) -> Checklist:
        """With a signature that was just given; in the words of the engine."""
        said = f"Signed by {by} on {time[:10]}{': ' + note.rstrip('.') if note else ''}."
        return self.told(
            {"id": id, "outcome": "pass", "value": {"by": by, "time": time, "note": note}, "reason": said}
        )

    def item(self, id: str) -> Item:
        """The check ``id``. Raises UsageError where the recipe has none."""
        check = self.recipe.check(id)
        return self.outcomes.get(id, Item(check))

    def of_stage(self, number: int) -> tuple[Item, ...]:
        """The checks of a stage, in order."""
        return self._of_stages.get(number, ())

    @cached_property
    def _of_stages(self) -> Mapping[int, tuple[Item, ...]]:
        found: dict[int, list[Item]] = {}
        for one in self.recipe.checks:
            found.setdefault(one.stage, []).append(self.outcomes.get(one.id) or Item(one))
        return {number: tuple(items) for number, items in found.items()}

    def state(self, number: int, running: int | None = None) -> str:
        """One of STATES. ``running``: the stage that a run is at."""
        if number == running:
            return "running"
        items = self.of_stage(number)
        if any(item.stops for item in items):
            return "fail"
        if any(item.state == "not run" for item in items):
            return "not run"
        if any(item.outcome == "warn" for item in items):
            return "warn"
        return "signed" if any(item.is_signed for item in items) else "pass"

    def summary(self, number: int) -> str:
        """How many of each, in words."""
        return summed(self.of_stage(number))


def summed(items: Iterable[Item]) -> str:
    """Counts in words, the gravest first: ``2 fail, 1 warn, 9 pass``."""
    states = [item.state for item in items]
    names = {"not run": "open", "pass": "pass", "signed": "signed"}
    order = ("fail", "warn", "not run", "info", "signed", "pass")
    return ", ".join(f"{states.count(one)} {names.get(one, one)}" for one in order if one in states)
