"""``film-recovery timeline``: Original and Recovered beside each other for an editing or grading program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from film_recovery.cli.report import Report
from film_recovery.delivery.marks import marked, outliers_of
from film_recovery.delivery.timeline import Mark, write_timeline
from film_recovery.errors import EXIT_DONE, UsageError
from film_recovery.imaging.sequence import Sequence, parse_frames
from film_recovery.project import load, paths
from film_recovery.protection import keep_apart
from film_recovery.stages import timeline


@dataclass(frozen=True)
class Sides:
    """Two sequences by pattern, and what of them to mark: frames, or a file of outliers. Empty: not given."""

    original: str = ""
    recovered: str = ""
    frames: str = ""
    rate: float | None = None
    pairs: str = ""
    hold_out: str = ""
    stills: str = ""
    outliers: Path | None = None


def write(report: Report, folder: Path, sides: Sides, out: Path | None, absolute: bool) -> int:
    """Writes the timeline of the project in ``folder``, or of ``sides`` where these are given; says what is on it."""
    if sides == Sides():
        project = load(folder)
        made = timeline.of_project(project)
        out = out or paths(project).validation / timeline.FILE
    else:
        made = _of(sides)
        if out is None:
            raise UsageError("The timeline needs a file.", remedy="name it with --out, such as compare.otio")
    if out.suffix != ".otio":
        raise UsageError(f"{out.name} is no name of a timeline.", remedy="end it in .otio")
    for footage in (made.edit.original, made.edit.recovered):
        _keep_out(out, footage.sequence.folder)
    write_timeline(made.edit, out, absolute=absolute)
    counts: dict[str, int] = {}
    for mark in made.edit.marks:
        counts[mark.kind] = counts.get(mark.kind, 0) + 1
    for note in made.notes:
        report.say(note)
    report.result(
        {
            "timeline": str(out),
            "frame_rate": made.edit.rate,
            "original": len(made.edit.original.frames),
            "recovered": len(made.edit.recovered.frames),
            "markers": counts,
            "notes": list(made.notes) if report.as_json else [],
        },
        "timeline",
    )
    return EXIT_DONE


def _of(sides: Sides) -> timeline.Made:
    if not (sides.original and sides.recovered):
        raise UsageError(
            "A timeline of sequences needs both of them.", remedy="give --original and --recovered"
        )
    if sides.rate is None:
        raise UsageError(
            "Files do not say how fast they run.", remedy="give --frame-rate, such as 24 or 23.976"
        )
    marks: list[Mark] = []
    for kind, frames in (("pair", sides.pairs), ("hold-out", sides.hold_out), ("still", sides.stills)):
        marks += marked(kind, parse_frames(frames)) if frames else ()
    if sides.outliers is not None:
        marks += outliers_of(sides.outliers)
    wanted = set(parse_frames(sides.frames)) if sides.frames else None
    found = []
    for pattern in (sides.original, sides.recovered):
        sequence = Sequence.parse(pattern)
        there = sequence.frames()
        found.append((sequence, tuple(frame for frame in there if wanted is None or frame in wanted)))
    return timeline.of_sequences(found[0], found[1], sides.rate, tuple(marks))


def _keep_out(out: Path, footage: Path) -> None:
    """Refuses a file inside a folder of frames; one beside or above it is where a timeline belongs."""
    here = out.resolve().parent
    home = footage.resolve()
    if here == home or home in here.parents:
        keep_apart(out.parent, footage, "where frames lie", file=str(out))
