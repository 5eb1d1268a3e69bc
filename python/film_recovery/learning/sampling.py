"""Which patches a training step sees: a pure function of seed, step and place in the batch.

Nothing is remembered from step to step, so a training that goes on after a kill sees what an uninterrupted
one would have seen. Both sides of a pair always get the same crop, flip and exposure. There is no rotation,
no sharpening and no noise: the film's own grain and geometry are what is to be learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.pairs import Pair, PairSource

# Keeps the generator of the order of pairs apart from those of the patches.
_ORDER = 0x0DE4


@dataclass(frozen=True)
class Sampling:
    """``patch``: side in pixels. ``flip``: half of the patches are mirrored, left to right. ``exposure``: both
    sides are multiplied by 2^e, e drawn from -exposure … exposure (stops)."""

    patch: int
    batch: int
    seed: int
    flip: bool = True
    exposure: float = 0.0


def draw_batch(pairs: PairSource, sampling: Sampling, step: int) -> tuple[Tensor, Tensor]:
    """Input and Ground Truth of ``step`` (from 0): batch × 3 × patch × patch, graph values, each."""
    drawn = [_patch(pairs, sampling, step, place) for place in range(sampling.batch)]
    given, truth = (np.stack([sides[index] for sides in drawn]) for index in (0, 1))
    return _planes(given), _planes(truth)


def pair_index(count: int, sampling: Sampling, step: int, place: int) -> int:
    """The pair at that place: every pair comes once before any comes again, in a new order each time."""
    turn, position = divmod(step * sampling.batch + place, count)
    order = np.random.default_rng((sampling.seed, _ORDER, turn)).permutation(count)
    return int(order[position])


def check_size(pair: Pair, patch: int) -> None:
    """Raise FilmRecoveryError, naming the pair, when a patch does not fit into it."""
    height, width = pair.input.shape[:2]
    if min(height, width) < patch:
        raise FilmRecoveryError(
            f"{pair.label}: a patch of {patch} × {patch} does not fit into {width} × {height}.",
            remedy=f"choose a patch of at most {min(height, width)} pixels",
        )


def _patch(pairs: PairSource, sampling: Sampling, step: int, place: int) -> tuple[Pixels, Pixels]:
    random = np.random.default_rng((sampling.seed, step, place))
    pair = pairs[pair_index(len(pairs), sampling, step, place)]
    height, width = pair.input.shape[:2]
    y = int(random.integers(height - sampling.patch + 1))
    x = int(random.integers(width - sampling.patch + 1))
    flipped = sampling.flip and random.random() < 0.5
    gain = np.float32(2.0 ** random.uniform(-sampling.exposure, sampling.exposure))
    across = slice(None, None, -1) if flipped else slice(None)

    def same(side: Pixels) -> Pixels:
        """The one treatment that both sides get."""
        return side[y : y + sampling.patch, x : x + sampling.patch][:, across] * gain

    return same(pair.input), same(pair.truth)


def _planes(patches: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(patches.transpose(0, 3, 1, 2)))
