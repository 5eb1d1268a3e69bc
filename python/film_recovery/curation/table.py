"""``pairs.csv``: the table of pairs, with where each comes from, why it was chosen, and what its pixels are.

Written by the stage and by ``film-recovery curate``. Who reads it needs no project: the documentation of a recovery
names its dataset by these rows. Cells that a spreadsheet would take for a formula get an apostrophe before them.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.timecode import timecode_of
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import read_frame, read_header
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import Project

FILE = "pairs.csv"
TRAINING, HOLD_OUT = "training", "hold-out"


@dataclass(frozen=True)
class Row:
    """One pair. ``index``: from 1, of its set. Timecodes as ``hh:mm:ss:ff``, empty where the header has none.

    ``flags``: what was found and stays, joined by ``; ``. ``source_sha256``, ``reference_sha256``: of the pixels (see
    :func:`content`), empty where the file is not there.
    """

    index: int
    set: str
    source_frame: int
    reference_frame: int
    shot: str
    reason: str
    source_timecode: str = ""
    reference_timecode: str = ""
    flags: str = ""
    source_sha256: str = ""
    reference_sha256: str = ""


COLUMNS = tuple(field.name for field in fields(Row))
_NUMBERS = ("index", "source_frame", "reference_frame")


def content(pattern: str | os.PathLike[str], frame: int | None) -> str:
    """SHA-256 of a picture: channels, box and values, whatever the file around them is. Errors as ``read_frame``."""
    picture = read_frame(pattern, frame=frame)
    digest = hashlib.sha256(f"{picture.channels} {picture.bbox}".encode())
    digest.update(np.ascontiguousarray(picture.pixels).tobytes())
    return digest.hexdigest()


def timecode(pattern: str | os.PathLike[str], frame: int | None) -> str:
    """The timecode in the header of a frame, or nothing."""
    found = timecode_of(read_header(pattern, frame=frame).metadata)
    return "" if found is None else str(found)


def described(row: Row, source: Sequence, reference: Sequence) -> Row:
    """``row`` with timecodes and hashes from the files of both elements. A file that is not there leaves them empty:
    that is another check's to say."""
    given: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    for side, sequence in (("source", source), ("reference", reference)):
        frame = getattr(row, f"{side}_frame")
        number = None if sequence.is_still else frame
        if not sequence.path(frame).is_file():
            continue
        given[f"{side}_timecode"] = timecode(sequence.pattern, number)
        given[f"{side}_sha256"] = content(sequence.pattern, number)
    return Row(**given)


def rows_of(project: Project) -> Iterator[Row]:
    """The rows of a project's pairs and hold-out, with what the files say; errors as ``read_frame``."""
    elements = [
        Sequence.parse(project.file_of(name), one.first, one.last)
        for name, one in ((name, project.elements[name]) for name in ("source", "reference"))
    ]
    for kind, pairs in ((TRAINING, project.pairs), (HOLD_OUT, project.hold_out)):
        for index, pair in enumerate(pairs, 1):
            flags = "; ".join(pair.flags)
            row = Row(index, kind, pair.source, pair.reference, pair.shot, pair.reason, flags=flags)
            yield described(row, *elements)


def write(rows: Iterable[Row], path: Path) -> Path:
    """Writes the table whole, or not at all; the folder is made."""
    with (
        replacement(path, create_directories=True) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(tuple(_cell(value) for value in astuple(row)) for row in rows)
    return path


def read(path: Path) -> tuple[Row, ...]:
    """The rows of a table. Columns of an older table that are lacking are empty. Raises FilmRecoveryError naming the
    line that is no row."""
    found = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FilmRecoveryError(
            "The table of pairs cannot be read.",
            file=str(path),
            remedy="write it again: film-recovery curate",
        ) from error
    for line, record in enumerate(csv.DictReader(text.splitlines()), 2):
        try:
            texts = {name: _uncell(record.get(name) or "") for name in COLUMNS}
            given: dict[str, Any] = {**texts, **{name: int(texts[name]) for name in _NUMBERS}}
        except ValueError as error:
            raise FilmRecoveryError(
                "A row of the table of pairs has no frame numbers.",
                file=str(path),
                line=line,
                remedy="write it again: film-recovery curate",
            ) from error
        found.append(Row(**given))
    return tuple(found)


def _cell(value: object) -> object:
    return (
        f"'{value}"
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
        else value
    )


def _uncell(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@", "\t", "\r") else text
