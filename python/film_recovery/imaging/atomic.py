"""A file appears whole or not at all: written beside its place under another name, then renamed onto it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from film_recovery._files import temporary_prefix
from film_recovery.errors import FilmRecoveryError


@contextmanager
def replacement(path: Path, *, create_directories: bool = False) -> Iterator[Path]:
    """Gives a new empty file in the folder of ``path``; renamed onto ``path`` at the end, removed on failure.

    Raises FilmRecoveryError naming the folder, the reason and the remedy when that folder does not exist (and
    ``create_directories`` is off), cannot be written to, or its disk is full.
    """
    if path.is_dir():
        raise FilmRecoveryError(
            "A folder is in the place of the file.", remedy="choose another name", file=str(path)
        )
    if create_directories:
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.parent.is_dir():
        raise FilmRecoveryError(
            f"The folder {path.parent} does not exist.",
            remedy="create it, or switch “create directories” on in the Write",
            file=str(path),
        )
    temporary = path.parent / f"{temporary_prefix()}{secrets.token_hex(6)}{path.suffix}"
    try:
        with _explained(path):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield temporary
        except OSError as error:
            if (
                error.filename is None
            ):  # a write: it knows no name, so nobody else can say where the disk is full
                with _explained(path):
                    raise
            raise
        with _explained(path):
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise FilmRecoveryError(
            f"The folder {path.parent} cannot be written to: {error.strerror}.",
            remedy="free space on its disk" if full else "check its permissions, or choose another folder",
            file=str(path),
        ) from error
