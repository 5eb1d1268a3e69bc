"""Which frame of the Reference shows the moment of a Source frame: offset, inserted, dropped and repeated frames.

Judged on local structure of thumbnails (``signatures.py``), which fading, grading and colour leave alone, after a rough
placement of one picture in the other (``placement.py``), along the cheapest path through time (``matching.py``).
Where nothing moves, neighbouring moments look alike: such runs say which offsets fit as well, and claim none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.correspondence import DROPPED, INSERTED, REFERENCE, SOURCE, Match
from film_recovery.footage.evidence import Evidence
from film_recovery.footage.likeness import Likeness
from film_recovery.footage.matching import Path, searched, unlike_rows
from film_recovery.footage.placement import OTHERS, SAMPLES, Placement, place, refined
from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import Signatures, structure

REFINED_WITH = 48  # pairs of thumbnails that make the placement finer
REFINEMENTS = 6  # at most; what is left of an error about halves each time
SAME_PLACE = (
    0.001  # of the width, a sixteenth of a pixel of a thumbnail: what a slow camera moves in half a frame
)


def match(
    source: Signatures, reference: Signatures, *, reach: int | None = None, placement: Placement | None = None
) -> Match:
    """``reach``: the largest offset looked at, in frames; None for every one that the numbers allow.

    ``placement``: of the Source's picture in the Reference's, where it is known. Frames missing on disk are no
    changes: offsets are between frame numbers. Raises FilmRecoveryError where ``reach`` leaves no common frame.
    """
    numbers = np.array(source.frames), np.array(reference.frames)
    low, high = int(numbers[1][0] - numbers[0][-1]), int(numbers[1][-1] - numbers[0][0])
    if reach is not None and (low > reach or high < -reach):
        raise FilmRecoveryError(
            f"No frame of Source and Reference is within {reach} frames of the other.",
            remedy="look further, or give the range of the Reference",
        )
    if reach is not None:
        low, high = max(low, -reach), min(high, reach)
    offsets = np.arange(low, high + 1)
    where = placement or place(_some(source, SAMPLES), _some(reference, OTHERS))
    like, path = searched(source, reference, where, offsets)
    # A placement that is off by what a camera moves in a frame takes each shot off by a frame, its own way; over
    # several shots that evens out, so that the next placement is nearer.
    for number in range(0 if placement else REFINEMENTS):
        finer = _finer(source, reference, path, where)
        if number and _near(finer, where):
            break
        where = finer
        like, path = searched(source, reference, where, like.offsets)
    if len(like.offsets) < len(offsets) and not placement:
        like, path = searched(source, reference, where, offsets)  # what only a rough placement had ruled out
    return _described(source, reference, like, path, where)


def _near(one: Placement, other: Placement) -> bool:
    """Whether no frame would be compared anew: less than noise of the thumbnails moves it."""
    return float(np.hypot(one.right - other.right, one.down - other.down)) < SAME_PLACE


def _some(known: Signatures, count: int) -> NDArray[np.float32]:
    """Structure of ``count`` frames, even over time."""
    return structure(known.thumbnails[spread(range(len(known)), count)])


def _finer(source: Signatures, reference: Signatures, path: Path, where: Placement) -> Placement:
    rows, places = _matched((np.array(source.frames), np.array(reference.frames)), path)
    if not len(rows):
        return where
    some = spread(range(len(rows)), REFINED_WITH)
    planes = [structure(one.thumbnails[at[some]]) for one, at in ((source, rows), (reference, places))]
    return refined(planes[0], planes[1], where)


def _matched(
    numbers: tuple[NDArray[np.int64], NDArray[np.int64]], path: Path
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of both that belong together."""
    wanted = numbers[0] + path.offsets
    place = np.clip(np.searchsorted(numbers[1], wanted), 0, len(numbers[1]) - 1)
    rows = np.flatnonzero((numbers[1][place] == wanted) & ~path.unlike)
    return rows, place[rows]


def _described(
    source: Signatures, reference: Signatures, like: Likeness, path: Path, where: Placement
) -> Match:
    evidence = Evidence(source, reference, like, path)
    spans = evidence.spans()
    changes = []
    for index in range(1, len(spans)):
        change, at = evidence.change(spans[index - 1], spans[index])
        at = min(
            max(at, spans[index - 1][0] + 1), spans[index][1]
        )  # neither run goes: the next needs both offsets
        changes.append(change)
        path.offsets[spans[index - 1][0] : at] = path.offsets[spans[index - 1][0]]
        path.offsets[at : spans[index][1] + 1] = path.offsets[spans[index][1]]
        spans[index] = at, spans[index][1]
    # Where a change lies is known better now, next to a cut by a frame that looked foreign.
    path.unlike[:] = unlike_rows(like, path.offsets)
    kinds = [(INSERTED, SOURCE), (DROPPED, REFERENCE)]
    extra = {frame for change in changes if (change.kind, change.side) in kinds for frame in change.frames}
    present = set(reference.frames)
    frames: dict[int, int | None] = {}
    unlike = []
    for row, frame in enumerate(source.frames):
        other = frame + int(path.offsets[row])
        known = frame not in extra and other in present
        if known and path.unlike[row]:
            unlike.append(frame)
        frames[frame] = other if known and not path.unlike[row] else None
    return Match(frames, tuple(evidence.runs()), tuple(changes), tuple(unlike), where)
