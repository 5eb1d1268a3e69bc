"""Stage 2's solve of one frame: the homography from Reference pixels to Source pixels, or why there is none.

Roughly from ``search``; exact on small pictures and then on larger ones (``refine``); then, twice, tone and sharpness
are matched (``tone``, ``spectra``) and the largest pictures solved again. What comes out is judged by how well both
pictures agree, never by how the solve went; the residual that stage 2 reports is measured by other means still.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration.geometry import (
    Grid,
    Matrix,
    corner_displacement,
    fit_matrix,
    grid_of,
    inverse,
    mapped,
    placement,
    row_major,
    scaled,
    to_nuke,
    unit,
    warped,
)
from film_recovery.registration.normalise import Mask, Plane, band, live, plane
from film_recovery.registration.refine import Bands, Fit, Tiles, corner_sigma, measured_tiles, refined
from film_recovery.registration.search import guesses
from film_recovery.registration.spectra import Agreement, agreement, soft
from film_recovery.registration.tone import Tone, agreed

_SMALLEST = 60  # pixels of the shorter side on the first level
_TONE_WIDTH = 640  # pixels: tone needs no more; and what is judged there means the same at any size
_WIDEST = 3000  # pixels of the last level: a wider Source (4K) is solved at half its size
_WIDE = 12.0  # pixels: what is larger than this is tone and light
_FINE = 1.0  # pixels of blur before sharpness is known
_SOFT = 0.6  # pixels of blur on the largest pictures before sharpness is known
_LEAP = 0.5  # pixels a pass may move the corners, beside six standard deviations
_PASSES = 2  # with tone and sharpness known; a third changes nothing measurable
_AGREES = 0.5  # correlation of a tile that agrees; other content reaches it in 6 of 100 tiles at most

# Five wrong pairs of photographs reached 0.06; 18 true ones under heavy grain, dust and blur were above 0.68.
ENOUGH_AGREE = 0.25
# The corners' expected error beyond which a matrix says less than an operator's eye, in Source pixels.
WORST_SIGMA = 1.0
ENOUGH_COMMON = 0.25  # of the Source's picture
ENOUGH_TEXTURE = 0.03  # of a picture's tiles; of pure grain 0.013 have it by chance
_LAG = 3  # pixels over which texture is still like itself, and grain is not


@dataclass(frozen=True, eq=False)
class Solution:
    """``matrix``: Reference to Source pixels, array convention; with ``solved`` False the best guess, not to be used.

    ``reason``: why not solved, for the operator; empty otherwise. ``confidence``: 0–1, the smaller of how much agrees
    and how firmly the corners are held. ``inliers``: share of the common tiles with texture that agree, 0–1.
    ``sigma``: expected error of the worst corner of the Source's format, one standard deviation, in Source pixels.
    ``common``: share of the Source's picture on which the Reference lies.
    """

    matrix: Matrix
    reference: Grid
    source: Grid
    solved: bool = True
    reason: str = ""
    confidence: float = 0.0
    inliers: float = 0.0
    sigma: float = float("inf")
    common: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON values; ``matrix`` row-major in Nuke's convention, None where not solved."""
        matrix = row_major(to_nuke(self.matrix, self.reference, self.source)) if self.solved else None
        return {
            "solved": self.solved,
            "reason": self.reason,
            "matrix": list(matrix) if matrix else None,
            "placement": placement(self.matrix, self.reference, self.source).as_dict()
            if self.solved
            else None,
            "confidence": round(self.confidence, 4),
            "inliers": round(self.inliers, 4),
            "sigma": round(self.sigma, 4) if np.isfinite(self.sigma) else None,
            "common": round(self.common, 4),
        }


