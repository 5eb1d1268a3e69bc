"""Stage 2 as a page shows it: the pairs, how far each is off, how the script aligns it, and the live area."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import graph as graph_of_film
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.corners import corners
from film_recovery.host.script import ScriptHost
from film_recovery.panel.contents import changes_of
from film_recovery.panel.contents.pairs import HOLD_OUT, PAIR
from film_recovery.plugin import alignment_switch
from film_recovery.plugin.alignment_switch import Graph, Sides
from film_recovery.project import FILE, Element, PairOf, Project, load, paths

RECORD, BLOCK = "align.json", "FR_Align.nk"
_LINE = re.compile(r'\{"frame": (-?\d+), "reference_frame": (-?\d+), ')
_APART = 1e-3  # pixels
_NO_GRAPH = Graph({}, ())
Moment = tuple[int, int]


@dataclass(frozen=True)
class Measured:
    """What ``align`` found. ``pixels``: how far the worst corner is off, None where nothing could be measured.
    ``applied``: whether the pair has the solution that was measured."""

    verdict: str
    pixels: float | None
    reason: str
    applied: bool
    heatmap: Path | None
    stamp: float


@dataclass(frozen=True)
class Row:
    """A pair or hold-out. ``index``: from 1, of its kind. ``number``: its frame in the script's stacks, 0: none.
    ``mode``: the switch's input there, None: not known. ``crop``: the live area there, in pixels of the Source.
    ``waits``: the pair has a solution that the script does not have yet."""

    index: int
    kind: str
    pair: PairOf
    measured: Measured | None
    number: int
    mode: int | None
    crop: Sides | None
    waits: bool = False

    @property
    def moment(self) -> Moment:
        return self.pair.source, self.pair.reference


@dataclass(frozen=True)
class AlignmentOf:
    """``graph``: of the script as it is saved; ``stamp``: of that file. ``no_script``: what to do where none can be
    shown. ``measured``: whether ``align`` ran. ``around``: what it said of the live area. ``block``: FR_Align.nk."""

    project: Project
    rows: tuple[Row, ...]
    graph: Graph
    stamp: tuple[float, ...]
    no_script: str
    measured: bool
    around: tuple[str, ...]
    block: Path | None

    def row_of(self, frame: int) -> Row | None:
        """The row of a Source frame."""
        return next((row for row in self.rows if row.pair.source == frame), None)


def files(folder: Path) -> tuple[Path, ...]:
    """What the page depends on. Raises FilmRecoveryError where the project cannot be read."""
    place = paths(load(folder))
    return folder / FILE, place.script, place.alignment / RECORD, place.alignment / BLOCK


def read(folder: Path) -> AlignmentOf:
    """The page. Raises FilmRecoveryError for a project, script or record that cannot be read."""
    project = load(folder)
    place = paths(project)
    stamp = changes_of([place.script])
    host = ScriptHost(place.script) if place.script.is_file() else None
    graph = _NO_GRAPH if host is None else alignment_switch.graph_of(host)
    found, around = _recorded(place.alignment / RECORD, _moments(project))
    rows = []
    for kind, pairs in ((PAIR, project.pairs), (HOLD_OUT, project.hold_out)):
        for index, pair in enumerate(pairs, 1):
            number = graph.number_of(pair.source, pair.reference) if kind == PAIR else 0
            crop: Sides | None = project.alignment.live_area
            mode, waits = None, False
            if host is not None and number:
                mode = alignment_switch.mode_of(host, graph, number)
                crop = alignment_switch.crop_of(host, graph, number)
                waits = _waits(project, pair, alignment_switch.corners_of(host, graph, number))
            one = found.get((pair.source, pair.reference))
            measured = None if one is None else _measured(one, pair, place.alignment)
            rows.append(Row(index, kind, pair, measured, number, mode, crop, waits))
    block = place.alignment / BLOCK
    return AlignmentOf(
        project,
        tuple(rows),
        graph,
        stamp,
        _missing(project, host is not None, graph),
        (place.alignment / RECORD).is_file(),
        around,
        block if block.is_file() else None,
    )


def _missing(project: Project, has_script: bool, graph: Graph) -> str:
    """What to do where the script cannot show the pairs; empty where it can."""
    if not project.pairs:
        return "No pairs are chosen yet. Choose them in stage 1."
    if not has_script:
        return "No script has been built yet. A run builds it, and so does Build in NukeX."
    lacking = [
        name
        for name in (alignment_switch.SOURCE, alignment_switch.SWITCH, alignment_switch.DIFFERENCE)
        if name not in graph.nodes
    ]
    if lacking:
        return f"The script has no {' and no '.join(lacking)}. Build in NukeX brings them back."
    return ""


def _waits(project: Project, pair: PairOf, there: Sequence[Sequence[float]]) -> bool:
    """Whether the solution of a pair moves the corners elsewhere than the script does."""
    if not pair.matrix:
        return False
    own = corners(pair.matrix, _element(project.source), _element(project.reference))
    if len(there) != len(own):
        return True
    return any(abs(a - b) > _APART for one, other in zip(own, there) for a, b in zip(one, other))


def _element(one: Element) -> graph_of_film.Element:
    return graph_of_film.Element(one.file, one.first, one.last, one.width, one.height, one.pixel_aspect)


def _moments(project: Project) -> set[Moment]:
    return {(pair.source, pair.reference) for pair in (*project.pairs, *project.hold_out)}


def _recorded(file: Path, wanted: set[Moment]) -> tuple[dict[Moment, dict[str, Any]], tuple[str, ...]]:
    """What ``align.json`` says of ``wanted``, and of what lies around the live area. One line a moment: those of a
    long range, tile by tile, are not for a page."""
    if not file.is_file():
        return {}, ()
    found: dict[Moment, dict[str, Any]] = {}
    around: tuple[str, ...] = ()
    try:
        with file.open(encoding="utf-8") as stream:
            if not next(stream, "").rstrip().endswith('"frames": ['):
                raise ValueError("its first line is another")
            for line in stream:
                head = _LINE.match(line)
                if head is not None and (moment := (int(head[1]), int(head[2]))) in wanted:
                    found[moment] = json.loads(line.rstrip().rstrip(","))
                elif line.startswith("],"):
                    area = json.loads("{" + line[2:]).get("live_area") or {}
                    around = tuple(str(one) for one in area.get("reasons", ()))
    except ValueError as error:
        raise FilmRecoveryError(
            f"It is not as align writes it: {error}.", file=str(file), remedy="align the pairs again"
        ) from error
    return found, around


def _measured(one: Mapping[str, Any], pair: PairOf, folder: Path) -> Measured:
    matrix = one.get("matrix") or ()
    applied = len(matrix) == len(pair.matrix) and all(
        abs(a - b) <= 1e-9 * max(1.0, abs(a)) for a, b in zip(matrix, pair.matrix)
    )
    picture = folder / f"residual.{pair.source:04d}.png"
    has_picture = picture.is_file()
    pixels = one.get("residual")
    return Measured(
        str(one.get("verdict", "")),
        None if pixels is None else float(pixels),
        str(one.get("reason", "")),
        applied,
        picture if has_picture else None,
        changes_of([picture])[0],
    )
