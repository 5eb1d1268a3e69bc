"""Where pixels lie: the conventions of stage 2, and the only place that converts between them.

Coordinates are continuous, the centre of the first pixel at 0.5, in two conventions: *array* (origin in the top left
corner, y down; everything inside ``registration``) and *Nuke* (origin in the bottom left corner, y up; everything that
leaves). A matrix maps pixels of the Reference's own grid to pixels of the Source's own, 3×3 float64, last element 1.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

Matrix = NDArray[np.float64]
Points = NDArray[np.float64]

RESIZES = ("none", "fit", "fill", "width", "height", "distort")  # Reformat's, as ``comp`` carries them out
_BAND = 64  # rows that are worked out at once: whole planes of a 4K scan would take half a gigabyte
_CENTRES = np.array(
    [[1.0, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]
)  # OpenCV counts from the centre of the first pixel


@dataclass(frozen=True)
class Grid:
    """``width`` and ``height`` in pixels; ``pixel_aspect``: width of a pixel over its height."""

    width: int
    height: int
    pixel_aspect: float = 1.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or not 0 < self.pixel_aspect < math.inf:
            raise FilmRecoveryError(
                f"A format of {self.width} × {self.height} pixels, pixel aspect {self.pixel_aspect}, is none.",
                remedy="check the header of the file, or give its pixel aspect",
            )

    @property
    def corners(self) -> Points:
        """4×2, array convention, in CornerPin2D's order: lower left, lower right, upper right, upper left."""
        width, height = self.width, self.height
        return np.array([(0, height), (width, height), (width, 0), (0, 0)], np.float64)


def grid_of(picture: NDArray[Any], pixel_aspect: float = 1.0) -> Grid:
    """The grid of ``picture`` (H×W or H×W×C)."""
    return Grid(int(picture.shape[1]), int(picture.shape[0]), pixel_aspect)


# --- Matrices ---------------------------------------------------------------------------------------------


def moved(x: float, y: float) -> Matrix:
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def scaled(x: float, y: float) -> Matrix:
    return np.diag([float(x), float(y), 1.0])


def unit(matrix: NDArray[Any]) -> Matrix:
    """The same map with the last element 1. Raises FilmRecoveryError where there is none, or no inverse."""
    matrix = np.asarray(matrix, np.float64)
    # A determinant is compared after the last element is 1, so pixels over pixels: scale squared.
    usable = matrix.shape == (3, 3) and bool(np.isfinite(matrix).all()) and abs(matrix[2, 2]) > 1e-12
    made = matrix / matrix[2, 2] if usable else matrix
    if not usable or abs(np.linalg.det(made)) < 1e-9:
        raise FilmRecoveryError("This matrix maps no picture onto another.", remedy="solve the frame again")
    return made


def inverse(matrix: Matrix) -> Matrix:
    """Source pixels to Reference pixels."""
    return unit(np.linalg.inv(unit(matrix)))


