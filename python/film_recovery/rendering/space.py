"""Whether the frames that are still to come fit on the disk: told while the first one is made, not when it is full.

The size of a frame is that of the frames that lie there already, or of the first that is made; each that follows makes
the figure better.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from film_recovery.errors import FilmRecoveryError

_LOOKED_AT = 16  # frames that lie there already, whose sizes are a first figure
_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


class Room:
    """The disk under ``folder``. ``there``: frames of the same job that lie there, ``to_come``: number → file.

    A file of ``to_come`` that lies there is replaced: the new one is written beside it before the old one goes, so what
    that frees counts for the frames after it only. ``at_once``: how many are written side by side."""

    def __init__(
        self, folder: Path, there: Iterable[Path], to_come: dict[int, Path], at_once: int = 1
    ) -> None:
        self.folder = folder
        self.to_come = dict(sorted(to_come.items()))
        self.at_once = at_once
        known = [path for path in list(there)[-_LOOKED_AT:] if path.is_file()]
        self._sizes = [_size(path) for path in known]
        self._replaced = {number: _size(path) for number, path in self.to_come.items()}

    def refuse_too_little(self) -> None:
        """Raises FilmRecoveryError where the frames to come need more than is free; nothing before a size is known."""
        if not self._sizes or not self.to_come:
            return
        each = max(1.0, sum(self._sizes) / len(self._sizes))
        try:
            disk = shutil.disk_usage(self.folder)
        except OSError:
            return  # a disk that does not say what is free says so when it is full
        if not disk.total:
            return  # as some network shares do not
        free = disk.free
        if each * len(self.to_come) <= free:
            return  # also where nothing was freed
        needed, fit = self._needed(each, free)
        if fit == len(self.to_come):
            return
        number, path = list(self.to_come.items())[fit]
        raise FilmRecoveryError(
            f"The disk has room for {fit} of the {len(self.to_come)} frames that are still to come: "
            f"{sized(needed)} are needed ({sized(each)} a frame{self._freed()}), {sized(free)} are free.",
            file=str(path),
            frame=number,
            remedy=f"make {sized(needed - free)} of space free, or choose a folder on a larger disk; frames that are "
            "written stay",
        )

    def _needed(self, each: float, free: float) -> tuple[float, int]:
        """The most that is taken at once beyond what is taken now, and how many frames fit into ``free``."""
        taken = most = 0.0
        fit, fits = 0, True
        last = len(self.to_come) - 1
        for index, number in enumerate(self.to_come):
            side_by_side = min(self.at_once, last - index + 1)
            most = max(most, taken + each * side_by_side)
            fits = fits and most <= free
            fit += fits
            taken += each - self._replaced[number]
        return most, fit

    def _freed(self) -> str:
        count = sum(size > 0 for size in self._replaced.values())
        return f"; {count} replace others, which go only when the new ones are whole" if count else ""

    def made(self, number: int, path: Path) -> None:
        """``path`` is the frame ``number``, whole."""
        self.to_come.pop(number, None)
        self._replaced.pop(number, None)
        self._sizes.append(_size(path))


def sized(count: float) -> str:
    """Bytes in words: 28.1 GB."""
    for unit, word in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {word}"
    return f"{count:.0f} bytes"


def _size(path: Path) -> int:
    """What the file takes on the disk, whole blocks."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    blocks = getattr(status, "st_blocks", 0) * 512
    return max(int(blocks), status.st_size)
