"""Two elements, moment by moment: the Reference solved onto the Source, and measured by other means.

Three frames are in memory at a time: both sides of a moment and the aligned Reference. A shot whose weave is kept or
removed is read twice, first to solve all of it, then to measure what its smoothed path leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import Clip
from film_recovery.imaging.frame import Pixels
from film_recovery.registration import live_area as areas
from film_recovery.registration.geometry import (
    Grid,
    Matrix,
    covered,
    grid_of,
    inverse,
    mapped,
    scaled,
    warped,
)
from film_recovery.registration.normalise import live, plane
from film_recovery.registration.residual import CANNOT_TELL, FAIL, PASS, WARN, Residual, Tolerance, residual
from film_recovery.registration.shot import smoothed
from film_recovery.registration.solve import Solution, solve

EACH = "each"  # every frame as it was solved, by itself
VERDICTS = (PASS, WARN, CANNOT_TELL, FAIL)  # from best to worst
LOOKED_AT = 8  # moments, spread evenly, that the live area is found on
_EDGE = 1.0  # pixels of the Reference inside its edge that half of them are outside

Moment = tuple[int, int]  # Source frame, Reference frame
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Aligned:
    """One moment. ``residual``: None where nothing was solved, or what is solved cannot be measured, as ``unmeasured``
    says. ``repaired``: the matrix comes from the neighbours.
    """

    frame: int
    reference_frame: int
    solution: Solution
    residual: Residual | None
    repaired: bool = False
    unmeasured: str = ""

    @property
    def verdict(self) -> str:
        """One of VERDICTS; without a solution it is *cannot tell*."""
        return self.residual.verdict if self.residual else CANNOT_TELL

    @property
    def reason(self) -> str:
        """What the verdict stands on."""
        return " ".join(self.residual.reasons) if self.residual else self.unmeasured or self.solution.reason

    @property
    def pixels(self) -> float | None:
        """How far the worst corner is off, by the measurement; None where nothing was measured."""
        return None if self.residual is None else self.residual.residual

    def as_dict(self) -> dict[str, Any]:
        """JSON values. ``matrix``: Reference to Source pixels, row-major, Nuke's convention. ``residual``: pixels, of
        the worst corner; ``residuals``: all about it, tile by tile."""
        found = self.residual
        return {
            "frame": self.frame,
            "reference_frame": self.reference_frame,
            **self.solution.as_dict(),
            "repaired": self.repaired,
            "verdict": self.verdict,
            "reason": self.reason,
            "residual": self.pixels,
            "residuals": None if found is None else found.as_dict(),
        }


def align(
    source: Clip,
    reference: Clip,
    moments: Sequence[Moment],
    *,
    weave: str = EACH,
    tolerance: Tolerance | None = None,
    progress: Progress | None = None,
) -> Iterator[Aligned]:
    """Every moment, solved and measured. ``weave``: *each*, or as in ``registration.shot.smoothed``.

    Raises FilmRecoveryError naming file and frame, as ``Clip.picture``, and as ``smoothed``.
    """
    if weave == EACH:
        for done, (number, other) in enumerate(moments, 1):
            pictures = source.picture(number), reference.picture(other)
            solution = _solved(source, reference, (number, other), pictures)
            found, why = _left(pictures, solution, tolerance)
            yield Aligned(number, other, solution, found, unmeasured=why)
            if progress:
                progress("align", done, len(moments))
        return
    solutions = []
    for done, moment in enumerate(moments, 1):
        pictures = source.picture(moment[0]), reference.picture(moment[1])
        solutions.append(_solved(source, reference, moment, pictures))
        if progress:
            progress("solve", done, len(moments))
    path = smoothed([number for number, _ in moments], solutions, weave=weave)
    for done, ((number, other), placed) in enumerate(zip(moments, path, strict=True), 1):
        pictures = source.picture(number), reference.picture(other)
        found, why = _left(pictures, placed.solution, tolerance)
        yield Aligned(number, other, placed.solution, found, placed.repaired, why)
        if progress:
            progress("measure", done, len(moments))


def find_live_area(
    source: Clip, reference: Clip, found: Sequence[Aligned], most: int = LOOKED_AT
) -> areas.LiveArea:
    """The live area of the moments of ``found`` that were solved and do not fail.

    Raises FilmRecoveryError where there are none, and as ``registration.live_area.live_area``.
    """
    solved = [one for one in found if one.solution.solved and one.verdict != FAIL]
    step = max(1.0, len(solved) / most)
    chosen = [solved[int(step * n)] for n in range(min(most, len(solved)))]

    def frames() -> Iterator[tuple[int, Pixels, Pixels, NDArray[Any] | None]]:
        for one in chosen:
            picture = source.picture(one.frame)
            other = reference.picture(one.reference_frame)
            yield one.frame, picture, *laid(other, one.solution)

    return areas.live_area(frames())


def laid(reference: Pixels, solution: Solution) -> tuple[Pixels, NDArray[np.bool_]]:
    """The Reference on the Source's grid, and where it has data. Made smaller, it is averaged first."""
    matrix, grid = solution.matrix, solution.source
    own = grid_of(reference)
    shrink = _scale(matrix, grid)
    if shrink < 0.75:
        size = max(1, round(own.width * shrink)), max(1, round(own.height * shrink))
        reference = np.asarray(cv2.resize(reference, size, interpolation=cv2.INTER_AREA), np.float32)
        matrix = matrix @ np.linalg.inv(scaled(size[0] / own.width, size[1] / own.height))
        own = grid_of(reference)
    return warped(reference, matrix, grid), covered(matrix, own, grid, _EDGE)


def _scale(matrix: Matrix, grid: Grid) -> float:
    """Source pixels to one Reference pixel, about, along the lower edge."""
    ends = mapped(inverse(matrix), grid.corners[:2])
    return grid.width / max(float(np.linalg.norm(ends[1] - ends[0])), 1e-9)


def _solved(source: Clip, reference: Clip, moment: Moment, pictures: tuple[Pixels, Pixels]) -> Solution:
    return solve(
        pictures[1],
        pictures[0],
        reference_aspect=reference.aspect(moment[1]),
        source_aspect=source.aspect(moment[0]),
    )


def _left(
    pictures: tuple[Pixels, Pixels], solution: Solution, tolerance: Tolerance | None
) -> tuple[Residual | None, str]:
    """What the solution leaves, where both pictures are picture and not the black around it; or why it is not told."""
    if not solution.solved:
        return None, ""
    aligned, counts = laid(pictures[1], solution)
    counts = counts & live(plane(pictures[0])) & live(plane(aligned))
    try:
        return residual(pictures[0], aligned, counts, tolerance), ""
    except (
        FilmRecoveryError
    ) as error:  # what both show is smaller than one tile: no reason to lose the other frames
        return None, error.message
