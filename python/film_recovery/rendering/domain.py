"""How much of a picture lies outside 0–1: training clamps to that, inference must not, so it is counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from film_recovery.imaging.frame import RGB, Frame


def outside_of(frame: Frame) -> dict[str, Any]:
    """Pixels with a colour outside 0–1, of how many, and the least and most of the values; as the frame has them."""
    values = frame.select([name for name in RGB if name in frame.channels])
    if not values.size:
        return {"pixels": 0, "of": 0, "least": 0.0, "most": 0.0}
    least, most = float(values.min()), float(values.max())
    outside = 0
    if least < 0 or most > 1:
        outside = int(np.count_nonzero(((values < 0) | (values > 1)).any(axis=-1)))
    count = values.shape[0] * values.shape[1]
    return {"pixels": outside, "of": count, "least": round(least, 6), "most": round(most, 6)}
