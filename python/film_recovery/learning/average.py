"""The moving average of the weights (EMA): calmer than the weights of any one step, and what is exported."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError


class Average:
    """Exponential moving average of the parameters of a module, by name.

    The share that is kept grows from 2/11 to ``keep``, so that the start does not weigh on short trainings.
    """

    def __init__(self, module: nn.Module, keep: float) -> None:
        if not 0 <= keep < 1:
            raise FilmRecoveryError(
                f"An average that keeps {keep:g} never moves.", remedy="choose 0 to 0.9999"
            )
        self.keep = keep
        self.weights = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights after ``step`` (from 0)."""
        share = 1 - min(self.keep, (2 + step) / (11 + step))
        now = dict(module.named_parameters())
        torch._foreach_lerp_(
            list(self.weights.values()), [now[name].detach() for name in self.weights], share
        )

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        for name, value in module.named_parameters():
            value.copy_(self.weights[name])

    @torch.no_grad()
    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take over saved weights. Raises KeyError or RuntimeError where they do not match."""
        if weights.keys() != self.weights.keys():
            raise KeyError(", ".join(sorted(weights.keys() ^ self.weights.keys())))
        for name, value in self.weights.items():
            if value.shape != weights[name].shape:
                raise RuntimeError(f"{name} has shape {tuple(weights[name].shape)}")
            value.copy_(weights[name])
