"""Frames already made, kept within a byte budget: the least recently used go first."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable

import numpy as np

from film_recovery.imaging.frame import Frame


class FrameCache:
    """A map from any key to a Frame. Frames that share their pixels (a Dot's) are counted once."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self._frames: OrderedDict[Hashable, Frame] = OrderedDict()
        self._users: Counter[int] = Counter()

    def get(self, key: Hashable) -> Frame | None:
        frame = self._frames.get(key)
        if frame is not None:
            self._frames.move_to_end(key)
        return frame

    def put(self, key: Hashable, frame: Frame) -> None:
        """Keep ``frame``, dropping older ones; one larger than the whole budget is not kept."""
        self._drop(key)
        if _owner(frame).nbytes > self.budget:
            return
        self._frames[key] = frame
        self._count(frame, +1)
        while self.bytes > self.budget:
            self._drop(next(iter(self._frames)))

    def clear(self) -> None:
        self._frames.clear()
        self._users.clear()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._frames)

    def _drop(self, key: Hashable) -> None:
        frame = self._frames.pop(key, None)
        if frame is not None:
            self._count(frame, -1)

    def _count(self, frame: Frame, change: int) -> None:
        buffer = _owner(frame)
        before = self._users[id(buffer)]
        self._users[id(buffer)] = before + change
        if before == 0:
            self.bytes += buffer.nbytes
        elif before + change == 0:
            self.bytes -= buffer.nbytes
            del self._users[id(buffer)]


def _owner(frame: Frame) -> np.ndarray:
    """The array that owns the memory of the frame's pixels."""
    array: np.ndarray = frame.pixels
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
