"""Specks that the Source alone has, and the tone between the pictures, told once it is known how they lie.

What the Reference foretells of the Source (its detail through the transfer that the two share, ring by ring of
frequency, with a slowly varying gain) leaves grain and specks over. A speck lies far beyond the grain and is small; it
is filled with what was foretold, which says nothing of its own about the displacement.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.registration.field import Field
from film_recovery.registration.tile_shift import HIGH_PASS, grid

Array = NDArray[Any]

FAR = 5.0  # standard deviations of the grain, by the median: nothing of grain lies beyond
FEWEST = 0.002  # share of the places that count: fewer specks tell too little to measure anew
MOST = 0.05  # share: what differs in more places is no dust
_ROUNDS = 2
_PULL = 0.1  # of the mean power: the gain stays near one where there is no detail
_SMOOTH = 1.5  # pixels: finer detail is grain
_RIDGE = 1e-5  # of the mean power: curves that say the same are weighed alike
_MARGIN = 16  # pixels by which a picture is continued, mirrored
_EVERY = 2  # pixels between those that the tone is fitted to


def without_spots(
    source: Array, plane: Array, counts: Array, field: Field, side: int
) -> tuple[Array, Array] | None:
    """``source`` (H×W×3, encoded) with its specks filled, and where they were (H×W bool).

    ``plane`` (H×W): of the Reference; ``field``: how it lies. None: fewer specks than FEWEST, more than MOST.
    """
    lying = drawn(plane, field)
    detail = lying - _slow(lying, counts.astype(np.float32), side)
    grey = source.mean(2)
    clear = counts
    for _ in range(_ROUNDS):
        left = grey - _foretold(grey, detail, clear, side)
        usual = 1.4826 * float(np.median(np.abs(left[counts])))
        clear = counts & (np.abs(left) <= FAR * usual)
    spots = counts & ~clear
    if not FEWEST <= spots.sum() / max(1, counts.sum()) <= MOST:
        return None
    channels = [_foretold(source[..., c], detail, clear, side) for c in range(3)]
    whole = np.where(spots[..., None], np.stack(channels, -1), source)
    return np.clip(whole, 0, 1).astype(np.float32), spots


def toned(plane: Array, reference: Array, clear: Array, field: Field, side: int) -> Array:
    """The Reference (H×W×3) as a plane in the tone of the Source's ``plane`` (H×W): products of its channels, up to
    three, whose detail agrees best where ``clear`` (H×W bool)."""
    red, green, blue = np.moveaxis(reference, 2, 0)
    one = [red, green, blue]
    two = [one[i] * one[j] for i in range(3) for j in range(i, 3)]
    three = [one[i] * one[j] * one[k] for i in range(3) for j in range(i, 3) for k in range(j, 3)]
    curves = one + two + three
    fitted = clear[::_EVERY, ::_EVERY]
    across = np.stack([_band(drawn(curve, field), side)[fitted] for curve in curves], 1)
    wanted = _band(plane, side)[fitted]
    normal = across.T @ across
    normal += np.eye(len(normal)) * np.trace(normal) / len(normal) * _RIDGE
    shares = np.linalg.solve(normal, across.T @ wanted)
    total = np.zeros_like(plane)
    for share, curve in zip(shares, curves, strict=True):
        total += np.float32(share) * curve
    return total


def drawn(plane: Array, field: Field) -> Array:
    """``plane`` (H×W) where the Source shows it: displaced by ``field``."""
    height, width = plane.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moves = field.values.astype(np.float32)
    right, down = (x + 0.5 - field.centre[0]) / field.reach, (y + 0.5 - field.centre[1]) / field.reach
    x += moves[0] + moves[2] * right + moves[3] * down
    y += moves[1] + moves[4] * right + moves[5] * down
    return cv2.remap(
        plane, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def _foretold(plane: Array, detail: Array, clear: Array, side: int) -> Array:
    """``plane`` of the Source as its own slow part and the Reference's ``detail`` foretell it."""
    weight = clear.astype(np.float32)
    slow = _slow(plane, weight, side)
    own = (plane - slow) * weight
    passed = _through(_transfer(own, detail, side), detail, side)
    shared, power = _blurred(own * passed, side / 2), _blurred(passed * passed * weight, side / 2)
    pull = _PULL * float((passed * passed * weight).mean()) + 1e-12
    return np.asarray(slow + (shared + pull) / (power + pull) * passed)


def _transfer(own: Array, detail: Array, side: int) -> Array:
    """By rings of a tile's spectrum: how much of ``detail`` is in ``own``, in phase."""
    height, width = own.shape
    window = np.hanning(side + 1)[:-1]
    ring = np.round(np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)) * side).astype(int)
    sums = np.zeros((2, int(ring.max()) + 1))
    for x, y in grid((0, 0, width, height), side, side).reshape(-1, 2):
        here, there = (
            np.fft.rfft2(each[y : y + side, x : x + side] * np.outer(window, window))
            for each in (own, detail)
        )
        sums[0] += np.bincount(ring.ravel(), (np.conj(there) * here).real.ravel())
        sums[1] += np.bincount(ring.ravel(), (np.abs(there) ** 2).ravel())
    return np.asarray(np.maximum(sums[0], 0) / np.maximum(sums[1], 1e-20))


def _through(transfer: Array, plane: Array, side: int) -> Array:
    height, width = plane.shape
    wide = np.pad(plane, _MARGIN, mode="reflect")
    size = [cv2.getOptimalDFTSize(length) for length in wide.shape]
    radius = np.hypot(np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])) * side
    passed = np.interp(radius, np.arange(len(transfer)), transfer).astype(np.float32)
    out = np.fft.irfft2(np.fft.rfft2(wide, size) * passed, size)
    return out[_MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width].astype(np.float32)


def _slow(plane: Array, weight: Array, side: int) -> Array:
    sigma = side * HIGH_PASS
    return np.asarray(_blurred(plane * weight, sigma) / np.maximum(_blurred(weight, sigma), 1e-3))


def _band(plane: Array, side: int) -> Array:
    band = _blurred(plane, _SMOOTH) - _blurred(plane, side * HIGH_PASS)
    return band[::_EVERY, ::_EVERY].astype(np.float64)


def _blurred(plane: Array, sigma: float) -> Array:
    return cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
