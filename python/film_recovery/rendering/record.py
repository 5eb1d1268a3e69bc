"""Which frames in a folder are ours: a file of JSON lines beside them.

Each line names a frame that this engine wrote or was about to write, with its SHA-256, the job that made it
and the files it came from. A frame is noted before it is renamed into place, so that a killed render leaves no
frame that nobody knows. Two rules rest on it: what is not ours, or was changed since, is never overwritten;
and what is ours, from the same job and unchanged files, need not be rendered again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from film_recovery.errors import FilmRecoveryError

NAME = ".film-recovery.jsonl"


class Record:
    """The record of one folder; a folder without one has none of ours."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._torn = False
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            # A kill can tear the last line; its frame was then not yet renamed into place.
            self._torn = number == len(lines) and not line.endswith("\n")
            if not self._torn:
                self._remember(self._read(line, number))

    def is_complete(self, frame: Path, job: str) -> bool:
        """Whether ``frame`` holds what ``job`` makes of files that have not changed since."""
        rows = [row for row in self._rows.get(frame.name, ()) if row["job"] == job]
        if not rows or not frame.exists():
            return False
        content = sha256(frame)
        return any(row["sha256"] == content and _unchanged(row["from"]) for row in rows)

    def refuse_foreign(self, frame: Path, number: int) -> None:
        """Raises FilmRecoveryError when ``frame`` exists and is not, byte for byte, one of ours."""
        if not frame.exists():
            return
        content = sha256(frame)
        if not any(row["sha256"] == content for row in self._rows.get(frame.name, ())):
            raise FilmRecoveryError(
                "A file that this project did not write, or that was changed since, is in the way.",
                file=str(frame),
                frame=number,
                remedy="move it away, or choose another output folder",
            )

    def add(self, frame: Path, content: str, job: str, sources: Iterable[Path]) -> None:
        """Notes that ``frame`` is about to get ``content`` (its SHA-256); on disk when this returns."""
        row = {
            "file": frame.name,
            "sha256": content,
            "job": job,
            "from": [[str(source), _stamp(source)] for source in sources],
        }
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(("\n" if self._torn else "") + json.dumps(row) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise FilmRecoveryError(
                f"The record of rendered frames cannot be written: {error.strerror}.",
                file=str(self.path),
                frame=frame.name,
                remedy="check permissions and free disk space, then render again",
            ) from error
        self._torn = False
        self._remember(row)

    def _remember(self, row: dict[str, Any] | None) -> None:
        if row is not None:
            self._rows.setdefault(row["file"], []).append(row)

    def _read(self, line: str, number: int) -> dict[str, Any] | None:
        """One line; None for a torn one that a later run closed off."""
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            return None
        if not isinstance(row, dict) or not {"file", "sha256", "job", "from"} <= set(row):
            raise FilmRecoveryError(
                "The record of rendered frames is damaged.",
                file=str(self.path),
                line=number,
                remedy="move the folder's frames and this file away, and render again",
            )
        return row


def sha256(path: Path) -> str:
    """Of the file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(path: Path) -> list[int]:
    """Size and time of change: enough to see that an element's frame was replaced. Empty when it is gone."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _unchanged(sources: list[Any]) -> bool:
    return all(_stamp(Path(path)) == stamp for path, stamp in sources)
