"""The edit timeline of a project, or of two sequences: what lies where, at which time, and what is marked.

Times are read from the headers of the first and the last frame of each side: where both carry a timecode, and it
counts as the frames do, it is the time of the media; otherwise the number of a frame is its time, as in Nuke.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from film_recovery.delivery.marks import OUTLIERS, marked, outliers_of
from film_recovery.delivery.timeline import ORIGINAL, RECOVERED, Edit, Footage, Mark
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.footage.timecode import timecode_of
from film_recovery.imaging.reading import read_header
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import Project
from film_recovery.stages.flagged import flags_of
from film_recovery.stages.outliers import stale
from film_recovery.stages.validating import STILLS
from film_recovery.stages.view import NotYet, View

FILE = "timeline.otio"


@dataclass(frozen=True)
class Made:
    """An edit, and what whoever opens it should know, as sentences."""

    edit: Edit
    notes: tuple[str, ...]


def of_project(project: Project) -> Made:
    """The Source and the rendered frames of ``project``; pairs, hold-outs, stills and outliers marked.

    Raises CheckFailed before the first frame is rendered, FilmRecoveryError for outliers that cannot be read.
    """
    view = View(project)
    try:
        view.need("source")
        recovered = (view.output.sequence, tuple(view.written))
    except NotYet as reason:
        raise CheckFailed(
            f"There is nothing to put on the timeline: {reason}.",
            remedy=f"film-recovery run --project {project.folder}",
            file=str(project.folder),
        ) from reason
    source = view.sequence("source")
    marks = [*_pairs(project), *_stills(view)]
    outliers = view.paths.validation / OUTLIERS
    notes: tuple[str, ...] = ()
    if stale(view):
        why = "are of an earlier render, or by earlier statistics"
        notes = (f"The outliers {why}, and not marked; film-recovery outliers looks again.",)
    elif outliers.is_file():
        marks += outliers_of(outliers)
    facts = {
        "film": project.film,
        "reel": project.reel,
        "shot": project.shot,
        "recipe": project.recipe,
        "model": view.model_file.name,
    }
    title = " ".join(word for word in (project.title or project.film, project.reel, project.shot) if word)
    original = (source, tuple(source.frames()))
    made = of_sequences(original, recovered, project.source.frame_rate, tuple(marks), title)
    edit = made.edit
    told = Edit(edit.title, edit.rate, edit.original, edit.recovered, edit.marks, facts)
    return Made(told, (*notes, *made.notes))


def of_sequences(
    original: tuple[Sequence, tuple[int, ...]],
    recovered: tuple[Sequence, tuple[int, ...]],
    rate: float,
    marks: tuple[Mark, ...] = (),
    title: str = "",
) -> Made:
    """Two numbered sequences with the frames of each that are to be shown; headers are read for their timecodes."""
    if not 1 <= rate <= 1000:
        raise UsageError(
            f"{rate:g} is no number of frames a second.", remedy="give --frame-rate, such as 24 or 23.976"
        )
    notes: list[str] = []
    sides = []
    for name, (sequence, frames) in ((ORIGINAL, original), (RECOVERED, recovered)):
        if not frames:
            raise FilmRecoveryError(
                f"The {name} has no frame.",
                remedy="check the pattern, and that its disk is mounted",
                file=sequence.pattern,
            )
        start, note = _start(name, sequence, frames, rate)
        notes += [note] if note else []
        if count := frames[-1] - frames[0] + 1 - len(frames):
            notes.append(f"The {name} lacks {count} of its frames; the track has gaps there.")
        sides.append(Footage(sequence, frames, start))
    one, other = sides
    shift = other.start - one.time_of(other.frames[0])
    if shift:
        notes.append(
            f"The clocks of the two differ by {abs(shift)} frames; the tracks are aligned by frame number."
        )
    return Made(Edit(title or Path(one.sequence.pattern).name, rate, one, other, marks), tuple(notes))


def _start(name: str, sequence: Sequence, frames: tuple[int, ...], rate: float) -> tuple[int, str]:
    """The time of the first frame, in frames, and a sentence where it is not its timecode."""
    if sequence.is_still:
        return frames[0], ""  # refused when it is written
    whole = round(rate)
    times = []
    for frame in (frames[0], frames[-1]):
        found = timecode_of(read_header(sequence.pattern, frame=frame).metadata)
        if found is None:
            return frames[0], f"The {name} carries no timecode; the number of a frame is its time."
        times.append(found.count(whole))
    if times[1] - times[0] != frames[-1] - frames[0]:
        return frames[0], (
            f"The timecode of the {name} counts {times[1] - times[0]} frames from frame {frames[0]} to {frames[-1]}, "
            f"which are {frames[-1] - frames[0]}; the number of a frame is its time instead."
        )
    return times[0], ""


def _pairs(project: Project) -> Iterator[Mark]:
    flags = flags_of(project)
    for kind, pairs in (("pair", project.pairs), ("hold-out", project.hold_out)):
        for pair in pairs:
            other = "" if pair.source == pair.reference else f"Reference frame {pair.reference}"
            said = [word for word in (pair.reason, other, flags.get(f"{kind} {pair.source}", "")) if word]
            facts = {"reference": pair.reference, "shot": pair.shot, "flags": list(pair.flags)}
            yield Mark(pair.source, kind, "; ".join(said), facts)


def _stills(view: View) -> tuple[Mark, ...]:
    """Frames whose stills (``1042_recovered.png``) lie beside the report, whatever each shows."""
    folder = view.paths.validation / STILLS
    names = [file.stem.partition("_")[0] for file in folder.glob("*.png")] if folder.is_dir() else []
    found = {int(name) for name in names if name.isdecimal()}
    first, last = view.project.source.first, view.project.source.last
    return marked("still", sorted(frame for frame in found if first <= frame <= last))
