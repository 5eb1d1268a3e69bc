"""Specks that the Source alone has, and the tone between the pictures, told once it is known how they lie.

What the Reference foretells of the Source (its detail through the transfer that the two share, ring by ring of
frequency, with a slowly varying gain) leaves grain and specks over. A speck lies far beyond the grain and is small; it
is filled with what was foretold, which says nothing of its own about the displacement.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.registration.field import Field
from film_recovery.registration.tile_shift import HIGH_PASS, grid

Array = NDArray[Any]

FAR = 5.0  # standard deviations of the grain, by the median: nothing of grain lies beyond
LEAST = 0.05  # encoded: without grain it is edges, foretold a little wrong, that lie beyond FAR
FEWEST = 0.002  # share of the places that count: fewer specks tell too little to measure anew
MOST = 0.05  # share: what differs in more places is no dust
_ROUNDS = 2
_PULL = 0.1  # of the mean power: the gain stays near one where there is no detail
_SMOOTH = 1.5  # pixels: finer detail is grain
_RIDGE = 1e-5  # of the mean power: curves that say the same are weighed alike
_MARGIN = 16  # pixels by which a picture is continued, mirrored
_EVERY = 2  # pixels between those that the tone is fitted to
_CHUNK = 100_000  # of those, at a time


def without_spots(
    source: Array, plane: Array, counts: Array, field: Field, side: int
) -> tuple[Array, Array] | None:
    """``source`` (H×W×3, encoded) with its specks filled, and where they were (H×W bool).

    ``plane`` (H×W): of the Reference; ``field``: how it lies. None: fewer specks than FEWEST, more than MOST.
    """
    places = _places(counts.shape, field)
    both = _both(counts, places)
    if not both.any():
        return None
    weight = both.astype(np.float32)
    lying = _drawn(plane, places)
    detail = (lying - _slow(lying, weight, side)) * weight
    grey = source.mean(2)
    clear = both
    for _ in range(_ROUNDS):
        left = grey - _foretold(grey, detail, clear, side)
        usual = 1.4826 * float(np.median(np.abs(left[both])))
        clear = both & (np.abs(left) <= max(FAR * usual, LEAST))
    spots = both & ~clear
    if not FEWEST <= spots.sum() / both.sum() <= MOST:
        return None
    channels = [_foretold(source[..., c], detail, clear, side) for c in range(3)]
    whole = np.where(spots[..., None], np.stack(channels, -1), source)
    return np.clip(whole, 0, 1).astype(np.float32), spots


def toned(plane: Array, reference: Array, clear: Array, field: Field, side: int) -> Array:
    """The Reference (H×W×3) as a plane in the tone of the Source's ``plane`` (H×W): products of its channels, up to
    three, whose detail agrees best where ``clear`` (H×W bool)."""
    places = _places(clear.shape, field)
    weight = _both(clear, places).astype(np.float32)
    fitted = weight[::_EVERY, ::_EVERY] > 0
    across = [_band(_drawn(curve, places), weight, side)[fitted] for curve in _curves(reference)]
    wanted = _band(plane, weight, side)[fitted]
    normal, toward = np.zeros((len(across), len(across))), np.zeros(len(across))
    for at in range(0, len(wanted), _CHUNK):
        some = np.stack([values[at : at + _CHUNK] for values in across], 1).astype(np.float64)
        normal += some.T @ some
        toward += some.T @ wanted[at : at + _CHUNK]
    normal += np.eye(len(normal)) * (np.trace(normal) / len(normal) * _RIDGE + 1e-12)
    total = np.zeros_like(plane)
    for share, curve in zip(np.linalg.solve(normal, toward), _curves(reference), strict=True):
        total += np.float32(share) * curve
    return total


def _curves(reference: Array) -> Iterator[Array]:
    """The channels (H×W each), and the products of two and of three of them."""
    for count in (1, 2, 3):
        for first, *others in combinations_with_replacement(range(3), count):
            curve = reference[..., first]
            for other in others:
                curve = curve * reference[..., other]
            yield curve


def _places(shape: tuple[int, ...], field: Field) -> tuple[Array, Array]:
    """Where (x, y), H×W each, the Reference shows what the Source shows at each pixel."""
    x, y = np.arange(shape[1], dtype=np.float32)[None], np.arange(shape[0], dtype=np.float32)[:, None]
    moves = field.values.astype(np.float32)
    right, down = (x + 0.5 - field.centre[0]) / field.reach, (y + 0.5 - field.centre[1]) / field.reach
    across = x + (moves[0] + moves[2] * right + moves[3] * down)
    along = y + (moves[1] + moves[4] * right + moves[5] * down)
    return across.astype(np.float32), along.astype(np.float32)


def _drawn(plane: Array, places: tuple[Array, Array]) -> Array:
    """``plane`` (H×W) of the Reference where the Source shows it."""
    return cv2.remap(plane, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def _both(counts: Array, places: tuple[Array, Array]) -> Array:
    """Where the Source counts, and all that is drawn there from the Reference."""
    seen = cv2.dilate((~counts).astype(np.float32), np.ones((5, 5)), borderType=cv2.BORDER_REFLECT)
    return np.asarray(counts & (_drawn(seen, places) < 0.5))


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


def _band(plane: Array, weight: Array, side: int) -> Array:
    fine, coarse = (
        _blurred(plane * weight, sigma) / np.maximum(_blurred(weight, sigma), 1e-3)
        for sigma in (_SMOOTH, side * HIGH_PASS)
    )
    return np.asarray((fine - coarse)[::_EVERY, ::_EVERY])


def _blurred(plane: Array, sigma: float) -> Array:
    return cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
