"""The cheapest way through time: which offset each frame of a Source has to a Reference, given how alike frames are.

A path keeps its offset for nothing and pays to change it, so that it changes only where frames say so: at inserted,
dropped and repeated frames. It is found exactly, by dynamic programming over (frame, offset).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of correlation, paid once a change. A frame that moves tells its neighbours apart by 0.02 to 0.2; noise of the
# similarity (0.002 to 0.01) must not add up to a change, and so sets its price.
CHANGE = 0.06
CHANGE_NOISE = 12.0  # times the noise from frame to frame, if that is more
FARTHER = 0.02  # of CHANGE, a frame of difference more, so that the nearer of two like moments is taken
FARTHEST = 3.0  # times CHANGE, the most that one costs: another reel's order is possible, only rare
EXCURSION = 12  # frames
UNLIKE = 0.5  # of the usual similarity: below it a frame is not in the Reference

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Path:
    """``offsets``: Reference's number − Source's, for each row. ``unlike``: rows that resemble nothing there."""

    offsets: NDArray[np.int64]
    unlike: NDArray[np.bool_]


def best_path(
    like: Plane, source: NDArray[np.int64], reference: NDArray[np.int64], reach: int | None
) -> Path:
    """``like``: N×M similarity of the frames numbered ``source`` and ``reference`` (ascending).

    ``reach``: the largest offset that is looked at, None for all.
    """
    low, high = int(reference[0] - source[-1]), int(reference[-1] - source[0])
    if reach is not None:
        low, high = max(low, -reach), min(high, reach)
    offsets = np.arange(low, high + 1)
    usual = float(np.median(like.max(axis=1)))
    unmatched = 1 - UNLIKE * usual
    price = max(CHANGE, CHANGE_NOISE * frame_noise(like.max(axis=1)))
    places = np.full(int(reference[-1] - reference[0]) + 1, -1)
    places[reference - reference[0]] = np.arange(len(reference))
    choices = np.empty((len(source), len(offsets)), np.int32)
    total = np.zeros(len(offsets), np.float32)
    for row, number in enumerate(source):
        came, choices[row] = _cheapest(total, price)
        at = number + offsets - reference[0]
        inside = (at >= 0) & (at < len(places))
        place = np.where(inside, places[np.clip(at, 0, len(places) - 1)], -1)
        cost = np.where(place >= 0, 1 - like[row, place], np.float32(unmatched))
        total = came + np.minimum(cost, np.float32(unmatched))
    path = np.empty(len(source), np.int64)
    state = int(np.argmin(total))
    for row in range(len(source) - 1, -1, -1):
        path[row] = offsets[state]
        state = int(choices[row, state])
    path = _without_excursions(path, like, source, reference, price)
    return Path(path, unlike_rows(like, source, reference, path))


def unlike_rows(
    like: Plane, source: NDArray[np.int64], reference: NDArray[np.int64], offsets: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Rows that resemble nothing at their offset, or have nothing there."""
    usual = float(np.median(like.max(axis=1)))
    return ~(similarity_at(like, source, reference, offsets) > UNLIKE * usual)


def _without_excursions(
    path: NDArray[np.int64],
    like: Plane,
    source: NDArray[np.int64],
    reference: NDArray[np.int64],
    price: float,
) -> NDArray[np.int64]:
    """A damaged frame may look like another moment. Where the path leaves an offset and comes back to it soon, more
    than one frame has to say so."""
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    kept = path.copy()
    for before, first, after in zip(edges, edges[1:-1], edges[2:-1], strict=False):
        if path[before] != path[after] or after - first > EXCURSION:
            continue
        rows = np.arange(first, after)
        there = similarity_at(like[rows], source[rows], reference, path[rows])
        here = similarity_at(like[rows], source[rows], reference, np.full(len(rows), path[before]))
        gain = np.sort(np.nan_to_num(there - here))
        if gain[:-1].sum() < price:
            kept[first:after] = path[before]
    return kept


def similarity_at(
    like: Plane, source: NDArray[np.int64], reference: NDArray[np.int64], offsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Similarity of each row at its offset; NaN where the Reference has no such frame."""
    wanted = source + offsets
    place = np.clip(np.searchsorted(reference, wanted), 0, len(reference) - 1)
    value = like[np.arange(len(source)), place].astype(np.float64)
    return np.where(reference[place] == wanted, value, np.nan)


def frame_noise(values: NDArray[Any]) -> float:
    """Standard deviation of what changes from one value to the next, robust; a slow change does not count."""
    steps = np.diff(values[np.isfinite(values)])
    return float(1.4826 * np.median(np.abs(steps)) / np.sqrt(2)) if len(steps) else 0.0


def _cheapest(total: Plane, price: float) -> tuple[Plane, NDArray[np.int32]]:
    """For each offset the least that it costs to arrive there, and from which: staying, a near change, or any."""
    count = len(total)
    own = np.arange(count, dtype=np.int32)
    slope = np.float32(FARTHER * price) * own
    left, left_from = _running_least(total - slope)
    right, right_from = _running_least((total + slope)[::-1])
    right, right_from = right[::-1], (count - 1 - right_from)[::-1]
    anywhere = int(np.argmin(total))
    arrivals = np.stack(
        [
            total,
            left + slope + np.float32(price),
            right - slope + np.float32(price),
            np.full(count, total[anywhere] + np.float32(FARTHEST * price)),
        ]
    )
    chosen = np.argmin(arrivals, axis=0)
    origin = np.stack([own, left_from, right_from, np.full(count, anywhere, np.int32)])
    return arrivals[chosen, own], origin[chosen, own].astype(np.int32)


def _running_least(values: Plane) -> tuple[Plane, NDArray[np.int32]]:
    """The least so far, and where it is."""
    least = np.minimum.accumulate(values)
    fresh = np.concatenate([[True], values[1:] < least[:-1]])
    return least, np.maximum.accumulate(np.where(fresh, np.arange(len(values)), 0)).astype(np.int32)
