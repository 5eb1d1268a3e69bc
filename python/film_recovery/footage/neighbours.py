"""Off by one or not: neighbouring frames held against a picture at a larger size than thumbnails have.

A workflow asks for "the frame with the most static structure in common"; here that is a figure for each candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.correspondence import Match, Run
from film_recovery.footage.placement import Placement, place, refined
from film_recovery.footage.signatures import Moving, Signatures, structure, unit
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

DETAIL = (
    256  # pixels wide: four times a thumbnail; weave of a pixel of a 2K scan is an eighth of a pixel here
)
SIGMA = 8.0  # pixels at that width: surroundings that structure is held against
TILE = 16  # pixels: what is in common is counted by tiles
TEXTURE = 0.3  # of the mean power of structure: tiles with less show nothing to compare
COMMON = 0.6  # correlation from which a tile is in common; grain leaves a tile of the same moment above it
CHECKED = 8  # frames of a run that are looked at, those that move most
CLEAR = 0.002  # of correlation, mean over the frames looked at: a neighbour that gains less is no better
# … and of what the two do not have in common: resampling smooths grain by as much as a fraction of a pixel is moved,
# which gains up to 0.013 of it under heavy grain where nothing moves; another moment gains 0.3 and more.
CLEAR_SHARE = 0.05


@dataclass(frozen=True)
class Candidate:
    """``common``: share of the textured tiles whose structure is in common, 0–1. ``correlation``: over all of them."""

    frame: int
    common: float
    correlation: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "frame": self.frame,
            "common": round(self.common, 4),
            "correlation": round(self.correlation, 5),
        }


@dataclass(frozen=True)
class Nearest:
    """``frame``: the candidate with the most static structure in common. ``margin``: by how much of correlation it
    leads; ``sure``: enough to be told."""

    frame: int
    margin: float
    sure: bool
    candidates: tuple[Candidate, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "frame": self.frame,
            "margin": round(self.margin, 5),
            "sure": self.sure,
            "candidates": [candidate.as_dict() for candidate in self.candidates],
        }


def off_by_one(
    source: Pixels, candidates: Mapping[int, Pixels], *, placement: Placement | None = None
) -> Nearest:
    """The candidate (frame → picture of the Reference) that shares the most static structure with ``source``.

    All H×W×3, encoded, square pixels, of one size a side. ``placement``: where it is known; else it is found on the
    pictures, which takes a camera's steady move for a shift. Raises FilmRecoveryError for no candidate.
    """
    if not candidates:
        raise FilmRecoveryError("No frame to compare with was given.", remedy="name at least one candidate")
    own = _structure(source)
    others = {frame: _structure(picture) for frame, picture in candidates.items()}
    if placement is None:
        planes = np.stack(list(others.values()))
        placement = _placed(np.repeat(own[None], len(planes), 0), planes)
    found = [_candidate(frame, own, other, placement) for frame, other in others.items()]
    ordered = sorted(found, key=lambda one: (one.common, one.correlation), reverse=True)
    second = max((one.correlation for one in ordered[1:]), default=-1.0)
    margin = ordered[0].correlation - second
    return Nearest(ordered[0].frame, margin, _clear(margin, ordered[0].correlation), tuple(found))


def placed(pairs: Iterable[tuple[Pixels, Pixels]]) -> Placement:
    """Where the Source lies in the Reference, by pictures of both (as :func:`off_by_one` takes them) of which most
    belong together; at least one. The more, the less a camera's move is taken for a shift."""
    planes = [(_structure(source), _structure(reference)) for source, reference in pairs]
    return _placed(*(np.stack(side) for side in zip(*planes, strict=True)))


def confirmed(source: Moving, reference: Moving, known: Signatures, matched: Match) -> Match:
    """``matched`` with each run held against its neighbours ±1 at 256 pixels wide; ``known``: of the Source.

    A run whose neighbour is clearly nearer on the frames that move most moves by one; a run that thumbnails could
    not tell from its neighbours alone becomes sure where the larger pictures can.
    """
    runs, frames = (
        [_checked(source, reference, known, matched, run) for run in matched.runs],
        dict(matched.frames),
    )
    runs = _with_still_ends(matched.runs, runs)
    for run, better in zip(matched.runs, runs, strict=True):
        if better.offset != run.offset:
            present = set(reference.frames)
            for frame in frames:
                if run.first <= frame <= run.last and frames[frame] is not None:
                    other = frame + better.offset
                    frames[frame] = other if other in present else None
    return replace(matched, runs=tuple(runs), frames=frames)


