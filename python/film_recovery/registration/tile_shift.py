"""How far a tile of one picture lies from the same tile of another, from the phases of their spectra.

The Quality Control of the alignment stands on this, and on nothing of the solver. A shift turns the phase of every
spatial frequency by an amount in proportion to it; each frequency is weighted by how far the two pictures agree on it
over the whole frame (the maximum-likelihood weights of Knapp and Carter 1976), so that grain, which agrees nowhere,
and detail that only the sharper picture has count for nothing. Fade, gain and blur change magnitudes, not phases.

Arrays have the top row first; a displacement here is (right, down), in pixels: the reference shows at x + d what the
source shows at x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

REACH = 0.25  # the largest displacement that is searched, as a share of a tile's side
COVERED = 0.6  # least share of a tile's window over places that count; less is "no data"
HIGH_PASS = (
    1 / 8
)  # Gaussian sigma of what is taken off, as a share of the side: uneven fade is slower than this
LIMIT = 60.0  # times the median magnitude of the detail: burns are cut down to this; less bends the edges that only
# the sharper picture has at full height: at 6 a softened side was measured twice as badly, and dust no better
FINEST = 0.8  # share of the Nyquist frequency that is used: resampling spoils the phases beyond it
LARGEST_COHERENCE = 0.98  # so that equal pictures get finite weights
LEAK = 13.2  # (∫w'² ÷ ∫w²)·side² of the Hann window: information that the window's own shape pretends
ENBW = 2.25  # neighbouring frequencies under a 2-D Hann window are that far from independent
CHANCE = 3.5  # least atanh(correlation)·√(2·independent frequencies); 0.5 % of tiles of unlike pictures come above it
FEW = 44.0  # independent frequencies up to which CHANCE holds: more make more unlike places in the search
WORST = 0.35  # pixels: largest standard deviation of a direction that counts as measured
USUAL = 0.8  # quantile of the tiles' noise: grain is alike all over, so a tile with less has it by chance
AGREED = 0.5  # least coherence of a frequency that tells how much softer one picture is
MOST_BLUR = 36.0  # px²: of a softer picture nothing is left to be measured
TWICE = 0.75  # a second peak this high beside the first: a repeating pattern, which tells nothing
LEAST_INFORMATION = 4.0  # times LEAK: below it a tile's texture runs in one direction only
_CHUNK = 256
_STEPS = 3  # each moves the reference's window by what was found; the third changes less than 0.001 px


@dataclass(frozen=True, eq=False)
class Shifts:
    """N tiles. ``centre`` (N, 2): x right, y down, pixels. ``shift`` (N, 2): pixels.

    ``information`` (N, 2, 2): inverse covariance of the shift, 1/px²; of rank one where the texture runs in one
    direction, zero where nothing was measured. ``state`` (N,): 0 both directions, 1 one direction, 2 no texture (or
    none that the other picture shares), 3 a repeating pattern, 4 no data. ``coherent`` (N,): correlation, 0–1.
    """

    centre: Array
    shift: Array
    information: Array
    state: Array
    coherent: Array


def detail(plane: Array, counts: Array, side: int) -> Array:
    """``plane`` (H×W float32) less its slow part, limited, zero where nothing counts. ``counts``: H×W bool."""
    weight = counts.astype(np.float32)
    sigma = side * HIGH_PASS
    slow = _blurred(plane * weight, sigma) / np.maximum(_blurred(weight, sigma), 1e-4)
    fast = (plane - slow) * weight
    usual = float(np.median(np.abs(fast[counts]))) if counts.any() else 0.0
    limit = max(LIMIT * usual, 1e-6)
    return np.asarray(np.tanh(fast / limit), np.float32)


def grid(box: tuple[int, int, int, int], side: int, step: int) -> Array:
    """Top left corners (rows, columns, 2) of tiles inside ``box`` (x, y, r, t in array rows), evenly, to its edges."""
    x, y, r, t = box
    across, down = _places(x, r, side, step), _places(y, t, side, step)
    return np.stack(np.meshgrid(across, down), -1)


def _places(first: int, after: int, side: int, step: int) -> Array:
    room = after - first - side
    if room < 0:
        return np.zeros(0, int)
    return np.round(np.linspace(first, first + room, int(np.ceil(room / step)) + 1)).astype(int)


def _blurred(plane: Array, sigma: float) -> Array:
    return cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)


class Spectra:
    """Windowed spectra of tiles of two detail planes, and what they share. One for a pair of pictures."""

    def __init__(self, source: Array, reference: Array, counts: Array, side: int) -> None:
        self.side = side
        self.pad = side
        self._shape = source.shape
        self.coherence: Array = np.zeros(0)
        self.powers: tuple[Array, Array] = (np.zeros(0), np.zeros(0))
        wide = ((side, side), (side, side))
        self._source = np.pad(source, wide)
        self._reference = np.pad(reference, wide)
        soft = cv2.erode(counts.astype(np.float32), np.ones((5, 5)), borderType=cv2.BORDER_REPLICATE)
        self._counts = np.pad(cv2.GaussianBlur(soft, (0, 0), 2, borderType=cv2.BORDER_REPLICATE), wide)
        turn = 2 * np.pi * np.fft.fftfreq(side)
        half = 2 * np.pi * np.fft.rfftfreq(side)
        self.kx = np.broadcast_to(half[None, :], (side, half.size)).astype(np.float32)
        self.ky = np.broadcast_to(turn[:, None], (side, half.size)).astype(np.float32)
        radius = np.hypot(self.kx, self.ky)
        self._ring = np.round(radius * side / (2 * np.pi)).astype(int)
        used = (radius > 0) & (radius <= FINEST * np.pi)
        double = np.where((self.kx == 0) | (np.abs(self.kx - np.pi) < 1e-6), 0.5, 1.0)
        self._used = (used * double).astype(np.float32)
        self.weight = self._used

    def tiles(self, corner: Array, shift: Array) -> tuple[Array, Array, Array]:
        """Spectra of source and reference, and the share of the window that counts; reference taken at ``shift``."""
        side, whole = self.side, np.round(shift).astype(int)
        part = shift - whole
        here = corner + self.pad
        there = np.clip(here + whole, 0, np.array(self._source.shape[::-1]) - side)
        cut = lambda plane, at: np.stack([plane[y : y + side, x : x + side] for x, y in at])  # noqa: E731
        both = cut(self._counts, here) * cut(self._counts, there)
        still = _window(side, np.zeros_like(part))
        covered = (both * still).sum((1, 2)) / max(float(still[0].sum()), 1e-6)
        spectra = []
        for plane, at, window in (
            (self._source, here, still),
            (self._reference, there, _window(side, part)),
        ):
            weight = window * both
            values = cut(plane, at)
            mean = (values * weight).sum((1, 2)) / np.maximum(weight.sum((1, 2)), 1e-6)
            spectra.append(np.fft.rfft2((values - mean[:, None, None]) * weight))
        return spectra[0], spectra[1], covered

    def weigh_blindly(self) -> None:
        """Weights for two pictures of which nothing is known: all frequencies alike, the finer ones less and less."""
        radius = np.hypot(self.kx, self.ky)
        corner = grid((0, 0, self._shape[1], self._shape[0]), self.side, self.side).reshape(-1, 2)
        first, second, _ = self.tiles(corner, np.zeros((len(corner), 2)))
        power = [np.bincount(self._ring.ravel(), (np.abs(x) ** 2).sum(0).ravel()) for x in (first, second)]
        whitened = 1 / np.sqrt(np.maximum(power[0] * power[1], 1e-30))
        self.weight = (whitened[self._ring] * np.exp(-((radius / 0.8) ** 2)) * self._used).astype(np.float32)
        self.weight /= max(float(self.weight.max()), 1e-30)

    def weigh(self, corner: Array, shift: Array) -> None:
        """Sets the weights from what the tiles at ``corner``, displaced by ``shift``, agree on, ring by ring."""
        count = int(self._ring.max()) + 1
        sums = np.zeros((3, count))
        for at in range(0, len(corner), _CHUNK):
            first, second, covered = self.tiles(corner[at : at + _CHUNK], shift[at : at + _CHUNK])
            part = shift[at : at + _CHUNK] - np.round(shift[at : at + _CHUNK])
            good = covered >= COVERED
            if not good.any():
                continue
            first, second, part = first[good], second[good], part[good]
            cross = (np.conj(first) * second * self._turned(part)).real
            for row, power in enumerate((cross, np.abs(first) ** 2, np.abs(second) ** 2)):
                sums[row] += np.bincount(self._ring.ravel(), power.sum(0).ravel(), count)
        shared, left, right = sums
        product = np.maximum(left * right, 1e-30)
        coherence = np.clip(np.maximum(shared, 0) ** 2 / product, 0, LARGEST_COHERENCE)
        each = coherence / (1 - coherence) / np.sqrt(product)
        self.coherence = coherence
        self.powers = left, right
        self.weight = (each[self._ring] * self._used).astype(np.float32)
        largest = float(self.weight.max())
        if largest > 0:
            self.weight = self.weight / np.float32(largest)

    def shared(self) -> float:
        """What the two tell of one another, in nats a tile (the capacity of a channel with the measured coherence)."""
        each = -np.log1p(-np.minimum(self.coherence, LARGEST_COHERENCE))
        return float((each[self._ring] * self._used).sum() / 2)

    def sharper(self) -> float:
        """Variance, px², of the Gaussian blur by which the source is softer than the reference; negative: sharper.

        From the frequencies on which the two agree, once :meth:`weigh` was called.
        """
        radius = 2 * np.pi * np.arange(len(self.coherence)) / self.side
        used = (radius > 0) & (radius <= FINEST * np.pi) & (self.coherence > AGREED)
        if used.sum() < 3:
            return 0.0
        left, right = self.powers
        fall = 0.5 * np.log(np.maximum(left[used], 1e-30) / np.maximum(right[used], 1e-30))
        sure = np.sqrt(self.coherence[used] / (1 - self.coherence[used]) * radius[used])
        slope, _ = np.polyfit(radius[used] ** 2 / 2, fall, 1, w=sure)
        return float(np.clip(-slope, -MOST_BLUR, MOST_BLUR))

    def _turned(self, part: Array) -> Array:
        """e^{i k·part} for each tile."""
        x, y = part[:, :1].astype(np.float32), part[:, 1:].astype(np.float32)
        line, column = np.exp(1j * y * self.ky[:, 0]), np.exp(1j * x * self.kx[0])
        return (line[:, :, None] * column[:, None, :]).astype(np.complex64)

    def measure(self, corner: Array, start: Array) -> Shifts:
        """The shift of each tile, searched about ``start`` (N, 2)."""
        parts = [
            self._measured(corner[at : at + _CHUNK], start[at : at + _CHUNK])
            for at in range(0, len(corner), _CHUNK)
        ]
        if not parts:
            nothing = np.zeros((0, 2))
            return Shifts(nothing, nothing, np.zeros((0, 2, 2)), np.zeros(0, int), np.zeros(0))
        return Shifts(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("centre", "shift", "information", "state", "coherent")
            )
        )

    def _measured(self, corner: Array, start: Array) -> Shifts:
        start = np.round(start)
        first, second, covered = self.tiles(corner, start)
        cross = np.conj(first) * second * self.weight
        shift, twice = self._peak(cross, first, second)
        shift = start + shift
        for _ in range(_STEPS):
            first, second, _ = self.tiles(corner, shift)
            part = shift - np.round(shift)
            cross = np.conj(first) * second * self._turned(part) * self.weight
            step, hessian, gradient, agreed, _ = self._newton(cross)
            shift = shift + step
        strength = np.sqrt(
            np.maximum((np.abs(first) ** 2 * self.weight).sum((1, 2), dtype=np.float64), 1e-30)
            * np.maximum((np.abs(second) ** 2 * self.weight).sum((1, 2), dtype=np.float64), 1e-30)
        )
        coherent = np.clip(agreed / strength, 0, 1)
        both = np.abs(cross)
        independent = both.sum((1, 2)) ** 2 / np.maximum((both**2).sum((1, 2)), 1e-30) / ENBW
        chance = np.sqrt(CHANCE**2 + 2 * np.log(np.maximum(independent / FEW, 1)))
        significant = np.arctanh(np.minimum(coherent, 0.999)) * np.sqrt(2 * independent) > chance
        information, rank = _information(hessian, gradient, agreed, self.side)
        lost = np.abs(shift - start).max(1) > self.side * REACH + 1
        state = np.where(rank == 2, 0, 1)
        state = np.where(twice, 3, state)
        state = np.where(~significant | (rank == 0) | lost, 2, state)
        state = np.where(covered < COVERED, 4, state)
        information[state > 1] = 0
        along = information / np.maximum(np.trace(information, axis1=1, axis2=2), 1e-30)[:, None, None]
        shift = np.where((state == 1)[:, None], np.einsum("nij,nj->ni", along, shift), shift)
        shift = np.where((state > 1)[:, None], 0.0, shift)
        return Shifts(corner + self.side / 2, shift, information, state, coherent)

    def slopes(self, corner: Array, shift: Array) -> tuple[Array, Array, Array]:
        """About ``shift``, for each tile: slope (N, 2) and curvature (N, 2, 2) of its likelihood, and its noise (N,).

        Curvature⁻¹ · slope is what the tile would move by. Both are in units of its own noise, or of that of most tiles
        where its own is less; ``noise`` (0–1) says how much less: share × curvature is the variance of the slope.
        """
        out = []
        for at in range(0, len(corner), _CHUNK):
            here = shift[at : at + _CHUNK]
            first, second, covered = self.tiles(corner[at : at + _CHUNK], here)
            cross = np.conj(first) * second * self._turned(here - np.round(here)) * self.weight
            _, hessian, gradient, agreed, slope = self._newton(cross)
            leak = LEAK / self.side**2 * np.maximum(agreed, 0)
            power = np.trace(hessian, axis1=1, axis2=2)
            noise = np.trace(gradient, axis1=1, axis2=2) / np.maximum(power, 1e-30)
            values, vectors = np.linalg.eigh(hessian)
            seen = (values > LEAST_INFORMATION * leak[:, None]) & (values > 0)
            values = np.where(seen, values - leak[:, None], 0)
            hessian = np.einsum("nij,nj,nkj->nik", vectors, values, vectors)
            slope = np.einsum("nij,nj,nkj,nk->ni", vectors, seen, vectors, slope)
            good = ((agreed > 0) & (power > 0) & (covered >= COVERED)).astype(float)
            out.append((slope * good[:, None], hessian * good[:, None, None], noise, good > 0))
        slope, hessian, noise, speaks = (np.concatenate(part) for part in zip(*out, strict=True))
        usual = float(np.quantile(noise[speaks], USUAL)) if speaks.any() else 0.0
        unit = np.maximum(np.maximum(noise, usual), 1e-30)
        return slope / unit[:, None], hessian / unit[:, None, None], noise / unit

    def _peak(self, cross: Array, first: Array, second: Array) -> tuple[Array, Array]:
        """Whole-pixel displacement of the largest correlation, and whether a second one is nearly as large."""
        side = self.side
        surface = np.fft.fftshift(np.fft.irfft2(cross, s=(side, side)), axes=(1, 2))
        reach, middle = int(side * REACH), side // 2
        window = surface[:, middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
        window = window * (1 - 0.1 * (x * x + y * y) / (2 * reach * reach))  # of equals, the nearest
        flat = window.reshape(len(window), -1).argmax(1)
        px, py = x.ravel()[flat], y.ravel()[flat]
        top = window.reshape(len(window), -1).max(1)
        # A straight edge correlates along a ridge: what lies on the ridge is no second peak.
        power = np.abs(cross)
        xx, xy, yy = ((power * k).sum((1, 2)) for k in (self.kx**2, self.kx * self.ky, self.ky**2))
        angle = 0.5 * np.arctan2(2 * xy, xx - yy)
        gap = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-30)
        ax, ay = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
        rx, ry = x[None] - px[:, None, None], y[None] - py[:, None, None]
        across = np.abs(rx * ax + ry * ay)
        apart = np.where((gap > 0.7)[:, None, None], across, np.hypot(rx, ry)) > side / 16 + 1.5
        inner = window[:, 1:-1, 1:-1]
        peaks = np.ones(window.shape, bool)
        peaks[:, 1:-1, 1:-1] = inner >= np.maximum.reduce(
            [window[:, :-2, 1:-1], window[:, 2:, 1:-1], window[:, 1:-1, :-2], window[:, 1:-1, 2:]]
        )
        second_top = np.where(apart & peaks, window, -np.inf).reshape(len(window), -1).max(1)
        return np.stack([px, py], 1).astype(np.float64), second_top > TWICE * top

    def _newton(self, cross: Array) -> tuple[Array, Array, Array, Array, Array]:
        """One step towards the largest Σ Re(cross), its Hessian, the gradient's spread, and the sum."""
        real, imaginary = cross.real, cross.imag
        kx, ky = self.kx, self.ky
        agreed = real.sum((1, 2), dtype=np.float64)
        slope = np.stack([-(imaginary * kx).sum((1, 2)), -(imaginary * ky).sum((1, 2))], 1).astype(np.float64)
        hessian = _symmetric(*((real * k).sum((1, 2)) for k in (kx * kx, kx * ky, ky * ky)))
        square = imaginary * imaginary
        gradient = _symmetric(*((square * k).sum((1, 2)) for k in (kx * kx, kx * ky, ky * ky))) * ENBW
        # Damped where the Hessian says nothing: the step along an edge stays what it was.
        damp = 1e-3 * np.maximum(np.trace(hessian, axis1=1, axis2=2), 1e-20)
        safe = hessian + damp[:, None, None] * np.eye(2)
        determinant = np.linalg.det(safe)
        safe = np.where((determinant > 0)[:, None, None], safe, np.eye(2)[None] * 1e20)
        step = np.linalg.solve(safe, slope[:, :, None])[:, :, 0]
        return np.clip(step, -1, 1), hessian, gradient, agreed, slope


