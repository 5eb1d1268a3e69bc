"""The project lock: one at a time works on a project, be it command line, panel or farm.

``.film-recovery.lock`` in the project folder says who: owner, host, process, what, since when. It is made with O_EXCL.
Whose process is gone on this computer has lost it; on another computer only an operator can know that. Reading, judging
and replacing it happen under the operating system's lock on a second file, so that two cannot take over at once.

Three ways in: :func:`held`, alone, for what changes graph, settings or model; :func:`shared`, beside others of its
kind, for renders by hand (each process of a farm leaves a file ``.film-recovery.render-*`` of the same content); and
:func:`briefly`, for a line in the ledger.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from film_recovery._files import exclusively, explained
from film_recovery._process import alive, host, person, started
from film_recovery.errors import FilmRecoveryError
from film_recovery.project.folders import FILE as PROJECT_FILE

FILE = ".film-recovery.lock"
_SHARED = ".film-recovery.render-"
GUARD = ".film-recovery.guard"
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

    def is_this(self) -> bool:
        """Whether it is this process."""
        return (self.host, self.pid) == (host(), os.getpid()) and alive(self.pid, self.start)


@dataclass(frozen=True)
class Held:
    """A lock of ours, in ``file``. ``taken_over``: whose it was, in words for the ledger; empty if it was free."""

    holder: Holder
    file: Path
    taken_over: str = ""

    def confirm(self) -> None:
        """Raises ProjectLocked when somebody took the lock over by choice: the work must not go on beside theirs."""
        found = _read(self.file)
        if found == self.holder:
            return
        who = (
            f"{found.owner} ({found.host}, process {found.pid})" if isinstance(found, Holder) else "Somebody"
        )
        raise ProjectLocked(
            f"{who} has taken this project over while it was at work: {self.holder.what}.",
            remedy="nothing that is finished is lost; ask them, and run the command again when they have ended",
            file=str(self.file),
        )


_threads = threading.RLock()
# (process, folder, whether shared) → the lock and how often it is held
_ours: dict[tuple[int, str, bool], tuple[Held, int]] = {}


@contextmanager
def held(folder: Path | str, what: str, take_over: bool = False) -> Iterator[Held]:
    """Holds the lock of the project in ``folder`` while ``what`` is done; within one process again and again.

    The lock of an ended process is taken over, as ``Held.taken_over`` says; with ``take_over`` any is, renders
    included. Raises ProjectLocked naming the holder, FilmRecoveryError when the folder is read-only.
    """
    with _held(Path(folder).resolve(), what, take_over, is_shared=False) as mine:
        yield mine


@contextmanager
def shared(folder: Path | str, what: str, take_over: bool = False) -> Iterator[Held]:
    """Keeps everybody who would hold the project in ``folder`` alone out, but not others who share it.

    For renders: their frames are made one by one and whole, so a farm may have many at work, while a graph or a model
    that changes under them would mix two jobs in one sequence. Raises as :func:`held`; within that, it is that lock.
    """
    with _held(Path(folder).resolve(), what, take_over, is_shared=True) as mine:
        yield mine


@contextmanager
def briefly(folder: Path | str) -> Iterator[Holder | None]:
    """Gives who else holds the project in ``folder`` alone. Where nobody does, nobody can until the block ends.

    For what takes a moment, such as a line in the ledger: whoever wants the lock meanwhile waits and is not refused.
    No lock may be taken inside. Raises FilmRecoveryError when the folder is read-only.
    """
    root = Path(folder).resolve()
    with _guarded(root):
        found = _read(root / FILE)
        yield found if isinstance(found, Holder) and not found.is_gone() and not found.is_this() else None


def holder(folder: Path | str) -> Holder | None:
    """Who holds the lock of ``folder``, ended processes included, or shares it; None if it is free or torn."""
    found = _read(Path(folder) / FILE)
    if isinstance(found, Holder):
        return found
    return next((one for one in _sharing(Path(folder)).values() if one is not None), None)


def project_of(path: Path | str) -> Path | None:
    """The folder of the project that the file ``path`` belongs to, links resolved; None if it is of no project."""
    for parent in Path(os.path.realpath(path)).parents:
        with explained(parent / PROJECT_FILE, "looked for"):
            if (parent / PROJECT_FILE).exists():
                return parent
    return None


@contextmanager
def _held(root: Path, what: str, take_over: bool, is_shared: bool) -> Iterator[Held]:
    process = os.getpid()  # a fork inherits the table but not the lock
    with _threads:
        is_shared = is_shared and (process, str(root), False) not in _ours
        key = (process, str(root), is_shared)
        mine, times = _ours.get(key) or (_acquired(root, what, take_over, is_shared), 0)
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
                _release(root, mine)


def _acquired(root: Path, what: str, take_over: bool, is_shared: bool) -> Held:
    path = root / (f"{_SHARED}{secrets.token_hex(6)}" if is_shared else FILE)
    pid = os.getpid()
    mine = Holder(person(), host(), pid, started(pid) or "", what, _now().isoformat(timespec="seconds"))
    with _guarded(root):
        in_the_way = _in_the_way(root, is_shared)
        # All are judged before the first is removed.
        words = [_judged(found, file, take_over) for file, found in in_the_way.items()]
        for file in in_the_way:
            with explained(file, "taken over"):
                file.unlink(missing_ok=True)
        _create(path, mine)
    return Held(mine, path, "; ".join(words))


def _in_the_way(root: Path, is_shared: bool) -> dict[Path, Holder | str]:
    """The lock files of others that forbid a lock, dead and torn ones included; those of dead renders are removed."""
    found = _read(root / FILE)
    alone = {} if found is None else {root / FILE: found}
    if is_shared:
        # A dead or torn one forbids no render. It stays, for whoever works on the project next notes what became of it.
        return {file: one for file, one in alone.items() if isinstance(one, Holder) and not one.is_gone()}
    sharing = _sharing(root)
    for file, one in sharing.items():
        if one is None:
            with explained(file, "removed"):
                file.unlink(missing_ok=True)
    return {**alone, **{file: one for file, one in sharing.items() if one is not None and not one.is_this()}}


def _sharing(root: Path) -> dict[Path, Holder | None]:
    """The files of those who share the lock; None for a torn one and one whose process has ended."""
    files = {file: _read(file) for file in sorted(root.glob(f"{_SHARED}*"))}
    return {
        file: found if isinstance(found, Holder) and not found.is_gone() else None
        for file, found in files.items()
    }


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
        rest = memoryview(json.dumps(asdict(mine), ensure_ascii=False).encode("utf-8", "backslashreplace"))
        try:
            while rest:  # a disk that fills up takes a part and says nothing
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except BaseException:
            os.close(handle)
            path.unlink()
            raise
        os.close(handle)


def _release(root: Path, mine: Held) -> None:
    """Gives the lock back, unless somebody took it over meanwhile."""
    with _guarded(root):
        if _read(mine.file) == mine.holder:
            with explained(mine.file, "given back"):
                mine.file.unlink()


def _read(path: Path) -> Holder | str | None:
    """The holder; the text of a lock that is torn; None where there is no lock."""
    with explained(path, "read"):
        try:
            with open(path, "rb") as stream:
                content = stream.read(_CONTENT).decode("utf-8", "replace")
        except FileNotFoundError:
            return None
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
    path = root / GUARD
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
