"""What the pictures at a change of offset say of it: shown again, lost, or foreign.

One side is longer by some frames. Either it shows its picture again (less changes there than beside), or the other one
lost frames (more changes there), or frames of neither neighbour stand between.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.correspondence import DROPPED, REFERENCE, REPEATED, SOURCE
from film_recovery.footage.signatures import Signatures, structure

# Of the usual change from frame to frame: a repeated frame changes less (grain and weave only), and much less where
# only the frames after it, or before it, say what is usual.
SAME_PICTURE, SAME_BY_ONE_SIDE = 0.5, 0.25
LEAP = 1.25  # times the usual change: more has lost a frame; under steady movement it changes twice to four times
BESIDES = 2  # frames each way whose change is usual: movement begins and ends within a few
STEADY = 0.5  # of ``Signatures.motion``: a larger change is a cut or a foreign frame


def again_or_lost(
    more: Signatures,
    more_rows: NDArray[np.intp],
    fewer: Signatures,
    fewer_rows: NDArray[np.intp],
    count: int,
    longer: str,
) -> tuple[int | None, int | None, tuple[str, str] | None]:
    """What makes ``more``, the longer one by ``count`` frames, longer: the row at which it shows its picture again, or
    else the row at which ``fewer`` leaps, None where it is not seen to; and what else it may be, as ``Change.alike``:
    where both are seen, and where neither is and a repeated frame would look like any other."""
    (again, visible), leap = _stillest(more, more_rows, count), _leap(fewer, fewer_rows)
    sides = (SOURCE, REFERENCE) if longer == SOURCE else (REFERENCE, SOURCE)
    if again is not None:
        return again, None, None if leap is None else (DROPPED, sides[1])
    return None, leap, None if leap is not None or visible else (REPEATED, sides[0])


def _stillest(known: Signatures, rows: NDArray[np.intp], count: int) -> tuple[int | None, bool]:
    """The first of ``count`` rows among ``rows`` that show the picture before them again, None if none do; and whether
    so much moves at all of them that it would be seen."""
    floor = _floor(known)
    best, least, visible = None, 1.0, len(rows) > 0
    for row in rows.tolist():
        if row < 1 or row + count > len(known) or float(known.motion[row]) > STEADY:
            continue
        sides = _beside(known, row, count)
        usual = min((float(side.mean()) for side in sides), default=0.0) - floor
        if usual <= floor:
            visible = False
            continue
        still = (float(known.motion[row : row + count].max()) - floor) / usual
        if still <= (SAME_PICTURE if len(sides) == 2 else SAME_BY_ONE_SIDE) and still < least:
            best, least = row, still
    return best, visible


def _leap(known: Signatures, rows: NDArray[np.intp]) -> int | None:
    """The row among ``rows`` at which most more changes than is usual beside it; None if none does."""
    floor = _floor(known)
    best, most = None, LEAP
    for row in rows.tolist():
        sides = _beside(known, row, 1) if row > 0 else []
        usual = max((float(side.mean()) for side in sides), default=0.0) - floor
        if len(sides) < 2 or usual <= floor or float(known.motion[row]) > STEADY:
            continue
        leap = (float(known.motion[row]) - floor) / usual
        if leap > most:
            best, most = row, leap
    return best


def _floor(known: Signatures) -> float:
    """What grain and weave alone change; of a short element its stillest frame, which may be the repeated one."""
    return float(np.percentile(known.motion[1:], 1, method="lower")) if len(known) > 1 else 0.0


def _beside(known: Signatures, row: int, count: int) -> list[NDArray[np.float32]]:
    """What changes at the frames before ``row`` and after ``count`` rows from it, as far as the next cut; of either
    only where there are any."""
    before, after = known.motion[max(1, row - BESIDES) : row], known.motion[row + count :][:BESIDES]
    cuts = np.flatnonzero(before > STEADY), np.flatnonzero(after > STEADY)
    before = before[cuts[0][-1] + 1 :] if len(cuts[0]) else before
    after = after[: cuts[1][0]] if len(cuts[1]) else after
    return [side for side in (before, after) if len(side)]


def foreign_row(known: Signatures, rows: NDArray[np.intp], count: int) -> int | None:
    """The first of ``count`` rows among ``rows`` that are foreign, None if none are. They may look like a shot."""
    numbers = known.frames
    return next((row for row in rows.tolist() if foreign(known, numbers[row : row + count])), None)


def foreign(known: Signatures, frames: tuple[int, ...]) -> bool:
    """``frames`` look like neither neighbour, while those look like one another."""
    present = {frame: row for row, frame in enumerate(known.frames)}
    first, last = present.get(frames[0], 0), present.get(frames[-1], 0)
    if not first or last + 1 >= len(known):
        return False
    planes = structure(known.thumbnails[[first - 1, first, last, last + 1]])
    flat = planes.reshape(4, -1) / np.maximum(
        np.linalg.norm(planes.reshape(4, -1), axis=1, keepdims=True), 1e-6
    )
    across = float(flat[0] @ flat[3])
    return across > 0.5 and max(float(flat[0] @ flat[1]), float(flat[2] @ flat[3])) < 0.5 * across
