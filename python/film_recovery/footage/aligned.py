"""Two elements, moment by moment: the Reference solved onto the Source, and measured by other means.

Three pictures are in memory at a time: both sides of a moment and the aligned Reference; a few more while cuts are
looked for. A shot whose weave is kept or removed is read twice, first to solve all of it, then to measure what its
smoothed path leaves; smoothing never crosses a cut. What is kept of a moment for the whole clip is its summary
(``Aligned.brief``); its tiles go with the moment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import Clip
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.frame import Pixels
from film_recovery.registration import live_area as areas
from film_recovery.registration.bending import Bending, bending
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
Span = tuple[int, int]  # first and last frame of a shot
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Aligned:
    """One moment. ``residual``: None where nothing was solved, or what is solved cannot be measured, as ``unmeasured``
    says. ``warp``: what of it bends, as lens and shrinkage do; None where too little was measured. ``repaired``: the
    matrix comes from the neighbours.
    """

    frame: int
    reference_frame: int
    solution: Solution
    residual: Residual | None
    repaired: bool = False
    unmeasured: str = ""
    warp: Bending | None = None

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

    def brief(self) -> Aligned:
        """The same without the tiles, which are all that is large of it."""
        return self if self.residual is None else replace(self, residual=replace(self.residual, tiles=()))

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
            "residual_warp": None if self.warp is None else self.warp.as_dict(),
        }


def align(
    source: Clip,
    reference: Clip,
    moments: Sequence[Moment],
    *,
    weave: str = EACH,
    shots: Sequence[Span] = (),
    tolerance: Tolerance | None = None,
    progress: Progress | None = None,
) -> Iterator[Aligned]:
    """Every moment, solved and measured. ``weave``: *each*, or as in ``registration.shot.smoothed``, shot by shot.

    ``shots``: the Source frames of each (``shots_of``); empty: all moments are one. With a weave the moments come in
    order of the Source's frames. A shot of which no frame is solved stays unsolved and says why. Raises
    FilmRecoveryError naming file and frame, as ``Clip.picture``, and as ``smoothed``.
    """
    if weave == EACH:
        for done, moment in enumerate(moments, 1):
            yield _alone(source, reference, moment, tolerance)
            if progress:
                progress("align", done, len(moments))
        return
    tell, total = progress or (lambda what, done, total: None), 2 * len(moments)
    done = 0
    for shot in _by_shot(moments, shots):
        solutions = []
        for moment in shot:
            solutions.append(_solved(source, reference, moment, _both(source, reference, moment)))
            done += 1
            tell("align", done, total)
        for moment, (solution, repaired) in zip(shot, _smoothed(shot, solutions, weave), strict=True):
            found, why = _left(_both(source, reference, moment), solution, tolerance)
            yield Aligned(*moment, solution, found, repaired, why, _bent(found))
            done += 1
            tell("align", done, total)


def _alone(source: Clip, reference: Clip, moment: Moment, tolerance: Tolerance | None) -> Aligned:
    pictures = _both(source, reference, moment)
    solution = _solved(source, reference, moment, pictures)
    found, why = _left(pictures, solution, tolerance)
    return Aligned(*moment, solution, found, unmeasured=why, warp=_bent(found))


def _bent(found: Residual | None) -> Bending | None:
    return None if found is None else bending(found)


def _both(source: Clip, reference: Clip, moment: Moment) -> tuple[Pixels, Pixels]:
    return source.picture(moment[0]), reference.picture(moment[1])


def shots_of(source: Clip, moments: Sequence[Moment]) -> list[Span]:
    """The Source's shots from the first of ``moments`` to the last, measured on every frame in between."""
    numbers = [number for number, _ in moments]
    between = tuple(frame for frame in source.frames if min(numbers) <= frame <= max(numbers))
    return [(shot.first, shot.last) for shot in find_shots(signatures(replace(source, frames=between)))]


def _by_shot(moments: Sequence[Moment], shots: Sequence[Span]) -> Iterator[list[Moment]]:
    """The moments of each shot that has some, in order of the Source's frames."""
    in_order = sorted(moments)
    for first, last in shots or [(in_order[0][0], in_order[-1][0])]:
        inside = [moment for moment in in_order if first <= moment[0] <= last]
        if inside:
            yield inside


def _smoothed(
    shot: Sequence[Moment], solutions: Sequence[Solution], weave: str
) -> Iterator[tuple[Solution, bool]]:
    """Each solution on the shot's path, and whether it is not its own; as they are where none was solved."""
    if not any(solution.solved for solution in solutions):
        yield from ((solution, False) for solution in solutions)
        return
    for placed in smoothed([number for number, _ in shot], solutions, weave=weave):
        yield placed.solution, placed.repaired


def find_live_area(
    source: Clip,
    reference: Clip,
    found: Sequence[Aligned],
    most: int = LOOKED_AT,
    always: Collection[Moment] = (),
) -> areas.LiveArea:
    """The live area of the moments of ``found`` that were solved and do not fail: of ``most``, and of ``always``.

    Raises FilmRecoveryError where there are none, and as ``registration.live_area.live_area``.
    """
    solved = [one for one in found if one.solution.solved and one.verdict != FAIL]
    step = max(1.0, len(solved) / most)
    spread = {int(step * n) for n in range(min(most, len(solved)))}
    chosen = [
        one for n, one in enumerate(solved) if n in spread or (one.frame, one.reference_frame) in always
    ]

    def frames() -> Iterator[tuple[int, Pixels, Pixels, NDArray[Any] | None]]:
        for one in chosen:
            picture = source.picture(one.frame)
            other = reference.picture(one.reference_frame)
            yield one.frame, picture, *laid(other, one.solution.matrix, one.solution.source)

    return areas.live_area(frames())


def laid(reference: Pixels, matrix: Matrix, grid: Grid) -> tuple[Pixels, NDArray[np.bool_]]:
    """The Reference on the Source's grid, and where it has data. Made smaller, it is averaged first."""
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
    return left_over(pictures, solution.matrix, solution.source, tolerance) if solution.solved else (None, "")


def left_over(
    pictures: tuple[Pixels, Pixels], matrix: Matrix, grid: Grid, tolerance: Tolerance | None
) -> tuple[Residual | None, str]:
    """What a matrix leaves of Source and Reference, where both are picture and not the black around it; or why it is
    not told. ``grid``: the Source's."""
    aligned, counts = laid(pictures[1], matrix, grid)
    counts = counts & live(plane(pictures[0])) & live(plane(aligned))
    try:
        return residual(pictures[0], aligned, counts, tolerance), ""
    except (
        FilmRecoveryError
    ) as error:  # what both show is smaller than one tile: no reason to lose the other frames
        return None, error.message
