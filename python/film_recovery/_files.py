"""Files of the light rooms: written whole or not at all, appended under a lock of the operating system.

The ledger, the project file and the jobs write through this. Standard library only.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from film_recovery.errors import FilmRecoveryError

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what a lock that is another's says
_TEMPORARY = ".film-recovery-"
# Windows locks bytes, and nobody may read them meanwhile: one byte far beyond any content.
_LOCKED_BYTE = 0x7FFF0000


def write_whole(path: Path, text: str) -> None:
    """Writes UTF-8 ``text`` to ``path``: a temporary file beside it, synced, then renamed onto it.

    A link is followed, permissions are kept. Raises FilmRecoveryError as :func:`explained` does.
    """
    target = Path(os.path.realpath(path))
    with explained(path, "written"):
        handle, temporary = tempfile.mkstemp(prefix=temporary_prefix(), dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode("utf-8"))
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, _mode(target))
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
        sync_folder(target.parent)


def temporary_prefix() -> str:
    """How the name of an unfinished file of this process begins: it says which computer and process make it.

    A random word follows, and whatever suffix is needed; :func:`maker_of` reads it.
    """
    return f"{_TEMPORARY}{_plain_host()}-{os.getpid()}-"


def stamp(path: Path) -> list[int]:
    """Size in bytes and time of change in nanoseconds: enough to see that a file was replaced. Empty where none is, or
    none can be reached."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # not there, not to be reached, or no path at all
        return []
    return [status.st_size, status.st_mtime_ns]


def maker_of(name: str) -> int | None:
    """The process of this computer that makes or made the unfinished file ``name``; None for any other name."""
    found = re.fullmatch(
        rf"{re.escape(_TEMPORARY + _plain_host())}-([1-9][0-9]*)-[a-z0-9_]{{8,}}(\.\w+)?", name, re.ASCII
    )
    return int(found[1]) if found else None


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` survive a power cut, where the system offers it (Windows does not)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # network folders that cannot sync a folder say so this way
            raise
    finally:
        os.close(handle)


def read_text(path: Path, limit: int) -> str:
    """The UTF-8 text of ``path`` with its line endings as they are. More than ``limit`` bytes are refused."""
    with explained(path, "read"), open(path, "rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise FilmRecoveryError(
            f"{path.name} is larger than {limit // 1024} KiB; no such file is.",
            remedy="put the real file back, from its backup if it has one",
            file=str(path),
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FilmRecoveryError(
            f"{path.name} is not UTF-8 text.",
            remedy="save it as UTF-8",
            file=str(path),
            line=content.count(b"\n", 0, error.start) + 1,
        ) from error


@contextmanager
def explained(path: Path, verb: str) -> Iterator[None]:
    """Turns an OSError into a FilmRecoveryError that names ``path``, the reason and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            remedy = "free space on its disk"
        elif error.errno == errno.ENOENT:
            remedy = "check the path"
        else:
            remedy = "check the permissions of the file and of its folder"
        raise FilmRecoveryError(
            f"{path.name} cannot be {verb}: {error.strerror}.", remedy=remedy, file=str(path)
        ) from error


@contextmanager
def unless_held(handle: int, without_locks: bool = False) -> Iterator[bool]:
    """Holds the lock of :func:`exclusively` on the open file ``handle`` where nobody else does: gives whether it does.

    Never waits. Ends with the process, whatever its number is and whichever container it runs in. ``without_locks``:
    what it gives where the disk knows no locks."""
    if os.name == "nt":
        import msvcrt

        try:
            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError as error:
            yield without_locks and error.errno not in _HELD
            return
        try:
            yield True
        finally:
            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        yield without_locks and error.errno not in _HELD
        return
    try:
        yield True
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def exclusively(handle: int) -> Iterator[None]:
    """Holds the operating system's lock on the open file ``handle``; waits for it. Ends with the process."""
    if os.name == "nt":
        import msvcrt
        import time

        while True:
            try:
                os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
                break
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EDEADLK):
                    raise
                time.sleep(0.02)
        try:
            yield
        finally:
            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, else those that a new file gets."""
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _plain_host() -> str:
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())