def _with_still_ends(before: Sequence[Run], after: list[Run]) -> list[Run]:
    """A run that stays unsure has the offset of the one beside it, as it had before."""
    found = list(after)
    for index, run in enumerate(after):
        for beside in (index - 1, index + 1):
            if run.sure or not 0 <= beside < len(after) or before[beside].offset != before[index].offset:
                continue
            moved = after[beside].offset - before[beside].offset
            if run.offset == before[index].offset and after[beside].sure and moved:
                alike = tuple(sorted({run.offset, *run.alike} - {run.offset + moved}))
                found[index] = replace(run, offset=run.offset + moved, alike=alike)
    return found


def _checked(source: Moving, reference: Moving, known: Signatures, matched: Match, run: Run) -> Run:
    steps = (-1, 0, 1)
    present = set(reference.frames)
    rows = [
        row
        for row, frame in enumerate(known.frames)
        if run.first <= frame <= run.last and all(frame + run.offset + step in present for step in steps)
    ]
    rows = sorted(rows, key=lambda row: -float(known.motion[row]))[:CHECKED]
    if not rows:
        return run
    own = np.stack([_structure(source.small(known.frames[row], DETAIL)) for row in rows])
    gains = []
    where = matched.placement
    planes = {
        step: np.stack(
            [_structure(reference.small(known.frames[row] + run.offset + step, DETAIL)) for row in rows]
        )
        for step in steps
    }
    where = refined(own, planes[0], where)
    for step in steps:
        gains.append([_correlation(one, other, where) for one, other in zip(own, planes[step], strict=True)])
    table = np.array(gains)
    mean = table.mean(axis=1)
    best = int(np.argmax(mean))
    lead = float(mean[best] - np.delete(mean, best).max())
    wins = float((table.argmax(axis=0) == best).mean())
    if not _clear(lead, float(mean[best])) or wins < 0.75:
        return run
    # Only the neighbours were looked at: offsets farther away that suit as well stay open.
    left = tuple(other for other in run.alike if abs(other - run.offset) > 1)
    confidence = max(run.confidence, 0.99) if not left else run.confidence
    return replace(run, offset=run.offset + steps[best], alike=left, margin=lead, confidence=confidence)


def _clear(lead: float, correlation: float) -> bool:
    """Whether the best leads by enough to be told."""
    return lead >= max(CLEAR, CLEAR_SHARE * (1 - correlation))


def _candidate(
    frame: int, own: NDArray[np.float32], other: NDArray[np.float32], where: Placement
) -> Candidate:
    size = (other.shape[0], other.shape[1])
    moved = where.moved(own, size)
    shared = where.overlap((own.shape[0], own.shape[1]), size)
    power = float((other[shared] ** 2).mean()) if shared.any() else 1.0
    textured = common = 0
    for top in range(0, size[0] - TILE + 1, TILE):
        for left in range(0, size[1] - TILE + 1, TILE):
            tile = (slice(top, top + TILE), slice(left, left + TILE))
            if not shared[tile].all() or float((other[tile] ** 2).mean()) < TEXTURE * power:
                continue
            pair = unit(np.stack([moved[tile], other[tile]]))
            textured += 1
            common += float(pair[0] @ pair[1]) >= COMMON
    return Candidate(frame, common / textured if textured else 0.0, _correlation(own, other, where))


def _correlation(own: NDArray[np.float32], other: NDArray[np.float32], where: Placement) -> float:
    size = (other.shape[0], other.shape[1])
    shared = where.overlap((own.shape[0], own.shape[1]), size)
    pair = unit(np.stack([where.moved(own, size)[shared], other[shared]]))
    return float(pair[0] @ pair[1])


def _structure(picture: Pixels) -> NDArray[np.float32]:
    y = luma(picture)
    scale = min(1.0, DETAIL / y.shape[1])
    size = max(1, round(y.shape[1] * scale)), max(1, round(y.shape[0] * scale))
    small = cv2.resize(y, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return structure(small[None], SIGMA)[0]


def _placed(source: NDArray[np.float32], reference: NDArray[np.float32]) -> Placement:
    """Of planes of structure that belong together, one by one: roughly first, then finely."""
    return refined(source, reference, place(_quarter(source), _quarter(reference)))


def _quarter(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """A quarter as wide, for the search over all shifts."""
    size = max(1, planes.shape[2] // 4), max(1, planes.shape[1] // 4)
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes])
