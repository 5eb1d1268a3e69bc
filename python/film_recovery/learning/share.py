"""What of the machine's memory a render may take: looked at once, so that nothing in it changes from frame to frame.

Several processes at one render have a share each. ``memory`` makes tiles of it; without torch, for those that lead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class _Share:
    free: int | None
    processes: int


_kept: list[_Share] = []  # of the render that is on, for all threads of this process


@contextmanager
def kept_to(free: int | None, processes: int = 1) -> Iterator[None]:
    """Inside, ``free`` bytes are what this process has, whatever is free meanwhile; None: it looks.

    ``processes``: how many work at the same render, each with so much.
    """
    _kept.append(_Share(free, processes))
    try:
        yield
    finally:
        _kept.pop()


def free() -> int | None:
    """Bytes that this process may take on the CPU; None where nobody knows."""
    kept = _kept[-1].free if _kept else None
    return available() if kept is None else kept


def processes() -> int:
    """How many work at the render that is on."""
    return _kept[-1].processes if _kept else 1


def available() -> int | None:
    """Bytes of memory that new work can have without swapping; None where the system does not say (only Linux does)."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None
