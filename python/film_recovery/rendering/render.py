"""The render loop: evaluate, check, convert, write, one frame after the other.

A frame that is complete already is kept; so a render that was killed continues, and gives the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.frame import RGB, Frame
from film_recovery.imaging.writing import AP0_CHROMATICITIES, write_frame
from film_recovery.nk.walk import upstream
from film_recovery.protection import protect_elements, protect_files
from film_recovery.rendering.job import job_keys
from film_recovery.rendering.naming import refuse_unnamed
from film_recovery.rendering.output import Output, write_output
from film_recovery.rendering.record import NAME, Record, Standing, sha256
from film_recovery.rendering.space import Room
from film_recovery.rendering.workplace import workplace

# Of what the Read knew of its file, only this goes on into the master.
KEPT_METADATA = (
    "smpte:TimeCode",
    "timeCode",
    "FramesPerSecond",
    "framesPerSecond",
    "keyCode",
    "smpte:KeyCode",
)

DATE = "ProcessingDate"  # the day on which the job began, in the header of each of its frames
_EXR = "exr/"

Progress = Callable[[int, int, int, bool], None]
# What the record keeps of a frame, beside its hash: asked before it is made, answered of what was made.
Figures = Callable[[Evaluator, int], Callable[[Frame], Mapping[str, Any]]]


@dataclass(frozen=True, eq=False)
class Job:
    """What is the same for every frame of a render. ``keys``: as ``job_keys``. ``header``: what each says; ``began``:
    the day, empty without. ``wanted``: whether a frame that is made is still to be put into its place."""

    evaluator: Evaluator
    output: Output
    record: Record
    place: Path
    keys: tuple[str, str]
    header: Mapping[str, str]
    began: str
    figures: Figures | None = None
    wanted: Callable[[], bool] = lambda: True

    def path(self, number: int) -> Path:
        return self.output.sequence.path(number)

    def make(self, number: int, room: Room) -> int | None:
        """Makes one frame, unless it is complete: None then, else how many of its samples lie outside 0–1."""
        self.output.refuse_disabled(number)
        path = self.path(number)
        made, earlier = _of_frame(self.keys, number)
        if self.record.is_complete(path, number, made, earlier):
            return None
        self.record.refuse_foreign(path, number)
        room.refuse_too_little()
        return _render_one(self, number, made, room)


@dataclass(frozen=True)
class Rendered:
    """What a render did. ``values_outside``: samples of the written frames outside 0–1, in the graph's domain."""

    written: tuple[int, ...]
    kept: tuple[int, ...]
    values_outside: int
    files: tuple[Path, ...]


def render(
    evaluator: Evaluator,
    node: str,
    frames: Sequence[int],
    *,
    job: str = "",
    header: Mapping[str, str] | None = None,
    day: str = "",
    figures: Figures | None = None,
    progress: Progress | None = None,
) -> Rendered:
    """Writes ``frames`` of the Write ``node``; frames that are complete already are kept.

    ``job``: whatever else the pixels depend on (hashes of models). ``header``: what an EXR's header says beside what
    the graph sets there, which comes first; with it, DATE too: ``day`` (2026-01-31; empty: :func:`today`), but a job
    that goes on another day keeps that of its first frame. ``figures``: what the record is to keep of each frame.
    ``progress(done, total, frame, kept)``.
    Raises FilmRecoveryError for an output folder of an element, a file that is not ours, NaN, a disk on which the
    frames to come have no room, and whatever evaluating or writing raises. Frames written before the error stay.
    """
    with opened(evaluator, node, frames, job=job, header=header, day=day, figures=figures) as whole:
        room = room_for(whole, frames)
        written: list[int] = []
        kept: list[int] = []
        outside = 0
        for done, number in enumerate(frames, 1):
            found = whole.make(number, room)
            outside += found or 0
            (kept if found is None else written).append(number)
            if progress:
                progress(done, len(frames), number, found is None)
    return Rendered(tuple(written), tuple(kept), outside, tuple(whole.path(n) for n in frames))


