"""Which frames stand out: each figure held against those of its neighbours in the same shot.

Usual is what the neighbours' figures foretell for the frame, along a robust line over time; their median deviation
from it is its spread: a fault in a few frames of a shot moves neither. A frame that its neighbours foretell
differently, because it shows what they do not, is judged by as much more leniently. A model that is wrong in every
frame of a shot has no outliers; measures over the range are for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from film_recovery.outliers.figures import (
    EITHER,
    FIGURES,
    STRANGE,
    Reading,
    Step,
    blank,
    foreign,
    steepest,
    turned_rather,
)
from film_recovery.outliers.line import beyond, foretold
from film_recovery.outliers.measured import Measured

EDITION = 7  # of what is measured and of its limits: more when the same frames may give other outliers
KINDS = (*FIGURES, "seam")
Readings = Sequence[Reading] | Mapping[int, Reading]  # by place in the shot
NEIGHBOURS = 20  # at most, those nearest in time
DOUBTED = 0.5  # of the neighbours' difference counts: their middle is known better than what each says
CLEARER = 1.5  # times as clear as the neighbours' clearest line: that is a seam
LOOKS = 2  # at each kind
MOST_LEFT = 0.7  # of the neighbours that must be left without those that stand out, or all count
SUSPECTED = 0.5  # of the limit of edges: from there on, they are what brings the grain or the halo of a frame
UNCLEAR = 0.7  # of the limit of seams: from there on, they are what raises the mean of a frame
HEIGHTS = 1.5  # of a seam, which raises the mean by no more: the curve of tones hides some of its height
FEWEST = 6  # neighbours with a figure: fewer do not tell what is usual
FORETOLD = (
    "flicker",
    "halo",
    "hue",
    "bleed",
    "skin",
)  # by what the neighbours make of the same tones and colours


@dataclass(frozen=True)
class Limit:
    """A frame stands out from the larger of ``least``, in the kind's unit, and ``times`` the neighbours' spread;
    ``rising``: above what is usual only."""

    least: float
    times: float
    rising: bool = False


_UNLIKE = "it shows tones or colours that no frame around it does"
_DARK = "too little of it, or of the frames around it, is neither black nor cut off in the Source"
_ALONE = f"fewer than {FEWEST} of the frames around it can be held against it"

# Chosen on what docs/outliers.md calls tune, with benchmarks/bench_outliers.py.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "halo": Limit(2.5, 4),
        "grain": Limit(10, 4.5),
        "flicker": Limit(0.6, 3.5),
        "edges": Limit(0.34, 3.2, rising=True),
        "hue": Limit(1.5, 4.5),
        "bleed": Limit(13, 4),
        "skin": Limit(0.95, 4, rising=True),
        "banding": Limit(0.6, 6, rising=True),
        "seam": Limit(1.1, 3.5, rising=True),
    }
)
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "halo": "% of contrast beside strong edges, against what the Source foretells",
        "grain": "% of grain power in flat areas (natural logarithm), against what the Source foretells",
        "flicker": "% of mean luma, against what the Source foretells",
        "edges": "natural logarithm of the odds that fine power at edges is no filter's of the Source: 0 half of it",
        "hue": "degrees of chroma, against what the Source foretells",
        "bleed": "% of contrast at edges of chroma, against what the Source foretells",
        "skin": "codes of 255 (Cb and Cr, or Y) on what has the colour of skin, beyond the rest of the picture",
        "banding": "unevenness of the codes (natural logarithm): 0 smooth, 1.4 as of 8 bit, 2.8 as of 6 bit",
        "seam": "codes of 255 stepped along a line",
    }
)


@dataclass(frozen=True)
class Outlier:
    """``figure``, ``usual`` (of the neighbours): in ``UNITS[kind]``. ``score``: how many times over the limit, 1 and
    more. ``where``: left, bottom, right, top in pixels of the picture, origin bottom left; None: all of it. ``shown``:
    the kind whose limit it is, where a fault that is less clear was told by what it brings; empty: its own."""

    frame: int
    kind: str
    figure: float
    usual: float
    score: float
    where: tuple[int, int, int, int] | None = None
    shown: str = ""

    @property
    def reason(self) -> str:
        """One sentence for the operator."""
        place = "" if self.where is None else " at {}, {} to {}, {}".format(*self.where)
        of = f" of {self.shown}, which it brings" if self.shown else ""
        return (
            f"Frame {self.frame}, {self.kind}{place}: {self.figure:.3g}, in the frames around it {self.usual:.3g} "
            f"({UNITS[self.kind]}; {self.score:.1f} times the limit{of})."
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "frame": self.frame,
            "kind": self.kind,
            "figure": round(self.figure, 4),
            "usual": round(self.usual, 4),
            "score": round(self.score, 3),
            "where": list(self.where) if self.where else None,
            "unit": UNITS[self.kind],
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Untold:
    """``kinds``: of which nothing can be said of this frame."""

    frame: int
    kinds: tuple[str, ...]
    why: str

    def as_dict(self) -> dict[str, Any]:
        return {"frame": self.frame, "kinds": list(self.kinds), "why": self.why}


def find_untold(shot: Sequence[Measured]) -> tuple[Untold, ...]:
    """Frames of one shot that were not judged by all kinds though they show what these are judged by, in order. One
    whose Source is all black or all white shows nothing; a shot of FEWEST frames or less is not judged at all."""
    frames = sorted(shot, key=lambda one: one.frame)
    if len(frames) <= FEWEST:
        return ()
    around = [[frames[other] for other in nearest(len(frames), at)] for at in range(len(frames))]
    strange = _strange(frames, around)
    readings = _read(FORETOLD, frames, around, strange)
    found = []
    for at, one in enumerate(frames):
        if blank(one):
            continue
        if at in strange:
            found.append(Untold(one.frame, FORETOLD, _UNLIKE))
        elif not np.isfinite(readings["flicker"][0][at].value):
            found.append(Untold(one.frame, ("flicker",), _DARK))
        alone = tuple(kind for kind in FORETOLD if _alone(readings[kind], at))
        if alone:
            found.append(Untold(one.frame, alone, _ALONE))
    return tuple(found)


def _alone(figures: Sequence[Sequence[Reading]], at: int) -> bool:
    """Whether a frame has a figure of a kind, and too few of its neighbours have one."""
    return any(
        np.isfinite(course[at].value) and len(_known(course, len(course), at)) < FEWEST for course in figures
    )


def _known(readings: Readings, count: int, at: int) -> list[int]:
    """Those of the places nearest to ``at``, of ``count``, that have a figure."""
    return [place for place in nearest(count, at) if np.isfinite(readings[place].value)]


def find_outliers(shot: Sequence[Measured], limits: Mapping[str, Limit] | None = None) -> tuple[Outlier, ...]:
    """The outliers of one shot's frames, the worst first. ``limits``: in place of some of LIMITS.

    A shot of FEWEST frames or less has none: there is nothing to hold a frame against.
    """
    frames = sorted(shot, key=lambda one: one.frame)
    if len(frames) <= FEWEST:
        return ()
    allowed = {**LIMITS, **(limits or {})}
    around = [[frames[other] for other in nearest(len(frames), at)] for at in range(len(frames))]
    numbers = [one.frame for one in frames]
    readings = _read(KINDS[:-1], frames, around, _strange(frames, around))
    found = [one for kind in FIGURES for one in _standing_out(kind, numbers, readings[kind], allowed[kind])]
    found += _suspected(found, numbers, readings["edges"], allowed["edges"])
    found += _seams(frames, around, allowed["seam"])
    found += _suspected_seams(found, frames, around, allowed["seam"])
    return tuple(sorted(_unexplained(found, frames, around), key=lambda one: (-one.score, one.frame)))


def _strange(frames: Sequence[Measured], around: Sequence[Sequence[Measured]]) -> set[int]:
    """The places of frames such as the title of one frame: what the others make of their tones says nothing of it."""
    return {at for at, one in enumerate(frames) if around[at] and foreign(one, around[at]) > STRANGE}


def _read(
    kinds: Sequence[str],
    frames: Sequence[Measured],
    around: Sequence[Sequence[Measured]],
    strange: set[int],
) -> dict[str, list[list[Reading]]]:
    """The figures of each kind, each of all frames; none of FORETOLD for those that are ``strange``."""
    nothing = Reading(float("nan"))
    return {
        kind: [
            [
                nothing if kind in FORETOLD and at in strange else figure(one, around[at])
                for at, one in enumerate(frames)
            ]
            for figure in FIGURES[kind]
        ]
        for kind in kinds
    }


def nearest(count: int, at: int, most: int = NEIGHBOURS) -> list[int]:
    """The places of the ``most`` frames of ``count`` that are nearest to ``at``, without it, in order."""
    first = max(0, min(at - most // 2, count - most - 1))
    return [place for place in range(first, min(count, first + most + 1)) if place != at]


def _standing_out(
    kind: str, frames: Sequence[int], figures: Sequence[Sequence[Reading]], limit: Limit
) -> list[Outlier]:
    """``figures``: one or several of this kind, each of all frames. What stands out at first does not count in what is
    usual for the others."""
    found: dict[int, Outlier] = {}
    for _ in range(LOOKS):
        without = {at for at, frame in enumerate(frames) if frame in found}
        found = {}
        for at, frame in enumerate(frames):
            one = _judged(kind, frames, figures, at, limit, without - {at})
            if one is not None:
                found[frame] = one
    return list(found.values())


def _suspected(
    found: Sequence[Outlier], frames: Sequence[int], figures: Sequence[Sequence[Reading]], limit: Limit
) -> list[Outlier]:
    """Edges of frames that are told as halo, or as less grain, and not as edges: stairs take both away. Grain that is
    lost raises no odds of edges, so together, the two tell them from less."""
    told = {one.frame for one in found if one.kind == "edges"}
    suspects = {one.frame for one in found if one.kind in ("grain", "halo") and one.figure < one.usual} - told
    if not suspects:
        return []
    lower = Limit(SUSPECTED * limit.least, SUSPECTED * limit.times, limit.rising)
    return [one for one in _standing_out("edges", frames, figures, lower) if one.frame in suspects]


def _suspected_seams(
    found: Sequence[Outlier], frames: Sequence[Measured], around: Sequence[Sequence[Measured]], limit: Limit
) -> list[Outlier]:
    """Seams of frames that are told as flicker, and not as seam, though one that is less clear may raise the mean by
    as much: a seam has one side lighter."""
    of = {one.frame: one for one in found if one.kind == "flicker"}
    for one in found:
        if one.kind == "seam":
            of.pop(one.frame, None)
    if not of:
        return []
    lower = Limit(UNCLEAR * limit.least, UNCLEAR * limit.times, limit.rising)
    seams = _seams(frames, around, lower)
    return [
        replace(one, score=of[one.frame].score, shown="flicker")
        for one in seams
        if one.frame in of and _raises(one, of[one.frame], frames)
    ]


def _raises(seam: Outlier, flicker: Outlier, frames: Sequence[Measured]) -> bool:
    """Whether the seam may be what the mean is off by: one side of it raises that by no more than its own height."""
    (light,) = (one.tone.light for one in frames if one.frame == flicker.frame)
    mean = 255 * float(light.cross[0, 0]) if light is not None else 0.0
    return abs(flicker.figure - flicker.usual) / 100 * mean <= HEIGHTS * seam.figure


def _judged(
    kind: str,
    frames: Sequence[int],
    figures: Sequence[Sequence[Reading]],
    at: int,
    limit: Limit,
    without: set[int],
) -> Outlier | None:
    """Several figures count together, each by how well the neighbours agree on it; of EITHER, the clearest."""
    every = [(_held(frames, readings, at, limit, without), readings) for readings in figures]
    held = [one for one, _ in every if one]
    if len(held) > 1 and kind not in EITHER:
        weights = [(1 / max(one.spread, 1e-9) ** 2, readings) for one, readings in every if one]
        together = {place: _together(place, weights) for place in (at, *nearest(len(frames), at))}
        held = [one for one in [_held(frames, together, at, limit, without)] if one]
    if not held:
        return None

    def score(one: _Held) -> float:
        off = one.figure - one.usual
        return (off if limit.rising else abs(off)) / max(limit.least, one.allowed)

    counts = max(held, key=score)
    return (
        Outlier(frames[at], kind, counts.figure, counts.usual, score(counts)) if score(counts) >= 1 else None
    )


class _Held(NamedTuple):
    """A frame's figure, what is usual, the neighbours' spread about that, and by how much the figure may depart."""

    figure: float
    usual: float
    spread: float
    allowed: float


def _together(place: int, weights: Sequence[tuple[float, Sequence[Reading]]]) -> Reading:
    """One reading of several of the same fault in the same unit. To take the steadiest alone would be to take the one
    whose spread is by chance too small."""
    known = [(weight, of[place]) for weight, of in weights if np.isfinite(of[place].value)]
    total = sum(weight for weight, _ in known)
    if not known:
        return Reading(float("nan"))
    return Reading(
        sum(weight * one.value for weight, one in known) / total,
        sum(weight * one.doubt for weight, one in known) / total,
    )


def _held(
    frames: Sequence[int], readings: Readings, at: int, limit: Limit, without: set[int]
) -> _Held | None:
    """None where a frame's figure cannot be told."""
    places = _known(readings, len(frames), at)
    if not np.isfinite(readings[at].value) or len(places) < FEWEST:
        return None
    left = [place for place in places if place not in without]
    places = left if len(left) >= max(FEWEST, MOST_LEFT * len(places)) else places
    numbers = np.array([frames[place] for place in places], np.float64)
    values = np.array([readings[place].value for place in places])
    usual, spread = foretold(numbers, values, frames[at])
    own = np.hypot(spread * beyond(numbers, frames[at]), DOUBTED * readings[at].doubt)
    return _Held(readings[at].value, usual, spread, few(limit.times, len(places)) * float(own))


