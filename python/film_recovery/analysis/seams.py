"""Where a recovery changed a picture along a straight line: seams of tiles, and borders where a crop does not fit.

Judged on what the recovery added beyond the frame's own tone curve and filter (least squares), so that edges which were
sharpened count for little. A seam is a step that stands alone, keeps its sign along nearly the whole line, and is as
sharp as a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

Plane = NDArray[np.float32]
REACH = 10  # pixels on either side that a step is measured over
BORDER = 6  # pixels: how far in a crop that does not fit reaches
_PARTS = 4  # of a line, of which all but one must show it
_INSIDE = 24  # pixels from the border on which the picture is its own measure
_ABOVE = 6.0  # times the usual step of a line in the same picture
_SHARP = 0.5  # of a step, between the two lines that it lies between
_TIMES = 3.0  # the change at the border over that inside
_SIGMAS = (1.0, 2.0, 4.0, 8.0)  # pixels: between them lie the bands of the filter
_FITTED = 40_000  # pixels that tone curve and filter are fitted on


@dataclass(frozen=True)
class Seam:
    """A step of ``step`` (encoded luma, signed) between two columns (``along`` vertical) or rows (horizontal).

    ``at``: pixels from the left or from the top: the first line after the step."""

    along: str
    at: int
    step: float


@dataclass(frozen=True)
class Border:
    """``side``: left, top, right, bottom. ``change``: mean absolute change at it, encoded; ``inside``: beside it."""

    side: str
    change: float
    inside: float


def seams(source: Pixels, recovered: Pixels, least: float) -> list[Seam]:
    """Steps of at least ``least`` (encoded) that ``recovered`` has and ``source`` has not (H×W×3, encoded, top row
    first), the largest first."""
    added = _added(luma(source), luma(recovered))
    found = [Seam("vertical", *one) for one in _steps(added, least)]
    found += [Seam("horizontal", *one) for one in _steps(np.ascontiguousarray(added.T), least)]
    return sorted(found, key=lambda one: -abs(one.step))


def borders(source: Pixels, recovered: Pixels, least: float) -> list[Border]:
    """Sides along which the change is larger by ``least`` than inside, and several times it; the largest first."""
    size = np.abs(recovered - source).mean(axis=2)
    if min(size.shape) < 2 * _INSIDE:
        return []
    sides = {"left": size, "top": size.T, "right": size[:, ::-1], "bottom": size.T[:, ::-1]}
    found = []
    for side, turned in sides.items():
        outer = float(turned[:, :BORDER].mean())
        inner = float(turned[:, BORDER:_INSIDE].mean())
        if outer - inner >= least and outer >= _TIMES * inner:
            found.append(Border(side, round(outer, 5), round(inner, 5)))
    return sorted(found, key=lambda one: -one.change)


def _added(source: Plane, recovered: Plane) -> Plane:
    """What ``recovered`` has beyond a cubic of the Source's luma and a filter of it."""
    planes = [source, *(cv2.GaussianBlur(source, (0, 0), sigma) for sigma in _SIGMAS)]
    bands = [one - two for one, two in pairwise(planes)]
    terms = [np.ones_like(source), source, source**2, source**3, *bands]
    thin = max(1, round((source.size / _FITTED) ** 0.5))
    some = (slice(thin // 2, None, thin), slice(thin // 2, None, thin))
    left = np.stack([term[some].ravel() for term in terms], axis=1).astype(np.float64)
    by = np.linalg.lstsq(left, recovered[some].ravel().astype(np.float64), rcond=None)[0]
    made = np.zeros_like(source)
    for factor, term in zip(by, terms, strict=True):
        made += np.float32(factor) * term
    return np.asarray(recovered - made, np.float32)


def _steps(added: Plane, least: float) -> list[tuple[int, float]]:
    """Between the columns of ``added``: where, and how high."""
    height, width = added.shape
    if height < 4 * _PARTS or width < 4 * REACH:
        return []
    sums = np.cumsum(np.pad(added, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    line = np.arange(REACH, width - REACH + 1)  # a step lies before column ``line``
    wide = (sums[:, line + REACH] - 2 * sums[:, line] + sums[:, line - REACH]) / REACH
    step = np.median(wide, axis=0)
    parts = np.sort(np.stack([np.median(part, axis=0) for part in np.array_split(wide, _PARTS)]), axis=0)
    agree = np.where(step > 0, parts[1], -parts[-2])  # what all parts but one have at least
    sharp = np.median(added[:, line[:-1]] - added[:, line[:-1] - 1], axis=0) * np.sign(step[:-1])
    usual = 1.4826 * float(np.median(np.abs(step - np.median(step))))
    usual_sharp = 1.4826 * float(np.median(np.abs(sharp - np.median(sharp))))
    high = np.abs(step)
    found = []
    for index in np.flatnonzero(high >= max(least, _ABOVE * usual)):
        around = high[max(0, index - REACH) : index + REACH + 1]
        alone = index < len(sharp) and high[index] == around.max() and agree[index] >= high[index] / 2
        if alone and sharp[index] >= max(_SHARP * high[index], 2 * usual_sharp):
            found.append((int(line[index]), round(float(step[index]), 5)))
    return found
