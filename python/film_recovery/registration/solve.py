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
    to_nuke,
    unit,
)
from film_recovery.registration.normalise import Mask, Plane, band
from film_recovery.registration.pair import (
    FINE,
    TONE_WIDTH,
    WIDE,
    Pair,
    agreement_of,
    bands_of,
    filtered,
    largest,
    matched,
    shrunk,
)
from film_recovery.registration.refine import Bands, Fit, Tiles, corner_sigma, measured_tiles, refined
from film_recovery.registration.search import guesses
from film_recovery.registration.spectra import Agreement

_SMALLEST = 60  # pixels of the shorter side on the first level
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
    shrink = min(1.0, TONE_WIDTH / y.shape[1])
    small, kept, _ = shrunk(y, mask, shrink)
    detail = band(small, kept, 0.5, WIDE)
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


# --- The climb --------------------------------------------------------------------------------------------


def _climbed(pair: Pair, matrix: Matrix) -> Matrix | None:
    """``matrix`` exact on small pictures, then larger, up to about ``TONE_WIDTH``."""
    sides = (pair.reference_y, pair.reference_mask), (pair.source_y, pair.source_mask)
    shrink = min(1.0, TONE_WIDTH / pair.size[1])
    shrinks = [shrink]
    while min(pair.size) * shrinks[0] / 2 >= _SMALLEST:
        shrinks.insert(0, shrinks[0] / 2)
    any_level = False
    for level, shrink in enumerate(shrinks):
        bands = bands_of(*sides, matrix, shrink, FINE)
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
        bands = filtered(whole, known, matrix)
        fit = refined(bands, bands.here(matrix))
        if fit is None or not _plausible(fit, bands):
            return None if number == 0 else (matrix, sigma)
        found = bands.full(fit.matrix)
        if number and corner_displacement(found, matrix, grid_of(pair.source_y)).max() > _LEAP + 6 * sigma:
            break  # finer bands hold less and can run away; they refine, they do not overrule
        matrix, sigma = found, corner_sigma(fit, bands.grid) / largest(pair.size[1])
        if number < _PASSES:
            known = agreement_of(whole, fit.matrix)
            if known is None:
                break
    return matrix, sigma


# --- The verdict ------------------------------------------------------------------------------------------


def _judged(pair: Pair, matrix: Matrix) -> tuple[float, float]:
    """Share of the common tiles with texture that agree, and share of the Source's picture in common."""
    sides = (pair.reference_y, pair.reference_mask), (pair.source_y, pair.source_mask)
    bands = bands_of(*sides, matrix, min(1.0, TONE_WIDTH / pair.size[1]), 1.5 * FINE)
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
