"""How alike the frames of two elements are, at the offsets that are worth a look: what paths through time are found on.

Every frame against every other grows with the square of an element's length. Up to a few hundred frames that is done;
beyond, some frames of the Source are held against the whole Reference, and all of them only near the offsets that
these take; frames that resemble nothing there are looked for once more, everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.placement import Placement
from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import Signatures, structure, unit

CELLS = 2**20  # frames × offsets that are all looked at: two elements of 700 frames each
BAND = 64  # offsets each way around one that was found; farther away is another order, not a few frames more or less
SAMPLES = (
    128,
    512,
)  # frames of the Source that are held against the whole of a long Reference, at least and at most
_SAMPLED = 2**23  # frames × offsets of them: 64 MB with what the path keeps
_ROWS = 128  # frames of the Source that are compared at once

Plane = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Likeness:
    """``values``: N×K float32, correlation of each frame of the Source with the Reference at each of ``offsets`` (K,
    ascending), −1 to 1; NaN where the Reference has no such frame."""

    offsets: Numbers
    values: Plane

    @property
    def best(self) -> Plane:
        """The most of each row; NaN where the Reference has none of its frames."""
        return np.asarray(np.fmax.reduce(self.values, axis=1), np.float32)

    @property
    def usual(self) -> float:
        """The median of the best; 0 where no frame of the Reference was looked at."""
        best = self.best
        known = best[np.isfinite(best)]
        return float(np.median(known)) if len(known) else 0.0

    def at(self, rows: NDArray[np.intp], offsets: Numbers | int) -> NDArray[np.float64]:
        """Of each of ``rows`` at its offset; NaN where that was not looked at, or the Reference has no such frame."""
        column = np.clip(np.searchsorted(self.offsets, offsets), 0, len(self.offsets) - 1)
        value = self.values[rows, column].astype(np.float64)
        return np.asarray(np.where(self.offsets[column] == offsets, value, np.nan), np.float64)


def likeness(
    source: Signatures,
    reference: Signatures,
    placement: Placement,
    offsets: Numbers,
    rows: NDArray[np.intp] | None = None,
) -> Likeness:
    """Of the frames of ``source`` in ``rows``, None for all, at ``offsets``; by local structure where both show it."""
    chosen = np.arange(len(source)) if rows is None else rows
    size = reference.thumbnails.shape[1], reference.thumbnails.shape[2]
    shared = placement.overlap((source.thumbnails.shape[1], source.thumbnails.shape[2]), size)
    numbers, others = np.array(source.frames)[chosen], np.array(reference.frames)
    values = np.full((len(chosen), len(offsets)), np.nan, np.float32)
    if shared.sum() < 0.1 * shared.size:
        flat = np.zeros((len(others), 1), np.float32)
    else:
        flat = np.concatenate(
            [unit(structure(reference.thumbnails[part])[:, shared]) for part in _parts(len(others))]
        )
    for part in _parts(len(chosen)):
        if flat.shape[1] == 1:
            own = np.zeros((len(numbers[part]), 1), np.float32)
        else:
            planes = structure(source.thumbnails[chosen[part]])
            own = unit(np.stack([placement.moved(plane, size)[shared] for plane in planes]))
        for columns in _together(offsets):
            wanted = numbers[part][:, None] + offsets[columns]
            first, last = np.searchsorted(others, [wanted.min(), wanted.max() + 1])
            if first == last:
                continue
            product = own @ flat[first:last].T
            place = np.clip(np.searchsorted(others[first:last], wanted), 0, last - first - 1)
            found = np.take_along_axis(product, place, axis=1)
            values[part, columns] = np.where(others[first:last][place] == wanted, found, np.nan)
    return Likeness(offsets, values)


def around(found: Numbers, allowed: Numbers, reach: int = BAND) -> Numbers:
    """Those of ``allowed`` (ascending) within ``reach`` of one of ``found``."""
    near = np.unique(found)[:, None] + np.arange(-reach, reach + 1)
    return np.intersect1d(near, allowed)


def sampled(rows: NDArray[np.intp], offsets: int) -> NDArray[np.intp]:
    """Some of ``rows``, evenly: as many as may be held against ``offsets`` places each."""
    count = min(SAMPLES[1], max(SAMPLES[0], _SAMPLED // max(1, offsets)))
    return np.array(spread(rows.tolist(), count), np.intp)


def _parts(count: int) -> Iterator[slice]:
    return (slice(first, min(count, first + _ROWS)) for first in range(0, count, _ROWS))


def _together(offsets: Numbers) -> Iterator[slice]:
    """Columns whose offsets follow one another: they are of neighbouring frames."""
    edges = [0, *(np.flatnonzero(np.diff(offsets) > 1) + 1).tolist(), len(offsets)]
    return (slice(first, last) for first, last in pairwise(edges) if last > first)