@contextmanager
def opened(
    evaluator: Evaluator,
    node: str,
    frames: Sequence[int],
    *,
    job: str = "",
    header: Mapping[str, str] | None = None,
    day: str = "",
    figures: Figures | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Iterator[Job]:
    """The render of ``frames``, ready for its first: what can be refused before that has been. As :func:`render`.
    ``wanted``: asked of each frame that is made, whether it still is."""
    output = write_output(evaluator, node)
    refuse_unnamed(output.call)
    output.check_frames(frames)
    protect_elements(evaluator, output.folder, output.call.node, "file", own=_own_pattern(output))
    output.prepare_folder()
    record = Record(output.folder)
    said = _said(output, header)
    keys = _keys(evaluator, output, job, said)
    began = (record.began(*keys) or day or today()) if said else ""
    if said:
        said.setdefault(DATE, began)
    with workplace(output.folder) as place:
        yield Job(evaluator, output, record, place, keys, said, began, figures, wanted)


def room_for(whole: Job, frames: Sequence[int], at_once: int = 1) -> Room:
    """The disk for those of ``frames`` that are not there yet, or that another job made, which ``whole`` replaces.
    ``at_once``: how many are made side by side."""
    sequence = whole.output.sequence
    there = set() if sequence.is_still else set(sequence.frames())
    whole.record.read_on()
    to_come = {
        number: whole.path(number)
        for number in frames
        if number not in there
        or not whole.record.notes(whole.path(number).name, *_of_frame(whole.keys, number))
    }
    return Room(whole.output.folder, [whole.path(number) for number in sorted(there)], to_come, at_once)


def standings(
    evaluator: Evaluator,
    node: str,
    frames: Sequence[int],
    *,
    job: str = "",
    header: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[int, Standing]:
    """What the record says of the ``frames`` on disk: whether each is what :func:`render`, asked alike, wrote there.

    ``progress(done, total)``. Raises FilmRecoveryError for a frame that cannot be read or a damaged record.
    """
    output = write_output(evaluator, node)
    record = Record(output.folder)
    keys = _keys(evaluator, output, job, _said(output, header))
    found = {}
    for done, number in enumerate(frames, 1):
        found[number] = record.standing(output.sequence.path(number), number, *_of_frame(keys, number))
        if progress:
            progress(done, len(frames))
    return found


def noted(
    evaluator: Evaluator,
    node: str,
    frames: Sequence[int],
    *,
    job: str = "",
    header: Mapping[str, str] | None = None,
) -> set[int]:
    """Those of ``frames`` that :func:`render`, asked alike, made, by the record alone: no frame is read."""
    output = write_output(evaluator, node)
    record = Record(output.folder)
    keys = _keys(evaluator, output, job, _said(output, header))
    return {
        number
        for number in frames
        if record.notes(output.sequence.path(number).name, *_of_frame(keys, number))
    }


def today(environment: Mapping[str, str] = os.environ) -> str:
    """The day in UTC, as 2026-01-31; that of ``SOURCE_DATE_EPOCH`` (seconds) where a reproducible render sets it.

    Source: reproducible-builds.org, specification of SOURCE_DATE_EPOCH. Raises UsageError for one that is no number.
    """
    given = environment.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return datetime.now(UTC).date().isoformat()
    try:
        return datetime.fromtimestamp(int(given), UTC).date().isoformat()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {given!r}, which is no time.",
            remedy="set it to seconds since 1970, or unset it",
        ) from error


def _said(output: Output, header: Mapping[str, str] | None) -> dict[str, str]:
    """What the files can hold of ``header``: all of it, or nothing where they are no EXR."""
    return dict(header or {}) if Path(output.sequence.pattern).suffix.lower() == ".exr" else {}


def _keys(evaluator: Evaluator, output: Output, job: str, said: Mapping[str, str]) -> tuple[str, str]:
    lines = [f"{name}={text}" for name, text in sorted(said.items())]
    return job_keys(evaluator, output, "\n".join((job, *lines)))


def _of_frame(keys: tuple[str, str], number: int) -> tuple[str, str]:
    """The job of one frame, by both keys: a name without a frame number may hold any frame."""
    present, earlier = keys
    return f"{present}-{number}", f"{earlier}-{number}"


def _own_pattern(output: Output) -> str:
    """The pattern that is written, where its frames are ours: no film lies under it that nobody noted."""
    empty = not os.path.isdir(output.folder)
    ours = empty or os.path.exists(output.folder / NAME) or not output.sequence.frames()
    return output.sequence.pattern if ours else ""


def _render_one(job: Job, number: int, key: str, room: Room) -> int:
    """Evaluates, checks and writes one frame. Gives how many of its samples lie outside 0–1."""
    evaluator, output = job.evaluator, job.output
    figures = job.figures(evaluator, number) if job.figures else None
    frame = evaluator.frame(output.call.node, number)
    sources = evaluator.sources(output.call.node, number)
    protect_files(sources, output.folder, output.call.node, "file")
    _refuse_non_finite(evaluator, output, frame, number, sources)
    colours = frame.select([name for name in frame.channels if name in RGB])
    path = output.sequence.path(number)
    part = job.place / path.name
    is_master = output.holds == evaluator.root.config.resolve("aces_interchange")
    is_exr = path.suffix.lower() == ".exr"
    try:
        write_frame(
            _converted(evaluator, frame, output, job.header),
            part,
            datatype=output.datatype,
            compression=output.compression,
            chromaticities=AP0_CHROMATICITIES if is_master and is_exr else None,
        )
        kept = figures(frame) if figures else {}
        content = sha256(part)
        _refuse_unwanted(job)
        job.record.add(path, number, content, key, sources, job.began, kept)
        _move(part, path, number)
        room.made(number, path)
    except FilmRecoveryError as error:
        if "file" not in error.where or Path(error.where["file"]).parent == job.place:
            error.where.update(file=str(path))
        error.where.setdefault("frame", number)
        error.where.setdefault("node", output.call.place.path)
        raise
    return int(np.count_nonzero((colours < 0) | (colours > 1)))


def _refuse_unwanted(job: Job) -> None:
    if not job.wanted():
        raise FilmRecoveryError(
            "The process that asked for this frame is gone, so it is not put into its place.",
            remedy="run it again: finished frames are kept",
        )


def _move(part: Path, path: Path, number: int) -> None:
    try:
        os.replace(part, path)
    except OSError as error:
        raise FilmRecoveryError(
            f"The finished frame cannot be put into its place: {error.strerror}.",
            file=str(path),
            frame=number,
            remedy="check the permissions of the folder, then render again",
        ) from error


def _converted(evaluator: Evaluator, frame: Frame, output: Output, header: Mapping[str, str]) -> Frame:
    """The channels that are written, in the Write's colour space (a colour is converted whole, or not at all)."""
    wanted = output.call.channels("channels", frame.channels)
    picture = frame
    if output.colourspace and any(name in wanted for name in RGB):
        missing = [name for name in RGB if name not in frame.channels]
        if missing:
            raise output.call.error(
                f"The image has no {', '.join(missing)}, so its colour cannot be converted.",
                "colorspace",
                "feed red, green and blue, or switch raw data on",
            )
        rgb = evaluator.root.config.convert(
            frame.select(RGB), evaluator.root.working_space, output.colourspace
        )
        picture = frame.with_channels(RGB, rgb)
    picture = picture.with_pixels(picture.select(wanted), wanted)
    metadata = {
        **header,
        **{name: value for name, value in _header(frame, output.header).items() if value != ""},
    }
    return Frame(picture.pixels, picture.channels, picture.format, picture.bbox, metadata)


def _header(frame: Frame, wanted: str) -> dict[str, Any]:
    """What goes into the file's header, by the Write's knob *metadata*: the time of the frame; beyond the default
    also what the graph set under ``exr/``, without that prefix. What a Read found in its own file stays there."""
    if wanted == "no metadata":
        return {}
    kept = {key: frame.metadata[key] for key in KEPT_METADATA if key in frame.metadata}
    if wanted != "default metadata":
        named = {key: value for key, value in frame.metadata.items() if key.startswith(_EXR)}
        kept.update({key.removeprefix(_EXR): value for key, value in named.items()})
    return kept


def _refuse_non_finite(
    evaluator: Evaluator, output: Output, frame: Frame, number: int, sources: Mapping[Path, list[int]]
) -> None:
    """Raises FilmRecoveryError when ``frame`` holds NaN or Inf, naming the node where they begin, and its files."""
    bad = int(np.count_nonzero(~np.isfinite(frame.pixels)))
    if not bad:
        return
    origin = output.call.node
    for node in upstream(output.call.node):  # nearest first: the last one found is where they begin
        if not np.isfinite(evaluator.frame(node, number).pixels).all():
            origin = node
    raise FilmRecoveryError(
        f"{bad} values are not finite (NaN or infinite).",
        frame=number,
        node=origin.path,
        class_name=origin.class_name,
        file=", ".join(str(path) for path, noted in sources.items() if noted) or None,
        remedy="repair the plate, or replace the values upstream with an Expression node",
    )