def mapped(matrix: Matrix, points: NDArray[Any]) -> Points:
    """``points`` (N×2) through ``matrix``. Those on the horizon become infinite."""
    x, y, w = matrix @ np.column_stack([np.asarray(points, np.float64), np.ones(len(points))]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.column_stack([x / w, y / w])


def from_points(here: Points, there: Points) -> Matrix:
    """The homography that takes four points (4×2) to four others.

    Raises FilmRecoveryError where three of them lie on a line.
    """
    rows, wanted = [], []
    for (x, y), (u, v) in zip(here.tolist(), there.tolist(), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    try:
        solved = np.linalg.solve(np.array(rows, np.float64), np.array(wanted, np.float64))
    except np.linalg.LinAlgError:
        raise FilmRecoveryError(
            "Three of the four corners lie on a line.", remedy="solve the frame again"
        ) from None
    return unit(np.append(solved, 1.0).reshape(3, 3))


def to_nuke(matrix: Matrix, reference: Grid, source: Grid) -> Matrix:
    """From the array convention to Nuke's."""
    return unit(_upended(source) @ matrix @ _upended(reference))


def from_nuke(matrix: NDArray[Any], reference: Grid, source: Grid) -> Matrix:
    """From Nuke's convention to the array's: turning both pictures over is its own inverse."""
    return unit(_upended(source) @ np.asarray(matrix, np.float64) @ _upended(reference))


def row_major(matrix: Matrix) -> tuple[float, ...]:
    """Nine numbers, as ``matrix`` is written into records. In which convention, the caller says."""
    return tuple(float(value) for value in matrix.ravel())


def _upended(grid: Grid) -> Matrix:
    return np.array([[1.0, 0, 0], [0, -1, grid.height], [0, 0, 1]])


# --- Formats ----------------------------------------------------------------------------------------------


def fit_matrix(reference: Grid, source: Grid, resize: str = "fit") -> Matrix:
    """Where a Reformat of the Reference into the Source's format, centred, puts each pixel; array convention.

    ``resize`` as in Nuke's Reformat; pixel aspects are respected except by *none* (pixel by pixel, moved by whole
    pixels, rounded down in Nuke's direction) and *distort*. *fit* is where the solver begins.
    """
    if resize not in RESIZES:
        raise FilmRecoveryError(
            f"Reformat knows no resize {resize!r}.", remedy=f"one of {', '.join(RESIZES)}"
        )
    if resize == "none":
        left = math.floor((source.width - reference.width) / 2)
        below = math.floor((source.height - reference.height) / 2)
        return from_nuke(moved(left, below), reference, source)
    x, y = source.width / reference.width, source.height / reference.height
    if resize != "distort":
        squeeze = reference.pixel_aspect / source.pixel_aspect
        across, tall = x / squeeze, y
        y = {"width": across, "height": tall, "fit": min(across, tall), "fill": max(across, tall)}[resize]
        x = y * squeeze
    middle = moved((source.width - reference.width * x) / 2, (source.height - reference.height * y) / 2)
    return middle @ scaled(x, y)


def corner_displacement(first: Matrix, second: Matrix, source: Grid) -> NDArray[np.float64]:
    """How far, in Source pixels, ``first`` puts what ``second`` puts on each corner of the Source's format.

    Four numbers, in the order of :attr:`Grid.corners`.
    """
    there = mapped(first @ np.linalg.inv(second), source.corners)
    return np.asarray(np.linalg.norm(there - source.corners, axis=1), np.float64)


@dataclass(frozen=True)
class Placement:
    """What a matrix does in the middle of the Source's format, after ``fit_matrix``; Nuke convention, for the record.

    ``translate_x``, ``translate_y``: Source pixels, right and up. ``rotate``: degrees, counter-clockwise. ``scale``:
    1 is the size after the fit; ``stretch``: width over height beside that. ``skew``: a tangent. ``perspective_x`` and
    ``perspective_y``: change of scale from the middle to the right and to the upper edge, 0 for none.
    """

    translate_x: float
    translate_y: float
    rotate: float
    scale: float
    stretch: float
    skew: float
    perspective_x: float
    perspective_y: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def placement(matrix: Matrix, reference: Grid, source: Grid, resize: str = "fit") -> Placement:
    """``matrix`` (array convention) in the words of an operator, relative to a Reformat with ``resize``."""
    pin = from_nuke(matrix @ np.linalg.inv(fit_matrix(reference, source, resize)), source, source)
    x, y = source.width / 2, source.height / 2
    pin = unit(pin @ moved(x, y))
    local = pin[:2, :2] - np.outer(pin[:2, 2], pin[2, :2])  # the derivative in the middle
    turn = math.atan2(local[1, 0], local[0, 0])
    across = math.hypot(local[0, 0], local[1, 0])
    up = float(np.linalg.det(local)) / across
    skew = (local[0, 0] * local[0, 1] + local[1, 0] * local[1, 1]) / across
    return Placement(
        translate_x=float(pin[0, 2] - x),
        translate_y=float(pin[1, 2] - y),
        rotate=math.degrees(turn),
        scale=math.sqrt(abs(across * up)),
        stretch=abs(across / up),
        skew=float(skew / up),
        perspective_x=float(-pin[2, 0] * x),
        perspective_y=float(-pin[2, 1] * y),
    )


# --- Pixels -----------------------------------------------------------------------------------------------


def warped(
    picture: NDArray[Any],
    matrix: Matrix,
    grid: Grid,
    *,
    interpolation: int = cv2.INTER_CUBIC,
    outside: float = 0.0,
) -> NDArray[np.float32]:
    """``picture`` (H×W or H×W×C, the Reference's grid) in ``grid``, the Source's; ``outside`` where it does not reach.

    Sampled as it is: who makes a picture smaller blurs it before.
    """
    made = cv2.warpPerspective(
        np.asarray(picture, np.float32),
        _counted(matrix),
        (grid.width, grid.height),
        flags=interpolation,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside,) * 4,
    )
    return np.asarray(made, np.float32)


def covered(matrix: Matrix, reference: Grid, source: Grid, margin: float = 0.0) -> NDArray[np.bool_]:
    """H×W of the Source: where a pixel's centre lies on the Reference, ``margin`` of its pixels inside its edge."""
    back = inverse(matrix)
    x = np.arange(source.width) + 0.5
    found = np.empty((source.height, source.width), np.bool_)
    for first in range(0, source.height, _BAND):
        y = np.arange(first, min(first + _BAND, source.height))[:, None] + 0.5
        w = back[2, 0] * x + back[2, 1] * y + back[2, 2]
        u = (back[0, 0] * x + back[0, 1] * y + back[0, 2]) / w
        v = (back[1, 0] * x + back[1, 1] * y + back[1, 2]) / w
        inside = (u >= margin) & (u <= reference.width - margin) & (w > 0)
        found[first : first + _BAND] = inside & (v >= margin) & (v <= reference.height - margin)
    return found


def _counted(matrix: Matrix) -> Matrix:
    return np.linalg.inv(_CENTRES) @ matrix @ _CENTRES
