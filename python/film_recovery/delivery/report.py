"""The report: one self-contained HTML file that an archivist opens, reads, and keeps beside the masters.

It asks nothing of any network (a content policy inside it forbids that), needs no script to be read, prints, and
is equal byte for byte for equal data. All text is data: the templates escape everything.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from film_recovery import __version__
from film_recovery.checks import OUTCOMES, Outcome, StageReport
from film_recovery.delivery.album import LARGEST, Album, Kept, Placed, drawn
from film_recovery.delivery.chart import Drawing, Line, drawing, legend
from film_recovery.delivery.data import (
    Chart,
    FigureRow,
    Outlier,
    ReportData,
    Signature,
)
from film_recovery.delivery.pictures import Encoded
from film_recovery.delivery.plot import HEIGHT, LEFT, RIGHT, TOP, WIDTH, plot
from film_recovery.delivery.verdict import check_anchor, verdict
from film_recovery.delivery.words import count, number, plain, printable, words
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.frame_ranges import format_frames

STAGES = ("Ingest", "Curation", "Alignment", "Training", "Inference", "Validation")


def build_report(data: ReportData, path: Path | str) -> Path:
    """Writes the report on ``data`` to ``path``, atomically, in place of an earlier one; gives the path back.

    Raises FilmRecoveryError when the folder cannot be written to, or the report would exceed 20 MB.
    """
    path = Path(path)
    content = _html(data).encode("utf-8")
    if len(content) >= LARGEST:
        raise FilmRecoveryError(
            f"The report would have {len(content) / 1e6:.1f} MB; {LARGEST / 1e6:.0f} are allowed.",
            remedy="show fewer stills, or shorten its texts",
            file=str(path),
        )
    with replacement(path, create_directories=True) as temporary:
        temporary.write_bytes(content)
    return path


def _html(data: ReportData) -> str:
    environment = Environment(
        loader=PackageLoader("film_recovery.delivery"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(words=words, plain=plain, number=number)
    script = environment.get_template("report.js").render()
    stills = _stills(data)
    return environment.get_template("report.html").render(
        data=data,
        verdict=verdict(data),
        stages=[_stage(data, report) for report in data.reports],
        figures=[_row(data, row) for row in data.figures],
        stills=stills.shown,
        pictures=stills.encoded,
        plots=[(curve, plot(curve)) for curve in data.curves],
        charts=[_chart(chart) for chart in data.charts],
        outliers=stills.outliers,
        signed=_signed(data),
        box={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "top": TOP},
        held_out=format_frames(data.held_out).replace(",", ", "),
        elements=list(dict.fromkeys(key for element in data.elements.values() for key in element)),
        made={"Film Recovery": __version__, **data.made},
        version=__version__,
        script_hash=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
    )


# Stills


@dataclass(frozen=True)
class _ShownStill:
    anchor: str
    still: Kept
    pictures: tuple[Placed, ...]
    scopes: tuple[Placed, ...]


@dataclass(frozen=True)
class _ShownOutlier:
    outlier: Outlier
    picture: Placed | None


@dataclass(frozen=True)
class _Stills:
    shown: tuple[_ShownStill, ...]
    encoded: Encoded
    outliers: tuple[_ShownOutlier, ...]


def _stills(data: ReportData) -> _Stills:
    """All pictures: drawings first, as they are; the stills in the best grade that there is still room for."""
    album = data.stills if isinstance(data.stills, Album) else Album(data.stills)
    outliers = tuple(
        _ShownOutlier(one, _only(drawn({} if one.picture is None else {f"frame {one.frame}": one.picture})))
        for one in data.outliers or ()
    )
    taken = sum(len(one.picture.uri) for one in outliers if one.picture is not None)
    result, placed = album.placed(taken)
    shown = tuple(
        _ShownStill(f"still-{place}", still, pictures, still.scopes)
        for place, (still, pictures) in enumerate(zip(album, placed, strict=True), 1)
    )
    return _Stills(shown, result, outliers)


def _only(pictures: tuple[Placed, ...]) -> Placed | None:
    return pictures[0] if pictures else None


# Charts


@dataclass(frozen=True)
class _ShownChart:
    chart: Chart
    drawing: Drawing | None
    legend: tuple[Line, ...]


def _chart(chart: Chart) -> _ShownChart:
    drawn = drawing(chart)
    return _ShownChart(chart, drawn, () if drawn is None else legend(chart, drawn))


def _signed(data: ReportData) -> list[tuple[str, Signature | None]]:
    """The manual checks of the last stage, by title, each with who signed it last."""
    last = max((report.stage for report in data.reports), default=0)
    manual = [check for check in data.checks if check.manual and check.stage == last]
    by = {signature.check: signature for signature in data.signatures}
    return [(check.title, by.get(check.id)) for check in manual]


# Checks


@dataclass(frozen=True)
class _ShownCheck:
    anchor: str
    title: str
    why: str
    manual: bool
    outcome: Outcome
    signatures: tuple[Signature, ...]


@dataclass(frozen=True)
class _ShownStage:
    title: str
    worst: str
    summary: str
    checks: tuple[_ShownCheck, ...]


def _stage(data: ReportData, report: StageReport) -> _ShownStage:
    found = [outcome.outcome for outcome in report.outcomes]
    counts = [f"{found.count(name)} {name}" for name in reversed(OUTCOMES) if name in found]
    return _ShownStage(
        title=STAGES[report.stage] if 0 <= report.stage < len(STAGES) else f"Stage {report.stage}",
        worst=report.worst,
        summary=count(len(found), "check") + (f": {', '.join(counts)}" if counts else ""),
        checks=tuple(_check(data, outcome) for outcome in report.outcomes),
    )


def _check(data: ReportData, outcome: Outcome) -> _ShownCheck:
    check = next((known for known in data.checks if known.id == outcome.check), None)
    signatures = tuple(signature for signature in data.signatures if signature.check == outcome.check)
    return _ShownCheck(
        anchor=check_anchor(outcome.check),
        title=data.title_of(outcome.check),
        why=check.why if check else "",
        manual=bool(signatures) or (check is not None and check.manual),
        outcome=outcome,
        signatures=signatures,
    )


# Figures


@dataclass(frozen=True)
class _Cell:
    column: str
    text: str
    best: bool
    change: str


@dataclass(frozen=True)
class _ShownRow:
    row: FigureRow
    wanted: str
    cells: tuple[_Cell, ...]


def _row(data: ReportData, row: FigureRow) -> _ShownRow:
    distances = [row.distance(column) for column in data.columns]
    best = min((d for d in distances if d is not None), default=None)
    several = sum(d is not None for d in distances) > 1
    cells = []
    for column, distance in zip(data.columns, distances, strict=True):
        value = row.values.get(column)
        cells.append(
            _Cell(
                column=column,
                text="–" if value is None else number(value),
                best=several and distance is not None and distance == best,
                change=_change(data, row) if column == data.delivered else "",
            )
        )
    wanted = {"higher": "higher is better", "lower": "lower is better"}.get(row.better)
    return _ShownRow(row, wanted or f"best at {number(row.target or 0.0)}", tuple(cells))


def _change(data: ReportData, row: FigureRow) -> str:
    """How far the delivered column is from the Source's, with its sign."""
    before, after = row.values.get(data.source_column), row.values.get(data.delivered)
    if before is None or after is None or data.source_column == data.delivered:
        return ""
    shown = number(before), number(after)
    if any("×" in text for text in shown):
        difference = number(after - before)
        return difference if difference.startswith("−") else f"+{difference}"
    digits = max(len(text.partition(".")[2]) for text in shown)
    return f"{after - before:+.{digits}f}".replace("-", "−")
