"""Whether a recovery flickers where its Source does not: light that changes from frame to frame, the Source taken off.

Every frame is a grid of block means of encoded luma. A block's *jump* is by how much it departs from the mean of the
frames before and after: motion and change of light make jumps in the Source too, and the recovery may follow them, with
more contrast or less. What it does beyond that, everywhere at once, is flicker.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_alike

ACROSS = 8  # blocks along each side: few enough to hold for thousands of frames, and to average grain away
_DARKEST = 0.02  # encoded luma under which a share of it says nothing

Grid = NDArray[np.float64]


def block_means(plane: NDArray[np.floating]) -> Grid:
    """``plane`` (H×W, encoded luma) as ACROSS × ACROSS means. Errors as ``check_alike``."""
    check_alike(plane)
    return np.asarray(cv2.resize(plane.astype(np.float64), (ACROSS, ACROSS), interpolation=cv2.INTER_AREA))


def jump(before: Grid, here: Grid, after: Grid) -> Grid:
    """By how much each block departs from the mean of its neighbours in time."""
    return here - (before + after) / 2


def flicker(source: tuple[Grid, Grid, Grid], recovered: tuple[Grid, Grid, Grid]) -> float:
    """Of the middle one of three frames, as a signed share of its luma; 0 where the recovery follows its Source.

    The Source's jumps are taken off with the contrast that the recovery gives to changes (0 to 2, as the blocks of all
    three frames show). Where the Source itself flickers, a recovery is never said to flicker more than it does: one
    that takes the Source's flicker away is steady.
    """
    own, other = jump(*source), jump(*recovered)
    left = float(np.median(other - _contrast(source, recovered) * own))
    if _everywhere(own):
        typical = float(np.median(other))
        left = math.copysign(min(abs(left), abs(typical)), left) if left * typical > 0 else 0.0
    return left / max(float(np.mean(recovered[1])), _DARKEST)


def _everywhere(jumps: Grid) -> bool:
    """Whether the light changed in all of the picture, which motion does not do: most blocks jump alike."""
    middle = float(np.median(jumps))
    return abs(middle) > float(np.median(np.abs(jumps - middle)))


def _contrast(source: tuple[Grid, Grid, Grid], recovered: tuple[Grid, Grid, Grid]) -> float:
    """How much brighter a block of the recovery gets for a brighter block of the Source: least squares over places."""
    x, y = (np.stack(side) for side in (source, recovered))
    x, y = (side - side.mean(axis=(1, 2), keepdims=True) for side in (x, y))
    power = float((x * x).sum())
    return float(np.clip((x * y).sum() / power, 0, 2)) if power > 1e-9 else 1.0
