"""Whether a model is good enough: its figures held against bounds, and against those of a baseline model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from film_recovery.checks import Outcome
from film_recovery.engine.bounds import Judgement

_NO_FIGURE = "no picture has such a pixel, so there is nothing to judge"


@dataclass(frozen=True)
class Worse:
    """A picture in which ``figure`` fell from the baseline's ``was`` to ``now``, by more than the margin allows."""

    picture: str
    figure: str
    was: float
    now: float


@dataclass(frozen=True)
class Verdict:
    """``outcomes``: one for each bound, and one for each figure against the baseline, over all pictures. ``worse``:
    pictures that fell behind the baseline, whatever the average says, those that fell most first."""

    outcomes: tuple[Outcome, ...]
    worse: tuple[Worse, ...] = ()

    @property
    def passed(self) -> bool:
        return all(outcome.outcome != "fail" for outcome in self.outcomes)


def judged_alone(figures: Mapping[str, float], judgement: Judgement) -> list[Outcome]:
    """One outcome for each bound; *info* where the pictures have no such figure."""
    outcomes = []
    for bound in judgement.bounds:
        value = figures.get(bound.figure)
        if value is None:
            outcomes.append(
                Outcome(f"bound.{bound.figure}", "info", None, bound.words, f"{bound.why}: {_NO_FIGURE}")
            )
            continue
        ok = bound.holds(value)
        remedy = (
            ()
            if ok
            else ("train on with pairs of these colours, or from another start", "look at the worst pictures")
        )
        reason = f"{bound.why}: {value:.4g}, {bound.words} is asked for"
        outcomes.append(
            Outcome(f"bound.{bound.figure}", "pass" if ok else "fail", value, bound.words, reason, remedy)
        )
    return outcomes


def judged_against(
    figures: Mapping[str, float], baseline: Mapping[str, float], judgement: Judgement
) -> list[Outcome]:
    """One outcome for each figure that both have: a failure where it fell behind by more than its margin."""
    outcomes = []
    for margin in judgement.worse:
        if margin.figure not in figures or margin.figure not in baseline:
            continue
        now, was = figures[margin.figure], baseline[margin.figure]
        ok = margin.behind(now, was) <= margin.margin
        outcomes.append(
            Outcome(
                f"baseline.{margin.figure}",
                "pass" if ok else "fail",
                now,
                margin.margin,
                f"{margin.why}: {now:.4g}, the baseline has {was:.4g}; {margin.margin:g} may be lost",
                () if ok else ("keep the baseline model, or train on with the pictures that became worse",),
            )
        )
    return outcomes


def became_worse(
    pictures: Mapping[str, Mapping[str, float]],
    baseline: Mapping[str, Mapping[str, float]],
    judgement: Judgement,
) -> tuple[Worse, ...]:
    """Every figure of every picture (label → figures) that fell behind the baseline by more than its margin.

    Most margins lost first.
    """
    found: list[tuple[float, Worse]] = []
    for label, figures in pictures.items():
        before = baseline.get(label, {})
        for margin in judgement.worse:
            if margin.figure in figures and margin.figure in before:
                now, was = figures[margin.figure], before[margin.figure]
                lost = margin.behind(now, was)
                if lost > margin.margin:
                    found.append((lost / max(margin.margin, 1e-9), Worse(label, margin.figure, was, now)))
    return tuple(entry for _, entry in sorted(found, key=lambda item: -item[0]))


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """What did not hold, in words."""
    return [outcome.reason for outcome in outcomes if outcome.outcome == "fail"]
