"""Do two pictures show the same? Perceptual hashes for scenes among thousands, phase correlation for a pair's sides.

Both look at encoded luma. Measured on forty pictures: a grade, grain, a blur or JPEG moves the hash by 0 to 6 of its 63
bits, a shift of 2 % by up to 8, a crop of 5 % by 8 to 14; different photographs are 16 and more apart. A chessboard, or
an even field of colour, has no such hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

HASH_BITS = 63
_SMALL = 32  # pixels: the picture that a hash is made of
_KEPT = 8  # its lowest frequencies, across and down
_CENTRE = 1024  # pixels: side of the area that is correlated
_BLOCK = 512  # rows of the table of distances that are worked on at a time


@dataclass(frozen=True)
class Displacement:
    """How the target lies on the source: ``pixels`` it is moved by, ``likeness`` of their edges (1 same, 0 nothing
    in common)."""

    pixels: float
    likeness: float


def perceptual_hash(picture: Pixels) -> int:
    """63 bits of **encoded** ``picture`` (H×W×3): which of its lowest frequencies of luma are above their median."""
    small = cv2.resize(luma(picture).astype(np.float32), (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small)[:_KEPT, :_KEPT].ravel()[1:]  # without the mean, which a grade moves
    bits = low > np.median(low)
    return int("".join("1" if bit else "0" for bit in bits), 2)


def distance(one: int, other: int) -> int:
    """Bits in which two hashes differ."""
    return (one ^ other).bit_count()


def alike(hashes: Sequence[int], bits: int) -> list[tuple[int, int]]:
    """All pairs of positions (first below second) whose hashes differ in at most ``bits`` bits."""
    table = np.array(hashes, np.uint64)
    found: list[tuple[int, int]] = []
    for start in range(0, len(table), _BLOCK):
        block = table[start : start + _BLOCK]
        near = np.bitwise_count(block[:, None] ^ table[None, :]) <= bits
        found.extend(
            (start + int(row), int(column))
            for row, column in zip(*np.nonzero(near), strict=True)
            if start + row < column
        )
    return found


def displacement(source: Pixels, target: Pixels) -> Displacement:
    """Of two **encoded** pictures (H×W×3) of one size, by phase correlation of the edges in their middle.

    A rotation, a mirroring or another picture shows as a small likeness; heavy grain lowers it, too.
    """
    height, width = (min(_CENTRE, side) for side in source.shape[:2])
    y, x = (source.shape[0] - height) // 2, (source.shape[1] - width) // 2
    area = (slice(y, y + height), slice(x, x + width))
    window = cv2.createHanningWindow((width, height), cv2.CV_64F)
    edges = [_edges(luma(side[area])) for side in (source, target)]
    if not all(side.any() for side in edges):  # a flat picture lies on anything
        return Displacement(0.0, 1.0)
    (across, down), response = cv2.phaseCorrelate(edges[0], edges[1], window)
    return Displacement(float(np.hypot(across, down)), float(np.clip(response, 0, 1)))


def _edges(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """Strength of the edges, its root taken so that a grade counts for little; mean zero."""
    plane = np.ascontiguousarray(plane, np.float32)
    strength = np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1))
    edges = np.sqrt(strength).astype(np.float64)
    centred: NDArray[np.float64] = edges - edges.mean()
    return centred if centred.std() > 1e-6 else np.zeros_like(edges)
