"""SHA-256 of files, each read once while it does not change: one command asks for the same frame several times.

A file is known by path, size, times of change and inode. What changed in the last moments is read again: a second
change within the clock of a file system would not show. ``forget`` begins a command anew; ``known`` and ``take`` carry
what one knew to another that may go by it. Light: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SETTLED = 2_000_000_000  # nanoseconds: the coarsest clock of a file system (FAT)
_MOST = 200_000  # files; then all are forgotten
_PIECE = 1 << 20  # bytes

_Stamp = tuple[int, int, int, int, int]
_known: dict[str, tuple[_Stamp, str]] = {}
_asked: set[str] = set()


def sha256_of(path: Path) -> str:
    """Of the file's bytes, in hex. Raises OSError for what cannot be read."""
    with open(path, "rb") as stream:
        before = _stamp(stream.fileno())
        name = os.path.abspath(path)
        _asked.add(name)
        known = _known.get(name)
        if known is not None and known[0] == before:
            return known[1]
        digest = hashlib.sha256()
        now = time.time_ns()
        while True:
            piece = stream.read(_PIECE)
            if not piece:
                break
            digest.update(piece)
        if _stamp(stream.fileno()) == before and max(before[1], before[2]) + _SETTLED < now:
            if len(_known) >= _MOST:
                _known.clear()
            _known[name] = (before, digest.hexdigest())
    return digest.hexdigest()


def forget() -> None:
    """Of all files: the next command reads them itself."""
    _known.clear()
    _asked.clear()


def known() -> dict[str, Any]:
    """JSON values: of each file that was asked for, by its absolute path, what it is known by, and its hash."""
    return {name: [list(stamp), digest] for name, (stamp, digest) in _known.items() if name in _asked}


def take(found: Mapping[str, Any]) -> None:
    """Takes what an earlier command gave as :func:`known`; a row of another form counts as none."""
    for name, row in found.items():
        try:
            (size, changed, status, inode, device), digest = row
            bytes.fromhex(digest)
            _known[name] = (int(size), int(changed), int(status), int(inode), int(device)), digest
        except (TypeError, ValueError):
            continue


def _stamp(handle: int) -> _Stamp:
    status = os.fstat(handle)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev
