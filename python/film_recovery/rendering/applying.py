"""A model over files: a picture, a folder or a sequence, file by file, without a Nuke script.

What a file is stays as it is: bit depth, alpha and other channels, windows, metadata, colour profile; only red, green
and blue change. The film is sacred here too: nothing is written into a folder of the input, and nothing over a file
that this engine did not write. A run that was killed continues: finished files are known by the record beside them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery._files import stamp
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import carrying
from film_recovery.imaging.files import COMPRESSIONS, DATATYPES, Header, read_frame, read_header, write_frame
from film_recovery.imaging.frame import RGB, Frame, Pixels, need_colours
from film_recovery.imaging.reading import FORMATS
from film_recovery.imaging.sequence import Sequence as FileSequence
from film_recovery.protection import keep_apart, keep_from_masters
from film_recovery.rendering.domain import outside_of
from film_recovery.rendering.record import Record, sha256
from film_recovery.rendering.workplace import workplace

Run = Callable[[Pixels], Pixels]
Progress = Callable[[int, int, Path, bool], None]

_OURS = "apply-"  # how the jobs begin that this module notes
_EDITION = f"{_OURS}1"  # another one whenever equal input gives other pixels
_LOSSY = ("b44", "b44a", "dwaa", "dwab")
_READ_ONLY = {".jpg": ".png", ".jpeg": ".png"}  # what is not written → what takes its place


@dataclass(frozen=True)
class Job:
    """One file to be made: ``source`` → ``target``."""

    source: Path
    target: Path


@dataclass(frozen=True)
class Applied:
    """What was done. ``values_outside``: written colour samples outside 0–1 (an integer file clamps them).

    ``notes``: what the operator should know of: a kind of file that became another, notes that it cannot hold.
    ``outside``: target's name → pixels outside 0–1 of ``input`` and ``output`` (``domain.outside_of``), of kept files
    too; not of those that an earlier version made."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    values_outside: int
    notes: tuple[str, ...]
    outside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def jobs(source: str, out: Path) -> list[Job]:
    """What a run over ``source`` (a file, a folder of pictures, or a pattern such as ``shot.####.exr``) is to make.

    ``out``: a file for a file, a pattern for a pattern, or a folder, in which names stay. A JPEG becomes a PNG, because
    it is lossy. Raises FilmRecoveryError where nothing is found, where two files would get one name, for a kind of
    file that cannot hold what the input holds, for a folder that is the input's own, lies in it or around it, and for
    one that a project renders its masters into.
    """
    files = _inputs(source)
    pattern = FileSequence.parse(str(out)) if out.suffix.lower() in (*DATATYPES, *_READ_ONLY) else None
    many = Path(source).is_dir() or len(files) > 1
    if pattern is not None and many and (pattern.is_still or not _numbered(source)):
        raise FilmRecoveryError(
            f"{len(files)} pictures cannot all become {out.name}.",
            file=str(out),
            remedy="name a folder, or for a sequence a pattern such as out/shot.####.exr",
        )
    found = [Job(file, _target(file, number, out, pattern)) for number, file in files]
    for job in found:
        _check_kind(job)
        for home in {job.source.parent, Path(os.path.realpath(job.source)).parent}:
            keep_apart(job.target.parent, home, f"where {job.source.name} lies", file=str(job.target))
    _refuse_twice(found)
    for first in {job.target.parent: job.target for job in found}.values():
        keep_from_masters(first)
    return found


def apply(run: Run, model: str, work: Sequence[Job], *, progress: Progress | None = None) -> Applied:
    """Makes every file of ``work`` that is not there yet. ``run``: H×W×3, top row first, values as in the file → same.

    ``model``: whatever decides the pixels beside the input (a hash). One picture is in memory at a time. Raises
    FilmRecoveryError naming the file for values that are not finite, a file that is not ours in the place of one that
    is to be written, and whatever reading and writing raise. Files written before stay.
    """
    written: list[Path] = []
    kept: list[Path] = []
    outside, notes = 0, dict.fromkeys(_notes_before(work))
    folder = work[0].target.parent
    _make(folder)
    record = Record(folder)
    key = f"{_EDITION}-{model}"
    with workplace(folder) as place:
        for number, job in enumerate(work, 1):
            complete = record.is_complete(job.target, number, f"{key}-{job.source.name}")
            if not complete:
                record.refuse_foreign(job.target, number, _OURS)
                outside += _make_one(run, job, number, record, f"{key}-{job.source.name}", place)
                if job.target.suffix.lower() != ".exr":
                    lost = carrying.lost(job.source, job.target)
                    if lost:
                        kind = job.target.suffix.lower()
                        notes[f"A {kind} file does not hold {', '.join(lost)} of its input."] = None
            (kept if complete else written).append(job.target)
            if progress:
                progress(number, len(work), job.target, complete)
    figures = {job.target.name: record.figures(job.target.name).get("outside") for job in work}
    counted = {name: one for name, one in figures.items() if one}
    return Applied(tuple(written), tuple(kept), outside, tuple(notes), counted)


