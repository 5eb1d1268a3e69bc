"""Which frames become pairs, which one judges the model, and why: from what every frame shows.

A frame is taken for what it stands for (``facility``), and the choice is anchored: every shot has a pair; where the
range is one shot, its beginning, two places in its middle and its end have one each. What is left of the count goes
wherever it adds most, so that a shot that moves gets more than a still one of the same length. The operator's own pairs
stay and count. Frames that are excluded, or that the other element has not, are never taken. The same input gives the
same choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from film_recovery.curation import facility
from film_recovery.errors import FilmRecoveryError, UsageError

Shot = tuple[int, int]  # first and last frame, both included

# The workflow's counts (stage 1): a shot 4–9 pairs, a scene 12–24, a sequence 24–64.
COUNTS: Mapping[str, tuple[int, int]] = {"shot": (4, 9), "scene": (12, 24), "sequence": (24, 64)}
ESCALATION = (4, 7, 11)  # pairs of a shot, one after another when convergence stalls (workflow, stage 1)
# Parts of a shot, as shares of its length: an eighth at either end, and the middle in halves.
_ANCHORS = (
    ("beginning", 0.0, 0.125),
    ("middle", 0.25, 0.5),
    ("middle", 0.5, 0.75),
    ("end", 0.875, 1.0),
)
_TICKETS = 4  # of a round, for a pair that stands for as many frames as the others do
LEAST_APART = 2  # frames between a hold-out and any pair: its neighbour is nearly the same picture


@dataclass(frozen=True)
class Chosen:
    """One pair: Source and Reference frame, number of its shot (from 1), and why it was chosen.

    ``stands_for``: how many of the frames that were looked at have it as their nearest pair. ``own``: the operator's.
    """

    source: int
    reference: int
    shot: int
    part: str
    stands_for: int
    reason: str = ""
    own: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Choice:
    """``pairs`` and ``hold_out`` in order of Source frames. ``value``: mean likeness, 0–1, of a frame to its nearest
    pair (1: everything is shown). ``notes``: what could not be had as it was asked for."""

    pairs: tuple[Chosen, ...]
    hold_out: tuple[Chosen, ...]
    value: float
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def drawn_often(stands_for: Sequence[int]) -> tuple[int, ...]:
    """How often a training draws each pair in a round: by the frames that it stands for, in whole numbers.

    Drawn equally, a shot would be learnt by its share of the pairs, and a shot of eight frames as well as one of fifty.
    Empty (all alike) where one of them is not measured, or all come out the same.
    """
    total = sum(stands_for)
    if not all(frames > 0 for frames in stands_for):
        return ()
    often = tuple(max(1, round(_TICKETS * frames * len(stands_for) / total)) for frames in stands_for)
    return often if len(set(often)) > 1 else ()


def usual_count(scope: str, shots: int, frames: int) -> int:
    """How many pairs to begin with: the least of the scope, and four a shot where the scope's most allows that.

    ``frames``: how many there are; never more than that. Raises UsageError for an unknown scope.
    """
    if scope not in COUNTS:
        raise UsageError(f"There is no scope {scope}.", remedy=f"choose one of {', '.join(COUNTS)}")
    least, most = COUNTS[scope]
    return max(0, min(frames, most, max(least, 4 * shots)))


def scope_of(shots: int) -> str:
    """The scope that a range of so many shots is: the narrowest with room for four pairs a shot."""
    if shots <= 1:
        return "shot"
    return "scene" if 4 * shots <= COUNTS["scene"][1] else "sequence"


def next_count(count: int) -> int:
    """The next step of 4 → 7 → 11; beyond it half as many again, as those steps grow."""
    later = [step for step in ESCALATION if step > count]
    return later[0] if later else count + (count + 1) // 2


def choose(
    vectors: Mapping[int, np.ndarray],
    shots: Sequence[Shot],
    partners: Mapping[int, int],
    count: int,
    *,
    excluded: Mapping[int, str] | None = None,
    kept: Sequence[tuple[int, int]] = (),
    kept_hold_out: Sequence[tuple[int, int]] = (),
    hold_outs: int | None = None,
) -> Choice:
    """Chooses ``count`` pairs (with those ``kept``), and ``hold_outs`` (None: one for every four pairs).

    ``vectors``: Source frame → what it shows, vectors of one length in which distance means difference, the last
    number its moment (``coverage.vectors``); frames without one are not looked at. ``shots``: ascending, not
    overlapping. ``partners``: Source frame → Reference frame of the same moment. ``excluded``: Source frame → why.
    Operator's pairs are kept even where they are excluded: that is theirs to decide, and noted.

    Raises UsageError for a count below that of the pairs that are kept, FilmRecoveryError where no frame can be taken.
    """
    out = excluded or {}
    looked = [frame for frame in sorted(vectors) if _shot_of(frame, shots) is not None]
    held_before = {source for source, _ in kept_hold_out}
    own = dict(kept)
    if count < len(own):
        raise UsageError(
            f"{count} pairs are asked for, and {len(own)} are the operator's own.",
            remedy="ask for more, or take some out first: film-recovery pairs remove",
        )
    free = [
        frame
        for frame in looked
        if frame in partners
        and frame not in out
        and frame not in own
        and all(abs(frame - held) >= LEAST_APART for held in held_before)
    ]
    # What is excluded is no part of what has to be learnt, so nothing has to stand for it.
    wanted = [frame for frame in looked if frame not in out or frame in own]
    if not wanted or not (free or own):
        raise FilmRecoveryError(
            "No frame can be a pair: every one is excluded, or has no frame of the Reference.",
            remedy="look at why frames are excluded, and at the offset between the elements",
        )
    index = {frame: number for number, frame in enumerate(wanted)}
    likenesses = facility.likeness(np.stack([np.asarray(vectors[frame], np.float32) for frame in wanted]))
    taken = {frame: "own" for frame in sorted(own) if frame in index}
    outside = [frame for frame in sorted(own) if frame not in index]
    _take(taken, free, index, likenesses, shots, count - len(own))
    pairs = sorted([*taken, *outside])
    asked = max(1, count // 4) if hold_outs is None else hold_outs
    wanted_held = max(0, asked - len(kept_hold_out))
    held = _hold_out(free, pairs, sorted(held_before), index, likenesses, vectors, shots, wanted_held)
    notes = _notes(count, pairs, asked, [*held_before, *held], own, out, shots)
    return Choice(
        _described(pairs, taken, {**partners, **own}, own, index, likenesses, shots),
        _described_hold_out(held, held_before, {**partners, **dict(kept_hold_out)}, pairs, shots),
        round(facility.value(likenesses, [index[one] for one in taken]) / len(wanted), 6),
        notes,
    )


def _take(
    taken: dict[int, str],
    free: Sequence[int],
    index: Mapping[int, int],
    likenesses: facility.Matrix,
    shots: Sequence[Shot],
    count: int,
) -> None:
    """Adds ``count`` frames to ``taken``, with what each was taken for."""
    wanted = len(taken) + count
    frame_of = {number: frame for frame, number in index.items()}

    def take(frames: Sequence[int], part: str) -> bool:
        candidates = [index[frame] for frame in frames if frame not in taken]
        found = facility.greedy(likenesses, candidates, 1, [index[frame] for frame in taken])
        taken.update({frame_of[number]: part for number in found})
        return bool(found)

    def unshown(first: int, last: int) -> bool:
        return not any(first <= frame <= last for frame in taken)

    if len(shots) == 1:
        for part, first, last in _parts(shots[0], wanted):
            if len(taken) < wanted and unshown(first, last):
                take([frame for frame in free if first <= frame <= last], part)
    while len(taken) < wanted:
        lacking = [shot for shot in shots if unshown(*shot)]
        if not take([frame for frame in free if _shot_of(frame, lacking)], "most typical"):
            break
    while len(taken) < wanted and take(free, "adds most"):
        pass


def _parts(shot: Shot, count: int) -> list[tuple[str, int, int]]:
    """The parts of a shot of which one frame each is taken: name, first and last frame.

    The ends come first: what lies between them is likelier to be like something else.
    """
    first, last = shot
    length = last - first + 1
    order: tuple[tuple[str, float, float], ...]
    if count >= len(_ANCHORS):
        order = (_ANCHORS[0], _ANCHORS[3], _ANCHORS[1], _ANCHORS[2])
    else:
        words = {1: ("middle",), 2: ("first half", "second half"), 3: ("beginning", "middle", "end")}
        names = words.get(count, ())
        order = tuple((name, n / count, (n + 1) / count) for n, name in enumerate(names))
    return [
        (name, first + int(low * length), max(first + int(low * length), first + int(high * length) - 1))
        for name, low, high in order
    ]


def _hold_out(
    free: Sequence[int],
    pairs: Sequence[int],
    before: Sequence[int],
    index: Mapping[int, int],
    likenesses: facility.Matrix,
    vectors: Mapping[int, np.ndarray],
    shots: Sequence[Shot],
    count: int,
) -> list[int]:
    """Up to ``count`` frames that lie between two pairs of their shot, none of them a pair's double.

    Of the frames between two pairs, that one is taken whose likeness to the nearest pair is the median: as hard as
    the frames that will be recovered are, neither flattering nor the worst there is. Wide gaps come first, one
    hold-out a gap, and as many shots as can be; before the first and after the last pair of a shot only where there
    is no other place.
    """
    numbers = [index[frame] for frame in pairs if frame in index]
    gaps = []
    for place, (first, last) in enumerate(shots):
        inside = [frame for frame in pairs if first <= frame <= last]
        if not inside:
            continue
        ends = [first - LEAST_APART, *inside, last + LEAST_APART]
        for number, (low, high) in enumerate(pairwise(ends)):
            if not any(low < frame < high for frame in before):
                gaps.append((number in (0, len(inside)), place, low, high))
    found: list[int] = []
    used = [sum(first <= frame <= last for frame in before) for first, last in shots]
    while gaps and len(found) < count:
        gap = min(gaps, key=lambda one: (one[0], used[one[1]], one[2] - one[3], one[2]))
        gaps.remove(gap)
        _, place, low, high = gap
        within = [
            frame
            for frame in free
            if low + LEAST_APART <= frame <= high - LEAST_APART
            and not any(_same(vectors[frame], vectors[pair]) for pair in pairs if pair in vectors)
        ]
        if not within:
            continue
        middle = (low + high) / 2
        known = [float(likenesses[index[frame], numbers].max()) for frame in within]
        usual = float(np.median(known))
        best = min(
            range(len(within)), key=lambda n: (abs(known[n] - usual), abs(within[n] - middle), within[n])
        )
        found.append(within[best])
        used[place] += 1
    return sorted(found)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether both show the same, whenever."""
    return bool(np.array_equal(one[:-1], other[:-1]))


