"""What a course of values over time foretells for one frame, whatever a few of them are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TO_SIGMA = 1.4826  # a median deviation as a standard deviation


def foretold(frames: NDArray[np.float64], values: NDArray[np.float64], at: float) -> tuple[float, float]:
    """The value that those of ``frames`` foretell for frame ``at``, and their spread about it (deviation).

    The middle of the slopes between all of them (Theil–Sen): a pan that changes a figure from frame to frame is no
    fault of its last frame, and a fault in a quarter of the others does not turn the line.
    """
    first, second = np.triu_indices(len(values), 1)
    slope = float(np.median((values[second] - values[first]) / (frames[second] - frames[first])))
    left = values - slope * (frames - at)
    usual = float(np.median(left))
    return usual, TO_SIGMA * float(np.median(np.abs(left - usual)))


def beyond(frames: NDArray[np.float64], at: float) -> float:
    """How many times their spread what a line through ``frames`` foretells for ``at`` is uncertain by, the value's own
    spread with it: nearly 1 among them, more at the end of a shot, where the line goes on beyond all of them."""
    off = frames - frames.mean()
    return float(np.sqrt(1 + 1 / len(frames) + (at - frames.mean()) ** 2 / (off @ off)))
