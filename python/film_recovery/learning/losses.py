"""What a training minimises: terms of the difference between a model's result and the Ground Truth.

Measured on encoded values (``curve.py``), so that shadows count as the eye counts them, and only on what the
recipe may change: luma for spatial recovery, red, green and blue for colour recovery (whose luma is locked).
Terms are named, weighted by the settings and logged one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import Curve
from film_recovery.learning.lock import luma

# Below this difference (encoded) Charbonnier's loss is quadratic: a quarter of an 8-bit step.
_CHARBONNIER = 1e-3


def absolute(difference: Tensor) -> Tensor:
    """Mean absolute difference (L1)."""
    return difference.abs().mean()


def charbonnier(difference: Tensor) -> Tensor:
    """L1 with a smooth bottom (Charbonnier et al., ICIP 1994)."""
    return (difference * difference + _CHARBONNIER**2).sqrt().mean()


TERMS: Mapping[str, Callable[[Tensor], Tensor]] = {"l1": absolute, "charbonnier": charbonnier}


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise FilmRecoveryError for a term that is unknown, weights that are not above 0, or none at all."""
    for name, weight in weights.items():
        if name not in TERMS:
            raise FilmRecoveryError(f"There is no loss {name!r}.", remedy=f"choose {' or '.join(TERMS)}")
        if not 0 < weight < float("inf"):
            raise FilmRecoveryError(f"The loss {name} has weight {weight:g}.", remedy="choose one above 0")
    if not weights:
        raise FilmRecoveryError("No loss is chosen.", remedy=f"choose {' or '.join(TERMS)}")


def loss_terms(
    weights: Mapping[str, float], recipe: str, curve: Curve, result: Tensor, truth: Tensor
) -> dict[str, Tensor]:
    """The weighted terms by name; their sum is the loss. ``result``, ``truth``: N×3×H×W graph values."""
    if recipe == "spatial":
        result, truth = luma(result), luma(truth)
    difference = curve.encode(result) - curve.encode(truth)
    return {name: weight * TERMS[name](difference) for name, weight in weights.items()}


def total(terms: Mapping[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()
