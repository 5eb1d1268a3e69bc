"""Where in the trained format a pixel lies: what a model with the position input sees besides colours.

Coordinates are those of pixel centres, across and down from the top left corner, 0–1 over the *format* that the
training pictures fill (``pairs.Window``). Crops, flips and tiles carry the coordinates that their pixels had in it.
Off by default: a model that has learnt where things are in one format knows nothing of another.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from film_recovery.learning.pairs import Window


def coordinates(height: int, width: int, window: Window | None = None) -> tuple[NDArray[np.float32], ...]:
    """Across and down, H×W×1 float32 each, of a picture at ``window``; None: it fills the format itself.

    Views that hold one row or column, to be cut, not written to.
    """
    window = window or Window(0, 0, width, height)
    across = ((np.arange(width) + 0.5 + window.left) / window.width).astype(np.float32)
    down = ((np.arange(height) + 0.5 + window.top) / window.height).astype(np.float32)
    shape = (height, width, 1)
    return np.broadcast_to(across[None, :, None], shape), np.broadcast_to(down[:, None, None], shape)


def whole(rgb: Tensor) -> Tensor:
    """Coordinates of pictures N×C×H×W that fill the format: N×2×H×W (across, down). TorchScript."""
    height, width = rgb.shape[2], rgb.shape[3]
    across = (torch.arange(width, device=rgb.device, dtype=torch.float32) + 0.5) / width
    down = (torch.arange(height, device=rgb.device, dtype=torch.float32) + 0.5) / height
    planes = [across[None, :].expand(height, width), down[:, None].expand(height, width)]
    return torch.stack(planes).to(rgb.dtype)[None].expand(rgb.shape[0], 2, height, width)
