"""Stage 5 as a page shows it: criteria against limits and the last accepted iteration, baselines, figures over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from film_recovery import ledger
from film_recovery.ledger.iterations import Iteration, iterations
from film_recovery.panel import words
from film_recovery.panel.checklist import Item
from film_recovery.panel.contents import changes_of, record
from film_recovery.panel.contents.frames import space_of, wanted, written
from film_recovery.project import FILE, Project, load, paths
from film_recovery.project.moments import offset_at
from film_recovery.recipes import load as load_recipe

MEASURES, TIMELINE, MOVIES = "measures.json", "timeline.otio", "proxies"
_CRITERIA = tuple(
    f"validation.{name}"
    for name in ("identity", "sharper", "no_flicker", "no_halos", "grain", "hue", "saturation", "consistent")
)
_COMPARED = {"validation.baselines": "better", "validation.no_regression": "worse"}  # no limit of their own
_LEAST = {("validation.sharper", "detail"), ("validation.saturation", "least")}  # the others are upper bounds
_EITHER = {
    ("validation.grain", "power")
}  # a share by which it may lie below, or what it is held against below it
_TARGETS: Mapping[str, float] = {"Saturation": 1.0}
_LOWER = ("Colour difference",)
_NONE: Mapping[str, Mapping[str, float | None]] = MappingProxyType({})

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Row:
    """A figure of a criterion. ``name``: of the figure, empty where it is the only one. ``before``: of the last
    accepted iteration; all in words, empty where there is none."""

    name: str
    value: str
    limit: str
    before: str


@dataclass(frozen=True)
class Criterion:
    """``state``: for its mark. ``frame``: where it is worst; None where it is of none."""

    id: str
    title: str
    state: str
    reason: str
    rows: tuple[Row, ...]
    frame: int | None = None


@dataclass(frozen=True)
class Chart:
    """A figure over the frames. ``lines``: name → (frame, value); ``limits``: name → value."""

    title: str
    lines: Mapping[str, Points]
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Validation:
    """``figures``: figure → whose it is → mean over the held-out frames. ``recovered``: whose the delivered ones are.
    ``accepted``: the last accepted iteration of another model or graph. ``delivered``: where the last delivery lies."""

    project: Project
    wanted: tuple[int, ...]
    written: tuple[int, ...]
    pattern: Path
    space: str
    held_out: tuple[int, ...]
    charts: tuple[Chart, ...]
    figures: Mapping[str, Mapping[str, float | None]]
    accepted: Iteration | None
    report: Path | None
    movies: tuple[str, ...]
    timeline: Path | None
    delivered: str

    @property
    def recovered(self) -> str:
        """The column of the delivered frames."""
        columns = next(iter(self.figures.values()), {})
        return next((name for name in columns if name.startswith("Recovered")), "")

    @property
    def columns(self) -> tuple[str, ...]:
        """Whose the figures are: the Source, the baselines, what the delivered frames stand on, and they last."""
        names = dict.fromkeys(name for values in self.figures.values() for name in values)
        ends = {"Source": 0, "Closed form": 2, self.recovered: 3}
        return tuple(sorted(names, key=lambda name: ends.get(name, 1)))

    def beats(self, figure: str, column: str) -> bool:
        """Whether ``column`` is better than the delivered frames, in four digits."""
        values = self.figures[figure]
        own, other = values.get(self.recovered), values.get(column)
        if own is None or other is None or f"{own:.4g}" == f"{other:.4g}":
            return False
        target = _TARGETS.get(figure)
        if target is not None:
            return abs(other - target) < abs(own - target)
        return other < own if figure in _LOWER else other > own

    def reference_of(self, frame: int) -> int:
        """The Reference's frame of the same moment, as far as the pairs say."""
        return frame + offset_at((*self.project.pairs, *self.project.hold_out), frame)

    @property
    def unsaid(self) -> tuple[str, ...]:
        """What nobody has said of the masters' origin, in words."""
        said = self.project.delivery
        named = {
            "the source type": said.source_type,
            "the restorationist": said.restorationist,
            "the institution": said.institution,
        }
        return tuple(name for name, word in named.items() if not word.strip())


def files(folder: Path) -> tuple[Path, ...]:
    """What the page depends on. Raises FilmRecoveryError where the project cannot be read."""
    places = paths(load(folder))
    proof = places.validation
    own = (folder / FILE, folder / ledger.FILE, places.script, places.render, places.render / MOVIES)
    return (*own, proof / MEASURES, proof / TIMELINE, places.report)


def read(folder: Path) -> Validation:
    """The page. Raises FilmRecoveryError for a project, a record or a folder that cannot be read."""
    project = load(folder)
    places = paths(project)
    to_render = wanted(project)
    asked = set(to_render)
    file = places.validation / MEASURES
    measured = _measures(file, changes_of([file]))
    records = ledger.read(folder)
    deliveries = records.of_kind("delivered")
    movies = places.render / MOVIES
    timeline = places.validation / TIMELINE
    held_out = _by_frame(measured.get("held_out") or {})
    return Validation(
        project,
        to_render,
        tuple(frame for frame in written(places.render_pattern) if frame in asked),
        places.render_pattern,
        space_of(project),
        tuple(sorted(held_out)),
        _charts(project, _by_frame(measured.get("frames") or {}), held_out),
        measured.get("against_the_ground_truth") or _NONE,
        _accepted(iterations(records.records)),
        places.report if places.report.is_file() else None,
        tuple(sorted(one.name for one in movies.glob("*.m*") if one.suffix in (".mp4", ".mov"))),
        timeline if timeline.is_file() else None,
        str(deliveries[-1].data.get("bag", "")) if deliveries else "",
    )


