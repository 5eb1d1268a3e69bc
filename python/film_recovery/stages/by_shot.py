"""A criterion shot by shot: the worst shot is held against the bound, so that a long range does not hide a bad one.

A criterion says of some frames how far they use up what its check allows. Where the range has several shots, each is
asked for itself; the outcome is that of the worst, and names it. Its value has the worst of each figure, whichever shot
that is of, so that iterations can be held against each other figure by figure. One shot, or none that is known: all
frames together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from film_recovery.checks import Check, Outcome, judged
from film_recovery.stages.proof import Proof
from film_recovery.stages.view import NotYet

Show = Callable[[int], Mapping[str, Any]]  # where a frame is to be looked at
_NAMED = 4  # shots: more are counted


@dataclass(frozen=True)
class Found:
    """What a criterion makes of some frames. ``over``: how many times what is allowed the worst of its figures is;
    beyond 1 it does not hold. ``frame``: the worst one."""

    over: float
    value: Any
    reason: str
    frame: int


class NotMeasurable(Exception):
    """The pictures have nothing to measure a criterion by: what, in a sentence."""


Criterion = Callable[[Proof, Check], Found]
Judge = Callable[[Proof, Check, Show], Outcome]
Worst = Callable[[Iterable[float]], float]  # of the values of a figure


@dataclass(frozen=True)
class Part:
    """The measures of one shot's frames. ``name``: which of how many, and its first and last measured frame."""

    name: str
    proof: Proof


def by_shot(criterion: Criterion, worst_of: Mapping[str, Worst] | None = None) -> Judge:
    """``criterion`` held against the worst shot. The judge raises NotYet as the criterion does of every shot.

    ``worst_of``: how the worst is taken of the figures by name of its value, where it has several.
    """

    def judge(proof: Proof, check: Check, show: Show) -> Outcome:
        parts = shots_of(proof)
        if len(parts) < 2:
            return _judged(check, lambda: criterion(proof, check), show)
        found: list[tuple[Part, Found]] = []
        without: list[Part] = []
        for part in parts:
            try:
                found.append((part, criterion(part.proof, check)))
            except (NotYet, NotMeasurable):
                without.append(part)
        if not found:
            return _judged(check, lambda: criterion(proof, check), show)
        worst, said = max(found, key=lambda one: one[1].over)
        told = f"{worst.name} is the worst of {len(found)}. {said.reason}{_left_out(without)}"
        value = _each_worst([one.value for _, one in found], worst_of) if worst_of else said.value
        return _outcome(check, replace(said, value=value, reason=told), show)

    return judge


def _each_worst(values: list[Mapping[str, float]], worst_of: Mapping[str, Worst]) -> dict[str, float]:
    """The worst of each figure, over the shots that have it."""
    return {
        name: worst(value[name] for value in values if name in value)
        for name, worst in worst_of.items()
        if any(name in value for value in values)
    }


def shots_of(proof: Proof) -> list[Part]:
    """The shots that have measured frames, in order; every measured frame is in one."""
    firsts = sorted(first for first, _ in proof.shots)
    frames: dict[int, list[int]] = {}
    for frame in sorted({*proof.frames, *proof.held_out}):
        frames.setdefault(max(0, bisect_right(firsts, frame) - 1), []).append(frame)
    return [
        Part(
            f"Shot {place + 1} of {len(firsts)} (frames {some[0]} to {some[-1]})",
            replace(proof, frames=_of(proof.frames, some), held_out=_of(proof.held_out, some), shots=()),
        )
        for place, some in sorted(frames.items())
    ]


def _of(frames: Mapping[int, Any], some: Iterable[int]) -> dict[int, Any]:
    return {frame: frames[frame] for frame in some if frame in frames}


def _left_out(parts: list[Part]) -> str:
    """Nothing is passed over in silence."""
    if not parts:
        return ""
    named = ", ".join(part.name.partition(" of ")[0].lower() for part in parts[:_NAMED])
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    return f" Nothing to measure it by in {named}{more}."


def _judged(check: Check, measure: Callable[[], Found], show: Show) -> Outcome:
    try:
        return _outcome(check, measure(), show)
    except NotMeasurable as why:
        # Neither passed nor awaited; the operator is told to look.
        reason = f"{why} Look at the frames."
        return Outcome(check.id, "info", "not measurable", check.tolerance, reason, check.remedy)


def _outcome(check: Check, found: Found, show: Show) -> Outcome:
    return judged(check, found.over <= 1, found.value, found.reason, show(found.frame))
