"""``pairs add|remove|holdout|flag``: single pairs of a project, changed where they stand in project.yaml, and recorded.

The alignment's ``translate`` has one entry a pair. It goes with its pair; a new pair takes that of its nearest
neighbour, which is said: solve or look at it before training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from film_recovery import ledger, project
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, UsageError
from film_recovery.project import PairOf, Project
from film_recovery.project.moments import offset_at

PAIRS, HOLD_OUT = "pairs", "hold_out"
_WORDS = {PAIRS: "pair", HOLD_OUT: "hold-out"}
_TRANSLATE = {PAIRS: "translate", HOLD_OUT: "hold_out"}  # where the alignment of each set stands

Shift = tuple[float, float]


@dataclass(frozen=True)
class _Set:
    """Pairs of one set and their shifts: as many, or none where no shift was needed."""

    pairs: tuple[PairOf, ...]
    shifts: tuple[Shift, ...]

    def without(self, frame: int) -> _Set:
        kept = [number for number, pair in enumerate(self.pairs) if pair.source != frame]
        shifts = tuple(self.shifts[number] for number in kept) if self.shifts else ()
        return _Set(tuple(self.pairs[number] for number in kept), shifts)

    def with_pair(self, pair: PairOf, shift: Shift | None) -> _Set:
        """With ``pair`` before the first later one, so that an order by frame stays one; any other is kept."""
        later = [number for number, one in enumerate(self.pairs) if one.source > pair.source]
        at = later[0] if later else len(self.pairs)
        shifts = self.shifts
        if shift is not None:
            known = shifts or ((0.0, 0.0),) * len(self.pairs)  # a list left empty says that none was needed
            shifts = (*known[:at], shift, *known[at:])
        return _Set((*self.pairs[:at], pair, *self.pairs[at:]), shifts)


def add(
    report: Report,
    folder: Path,
    frames: str,
    *,
    reason: str = "",
    shot: str = "",
    by: str = "",
    take_over: bool = False,
) -> int:
    """Adds the pair ``frames`` (``1001`` or ``1001:998``) to the training pairs; a hold-out becomes one.

    Raises UsageError for frames that are no frames of the elements, and for one that is a pair already.
    """
    return _change(report, folder, PAIRS, frames, reason, shot, by, take_over)


def holdout(
    report: Report,
    folder: Path,
    frames: str,
    *,
    reason: str = "",
    shot: str = "",
    by: str = "",
    take_over: bool = False,
) -> int:
    """As :func:`add`, for the hold-out: the pair never enters training; a training pair leaves it."""
    return _change(report, folder, HOLD_OUT, frames, reason, shot, by, take_over)


def remove(
    report: Report, folder: Path, frames: str, *, reason: str = "", by: str = "", take_over: bool = False
) -> int:
    """Takes the pair or hold-out of a Source frame out. Raises UsageError where it is neither."""
    frame, reference = parsed(frames)
    with held(report, folder, f"pairs remove {frames}", by, take_over):
        loaded = project.load(folder)
        sets = _sets(loaded)
        name = _known(sets, frames, frame, reference)
        sets[name] = sets[name].without(frame)
        what = f"Frame {frame} is no longer a {_WORDS[name]}."
        return _written(report, loaded, sets, [name], {"what": what, "reason": reason}, by)


def flag(
    report: Report,
    folder: Path,
    frames: str,
    text: str,
    *,
    clear: bool = False,
    by: str = "",
    take_over: bool = False,
) -> int:
    """Adds ``text`` to the flags of the pair or hold-out of a Source frame: what was seen and stays, such as
    ``parallax: the mast``. ``clear``: in place of those that it has; an empty text then leaves none.

    Raises UsageError where it is neither, and for no text.
    """
    frame, reference = parsed(frames)
    if not text.strip() and not clear:
        raise UsageError("A flag needs words.", remedy="such as “parallax: the mast”; --clear takes all away")
    with held(report, folder, f"pairs flag {frames}", by, take_over):
        loaded = project.load(folder)
        sets = _sets(loaded)
        name = _known(sets, frames, frame, reference)
        more = (text.strip(),) if text.strip() else ()
        changed = [
            replace(pair, flags=tuple(dict.fromkeys((*(() if clear else pair.flags), *more))))
            if pair.source == frame
            else pair
            for pair in sets[name].pairs
        ]
        sets[name] = replace(sets[name], pairs=tuple(changed))
        said = next("; ".join(pair.flags) for pair in changed if pair.source == frame)
        what = f"The flags of frame {frame}: {said or 'none'}."
        return _written(report, loaded, sets, [name], {"what": what}, by)


def parsed(text: str) -> tuple[int, int | None]:
    """``1001:998`` → (1001, 998); ``1001`` → (1001, None). Raises UsageError for anything else."""
    source, colon, reference = text.partition(":")
    try:
        return int(source), int(reference) if colon else None
    except ValueError:
        raise UsageError(
            f"{text!r} is no pair.", remedy="write FRAME, or FRAME:REFERENCE, such as 1001:998"
        ) from None


def _change(
    report: Report, folder: Path, name: str, frames: str, reason: str, shot: str, by: str, take_over: bool
) -> int:
    frame, given = parsed(frames)
    word = "holdout" if name == HOLD_OUT else "add"
    with held(report, folder, f"pairs {word} {frames}", by, take_over):
        loaded = project.load(folder)
        sets = _sets(loaded)
        everything = (*sets[PAIRS].pairs, *sets[HOLD_OUT].pairs)
        before = _set_of(sets, frame)
        old = next((pair for pair in everything if pair.source == frame), None)
        notes = []
        if given is None:
            given = old.reference if old else frame + offset_at(everything, frame)
            if given != frame and not old:
                notes.append(f"The Reference's frame is {given}, by the offset of the nearest pair.")
        _refuse(loaded, frame, given)
        if old is not None and before == name and old.reference == given:
            raise UsageError(
                f"Frame {frame} is a {_WORDS[name]} already.", remedy="choose another, or remove it first"
            )
        shift = _shift_of(sets, frame, notes)
        if before is not None:
            sets[before] = sets[before].without(frame)
        same = old is not None and old.reference == given
        pair = PairOf(
            frame,
            given,
            reason or (old.reason if old else ""),
            shot or (old.shot if old else ""),
            # Both are of these two frames.
            old.matrix if old is not None and same else (),
            old.flags if old is not None and same else (),
        )
        if not pair.reason:
            notes.append("It has no reason yet; the check curation.rationale will ask for one (--reason).")
        if name == PAIRS and any(one.stands_for for one in loaded.pairs):
            notes.append(
                "Training draws all pairs equally often until curate --apply has measured this one too."
            )
        sets[name] = sets[name].with_pair(pair, shift)
        what = f"Frame {frame} (Reference {given}) is a {_WORDS[name]} now"
        what += f", no longer a {_WORDS[before]}." if before and before != name else "."
        data = {"what": what, "reason": pair.reason, **({"notes": notes} if notes else {})}
        return _written(
            report, loaded, sets, [name, *([before] if before and before != name else [])], data, by
        )


def _shift_of(sets: dict[str, _Set], frame: int, notes: list[str]) -> Shift | None:
    """The shift for ``frame``: its own, its nearest neighbour's, or None where the project has none at all."""
    known = [
        (pair.source, shift)
        for one in sets.values()
        if one.shifts
        for pair, shift in zip(one.pairs, one.shifts, strict=True)
    ]
    if not known:
        return None
    nearest, shift = min(known, key=lambda one: (abs(one[0] - frame), one[0]))
    if nearest != frame:
        x, y = shift
        notes.append(
            f"Its translation is that of frame {nearest}, {x:g} and {y:g} pixels, and was not solved: "
            "run film-recovery align, or look at the difference."
        )
    return shift


