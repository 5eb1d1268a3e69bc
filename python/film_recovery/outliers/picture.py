"""One outlier to look at: what was recovered, the Source, and where the two differ, side by side."""

from __future__ import annotations

import cv2
import numpy as np

from film_recovery.imaging.frame import Pixels

HEIGHT = 240  # pixels of each picture
GAP = 6
CROP = 3  # a third of the picture, each way, is shown of the difference
LOUDER = 8  # times; grey is no difference

Place = tuple[int, int, int, int]


def contact(recovered: Pixels, source: Pixels, where: Place | None) -> Pixels:
    """Recovered, Source, and a crop of what was recovered minus the Source round ``where`` (as in ``Outlier``; None:
    where it is largest), LOUDER times on grey. All H×W×3 encoded, top row first; limited to 0–1."""
    difference = recovered - source
    rows, columns = _crop(difference, where)
    loud = 0.5 + LOUDER * (difference - np.median(difference, axis=(0, 1)))[rows, columns]
    shown = [_sized(np.clip(np.asarray(one, np.float32), 0, 1)) for one in (recovered, source, loud)]
    gap = np.ones((HEIGHT, GAP, 3), np.float32)
    return np.concatenate([shown[0], gap, shown[1], gap, shown[2]], axis=1)


def _crop(difference: Pixels, where: Place | None) -> tuple[slice, slice]:
    height, width = difference.shape[:2]
    high, wide = max(1, height // CROP), max(1, width // CROP)
    if where is None:
        energy = cv2.boxFilter((difference**2).sum(axis=2), -1, (wide, high))
        y, x = divmod(int(energy.argmax()), width)
    else:
        left, bottom, right, top = where
        x, y = (left + right) // 2, height - (bottom + top) // 2
    first = min(max(0, y - high // 2), height - high), min(max(0, x - wide // 2), width - wide)
    return slice(first[0], first[0] + high), slice(first[1], first[1] + wide)


def _sized(picture: Pixels) -> Pixels:
    wide = max(1, round(picture.shape[1] * HEIGHT / picture.shape[0]))
    how = cv2.INTER_AREA if picture.shape[0] > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (wide, HEIGHT), interpolation=how), np.float32)
