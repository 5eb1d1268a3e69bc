"""Where the Reference lies on the Source, roughly: to a few pixels, from nothing known but the formats.

Points of interest first (SIFT, Lowe 2004) on pictures without fade; where they do not agree, the phase correlation of
small pictures over a few sizes and turns. Neither is believed: ``solve`` refines and judges what comes from here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from film_recovery.registration.geometry import Grid, Matrix, moved, scaled, unit, warped
from film_recovery.registration.normalise import Mask, Plane, band

WIDEST = 1000  # pixels: larger pictures are made smaller for the search
_POINTS = 4000
_RATIO = 0.85  # Lowe's, generous: RANSAC does the sorting
_LIKE_SIZE = 0.6  # octaves between the sizes of two points that match, after the fit to the Source
_AGREED = 8  # points below which agreement may be chance
_LEAST = 0.5  # scale after the fit; beyond, points agree by chance
_SMALL = 192  # width of the pictures for phase correlation
_SIZES = (0.9, 0.95, 1.0, 1.05, 1.1)
_TURNS = (-3.0, -1.5, 0.0, 1.5, 3.0)


@dataclass(frozen=True, eq=False)
class Guess:
    """``matrix``: Reference to Source pixels. ``agreed``: points that say so; 0 for a guess by phase correlation."""

    matrix: Matrix
    agreed: int


def guesses(reference: Plane, source: Plane, masks: tuple[Mask, Mask], fit: Matrix) -> list[Guess]:
    """Best first. ``fit``: Reference to Source pixels before anything is known; masks of Reference and Source."""
    found = [_by_points(reference, source, masks, fit)]
    if found[0] is None or found[0].agreed < 3 * _AGREED:
        found.append(_by_phase(reference, source, masks, fit))
    return [guess for guess in found if guess is not None]


def _by_points(reference: Plane, source: Plane, masks: tuple[Mask, Mask], fit: Matrix) -> Guess | None:
    shrink = min(1.0, WIDEST / source.shape[1])
    grid = Grid(max(1, round(source.shape[1] * shrink)), max(1, round(source.shape[0] * shrink)))
    to_small = scaled(grid.width / source.shape[1], grid.height / source.shape[0])
    first, first_mask, from_first = _fitted(reference, masks[0], to_small @ fit, grid)
    second, second_mask, _ = _fitted(source, masks[1], to_small, grid)
    detector = cv2.SIFT.create(nfeatures=_POINTS, contrastThreshold=0.02)
    points, words = zip(
        *(
            detector.detectAndCompute(_eight(y, mask), mask.astype(np.uint8) * 255)
            for y, mask in ((first, first_mask), (second, second_mask))
        ),
        strict=True,
    )
    if any(word is None or len(word) < 2 for word in words):
        return None
    near = [
        best
        for best, other in cv2.BFMatcher(cv2.NORM_L2).knnMatch(words[0], words[1], k=2)
        if best.distance < _RATIO * other.distance
        and abs(np.log2(points[0][best.queryIdx].size / points[1][best.trainIdx].size)) < _LIKE_SIZE
    ]
    if len(near) < _AGREED:
        return None
    there = np.array([points[0][match.queryIdx].pt for match in near]) + 0.5
    here = np.array([points[1][match.trainIdx].pt for match in near]) + 0.5
    cv2.setRNGSeed(0)
    affine, agreed = cv2.estimateAffinePartial2D(
        there, here, method=cv2.RANSAC, ransacReprojThreshold=4, maxIters=5000, confidence=0.999
    )
    if affine is None or int(agreed.sum()) < _AGREED or not _LEAST < np.hypot(*affine[:, 0]) < 1 / _LEAST:
        return None
    matrix = np.linalg.inv(to_small) @ np.vstack([affine, [0, 0, 1]]) @ from_first
    return Guess(unit(matrix), int(agreed.sum()))


def _fitted(y: Plane, mask: Mask, matrix: Matrix, grid: Grid) -> tuple[Plane, Mask, Matrix]:
    """``y`` as large as ``matrix`` makes it, whole; and the matrix from its own pixels to the new ones."""
    size = max(1, round(y.shape[1] * matrix[0, 0])), max(1, round(y.shape[0] * matrix[1, 1]))
    smaller = size[0] * size[1] < y.size
    made = cv2.resize(y, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    kept = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return np.asarray(made, np.float32), np.asarray(kept), scaled(size[0] / y.shape[1], size[1] / y.shape[0])


def _eight(y: Plane, mask: Mask) -> np.ndarray:
    detail = band(y, mask, 0.8, 12)
    contrast = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 24, borderType=cv2.BORDER_REFLECT))
    floor = 0.3 * float(np.median(contrast)) + 1e-4
    return np.asarray(np.clip(detail / (contrast + floor) * 40 + 128, 0, 255), np.uint8)


def _by_phase(reference: Plane, source: Plane, masks: tuple[Mask, Mask], fit: Matrix) -> Guess | None:
    grid = Grid(_SMALL, max(16, round(source.shape[0] / source.shape[1] * _SMALL)))
    to_small = scaled(grid.width / source.shape[1], grid.height / source.shape[0])
    second, second_mask, _ = _fitted(source, masks[1], to_small, grid)
    first, first_mask, from_first = _fitted(reference, masks[0], to_small @ fit, grid)
    target = band(second, second_mask, 1.0, 12)
    content = band(first, first_mask, 1.0, 12)
    place = unit(to_small @ fit @ np.linalg.inv(from_first))  # what is left of the fit
    window = np.outer(
        np.hanning(2 * grid.height), np.hanning(2 * grid.width)
    )  # as wide again: keeps the sides
    window = window[
        grid.height // 2 : grid.height // 2 + grid.height, grid.width // 2 : grid.width // 2 + grid.width
    ]
    size = 2 * grid.height, 2 * grid.width
    seen = np.conj(np.fft.rfft2(target * window, size))
    middle = moved(grid.width / 2, grid.height / 2)
    best, found = 0.0, None
    for scale in _SIZES:
        for turn in np.radians(_TURNS):
            c, s = scale * np.cos(turn), scale * np.sin(turn)
            turned = middle @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.linalg.inv(middle) @ place
            cross = np.fft.rfft2(warped(content, turned, grid) * window, size) * seen
            peaks = np.fft.irfft2(cross / np.sqrt(np.abs(cross) + 1e-9), size)
            row, column = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
            height = float(peaks[row, column]) / float(peaks.std() + 1e-12)
            if height > best:
                y, x = (int(v) - n if v > n // 2 else int(v) for v, n in ((row, size[0]), (column, size[1])))
                best, found = height, moved(-x, -y) @ turned
    if found is None:
        return None
    return Guess(unit(np.linalg.inv(to_small) @ found @ from_first), 0)
