"""Axes of the report's drawings: round ticks, ranges with room, labels, and lines of few points that lose no spike."""

from __future__ import annotations

import math
from collections.abc import Sequence

from film_recovery.delivery.words import number

MOST_POINTS = 600
LOGARITHMIC_FROM = 100.0

Point = tuple[float, float]


def thinned(points: list[Point]) -> list[Point]:
    """At most about MOST_POINTS points: of each run the lowest and the highest, so that no spike is lost."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(2 * len(points) / MOST_POINTS)
    kept = [points[0]]
    for start in range(0, len(points), size):
        run = points[start : start + size]
        kept += sorted({min(run, key=lambda p: p[1]), max(run, key=lambda p: p[1])})
    return [*kept, points[-1]]


def linear(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers from the last below ``low`` to the first above ``high``."""
    if low == high:
        return [low]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(size * power for size in (1, 2, 2.5, 5, 10) if size * power >= raw * 0.999)
    return [round(i * step, 12) for i in range(math.floor(low / step), math.ceil(high / step) + 1)]


def decades(ys: Sequence[float]) -> list[float]:
    first, last = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    stride = max(1, math.ceil((last - first) / 5))
    return [10.0**power for power in range(first, last + stride, stride)]


def padded(ys: Sequence[float], ticks: Sequence[float], logarithmic: bool) -> tuple[float, float]:
    """The range of the upright axis: values and ticks inside, never empty."""
    low, high = min(*ys, *ticks), max(*ys, *ticks)
    if logarithmic:
        low, high = math.log10(low), math.log10(high)
    room = 0.0 if high > low else abs(high) * 0.1 or 1.0
    return low - room, high + room


def short(value: float) -> str:
    """A tick's label: ``40k``, ``0.25``, ``10⁻⁴``."""
    if abs(value) >= 1000 and value % 100 == 0:
        return f"{value / 1000:g}k".replace("-", "−")
    if value and abs(value) < 1e-3:
        return number(float(f"{value:.3g}")).removeprefix("1 × ")
    return f"{value:g}".replace("-", "−")
