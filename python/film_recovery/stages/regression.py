"""Whether an iteration loses something: its criteria and figures against those of the last one that people accepted.

What was accepted the ledger says (``ledger.iterations``): a run that merely ended is no measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from film_recovery import ledger
from film_recovery.checks import Check, Outcome, judged
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.ledger.iterations import Iteration, iterations
from film_recovery.project import Project
from film_recovery.stages.acceptance import accepted_figures
from film_recovery.stages.contenders import MEASURES
from film_recovery.stages.measure import FUNCTIONS, measures
from film_recovery.stages.render_state import render_state
from film_recovery.stages.view import NotYet, View

# Criterion → what it measures, by the names of its tolerances: the value that is best, or the way that is better.
_BEST: Mapping[str, Mapping[str, float | str]] = {
    "validation.identity": {"difference": 0.0},
    "validation.sharper": {"detail": "higher", "edge": "lower"},
    "validation.no_flicker": {"luma": 0.0, "detail": 0.0, "grain": 0.0},
    "validation.no_halos": {"halo": "no more than 0", "detail": 1.0},
    "validation.grain": {"power": 1.0},
    "validation.hue": {"mean": 0.0, "p95": 0.0},
    "validation.saturation": {"least": 1.0},
    "validation.consistent": {"delta_e": 0.0},
}


@dataclass(frozen=True)
class _Figure:
    """One figure of an iteration. ``best``: as _BEST and ``MEASURES`` have it. ``allowed``: by how much it may fall."""

    name: str
    value: float
    best: float | str
    allowed: float

    def fell(self, before: float) -> bool:
        """Whether it is further from the best than ``before`` was, by more than is allowed."""
        return self._distance(self.value) - self._distance(before) > self.allowed

    def _distance(self, value: float) -> float:
        if isinstance(self.best, float):
            return abs(value - self.best)
        if self.best == "no more than 0":
            return max(value, 0.0)
        return -value if self.best == "higher" else value


@measures("validation.no_regression")
def no_regression(view: View, check: Check) -> Outcome:
    """Every criterion's figures, and those on held-out frames, against the last accepted iteration's, of another model
    or graph."""
    held_out = accepted_figures(view)
    before = last_accepted(view.project, view.card.sha256, render_state(view))
    if before is None:
        reason = "No earlier iteration was accepted, by a signature of its result or a delivery"
        return judged(check, True, {}, f"{reason}: there is nothing to fall behind.")
    known = {**before.figures, **_criteria_of(before)}
    now = [
        *_of_held_out(held_out, known, check),
        *(_of_criteria(view, check) if _alike(view, before) else ()),
    ]
    worse = {
        one.name: [known[one.name], one.value] for one in now if one.fell(known.get(one.name, one.value))
    }
    named = f"the last accepted iteration ({before.record.time[:10]}, model {before.model[:8]})"
    if worse:
        said = "; ".join(f"{name} {one:.4g} before, {other:.4g} now" for name, (one, other) in worse.items())
        return judged(check, False, worse, f"Worse than {named}: {said}.")
    compared = sum(one.name in known for one in now)
    reason = f"None of {compared} figures is worse than that of {named}.{_other_frames(view, before)}"
    return judged(check, True, {}, reason)


def last_accepted(project: Project, model: str, graph: str) -> Iteration | None:
    """The newest iteration that was accepted, of another ``model`` (its SHA-256) or ``graph`` (``render_state``)."""
    found = [one for one in accepted(project) if not one.is_of(model, graph)]
    return found[-1] if found else None


def accepted(project: Project) -> tuple[Iteration, ...]:
    """Every accepted iteration, in order."""
    records = ledger.read(project.folder).records
    return tuple(one for one in iterations(records) if one.accepted)


def _of_held_out(found: Mapping[str, float], before: Mapping[str, float], check: Check) -> Iterator[_Figure]:
    """A share of the earlier value is allowed."""
    for name, value in found.items():
        _, _, better, target = MEASURES[name]
        allowed = check.tolerance["share"] * max(abs(before.get(name, 0.0)), 1e-9)
        yield _Figure(name, value, better if target is None else target, allowed)


def _of_criteria(view: View, check: Check) -> Iterator[_Figure]:
    """A share of what the criterion itself allows is allowed."""
    for id in _BEST:
        if not any(one.id == id for one in view.recipe.checks):
            continue
        own = view.check(id)
        try:
            value = FUNCTIONS[id](view, own).value
        except NotYet:
            continue  # its own check says so
        for name, figure in _named(id, value).items():
            allowed = check.tolerance["criterion"] * own.tolerance[name.partition(": ")[2]]
            yield _Figure(name, figure, _BEST[id][name.partition(": ")[2]], allowed)


def _criteria_of(iteration: Iteration) -> dict[str, float]:
    found: dict[str, float] = {}
    for id, value in iteration.criteria.items():
        found |= _named(id, value)
    return found


def _named(id: str, value: Any) -> dict[str, float]:
    """The figures in the value of a criterion, by the criterion and the name of its tolerance: ``hue: mean``."""
    names = _BEST.get(id, {})
    values = value if isinstance(value, Mapping) else dict.fromkeys(names, value) if len(names) == 1 else {}
    short = id.partition(".")[2].replace("_", " ")
    return {
        f"{short}: {name}": float(one)
        for name, one in values.items()
        if name in names and isinstance(one, (int, float))
    }


def _alike(view: View, before: Iteration) -> bool:
    """Whether the criteria of both are of the same frames: the worst of other frames is no measure."""
    return before.frames in ("", format_frames(view.written))


def _other_frames(view: View, before: Iteration) -> str:
    if _alike(view, before):
        return ""
    return f" It was of other frames ({before.frames}), so only held-out figures are compared."
