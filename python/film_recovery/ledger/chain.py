"""The ledger's lines: appended under a lock, each carrying the SHA-256 of the line before it.

A line is a JSON object: index, time, kind, by, data, previous, seal. ``previous`` is the SHA-256 of the previous
line's bytes, without its line feed; ``seal`` that of the line's own bytes up to the seal, so that a change to the
last line shows too. What no chain can show is that its last lines were cut off whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime, timezone
from math import isfinite
from pathlib import Path
from typing import Any

from film_recovery._files import exclusively, explained, sync_folder
from film_recovery._process import person
from film_recovery.errors import FilmRecoveryError

FILE = "ledger.jsonl"
START = "0" * 64  # what the first line carries as ``previous``
TORN = "torn"  # the kind of the record that says where a torn line went
_SEAL = ', "seal": "'
_FIELDS = {"index", "time", "kind", "by", "data", "previous", "seal"}


@dataclass(frozen=True)
class Record:
    """One line. ``time``: UTC, ISO 8601. ``sha256``: of the line, which the next one carries as ``previous``."""

    index: int
    time: str
    kind: str
    by: str
    data: Mapping[str, Any]
    previous: str
    sha256: str


@dataclass(frozen=True)
class Ledger:
    """All records in order. ``torn``: what stands after the last whole line, None if nothing does."""

    records: tuple[Record, ...]
    torn: str | None = None

    def of_kind(self, kind: str) -> tuple[Record, ...]:
        """The records of one kind, in order."""
        return tuple(record for record in self.records if record.kind == kind)


def append(folder: Path | str, kind: str, data: Mapping[str, Any], by: str = "") -> Record:
    """Adds one record to ``folder``'s ledger, synced to disk. ``by``: who; empty: the login name.

    A torn last line is moved to ``ledger.torn-N.jsonl`` first, and a record of kind ``torn`` says so. Raises
    FilmRecoveryError when it cannot be written; the ledger is then as it was.
    """
    content = _plain(data, "data")
    path = Path(folder) / FILE
    with _opened(path) as handle, exclusively(handle), explained(path, "written"):
        lines = _read_all(handle)
        torn = lines.pop()
        if torn:
            side = _set_aside(path, torn)
            os.ftruncate(handle, sum(len(line) + 1 for line in lines))
            said = {"what": "a torn last line was set aside", "file": side.name, "bytes": len(torn)}
            lines.append(_line(lines, TORN, said, by))
            _write(handle, lines[-1])
        lines.append(_line(lines, kind, content, by))
        _write(handle, lines[-1])
    return _record(lines[-1])


def read(folder: Path | str) -> Ledger:
    """The ledger of ``folder``; empty where there is none yet. Changes nothing.

    Raises FilmRecoveryError naming the first line that is no record. Whether the chain holds is :func:`verify`'s.
    """
    path = Path(folder) / FILE
    lines, torn = _lines(path)
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_record(line))
        except ValueError as error:
            raise FilmRecoveryError(
                f"Line {number} of the ledger is no record: {error}.",
                remedy="put the ledger back from a backup; the other lines are as they were",
                file=str(path),
                line=number,
            ) from error
    return Ledger(tuple(records), torn.decode("utf-8", "backslashreplace") if torn else None)


def verify(folder: Path | str) -> tuple[str, ...]:
    """What is wrong with ``folder``'s ledger: the first record that does not fit, and a torn last line.

    Empty when every line is as it was written and in its place.
    """
    lines, torn = _lines(Path(folder) / FILE)
    problem = next(_misfits(lines), None)
    problems = [problem] if problem else []
    if torn:
        problems.append(f"the last line is torn ({len(torn)} bytes after record {len(lines)})")
    return tuple(problems)


def _misfits(lines: list[bytes]) -> Iterator[str]:
    previous = START
    for number, line in enumerate(lines, 1):
        try:
            record = _record(line)
        except ValueError as error:
            yield f"line {number} is no record: {error}"
            return
        named = f"record {record.index} on line {number} ({record.kind}, {record.time}, {record.by})"
        if not _is_sealed(line):
            yield f"{named} was edited: it is not what its seal was made of"
        if record.index != number:
            yield f"{named} is out of place: records before it were removed, added or reordered"
        if record.previous != previous:
            yield f"{named} does not follow the line before it, which was edited, removed, added or reordered"
        previous = record.sha256


def _line(lines: list[bytes], kind: str, data: Any, by: str) -> bytes:
    record = {
        "index": len(lines) + 1,
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "kind": kind,
        "by": by or person(),
        "data": data,
        "previous": _digest(lines[-1]) if lines else START,
    }
    open_end = json.dumps(record, ensure_ascii=False, allow_nan=False)[:-1]
    return f'{open_end}{_SEAL}{_digest(open_end.encode("utf-8"))}"}}'.encode()


def _record(line: bytes) -> Record:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(data, dict) or set(data) != _FIELDS:
        raise ValueError(f"it does not hold exactly {', '.join(sorted(_FIELDS))}")
    words = (data["time"], data["kind"], data["by"], data["previous"], data.pop("seal"))
    if not isinstance(data["index"], int) or not isinstance(data["data"], dict):
        raise ValueError("its index is no number, or its data no mapping")
    if not all(isinstance(word, str) for word in words):
        raise ValueError("its time, kind, by, previous or seal is no text")
    return Record(sha256=_digest(line), **data)


def _is_sealed(line: bytes) -> bool:
    open_end, _, seal = line.rpartition(_SEAL.encode())
    return seal == f'{_digest(open_end)}"}}'.encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Bytes on disk


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    with explained(path, "opened"):
        is_new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        yield handle
        if is_new:
            with explained(path, "written"):
                sync_folder(path.parent)
    finally:
        os.close(handle)


def _lines(path: Path) -> tuple[list[bytes], bytes]:
    """The whole lines, and what stands after the last of them."""
    if not path.exists():
        return [], b""
    with explained(path, "read"):
        lines = path.read_bytes().split(b"\n")
    return lines[:-1], lines[-1]


def _read_all(handle: int) -> list[bytes]:
    os.lseek(handle, 0, os.SEEK_SET)
    content = bytearray()
    while True:
        block = os.read(handle, 1 << 20)
        if not block:
            return bytes(content).split(b"\n")
        content += block


def _write(handle: int, line: bytes) -> None:
    """Appends ``line`` and syncs; on failure what was written of it is taken back."""
    size = os.fstat(handle).st_size
    rest = memoryview(line + b"\n")
    try:
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except BaseException:
        os.ftruncate(handle, size)
        raise


def _set_aside(path: Path, torn: bytes) -> Path:
    number = 1
    while True:
        side = path.with_name(f"ledger.torn-{number}.jsonl")
        try:
            handle = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            number += 1
            continue
        try:
            _write(handle, torn)
        finally:
            os.close(handle)
        return side


def _plain(value: Any, key: str) -> Any:
    """``value`` as JSON knows it: mappings, lists, text, numbers; inf and nan as words, paths as text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        # Names of files may hold bytes that are no text; they are written as \\udcXX.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {_plain(str(name), key): _plain(item, f"{key}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{key}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, Path):
        return _plain(value.as_posix(), key)
    as_dict: Callable[[], Any] | None = getattr(value, "as_dict", None)  # Outcome
    if as_dict is not None:
        return _plain(as_dict(), key)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value), key)
    item: Callable[[], Any] | None = getattr(value, "item", None)  # a number of numpy's
    if item is not None:
        return _plain(item(), key)
    raise FilmRecoveryError(
        f"{key} is a {type(value).__name__}, which a ledger cannot hold.",
        remedy="give text, numbers, lists and mappings",
    )
