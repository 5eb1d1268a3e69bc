"""The linear algebra that the closed forms share, in float64 and on one thread.

float32 is not enough: the default cut-off of a float32 least-squares solver grows with the number of pixels
and silently drops the small directions, in which most of a recovery lies. One thread, because sums taken in
another order give other last digits: equal pairs give equal weights however many processors there are.
(Waiting for one another, threads also made these short sums ten times slower on a busy machine.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from film_recovery.errors import FilmRecoveryError

# Pairs up to which each gives all its samples; of more, each gives fewer, and memory stays what it is.
_CROWD = 64


def share_of(samples_per_pair: int, pairs: int) -> int:
    """How many samples each of so many pairs gives: ``samples_per_pair``, but of all no more than of 64 pairs."""
    return max(1, min(samples_per_pair, samples_per_pair * _CROWD // max(pairs, 1)))


def counted(blocks: Iterable[tuple[Tensor, Tensor]], times: float | None) -> Iterator[tuple[Tensor, Tensor]]:
    """``blocks`` of one pair, which count ``times`` as much as they would; None: as they are."""
    for features, targets in blocks:
        yield (features, targets) if times is None else (features * times**0.5, targets * times**0.5)


def times_of(often: Sequence[int], pairs: int) -> list[float | None]:
    """How much each pair counts, 1 in the mean, by how ``often`` a training draws it; None throughout where that is
    not said. Raises FilmRecoveryError where it is said of another number of pairs."""
    check_often(often, pairs)
    return [times * pairs / sum(often) for times in often] if often else [None] * pairs


def check_often(often: Sequence[int], count: int) -> None:
    """Raise FilmRecoveryError where ``often`` is not of ``count`` pairs; empty is of any."""
    if often and len(often) != count:
        raise FilmRecoveryError(
            f"The training says of {len(often)} pairs how often they are drawn, and there are {count}.",
            remedy="give as many numbers as there are pairs, or none",
        )


def check_settings(ridge: float, samples_per_pair: int) -> None:
    """Raise FilmRecoveryError unless a fit is possible with these."""
    if not 0 < ridge < float("inf"):
        raise FilmRecoveryError(f"A ridge of {ridge:g} leaves the fit open.", remedy="choose one above 0")
    if samples_per_pair < 1:
        raise FilmRecoveryError(
            f"{samples_per_pair} samples of each pair are too few.", remedy="choose 1 or more, as 100000"
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """torch computes on one thread inside; also a decorator."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def fit_ridge(blocks: Iterable[tuple[Tensor, Tensor]], ridge: float) -> Tensor:
    """Weights W (M×K) that minimise ``mean |features · W - targets|² + ridge · |scaled W|²``.

    ``blocks``: features (N×M) and targets (N×K), float64, in any number of pieces, at least one. Each weight
    is scaled by the root mean square of its feature, so that ``ridge`` (> 0) means the same for all; a
    feature that is always zero gets weight zero.
    """
    total, gram, moment = 0, torch.zeros(()), torch.zeros(())
    for features, targets in blocks:
        gram = gram + features.T @ features
        moment = moment + features.T @ targets
        total += len(features)
    gram, moment = gram / total, moment / total
    size = gram.diagonal().sqrt()
    scale = torch.where(size > 0, 1 / size, torch.zeros_like(size))
    scaled = gram * torch.outer(scale, scale) + ridge * torch.eye(len(size), dtype=gram.dtype)
    return torch.linalg.solve(scaled, moment * scale[:, None]) * scale[:, None]
