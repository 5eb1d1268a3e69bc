"""What determines the weights that a training ends with, and the presets of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.losses import check_weights
from film_recovery.learning.network import SHAPES
from film_recovery.learning.sampling import Sampling


@dataclass(frozen=True)
class Settings:
    """``preset``: the network, a name of SHAPES. ``patch``: side in pixels. ``learning_rate``: its peak.
    ``warm_up``: steps until then, at most a tenth of all. ``average``: share kept by the moving average of
    the weights. ``clip``: largest norm of a gradient. ``loss``: weights of the terms. ``flip``, ``exposure``:
    as in Sampling."""

    steps: int
    preset: str = "small"
    patch: int = 48
    batch: int = 16
    seed: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.9)
    warm_up: int = 200
    average: float = 0.99
    clip: float = 1.0
    loss: Mapping[str, float] = field(default_factory=lambda: {"l1": 1.0})
    flip: bool = True
    exposure: float = 0.0

    def __post_init__(self) -> None:
        if self.preset not in SHAPES:
            raise FilmRecoveryError(
                f"There is no network {self.preset!r}.", remedy=f"choose {', '.join(SHAPES)}"
            )
        for name, least in (("steps", 1), ("patch", 16), ("batch", 1), ("seed", 0), ("warm_up", 0)):
            if getattr(self, name) < least:
                raise FilmRecoveryError(
                    f"The training's {name} is {getattr(self, name)}.", remedy=f"choose {least} or more"
                )
        for name in ("learning_rate", "clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise FilmRecoveryError(
                    f"The training's {name} is {getattr(self, name):g}.", remedy="choose a number above 0"
                )
        check_weights(self.loss)

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.patch, self.batch, self.seed, self.flip, self.exposure)

    def rate(self, step: int) -> float:
        """Learning rate at ``step`` (from 0): a linear warm-up, then half a cosine down to a thousandth."""
        warm_up = min(self.warm_up, self.steps // 10)
        if step < warm_up:
            return self.learning_rate * (step + 1) / warm_up
        done = (step - warm_up) / max(1, self.steps - warm_up)
        return self.learning_rate * max(1e-3, 0.5 * (1 + math.cos(math.pi * done)))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON and checkpoints hold them."""
        return {**asdict(self), "betas": list(self.betas), "loss": dict(self.loss)}
