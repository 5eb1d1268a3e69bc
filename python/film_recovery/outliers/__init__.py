"""Frames of a recovered sequence that stand out from those around them: halos, grain, flicker, edges, hue, bleeding
chroma, skin, banding, seams. Pictures only; projects are joined in ``stages.outliers``.

``measured`` looks at one frame of Source and Recovered and keeps figures, ``finding`` holds each frame against its
neighbours of the same shot, ``picture`` shows one.
"""

from __future__ import annotations

from film_recovery.outliers.finding import (
    KINDS,
    LIMITS,
    UNITS,
    Limit,
    Outlier,
    Untold,
    find_outliers,
    find_untold,
)
from film_recovery.outliers.measured import Measured, measure

__all__ = [
    "KINDS",
    "LIMITS",
    "UNITS",
    "Limit",
    "Measured",
    "Outlier",
    "Untold",
    "find_outliers",
    "find_untold",
    "measure",
]
