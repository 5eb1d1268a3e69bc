"""Which frames in a folder are ours: a file of JSON lines beside them.

Each line names a frame that this engine wrote or was about to write, with its SHA-256, the job that made it, the day
that the job began and the files it came from. A frame is noted before it is renamed into place, so that a killed render
leaves no frame that nobody knows. Two rules rest on it: what is not ours, or was changed since, is never overwritten;
and what is ours, from the same job and unchanged files, need not be rendered again. Several runs may write into one
folder: each sees what the others noted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from film_recovery._files import stamp
from film_recovery._hashes import sha256_of
from film_recovery.errors import FilmRecoveryError

NAME = ".film-recovery.jsonl"

# What the record can say of a frame on disk.
OURS = "ours"  # of the job that is asked about, and unchanged
EARLIER = "earlier"  # ours, of another job: another script, model, program or header
RESCANNED = "rescanned"  # ours, and a file that it came from has changed since
CHANGED = "changed"  # we wrote a frame of this name, and this is not it
FOREIGN = "foreign"  # nobody noted a frame of this name here


@dataclass(frozen=True)
class Standing:
    """What the record says of a frame. ``state``: a word of the above; ``sha256``: of the file as it is now."""

    state: str
    sha256: str


class Record:
    """The record of one folder; a folder without one has none of ours."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._read_so_far = 0  # bytes
        self._lines = 0
        self.read_on()

    def is_complete(self, frame: Path, number: int, job: str, earlier: str = "") -> bool:
        """Whether ``frame`` holds what ``job`` makes of files that have not changed since. ``earlier``: another name
        of the same job; what was noted under that alone is noted under ``job`` too."""
        content = _content(frame, number)
        self.read_on()  # after looking at the frame: whoever put it there noted it before
        for name in (job, earlier):
            for row in self._rows.get(frame.name, ()):
                if row["job"] == name and row["sha256"] == content and _unchanged(row["from"]):
                    if name != job:
                        self._write({**row, "job": job}, number)
                    return True
        return False

    def notes(self, name: str, *jobs: str) -> bool:
        """Whether one of ``jobs`` made a frame ``name``, as far as the record was read (``read_on``); whether it still
        is that, :meth:`standing` knows."""
        return any(row["job"] in jobs for row in self._rows.get(name, ()))

    def rescanned(self, names: Iterable[str]) -> set[str]:
        """Those of the frames ``names`` that were made last, by whatever job, of files of which one has another size or
        time now. One that is gone does not count: scans go back to their archive."""
        self.read_on()
        look = cache(stamp)  # of a file that many frames come from, too
        found = ((name, self._rows[name][-1]["from"]) for name in names if name in self._rows)
        return {
            name
            for name, sources in found
            if any(look(Path(path)) not in (noted, []) for path, noted in sources)
        }

    def standing(self, frame: Path, number: int, *jobs: str) -> Standing:
        """Whether ``frame``, which is on disk, is what one of ``jobs`` made. A file that it came from and that is not
        there any more counts as unchanged: scans go back to their archive. Raises FilmRecoveryError for a frame that
        cannot be read."""
        content = _content(frame, number)
        self.read_on()
        named = self._rows.get(frame.name, [])
        same = [row for row in named if row["sha256"] == content]
        mine = [row for row in same if row["job"] in jobs]
        if any(_unchanged_or_gone(row["from"]) for row in mine):
            return Standing(OURS, content)
        if mine:
            return Standing(RESCANNED, content)
        return Standing(EARLIER if same else CHANGED if named else FOREIGN, content)

    def knows(self, name: str, content: str, begins: str = "") -> bool:
        """Whether this engine wrote ``content`` (SHA-256) as the frame ``name``; by a job whose name ``begins`` so."""
        rows = self._rows.get(name, ())
        return any(row["sha256"] == content and row["job"].startswith(begins) for row in rows)

    def refuse_foreign(self, frame: Path, number: int, begins: str = "") -> None:
        """Raises FilmRecoveryError when ``frame`` exists and is not, byte for byte, one of ours; nor one of a job whose
        name ``begins`` so."""
        content = _content(frame, number)
        self.read_on()
        if content and not self.knows(frame.name, content, begins):
            rendered = "A frame that was rendered from a script is in the way."
            other = "A file that this project did not write, or that was changed since, is in the way."
            raise FilmRecoveryError(
                rendered if self.knows(frame.name, content) else other,
                file=str(frame),
                frame=number,
                remedy="move it away, or choose another output folder",
            )

    def began(self, *jobs: str) -> str:
        """The day on which the first frame of ``jobs``, or of one whose name begins so, was noted; empty before that.

        A render that goes on after midnight keeps the day in its headers, and so the bytes of its frames."""
        self.read_on()
        days = [
            row.get("began") for rows in self._rows.values() for row in rows if row["job"].startswith(jobs)
        ]
        return min((day for day in days if isinstance(day, str) and day), default="")

    def figures(self, name: str) -> Mapping[str, Any]:
        """What was noted beside the hash of the frame ``name`` when it was made last; empty where nothing was."""
        self.read_on()
        rows = self._rows.get(name, ())
        found = rows[-1].get("figures") if rows else None
        return found if isinstance(found, dict) else {}

    def add(
        self,
        frame: Path,
        number: int,
        content: str,
        job: str,
        sources: Mapping[Path, list[int]],
        began: str = "",
        figures: Mapping[str, Any] | None = None,
    ) -> None:
        """Notes that ``frame`` is about to get ``content`` (its SHA-256); on disk when this returns. ``sources``: the
        files it comes from, each with its ``stamp`` before it was read. ``figures``: JSON values that the record keeps
        of it."""
        row: dict[str, Any] = {
            "file": frame.name,
            "sha256": content,
            "job": job,
            "from": [[str(source), noted] for source, noted in sources.items()],
        }
        if began:
            row["began"] = began
        if figures:
            row["figures"] = dict(figures)
        self._write(row, number)

    def _write(self, row: Mapping[str, Any], number: int) -> None:
        try:
            with self.path.open("a+b") as stream:
                stream.write((_line_end(stream) + json.dumps(row) + "\n").encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise FilmRecoveryError(
                f"The record of rendered frames cannot be written: {error.strerror}.",
                file=str(self.path),
                frame=number,
                remedy="check permissions and free disk space, then render again",
            ) from error

    def read_on(self) -> None:
        """Takes in the whole lines that were added since the last time."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._read_so_far)
                added = stream.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise FilmRecoveryError(
                f"The record of rendered frames cannot be read: {error.strerror}.",
                file=str(self.path),
                remedy="check its permissions, or choose another output folder",
            ) from error
        # A kill can tear the last line; its frame was then not yet renamed into place.
        whole = added[: added.rfind(b"\n") + 1]
        self._read_so_far += len(whole)
        for line in whole.splitlines():
            self._lines += 1
            row = self._row(line)
            if row is not None:
                self._rows.setdefault(row["file"], []).append(row)

    def _row(self, line: bytes) -> dict[str, Any] | None:
        """One line; None for a torn one that a later run closed off."""
        try:
            row = json.loads(line.decode("ascii"))
        except json.JSONDecodeError:
            return None
        except (UnicodeDecodeError, RecursionError):
            row = None
        if not _is_row(row):
            raise FilmRecoveryError(
                "The record of rendered frames is damaged.",
                file=str(self.path),
                line=self._lines,
                remedy="move the folder's frames and this file away, and render again",
            )
        return row


def sha256(path: Path) -> str:
    """Of the file's bytes, in hex. Raises OSError for what cannot be read."""
    return sha256_of(path)


def _content(frame: Path, number: int) -> str:
    """SHA-256 of a frame that is there, empty for one that is not."""
    try:
        return sha256(frame)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not frame.is_symlink():
            return ""
        raise FilmRecoveryError(
            f"What stands in the place of the frame is not a file that can be read: {error.strerror}.",
            file=str(frame),
            frame=number,
            remedy="move it away, or choose another output folder or file name",
        ) from error


def _line_end(stream: BinaryIO) -> str:
    """What to write first: an end for a last line that was torn."""
    if not stream.seek(0, os.SEEK_END):
        return ""
    stream.seek(-1, os.SEEK_END)
    return "" if stream.read(1) == b"\n" else "\n"


def _is_row(row: Any) -> bool:
    """Whether a line says what a line of ours says."""
    if not isinstance(row, dict) or not isinstance(row.get("from"), list):
        return False
    pairs = all(
        isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) for item in row["from"]
    )
    return pairs and all(isinstance(row.get(key), str) for key in ("file", "sha256", "job"))


def _unchanged(sources: list[Any]) -> bool:
    return all(stamp(Path(path)) == noted for path, noted in sources)


def _unchanged_or_gone(sources: list[Any]) -> bool:
    return all(stamp(Path(path)) in (noted, []) for path, noted in sources)
