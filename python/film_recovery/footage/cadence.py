"""The rhythm that a telecine or a change of frame rate left in an element, named from the figures of ``movement``.

A frame or field that repeats hardly differs from the one before while its neighbours do: grain is that of the same
frame of film, so it is at rest too. What returns with a period is a cadence; its *phase* is the frame's number modulo
the period. Nothing is said of shots in which nothing moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.movement import Step

# A figure dips when it is below this part of what its neighbours reach on either side. Measured on pans over
# photographs with grain and video noise: repeats 0.03 to 0.1, blends 0.1 to 0.3; natural movement stays above 0.5.
_DIP = 0.38
_LEVEL = 0.0015  # neighbours below this (encoded 0–1, under half a code of 8 bits) are at rest: nothing can be told
# A frame is left out where the picture moves this many times as far as on either side: 1.2 to 1.8 measured, as grain
# moves with it; steady movement stays below 1.1, unsteady reaches 1.2 without a period. Beyond the second it is a cut.
_LEAP, _CUT = 1.2, 4.0
_SIDE = 6  # frames on either side
_OF_SIDE = 3  # that many of them at least have figures
_WINDOW = 60  # frames that one short cadence is looked for in; edits of a video break it
_SHORT, _LONG = 8, 31  # periods: 30 frames are a second of video
_CYCLES = {True: 3, False: 2}  # returns of a short one, of a long one
_HITS = 0.8  # of the frames in phase at least
_STRAY, _STRAY_LEAPS = (
    0.1,
    0.34,
)  # out of phase at most, of those in phase; movement leaps without a cause too
_COMBED = 0.08  # share of moving blocks in a combed frame; 0.003 was the most in clean clips
_MOST_COMBED = 0.6  # share of combed frames in interlaced video
_REWOVEN = 0.25  # combing that is left when fields are put together that belong together, of what was

REPEATED = {
    (2, 1): (
        "2:2, each frame twice",
        "12 to 24, or 25 to 50 frames a second; or drawings that were shot on twos",
    ),
    (3, 1): ("every third frame repeats", "16 to 24 frames a second"),
    (3, 2): ("each frame three times", "8 to 24 frames a second"),
    (4, 1): ("every fourth frame repeats", "18 to 24 frames a second"),
    (5, 1): ("3:2 as whole frames, every fifth repeats", "24 to 30 frames a second"),
    (5, 3): ("3:2 as whole frames, twice and three times by turns", "24 to 60 frames a second"),
    (6, 1): ("every sixth frame repeats", "20 to 24, or 25 to 30 frames a second"),
    (25, 1): ("every 25th frame repeats", "24 to 25 frames a second"),
}


@dataclass(frozen=True)
class Cadence:
    """A rhythm in ``first``–``last``. ``kind``: repeated_frames, repeated_fields, shifted_fields, interlaced, combed,
    blended or left_out; ``name``: in words.

    ``period``: frames; 0 where every frame is alike. ``phases``: frame numbers modulo ``period`` that are affected.
    ``confidence``: 0–1, the share of frames in phase that are affected × that of the others that are not × n / (n + 1)
    for n of them. ``evidence``: the figures that it was judged by, as ``movement.Step`` calls them.
    """

    kind: str
    name: str
    first: int
    last: int
    period: int
    phases: tuple[int, ...]
    confidence: float
    evidence: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "phases": list(self.phases)}


@dataclass(frozen=True)
class _Period:
    length: int
    phases: tuple[int, ...]
    confidence: float


def cadences(run: Sequence[Step]) -> list[Cadence]:
    """What is found in a run of consecutive frames; empty when there is no rhythm, or nothing moves."""
    windows = _windows(run)
    found = [cadence for window in windows for cadence in _short(window)]
    if not found:
        found = _long(run)
    return _joined(found)


def hardly_moved(run: Sequence[Step]) -> list[int]:
    """Frames that are no copy of the one before, but repeat it while those around them move."""
    dips = _dips(_of(run, "moved"))
    same = [False] + [one.hash == other.hash for one, other in zip(run[1:], run[:-1], strict=True)]
    return [step.frame for step, dip, copy in zip(run, dips, same, strict=True) if dip == 1 and not copy]


def combed_frames(run: Sequence[Step]) -> list[int]:
    """Frames whose rows alternate where the picture moves."""
    return [step.frame for step in run if step.combed >= _COMBED]


def measurable(run: Sequence[Step]) -> int:
    """How many frames lie where something moves, so that a cadence would show."""
    return int(np.count_nonzero(np.isfinite(_dips(_of(run, "moved")))))


def _short(run: Sequence[Step]) -> list[Cadence]:
    periods = range(2, _SHORT + 1)
    fields = _repeated_fields(run, periods)
    if fields:
        return fields
    found = _repeated_frames(run, periods)
    return [*found, *(_combing(run) or ([] if found else [*_blends(run, periods), *_left_out(run, periods)]))]


def _long(run: Sequence[Step]) -> list[Cadence]:
    periods = range(_SHORT + 1, _LONG + 1)
    return _repeated_fields(run, periods) or _repeated_frames(run, periods) or _left_out(run, periods)


def _repeated_fields(run: Sequence[Step], periods: range) -> list[Cadence]:
    """One field repeats while the other does not: what 3:2 pulldown does with every fourth frame of film."""
    upper, lower = (_dips(_of(run, name)) for name in ("upper", "lower"))
    alone = [np.where(np.isnan(one) | np.isnan(other), np.nan, (one == 1) & (other == 0)) for one, other in
             ((upper, lower), (lower, upper))]  # fmt: skip
    found = [_period(run, one, periods) for one in alone]
    if found[0] is None or found[1] is None or found[0].length != found[1].length:
        return []
    length, phases = found[0].length, (*found[0].phases, *found[1].phases)
    apart = (phases[1] - phases[0]) % length
    name = f"a field repeats every {length} frames"
    if length == 5 and len(phases) == 2 and apart in (2, 3):
        name = "3:2 pulldown in fields (24 film frames in 30 of video)"
    sure = min(one.confidence for one in found if one is not None)
    evidence = {
        "upper_phase": float(phases[0]),
        "lower_phase": float(phases[-1]),
        **_contrast(run, "combed", phases, length),
    }
    return [_cadence("repeated_fields", name, run, _Period(length, tuple(sorted(phases)), sure), evidence)]


def _repeated_frames(run: Sequence[Step], periods: range) -> list[Cadence]:
    found = _period(run, _dips(_of(run, "moved")), periods)
    if found is None:
        return []
    count = len(found.phases)
    usual = f"{count} of {found.length} frames repeat", "a change of frame rate"
    name, cause = REPEATED.get((found.length, count), usual)
    evidence = _contrast(run, "moved", found.phases, found.length)
    return [_cadence("repeated_frames", f"{name} ({cause})", run, found, evidence)]


def _combing(run: Sequence[Step]) -> list[Cadence]:
    """Interlaced video, or fields of progressive frames that are one frame apart."""
    told = [step for step in run if np.isfinite(step.combed)]
    combed = [step for step in told if step.combed >= _COMBED]
    if len(told) < _OF_SIDE or len(combed) < _MOST_COMBED * len(told):
        return []
    evidence = {
        name: float(np.mean([getattr(step, name) for step in combed]))
        for name in ("combed", "woven_upper", "woven_lower")
    }
    share = len(combed) / len(told)
    for name, words in (
        ("woven_upper", "the upper field is one frame late"),
        ("woven_lower", "the lower field is one frame late"),
    ):
        whole = [step for step in combed if getattr(step, name) <= _REWOVEN * step.combed]
        if len(whole) >= _HITS * len(combed):
            sure = share * len(whole) / (len(combed) + 1)
            title = f"2:2 with shifted fields ({words})"
            return [_cadence("shifted_fields", title, run, _Period(0, (), sure), evidence)]
    sure = share * len(combed) / (len(combed) + 1)
    return [_cadence("interlaced", "interlaced video", run, _Period(0, (), sure), evidence)]


def _blends(run: Sequence[Step], periods: range) -> list[Cadence]:
    """Frames that mix their neighbours: blended fields of a pulldown, or a change of frame rate by blending."""
    for name, width in (("blend_of_two", 2), ("blend", 1)):
        found = _period(run, _dips(_of(run, name)), periods)
        if found is None or len(found.phases) > 1:
            continue
        first = found.phases[0]
        phases = tuple(sorted((first + more) % found.length for more in range(width)))
        pulldown = found.length == 5 and width == 2
        words = (
            "3:2 pulldown with blended fields" if pulldown else f"{width} of {found.length} frames are blends"
        )
        evidence = _contrast(run, name, found.phases, found.length)
        return [_cadence("blended", words, run, _Period(found.length, phases, found.confidence), evidence)]
    return []


def _left_out(run: Sequence[Step], periods: range) -> list[Cadence]:
    found = _period(run, _leaps(_of(run, "moved")), periods, _STRAY_LEAPS)
    if found is None or len(found.phases) > 1:
        return []
    rate = " (25 to 24 frames a second)" if found.length == 24 else ""
    name = f"a frame is left out before every {found.length}th{rate}"
    evidence = _contrast(run, "moved", found.phases, found.length)
    return [_cadence("left_out", name, run, found, evidence)]


def _cadence(
    kind: str, name: str, run: Sequence[Step], period: _Period, evidence: dict[str, float]
) -> Cadence:
    first, last = run[0].frame, run[-1].frame
    rounded = {key: round(value, 5) for key, value in evidence.items()}
    stride = _stride(run)
    phases = tuple(phase * stride + first % stride for phase in period.phases)
    return Cadence(
        kind, name, first, last, period.length * stride, phases, round(period.confidence, 3), rounded
    )


def _period(
    run: Sequence[Step], marked: NDArray[np.float64], periods: range, allowed: float = _STRAY
) -> _Period | None:
    """The shortest period that explains where ``marked`` is 1 (NaN: not known), or None."""
    known = np.isfinite(marked)
    numbers = np.array([step.frame for step in run]) // _stride(run)
    for length in periods:
        needed = _CYCLES[length <= _SHORT]
        phases, hits, seen, stray, others = [], 0, 0, 0, 0
        complete = True
        for phase in range(length):
            of_phase = marked[known & (numbers % length == phase)]
            if len(of_phase) < needed:
                complete = False
                break
            if np.mean(of_phase) >= _HITS:
                phases.append(phase)
                hits, seen = hits + int(of_phase.sum()), seen + len(of_phase)
            else:
                stray, others = stray + int(of_phase.sum()), others + len(of_phase)
        if complete and phases and others and stray <= allowed * hits:
            sure = hits / seen * (1 - stray / others) * hits / (hits + 1)
            return _Period(length, tuple(phases), sure)
    return None


def _dips(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a value lies far below its neighbours on both sides, 0 where it does not, NaN where none can tell."""

    def dips(here: float, sides: list[float]) -> float:
        return np.nan if max(sides) < _LEVEL else float(here < _DIP * min(sides))

    return _beside(values, dips)


