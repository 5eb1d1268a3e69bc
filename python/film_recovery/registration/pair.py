"""Both pictures of a moment, and what the solver compares of them: bands at a size, in one tone, at one sharpness.

``solve`` climbs with :func:`bands_of` and ends with :func:`matched` and :func:`filtered`; ``mesh`` takes
:func:`matched_and_even`, which is both with the matrix as solved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration.geometry import Grid, Matrix, inverse, mapped, scaled, unit, warped
from film_recovery.registration.normalise import Mask, Plane, band, live, plane
from film_recovery.registration.refine import Bands
from film_recovery.registration.spectra import Agreement, agreement, soft
from film_recovery.registration.tone import Tone, agreed

TONE_WIDTH = 640  # pixels: tone needs no more; and what is judged there means the same at any size
WIDE = 12.0  # pixels: what is larger than this is tone and light
FINE = 1.0  # pixels of blur before sharpness is known
_WIDEST = 3000  # pixels of the last level: a wider Source (4K) is solved at half its size
_SOFT = 0.6  # pixels of blur on the largest pictures before sharpness is known


@dataclass(frozen=True, eq=False)
class Pair:
    """Both pictures as they came, their luma, and where they are picture."""

    reference: NDArray[np.float32]
    source: NDArray[np.float32]
    reference_y: Plane
    source_y: Plane
    reference_mask: Mask
    source_mask: Mask

    @classmethod
    def of(
        cls,
        reference: NDArray[Any],
        source: NDArray[Any],
        reference_mask: NDArray[Any] | None,
        source_mask: NDArray[Any] | None,
    ) -> Pair:
        planes = plane(reference), plane(source)
        masks = [
            live(y) if mask is None else _checked(mask, y)
            for y, mask in zip(planes, (reference_mask, source_mask), strict=True)
        ]
        return cls(
            np.asarray(reference, np.float32), np.asarray(source, np.float32), *planes, masks[0], masks[1]
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the Source."""
        return self.source_y.shape[0], self.source_y.shape[1]


def _checked(mask: NDArray[Any], y: Plane) -> Mask:
    if mask.shape != y.shape:
        raise FilmRecoveryError(
            f"The mask has shape {mask.shape}, its picture {y.shape}.",
            remedy="make the mask as large as the picture",
        )
    return np.asarray(mask, np.bool_)


def shrunk(y: Plane, mask: Mask, scale: float) -> tuple[Plane, Mask, Matrix]:
    """Both smaller by ``scale``, by means of areas; and the matrix to the new pixels. About 1 leaves them."""
    if scale > 0.75:
        return y, mask, np.eye(3)
    height, width = y.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(y, size, interpolation=cv2.INTER_AREA), np.float32)
    kept = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
    return small, np.asarray(kept, np.bool_), scaled(size[0] / width, size[1] / height)


def _local_scale(matrix: Matrix, size: tuple[int, int]) -> float:
    """Source pixels to a Reference pixel, in the middle of the Source."""
    x, y = mapped(inverse(matrix), np.array([[size[1] / 2, size[0] / 2]]))[0]
    w = float(matrix[2] @ np.array([x, y, 1]))
    return float(np.sqrt(abs(np.linalg.det(matrix) / w**3)))