def _symmetric(xx: Array, xy: Array, yy: Array) -> Array:
    return np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2).astype(np.float64)


def _window(side: int, part: Array) -> Array:
    """Hann windows (N, side, side) about centres displaced by ``part`` (N, 2)."""
    at = np.arange(side) + 0.5
    x, y = at[None] - part[:, :1], at[None] - part[:, 1:]
    hann = lambda u: np.where((u > 0) & (u < side), np.sin(np.pi * u / side) ** 2, 0.0)  # noqa: E731
    return (hann(y)[:, :, None] * hann(x)[:, None, :]).astype(np.float32)


def _information(hessian: Array, gradient: Array, agreed: Array, side: int) -> tuple[Array, Array]:
    """Inverse covariance (N, 2, 2) with the directions that are not measured taken out, and its rank."""
    values, vectors = np.linalg.eigh(hessian)
    leak = LEAK / side**2 * np.maximum(agreed, 1e-30)
    seen = (values > LEAST_INFORMATION * leak[:, None]) & (values > 0)
    true = np.maximum(values - leak[:, None], 1e-30)
    noise = np.einsum("nij,nik,nkj->nj", vectors, gradient, vectors)
    each = true**2 / np.maximum(noise, 1e-30)
    seen &= each * WORST**2 > 1
    each = np.where(seen, each, 0.0)
    information = np.einsum("nij,nj,nkj->nik", vectors, each, vectors)
    return information, seen.sum(1)
