"""Whether an iteration loses something: its criteria and figures against those that people accepted before.

Against the last accepted iteration, and against the best that any accepted one reached, so that neither a bad one nor
a slow slide lowers the measure. What was accepted the ledger says (``ledger.iterations``): a run that merely ended is
no measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from film_recovery import ledger
from film_recovery.checks import Check, Outcome, judged
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.ledger.iterations import Iteration, iterations
from film_recovery.project import Project
from film_recovery.stages.acceptance import accepted_figures, held_out_frames
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
    "validation.grain": {"power": "1 times"},
    "validation.hue": {"mean": 0.0, "p95": 0.0},
    "validation.saturation": {"least": 1.0},
    "validation.consistent": {"delta_e": 0.0},
}


@dataclass(frozen=True)
class _Figure:
    """One figure of an iteration. ``best``: as _BEST and ``MEASURES`` have it. It may fall by ``share`` of what it was,
    or by ``margin``."""

    name: str
    value: float
    best: float | str
    share: float = 0.0
    margin: float = 0.0

    def fell(self, before: float) -> bool:
        """Whether it is further from the best there could be than ``before`` was, by more than is allowed."""
        allowed = max(self.share * abs(before), self.margin, 1e-9)
        return self.distance(self.value) - self.distance(before) > allowed

    def distance(self, value: float) -> float:
        if isinstance(self.best, float):
            return abs(value - self.best)
        if self.best == "no more than 0":
            return max(value, 0.0)
        if self.best == "1 times":  # half is as far as twice, as the criterion has it
            return max(value, 1 / value) - 1 if value > 0 else math.inf
        return -value if self.best == "higher" else value


@dataclass(frozen=True)
class _Measured:
    """Which ``frames`` were measured, and which of them are ``held_out``; as ``1-4,7``."""

    frames: str
    held_out: str

    def comparable(self, before: Iteration) -> dict[str, float]:
        """The figures of ``before`` that are of the same frames."""
        if not self._same_held_out(before):
            return {}
        figures = dict(before.figures)
        return {**figures, **_criteria_of(before)} if before.frames == self.frames else figures

    def others(self, before: Iteration) -> str:
        """What of ``before`` is not comparable, in a sentence: the worst of other frames is no measure. An older ledger
        does not say; and its criteria were of all frames together, not of the worst shot."""
        if not self._same_held_out(before):
            return f" It has other held-out frames ({before.held_out}), so it is not compared."
        if not before.frames:
            return " It does not say of which frames it was, so only held-out figures are compared."
        if before.frames != self.frames:
            return f" It was of other frames ({before.frames}), so only held-out figures are compared."
        return ""

    def _same_held_out(self, before: Iteration) -> bool:
        return before.held_out in ("", self.held_out)


@measures("validation.no_regression")
def no_regression(view: View, check: Check) -> Outcome:
    """Every criterion's figures, and those on held-out frames, against accepted iterations of another model or graph:
    the last one, and whichever had the best of a figure.

    Raises NotYet before any frame is rendered, and where none has a Ground Truth and nothing else can be compared.
    """
    here = _Measured(format_frames(view.written), held_out_frames(view))
    earlier = accepted_before(view.project, view.card.sha256, render_state(view))
    if not earlier:
        reason = "No earlier iteration was accepted, by a signature of its result or a delivery"
        return judged(check, True, {}, f"{reason}: there is nothing to fall behind.")
    now, without = _figures(view, check)
    known = [here.comparable(one) for one in earlier]
    worse: dict[str, list[float]] = {}
    said: dict[int, list[str]] = {}
    for one in now:
        behind = _behind(one, [figures.get(one.name) for figures in known])
        if behind is not None:
            before = known[behind][one.name]
            worse[one.name] = [before, one.value]
            said.setdefault(behind, []).append(f"{one.name} {before:.4g} before, {one.value:.4g} now")
    last = len(earlier) - 1
    if worse:
        told = [
            f"Worse than {_named_as(earlier[place], 'last' if place == last else 'best')}: {'; '.join(some)}."
            for place, some in sorted(said.items(), reverse=True)
        ]
        return judged(check, False, worse, " ".join(told))
    compared = sum(any(one.name in figures for figures in known) for one in now)
    if without and not compared:
        raise without
    reason = f"None of {compared} figures is worse than that of {_named_as(earlier[-1], 'last')}"
    more = f", or than the best of {len(earlier)}" if last else ""
    left_out = f" Held-out figures are not compared: {without}." if without else ""
    return judged(check, True, {}, f"{reason}{more}.{left_out or here.others(earlier[-1])}")


def _figures(view: View, check: Check) -> tuple[list[_Figure], NotYet | None]:
    """Of this iteration, and why those on held-out frames are not among them; None where they are."""
    criteria = list(_of_criteria(view, check))
    try:
        return [*_of_held_out(view, check), *criteria], None
    except NotYet as why:
        return criteria, why


def _behind(figure: _Figure, before: list[float | None]) -> int | None:
    """The iteration that ``figure`` falls behind: the last, else the one that had the best of it; None for neither."""
    if before[-1] is not None and figure.fell(before[-1]):
        return len(before) - 1
    known = [(figure.distance(value), place) for place, value in enumerate(before) if value is not None]
    place = min(known)[1] if known else None
    return place if place is not None and figure.fell(before[place] or 0.0) else None


def _named_as(iteration: Iteration, word: str) -> str:
    which = "last accepted iteration" if word == "last" else "best accepted iteration"
    return f"the {which} ({iteration.record.time[:10]}, model {iteration.model[:8]})"


def accepted_before(project: Project, model: str, graph: str) -> tuple[Iteration, ...]:
    """The accepted iterations, in order, of another ``model`` (its SHA-256) or ``graph`` (``render_state``)."""
    found = iterations(ledger.read(project.folder).records)
    return tuple(one for one in found if one.accepted and not one.is_of(model, graph))


def _of_held_out(view: View, check: Check) -> Iterator[_Figure]:
    """A share of the earlier value is allowed."""
    for name, value in accepted_figures(view).items():
        _, _, better, target = MEASURES[name]
        yield _Figure(name, value, better if target is None else target, share=check.tolerance["share"])


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
            limit = name.partition(": ")[2]
            margin = check.tolerance["criterion"] * own.tolerance[limit]
            yield _Figure(name, figure, _BEST[id][limit], margin=margin)


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
