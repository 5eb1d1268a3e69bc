"""What the reference figures of the published NAFNet were made with: weights and pictures by rule, no files.

The published implementation (its class and the one with local pooling) was run once on these; where each result
was read, and what it was there, is in ``nafnet_outputs.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

# Width, encoder, middle, decoder. The first two are the published ones.
VARIANTS: dict[str, tuple[int, tuple[int, ...], int, tuple[int, ...]]] = {
    "sidd": (32, (2, 2, 4, 8), 12, (2, 2, 2, 2)),
    "gopro": (32, (1, 1, 1, 28), 1, (1, 1, 1, 1)),
    "lopsided": (8, (1, 2), 2, (2, 1)),
}
SIZES = ((64, 80), (101, 71))
PATCH = 40  # of local pooling: windows of 72 pixels, of 60 where the grid is finer, so both sizes are larger


def weights(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Every weight, drawn with the number of its place among the sorted names; values neither die nor grow."""
    made = {}
    for place, name in enumerate(sorted(shapes)):
        shape = shapes[name]
        values = np.random.default_rng((5, place)).standard_normal(shape)
        if name == "ending.weight":
            values *= 0.02
        elif len(shape) == 4 and shape[0] > 1:
            values *= float(np.prod(shape[1:])) ** -0.5
        else:
            values = ("norm" in name and name.endswith("weight")) + 0.2 * values
        made[name] = torch.from_numpy(np.asarray(values, np.float32))
    return made


def picture(height: int, width: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng((height, width)).random((1, 3, height, width), np.float32))


def sampled(result: Tensor) -> list[float]:
    """Four values of a result: the corners, and one inside, of different channels."""
    _, _, height, width = result.shape
    places = ((0, 0, 0), (1, height - 1, width - 1), (2, height // 2, width // 3), (0, height - 1, 0))
    return [float(result[0, channel, y, x]) for channel, y, x in places]
