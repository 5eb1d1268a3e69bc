"""What could be had without learning: simple corrections that a recovery has to beat.

Each is fitted to training pairs as displayed (encoded RGB 0–1, H×W×3) and then applied to frames that it has not
seen, so that it is judged as a model is. None of them keeps what a recipe locks, unless it says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from film_recovery.analysis.arrays import check_colours
from film_recovery.analysis.difference import psnr
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

SIGMAS = (0.8, 1.2, 2.0)  # pixels
AMOUNTS = (0.25, 0.5, 1.0)

Pairs = Iterable[tuple[Pixels, Pixels]]  # what is given, and the Ground Truth


@dataclass(frozen=True)
class UnsharpMask:
    """Luma minus its Gaussian blur (``sigma`` in pixels), ``amount`` times, added to all channels: chroma is kept."""

    sigma: float
    amount: float

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (encoded 0–1, H×W×3) sharpened; not clamped."""
        plane = luma(picture)
        change = np.float32(self.amount) * (plane - cv2.GaussianBlur(plane, (0, 0), self.sigma))
        sharpened: Pixels = (picture + change[..., None]).astype(np.float32)
        return sharpened


@dataclass(frozen=True)
class Grade:
    """``gain · value + offset`` for red, green and blue, as a colourist's simplest grade: luma is *not* kept."""

    gain: tuple[float, float, float]
    offset: tuple[float, float, float]

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (encoded 0–1, H×W×3) graded; not clamped."""
        graded: Pixels = picture * np.array(self.gain, np.float32) + np.array(self.offset, np.float32)
        return graded


def fit_unsharp_mask(pairs: Pairs) -> UnsharpMask:
    """The mask of SIGMAS and AMOUNTS that serves luma best: highest PSNR against the truth, mean over ``pairs``.

    Raises FilmRecoveryError without pairs, and for sides that cannot be compared.
    """
    masks = [UnsharpMask(sigma, amount) for sigma, amount in product(SIGMAS, AMOUNTS)]
    scores = []
    for given, truth in pairs:
        check_colours(given, truth)
        wanted = luma(truth)
        scores.append([psnr(luma(mask.apply(given)), wanted) for mask in masks])
    if not scores:
        raise _no_pairs()
    return masks[int(np.argmax(np.mean(scores, axis=0)))]


def fit_grade(pairs: Pairs) -> Grade:
    """The grade with the smallest squared error over all pixels of ``pairs``, each channel for itself.

    A channel of one value has no slope: it keeps gain 1 and is moved to the truth's mean. Raises
    FilmRecoveryError without pairs, and for sides that cannot be compared.
    """
    count = 0
    sums = np.zeros((4, 3))  # of the given, the truth, given², given · truth
    for given, truth in pairs:
        check_colours(given, truth)
        x, y = (side.reshape(-1, 3).astype(np.float64) for side in (given, truth))
        sums += (x.sum(0), y.sum(0), (x * x).sum(0), (x * y).sum(0))
        count += len(x)
    if not count:
        raise _no_pairs()
    x, y, xx, xy = sums / count
    variance = xx - x * x
    varies = variance > 1e-9
    gain = np.where(varies, (xy - x * y) / np.where(varies, variance, 1), 1)
    red, green, blue = gain
    return Grade((float(red), float(green), float(blue)), tuple((y - gain * x).tolist()))


def _no_pairs() -> FilmRecoveryError:
    return FilmRecoveryError("There is no pair to fit a baseline to.", remedy="choose training pairs")