def _make_one(run: Run, job: Job, number: int, record: Record, key: str, place: Path) -> int:
    part = place / job.target.name
    try:
        noted = stamp(job.source)
        header, frame = read_header(job.source), read_frame(job.source)
        made = _recovered(run, frame, job.source)
        write_frame(
            made,
            part,
            datatype=_datatype(header, job),
            compression=_compression(header) if job.target.suffix.lower() == ".exr" else None,
            like=job.source,
        )
        counted = {"outside": {"input": outside_of(frame), "output": outside_of(made)}}
        record.add(job.target, number, sha256(part), key, {job.source: noted}, figures=counted)
        os.replace(part, job.target)
    except FilmRecoveryError as error:
        if "file" not in error.where or Path(error.where["file"]).parent == place:
            error.where["file"] = str(job.source if "file" not in error.where else job.target)
        raise
    colours = made.select(RGB)
    return int(np.count_nonzero((colours < 0) | (colours > 1)))


def _recovered(run: Run, frame: Frame, file: Path) -> Frame:
    need_colours(frame, file)
    if frame.bbox.empty:
        return frame
    rgb = np.ascontiguousarray(frame.select(RGB)[::-1])
    return frame.with_channels(RGB, run(rgb)[::-1])


def _inputs(source: str) -> list[tuple[int | None, Path]]:
    """Frame numbers (None outside a sequence) and files, in order."""
    path = Path(source)
    if path.is_file():
        return [(None, path)]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in FORMATS and file.is_file())
        found: list[tuple[int | None, Path]] = [
            (None, file) for file in files if not file.name.startswith(".")
        ]
        reason = "The folder holds no picture."
    else:
        sequence = FileSequence.parse(source)
        found = [(number, sequence.path(number)) for number in sequence.frames()]
        reason = "There is no such file, folder or sequence."
    if not found:
        raise FilmRecoveryError(
            reason,
            file=source,
            remedy=f"name a picture ({' '.join(FORMATS)}), a folder of them, or shot.####.exr",
        )
    return found


def _numbered(source: str) -> bool:
    return not Path(source).exists() and not FileSequence.parse(source).is_still


def _target(file: Path, number: int | None, out: Path, pattern: FileSequence | None) -> Path:
    if pattern is not None:
        return out if number is None or pattern.is_still else pattern.path(number)
    return out / f"{file.stem}{_READ_ONLY.get(file.suffix.lower(), file.suffix)}"


def _check_kind(job: Job) -> None:
    """The target can be written, and holds what the source holds."""
    suffix = job.target.suffix.lower()
    if suffix in _READ_ONLY:
        raise FilmRecoveryError(
            "JPEG is read only: it is lossy.", file=str(job.target), remedy="name it .png or .tif"
        )
    before = _READ_ONLY.get(job.source.suffix.lower(), job.source.suffix.lower())
    same = {".tiff": ".tif"}
    if same.get(before, before) != same.get(suffix, suffix) and {before, suffix} - {".png", ".tif", ".tiff"}:
        raise FilmRecoveryError(
            f"A {job.source.suffix} file does not become a {job.target.suffix} file: bit depth, metadata or domain "
            "would change.",
            file=str(job.target),
            remedy=f"name it {before}; convert it in a Nuke script if it has to be another kind",
        )


def _refuse_twice(found: Sequence[Job]) -> None:
    taken: dict[str, Path] = {}
    for job in found:
        name = str(job.target).lower()
        if name in taken:
            raise FilmRecoveryError(
                f"{taken[name].name} and {job.source.name} would both become {job.target.name}.",
                file=str(job.source),
                remedy="rename one of them, or run them into two folders",
            )
        taken[name] = job.source


def _datatype(header: Header, job: Job) -> str:
    """The bit depth of the file, as ``write_frame`` calls it. Fewer bits than 16 in 16-bit words count as 16."""
    depth, known = header.bit_depth, DATATYPES[job.target.suffix.lower()]
    if depth in known:
        return depth
    if depth in ("uint10", "uint12") and "uint16" in known:
        return "uint16"
    if depth in ("uint1", "uint2", "uint4") and "uint8" in known:
        return "uint8"
    raise FilmRecoveryError(
        f"Pixels of the kind {depth} are not written to a {job.target.suffix} file.",
        file=str(job.source),
        remedy=f"convert it first to one of: {', '.join(known)}",
    )


def _compression(header: Header) -> str:
    """That of the file where it loses nothing, else zip: values are never rounded twice."""
    name = header.compression.partition(":")[0]
    return name if name in COMPRESSIONS and name not in _LOSSY else "zip"


def _notes_before(work: Sequence[Job]) -> list[str]:
    photographs = sum(job.source.suffix.lower() in _READ_ONLY for job in work)
    return [f"{photographs} JPEG files become PNG, 8 bit: JPEG is lossy."] if photographs else []


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FilmRecoveryError(
            f"The output folder cannot be made: {error.strerror}.",
            file=str(folder),
            remedy="check the path and its permissions, or choose another",
        ) from error