def _described(
    pairs: Sequence[int],
    taken: Mapping[int, str],
    partners: Mapping[int, int],
    own: Mapping[int, int],
    index: Mapping[int, int],
    likenesses: facility.Matrix,
    shots: Sequence[Shot],
) -> tuple[Chosen, ...]:
    known = [frame for frame in pairs if frame in index]
    nearest = likenesses[:, [index[frame] for frame in known]].argmax(axis=1) if known else np.empty(0)
    counts = {frame: int((nearest == number).sum()) for number, frame in enumerate(known)}
    return tuple(
        Chosen(
            frame,
            partners[frame],
            (_shot_of(frame, shots) or 0) if frame in own else _need_shot(frame, shots),
            "the operator's own" if frame in own else taken[frame],
            counts.get(frame, 0),
            own=frame in own,
        )
        for frame in pairs
    )


def _described_hold_out(
    held: Sequence[int],
    before: set[int],
    partners: Mapping[int, int],
    pairs: Sequence[int],
    shots: Sequence[Shot],
) -> tuple[Chosen, ...]:
    found = []
    for frame in sorted([*held, *before]):
        shot = _shot_of(frame, shots) or 0
        inside = [pair for pair in pairs if _shot_of(pair, shots) == shot]
        own = frame in before
        reason = "the operator's own" if own else f"{_beside(frame, inside)}, as hard as most frames there"
        found.append(Chosen(frame, partners[frame], shot, "hold-out", 0, reason, own))
    return tuple(found)


