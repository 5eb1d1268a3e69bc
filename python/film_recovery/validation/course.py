"""What only consecutive frames show: flicker, detail and grain that come and go, colours that wander.

Takes the frames' own measures (``frame``) in order, and adds to each frame's figures: ``flicker`` (signed share of
luma, the Source taken off), ``detail_jump`` and ``grain_jump`` (by how much detail, or the grain's power, departs from
the frames around it, the Source's own departure taken off; shares), ``wander`` (ΔE by which the Source's colours became
others than they usually do in this range).

Nothing is compared across a gap in the numbers, or across a cut: where the Source's own picture changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import numpy as np

from film_recovery.analysis.flicker import flicker
from film_recovery.validation.frame import FrameMeasures

AROUND = 2  # frames on either side that a frame is held against
_CUT = 0.5  # correlation of block means under which two Source frames are of different shots
_FLAT = 0.01  # deviation of block means under which nothing correlates: light alone counts there
_LEAST = 1e-9
_BLOCKS = 64  # of 32 × 32 pixels: detail and grain of fewer differ from frame to frame by what happens to be in them

Course = Mapping[int, FrameMeasures]


def over_time(course: Course) -> dict[int, dict[str, float]]:
    """Frame → its own figures and those that its neighbours give it."""
    values = {frame: dict(one.values) for frame, one in course.items()}
    for run in shots(course):
        for name, found in (
            ("flicker", _flicker(course, run)),
            ("detail_jump", _jumps(course, run, "detail", power=1)),
            ("grain_jump", _jumps(course, run, "grain", power=2)),
        ):
            for frame, value in found.items():
                values[frame][name] = round(value, 6)
    for frame, value in _wander(course).items():
        values[frame]["wander"] = round(value, 4)
    return values


def shots(course: Course) -> list[list[int]]:
    """Frames that follow one another and are of one shot, by the Source's block means."""
    runs: list[list[int]] = []
    for frame in sorted(course):
        if runs and runs[-1][-1] == frame - 1 and _alike(course[frame - 1], course[frame]):
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def _alike(one: FrameMeasures, other: FrameMeasures) -> bool:
    a, b = (np.array(side.grids["source"]).ravel() for side in (one, other))
    if min(a.std(), b.std()) < _FLAT:
        return bool(abs(a.mean() - b.mean()) < 0.1)
    return float(np.corrcoef(a, b)[0, 1]) >= _CUT


def _flicker(course: Course, run: Sequence[int]) -> dict[int, float]:
    found = {}
    for before, here, after in zip(run, run[1:], run[2:], strict=False):
        three = [course[frame].grids for frame in (before, here, after)]
        own, other = (tuple(np.array(grids[side]) for grids in three) for side in ("source", "recovered"))
        found[here] = flicker(own, other)  # type: ignore[arg-type]
    return found


def _jumps(course: Course, run: Sequence[int], name: str, power: int) -> dict[int, float]:
    """Departures of a ratio to the Source from the middle of its neighbours; ``power``: 2 for that of its square."""
    ratio = {frame: _ratio(course[frame].values, name) ** power for frame in run}
    enough = [frame for frame in run if course[frame].values.get("blocks", 0) >= _BLOCKS]
    known = [frame for frame in enough if math.isfinite(ratio[frame]) and ratio[frame] > 0]
    found = {}
    for place, frame in enumerate(known):
        around = known[max(0, place - AROUND) : place] + known[place + 1 : place + 1 + AROUND]
        if len(around) >= 2:
            found[frame] = ratio[frame] / median(ratio[one] for one in around) - 1
    return found


def _ratio(values: Mapping[str, float], name: str) -> float:
    if name == "detail":
        return values.get("detail", math.nan)  # over the Source's already
    source, own = values.get(f"{name}_source", math.nan), values.get(name, math.nan)
    return own / source if source > _LEAST else math.nan


def _wander(course: Course) -> dict[int, float]:
    """ΔE*ab of what the Source's colours became here to what they usually become, weighted by their share."""
    usual: dict[str, list[list[float]]] = {}
    for one in course.values():
        for place, (_, *colour) in one.colours.items():
            usual.setdefault(place, []).append(colour)
    middle = {place: np.median(np.array(found), axis=0) for place, found in usual.items() if len(found) > 2}
    wandered = {}
    for frame, one in course.items():
        seen = list(_apart(one, middle))
        weight = sum(share for share, _ in seen)
        if weight > 0:
            wandered[frame] = sum(share * apart for share, apart in seen) / weight
    return wandered


def _apart(one: FrameMeasures, middle: Mapping[str, np.ndarray]) -> Iterator[tuple[float, float]]:
    for place, (share, *colour) in one.colours.items():
        if place in middle:
            yield share, float(np.linalg.norm(np.array(colour) - middle[place]))
