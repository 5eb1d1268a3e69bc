"""Which frames of an element are looked at: all of them, or runs that are spread over it.

Movement and cadence need frames that follow one another; a long element is looked at in several such runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

_Item = TypeVar("_Item")
_LEAST = 3  # times that a step has to be there, to be that of the numbering


def consecutive(frames: Iterable[int]) -> list[list[int]]:
    """``frames``, ascending, parted where numbers are left out. Those numbered in steps follow one another by their
    :func:`step_of`."""
    numbers = sorted(set(frames))
    step = step_of(numbers)
    runs: list[list[int]] = []
    for frame in numbers:
        if runs and runs[-1][-1] == frame - step:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def step_of(frames: Sequence[int]) -> int:
    """From a number to the next in most of ``frames``, ascending; 1 where no step is that of more than half, or the
    numbers are too few to tell."""
    steps = Counter(after - before for before, after in pairwise(frames))
    step, count = max(steps.items(), key=lambda item: item[1], default=(1, 0))
    return step if count >= _LEAST and 2 * count > len(frames) - 1 else 1


def spread_runs(frames: Iterable[int], most: int, length: int) -> list[list[int]]:
    """Runs of ``length`` frames, ``most`` frames in all, spread evenly; everything where there are no more of them.

    Where there are too few of that length, the longest of the others are taken too.
    """
    whole = consecutive(frames)
    if sum(map(len, whole)) <= most:
        return whole
    length = min(length, most)
    pieces = [run[first : first + length] for run in whole for first in range(0, len(run), length)]
    full = [piece for piece in pieces if len(piece) == length]
    count = max(1, most // length)
    if len(full) >= count:
        return [full[index] for index in spread(range(len(full)), count)]
    taken: list[list[int]] = []
    for piece in sorted(pieces, key=len, reverse=True):
        taken.append(piece[: most - sum(map(len, taken))])
    return sorted(piece for piece in taken if piece)


def spread(frames: Sequence[_Item], count: int) -> list[_Item]:
    """``count`` of ``frames``, evenly, first and last among them; all where there are no more. One: the middle."""
    if len(frames) <= count:
        return list(frames)
    if count == 1:
        return [frames[len(frames) // 2]]
    return [frames[round(index * (len(frames) - 1) / (count - 1))] for index in range(count)]


def part_of(frame: int, parts: Sequence[tuple[int, int]]) -> int:
    """Which of ``parts`` (first and last frame: shots) holds ``frame``; −1 for none."""
    return next((index for index, (first, last) in enumerate(parts) if first <= frame <= last), -1)
