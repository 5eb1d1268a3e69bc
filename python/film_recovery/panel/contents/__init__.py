"""What the pages of the panel show, as plain data read from a project's folder. No Qt; read off the main thread."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from film_recovery._files import read_text
from film_recovery.errors import FilmRecoveryError

_LARGEST = 1 << 26  # bytes of a record


def changes_of(files: Iterable[Path]) -> tuple[float, ...]:
    """A number for each file that is another one when the file was written again; 0 where there is none."""
    return tuple(_changed(file) for file in files)


def record(file: Path) -> dict[str, Any]:
    """A JSON record that the engine left; empty where there is none yet.

    Raises FilmRecoveryError for one that cannot be read.
    """
    if not file.is_file():
        return {}
    try:
        found = json.loads(read_text(file, _LARGEST))
    except ValueError as error:
        raise FilmRecoveryError(
            f"It is no JSON: {error}.", file=str(file), remedy="let the stage run again; it is written anew"
        ) from error
    return found if isinstance(found, dict) else {}


def _changed(file: Path) -> float:
    try:
        return float(file.stat().st_mtime_ns)
    except OSError:
        return 0.0
