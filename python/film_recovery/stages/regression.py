"""Whether an iteration loses something: its criteria and figures against those that people accepted before.

Against the last accepted iteration, and against the best that any accepted one reached, so that neither a bad one nor
a slow slide lowers the measure. What was accepted the ledger says (``ledger.iterations``): a run that merely ended is
no measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from film_recovery import ledger
from film_recovery.checks import Check, Outcome, judged
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.ledger.iterations import HeldOutFigures, Iteration, iterations
from film_recovery.project import Project
from film_recovery.stages.acceptance import accepted_each, accepted_figures, held_out_frames
from film_recovery.stages.contenders import MEASURES, held_out_contents
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
# What of these is of the held-out frames alone.
_OF_TRUTH = ("no halos: detail", "grain: power", "hue: mean", "hue: p95", "saturation: least")


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


@measures("validation.no_regression")
def no_regression(view: View, check: Check) -> Outcome:
    """Every criterion's figures, and those on held-out frames, against accepted iterations of another model or graph:
    the last one, and whichever had the best of a figure.

    Raises NotYet before any frame is rendered; where none has a Ground Truth and nothing else can be compared; and
    where none that has one is a frame that an accepted iteration was measured on.
    """
    written = format_frames(view.written)
    earlier = accepted_before(view.project, view.card.sha256, render_state(view))
    if not earlier:
        reason = "No earlier iteration was accepted, by a signature of its result or a delivery"
        return judged(check, True, {}, f"{reason}: there is nothing to fall behind.")
    held_out, without = _figures(view, check)
    criteria = list(_of_criteria(view, check))
    known = [_compared(one, view, held_out, criteria) for one in earlier]
    worse: dict[str, list[float]] = {}
    said: dict[int, list[str]] = {}
    for name in dict.fromkeys(figure.name for figure in (*held_out, *criteria)):
        behind = _behind([one.figures.get(name) for one in known])
        if behind is not None:
            figure, before = known[behind].figures[name]
            worse[name] = [before, figure.value]
            said.setdefault(behind, []).append(f"{name} {before:.4g} before, {figure.value:.4g} now")
    last = len(earlier) - 1
    if worse:
        told = [
            f"Worse than {_named_as(earlier[place], 'last' if place == last else 'best')}: {'; '.join(some)}."
            for place, some in sorted(said.items(), reverse=True)
        ]
        return judged(check, False, worse, " ".join(told))
    compared = len({name for one in known for name in one.figures})
    if without and not compared:
        raise without
    if not without and not any(one.shared for one in known):
        raise _nothing_shared(view, earlier)
    reason = f"None of {compared} figures is worse than that of {_named_as(earlier[-1], 'last')}"
    more = f", or than the best of {len(earlier)}" if last else ""
    left_out = f" Held-out figures are not compared: {without}." if without else ""
    return judged(check, True, {}, f"{reason}{more}.{left_out or _other_frames(known[-1], written)}")


def _figures(view: View, check: Check) -> tuple[list[_Figure], NotYet | None]:
    """Those on held-out frames, and why there is none; None where there are."""
    try:
        return list(_of_held_out(view, check)), None
    except NotYet as why:
        return [], why


@dataclass(frozen=True)
class _Compared:
    """What can be held against an earlier iteration: name → the figure now, and its value then, of the same frames.

    ``shared``: the held-out frames that both have, as they are numbered now; ``whole``: these are all of both."""

    before: Iteration
    figures: Mapping[str, tuple[_Figure, float]]
    shared: str
    whole: bool


def _compared(before: Iteration, view: View, held_out: list[_Figure], criteria: list[_Figure]) -> _Compared:
    """Figures on held-out frames over those that both have, by the content of their files; of an older ledger, where
    they have the same numbers. The worst held-out frame of a criterion only where all are the same."""
    shared, whole = _shared(before, view)
    figures: dict[str, tuple[_Figure, float]] = {}
    if whole:
        then = before.figures
        figures |= {one.name: (one, then[one.name]) for one in held_out if one.name in then}
    elif shared:
        figures |= dict(_over(before.each or {}, view, held_out))
    if before.frames == format_frames(view.written):
        then = _criteria_of(before)
        figures |= {
            one.name: (one, then[one.name])
            for one in criteria
            if one.name in then and (whole or one.name not in _OF_TRUTH)
        }
    return _Compared(before, figures, shared, whole)


def _shared(before: Iteration, view: View) -> tuple[str, bool]:
    """The held-out frames that both have, and whether that is all of both."""
    now = held_out_frames(view)
    if before.each is None:
        same = before.held_out in ("", now)
        return (now, True) if same else ("", False)
    contents = _contents(view)
    both = contents.keys() & before.each.keys()
    return format_frames(sorted(contents[one] for one in both)), contents.keys() == before.each.keys()


def _contents(view: View) -> dict[str, int]:
    """Content → frame, of the held-out frames that are written."""
    return {one: frame for frame, one in held_out_contents(view).items() if frame in view.written}


def _over(
    then: Mapping[str, HeldOutFigures], view: View, held_out: list[_Figure]
) -> Iterator[tuple[str, tuple[_Figure, float]]]:
    """The means of both over the held-out frames on which both have the figure."""
    now, contents = accepted_each(view), _contents(view)
    for one in held_out:
        pairs = [
            (now[frame][one.name], then[content].figures[one.name])
            for content, frame in contents.items()
            if content in then and one.name in then[content].figures and one.name in now[frame]
        ]
        if pairs:
            mine, its = (fmean(values) for values in zip(*pairs, strict=True))
            yield one.name, (replace(one, value=mine), its)


def _nothing_shared(view: View, earlier: tuple[Iteration, ...]) -> NotYet:
    """Why nothing tells whether something was lost on held-out frames."""
    last = earlier[-1]
    return NotYet(
        f"none of the held-out frames ({held_out_frames(view)}) is one that an accepted iteration was measured on; "
        f"{_named_as(last, 'last')} was on {last.held_out or 'none'}",
        "take a held-out pair of then among the hold-outs again (film-recovery pairs holdout FRAMES), or look at the "
        "result and sign it: the next iteration is held against it",
    )


def _behind(known: list[tuple[_Figure, float] | None]) -> int | None:
    """The iteration that a figure, as it is now and was then, falls behind: the last, else the one that it falls behind
    most; None for neither."""
    fallen = {
        place: one[0].distance(one[0].value) - one[0].distance(one[1])
        for place, one in enumerate(known)
        if one is not None and one[0].fell(one[1])
    }
    if len(known) - 1 in fallen:
        return len(known) - 1
    return max(fallen, key=lambda place: fallen[place]) if fallen else None


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
        if not view.recipe.has(id):
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


def _other_frames(last: _Compared, written: str) -> str:
    """What of the last is not comparable with frames ``written``: the worst of other frames is no measure. An older
    ledger does not say; and its criteria were of all frames together, not of the worst shot."""
    before, said = last.before, ""
    if not last.shared:
        said = f" It has other held-out frames ({before.held_out}), so on these it is not compared."
    elif not last.whole:
        said = (
            f" Its held-out frames ({before.held_out}) are compared as far as they still are: {last.shared}."
        )
    if not before.frames:
        said += " It does not say of which frames it was, so only held-out figures are compared."
    elif before.frames != written:
        said += f" It was of other frames ({before.frames}), so only held-out figures are compared."
    return said
