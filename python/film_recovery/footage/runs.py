"""Which frames of an element are looked at: all of them, or runs that are spread over it.

Movement and cadence need frames that follow one another; a long element is looked at in several such runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def consecutive(frames: Iterable[int]) -> list[list[int]]:
    """``frames``, ascending, parted where numbers are left out."""
    runs: list[list[int]] = []
    for frame in sorted(set(frames)):
        if runs and runs[-1][-1] == frame - 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def spread_runs(frames: Iterable[int], most: int, length: int) -> list[list[int]]:
    """Runs of ``length`` frames, ``most`` frames in all, spread evenly; everything where there are no more of them."""
    whole = consecutive(frames)
    if sum(map(len, whole)) <= most:
        return whole
    length = min(length, most)
    pieces = [run[first : first + length] for run in whole for first in range(0, len(run), length)]
    full = [piece for piece in pieces if len(piece) == length] or pieces
    return [full[index] for index in spread(range(len(full)), max(1, most // length))]


def spread(frames: Sequence[int], count: int) -> list[int]:
    """``count`` of ``frames``, evenly, first and last among them; all where there are no more. One: the middle."""
    if len(frames) <= count:
        return list(frames)
    if count == 1:
        return [frames[len(frames) // 2]]
    return [frames[round(index * (len(frames) - 1) / (count - 1))] for index in range(count)]
