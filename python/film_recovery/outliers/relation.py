"""How what was recovered follows from the Source, as sums over one frame: what other frames foretell with them.

A model does the same to each frame of a shot. So the least-squares relation of one frame foretells another, and what
is left is that frame's own; how the picture changed in between cancels. Sums are small: pictures can be let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
RIDGE = 1e-6  # of the mean diagonal: what a frame does not show (a colour, say) it says nothing about


@dataclass(frozen=True, eq=False)
class Relation:
    """Means over pixels. ``inner``: K×K, of the Source's features with one another; ``cross``: K×M, with the recovered
    values; ``power``: M, of these squared."""

    inner: Values
    cross: Values
    power: Values

    @cached_property
    def fitted(self) -> Values:
        """K×M: recovered ≈ features · fitted."""
        return np.asarray(np.linalg.solve(self.ridged, self.cross), np.float64)

    @property
    def ridged(self) -> Values:
        """K×K: ``inner`` that can be inverted."""
        step = RIDGE * float(np.trace(self.inner)) / len(self.inner)
        return np.asarray(self.inner + max(step, 1e-12) * np.eye(len(self.inner)), np.float64)

    def misfit(self, by: Values) -> float:
        """The mean square of what ``by`` (K×M) leaves of the recovered values, over their own: 0 nothing, 1 all."""
        left = self.power - 2 * (by * self.cross).sum(0) + np.einsum("km,kl,lm->m", by, self.inner, by)
        return float(left.sum() / max(float(self.power.sum()), 1e-15))

    def gain(self, by: Values) -> float:
        """How much of what ``by`` foretells there is: 1 all of it; NaN where it foretells nothing."""
        foretold = float(np.einsum("km,kl,lm->", by, self.inner, by))
        return float((by * self.cross).sum()) / foretold if foretold > 1e-12 else float("nan")


def relation(features: NDArray[Any], recovered: NDArray[Any]) -> Relation:
    """Of N×K features of the Source and N×M recovered values."""
    x, y = features.astype(np.float64), recovered.astype(np.float64)
    return Relation(x.T @ x / len(x), x.T @ y / len(x), (y * y).mean(axis=0))


def pooled(relations: Sequence[Relation]) -> Relation:
    """Of all their frames together, each counting alike."""
    return Relation(
        np.mean([one.inner for one in relations], axis=0),
        np.mean([one.cross for one in relations], axis=0),
        np.mean([one.power for one in relations], axis=0),
    )
