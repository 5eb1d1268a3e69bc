"""The curve that makes graph values perceptual while fitting, and back.

The node graph usually carries scene-linear values, where a least-squares fit would care for highlights only.
``"srgb"`` has the shape of sRGB's curve (IEC 61966-2-1: exponent 2.4, offset 0.055) with the knee where value
*and* slope meet (0.0030 linear, 0.0393 encoded), so that it is smooth and inverts everywhere. It is mirrored
for negative values and goes on as a power above 1. ``"none"`` leaves values as they are. A model holds its
curve inside: it takes and gives graph values.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels

CURVES = ("srgb", "none")


class Curve(nn.Module):
    """Graph values to encoded values and back: TorchScript, any shape, keeps the dtype."""

    def __init__(self, name: str) -> None:
        """``name``: one of ``CURVES``. Raises FilmRecoveryError for another."""
        super().__init__()
        if name not in CURVES:
            raise FilmRecoveryError(f"There is no curve {name!r}.", remedy=f"choose {' or '.join(CURVES)}")
        self.name = name
        self.curved = name == "srgb"
        # Slope and value of 1.055 v^(1/2.4) - 0.055 equal those of a line through zero at this knee.
        self.knee_encoded = 0.055 / 1.4
        self.slope = (1.055 / 2.4) ** 2.4 * (1.4 / 0.055) ** 1.4
        self.knee = self.knee_encoded / self.slope

    @torch.jit.export
    def encode(self, values: Tensor) -> Tensor:
        if not self.curved:
            return values
        size = values.abs()
        above = 1.055 * size.clamp(min=self.knee).pow(1.0 / 2.4) - 0.055
        return torch.sign(values) * torch.where(size <= self.knee, size * self.slope, above)

    @torch.jit.export
    def decode(self, values: Tensor) -> Tensor:
        if not self.curved:
            return values
        size = values.abs()
        above = ((size.clamp(min=self.knee_encoded) + 0.055) / 1.055).pow(2.4)
        return torch.sign(values) * torch.where(size <= self.knee_encoded, size / self.slope, above)

    def encode_array(self, values: Pixels) -> NDArray[np.float64]:
        """:meth:`encode` of an array, in float64: what the fits work on."""
        encoded: NDArray[np.float64] = self.encode(torch.from_numpy(np.array(values, np.float64))).numpy()
        return encoded