def _leaps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Likewise where a value lies above those on both sides, but not as far as a cut."""

    def leaps(here: float, sides: list[float]) -> float:
        most = max(sides)
        return np.nan if most < _LEVEL or here > _CUT * most else float(here > _LEAP * most)

    return _beside(values, leaps)


def _beside(values: NDArray[np.float64], judge: Callable[[float, list[float]], float]) -> NDArray[np.float64]:
    """``judge`` of each value and of what each side reaches: its second largest, so that one cut changes nothing."""
    found = np.full(len(values), np.nan)
    for index, here in enumerate(values):
        near = (values[max(0, index - _SIDE) : index], values[index + 1 : index + 1 + _SIDE])
        finite = (side[np.isfinite(side)] for side in near)
        sides = [
            float(np.sort(side)[-2 if len(side) > _OF_SIDE else -1])
            for side in finite
            if len(side) >= _OF_SIDE
        ]
        if sides and np.isfinite(here):
            found[index] = judge(float(here), sides)
    return found


def _contrast(run: Sequence[Step], name: str, phases: Sequence[int], length: int) -> dict[str, float]:
    """Medians of a figure over the frames in phase and over the others."""
    found = {}
    for words, inside in (("in_phase", True), ("elsewhere", False)):
        values = [
            getattr(step, name) for step in run if (step.frame // _stride(run) % length in phases) is inside
        ]
        finite = [value for value in values if np.isfinite(value)]
        if finite:
            found[f"{name}_{words}"] = float(np.median(finite))
    return found


def _stride(run: Sequence[Step]) -> int:
    """From one frame's number to the next: more than 1 in files that are numbered in steps."""
    return run[1].frame - run[0].frame if len(run) > 1 else 1


def _of(run: Sequence[Step], name: str) -> NDArray[np.float64]:
    return np.array([getattr(step, name) for step in run], float)


def _windows(run: Sequence[Step]) -> list[Sequence[Step]]:
    """Parts of about _WINDOW frames, none much shorter."""
    count = max(1, round(len(run) / _WINDOW))
    edges = [round(part * len(run) / count) for part in range(count + 1)]
    return [run[first:after] for first, after in pairwise(edges)]


def _joined(found: list[Cadence]) -> list[Cadence]:
    """Neighbours that are alike as one."""
    joined = []
    for _, group in groupby(found, key=lambda one: (one.kind, one.name, one.period, one.phases)):
        parts = list(group)
        sure = sum(part.confidence for part in parts) / len(parts)
        first = parts[0]
        joined.append(
            Cadence(
                first.kind,
                first.name,
                first.first,
                parts[-1].last,
                first.period,
                first.phases,
                round(sure, 3),
                first.evidence,
            )
        )
    return joined
