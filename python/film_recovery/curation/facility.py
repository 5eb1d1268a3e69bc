"""Facility location: the few members that stand for all, by lazy greedy choice. Arrays in, indices out.

The value of a set is the sum, over all that is to be represented, of the likeness to the nearest member of the set. It
is monotone and submodular, so that the greedy choice reaches at least 1 − 1/e of the best (Nemhauser, Wolsey and Fisher
1978); the gains that were computed earlier are upper bounds, so most need not be computed again (Minoux 1978).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def likeness(vectors: Matrix) -> Matrix:
    """N×N, 0–1: 1 minus the distance of two rows of ``vectors`` (N×D), over the largest distance there is.

    So the value of a set falls with the mean distance of everything from its nearest member, and needs no width of
    a kernel. All ones where all rows are equal.
    """
    squares = (vectors.astype(np.float64) ** 2).sum(axis=1)
    products = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    squared = squares[:, None] + squares[None, :] - 2 * products
    # Equal rows come out as rounding errors: their distance is nothing, and ties must be ties.
    squared[squared < 1e-9 * max(float(squares.max(initial=0.0)), 1e-12)] = 0.0
    distance = np.sqrt(squared)
    most = float(distance.max(initial=0.0))
    return (1 - distance / most if most > 0 else np.ones_like(distance)).astype(np.float32)


def value(likenesses: Matrix, members: Iterable[int]) -> float:
    """The value of a set of ``members``: the sum over all rows of the likeness to the nearest of them."""
    chosen = sorted(members)
    return float(likenesses[:, chosen].max(axis=1).sum(dtype=np.float64)) if chosen else 0.0


def greedy(
    likenesses: Matrix, candidates: Sequence[int], count: int, chosen: Sequence[int] = ()
) -> list[int]:
    """Up to ``count`` of ``candidates`` (columns of ``likenesses``) that add most to ``chosen``, in order of choice.

    Equal gains: the one furthest in number from all that is chosen, then the lower number; so frames that look alike
    are spread in time, and the same input always gives the same choice.
    """
    nearest = (
        likenesses[:, list(chosen)].max(axis=1) if len(chosen) else np.zeros(len(likenesses), np.float32)
    )
    taken = list(chosen)
    open_ = sorted(set(candidates) - set(taken))
    # −gain, −distance from what is chosen, number, how many were taken when it was computed
    heap = [(-np.inf, 0, one, -1) for one in open_]
    heapq.heapify(heap)
    found: list[int] = []
    while heap and len(found) < count:
        best = heapq.heappop(heap)
        if best[3] == len(taken):
            found.append(best[2])
            taken.append(best[2])
            nearest = np.maximum(nearest, likenesses[:, best[2]])
            continue
        one = best[2]
        heapq.heappush(heap, (-_gain(likenesses, nearest, one), -_apart(one, taken), one, len(taken)))
    return found


def _gain(likenesses: Matrix, nearest: NDArray[np.float32], one: int) -> float:
    """What ``one`` adds; rounded, so that a tie is not broken by the order of a sum."""
    return round(float(np.maximum(likenesses[:, one] - nearest, 0).sum(dtype=np.float64)), 6)


def _apart(one: int, taken: Sequence[int]) -> int:
    return min((abs(one - other) for other in taken), default=0)
