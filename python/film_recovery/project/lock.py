"""The project lock: one at a time works on a project, be it command line, panel or farm.

``.film-recovery.lock`` in the project folder says who: owner, host, process, what, since when. It is made with O_EXCL.
Whose process is gone on this computer has lost it; on another computer only an operator can know that. Reading, judging
and replacing it happen under the operating system's lock on a second file, so that two cannot take over at once.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from film_recovery._files import exclusively, explained
from film_recovery._process import alive, host, person, started
from film_recovery.errors import FilmRecoveryError

FILE = ".film-recovery.lock"
_GUARD = ".film-recovery.guard"
_CONTENT = 1 << 16  # bytes; far more than a lock holds


class ProjectLocked(FilmRecoveryError):
    """Somebody else works on the project."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. ``start``: when the process started, to compare; ``since``: UTC, ISO 8601."""

    owner: str
    host: str
    pid: int
    start: str
    what: str
    since: str

    def age(self) -> float:
        """Seconds since the lock was taken."""
        return (_now() - datetime.fromisoformat(self.since)).total_seconds()

    def is_gone(self) -> bool:
        """Whether the process is known to have ended: only on this computer can that be seen."""
        return self.host == host() and not alive(self.pid, self.start)


@dataclass(frozen=True)
class Held:
    """A lock of ours. ``taken_over``: whose it was before, in words for the ledger; empty if it was free."""

    holder: Holder
    taken_over: str = ""


_threads = threading.RLock()
_ours: dict[tuple[int, str], tuple[Held, int]] = {}  # (process, folder) → the lock and how often it is held


@contextmanager
def held(folder: Path | str, what: str, take_over: bool = False) -> Iterator[Held]:
    """Holds the lock of the project in ``folder`` while ``what`` is done; within one process again and again.

    The lock of an ended process is taken over, as ``Held.taken_over`` says; with ``take_over`` any is. Raises
    ProjectLocked naming the holder, FilmRecoveryError when the folder is read-only.
    """
    root = Path(folder).resolve()
    key = (os.getpid(), str(root))  # the process, since a fork inherits this table but not the lock
    with _threads:
        mine, times = _ours.get(key) or (_acquired(root, what, take_over), 0)
        _ours[key] = (mine, times + 1)
    try:
        yield mine
    finally:
        with _threads:
            mine, times = _ours[key]
            if times > 1:
                _ours[key] = (mine, times - 1)
            else:
                del _ours[key]
                _release(root, mine.holder)


def holder(folder: Path | str) -> Holder | None:
    """Who holds the lock of ``folder``, ended processes included; None if it is free or cannot be read."""
    found = _read(Path(folder) / FILE)
    return found if isinstance(found, Holder) else None


def _acquired(root: Path, what: str, take_over: bool) -> Held:
    path = root / FILE
    pid = os.getpid()
    mine = Holder(person(), host(), pid, started(pid) or "", what, _now().isoformat(timespec="seconds"))
    with _guarded(root):
        taken_over = ""
        found = _read(path)
        if found is not None:
            taken_over = _judged(found, path, take_over)
            with explained(path, "taken over"):
                path.unlink()
        _create(path, mine)
    return Held(mine, taken_over)


def _judged(found: Holder | str, path: Path, take_over: bool) -> str:
    """Whose lock is taken over, in words. Raises ProjectLocked when it must not be."""
    if isinstance(found, str):
        return f"a torn lock ({found[:80]!r})" if found else "an empty lock"
    named = f"{found.owner} on {found.host}, process {found.pid}: {found.what}, since {found.since}"
    if found.is_gone():
        return f"{named}; that process has ended"
    if take_over:
        return f"{named}; taken over by choice"
    raise ProjectLocked(
        f"{found.owner} works on this project: {found.what} ({found.host}, process {found.pid}, "
        f"for {_duration(found.age())}).",
        remedy="wait until it has ended, or, if it certainly has, run the command again with --take-over",
        file=str(path),
    )


def _create(path: Path, mine: Holder) -> None:
    with explained(path, "made"):
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        try:
            os.write(handle, json.dumps(asdict(mine), ensure_ascii=False).encode("utf-8", "backslashreplace"))
            os.fsync(handle)
        except BaseException:
            os.close(handle)
            path.unlink()
            raise
        os.close(handle)


def _release(root: Path, mine: Holder) -> None:
    """Gives the lock back, unless somebody took it over meanwhile."""
    path = root / FILE
    with _guarded(root):
        if _read(path) == mine:
            with explained(path, "given back"):
                path.unlink()


def _read(path: Path) -> Holder | str | None:
    """The holder; the text of a lock that is torn; None where there is no lock."""
    if not path.exists():
        return None
    with explained(path, "read"), open(path, "rb") as stream:
        content = stream.read(_CONTENT).decode("utf-8", "replace")
    try:
        found = Holder(**json.loads(content))
        found.age()
        if isinstance(found.pid, int) and all(isinstance(item, str) for item in (found.host, found.start)):
            return found
    except (ValueError, TypeError):
        pass  # torn: whoever wrote it was stopped at it
    return content


@contextmanager
def _guarded(root: Path) -> Iterator[None]:
    path = root / _GUARD
    try:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise FilmRecoveryError(
            f"The project folder cannot be written to: {error.strerror}.",
            remedy="check that it exists, its permissions, and the space on its disk; or copy the project elsewhere",
            file=str(root),
        ) from error
    try:
        with exclusively(handle):
            yield
    finally:
        os.close(handle)


def _duration(seconds: float) -> str:
    minutes = max(0, round(seconds)) // 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _now() -> datetime:
    return datetime.now(timezone.utc)