def solve(
    reference: NDArray[Any],
    source: NDArray[Any],
    *,
    reference_aspect: float = 1.0,
    source_aspect: float = 1.0,
    reference_mask: NDArray[Any] | None = None,
    source_mask: NDArray[Any] | None = None,
    start: Matrix | None = None,
) -> Solution:
    """Where ``reference`` lies on ``source``: encoded pictures, H×W×3 or H×W, of any two sizes.

    ``reference_aspect``, ``source_aspect``: width of a pixel over its height. Masks (H×W, booleans): where each is
    picture; without one, all but the black that is joined to its edge. ``start``: about where it lies (array
    convention), such as the neighbouring frame's matrix; without it, searched for.

    Where it cannot tell, the Solution says so with a reason. Raises FilmRecoveryError for arrays that are no pictures.
    """
    pair = Pair.of(reference, source, reference_mask, source_mask)
    grids = grid_of(pair.reference, reference_aspect), grid_of(pair.source, source_aspect)
    fit = fit_matrix(*grids)

    def refused(reason: str, matrix: Matrix = fit, judged: _Judged | None = None) -> Solution:
        judged = judged or _Judged()
        return Solution(matrix, *grids, False, reason, 0.0, judged.inliers, judged.sigma, judged.common)

    for name, y, mask in (
        ("Reference", pair.reference_y, pair.reference_mask),
        ("Source", pair.source_y, pair.source_mask),
    ):
        if texture(y, mask) < ENOUGH_TEXTURE:
            return refused(f"The {name} has too little texture to align by.")
    starts = (
        [unit(start)]
        if start is not None
        else [
            guess.matrix
            for guess in guesses(
                pair.reference_y, pair.source_y, (pair.reference_mask, pair.source_mask), fit
            )
        ]
    )
    climbed = [found for found in (_climbed(pair, matrix) for matrix in starts) if found is not None]
    if not climbed:
        return refused("Nothing in the two pictures agrees.")
    rough = max(climbed, key=lambda matrix: _judged(pair, matrix)[0])
    made = _exact(pair, rough)
    if made is None:
        return refused("Too little of the two pictures agrees to hold a matrix.", rough)
    matrix, sigma = made
    inliers, common = _judged(pair, matrix)
    judged = _Judged(inliers, sigma, common)
    if inliers < ENOUGH_AGREE:
        return refused(
            f"Only {inliers:.0%} of the two pictures agree: other content, or a change too large.",
            matrix,
            judged,
        )
    if common < ENOUGH_COMMON:
        return refused(f"The Reference covers only {common:.0%} of the Source's picture.", matrix, judged)
    if sigma > WORST_SIGMA:
        return refused(f"The corners are held to {sigma:.1f} pixels only.", matrix, judged)
    confidence = min(1.0, inliers / (2 * ENOUGH_AGREE), 1 - sigma / (2 * WORST_SIGMA))
    return Solution(matrix, *grids, True, "", confidence, inliers, sigma, common)


def texture(y: Plane, mask: Mask) -> float:
    """Share of the tiles inside ``mask`` with texture, 0–1: detail that is still like itself a few pixels on."""
    shrink = min(1.0, _TONE_WIDTH / y.shape[1])
    small, kept, _ = _shrunk(y, mask, shrink)
    detail = band(small, kept, 0.5, _WIDE)
    size = max(1, small.shape[1] // 16), max(1, small.shape[0] // 16)

    def mean(values: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA))

    power = mean(detail * detail)
    alike = [mean(detail * np.roll(detail, _LAG, axis)) / (power + 1e-12) for axis in (0, 1)]
    inside = mean(kept) > 0.9
    if not inside.any():
        return 0.0
    # Less than a code value of ten bits is no texture, however smooth.
    return float(np.mean(((np.maximum(*alike) > 0.35) & (power > 1e-6))[inside]))


@dataclass(frozen=True)
class _Judged:
    inliers: float = 0.0
    sigma: float = float("inf")
    common: float = 0.0


# --- The pair ---------------------------------------------------------------------------------------------


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


def _shrunk(y: Plane, mask: Mask, scale: float) -> tuple[Plane, Mask, Matrix]:
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


def _bands(
    reference: tuple[Plane, Mask], source: tuple[Plane, Mask], matrix: Matrix, shrink: float, fine: float
) -> Bands:
    """Bands of both with the Source made smaller by ``shrink``, and the Reference about as large."""
    scale = _local_scale(matrix, (source[0].shape[0], source[0].shape[1]))
    target, target_mask, to_source = _shrunk(*source, shrink)
    content, content_mask, to_reference = _shrunk(*reference, shrink * scale)
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
        band(content, content_mask, fine / pixel, _WIDE / pixel),
        content_mask,
        band(target, target_mask, fine, _WIDE),
        target_mask,
        to_reference,
        to_source,
    )


# --- The climb --------------------------------------------------------------------------------------------


def _largest(width: int) -> float:
    return 1.0 if width <= _WIDEST else 0.5 ** int(np.ceil(np.log2(width / _WIDEST)))


def _climbed(pair: Pair, matrix: Matrix) -> Matrix | None:
    """``matrix`` exact on small pictures, then larger, up to about ``_TONE_WIDTH``."""
    sides = (pair.reference_y, pair.reference_mask), (pair.source_y, pair.source_mask)
    shrink = min(1.0, _TONE_WIDTH / pair.size[1])
    shrinks = [shrink]
    while min(pair.size) * shrinks[0] / 2 >= _SMALLEST:
        shrinks.insert(0, shrinks[0] / 2)
    any_level = False
    for level, shrink in enumerate(shrinks):
        bands = _bands(*sides, matrix, shrink, _FINE)
        fit = refined(bands, bands.here(matrix), freedom=4 if level == 0 and len(shrinks) > 1 else 8)
        if fit is not None and _plausible(fit, bands):
            matrix, any_level = bands.full(fit.matrix), True
    return matrix if any_level else None


