"""Copies beside a file that is about to change: ``<name>.bak-1``, ``.bak-2`` … Nothing is ever overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from film_recovery.errors import FilmRecoveryError


def backed_up(path: Path) -> Path:
    """Copies ``path`` to the first free ``<name>.bak-<n>`` beside it, synced to disk, and gives that path."""
    number = 1
    try:
        content = path.read_bytes()
        while True:
            copy = path.with_name(f"{path.name}.bak-{number}")
            try:
                with copy.open("xb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                return copy
            except FileExistsError:
                number += 1
    except OSError as error:
        raise FilmRecoveryError(
            f"No copy of {path.name} can be kept beside it: {error.strerror}.",
            remedy="check the folder's permissions and free disk space",
            file=str(path),
        ) from error