def bands_of(
    reference: tuple[Plane, Mask], source: tuple[Plane, Mask], matrix: Matrix, shrink: float, fine: float
) -> Bands:
    """Bands of both with the Source made smaller by ``shrink``, and the Reference about as large."""
    scale = _local_scale(matrix, (source[0].shape[0], source[0].shape[1]))
    target, target_mask, to_source = shrunk(*source, shrink)
    content, content_mask, to_reference = shrunk(*reference, shrink * scale)
    pixel = scale * float(
        to_source[0, 0] / to_reference[0, 0]
    )  # of the Reference's level, in the Source level's
    if pixel > 1.25:  # a small Reference: as large as the Source, so that both filters mean the same
        size = round(content.shape[1] * pixel), round(content.shape[0] * pixel)
        grown = scaled(size[0] / content.shape[1], size[1] / content.shape[0])
        content = np.asarray(cv2.resize(content, size, interpolation=cv2.INTER_CUBIC), np.float32)
        content_mask = (
            cv2.resize(content_mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.999
        )
        to_reference = grown @ to_reference
        pixel = 1.0
    return Bands(
        band(content, content_mask, fine / pixel, WIDE / pixel),
        content_mask,
        band(target, target_mask, fine, WIDE),
        target_mask,
        to_reference,
        to_source,
    )


def largest(width: int) -> float:
    """The scale at which a Source of ``width`` pixels is solved last: 1, or a half and so on."""
    return 1.0 if width <= _WIDEST else 0.5 ** int(np.ceil(np.log2(width / _WIDEST)))


def matched(pair: Pair, matrix: Matrix, known: Agreement | None = None) -> Bands:
    """Bands of both pictures at the last level, in one tone as far as ``matrix`` and ``known`` sharpness tell it."""
    tone = _tone(pair, matrix, known)
    sides = (pair.reference_y, pair.source_y)
    if tone is not None:
        sides = tone.of_reference(pair.reference), tone.of_source(pair.source)
    masks = pair.reference_mask, pair.source_mask
    return bands_of((sides[0], masks[0]), (sides[1], masks[1]), matrix, largest(pair.size[1]), 0.0)


def matched_and_even(pair: Pair, matrix: Matrix) -> Bands:
    """:func:`matched`, through the filters that suit the pair; ``matrix`` is taken as solved."""
    whole = matched(pair, matrix)
    known = agreement_of(whole, whole.here(matrix))
    return filtered(matched(pair, matrix, known), known, matrix)


def _tone(pair: Pair, matrix: Matrix, known: Agreement | None) -> Tone | None:
    """Of both as they lie, on pictures of at most ``TONE_WIDTH`` pixels; the Reference made as soft as the Source."""
    height, width = pair.size
    shrink = min(1.0, TONE_WIDTH / width)
    grid = Grid(max(1, round(width * shrink)), max(1, round(height * shrink)))
    size = grid.width, grid.height
    to_small = scaled(grid.width / width, grid.height / height)
    scale = _local_scale(to_small @ matrix, (grid.height, grid.width))
    content, to_content = pair.reference, np.eye(3)
    if scale < 0.75:
        small = round(content.shape[1] * scale), round(content.shape[0] * scale)
        to_content = scaled(small[0] / content.shape[1], small[1] / content.shape[0])
        content = np.asarray(cv2.resize(content, small, interpolation=cv2.INTER_AREA), np.float32)
    placed = unit(to_small @ matrix @ np.linalg.inv(to_content))
    content = warped(content, placed, grid)
    if known is not None:
        softened = known.softening(largest(width) / shrink)
        content = np.asarray(cv2.filter2D(content, -1, softened, borderType=cv2.BORDER_REFLECT), np.float32)
    there = warped(
        pair.reference_mask.astype(np.float32), to_small @ matrix, grid, interpolation=cv2.INTER_LINEAR
    )
    here = cv2.resize(pair.source_mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    both = ((there > 0.999) & (here > 0.999)).astype(np.uint8)
    mask = np.asarray(cv2.erode(both, np.ones((7, 7), np.uint8), borderValue=0) > 0, np.bool_)
    if np.count_nonzero(mask) < 1000:
        return None
    target = np.asarray(cv2.resize(pair.source, size, interpolation=cv2.INTER_AREA), np.float32)
    return agreed(content, target, mask, FINE, WIDE)


def agreement_of(bands: Bands, matrix: Matrix) -> Agreement | None:
    """How far both agree at each fineness where ``matrix`` (in the bands' own pixels) lays them over each other."""
    grid = bands.grid
    there = (
        warped(bands.reference_mask.astype(np.float32), matrix, grid, interpolation=cv2.INTER_LINEAR) > 0.999
    )
    both = (
        cv2.erode((there & bands.source_mask).astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    )
    return agreement(warped(bands.reference, matrix, grid), bands.source, np.asarray(both, np.bool_))


def filtered(bands: Bands, known: Agreement | None, matrix: Matrix) -> Bands:
    """``bands`` through the filters that suit their agreement; a light blur where none is known."""
    pixel = _local_scale(bands.here(matrix), (bands.grid.height, bands.grid.width))
    kernels = known.filters(pixel) if known else (soft(_SOFT / pixel), soft(_SOFT))

    def through(y: Plane, kernel: Plane) -> Plane:
        return np.asarray(cv2.filter2D(y, -1, kernel, borderType=cv2.BORDER_REFLECT), np.float32)

    def inside(mask: Mask) -> Mask:
        return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0, np.bool_)

    return Bands(
        through(bands.reference, kernels[0]),
        inside(bands.reference_mask),
        through(bands.source, kernels[1]),
        inside(bands.source_mask),
        bands.reference_scale,
        bands.source_scale,
    )
