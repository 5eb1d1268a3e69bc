"""Trains the product's network, or the U-Net, and looks at it when so many steps are done. Counts minutes of one core.

A minute is a minute of processor time of a process that computes on one thread: others on the machine cost little of
it, while they may double the time on the clock. What the looks cost is not counted.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from unet import UNet

from film_recovery.imaging.frame import Pixels
from film_recovery.learning import tiling
from film_recovery.learning.curve import Curve
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import Pair
from film_recovery.learning.sampling import Sampling, draw_batch
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import Watch, new_model, pair_hashes, train_network

Model = Callable[[Pixels], Pixels]
Look = Callable[[int, float, Model], None]  # steps that are done, minutes, the model as it is

UNET_PATCH, UNET_BATCH = 128, 4


class Clock:
    """Minutes of processor time since it was made, less those of the looks."""

    def __init__(self) -> None:
        self.start = time.process_time()

    def minutes(self) -> float:
        return (time.process_time() - self.start) / 60

    def looking(self, look: Callable[[float], None]) -> None:
        began = time.process_time()
        look((began - self.start) / 60)
        self.start += time.process_time() - began


def runner(module: torch.nn.Module, radius: int) -> Model:
    """A module of the product as a function of whole pictures."""
    return lambda picture: tiling.apply(module, picture, radius=radius)


def train_ours(base: ClosedForm, pairs: Sequence[Pair], settings: Settings, every: int, look: Look) -> None:
    """The product's trainer on ``base``, with a look every ``every`` steps and at the end."""
    clock = Clock()
    model = new_model(base, pairs, settings)

    def seen(step: int, now: torch.nn.Module) -> None:
        clock.looking(lambda minutes: look(step, minutes, runner(now, model.radius)))

    with tempfile.TemporaryDirectory() as folder:
        train_network(
            model,
            pairs,
            settings,
            Path(folder),
            hashes=pair_hashes(pairs),
            checkpoint_every=settings.steps,
            milestone_every=10 * settings.steps,
            watch=Watch(look=seen, every=every),
        )


def train_unet(
    pairs: Sequence[Pair], curve: Curve, rate: float, seed: int, minutes: Sequence[float], look: Look
) -> None:
    """L1 on encoded values, AdamW at a constant ``rate``, as TuNet does by default; a look when the minutes are over.

    Computes in bfloat16 where that is allowed, which makes its step twice as fast.
    """
    torch.manual_seed(seed)
    clock = Clock()
    model = UNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-4)
    sampling = Sampling(UNET_PATCH, UNET_BATCH, seed)
    step = 0
    for budget in sorted(minutes):
        model.train()
        while clock.minutes() < budget:
            batch = draw_batch(pairs, sampling, step)
            given, truth = (curve.encode(side) for side in (batch[0], batch[1]))
            with torch.autocast("cpu", torch.bfloat16):
                result = model(given.contiguous(memory_format=torch.channels_last))
            loss = functional.l1_loss(result.float(), truth)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
        model.eval()
        clock.looking(lambda spent, done=step: look(done, spent, _whole(model, curve)))  # type: ignore[misc]


def _whole(model: UNet, curve: Curve) -> Model:
    """The U-Net on a whole picture of graph values, its sides enlarged to a multiple of 16; limited to encoded 0–1."""

    def run(picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        padded = np.pad(picture, ((0, -height % 16), (0, -width % 16), (0, 0)), "edge")
        planes = torch.from_numpy(np.ascontiguousarray(padded.transpose(2, 0, 1)))[None]
        with torch.inference_mode():
            result = curve.decode(model(curve.encode(planes)).clamp(0, 1))[0, :, :height, :width]
        return np.ascontiguousarray(result.permute(1, 2, 0).numpy())

    return run
