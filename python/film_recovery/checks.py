"""Checks as plain data: what is checked, how it turned out, and a stage's report. Light.

A check is defined in ``recipes`` and measured in ``stages`` (or signed by the operator); the command line prints
its outcome, the panel shows it, the ledger keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

OUTCOMES = ("pass", "info", "warn", "fail")
# What a check that does not hold turns out as.
SEVERITIES = {"shall": "fail", "should": "warn", "may": "info"}

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Check:
    """One thing that has to hold. ``id``: ``stage.name``; ``severity``: shall, should or may (see SEVERITIES).

    ``tolerance``: the figures that it is judged by. ``remedy``: what to do, in order. ``manual``: nothing can
    measure it, the operator signs it.
    """

    id: str
    stage: int
    title: str
    why: str
    severity: str
    remedy: tuple[str, ...] = ()
    tolerance: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    manual: bool = False
    help: str = ""


@dataclass(frozen=True)
class Outcome:
    """How one check turned out. ``show``: where to look (``node``, ``frame``, ``file``, ``picture``)."""

    check: str
    outcome: str
    value: Any
    tolerance: Any
    reason: str
    remedy: tuple[str, ...] = ()
    show: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    @property
    def pending(self) -> bool:
        """Not measured, because what it measures does not exist yet: neither a pass nor a failure."""
        return self.outcome == "info" and self.value is None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON and the ledger."""
        return {
            "id": self.check,
            "outcome": self.outcome,
            "value": self.value,
            "tolerance": dict(self.tolerance) if isinstance(self.tolerance, Mapping) else self.tolerance,
            "reason": self.reason,
            "remedy": list(self.remedy),
            "show": dict(self.show),
        }


@dataclass(frozen=True)
class StageReport:
    """All outcomes of one stage, in the order of the recipe."""

    stage: int
    outcomes: tuple[Outcome, ...]

    @property
    def worst(self) -> str:
        """The gravest outcome; ``pass`` where there is none."""
        return max((outcome.outcome for outcome in self.outcomes), key=OUTCOMES.index, default="pass")

    @property
    def stops(self) -> bool:
        """Whether the work must not go on."""
        return self.worst == "fail"

    @property
    def pending(self) -> tuple[str, ...]:
        """Checks that could not be measured yet. A stage is done only when none is left, whatever ``worst`` says."""
        return tuple(outcome.check for outcome in self.outcomes if outcome.pending)


def judged(check: Check, ok: bool, value: Any, reason: str, show: Mapping[str, Any] = _NOTHING) -> Outcome:
    """The outcome of a measurement: pass, or what the check's severity makes of a miss, with its remedies."""
    outcome = "pass" if ok else SEVERITIES[check.severity]
    remedy = () if ok else check.remedy
    return Outcome(check.id, outcome, value, check.tolerance, reason, remedy, show)
