"""Which pixels count as saturated: the gate that saturation, brightness and hue are measured behind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_mask
from film_recovery.errors import FilmRecoveryError

# The V gate: below this value (the largest of R, G, B of the truth, encoded 0–1) saturation is noise divided by
# almost nothing, so such pixels never count.
V_GATE = 0.1


def saturated(truth: NDArray[Any], threshold: float, mask: NDArray[Any] | None = None) -> NDArray[np.bool_]:
    """Where ``truth`` (**encoded** RGB 0–1, …×3) is saturated: HSV saturation of ``threshold`` ÷ 255 or more, and a
    value above V_GATE; shape (…).

    ``mask`` (H×W, of a picture H×W×3): only there. Raises FilmRecoveryError for a threshold outside 0–255 and for a
    mask that does not fit.
    """
    if not 0 <= threshold <= 255:
        raise FilmRecoveryError(f"The saturation threshold is {threshold}.", remedy="choose 0 to 255")
    counted: NDArray[np.bool_] = (hsv_saturation(truth) >= threshold / 255) & (truth.max(axis=-1) > V_GATE)
    inside = check_mask(mask, truth.shape)
    return counted if inside is None else counted & inside


def hsv_saturation(rgb: NDArray[Any]) -> NDArray[Any]:
    """(max - min) / max of colours (…, 3) clamped to 0–1, as a display does: shape (…), 0 for black."""
    rgb = np.clip(rgb, 0, 1)
    largest = rgb.max(axis=-1)
    return np.divide(largest - rgb.min(axis=-1), largest, out=np.zeros_like(largest), where=largest > 0)
