"""How sure the offset of a run is, and what happened where it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.correspondence import (
    DROPPED,
    INSERTED,
    RECUT,
    REFERENCE,
    REPEATED,
    SOURCE,
    Change,
    Run,
)
from film_recovery.footage.edits import again_or_lost, foreign, foreign_row
from film_recovery.footage.likeness import Likeness
from film_recovery.footage.matching import BESIDE, Path, frame_noise
from film_recovery.footage.signatures import Signatures

SURE = 4.0  # standard errors; 0.3 % of runs of pure noise reach it, as the best of 24 offsets
FOLLOWING = 4
LEAST_NOISE = 1e-4  # of correlation: below it lies the rounding of 8-bit elements
LEAST_MARGIN = 0.0005  # of correlation: less is no evidence, however often it is counted
ROOM = 0.02  # of correlation, all frames together: less does not say where a change lies
ROOM_NOISE = 2.0  # standard errors of as many frames, where they are more than ROOM
OPEN = 8  # frames, a third of a second: as many that are still at an end of the elements are said not to tell theirs


@dataclass(frozen=True, eq=False)
class Evidence:
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
            unlike = room[self.path.unlike[room]]
            if len(unlike) >= more:
                alike = np.fmax(self.at(unlike, old), self.at(unlike, new))
                lots = [np.nansum(alike[start : start + more]) for start in range(len(unlike) - more + 1)]
                at = int(unlike[int(np.argmin(lots))]) + more
                return Change(INSERTED, SOURCE, numbers[at - more : at], *span), at
            strange = foreign_row(self.source, room, more)
            if strange is not None:
                return Change(INSERTED, SOURCE, numbers[strange : strange + more], *span), strange
            rows = self._reference_rows(numbers[early] + new, numbers[late] + old)
            again, row, other = again_or_lost(self.source, room, self.reference, rows, more, SOURCE)
            if again is not None:
                return Change(REPEATED, SOURCE, numbers[again : again + more], *span, other), again
            at = after[0]
            if row is not None:
                wanted = self.reference.frames[row] - new
                at = min(max(int(np.searchsorted(self.numbers[0], wanted)) - more, early), late)
            at = min(at, len(numbers) - more)
            return Change(DROPPED, REFERENCE, numbers[at : at + more], *span, other), at
        rows = self._reference_rows(numbers[early] + old, numbers[late] + new)
        again, row, other = again_or_lost(self.reference, rows, self.source, room, -more, REFERENCE)
        if again is not None:
            frames = self.reference.frames[again : again - more]
            at = min(max(int(np.searchsorted(self.numbers[0], frames[0] - old)), early), late)
            return Change(REPEATED, REFERENCE, frames, *span, other), at
        at = after[0] if row is None else row
        start = numbers[at] + new + more
        frames = tuple(start + step for step in range(-more))
        if foreign(self.reference, frames):
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
