"""Stage 4 as a page shows it: the short range, which frames are written, and which of them stand out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from film_recovery import ledger
from film_recovery.panel.contents import changes_of, record
from film_recovery.panel.contents.frames import frames_of, space_of, wanted, written
from film_recovery.project import FILE, Project, load, paths
from film_recovery.project.unjudged import unjudged
from film_recovery.recipes import load as load_recipe

CHECK = "inference.short_range"
LOOKED = "inference.outliers"
OUTLIERS = "outliers.json"
_SHORT, _LOOK = "short range", "outliers"  # kinds of the ledger's records
_NO_MOMENTS: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class ShortRange:
    """``frames``: empty while the engine has not chosen them. ``moments``: frame → why it is hard. ``said``: which they
    are, in a sentence."""

    frames: tuple[int, ...] = ()
    moments: Mapping[int, str] = field(default_factory=lambda: _NO_MOMENTS)
    said: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Outlier:
    """A frame that stands out. ``figure``, ``usual``: in ``unit``. ``score``: times the limit. ``where``: left, bottom,
    right, top in pixels, y up; None: all of it. ``picture``: a PNG, or None. ``reason``: all of it in a sentence."""

    frame: int
    kind: str
    figure: float
    usual: float
    score: float
    where: tuple[int, int, int, int] | None
    unit: str
    reason: str
    picture: Path | None


@dataclass(frozen=True)
class Look:
    """The last look at outliers as the ledger has it. ``lever``: what to do next; ``training``: how it begins then."""

    what: str = ""
    lever: str = ""
    training: str = ""
    added: tuple[int, ...] = ()
    worse: tuple[str, ...] = ()


@dataclass(frozen=True)
class Render:
    """``wanted``, ``written``: frames, ascending. ``pattern``: of the masters; ``space``: their colour space.
    ``outliers``: the worst first; None: nobody looked. ``unjudged``: how many frames were not judged by what, a
    sentence. ``stamp``: another one after another look."""

    project: Project
    wanted: tuple[int, ...]
    written: tuple[int, ...]
    pattern: Path
    space: str
    short: ShortRange
    outliers: tuple[Outlier, ...] | None
    stamp: tuple[float, ...]
    look: Look
    unjudged: str = ""

    @property
    def missing(self) -> tuple[int, ...]:
        there = set(self.written)
        return tuple(frame for frame in self.wanted if frame not in there)

    def of_frame(self, frame: int) -> tuple[Outlier, ...]:
        return tuple(one for one in self.outliers or () if one.frame == frame)

    def kept(self, frame: int) -> str:
        """Why a frame is no new pair for sure: it is one, or held out. What else keeps it, the engine knows."""
        project = self.project
        if any(pair.source == frame for pair in project.pairs):
            return f"Frame {frame} is a pair already."
        if any(pair.source == frame for pair in project.hold_out):
            return f"Frame {frame} is a hold-out, which never enters training."
        return ""


def files(folder: Path) -> tuple[Path, ...]:
    """What the page depends on: the render's folder changes with every frame. Raises FilmRecoveryError where the
    project cannot be read."""
    places = paths(load(folder))
    return folder / FILE, folder / ledger.FILE, places.script, places.render, places.validation / OUTLIERS


def read(folder: Path) -> Render:
    """The page. Raises FilmRecoveryError for a project, a record or a folder that cannot be read."""
    project = load(folder)
    places = paths(project)
    records = ledger.read(folder)
    to_render = wanted(project)
    asked = set(to_render)
    file = places.validation / OUTLIERS
    found = record(file)
    rows = [_outlier(places.validation, row) for row in found.get("outliers", ())]
    looks = records.of_kind(_LOOK)
    return Render(
        project,
        to_render,
        tuple(frame for frame in written(places.render_pattern) if frame in asked),
        places.render_pattern,
        space_of(project),
        _short(project, to_render, records.of_kind(_SHORT)),
        tuple(sorted(rows, key=lambda one: -one.score)) if found else None,
        changes_of([file]),
        _look(looks[-1].data) if looks else Look(),
        unjudged(found.get("untold", ())),
    )


def _short(project: Project, to_render: tuple[int, ...], rendered: tuple[ledger.Record, ...]) -> ShortRange:
    least = int(load_recipe(project.recipe).presets.get("short_range_least", 0))
    asked = frames_of(project.inference.short_range)
    if asked:
        return ShortRange(asked, said=f"{_count(asked)}, as the project says.")
    if len(to_render) <= least:
        return ShortRange(to_render, said=f"All {_count(to_render)}: there are no more.", whole=True)
    if not rendered:
        return ShortRange(said="The engine chooses it round the hardest moments when it is rendered.")
    data = rendered[-1].data
    moments = {int(frame): str(why) for frame, why in (data.get("moments") or {}).items()}
    return ShortRange(frames_of(str(data.get("frames", ""))), moments, str(data.get("what", "")))


def _outlier(place: Path, row: Mapping[str, Any]) -> Outlier:
    where, name = row.get("where"), str(row.get("picture") or "")
    picture = place / "outliers" / Path(name).name if name else None
    box = where if isinstance(where, list) and len(where) == 4 else None
    return Outlier(
        int(row["frame"]),
        str(row["kind"]),
        float(row["figure"]),
        float(row["usual"]),
        float(row["score"]),
        (int(box[0]), int(box[1]), int(box[2]), int(box[3])) if box else None,
        str(row.get("unit", "")),
        str(row.get("reason", "")),
        picture,
    )


def _look(data: Mapping[str, Any]) -> Look:
    return Look(
        str(data.get("what", "")),
        str(data.get("lever", "")),
        str(data.get("training", "")),
        tuple(int(one) for one in data.get("added") or ()),
        tuple(str(one) for one in data.get("worse") or ()),
    )


def _count(frames: tuple[int, ...]) -> str:
    return f"{len(frames)} frame{'' if len(frames) == 1 else 's'}"
