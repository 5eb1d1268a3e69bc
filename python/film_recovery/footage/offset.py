"""Which frame of the Reference shows the moment of a Source frame: offset, inserted, dropped and repeated frames.

Judged on local structure of thumbnails (``signatures.py``), which fading, grading and colour leave alone, after a rough
placement of one picture in the other (``placement.py``), along the cheapest path through time (``matching.py``).
Where nothing moves, neighbouring moments look alike: such runs say which offsets fit as well, and claim none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.likeness import Likeness
from film_recovery.footage.matching import BESIDE, Path, frame_noise, searched, unlike_rows
from film_recovery.footage.placement import OTHERS, SAMPLES, Placement, place, refined
from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import Signatures, structure

SURE = 4.0  # standard errors; 0.3 % of runs of pure noise reach it, as the best of 24 offsets
FOLLOWING = 4
LEAST_NOISE = 1e-4  # of correlation: below it lies the rounding of 8-bit elements
LEAST_MARGIN = 0.0005  # of correlation: less is no evidence, however often it is counted
ROOM = 0.02  # of correlation, all frames together: less does not say where a change lies
ROOM_NOISE = 2.0  # standard errors of as many frames, where they are more than ROOM
# Of the usual change from frame to frame: a repeated frame changes less (grain and weave only), and much less where
# only the frames after it, or before it, say what is usual.
SAME_PICTURE, SAME_BY_ONE_SIDE = 0.5, 0.25
LEAP = 1.25  # times the usual change: more has lost a frame; under steady movement it changes twice to four times
BESIDES = 2  # frames each way whose change is usual: movement begins and ends within a few
STEADY = 0.5  # of ``Signatures.motion``: a larger change is a cut or a foreign frame
OPEN = 8  # frames, a third of a second: as many that are still at an end of the elements are said not to tell theirs
REFINED_WITH = 48  # pairs of thumbnails that make the placement finer
REFINEMENTS = 6  # at most; what is left of an error about halves each time
SAME_PLACE = (
    0.001  # of the width, a sixteenth of a pixel of a thumbnail: what a slow camera moves in half a frame
)

INSERTED, DROPPED, REPEATED, RECUT = "inserted", "dropped", "repeated", "recut"
SOURCE, REFERENCE = "Source", "Reference"


@dataclass(frozen=True)
class Run:
    """Source frames ``first`` to ``last``, which lie ``offset`` frames earlier than their moments in the Reference.

    ``similarity``: mean correlation, −1 to 1. ``margin``: how much of it a neighbouring offset loses, at least.
    ``confidence``: 0–1, that no neighbouring offset suits as well. ``alike``: offsets that suit as well as far as can
    be told; empty when the offset is sure.
    """

    first: int
    last: int
    offset: int
    similarity: float
    margin: float
    confidence: float
    alike: tuple[int, ...] = ()

    @property
    def sure(self) -> bool:
        return not self.alike

    def as_dict(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "last": self.last,
            "offset": self.offset,
            "similarity": round(self.similarity, 4),
            "margin": round(self.margin, 5),
            "confidence": round(self.confidence, 4),
            "alike": list(self.alike),
            "sure": self.sure,
        }


@dataclass(frozen=True)
class Change:
    """Where time runs differently: ``frames`` of ``side`` were inserted (not on the other side), dropped (``frames``
    are then those of the *other* side that ``side`` lacks), repeated, or the order is another (recut).

    ``earliest`` and ``latest``: Source frames between which the change lies; wide apart where little moves.
    ``alike``: kind and side of what suits as well as far as can be told: time runs alike where one side repeats a frame
    and where the other lost one. None when the kind is sure.
    """

    kind: str
    side: str
    frames: tuple[int, ...]
    earliest: int
    latest: int
    alike: tuple[str, str] | None = None

    @property
    def sure(self) -> bool:
        return self.alike is None

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "side": self.side,
            "frames": list(self.frames),
            "earliest": self.earliest,
            "latest": self.latest,
            "alike": list(self.alike) if self.alike else None,
            "sure": self.sure,
        }


@dataclass(frozen=True, eq=False)
class Match:
    """``frames``: each Source frame with its Reference frame, or None. ``unlike``: Source frames that should have one
    but look different there (flash, damage, foreign frame)."""

    frames: dict[int, int | None]
    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    unlike: tuple[int, ...]
    placement: Placement

    @property
    def offset(self) -> int | None:
        """The one offset of the whole element; None where there are several, or it cannot be told."""
        offsets = {run.offset for run in self.runs if run.sure}
        return offsets.pop() if len(offsets) == 1 else None

    def pairs(self) -> list[tuple[int, int]]:
        """Source and Reference frames of the same moment, in order."""
        return [(frame, other) for frame, other in self.frames.items() if other is not None]

    def sentence(self) -> str:
        """For the operator."""
        unsure = [run for run in self.runs if not run.sure]
        if not self.runs:
            return "No frame of the Source was found in the Reference."
        if unsure and len(unsure) == len(self.runs) == 1:
            return (
                f"Cannot tell the offset: offsets {_span((*unsure[0].alike, unsure[0].offset))} suit equally well; "
                "too little moves."
            )
        text = "; ".join(f"frames {run.first}–{run.last}: {run.offset:+d}" for run in self.runs if run.sure)
        said = f"Offset {text}." if text else "No offset is sure."
        for run in unsure:
            said += f" Frames {run.first}–{run.last}: cannot tell, {_span((*run.alike, run.offset))} suit as well."
        return said

    def as_dict(self) -> dict[str, Any]:
        return {
            "frames": [[frame, other] for frame, other in self.frames.items()],
            "offset": self.offset,
            "runs": [run.as_dict() for run in self.runs],
            "changes": [change.as_dict() for change in self.changes],
            "unlike": list(self.unlike),
            "placement": self.placement.as_dict(),
            "sentence": self.sentence(),
        }


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
    evidence = _Evidence(source, reference, like, path)
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


@dataclass(frozen=True, eq=False)
class _Evidence:
    """What is looked at to say how sure a run is, and what happened between two."""

    source: Signatures
    reference: Signatures
    like: Likeness
    path: Path

    @cached_property
    def numbers(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.array(self.source.frames), np.array(self.reference.frames)

    def spans(self, *, parted: bool = False) -> list[tuple[int, int]]:
        """First and last row with one offset. ``parted``: also where frames that resemble nothing come between."""
        spans: list[tuple[int, int]] = []
        for row in np.flatnonzero(~self.path.unlike).tolist():
            follows = bool(spans) and self.path.offsets[row] == self.path.offsets[spans[-1][1]]
            if follows and not (parted and row > spans[-1][1] + 1):
                spans[-1] = spans[-1][0], row
            else:
                spans.append((row, row))
        return spans

    def runs(self) -> list[Run]:
        """Runs, those with the same sure offset joined: beyond a frame that resembles nothing a shot may be still."""
        parts = [(first, last, self.run(first, last)) for first, last in self.spans(parted=True)]
        joined: list[tuple[int, int, Run]] = []
        for first, last, run in parts:
            before = joined[-1] if joined else None
            if before and before[2].offset == run.offset and before[2].sure == run.sure:
                joined[-1] = before[0], last, self.run(before[0], last)
            else:
                joined.append((first, last, run))
        return self._open_ends([run for _, _, run in joined], [(first, last) for first, last, _ in joined])

    def _open_ends(self, runs: list[Run], spans: list[tuple[int, int]]) -> list[Run]:
        """``runs``, with what is still at both ends of all as runs of their own: what comes after a last edit, or
        before a first, tells of it only where it moves. Between two runs that stretch is part of the change."""
        found = list(runs)
        if runs and runs[-1].sure:
            (first, last), count = spans[-1], self._open(*spans[-1], backward=True)
            if OPEN <= count <= last - first - OPEN:
                found[-1:] = [self.run(first, last - count), self._unsure(last - count + 1, last)]
                spans = [*spans[:-1], (first, last - count)]
        if runs and found[0].sure:
            (first, last), count = spans[0], self._open(*spans[0], backward=False)
            if OPEN <= count <= last - first - OPEN:
                found[:1] = [self._unsure(first, first + count - 1), self.run(first + count, last)]
        return found

    def _open(self, first: int, last: int, *, backward: bool) -> int:
        """How many rows at one end of a span may have the offset beside it without being noticeably less alike."""
        rows = np.arange(first, last + 1)
        rows = rows[::-1] if backward else rows
        offset = int(self.path.offsets[first])
        most = 0
        for step in (-1, 1):
            loss = self.at(rows, offset) - self.at(rows, offset + step)
            loss[self.path.unlike[rows]] = 0.0
            loss[np.isnan(loss)] = 1.0  # where the Reference has no such frame, that offset is none
            beyond = np.flatnonzero(np.cumsum(loss) > ROOM)
            most = max(most, int(beyond[0]) if len(beyond) else len(rows))
        return most

    def _unsure(self, first: int, last: int) -> Run:
        run = self.run(first, last)
        offset = run.offset
        return replace(run, alike=run.alike or (offset - 1, offset + 1), confidence=min(run.confidence, 0.5))

    def run(self, first: int, last: int) -> Run:
        rows = np.arange(first, last + 1)
        rows = rows[~self.path.unlike[rows]]
        offset = int(self.path.offsets[first])
        own = self.at(rows, offset)
        steps = [step for step in range(-BESIDE, BESIDE + 1) if step]
        found = {offset + step: _margin(own - self.at(rows, offset + step)) for step in steps}
        known = {other: value for other, value in found.items() if np.isfinite(value[0])}
        alike = [other for other, (mean, errors) in known.items() if errors < SURE or mean < LEAST_MARGIN]
        errors = min((value for _, value in known.values()), default=0.0)
        return Run(
            self.source.frames[first],
            self.source.frames[last],
            offset,
            float(np.nanmean(own)),
            float(min((mean for mean, _ in known.values()), default=0.0)),
            float(1 / (1 + np.exp(-1.7 * (errors - SURE / 2)))) if known else 0.0,
            tuple(alike),
        )

    def at(self, rows: NDArray[np.intp], offset: int) -> NDArray[np.float64]:
        """Similarity of ``rows`` with the Reference at ``offset``."""
        return self.like.at(rows, offset)

    def change(self, before: tuple[int, int], after: tuple[int, int]) -> tuple[Change, int]:
        """What happened between two spans, and the row at which the second begins."""
        old, new = int(self.path.offsets[before[0]]), int(self.path.offsets[after[1]])
        early, late = self._room(before[0], after, old, new)
        room = np.arange(early, late + 1)
        numbers = self.source.frames
        span = numbers[max(early - 1, 0)], numbers[late]
        more = old - new  # frames that the Source has more than the Reference
        if abs(more) > 4 * BESIDE:
            return Change(RECUT, SOURCE, (numbers[after[0]],), *span), after[0]
        if more > 0:
            foreign = room[self.path.unlike[room]]
            if len(foreign) >= more:
                alike = np.fmax(self.at(foreign, old), self.at(foreign, new))
                lots = [np.nansum(alike[start : start + more]) for start in range(len(foreign) - more + 1)]
                at = int(foreign[int(np.argmin(lots))]) + more
                return Change(INSERTED, SOURCE, numbers[at - more : at], *span), at
            strange = _foreign_row(self.source, room, more)
            if strange is not None:
                return Change(INSERTED, SOURCE, numbers[strange : strange + more], *span), strange
            rows = self._reference_rows(numbers[early] + new, numbers[late] + old)
            again, row, other = _again_or_lost(self.source, room, self.reference, rows, more, SOURCE)
            if again is not None:
                return Change(REPEATED, SOURCE, numbers[again : again + more], *span, other), again
            at = after[0]
            if row is not None:
                wanted = self.reference.frames[row] - new
                at = min(max(int(np.searchsorted(self.numbers[0], wanted)) - more, early), late)
            at = min(at, len(numbers) - more)
            return Change(DROPPED, REFERENCE, numbers[at : at + more], *span, other), at
        rows = self._reference_rows(numbers[early] + old, numbers[late] + new)
        again, row, other = _again_or_lost(self.reference, rows, self.source, room, -more, REFERENCE)
        if again is not None:
            frames = self.reference.frames[again : again - more]
            at = min(max(int(np.searchsorted(self.numbers[0], frames[0] - old)), early), late)
            return Change(REPEATED, REFERENCE, frames, *span, other), at
        at = after[0] if row is None else row
        start = numbers[at] + new + more
        frames = tuple(start + step for step in range(-more))
        if _foreign(self.reference, frames):
            return Change(INSERTED, REFERENCE, frames, *span), at
        return Change(DROPPED, SOURCE, frames, *span, other), at

    def _reference_rows(self, first: int, last: int) -> NDArray[np.intp]:
        """Of the Reference's frames from ``first`` to ``last``."""
        return np.flatnonzero((self.numbers[1] >= first) & (self.numbers[1] <= last))

    def _room(self, begun: int, after: tuple[int, int], old: int, new: int) -> tuple[int, int]:
        """The first and last row at which the new offset may begin without making frames noticeably less alike."""
        rows = np.arange(begun, after[1] + 1)
        loss = np.nan_to_num(self.at(rows, old) - self.at(rows, new))
        loss[self.path.unlike[rows]] = 0.0
        total = np.concatenate([[0.0], np.cumsum(loss)])  # by beginning at begun + index
        # Noise adds up the farther away a change is looked for.
        away = np.abs(np.arange(len(loss)) - int(np.argmax(total)))
        noise = frame_noise(loss[~self.path.unlike[rows]]) * np.sqrt(FOLLOWING * away)
        free = np.flatnonzero(total[: len(loss)] >= total.max() - np.maximum(ROOM, ROOM_NOISE * noise))
        at = after[0] - begun
        early, late = at, at
        while early - 1 in free and early > 1:
            early -= 1
        while late + 1 in free:
            late += 1
        return begun + early, begun + late


def _margin(differences: NDArray[np.float64]) -> tuple[float, float]:
    """Mean of what a frame loses, and that in standard errors.

    Noise is what changes from one frame to the next (grain, weave); how much a shot moves changes slowly. Weave
    follows itself for a few frames, so FOLLOWING frames count as one.
    """
    known = differences[np.isfinite(differences)]
    if not len(known):
        return np.nan, np.nan
    mean = float(known.mean())
    if len(known) < FOLLOWING:
        return mean, 0.0
    noise = max(frame_noise(known), LEAST_NOISE)
    return mean, mean / (noise * float(np.sqrt(FOLLOWING / len(known))))


def _again_or_lost(
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


def _foreign_row(known: Signatures, rows: NDArray[np.intp], count: int) -> int | None:
    """The first of ``count`` rows among ``rows`` that are foreign, None if none are. They may look like a shot."""
    numbers = known.frames
    return next((row for row in rows.tolist() if _foreign(known, numbers[row : row + count])), None)


def _foreign(known: Signatures, frames: tuple[int, ...]) -> bool:
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


def _span(offsets: Iterable[int]) -> str:
    ordered = sorted(offsets)
    return f"{ordered[0]:+d} to {ordered[-1]:+d}"
