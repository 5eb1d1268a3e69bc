"""The identity lock: what a recipe may not change is carried over from the input, inside the model.

TorchScript functions on N×3×H×W tensors of graph values; luma and chroma as ``imaging/luma.py`` defines
them. All take a *change* instead of a result, so that a model which changes nothing gives its input back bit
by bit.
"""

from __future__ import annotations

from torch import Tensor

# ``paired``: photographs before and after, where nothing is locked.
RECIPES = ("colour", "spatial", "paired")


def luma(rgb: Tensor) -> Tensor:
    """Y of ``rgb`` (N×3×H×W): N×1×H×W, the weights of ``imaging/luma.py``."""
    return rgb[:, 0:1] * 0.2126 + rgb[:, 1:2] * 0.7152 + rgb[:, 2:3] * 0.0722


def change_chroma(rgb: Tensor, change: Tensor) -> Tensor:
    """Colour recipe: ``rgb + change`` (N×3×H×W) with the luma of ``rgb``, whatever ``change`` does to it."""
    return rgb + (change - luma(change))


def change_luma(rgb: Tensor, change: Tensor) -> Tensor:
    """Spatial recipe: ``change`` (N×1×H×W) is added to Y. Equal on all channels, it leaves Cb and Cr."""
    return rgb + change


def change_all(rgb: Tensor, change: Tensor) -> Tensor:
    """Paired recipe: ``rgb + change`` (N×3×H×W); nothing is locked."""
    return rgb + change
