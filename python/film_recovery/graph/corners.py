"""A solved alignment as Nuke's nodes take it: where the corners of the Source's format go, for a CornerPin2D.

A solution is a homography from the Reference's pixels to the Source's: row-major, nine numbers, origin bottom left, y
up, pixel centres at +0.5. In the graph a Reformat comes first, which brings the Reference into the Source's format;
the corner pin does what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from film_recovery import nk
from film_recovery.errors import UsageError
from film_recovery.graph.blocks import group
from film_recovery.graph.spec import Element

Matrix = Sequence[float]
Corners = tuple[tuple[float, float], ...]
MANUAL, SOLVED = 1, 2  # inputs of the alignment's Switch
_DIGITS = 6  # of a pixel: a millionth


def resize(source: Element, reference: Element) -> str:
    """How the Reformat brings the Reference into the Source's format: pixel by pixel where both have one shape."""
    return "none" if _shape(source) == _shape(reference) else "fit"


def corners(matrix: Matrix, source: Element, reference: Element) -> Corners:
    """Lower left, lower right, upper right, upper left of the Source's format, as ``matrix`` moves what lies there.

    Raises UsageError for a matrix that is not nine numbers, or moves a corner to infinity.
    """
    if len(matrix) != 9:
        raise UsageError(
            f"An alignment has 9 numbers, not {len(matrix)}.", remedy="give the matrix that align printed"
        )
    scale_x, scale_y, x, y = _fitted(source, reference)
    found = []
    for right, top in ((0, 0), (1, 0), (1, 1), (0, 1)):
        # Back through the Reformat, into the Reference's own pixels.
        point = ((right * source.width - x) / scale_x, (top * source.height - y) / scale_y, 1.0)
        moved = [sum(matrix[3 * row + k] * point[k] for k in range(3)) for row in range(3)]
        if not abs(moved[2]) > 1e-9:
            raise UsageError("The alignment moves a corner to infinity.", remedy="solve it again")
        found.append((round(moved[0] / moved[2], _DIGITS), round(moved[1] / moved[2], _DIGITS)))
    return tuple(found)


def pins(found: Mapping[int, Corners]) -> dict[str, str]:
    """The knobs ``to1`` … ``to4`` with one held key a frame."""
    return {
        f"to{n + 1}": nk.curves(
            [{frame: one[n][axis] for frame, one in sorted(found.items())} for axis in (0, 1)], "K"
        )
        for n in range(4)
    }


def switched(solved: Mapping[int, bool]) -> str:
    """The Switch's ``which``: the solved branch where a frame (from 1) has a solution, else the manual one."""
    if not any(solved.values()):
        return str(MANUAL)
    if all(solved.values()):
        return str(SOLVED)
    return nk.curves([{frame: SOLVED if has else MANUAL for frame, has in sorted(solved.items())}], "K")


def align_block(
    matrices: Mapping[int, Matrix], source: Element, reference: Element, name: str = "FR_Align1"
) -> str:
    """An FR_Align as a Group, keyed on each frame of ``matrices``: text to paste.

    Switched to *solved* where a frame has a matrix, to *manual* where it is empty. At least one has one.
    """
    found = {frame: corners(matrix, source, reference) for frame, matrix in matrices.items() if matrix}
    knobs = {"mode": switched({frame: bool(matrix) for frame, matrix in matrices.items()}), **pins(found)}
    return group("FR_Align", name, knobs, {"FitToSource.resize": resize(source, reference)}, (0, 0))


def _shape(element: Element) -> tuple[int, int, float]:
    return element.width, element.height, element.pixel_aspect


def _fitted(source: Element, reference: Element) -> tuple[float, float, float, float]:
    """Scale along x and y, then x and y of the shift, that the Reformat gives the Reference."""
    if resize(source, reference) == "none":
        return 1.0, 1.0, 0.0, 0.0
    squeeze = reference.pixel_aspect / source.pixel_aspect
    tall = min(source.width / reference.width / squeeze, source.height / reference.height)
    wide = tall * squeeze
    left = (source.width - reference.width * wide) / 2
    return wide, tall, left, (source.height - reference.height * tall) / 2