def _beside(frame: int, pairs: Sequence[int]) -> str:
    """Where ``frame`` lies among the ``pairs`` of its shot, in words."""
    below, above = [one for one in pairs if one < frame], [one for one in pairs if one > frame]
    if below and above:
        return f"between pairs {below[-1]} and {above[0]}"
    return f"after pair {below[-1]}" if below else f"before pair {above[0]}"


def _notes(
    count: int,
    pairs: Sequence[int],
    asked: int,
    held: Sequence[int],
    own: Mapping[int, int],
    out: Mapping[int, str],
    shots: Sequence[Shot],
) -> tuple[str, ...]:
    notes = []
    bare = [f"{first}–{last}" for first, last in shots if not any(first <= one <= last for one in pairs)]
    if bare:
        more = f" and {len(bare) - 4} more" if len(bare) > 4 else ""
        notes.append(f"{len(bare)} of {len(shots)} shots have no pair: {', '.join(bare[:4])}{more}.")
    if len(pairs) < count:
        notes.append(f"Only {len(pairs)} of {count} pairs could be taken: no further frame is left.")
    if len(held) < asked:
        notes.append(
            f"Only {len(held)} of {asked} hold-outs could be taken: no other frame lies in a shot with "
            f"pairs, {LEAST_APART} frames from them, and differs from them."
        )
    notes += [
        f"Frame {frame} is the operator's own pair, although it would be left out: {out[frame].rstrip('.')}."
        for frame in sorted(own)
        if frame in out
    ]
    return tuple(notes)


def _shot_of(frame: int, shots: Sequence[Shot]) -> int | None:
    """Number of the shot that holds ``frame``, from 1; None for none."""
    return next((n for n, (first, last) in enumerate(shots, 1) if first <= frame <= last), None)


def _need_shot(frame: int, shots: Sequence[Shot]) -> int:
    found = _shot_of(frame, shots)
    assert found is not None  # only frames of shots are looked at
    return found
