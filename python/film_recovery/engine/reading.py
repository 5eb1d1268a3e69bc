"""How the pairs of a training are read: each once, with notes taken, and decoded pictures kept on disk.

``pairs.json`` in the run folder holds the notes (``learning.noted``): a training that is resumed then reads no picture
before its first step, as long as path, size and time of change of every file are what they were. Otherwise those
that changed are read and hashed again, and the trainer refuses what differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import film_recovery
from film_recovery._files import read_text
from film_recovery.datasets.decoded import FOLDER, Decoded
from film_recovery.datasets.folder import PicturePairs
from film_recovery.engine.kept import Progress
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.learning.noted import Note, Noted, noted
from film_recovery.learning.pairs import PairSource, PartSource

NOTES = "pairs.json"
_LARGEST = 64 << 20  # bytes: of fifty thousand pairs they are 12 MiB


@contextmanager
def well_read(
    pairs: PairSource, others: PairSource | None, folder: Path | None, *, resume: bool, tell: Progress
) -> Iterator[Noted]:
    """``pairs`` with their notes, for the training in ``folder`` (None: nothing is kept on disk).

    What these and ``others``, which only measure, have decoded lies there until the training has ended well.
    """
    decoded = None if folder is None else Decoded(folder / FOLDER)
    for source in (pairs, others):
        if isinstance(source, PicturePairs):
            source.decoded = decoded
    known = load_notes(folder) if folder is not None and resume else {}
    # Others tell themselves when they make a pair (``Kept``).
    yield noted(pairs, known, tell if isinstance(pairs, PartSource) else None)
    if decoded is not None:
        decoded.remove()


def save_notes(pairs: PairSource, folder: Path) -> None:
    """Writes the notes on ``pairs`` into ``folder``, where their source has keys."""
    notes = pairs.by_key() if isinstance(pairs, Noted) else {}
    if notes:
        rows = {key: asdict(note) for key, note in notes.items()}
        with replacement(folder / NOTES, create_directories=True) as temporary:
            temporary.write_text(json.dumps({"made_by": _made_by(), "pairs": rows}), encoding="utf-8")


def load_notes(folder: Path) -> dict[str, Note]:
    """The notes in ``folder``; none where they cannot be read, or other versions of what decodes have made them."""
    try:
        content = json.loads(read_text(folder / NOTES, _LARGEST))
        if content["made_by"] != _made_by():
            return {}
        return {key: Note(**row) for key, row in content["pairs"].items()}
    except (FilmRecoveryError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _made_by() -> list[str]:
    return [film_recovery.__version__, version("OpenImageIO")]
