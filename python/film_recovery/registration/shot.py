"""The solutions of a shot's frames made one: outliers repaired from their neighbours, weave kept or smoothed away.

What is compared and smoothed is where the corners of the Source's format come from, in Source pixels after the fit:
eight numbers that mean the same in every frame. Weave is each frame's own place in the gate, of either scan; a matrix a
frame follows it, one path of the shot does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration.geometry import Grid, Matrix, from_points, inverse, mapped
from film_recovery.registration.solve import Solution

WEAVES = ("kept", "removed", "constant")
_REACH = 4  # frames to either side that a frame is compared with
_OUTLIER = 6.0  # robust standard deviations from what the neighbours say: weave itself stays within three
_LEAST_OUTLIER = 1.0  # pixels: less is never called an outlier, however still the shot
_SMOOTH = 8.0  # frames, of the path without weave: slower than weave, faster than a zoom of the telecine

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShotFrame:
    """One frame of the shot after smoothing. ``solution``: with its matrix; ``repaired``: not the frame's own.

    ``moved``: how far the corners lie from the frame's own solve, at most, in Source pixels; 0 for frames without one.
    """

    frame: int
    solution: Solution
    repaired: bool
    moved: float


def smoothed(frames: Sequence[int], solutions: Sequence[Solution], *, weave: str = "kept") -> list[ShotFrame]:
    """A shot's frames in ascending order, each with its solution (solved or not).

    ``weave`` *kept*: each frame's own matrix; frames without one, and those far from what their neighbours say, are
    interpolated between the nearest good ones. *removed*: all on one smooth path. *constant*: one matrix for the shot.
    Raises FilmRecoveryError where no frame was solved, the formats change within the shot, or ``weave`` is neither.
    """
    if weave not in WEAVES:
        raise FilmRecoveryError(f"Weave cannot be {weave!r}.", remedy=f"one of {', '.join(WEAVES)}")
    if len(frames) != len(solutions) or not frames or sorted(set(frames)) != list(frames):
        raise FilmRecoveryError(
            "A shot has one solution a frame, in ascending order.", remedy="solve the shot's frames again"
        )
    formats = {(solution.reference, solution.source) for solution in solutions}
    if len(formats) > 1:
        raise FilmRecoveryError(
            "The format changes within the shot.",
            frame=frames[0],
            remedy="split the shot where the format changes",
        )
    solved = np.array([solution.solved for solution in solutions])
    if not solved.any():
        raise FilmRecoveryError(
            f"No frame of {frames[0]}–{frames[-1]} was solved: {solutions[0].reason}",
            remedy="align this shot by hand (FR_Align, mode 1)",
        )
    source = solutions[0].source
    own = np.stack([_origins(solution.matrix, source) for solution in solutions])
    times = np.asarray(frames, np.float64)
    pixels = _pixel(solutions[int(np.argmax(solved))].matrix, source)
    good = solved & ~_outliers(times, own, solved, pixels)
    if not good.any():
        good = solved
    path = _path(times, own, good, weave)
    return [
        _frame(number, solution, path[n], own[n], bool(good[n]), source, weave)
        for n, (number, solution) in enumerate(zip(frames, solutions, strict=True))
    ]


def _origins(matrix: Matrix, source: Grid) -> Values:
    """Where the Source's corners lie on the Reference: eight numbers."""
    return mapped(inverse(matrix), source.corners).ravel()


def _pixel(matrix: Matrix, source: Grid) -> float:
    """Reference pixels to one Source pixel, about."""
    across = np.diff(mapped(inverse(matrix), source.corners[:2]), axis=0)
    return float(np.linalg.norm(across)) / source.width


def _outliers(times: Values, own: Values, solved: NDArray[np.bool_], pixel: float) -> NDArray[np.bool_]:
    """Solved frames that lie far from the line through the middle of their neighbours."""
    off = np.zeros(len(times))
    for n in np.flatnonzero(solved):
        near = np.flatnonzero(solved & (np.abs(np.arange(len(times)) - n) <= _REACH))
        near = near[near != n]
        if len(near) >= 3:
            off[n] = float(np.abs(own[n] - np.median(own[near], axis=0)).max()) / pixel
    # A pan of the gate moves all alike: the usual distance is no outlier.
    usual = 1.4826 * float(np.median(off[solved]))
    return np.asarray(off > max(_LEAST_OUTLIER, _OUTLIER * usual), np.bool_)


def _path(times: Values, own: Values, good: NDArray[np.bool_], weave: str) -> Values:
    if weave == "constant":
        return np.tile(np.median(own[good], axis=0), (len(times), 1))
    if weave == "kept":
        return np.stack([np.interp(times, times[good], own[good, n]) for n in range(8)], axis=1)
    path = np.empty_like(own)
    for n, time in enumerate(
        times
    ):  # a line through the good frames around, by their distance: no lag at the ends
        weight = np.sqrt(np.exp(-0.5 * ((times[good] - time) / _SMOOTH) ** 2)) + 1e-6
        line = np.stack([np.ones(int(good.sum())), times[good] - time], axis=1) * weight[:, None]
        ridge = np.array([[0.0, 1e-3]])
        path[n] = np.linalg.lstsq(
            np.vstack([line, ridge]), np.vstack([own[good] * weight[:, None], np.zeros((1, 8))]), rcond=None
        )[0][0]
    return path


def _frame(
    number: int, solution: Solution, origins: Values, own: Values, good: bool, source: Grid, weave: str
) -> ShotFrame:
    if good and weave == "kept":
        return ShotFrame(number, solution, repaired=False, moved=0.0)
    there = origins.reshape(4, 2)
    matrix = from_points(there, source.corners)
    moved = 0.0
    if solution.solved:
        shift = mapped(matrix, own.reshape(4, 2)) - source.corners
        moved = float(np.linalg.norm(shift, axis=1).max())
    made = replace(solution, matrix=matrix, solved=True, reason="")
    return ShotFrame(number, made, repaired=not good, moved=moved)
