"""Curves as small SVG drawings: where the line, its axes and its ticks lie. The template draws them.

Drawn for a telephone's width (360 units); a wide screen only enlarges. A curve that spans more than a factor of
100 is drawn on a logarithmic axis, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from film_recovery.delivery.axis import LOGARITHMIC_FROM, Point, decades, linear, padded, short, thinned
from film_recovery.delivery.data import Curve
from film_recovery.delivery.words import count, number

WIDTH, HEIGHT = 360, 215
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 20, 38


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: its place in the drawing's units, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Plot:
    """One drawing: ``line`` and ``target`` are in the drawing's units, ``summary`` says it in words."""

    name: str
    unit: str
    line: str
    dot: Point
    target: float | None
    target_label: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    logarithmic: bool
    summary: str


def plot(curve: Curve) -> Plot | None:
    """The drawing of ``curve``; None where it has no finite value."""
    points = sorted((x, y) for x, y in curve.points if math.isfinite(x) and math.isfinite(y))
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if curve.target is not None:
        ys.append(curve.target)
    logarithmic = min(ys) > 0 and max(ys) / min(ys) > LOGARITHMIC_FROM
    steps, values = linear(min(xs), max(xs)), decades(ys) if logarithmic else linear(min(ys), max(ys))
    low, high = padded(ys, values, logarithmic)

    def across(x: float) -> float:
        return round(LEFT + (x - xs[0]) / ((xs[-1] - xs[0]) or 1) * (WIDTH - LEFT - RIGHT), 1)

    def up(y: float) -> float:
        y = math.log10(y) if logarithmic else y
        return round(HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    drawn = [(across(x), up(y)) for x, y in thinned(points)]
    return Plot(
        name=curve.name,
        unit=curve.unit,
        line=" ".join(f"{x:g},{y:g}" for x, y in drawn),
        dot=drawn[-1],
        target=None if curve.target is None else up(curve.target),
        target_label="" if curve.target is None else number(curve.target),
        across=tuple(Tick(across(x), short(x)) for x in steps if xs[0] <= x <= xs[-1]),
        up=tuple(Tick(up(y), short(y)) for y in values),
        logarithmic=logarithmic,
        summary=_summary(curve, points),
    )


def _summary(curve: Curve, points: Sequence[Point]) -> str:
    (first, begin), (last, end) = points[0], points[-1]
    lowest, highest = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    lost = len(curve.points) - len(points)
    unit = f" {curve.unit}" if curve.unit else ""
    said = (
        f"{number(begin)}{unit} at step {_whole(first)}, {number(end)}{unit} at step {_whole(last)}; "
        f"lowest {number(lowest[1])} at {_whole(lowest[0])}, highest {number(highest[1])} at {_whole(highest[0])}."
    )
    if not lost:
        return said
    return f"{said} {count(lost, 'value was', 'values were')} not finite and {'is' if lost == 1 else 'are'} not drawn."


def _whole(step: float) -> str:
    return number(int(step)) if step == int(step) else number(step)
