"""Which patches a training step sees: a pure function of seed, step and place in the batch.

Nothing is remembered from step to step, so a training that goes on after a kill sees what an uninterrupted
one would have seen, and processes that share a batch see what one alone would have. Both sides of a pair always
get the same crop, turns and exposure (``augmentation.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.augmentation import Variation, check_pairing, geometry, light
from film_recovery.learning.least_squares import check_often
from film_recovery.learning.pairs import Pair, PairSource, opened
from film_recovery.learning.position import coordinates

# Keeps the generator of the order of pairs apart from those of the patches.
_ORDER = 0x0DE4


@dataclass(frozen=True)
class Sampling:
    """``patch``: side in pixels. ``flip``: half of the patches are mirrored, left to right. ``exposure``: both
    sides are multiplied by 2^e, e drawn from -exposure … exposure (stops). ``vflip``, ``transpose``: half are
    turned upside down, have rows and columns exchanged. ``shift`` (pixels) and ``scale`` (a share) move and size
    both sides by up to that much, in one resampling. ``jitter``: the share of patches whose *Input alone* changes,
    by up to ``jitter_exposure`` stops and a share ``jitter_contrast`` of contrast. ``position``: patches come with
    their coordinates. ``often``: how many times each pair comes in a round, in their order; empty: once."""

    patch: int
    batch: int
    seed: int
    flip: bool = True
    exposure: float = 0.0
    vflip: bool = False
    transpose: bool = False
    shift: float = 0.0
    scale: float = 0.0
    jitter: float = 0.0
    jitter_exposure: float = 0.0
    jitter_contrast: float = 0.0
    position: bool = False
    often: tuple[int, ...] = ()


Patch = tuple[Pixels, Pixels, Pixels]


class Batch(NamedTuple):
    """Input and Ground Truth, N × 3 × patch × patch, graph values; with ``position``, N × 2 × patch × patch
    coordinates (across, down; 0–1) of their pixels in the trained format."""

    given: Tensor
    truth: Tensor
    coordinates: Tensor | None


def draw_batch(
    pairs: PairSource, sampling: Sampling, step: int, places: Sequence[int] | None = None
) -> Batch:
    """The patches of ``step`` (from 0). ``places``: those of the batch that are wanted, in order (None: all)."""
    wanted = range(sampling.batch) if places is None else places
    return batch_of([draw_patch(pairs, sampling, step, place) for place in wanted], sampling)


def batch_of(patches: Sequence[Patch], sampling: Sampling) -> Batch:
    """Patches of :func:`draw_patch` as a batch, in their order."""
    given, truth = (_planes([patch[side] for patch in patches]) for side in (0, 1))
    return Batch(given, truth, _planes([patch[2] for patch in patches]) if sampling.position else None)


def pair_index(count: int, sampling: Sampling, step: int, place: int) -> int:
    """The pair at that place: in each round every pair comes once, or as often as ``sampling`` says, in a new order."""
    often = sampling.often or (1,) * count
    check_often(often, count)
    turn, position = divmod(step * sampling.batch + place, sum(often))
    order = np.random.default_rng((sampling.seed, _ORDER, turn)).permutation(sum(often))
    return int(np.searchsorted(np.cumsum(often), order[position], side="right"))


def check_size(pair: Pair, patch: int) -> None:
    """Raise FilmRecoveryError, naming the pair, when a patch does not fit into it."""
    check_room(pair.label, pair.input.shape[0], pair.input.shape[1], patch)


def check_room(label: str, height: int, width: int, patch: int) -> None:
    """As :func:`check_size`, for a pair of which only label and size are known."""
    if min(height, width) < patch:
        raise FilmRecoveryError(
            f"{label}: a patch of {patch} × {patch} does not fit into {width} × {height}.",
            remedy=f"choose a patch of at most {min(height, width)} pixels",
        )


def check_sides(sampling: Sampling) -> None:
    """Raise FilmRecoveryError when ``sampling`` would treat Input and Ground Truth of a patch differently."""
    probed = replace(sampling, patch=16, batch=1, position=True, often=())

    def draw(given: Pixels, truth: Pixels, number: int) -> tuple[Pixels, Pixels, Pixels]:
        return draw_patch([Pair(given, truth, "probe")], probed, number, 0)

    check_pairing(draw, jitter=sampling.jitter > 0)


def draw_patch(pairs: PairSource, sampling: Sampling, step: int, place: int) -> Patch:
    """Both sides and the coordinates (without ``position`` their last axis is empty): one place of a batch."""
    random = np.random.default_rng((sampling.seed, step, place))
    pair = opened(pairs, pair_index(len(pairs), sampling, step, place))
    height, width = pair.input.shape[:2]
    drawn = _drawn(sampling, random, height, width)
    placed = coordinates(height, width, pair.window) if sampling.position else ()
    stack = geometry((pair.input, pair.truth, *placed), drawn, sampling.patch)
    given, truth = light(stack[..., :3], stack[..., 3:6], drawn)
    return given, truth, stack[..., 6:]


def _drawn(sampling: Sampling, random: np.random.Generator, height: int, width: int) -> Variation:
    """What happens to a patch. What is off draws nothing, and what was added later draws later: so a training's
    patches stay what they were."""
    y = int(random.integers(height - sampling.patch + 1))
    x = int(random.integers(width - sampling.patch + 1))
    mirrored = sampling.flip and random.random() < 0.5
    gain = 2.0 ** random.uniform(-sampling.exposure, sampling.exposure)
    drawn = Variation(y, x, mirrored, gain)
    if sampling.vflip:
        drawn = replace(drawn, upside_down=random.random() < 0.5)
    if sampling.transpose:
        drawn = replace(drawn, transposed=random.random() < 0.5)
    if sampling.shift or sampling.scale:
        down, across = random.uniform(-sampling.shift, sampling.shift, 2)
        scale = 1 + random.uniform(-sampling.scale, sampling.scale)
        drawn = replace(drawn, shift=(float(down), float(across)), scale=scale)
    if sampling.jitter and random.random() < sampling.jitter:
        stops = random.uniform(-sampling.jitter_exposure, sampling.jitter_exposure)
        contrast = random.uniform(-sampling.jitter_contrast, sampling.jitter_contrast)
        drawn = replace(drawn, input_gain=2.0**stops, input_contrast=1 + contrast)
    return drawn


def _planes(patches: list[Pixels]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.stack(patches).transpose(0, 3, 1, 2)))
