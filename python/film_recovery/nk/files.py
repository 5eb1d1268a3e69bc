"""Scripts on disk: bytes in, the same bytes out. UTF-8; bytes that are not are carried through unchanged."""

from __future__ import annotations

import os
import tempfile

from film_recovery._files import temporary_prefix
from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.script import Script, parse


def load(path: str | os.PathLike[str]) -> Script:
    """Reads a ``.nk`` or ``.gizmo`` file. Raises :class:`FilmRecoveryError` if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise FilmRecoveryError(
            f"The script cannot be read: {error.strerror}.", remedy="Check the path.", file=os.fspath(path)
        ) from error
    return parse(content.decode("utf-8", "surrogateescape"), file=os.fspath(path))


def save(script: Script, path: str | os.PathLike[str]) -> None:
    """Writes ``script.text()`` to ``path`` whole or not at all: a temporary file, then a rename."""
    content = script.text().encode("utf-8", "surrogateescape")
    target = os.path.realpath(path)
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=temporary_prefix(), dir=os.path.dirname(target))
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise FilmRecoveryError(
            f"The script cannot be written: {error.strerror}.",
            remedy="Check that the folder exists and is writable, and the free space on its disk.",
            file=os.fspath(path),
        ) from error


def _mode(target: str) -> int:
    """The permissions of the file that is replaced, else those that a new file gets."""
    try:
        return os.stat(target).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
