"""How near to the truth the displacement of two pictures can be measured at all: the Cramér-Rao bound.

For a Source under grain whose spectrum is known, beside a Reference without grain: no unbiased measurement scatters
less. It is generous: whoever measures knows tone, blur and grain exactly, and where the dust lies; all channels speak.
The six numbers are those of ``film_recovery.registration.field``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from film_recovery.registration.field import Field
from film_recovery.registration.tile_shift import FINEST

AFFINE = np.eye(6)  # (6, numbers that are not known)
SIMILARITY = np.array(  # stretch and skew are known to be none
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1], [0, 0, 0, 1], [0, 0, 1, 0]], float
)
_BEYOND = 16  # pixels by which a picture is continued, mirrored
_LOST = 2  # pixels along its border, where the slope is that of the mirror


def information(seen: Any, shown: Any, grain: float, blur: float) -> Any:
    """Fisher's information (6, 6) about the field, 1/px².

    ``seen`` (H, W, channels): the Source without its grain, encoded. ``shown`` (H, W) bool: where it shows the scene.
    ``grain``: its standard deviation, encoded, over 0; each channel has its own. ``blur``: sigma, pixels, of the
    Gaussian that makes it of white noise. Detail finer than ``FINEST`` counts for nothing, as in the Quality Control.
    """
    if grain <= 0:
        raise ValueError("without grain nothing bounds the measurement")
    height, width = shown.shape
    down = 2 * np.pi * np.fft.fftfreq(height + 2 * _BEYOND)[:, None]
    across = 2 * np.pi * np.fft.fftfreq(width + 2 * _BEYOND)[None]
    radius = np.hypot(down, across)
    amplitude = np.exp(-((radius * blur) ** 2) / 2)
    amplitude *= grain / np.sqrt((amplitude**2).mean())
    even = np.where(radius <= FINEST * np.pi, 1 / amplitude, 0)
    counts = np.zeros(shown.shape, bool)
    counts[_LOST:-_LOST, _LOST:-_LOST] = shown[_LOST:-_LOST, _LOST:-_LOST]
    y, x = np.mgrid[:height, :width] + 0.5
    design = _field(width, height).design(np.stack([x.ravel(), y.ravel()], 1)).reshape(height, width, 2, 6)
    total = np.zeros((6, 6))
    for channel in np.moveaxis(np.asarray(seen, np.float64), 2, 0):
        content = np.fft.fft2(_continued(channel))
        slopes = np.stack([_within(content * 1j * axis) for axis in (across, down)], -1)
        changes = np.einsum("hwk,hwkn->nhw", slopes, design)
        columns = np.stack([_within(np.fft.fft2(_continued(change)) * even)[counts] for change in changes])
        total += columns @ columns.T
    return total


def told_errors(known: Any, true: Any, size: tuple[int, int], free: Any, rng: Any, count: int = 200) -> Any:
    """Errors (count,), pixels, of the largest corner's displacement as the best unbiased measurement would tell it.

    ``known``: of :func:`information`; ``true`` (4, 2): the corners' displacement, pixels, as :func:`corners` has them;
    ``size``: width and height; ``free``: AFFINE or SIMILARITY, what is not known beforehand.
    """
    spread = free @ np.linalg.inv(free.T @ known @ free) @ free.T
    off = rng.multivariate_normal(np.zeros(6), spread, count, method="eigh")
    moved = true + np.einsum("mkn,dn->dmk", _field(*size).design(corners(*size)), off)
    told = np.linalg.norm(moved, axis=2).max(1)
    return np.abs(told - np.linalg.norm(true, axis=1).max())


def corners(width: int, height: int) -> Any:
    """(4, 2), pixels, rows running down, in the order of the Quality Control."""
    return np.array([(0, height), (width, height), (width, 0), (0, 0)], float)


def _field(width: int, height: int) -> Field:
    nothing = np.zeros(6), np.zeros((6, 6)), np.zeros(0, bool)
    return Field(np.array([width / 2, height / 2]), float(np.hypot(width, height) / 2), *nothing)


def _continued(plane: Any) -> Any:
    return np.pad(plane, _BEYOND, mode="reflect")


def _within(spectrum: Any) -> Any:
    return np.fft.ifft2(spectrum).real[_BEYOND:-_BEYOND, _BEYOND:-_BEYOND]
