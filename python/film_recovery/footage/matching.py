"""The cheapest way through time: which offset each frame of a Source has to a Reference, given how alike frames are.

A path keeps its offset for nothing and pays to change it, so that it changes only where frames say so: at inserted,
dropped and repeated frames. It is found exactly, by dynamic programming over (frame, offset).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.likeness import CELLS, Likeness, around, likeness, sampled
from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import Signatures

# Of correlation, paid once a change. A frame that moves tells its neighbours apart by 0.02 to 0.2; noise of the
# similarity (0.002 to 0.01) must not add up to a change, and so sets its price.
CHANGE = 0.06
CHANGE_NOISE = 12.0  # times the noise from frame to frame, if that is more
FARTHER = 0.02  # of CHANGE, a frame of difference more, so that the nearer of two like moments is taken
FARTHEST = 3.0  # times CHANGE, the most that one costs: another reel's order is possible, only rare
EXCURSION = 12  # frames
UNLIKE = 0.5  # of the usual similarity: below it a frame is not in the Reference
BESIDE = 12  # offsets each way that a run's own is held against (``offset.py``)
LOST = 4  # frames that resemble nothing, from which they are looked for in the whole Reference: fewer are damaged
ROUNDS = 4  # of looking again near what was found

Plane = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Path:
    """``offsets``: Reference's number − Source's, for each row. ``unlike``: rows that resemble nothing there."""

    offsets: Numbers
    unlike: NDArray[np.bool_]


def searched(
    source: Signatures, reference: Signatures, placement: Placement, offsets: Numbers
) -> tuple[Likeness, Path]:
    """The best path over ``offsets`` (ascending), and the likeness that it was found on.

    Of long elements (``likeness.CELLS``) not all offsets are looked at for all frames; what is left out lies farther
    than ``likeness.BAND`` from every offset that any looked-at frame takes.
    """
    rows = np.arange(len(source))
    if len(rows) * len(offsets) <= CELLS:
        like = likeness(source, reference, placement, offsets)
        return like, best_path(like)
    some = likeness(source, reference, placement, offsets, sampled(rows, len(offsets)))
    found = best_path(some)
    wanted = around(found.offsets[~found.unlike], offsets)
    for _ in range(ROUNDS):
        like = likeness(source, reference, placement, wanted if len(wanted) else offsets[:1])
        path = best_path(like)
        taken = [path.offsets[~path.unlike], _elsewhere(source, reference, placement, offsets, like, path)]
        more = around(np.concatenate(taken), offsets)
        # A run is held against the offsets beside its own, so these have to be known.
        if not len(np.setdiff1d(around(np.concatenate(taken), offsets, BESIDE), wanted)):
            break
        wanted = np.union1d(wanted, more)
    return like, path


def _elsewhere(
    source: Signatures,
    reference: Signatures,
    placement: Placement,
    offsets: Numbers,
    like: Likeness,
    path: Path,
) -> Numbers:
    """Offsets at which frames lie that resemble nothing on ``path``, some of them held against the whole Reference."""
    lost = np.flatnonzero(path.unlike)
    if len(lost) < LOST:
        return np.empty(0, np.int64)
    rows = sampled(lost, len(offsets))
    there = likeness(source, reference, placement, offsets, rows)
    found = best_path(there)
    value = np.nan_to_num(there.at(np.arange(len(rows)), found.offsets))
    return found.offsets[value > UNLIKE * like.usual]


def best_path(like: Likeness) -> Path:
    """Through all rows of ``like``, which are in the order of time."""
    usual = like.usual
    unmatched = np.float32(1 - UNLIKE * usual)
    price = max(CHANGE, CHANGE_NOISE * frame_noise(like.best))
    count = len(like.offsets)
    choices = np.empty((len(like.values), count), np.min_scalar_type(count - 1))
    total = np.zeros(count, np.float32)
    apart = (like.offsets - like.offsets[0]).astype(np.float32)
    for row, values in enumerate(like.values):
        came, choices[row] = _cheapest(total, price, apart)
        total = came + np.fmin(1 - values, unmatched)  # where the Reference has no frame: unmatched
    path = np.empty(len(choices), np.int64)
    state = int(np.argmin(total))
    for row in range(len(choices) - 1, -1, -1):
        path[row] = like.offsets[state]
        state = int(choices[row, state])
    path = _without_excursions(path, like, price)
    return Path(path, unlike_rows(like, path))


def unlike_rows(like: Likeness, offsets: Numbers) -> NDArray[np.bool_]:
    """Rows that resemble nothing at their offset, or have nothing there."""
    return ~(like.at(np.arange(len(offsets)), offsets) > UNLIKE * like.usual)


def _without_excursions(path: Numbers, like: Likeness, price: float) -> Numbers:
    """A damaged or foreign frame may look like another moment. Where the path leaves an offset and soon comes back to
    it, or from far away to one near it, more than one frame has to say so."""
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    kept = path.copy()
    for before, first, after in zip(edges, edges[1:-1], edges[2:-1], strict=False):
        sides = int(path[before]), int(path[after])
        near = abs(sides[0] - sides[1]) <= BESIDE and min(abs(path[first] - side) for side in sides) > BESIDE
        if not (sides[0] == sides[1] or near) or after - first > EXCURSION:
            continue
        rows = np.arange(first, after)
        values = np.nan_to_num([like.at(rows, path[rows]), *(like.at(rows, side) for side in sides)])
        nearer = int(np.argmax(values[1:].sum(axis=1)))
        gain = np.sort(values[0] - values[1 + nearer])
        if gain[:-1].sum() < price:
            kept[first:after] = sides[nearer]
    return kept


def frame_noise(values: NDArray[Any]) -> float:
    """Standard deviation of what changes from one value to the next, robust; a slow change does not count."""
    steps = np.diff(values[np.isfinite(values)])
    return float(1.4826 * np.median(np.abs(steps)) / np.sqrt(2)) if len(steps) else 0.0


def _cheapest(total: Plane, price: float, apart: Plane) -> tuple[Plane, NDArray[np.int32]]:
    """For each offset the least that it costs to arrive there, and from which: staying, a near change, or any.

    ``apart``: how far each lies from the first, in frames.
    """
    count = len(total)
    own = np.arange(count, dtype=np.int32)
    slope = np.float32(FARTHER * price) * apart
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
