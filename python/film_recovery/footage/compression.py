"""Marks of digital video in a picture: edges of its 8 × 8 blocks, and gradients in visible steps.

Judged on the picture's own pixels, encoded: a resize blends blocks and steps away.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK = 8
TILE = 16
STEP = (
    1.5 / 255
)  # encoded: the least jump that counts as a visible step; 8-bit gradients have steps of 1 / 255
EDGE = 12 / 255  # a larger jump is an edge of the picture
FLAT = 0.25 / 255  # neighbours that differ by less are equal
BLACK = 0.03  # encoded: darker plateaus are black, clipped, and not seen
LARGEST = 0.06  # encoded: gradients steeper than this a pixel are the picture's, and would drown the blocks


def blockiness(y: NDArray[np.float32], block: int = BLOCK) -> float:
    """How much larger steps at block edges are than elsewhere, as a ratio of means, the lesser of both directions.

    ``y``: H×W encoded luma. 0: no blocks; 1: steps at block edges are twice the usual. The grid may begin anywhere.
    """
    return min(_edges(y, block), _edges(y.T, block))


def banding(y: NDArray[np.float32]) -> float:
    """Share of the smooth tiles (16 × 16, H×W encoded luma) that are plateaus and steps, 0–1; 0 with no such tile."""
    rows, columns = y.shape[0] // TILE, y.shape[1] // TILE
    if not rows or not columns:
        return 0.0
    smooth, stepped = np.ones((rows, columns), bool), np.zeros((rows, columns), bool)
    plateaus = np.ones((rows, columns), bool)
    for axis in (0, 1):
        jumps = np.abs(np.diff(y, axis=axis, append=y[-1:] if axis == 0 else y[:, -1:]))
        tiles = jumps[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
        smooth &= tiles.max(axis=(1, 3)) < EDGE
        plateaus &= (tiles < FLAT).mean(axis=(1, 3)) > 0.75
        stepped |= (tiles >= STEP).mean(axis=(1, 3)) > 0.01
    inside = y[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    smooth &= inside.mean(axis=(1, 3)) > BLACK
    sloped = smooth & (inside.max(axis=(1, 3)) - inside.min(axis=(1, 3)) > STEP)
    # A handful of tiles is no evidence: below a fiftieth of the picture the share falls with their number.
    return float((sloped & plateaus & stepped).sum() / max(1.0, float(sloped.sum()), 0.02 * sloped.size))


def _edges(y: NDArray[np.float32], block: int) -> float:
    steps = np.minimum(np.abs(np.diff(y, axis=1)), np.float32(LARGEST)).mean(axis=0)
    whole = len(steps) // block * block
    if whole < 4 * block:
        return 0.0
    # The picture's own detail varies slowly along a row's profile; what is left is periodic only in blocks.
    phases = np.median(steps[:whole].reshape(-1, block), axis=0)
    top = int(np.argmax(phases))
    others = np.delete(phases, top)
    return max(0.0, float(phases[top] / max(float(others.max()), 1e-5) - 1))