def criteria(items: Iterable[Item], accepted: Iteration | None) -> tuple[Criterion, ...]:
    """The criteria of acceptance among a stage's checks: those with figures to be held against, and the comparisons."""
    before = accepted.criteria if accepted is not None else {}
    found = []
    for item in items:
        check = item.check
        if check.id in _CRITERIA:
            limits = {name: one for name, one in (item.tolerance or check.tolerance).items()}
            several = len(limits) > 1
            rows = tuple(
                Row(
                    name.replace("_", " ") if several else "",
                    _figure(item, item.value, name),
                    _limit(check.id, name, float(allowed)),
                    words.value(_of(before.get(check.id), name)),
                )
                for name, allowed in limits.items()
            )
        elif check.id in _COMPARED:
            worse = item.value if isinstance(item.value, Mapping) else {}
            said = f"{len(worse)} {_COMPARED[check.id]}" if worse else "none"
            rows = (Row("", "not yet" if item.is_pending or not item.outcome else said, "", ""),)
        else:
            continue
        frame = item.show.get("frame")
        found.append(
            Criterion(
                check.id, check.title, item.state, item.reason, rows, None if frame is None else int(frame)
            )
        )
    return tuple(found)


def _of(value: Any, name: str) -> Any:
    """A figure of a criterion's value, which is a mapping where it has several."""
    return value.get(name) if isinstance(value, Mapping) else value


def _figure(item: Item, value: Any, name: str) -> str:
    """In words; what a criterion could not measure in these pictures is a dash."""
    if item.is_pending or not item.outcome:
        return "not yet"
    return words.value(_of(value, name)) or "–"


def _limit(id: str, name: str, allowed: float) -> str:
    if (id, name) in _EITHER:
        return f"{1 - allowed:.2f}–{1 / (1 - allowed):.2f}"
    return f"{'≥' if (id, name) in _LEAST else '≤'} {allowed:g}"


def _accepted(found: tuple[Iteration, ...]) -> Iteration | None:
    """The last accepted one of another model or graph than the newest, which is what is looked at."""
    if not found:
        return None
    now = found[-1]
    return next(
        (one for one in reversed(found) if one.accepted and not one.is_of(now.model, now.graph)), None
    )


@lru_cache(maxsize=1)
def _measures(file: Path, stamp: tuple[float, ...]) -> dict[str, Any]:
    """Of a long film it is megabytes, and the page is read again with every frame that is rendered."""
    return record(file)


# Over time


def _charts(
    project: Project, course: Mapping[int, Mapping[str, float]], truth: Mapping[int, Mapping[str, float]]
) -> tuple[Chart, ...]:
    """What was measured of every frame, and beside it what was measured against the Ground Truth of some."""
    recipe = load_recipe(project.recipe)
    limits = {one.id: {**one.tolerance, **project.tolerances.get(one.id, {})} for one in recipe.checks}

    def chart(
        title: str,
        lines: Mapping[str, str],
        of_truth: Mapping[str, str] | None = None,
        check: str = "",
        names: Mapping[str, str] | None = None,
        times: float = 1.0,
    ) -> Chart:
        shown = {name: _points(course, key, times) for name, key in lines.items()}
        shown.update({name: _points(truth, key, times) for name, key in (of_truth or {}).items()})
        known = limits.get(f"validation.{check}", {})
        allowed = {said: times * float(known[name]) for said, name in (names or {}).items() if name in known}
        return Chart(title, {name: points for name, points in shown.items() if points}, allowed)

    both = ("Recovered", "Source")
    spatial = (
        chart(
            "Detail, × the Source’s",
            {"Recovered": "detail"},
            {"× the Truth’s": "detail_kept"},
            "sharper",
            {"least": "detail"},
        ),
        chart("Width of edges, pixels", dict(zip(both, ("edge", "edge_source")))),
        chart("Halo, % of an edge’s height", dict(zip(both, ("halo", "halo_source"))), times=100),
    )
    colour = (
        chart("Colour difference, ΔE00", {"to the Source": "change"}, {"to the Truth": "de00"}),
        chart(
            "Hue, degrees",
            {"from the Source": "hue_change"},
            {"from the Truth": "hue"},
            "hue",
            {"most": "mean"},
        ),
        chart(
            "Saturation, ratio",
            {"to the Source’s": "saturation_change"},
            {"to the Truth’s": "saturation"},
            "saturation",
            {"least": "least"},
        ),
        chart("Consistency of colour, ΔE", {"Recovered": "wander"}, None, "consistent", {"most": "delta_e"}),
    )
    shared = (
        chart("Flicker, % of luma", {"Recovered": "flicker"}, None, "no_flicker", {"most": "luma"}, 100),
        chart("Detail and grain, % of jump", {"detail": "detail_jump", "grain": "grain_jump"}, times=100),
        chart(
            "Locked channels, difference", {"Recovered": "identity"}, None, "identity", {"most": "difference"}
        ),
        chart("Grain, deviation of luma", dict(zip(both, ("grain", "grain_source")))),
    )
    own = spatial if project.kind == "spatial" else colour
    return tuple(one for one in (*own, *shared) if one.lines)


def _by_frame(found: Mapping[str, Any]) -> dict[int, Mapping[str, float]]:
    return {int(frame): values for frame, values in found.items()}


def _points(course: Mapping[int, Mapping[str, float]], name: str, times: float) -> Points:
    return tuple(
        (float(frame), times * float(values[name]))
        for frame, values in sorted(course.items())
        if name in values
    )