def few(times: float, count: int) -> float:
    """``times`` for a spread that is known from ``count`` neighbours only: of few, it is itself uncertain."""
    return times * count / (count - 3)


def _seams(frames: Sequence[Measured], around: Sequence[Sequence[Measured]], limit: Limit) -> list[Outlier]:
    """At most one a frame: what steps along one line mostly shows beside it too. A shot in which every frame has such
    a line has an edge of its own that moves."""
    steps = [
        max(steepest(one, others), key=_clear, default=None)
        for one, others in zip(frames, around, strict=True)
    ]
    found = []
    for at, (one, step) in enumerate(zip(frames, steps, strict=True)):
        others = [other for other in (steps[place] for place in nearest(len(steps), at)) if other is not None]
        if step is None or len(others) < FEWEST:
            continue
        usual = float(np.median([_clear(other) for other in others]))
        times = max(limit.times, CLEARER * usual)
        score = abs(step.codes) / max(limit.least, times * step.spread)
        of_others = float(np.median([abs(other.codes) for other in others]))
        # As high as what steps in every frame is no seam of this one.
        if score >= 1 and abs(step.codes) - of_others >= limit.least / 2:
            found.append(Outlier(one.frame, "seam", abs(step.codes), of_others, score, _line(step, one.size)))
    return found


