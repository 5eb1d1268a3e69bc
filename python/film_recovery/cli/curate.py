"""``curate``: stage 1 for a project or two sequences: offset, shots, exclusions, verdict, coverage, pairs and hold-out.

Here it is decided; ``curate_output`` writes and tells. Nothing is changed without ``--apply``. What it makes
(``pairs.csv``, contact sheet, coverage plot, FR_PairStack text, ``curation.json``) goes to the project's curation
folder or ``--out``, never beside an element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from film_recovery import protection
from film_recovery.cli.curate_output import Decided, applied, corrections, tell, written
from film_recovery.cli.curate_task import Task, Wanted, task_of
from film_recovery.cli.report import Report
from film_recovery.curation import flags
from film_recovery.curation.choosing import COUNTS, Choice, Chosen, choose, next_count, scope_of, usual_count
from film_recovery.curation.coverage import Shown, missing, standing_out, vectors
from film_recovery.curation.reference import judge
from film_recovery.curation.survey import looked_at, survey
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, UsageError
from film_recovery.footage.correspondence import Match
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.faults import THRESHOLDS, Fault, excluded, find_faults
from film_recovery.footage.neighbours import confirmed
from film_recovery.footage.offset import match
from film_recovery.footage.signatures import Signatures, signatures
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.project import PairOf

_UNLIKE = "unlike"  # the kind under which --allow keeps a frame that looks like none of the Reference
_NUMBER = re.compile(r"-?[0-9]+")
Allowed = Collection[tuple[int, str]]  # Source frame and kind of fault


def curate(
    report: Report, folder: Path | None, source: str | None, reference: str | None, wanted: Wanted
) -> int:
    """Chooses pairs of a project's elements, or of two sequences, and says why; EXIT_CHECK_FAILED where the Reference
    is not better. Raises UsageError for neither, for ``apply`` without a project, and as :func:`allowed_of` and
    :func:`refuse_absent`."""
    allowed = allowed_of(wanted.allow)
    task = task_of(folder, source, reference, wanted)
    if wanted.apply and task.project is None:
        raise UsageError(
            "There is no project to apply the choice to.", remedy="give a project, or leave --apply out"
        )
    for name, clip in task.clips:
        protection.keep_apart(task.out, clip.sequence.folder, f"where the {name} keeps its frames")
    refuse_absent(allowed, task.source.frames)
    decided = _decided(report, task, wanted, allowed)
    made = written(task, decided)
    if wanted.apply and task.project is not None:
        applied(report, task.project, decided, wanted)
    tell(report, decided, made, wanted.apply)
    return EXIT_CHECK_FAILED if decided.verdict.better is False else EXIT_DONE


def _decided(report: Report, task: Task, wanted: Wanted, allowed: Allowed) -> Decided:
    known = signatures(task.source, progress=_following(report, "source"))
    found, corrected = _offset(report, task, known, allowed)
    shots = [(shot.first, shot.last) for shot in find_shots(known)]
    partners = dict(found.pairs())
    faults = find_faults(
        task.source,
        task.reference,
        found.pairs(),
        placement=found.placement,
        shots=shots,
        progress=_following(report, "faults"),
    )
    out = left_out(faults, allowed, found)
    own, own_held = ({}, {}) if wanted.fresh else (_by_frame(task.pairs), _by_frame(task.hold_out))
    given = own | own_held
    moments = {**partners, **{frame: pair.reference for frame, pair in given.items()}}
    numbers = looked_at(shots, task.source.frames, [*given, *(frame for frame, _ in allowed)])
    shown = survey(task.reference, numbers, shots, moments, progress=_following(report, "coverage"))
    scope = wanted.scope or task.scope or scope_of(len(shots))
    clean = [frame for frame in partners if frame not in out]
    count = wanted.count or max(len(own), usual_count(scope, len(shots), len({*clean, *own})))
    if wanted.more:
        count = next_count(len(own))
    choice = choose(
        vectors(shown),
        shots,
        partners,
        count,
        excluded=out,
        kept=[(frame, pair.reference) for frame, pair in own.items()],
        kept_hold_out=[(frame, pair.reference) for frame, pair in own_held.items()],
        hold_outs=wanted.hold_outs,
    )
    chosen = [pair.source for pair in choice.pairs]
    return Decided(
        scope=scope,
        shots=tuple(shots),
        found=found,
        corrected=corrected,
        excluded=out,
        faults=faults,
        shown=tuple(shown),
        choice=_noted(_reasoned(choice, shown), scope, len(shots)),
        missing=missing([one for one in shown if one.frame not in out or one.frame in own], chosen),
        verdict=judge(
            task.kind,
            [(pair.source, pair.reference) for pair in choice.pairs],
            task.source,
            task.reference,
            placement=found.placement,
        ),
        own=given,
    )


def _offset(report: Report, task: Task, known: Signatures, allowed: Allowed) -> tuple[Match, tuple[str, ...]]:
    """Which frame is which moment, by thumbnails, confirmed against ±1 in larger pictures; what that corrected, and
    what the operator allowed."""
    by_thumbnails = match(known, signatures(task.reference, progress=_following(report, "reference")))
    found = confirmed(task.source, task.reference, known, by_thumbnails)
    corrected = corrections(by_thumbnails, found)
    found, taken = with_unlike(found, allowed, task.reference.frames)
    corrected += taken
    report.say(found.sentence())
    for sentence in corrected:
        report.say(sentence)
    return found, corrected


def _noted(choice: Choice, scope: str, shots: int) -> Choice:
    """The choice, with a note where the range has more shots than its scope is for."""
    wider = scope_of(shots)
    if [*COUNTS].index(wider) <= [*COUNTS].index(scope):
        return choice
    least, most = COUNTS[wider]
    note = f"The range has {shots} shots, which is a {wider}, {least} to {most} pairs, not a {scope}: --scope {wider}."
    return replace(choice, notes=(*choice.notes, note))


def _by_frame(pairs: Sequence[PairOf]) -> dict[int, PairOf]:
    return {pair.source: pair for pair in pairs}


def with_unlike(found: Match, allowed: Allowed, reference: Collection[int]) -> tuple[Match, tuple[str, ...]]:
    """``found`` with a partner for each unlike frame that is ``allowed``, by the offset of the run it is in or nearest
    to; and a sentence for each. One whose partner is not among ``reference``, its frames, stays unlike."""
    frames, said = dict(found.frames), []
    present = set(reference)
    for frame in found.unlike:
        if (frame, _UNLIKE) not in allowed or not found.runs:
            continue
        run = min(found.runs, key=lambda run: max(run.first - frame, frame - run.last, 0))
        other = frame + run.offset
        if other in present:
            frames[frame] = other
            said.append(
                f"Frame {frame} looks like no frame of the Reference around it; allowed, beside its frame {other}."
            )
    unlike = tuple(frame for frame in found.unlike if frames[frame] is None)
    return replace(found, frames=frames, unlike=unlike), tuple(said)


def left_out(faults: Sequence[Fault], allowed: Allowed, found: Match) -> Mapping[int, str]:
    """Source frame → why it is no pair; what is ``allowed`` is not left out. What a codec did to the whole element is
    no reason: it is flagged."""
    out = excluded((fault for fault in faults if fault.kind not in flags.TO_FLAG), allowed)
    for frame in found.unlike:
        why = "It looks like no frame of the Reference around it."
        out[frame] = f"{out[frame]} {why}" if frame in out else why
    return out


def allowed_of(texts: Sequence[str]) -> Allowed:
    """``1034:flash`` → (1034, "flash"). Raises UsageError for anything else, and for a kind that there is not."""
    found = set()
    for text in texts:
        number, colon, kind = text.partition(":")
        if not colon or not _NUMBER.fullmatch(number):
            raise UsageError(f"--allow {text}: FRAME:KIND is needed.", remedy="such as --allow 1034:flash")
        if kind not in (*THRESHOLDS, _UNLIKE):
            raise UsageError(
                f"--allow {text}: there is no fault called {kind!r}.",
                remedy=f"choose among {', '.join((*THRESHOLDS, _UNLIKE))}",
            )
        found.add((int(number), kind))
    return frozenset(found)


def refuse_absent(allowed: Allowed, frames: Sequence[int]) -> None:
    """Raises UsageError for the first frame that is allowed and not among ``frames``, those of the Source."""
    for frame, kind in sorted(set(allowed)):
        if frame not in set(frames):
            raise UsageError(
                f"--allow {frame}:{kind}: frame {frame} is none of the Source's that are looked at.",
                remedy=f"those are {format_frames(frames)}",
            )


def _reasoned(choice: Choice, shown: Sequence[Shown]) -> Choice:
    """The choice with the reasons in words."""
    pairs = tuple(replace(one, reason=_reason(one, shown)) for one in choice.pairs)
    return replace(choice, pairs=pairs)


def _reason(pair: Chosen, shown: Sequence[Shown]) -> str:
    families = standing_out(shown, pair.source)
    what = f"; shows {', '.join(families)}" if families else ""
    frames = f"stands for {pair.stands_for} frame{'' if pair.stands_for == 1 else 's'}"
    where = "adds most to the others" if pair.part == "adds most" else f"{pair.part} of shot {pair.shot}"
    return f"{where}; {frames}{what}"


def _following(report: Report, what: str) -> Callable[[int, int, int], None]:
    def follow(done: int, total: int, frame: int) -> None:
        report.progress(what, done, total, frame=frame)

    return follow
