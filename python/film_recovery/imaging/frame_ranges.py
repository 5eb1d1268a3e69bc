"""Frame lists as operators write them: ``1-10,20,30-40x2``. Text in, sorted numbers out, and back.

Used by sequences, by ``--frames`` on the command line and wherever missing frames are named. Negative frames
are allowed (``-5--1``). Nuke writes a step in the same way (``1-10x2``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from film_recovery.errors import FilmRecoveryError, UsageError

LONGEST = 10_000_000  # frames in one list: about five days at 24 a second; more is a typing mistake
_ITEM = re.compile(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?", re.ASCII)


def parse_frames(text: str) -> list[int]:
    """The frames that ``text`` names, sorted, each once; items are separated by commas or spaces.

    Raises FilmRecoveryError when an item is not ``N``, ``A-B`` or ``A-BxSTEP`` with A ≤ B and STEP ≥ 1.
    """
    frames: set[int] = set()
    items = text.replace(",", " ").split()
    if not items:
        raise _wrong(text, "it names no frame")
    for item in items:
        match = _ITEM.fullmatch(item)
        if not match:
            raise _wrong(text, f"“{item}” is neither a frame nor a range")
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        if last < first:
            raise _wrong(text, f"“{item}” runs backwards")
        if step < 1:
            raise _wrong(text, f"“{item}” has a step of 0")
        if len(frames) + (last - first) // step >= LONGEST:
            raise _wrong(text, f"it names more than {LONGEST} frames")
        frames.update(range(first, last + 1, step))
    return sorted(frames)


def format_frames(frames: Iterable[int]) -> str:
    """The shortest usual text for ``frames``: runs as ``1-10``, even steps as ``1-9x2``. Empty for none."""
    numbers = sorted(set(frames))
    items = []
    start = 0
    while start < len(numbers):
        end = _run_end(numbers, start)
        count, step = end - start + 1, numbers[min(start + 1, end)] - numbers[start]
        if count >= 3 or (count == 2 and step == 1):
            items.append(f"{numbers[start]}-{numbers[end]}" + (f"x{step}" if step > 1 else ""))
        else:
            end = start
            items.append(str(numbers[start]))
        start = end + 1
    return ",".join(items)


def _run_end(numbers: list[int], start: int) -> int:
    """Index of the last number that continues the even step which begins at ``start``."""
    end = start + 1
    if end >= len(numbers):
        return start
    step = numbers[end] - numbers[start]
    while end + 1 < len(numbers) and numbers[end + 1] - numbers[end] == step:
        end += 1
    return end


def _wrong(text: str, why: str) -> FilmRecoveryError:
    return UsageError(
        f"The frame list “{text}” cannot be read: {why}.",
        remedy="write frames and ranges such as 1-10,20,30-40x2",
    )