def _clear(step: Step) -> float:
    """How many times the spread."""
    return abs(step.codes) / max(step.spread, 1e-9)


def _line(step: Step, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The two pixels either side of a line; rows are counted from the top there, from the bottom here."""
    width, height = size
    if step.along == "column":
        return step.at - 1, 0, step.at + 1, height
    return 0, height - step.at - 1, width, height - step.at + 1


def _unexplained(
    found: Sequence[Outlier], frames: Sequence[Measured], around: Sequence[Sequence[Measured]]
) -> list[Outlier]:
    """Without what another fault of the same frame brings with it."""
    of = {(one.frame, one.kind): one for one in found}
    places = {one.frame: place for place, one in enumerate(frames)}
    left = []
    for one in found:
        seam = of.get((one.frame, "seam"))
        if one.kind == "flicker" and seam is not None and _raises(seam, one, frames):
            continue
        if _brought(one.frame, one.kind, of) or _of_halos(one, of.get((one.frame, "halo"))):
            continue
        other = {"hue": "skin", "skin": "hue"}.get(one.kind, "")
        if (one.frame, other) in of and not _brought(one.frame, other, of):
            place = places[one.frame]
            if one.kind == ("skin" if turned_rather(frames[place], around[place]) else "hue"):
                continue
        left.append(one)
    return left


def _of_halos(one: Outlier, halo: Outlier | None) -> bool:
    """Whether more grain is that of fine lines with halos."""
    return one.kind == "grain" and halo is not None and halo.figure > halo.usual and one.figure > one.usual


def _brought(frame: int, kind: str, of: Mapping[tuple[int, str], Outlier]) -> bool:
    return any((frame, other) in of for other in _BROUGHT.get(kind, ()))


# What a fault brings with it: grain and fine detail in codes that are few, halos and seams in edges that are rough,
# contrast of chroma in grain.
_BROUGHT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "grain": ("banding", "edges"),
        "edges": ("banding",),
        "halo": ("edges",),
        "seam": ("edges",),
        "bleed": ("grain",),
        "skin": ("bleed", "edges", "halo", "flicker", "seam"),
    }
)
