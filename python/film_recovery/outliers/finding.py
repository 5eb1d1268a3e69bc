"""Which frames stand out: each figure held against those of its neighbours in the same shot.

Usual is the median of the neighbours' figures, its spread their median deviation: a fault in a few frames of a shot
moves neither. A model that is wrong in every frame of a shot has no outliers; measures over the range are for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from film_recovery.outliers.figures import FIGURES, Step, steepest
from film_recovery.outliers.measured import Measured

KINDS = tuple(FIGURES)
NEIGHBOURS = 20  # at most, those nearest in time
CLEARER = 1.6  # times as clear as the neighbours' clearest line: that is a seam
TURNED = 2.0  # times the limit: skin alone does not turn the hue of a picture so far
FEWEST = 6  # neighbours with a figure: fewer do not tell what is usual
_TO_SIGMA = 1.4826  # a median deviation as a standard deviation


@dataclass(frozen=True)
class Limit:
    """A frame stands out from the larger of ``least``, in the kind's unit, and ``times`` the neighbours' spread;
    ``rising``: above what is usual only."""

    least: float
    times: float
    rising: bool = False


# Chosen on the clips "tune" of benchmarks/bench_outliers.py.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "halo": Limit(2.5, 4.5),
        "grain": Limit(15, 3.5),
        "flicker": Limit(0.5, 3.5),
        "edges": Limit(8, 3.5, rising=True),
        "hue": Limit(1.5, 5),
        "bleed": Limit(10, 4),
        "skin": Limit(1.2, 5, rising=True),
        "banding": Limit(0.6, 6, rising=True),
        "seam": Limit(1.0, 3.5, rising=True),
    }
)
UNITS: Mapping[str, str] = MappingProxyType(
    {
        "halo": "% of contrast beside strong edges, against what the Source foretells",
        "grain": "% of grain power in flat areas (natural logarithm), against what the Source foretells",
        "flicker": "% of mean luma, against what the Source foretells",
        "edges": "% of fine power at strong edges that no filter makes of the Source's",
        "hue": "degrees of chroma, against what the Source foretells",
        "bleed": "% of contrast at edges of chroma, against what the Source foretells",
        "skin": "codes of 255 (Y, Cb, Cr) on what has the colour of skin, beyond the rest of the picture",
        "banding": "unevenness of the codes (natural logarithm): 0 smooth, 1.4 as of 8 bit, 2.8 as of 6 bit",
        "seam": "codes of 255 stepped along a line",
    }
)


@dataclass(frozen=True)
class Outlier:
    """``figure``, ``usual`` (of the neighbours): in ``UNITS[kind]``. ``score``: how many times over the limit, 1 and
    more. ``where``: left, bottom, right, top in pixels of the picture, origin bottom left; None: all of it."""

    frame: int
    kind: str
    figure: float
    usual: float
    score: float
    where: tuple[int, int, int, int] | None = None

    @property
    def reason(self) -> str:
        """One sentence for the operator."""
        place = "" if self.where is None else " at {}, {} to {}, {}".format(*self.where)
        return (
            f"Frame {self.frame}, {self.kind}{place}: {self.figure:.3g}, in the frames around it {self.usual:.3g} "
            f"({UNITS[self.kind]}; {self.score:.1f} times the limit)."
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


def find_outliers(shot: Sequence[Measured], limits: Mapping[str, Limit] | None = None) -> tuple[Outlier, ...]:
    """The outliers of one shot's frames, the worst first. ``limits``: in place of some of LIMITS.

    A shot of FEWEST frames or less has none: there is nothing to hold a frame against.
    """
    frames = sorted(shot, key=lambda one: one.frame)
    allowed = {**LIMITS, **(limits or {})}
    around = [[frames[other] for other in nearest(len(frames), at)] for at in range(len(frames))]
    found: list[Outlier] = []
    for kind, figure in FIGURES.items():
        if kind == "seam":
            continue
        values = np.array([figure(one, others) for one, others in zip(frames, around, strict=True)])
        found += _standing_out(kind, [one.frame for one in frames], values, allowed[kind])
    if len(frames) > FEWEST:
        found += _seams(frames, around, allowed["seam"])
    return tuple(sorted(_unexplained(found, frames), key=lambda one: (-one.score, one.frame)))


def nearest(count: int, at: int, most: int = NEIGHBOURS) -> list[int]:
    """The places of the ``most`` frames of ``count`` that are nearest to ``at``, without it, in order."""
    first = max(0, min(at - most // 2, count - most - 1))
    return [place for place in range(first, min(count, first + most + 1)) if place != at]


def _standing_out(kind: str, frames: Sequence[int], values: np.ndarray, limit: Limit) -> list[Outlier]:
    found = []
    for at, (frame, value) in enumerate(zip(frames, values, strict=True)):
        others = values[nearest(len(values), at)]
        others = others[np.isfinite(others)]
        if not np.isfinite(value) or len(others) < FEWEST:
            continue
        usual = float(np.median(others))
        spread = _TO_SIGMA * float(np.median(np.abs(others - usual)))
        off = float(value) - usual
        score = (off if limit.rising else abs(off)) / max(limit.least, limit.times * spread)
        if score >= 1:
            found.append(Outlier(frame, kind, float(value), usual, score))
    return found


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
        if score >= 1:
            of_others = float(np.median([abs(other.codes) for other in others]))
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


def _unexplained(found: Sequence[Outlier], frames: Sequence[Measured]) -> list[Outlier]:
    """Without what another fault of the same frame brings with it."""
    of = {(one.frame, one.kind): one for one in found}
    luma = {one.frame: 255 * one.tone.whole.cross[0, 0] for one in frames}
    left = []
    for one in found:
        seam = of.get((one.frame, "seam"))
        # One side of the seam raises the mean by no more than the seam's own height.
        raised = abs(one.figure - one.usual) / 100 * luma[one.frame]
        if one.kind == "flicker" and seam is not None and raised <= 1.2 * seam.figure:
            continue
        bringing = [of[one.frame, kind] for kind in _BROUGHT.get(one.kind, ()) if (one.frame, kind) in of]
        if bringing:
            continue
        hue, skin = of.get((one.frame, "hue")), of.get((one.frame, "skin"))
        if hue is not None and skin is not None and one is (skin if hue.score >= TURNED else hue):
            continue
        left.append(one)
    return left


# What a fault brings with it: grain and fine detail in codes that are few, halos and seams in edges that are rough.
_BROUGHT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "grain": ("banding",),
        "edges": ("banding",),
        "halo": ("edges",),
        "seam": ("edges",),
        "skin": ("bleed", "edges", "halo"),
    }
)