def _plausible(fit: Fit, bands: Bands) -> bool:
    """Whether the picture still is one: nothing folded over, no side five times another."""
    grid = bands.grid
    corners = mapped(inverse(fit.matrix), grid.corners)
    if not np.isfinite(corners).all():
        return False
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    return bool(sides.max() < 5 * max(sides.min(), 1e-9)) and np.linalg.det(fit.matrix) > 0


def _exact(pair: Pair, matrix: Matrix) -> tuple[Matrix, float] | None:
    """With tone and sharpness matched, at full size (half of it for 4K): the matrix, and the worst corner's sigma."""
    known: Agreement | None = None
    sigma = float("inf")
    for number in range(_PASSES + 1):
        whole = matched(pair, matrix, known)
        bands = _filtered(whole, known, matrix)
        fit = refined(bands, bands.here(matrix))
        if fit is None or not _plausible(fit, bands):
            return None if number == 0 else (matrix, sigma)
        found = bands.full(fit.matrix)
        if number and corner_displacement(found, matrix, grid_of(pair.source_y)).max() > _LEAP + 6 * sigma:
            break  # finer bands hold less and can run away; they refine, they do not overrule
        matrix, sigma = found, corner_sigma(fit, bands.grid) / _largest(pair.size[1])
        if number < _PASSES:
            known = _agreement(whole, fit.matrix)
            if known is None:
                break
    return matrix, sigma


def matched(pair: Pair, matrix: Matrix, known: Agreement | None = None) -> Bands:
    """Bands of both pictures at the last level, in one tone as far as ``matrix`` and ``known`` sharpness tell it."""
    tone = _tone(pair, matrix, known)
    sides = (pair.reference_y, pair.source_y)
    if tone is not None:
        sides = tone.of_reference(pair.reference), tone.of_source(pair.source)
    masks = pair.reference_mask, pair.source_mask
    return _bands((sides[0], masks[0]), (sides[1], masks[1]), matrix, _largest(pair.size[1]), 0.0)


def matched_and_even(pair: Pair, matrix: Matrix) -> Bands:
    """:func:`matched`, through the filters that suit the pair; ``matrix`` is taken as solved."""
    whole = matched(pair, matrix)
    known = _agreement(whole, whole.here(matrix))
    return _filtered(matched(pair, matrix, known), known, matrix)


def _tone(pair: Pair, matrix: Matrix, known: Agreement | None) -> Tone | None:
    """Of both as they lie, on pictures of at most ``_TONE_WIDTH`` pixels; the Reference made as soft as the Source."""
    height, width = pair.size
    shrink = min(1.0, _TONE_WIDTH / width)
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
        softened = known.softening(_largest(width) / shrink)
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
    return agreed(content, target, mask, _FINE, _WIDE)


def _agreement(bands: Bands, matrix: Matrix) -> Agreement | None:
    grid = bands.grid
    there = (
        warped(bands.reference_mask.astype(np.float32), matrix, grid, interpolation=cv2.INTER_LINEAR) > 0.999
    )
    both = (
        cv2.erode((there & bands.source_mask).astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    )
    return agreement(warped(bands.reference, matrix, grid), bands.source, np.asarray(both, np.bool_))


def _filtered(bands: Bands, known: Agreement | None, matrix: Matrix) -> Bands:
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


# --- The verdict ------------------------------------------------------------------------------------------


def _judged(pair: Pair, matrix: Matrix) -> tuple[float, float]:
    """Share of the common tiles with texture that agree, and share of the Source's picture in common."""
    sides = (pair.reference_y, pair.reference_mask), (pair.source_y, pair.source_mask)
    bands = _bands(*sides, matrix, min(1.0, _TONE_WIDTH / pair.size[1]), 1.5 * _FINE)
    tiles = measured_tiles(bands, bands.here(matrix))
    if tiles is None:
        return 0.0, 0.0
    picture = float(np.count_nonzero(pair.source_mask)) / pair.source_mask.size
    common = min(1.0, float(tiles.common.mean()) / max(picture, 1e-9))
    return _agreeing(tiles), common


def _agreeing(tiles: Tiles) -> float:
    there = tiles.common > 0.5
    if not there.any():
        return 0.0
    textured = there & (tiles.detail >= 0.5 * np.median(tiles.detail[there]))
    return float(np.mean(tiles.correlation[textured] > _AGREES))
