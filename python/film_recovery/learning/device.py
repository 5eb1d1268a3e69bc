"""Where a training, or a model, computes: CPU, NVIDIA card (cuda) or Apple card (mps), and in which precision.

Checkpoints and models are always the CPU's tensors, so that what began on one device can go on, or run, on another.
On the CPU with the same number of threads equal settings give equal bytes. Between devices the order of sums differs;
**how far the weights then lie apart has not been measured**: no card was at hand, and cuda and mps are unconfirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.workers import ALONE, Workers

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose(name: str, workers: Workers = ALONE) -> torch.device:
    """The device that ``name`` means here: ``auto`` takes a card if there is one. Each worker takes a card of its own.

    Raises FilmRecoveryError for a name that is unknown or a device that is not there: never another one in its place.
    """
    if name not in DEVICES:
        raise FilmRecoveryError(f"There is no device {name!r}.", remedy=f"choose {', '.join(DEVICES)}")
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    enough = cards >= workers.here
    if name == "cuda" and not enough:
        raise FilmRecoveryError(
            f"{workers.here} NVIDIA cards are needed, {cards} can be used."
            if cards
            else "No NVIDIA card can be used.",
            remedy="choose --device cpu, or install PyTorch with CUDA and a driver for it",
        )
    if name == "cuda" or (name == "auto" and cards and enough):
        return torch.device("cuda", workers.local)
    if name == "mps" and (workers.count > 1 or not torch.backends.mps.is_available()):
        raise FilmRecoveryError(
            "Several processes cannot share an Apple card."
            if workers.count > 1
            else "No Apple card can be used.",
            remedy="choose --device cpu",
        )
    if name == "mps" or (name == "auto" and workers.count == 1 and torch.backends.mps.is_available()):
        return torch.device("mps")
    return torch.device("cpu")


def device_of(module: nn.Module | torch.jit.ScriptModule) -> torch.device:
    """Where ``module`` computes: where its weights lie; the CPU if it has none."""
    for value in chain(module.parameters(), module.buffers()):
        return value.device
    return torch.device("cpu")


@contextmanager
def mixed(network: nn.Module, device: torch.device, amp: str) -> Iterator[None]:
    """Within the block, ``network`` computes in bfloat16 where that is safe, if ``amp`` is ``bf16``; nothing else does.

    The closed form and the identity lock around it keep float32: what they do is exact in a render, so it is here.
    """
    if amp == "off":
        yield
        return
    plain = network.forward

    def forward(*arguments: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            result: Tensor = plain(*arguments)
        return result.float()

    network.forward = forward
    try:
        yield
    finally:
        del network.forward


def on_cpu(value: Any) -> Any:
    """``value`` with every tensor in it on the CPU, and mappings as plain dicts, as ``weights_only`` loads them."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, Mapping):
        return {key: on_cpu(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(on_cpu(entry) for entry in value)
    return value
