"""How two pictures agree at each fineness, and the two filters that make the most of it.

Sharpness, grain and resolution of two scans differ. With both roughly aligned, the spectra of their windows say what
part of the Source the Reference foretells at each frequency (*transfer*: unlike blur is in it) and what is left over
(grain, and detail that only one has). The Reference goes through the transfer; then both go through one filter under
which what is left is equally strong at all frequencies, as least squares wants its errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.registration.normalise import Mask, Plane

Values = NDArray[np.float64]

WINDOW = 64
_RINGS = 24
_RADIUS = 8  # of the kernels, in pixels: as far as a filter this smooth in frequency reaches
_MOST_WINDOWS = 400
_FEWEST_WINDOWS = 4
_LEFT_FLOOR = 1e-2  # of the Source's power: tone is never matched better
_FINEST = 0.4  # pixels of blur on both: the cubic kernel is not to be trusted beyond


@dataclass(frozen=True, eq=False)
class Agreement:
    """By rings of frequency, ``frequency`` in cycles per Source pixel, 0–0.5.

    ``transfer``: the Source over the Reference, in phase; ``left``: power that the Reference does not foretell.
    ``coherence``: share of the Source's power that it does, 0–1.
    """

    frequency: Values
    transfer: Values
    left: Values
    coherence: Values

    def filters(self, reference_scale: float) -> tuple[Plane, Plane]:
        """Kernels for Reference and Source. ``reference_scale``: Source pixels to one pixel of the Reference given."""
        even = 1 / np.sqrt(self.left)
        even = even / even.max()
        return (
            self._kernel(even * self.transfer, reference_scale),
            self._kernel(even, 1.0),
        )

    def softening(self, pixel: float) -> Plane:
        """The transfer alone, with a sum of 1, on a grid whose pixel is ``pixel`` Source pixels."""
        kernel = self._kernel(self.transfer, pixel)
        return np.asarray(kernel / kernel.sum(), np.float32)

    def _kernel(self, response: Values, scale: float) -> Plane:
        """``response`` on a grid whose pixel is ``scale`` Source pixels."""
        size = 64
        along = np.fft.fftfreq(size)
        frequency = np.hypot(along[:, None], along[None, :]) / scale
        wanted = np.interp(frequency, self.frequency, response)
        wanted *= np.exp(-2 * (np.pi * _FINEST * frequency) ** 2)
        kernel = np.fft.fftshift(np.real(np.fft.ifft2(wanted)))
        middle = slice(size // 2 - _RADIUS, size // 2 + _RADIUS + 1)
        taper = np.hanning(2 * _RADIUS + 3)[1:-1]
        return np.asarray(kernel[middle, middle] * np.outer(taper, taper), np.float32)


def soft(sigma: float) -> Plane:
    """A Gaussian as a kernel."""
    along = cv2.getGaussianKernel(2 * _RADIUS + 1, sigma)
    return np.asarray(along @ along.T, np.float32)


def agreement(reference: Plane, source: Plane, mask: Mask) -> Agreement | None:
    """Of two bands that lie on one another; None where too few windows are whole inside ``mask``."""
    windows = _windows(mask)
    if len(windows) < _FEWEST_WINDOWS:
        return None
    hann = np.outer(np.hanning(WINDOW), np.hanning(WINDOW))
    a = np.stack([reference[y : y + WINDOW, x : x + WINDOW] for y, x in windows]) * hann
    b = np.stack([source[y : y + WINDOW, x : x + WINDOW] for y, x in windows]) * hann
    power_a, power_b = (a * a).mean((1, 2)), (b * b).mean((1, 2))
    alike = (a * b).mean((1, 2)) / np.sqrt(power_a * power_b + 1e-20)
    chosen = alike >= np.percentile(alike, 20)  # without the worst: dirt, and what has moved
    size = np.sqrt(power_a[chosen])[:, None, None] + 1e-9
    fa, fb = np.fft.rfft2(a[chosen] / size), np.fft.rfft2(b[chosen] / size)
    ring = np.minimum(
        _RINGS - 1,
        (np.hypot(*np.meshgrid(np.fft.rfftfreq(WINDOW), np.fft.fftfreq(WINDOW))) * 2 * _RINGS).astype(int),
    ).ravel()
    count = np.bincount(ring, minlength=_RINGS)

    def rings(power: Values) -> Values:
        return np.asarray(np.bincount(ring, power.mean(0).ravel(), _RINGS) / count)

    def smooth(values: Values) -> Values:
        return np.convolve(np.pad(values, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")

    aa, bb = rings(np.abs(fa) ** 2) + 1e-12, rings(np.abs(fb) ** 2) + 1e-12
    cross = np.maximum(rings(np.real(fb * np.conj(fa))), 0)
    coherence = np.minimum(smooth(cross**2 / (aa * bb)), 1 - _LEFT_FLOOR)
    frequency = (np.arange(_RINGS) + 0.5) / (2 * _RINGS)
    return Agreement(frequency, smooth(cross / aa), np.exp(smooth(np.log(bb))) * (1 - coherence), coherence)


def _windows(mask: Mask) -> list[tuple[int, int]]:
    """Upper left corners of windows inside ``mask``, half overlapping, spread evenly where they are many."""
    height, width = mask.shape
    if min(height, width) < WINDOW:
        return []
    total = cv2.integral((~mask).astype(np.uint8))
    step = WINDOW // 2
    free = [
        (y, x)
        for y in range(0, height - WINDOW + 1, step)
        for x in range(0, width - WINDOW + 1, step)
        if total[y + WINDOW, x + WINDOW] - total[y, x + WINDOW] - total[y + WINDOW, x] + total[y, x] == 0
    ]
    return free[:: max(1, len(free) // _MOST_WINDOWS)]
