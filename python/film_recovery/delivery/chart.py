"""Measures over a range as SVG drawings of several lines: where each lies. The template draws them.

As ``plot``, for a telephone's width. Lines are told apart by stroke as well as by colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from film_recovery.delivery.axis import LOGARITHMIC_FROM, Point, decades, linear, padded, short, thinned
from film_recovery.delivery.data import Chart
from film_recovery.delivery.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Tick
from film_recovery.delivery.words import number

STROKES = 4  # that the style sheet knows


@dataclass(frozen=True)
class Line:
    """One name in a drawing. ``strokes``: its unbroken parts; ``dots``: single points, as (x, y). ``style``: 1 to 4."""

    name: str
    style: int
    strokes: tuple[str, ...]
    dots: tuple[Point, ...]
    summary: str


@dataclass(frozen=True)
class Limit:
    """A dashed line across, its place and label."""

    at: float
    label: str


@dataclass(frozen=True)
class Drawing:
    """A whole drawing, in its own units; ``summary`` says it in words."""

    lines: tuple[Line, ...]
    limits: tuple[Limit, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    logarithmic: bool
    summary: str


def drawing(chart: Chart) -> Drawing | None:
    """The drawing of ``chart``; None where it has no finite value."""
    series = {name: _finite(points) for name, points in (*chart.lines.items(), *chart.marks.items())}
    series = {name: points for name, points in series.items() if points}
    if not series:
        return None
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    ys += [limit for limit in chart.limits.values() if math.isfinite(limit)]
    logarithmic = min(ys) > 0 and max(ys) / min(ys) > LOGARITHMIC_FROM
    low_x, high_x = min(xs), max(xs)
    values = decades(ys) if logarithmic else linear(min(ys), max(ys))
    low, high = padded(ys, values, logarithmic)

    def across(x: float) -> float:
        return round(LEFT + (x - low_x) / ((high_x - low_x) or 1) * (WIDTH - LEFT - RIGHT), 1)

    def up(y: float) -> float:
        y = math.log10(y) if logarithmic else y
        return round(HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    lines = []
    for place, (name, points) in enumerate(series.items()):
        alone = name in chart.marks
        parts = [] if alone else list(_unbroken(thinned(points)))
        strokes = tuple(
            " ".join(f"{across(x):g},{up(y):g}" for x, y in part) for part in parts if len(part) > 1
        )
        single = points if alone else [part[0] for part in parts if len(part) == 1]
        dots = tuple((across(x), up(y)) for x, y in single)
        lines.append(Line(name, place % STROKES + 1, strokes, dots, _summary(chart, points)))
    marks = [x for x in linear(low_x, high_x) if low_x <= x <= high_x]
    if chart.across == "frame":  # there is no half a frame
        marks = sorted({x for x in marks if x == int(x)}) or [low_x]
    return Drawing(
        lines=tuple(lines),
        limits=tuple(
            Limit(up(y), f"{name} {number(y)}") for name, y in chart.limits.items() if math.isfinite(y)
        ),
        across=tuple(Tick(across(x), _label(x, chart.across)) for x in marks),
        up=tuple(Tick(up(y), short(y)) for y in values),
        logarithmic=logarithmic,
        summary=" ".join(f"{line.name}: {line.summary}" for line in lines),
    )


def _label(x: float, across: str) -> str:
    return f"{int(x)}" if across == "frame" else number(x)


def _finite(points: Iterable[Point]) -> list[Point]:
    return sorted((x, y) for x, y in points if math.isfinite(x) and math.isfinite(y))


def _unbroken(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Runs of points that lie about as far apart as most do."""
    steps = [after[0] - before[0] for before, after in pairwise(points)]
    usual = median(steps) if steps else 0.0
    part = [points[0]]
    for step, point in zip(steps, points[1:], strict=True):
        if step > 2.5 * usual:
            yield part
            part = []
        part.append(point)
    yield part


def _summary(chart: Chart, points: Sequence[Point]) -> str:
    lowest, highest = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
    unit = f" {chart.unit}" if chart.unit and " " not in chart.unit else ""
    if len(points) == 1:
        return f"{number(lowest[1])}{unit} at {_label(lowest[0], chart.across)}."
    middle = median(y for _, y in points)
    return (
        f"middle {number(middle)}{unit}, lowest {number(lowest[1])} at {_label(lowest[0], chart.across)}, highest "
        f"{number(highest[1])} at {_label(highest[0], chart.across)}."
    )


def legend(chart: Chart, drawn: Drawing) -> tuple[Line, ...]:
    """What needs telling apart: nothing where one line has the chart's own name."""
    return () if [line.name for line in drawn.lines] == [chart.name] else drawn.lines
