"""What could be had without learning: simple corrections that a recovery has to beat.

Each is fitted to training pairs as displayed (encoded RGB 0–1, H×W×3) and then applied to frames that it has not
seen, so that it is judged as a model is. None of them keeps what a recipe locks, unless it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.analysis.colour_lattice import fit_lattice
from film_recovery.analysis.cube import Cube, cube_of
from film_recovery.analysis.difference import psnr
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

SIGMAS = (0.8, 1.2, 2.0)  # pixels
AMOUNTS = (0.25, 0.5, 1.0)

RADIUS = 4  # of the least-squares filter, pixels: 9 × 9
SAMPLES = 40_000  # pixels a pair that it is fitted on
# Of a resize: to which share of its size, and back. Below one it takes grain; above, it rounds what a scan made square.
SCALES = (0.5, 2 / 3, 0.8, 1.5, 2.0)

Pairs = Iterable[tuple[Pixels, Pixels]]  # what is given, and the Ground Truth


class Baseline(Protocol):
    """Anything that makes another picture of a picture."""

    def apply(self, picture: Pixels) -> Pixels: ...


_Of = TypeVar("_Of", bound=Baseline)


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
class Sharpen:
    """The 3 × 3 kernel that takes ``amount`` of the mean of the four neighbours off luma: chroma is kept."""

    amount: float

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (encoded 0–1, H×W×3) sharpened; not clamped."""
        cross = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)
        plane = luma(picture)
        change = np.float32(self.amount) * (plane - cv2.filter2D(plane, cv2.CV_32F, cross))
        sharpened: Pixels = (picture + change[..., None]).astype(np.float32)
        return sharpened


@dataclass(frozen=True)
class Resize:
    """To ``scale`` times its size and back, luma alone; by area where it gets smaller, Lanczos where it gets larger."""

    scale: float

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (encoded 0–1, H×W×3); not clamped."""
        plane = luma(picture)
        height, width = plane.shape
        size = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        way = (cv2.INTER_AREA, cv2.INTER_LANCZOS4)
        there, back = way if self.scale < 1 else way[::-1]
        resized = cv2.resize(
            cv2.resize(plane, size, interpolation=there), (width, height), interpolation=back
        )
        made: Pixels = (picture + (resized - plane)[..., None]).astype(np.float32)
        return made


@dataclass(frozen=True, eq=False)
class LeastSquaresFilter:
    """One linear filter of luma, ``kernel`` (odd × odd), and ``offset``: the best there is. Chroma is kept."""

    kernel: NDArray[np.float32]
    offset: float

    def apply(self, picture: Pixels) -> Pixels:
        """``picture`` (encoded 0–1, H×W×3) filtered; not clamped."""
        plane = luma(picture)
        filtered = cv2.filter2D(plane, cv2.CV_32F, self.kernel, borderType=cv2.BORDER_REFLECT)
        made: Pixels = (picture + (filtered + np.float32(self.offset) - plane)[..., None]).astype(np.float32)
        return made


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
    return _best([UnsharpMask(sigma, amount) for sigma, amount in product(SIGMAS, AMOUNTS)], pairs)


def fit_sharpen(pairs: Pairs) -> Sharpen:
    """As :func:`fit_unsharp_mask`, of the amounts 0.25, 0.5, 1 and 2."""
    return _best([Sharpen(amount) for amount in (*AMOUNTS, 2.0)], pairs)


def fit_resize(pairs: Pairs) -> Resize:
    """As :func:`fit_unsharp_mask`, of SCALES."""
    return _best([Resize(scale) for scale in SCALES], pairs)


def _best(candidates: Sequence[_Of], pairs: Pairs) -> _Of:
    scores = []
    for given, truth in pairs:
        check_colours(given, truth)
        wanted = luma(truth)
        scores.append([psnr(luma(one.apply(given)), wanted) for one in candidates])
    if not scores:
        raise _no_pairs()
    return candidates[int(np.argmax(np.mean(scores, axis=0)))]


def fit_least_squares(pairs: Pairs, seed: int = 0) -> LeastSquaresFilter:
    """The filter of luma with the smallest squared error over SAMPLES pixels of each pair, drawn with ``seed``.

    A trace of the picture as it is (1e-6 of its power) settles what the pixels leave open. Raises FilmRecoveryError
    without pairs, for sides that cannot be compared, and for pictures smaller than the filter.
    """
    side = 2 * RADIUS + 1
    normal, right = np.zeros((side * side + 1,) * 2), np.zeros(side * side + 1)
    count = 0
    for index, (given, truth) in enumerate(pairs):
        check_colours(given, truth)
        if min(given.shape[:2]) < side:
            raise FilmRecoveryError(
                f"A filter of {side} × {side} pixels cannot be fitted to {given.shape[1]} × {given.shape[0]} pixels.",
                remedy="choose a larger live area",
            )
        x, change = luma(given).astype(np.float64), (luma(truth) - luma(given)).astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(x, (side, side))
        height, width = windows.shape[:2]
        random = np.random.default_rng((seed, index))
        taken = random.choice(height * width, min(SAMPLES, height * width), replace=False, shuffle=False)
        rows, columns = np.divmod(np.sort(taken), width)
        seen = np.column_stack([windows[rows, columns].reshape(len(rows), -1), np.ones(len(rows))])
        normal += seen.T @ seen
        right += seen.T @ change[rows + RADIUS, columns + RADIUS]
        count += len(rows)
    if not count:
        raise _no_pairs()
    normal += 1e-6 * np.trace(normal) / len(normal) * np.eye(len(normal))
    found = np.linalg.solve(normal, right)
    kernel = found[:-1].reshape(side, side)
    kernel[RADIUS, RADIUS] += 1  # what was fitted is the change
    return LeastSquaresFilter(kernel.astype(np.float32), float(found[-1]))


def fit_cube(pairs: Pairs) -> Cube:
    """A 3D LUT in the way of MatchGrade: smooth, on encoded values, exported as it is applied.

    Raises FilmRecoveryError without pairs, and for sides that cannot be compared.
    """
    taken = [(np.clip(given, 0, 1), np.clip(truth, 0, 1)) for given, truth in pairs]
    if not taken:
        raise _no_pairs()
    return cube_of(fit_lattice(taken))


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