def _refuse(loaded: Project, source: int, reference: int) -> None:
    for name, frame in (("source", source), ("reference", reference)):
        one = loaded.elements[name]
        if not one.first <= frame <= one.last:
            raise UsageError(
                f"Frame {frame} is outside the {name.capitalize()}'s frames {one.first}–{one.last}.",
                remedy="choose a frame of the element; FRAME:REFERENCE names both",
                frame=frame,
            )


def _written(
    report: Report,
    loaded: Project,
    sets: dict[str, _Set],
    changed: Sequence[str],
    data: dict[str, Any],
    by: str,
) -> int:
    """Writes the sets that changed, records it, tells it. The lock is held by the caller."""
    values: dict[str, Any] = {}
    for name in changed:
        values[name] = list(sets[name].pairs)
        if sets[name].shifts != getattr(loaded.alignment, _TRANSLATE[name]):
            values[f"alignment.{_TRANSLATE[name]}"] = [list(shift) for shift in sets[name].shifts]
    project.update(loaded.folder, values)
    told = {key: value for key, value in data.items() if value}
    counts = {"pairs": len(sets[PAIRS].pairs), "hold_out": len(sets[HOLD_OUT].pairs)}
    ledger.append(loaded.folder, "pairs", {**told, **counts}, by)
    ledger.write_notes(loaded.folder)
    report.result({**told, **counts}, "pairs")
    return EXIT_DONE


@contextmanager
def held(report: Report, folder: Path, what: str, by: str, take_over: bool) -> Iterator[None]:
    """Holds the project as ``what``; a lock that was taken over is told and recorded."""
    with project.lock.held(folder, what, take_over) as mine:
        if mine.taken_over:
            report.say(f"taken over from {mine.taken_over}")
            ledger.append(folder, "taken over", {"what": what, "from": mine.taken_over}, by)
        yield


def _sets(loaded: Project) -> dict[str, _Set]:
    sets = {
        PAIRS: _Set(loaded.pairs, loaded.alignment.translate),
        HOLD_OUT: _Set(loaded.hold_out, loaded.alignment.hold_out),
    }
    for name, one in sets.items():
        if one.shifts and len(one.shifts) != len(one.pairs):
            raise UsageError(
                f"alignment.{_TRANSLATE[name]} has {len(one.shifts)} entries for {len(one.pairs)} of {name}.",
                remedy="give each its entry, in the same order, or leave the list empty",
                file=str(loaded.folder / project.FILE),
            )
    return sets


def _set_of(sets: dict[str, _Set], frame: int) -> str | None:
    return next((name for name, one in sets.items() if any(pair.source == frame for pair in one.pairs)), None)


def _known(sets: dict[str, _Set], frames: str, frame: int, reference: int | None) -> str:
    """The set of a pair. Raises UsageError for a frame, or a couple of frames, that is in none."""
    name = _set_of(sets, frame)
    if name is None or (reference is not None and PairOf(frame, reference) not in _bare(sets[name].pairs)):
        raise UsageError(
            f"{frames} is no pair and no hold-out of the project.",
            remedy=f"its pairs: {_listed(sets[PAIRS].pairs)}; hold-out: {_listed(sets[HOLD_OUT].pairs)}",
        )
    return name


def _bare(pairs: Sequence[PairOf]) -> list[PairOf]:
    return [PairOf(pair.source, pair.reference) for pair in pairs]


def _listed(pairs: Sequence[PairOf]) -> str:
    return ", ".join(str(pair.source) for pair in pairs) or "none"
