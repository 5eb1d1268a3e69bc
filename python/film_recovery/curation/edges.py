"""How a picture shows an edge: how many pixels wide, and with what halo. Means over many edges, so grain averages out.

The same edges are looked at in both elements: where both, blurred alike, have a strong straight edge. Across each a
profile is taken, scaled to 0–1 between its two sides and set upon its own middle; their mean is the edge as the
element shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

REACH = 10  # pixels to either side of an edge
_STEPS = 8  # samples a pixel
_MOST = 600  # edges looked at
_LEAST = 20  # fewer say nothing
_SEARCH = 3  # pixels by which an element's edge may lie beside the common place
_LEAST_HEIGHT = 0.06  # encoded luma between the two sides: four times the grain of a usual print


@dataclass(frozen=True)
class Edge:
    """``width``: pixels from 10 to 90 % of the way up. ``halo``: how far the mean profile goes beyond its own sides,
    over its height, the mean of both sides. ``count``: edges that it is the mean of."""

    width: float
    halo: float
    count: int


def edges(source: Plane, reference: Plane) -> tuple[Edge, Edge] | None:
    """The edges of both elements on one grid; None where fewer than 20 are strong, straight and free of others."""
    places = _places(source, reference)
    if len(places) < _LEAST:
        return None
    profiles = [_profiles(plane, places) for plane in (source, reference)]
    good = np.logical_and(*(_clean(one) for one in profiles))
    if np.count_nonzero(good) < _LEAST:
        return None
    first, second = (_measured(one[good]) for one in profiles)
    return first, second


def _places(source: Plane, reference: Plane) -> NDArray[np.float64]:
    """N×4: column, row, and the direction across the edge, from dark to light as the Reference has it."""
    strength, direction = [], []
    for plane in (source, reference):
        blurred = cv2.GaussianBlur(plane, (0, 0), 2.0)
        across, down = (cv2.Sobel(blurred, cv2.CV_32F, *order, scale=0.125) for order in ((1, 0), (0, 1)))
        size = np.hypot(across, down)
        strength.append(size / max(float(np.percentile(size, 99)), 1e-9))
        direction.append((across / np.maximum(size, 1e-9), down / np.maximum(size, 1e-9)))
    both = np.minimum(*strength)
    peak = both >= cv2.dilate(both, np.ones((5, 5), np.uint8)) - 1e-9
    agree = direction[0][0] * direction[1][0] + direction[0][1] * direction[1][1] > 0.95
    inside = np.zeros(both.shape, bool)
    edge = REACH + _SEARCH + 2
    inside[edge:-edge, edge:-edge] = True
    rows, columns = np.nonzero(peak & agree & inside & (both > 0.25))
    order = np.lexsort((columns, rows, -both[rows, columns]))[:_MOST]
    rows, columns = rows[order], columns[order]
    across, down = (part[rows, columns] for part in direction[1])
    return np.stack([columns, rows, across, down], axis=1).astype(np.float64)


def _profiles(plane: Plane, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """N × samples, each scaled to 0–1 between its sides and set upon its own middle; NaN where it has none."""
    offsets = np.arange(-(REACH + _SEARCH) * _STEPS, (REACH + _SEARCH) * _STEPS + 1) / _STEPS
    x = places[:, :1] + places[:, 2:3] * offsets
    y = places[:, 1:2] + places[:, 3:4] * offsets
    taken = np.zeros(x.shape)
    for along in (-1.0, -0.5, 0.0, 0.5, 1.0):  # the edge is straight: a mean along it takes grain off
        shifted_x, shifted_y = x - along * places[:, 3:4], y + along * places[:, 2:3]
        taken += cv2.remap(plane, shifted_x.astype(np.float32), shifted_y.astype(np.float32), cv2.INTER_CUBIC)
    taken /= 5
    side = REACH * _STEPS
    middle = len(offsets) // 2
    found = np.full((len(places), 2 * side + 1), np.nan)
    low, high = _sides(taken, middle)
    strong = np.flatnonzero(high - low >= _LEAST_HEIGHT)
    scaled = (taken[strong] - low[strong, None]) / (high - low)[strong, None]
    near = scaled[:, middle - _SEARCH * _STEPS : middle + _SEARCH * _STEPS + 1]
    rises = (near[:, :-1] < 0.5) & (near[:, 1:] >= 0.5)
    for number in np.flatnonzero(rises.sum(axis=1) == 1):
        at = int(rises[number].argmax()) + middle - _SEARCH * _STEPS
        found[strong[number]] = scaled[number, at - side : at + side + 1]
    return found


def _sides(profiles: NDArray[np.float64], middle: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What lies to either side of each edge: medians from 4 to 7 pixels out."""
    low = np.median(profiles[:, middle - 7 * _STEPS : middle - 4 * _STEPS], axis=1)
    return low, np.median(profiles[:, middle + 4 * _STEPS : middle + 7 * _STEPS], axis=1)


def _clean(profiles: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Edges that stand alone: both sides level from 4 to 7 pixels out."""
    middle = profiles.shape[1] // 2
    with np.errstate(invalid="ignore"):
        good = ~np.isnan(profiles).any(axis=1)
        for sign, level in ((-1, 0.0), (1, 1.0)):
            ends = sorted((middle + sign * 4 * _STEPS, middle + sign * 7 * _STEPS))
            good &= (np.abs(profiles[:, ends[0] : ends[1]] - level) < 0.25).all(axis=1)
    return np.asarray(good, bool)


def _measured(profiles: NDArray[np.float64]) -> Edge:
    mean = profiles.mean(axis=0)
    middle = len(mean) // 2
    (low,), (high,) = _sides(mean[None], middle)
    scaled = (mean - low) / (high - low)
    up = np.nonzero(scaled[middle:] >= 0.9)[0]
    down = np.nonzero(scaled[: middle + 1][::-1] <= 0.1)[0]
    width = (int(up[0]) + int(down[0])) / _STEPS if len(up) and len(down) else 2.0 * REACH
    near = scaled[middle - 4 * _STEPS : middle + 4 * _STEPS + 1]
    halo = (max(0.0, float(near.max()) - 1) + max(0.0, -float(near.min()))) / 2
    return Edge(round(width, 4), round(halo, 5), len(profiles))
