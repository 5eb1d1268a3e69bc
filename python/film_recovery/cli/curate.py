"""``curate``: stage 1 for a project or two sequences: offset, shots, exclusions, verdict, coverage, pairs and hold-out.

Nothing is changed without ``--apply``. What it makes (``pairs.csv``, contact sheet, coverage plot, FR_PairStack text,
``curation.json``) goes to the project's curation folder or ``--out``, never beside an element.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from film_recovery import ledger, protection
from film_recovery._files import write_whole
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report, json_line
from film_recovery.curation import table
from film_recovery.curation.choosing import Choice, Chosen, choose, next_count, usual_count
from film_recovery.curation.coverage import Missing, Shown, missing, standing_out, vectors
from film_recovery.curation.plot import coverage_plot
from film_recovery.curation.reference import Verdict, central, fitted, judge_colour, judge_detail
from film_recovery.curation.sheet import Cell, contact_sheet
from film_recovery.curation.survey import looked_at, survey
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, UsageError
from film_recovery.footage.clip import Clip, open_clip
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.faults import Fault, find_faults
from film_recovery.footage.offset import Match, match
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.plugin.pair_stack_text import pair_stack_text
from film_recovery.project import Alignment, PairOf, Project

SHEET, PLOT, STACK, RECORD = "contact_sheet.png", "coverage.svg", "pair_stacks.nk", "curation.json"
_JUDGED = 6  # pairs that the verdict on the Reference is measured on, at full size
_SPATIAL, _COLOUR = "spatial", "colour"


@dataclass(frozen=True)
class Wanted:
    """What is asked for. ``frames``: such as ``1001-1100``, of the Source. ``allow``: ``FRAME:KIND`` of faults that are
    overridden. ``more``: the next step of 4, 7, 11 beside the project's own pairs. ``fresh``: these are not kept."""

    frames: str | None = None
    recipe: str = ""
    count: int | None = None
    more: bool = False
    hold_outs: int | None = None
    scope: str = ""
    out: Path | None = None
    apply: bool = False
    fresh: bool = False
    allow: tuple[str, ...] = ()
    by: str = ""
    take_over: bool = False


@dataclass(frozen=True)
class _Task:
    source: Clip
    reference: Clip
    kind: str  # spatial or colour
    scope: str
    out: Path
    title: str
    pairs: tuple[PairOf, ...]  # the operator's own
    hold_out: tuple[PairOf, ...]
    project: Project | None
    fps: float = 24.0


def curate(
    report: Report, folder: Path | None, source: str | None, reference: str | None, wanted: Wanted
) -> int:
    """Chooses pairs of a project's elements, or of two sequences, and says why; EXIT_CHECK_FAILED where the Reference
    is not better. Raises UsageError for neither, and for ``apply`` without a project."""
    task = _task(folder, source, reference, wanted)
    if wanted.apply and task.project is None:
        raise UsageError(
            "There is no project to apply the choice to.", remedy="give a project, or leave --apply out"
        )
    for name, clip in (("Source", task.source), ("Reference", task.reference)):
        protection.keep_apart(task.out, clip.sequence.folder, f"where the {name} keeps its frames")
    known = signatures(task.source, progress=_tell(report, "source"))
    found = match(known, signatures(task.reference, progress=_tell(report, "reference")))
    report.say(found.sentence())
    shots = [(shot.first, shot.last) for shot in find_shots(known)]
    partners = dict(found.pairs())
    faults = find_faults(
        task.source,
        task.reference,
        found.pairs(),
        placement=found.placement,
        shots=shots,
        progress=_tell(report, "faults"),
    )
    excluded = _excluded(faults, wanted.allow, found)
    own = {} if wanted.fresh else {pair.source: pair.reference for pair in task.pairs}
    own_held = {} if wanted.fresh else {pair.source: pair.reference for pair in task.hold_out}
    numbers = looked_at(shots, task.source.frames, [*own, *own_held])
    shown = survey(
        task.reference, numbers, shots, {**partners, **own, **own_held}, progress=_tell(report, "coverage")
    )
    scope = wanted.scope or task.scope or ("shot" if len(shots) == 1 else "scene")
    clean = [frame for frame in partners if frame not in excluded]
    count = wanted.count or max(len(own), usual_count(scope, len(shots), len({*clean, *own})))
    if wanted.more:
        count = next_count(len(own))
    choice = choose(
        vectors(shown, shots),
        shots,
        partners,
        count,
        excluded=excluded,
        kept=list(own.items()),
        kept_hold_out=list(own_held.items()),
        hold_outs=wanted.hold_outs,
    )
    chosen = [pair.source for pair in choice.pairs]
    lacking = missing([one for one in shown if one.frame not in excluded or one.frame in own], chosen)
    verdict = _verdict(task, choice.pairs)
    made = _write(task, choice, shown, shots, lacking, verdict, faults, own | own_held)
    record = {
        "scope": scope,
        "shots": [list(shot) for shot in shots],
        "offset": found.as_dict(),
        "excluded": [{"frame": frame, "reason": why} for frame, why in sorted(excluded.items())],
        "faults": [fault.as_dict() for fault in faults],
        "verdict": verdict.as_dict(),
        "choice": _reasoned(choice, shown).as_dict(),
        "missing": [one.as_dict() for one in lacking],
        "coverage": [one.as_dict() for one in shown],
    }
    write_whole(task.out / RECORD, json.dumps(json.loads(json_line(record)), indent=1) + "\n")
    if wanted.apply and task.project is not None:
        _apply(
            report, task.project, _reasoned(choice, shown), wanted, lambda one: _flags(one, faults, verdict)
        )
    _tell_all(report, record, choice, lacking, verdict, made, wanted.apply)
    return EXIT_CHECK_FAILED if verdict.better is False else EXIT_DONE


def _task(folder: Path | None, source: str | None, reference: str | None, wanted: Wanted) -> _Task:
    numbers = None if wanted.frames is None else tuple(parse_frames(wanted.frames))
    if source is None and reference is None:
        return _of_project(folder or Path("."), numbers, wanted)
    if folder is not None or source is None or reference is None:
        raise UsageError(
            "curate takes a project, or two sequences.", remedy="give a project, or --source and --reference"
        )
    if wanted.out is None:
        raise UsageError("Two sequences need a folder for what is made.", remedy="give it with --out")
    first = open_clip("Source", source, numbers)
    return _Task(
        first,
        open_clip("Reference", reference),
        _COLOUR if wanted.recipe.startswith(_COLOUR) else _SPATIAL,
        "",
        wanted.out,
        first.sequence.path(first.frames[0]).name,
        (),
        (),
        None,
    )


def _of_project(folder: Path, numbers: tuple[int, ...] | None, wanted: Wanted) -> _Task:
    from film_recovery import project
    from film_recovery.stages.clips import clip_of
    from film_recovery.stages.view import NotYet, View

    loaded = project.load(folder)
    view = View(loaded)
    try:
        source, reference = clip_of(view, "source"), clip_of(view, "reference")
    except NotYet as reason:
        raise UsageError(
            f"Not yet: {reason}.", remedy="film-recovery run, for that project first"
        ) from reason
    if numbers is not None:
        source = replace(source, frames=tuple(frame for frame in source.frames if frame in set(numbers)))
        if not source.frames:
            raise UsageError(
                f"No frame of {wanted.frames} is a frame of the Source.", remedy="look at its range"
            )
    kind = (wanted.recipe or loaded.recipe).partition("-")[0]
    return _Task(
        source,
        reference,
        _COLOUR if kind == _COLOUR else _SPATIAL,
        loaded.scope,
        wanted.out or project.paths(loaded).curation,
        loaded.title or loaded.film,
        loaded.pairs,
        loaded.hold_out,
        loaded,
        loaded.source.frame_rate,
    )


def _excluded(faults: Sequence[Fault], allow: Sequence[str], found: Match) -> dict[int, str]:
    """Source frame → why it is left out; what is overridden is not."""
    free = set()
    for text in allow:
        number, colon, kind = text.partition(":")
        if not colon or not number.lstrip("-").isdigit():
            raise UsageError(f"--allow {text}: FRAME:KIND is needed.", remedy="such as --allow 1034:flash")
        free.add((int(number), kind))
    out: dict[int, list[str]] = {}
    for fault in faults:
        if (fault.frame, fault.kind) not in free:
            out.setdefault(fault.frame, []).append(fault.reason)
    for frame in found.unlike:
        if (frame, "unlike") not in free:
            out.setdefault(frame, []).append("It looks like no frame of the Reference around it.")
    return {frame: " ".join(reasons) for frame, reasons in out.items()}


def _verdict(task: _Task, pairs: Sequence[Chosen]) -> Verdict:
    """On up to six of the pairs, evenly taken, the middle of each picture."""
    step = max(1, -(-len(pairs) // _JUDGED))

    def looked() -> Any:
        for pair in pairs[::step]:
            source = task.source.picture(pair.source)
            reference = fitted(task.reference.picture(pair.reference), source)
            yield central(source), central(reference)

    return judge_colour(looked()) if task.kind == _COLOUR else judge_detail(looked())


def _reasoned(choice: Choice, shown: Sequence[Shown]) -> Choice:
    """The choice with the reasons in words."""
    pairs = tuple(replace(one, reason=_reason(one, shown)) for one in choice.pairs)
    return replace(choice, pairs=pairs)


def _reason(pair: Chosen, shown: Sequence[Shown]) -> str:
    families = standing_out(shown, pair.source)
    what = f"; shows {', '.join(families)}" if families else ""
    frames = f"stands for {pair.stands_for} frame{'' if pair.stands_for == 1 else 's'}"
    where = "adds most to the others" if pair.part == "adds most" else pair.part
    return (
        f"{where} of shot {pair.shot}; {frames}{what}"
        if pair.part != "adds most"
        else f"{where}; {frames}{what}"
    )


def _write(
    task: _Task,
    choice: Choice,
    shown: Sequence[Shown],
    shots: Sequence[tuple[int, int]],
    lacking: Sequence[Missing],
    verdict: Verdict,
    faults: Sequence[Fault],
    own: dict[int, int],
) -> dict[str, str]:
    """pairs.csv, contact sheet, coverage plot and script text; what lies where."""
    said = {one.source: one.reason for one in _own_reasons(task)}
    full = _reasoned(choice, shown)
    rows, cells = [], []
    for kind, pairs in ((table.TRAINING, full.pairs), (table.HOLD_OUT, full.hold_out)):
        for number, pair in enumerate(pairs, 1):
            why = said.get(pair.source) or pair.reason if pair.source in own else pair.reason
            flags = "; ".join(_flags(pair.source, faults, verdict))
            row = table.Row(number, kind, pair.source, pair.reference, str(pair.shot), why, flags=flags)
            rows.append(table.described(row, task.source.sequence, task.reference.sequence))
            cells.append(
                Cell(number, (pair.source, pair.reference), why, str(pair.shot), kind == table.HOLD_OUT)
            )
    table.write(rows, task.out / table.FILE)

    def pictures(cell: Cell) -> tuple[Pixels, Pixels]:
        return task.source.small(cell.frames[0], 480), task.reference.small(cell.frames[1], 480)

    contact_sheet(cells, pictures, task.out / SHEET, task.title)
    pairs_, held_ = ([one.source for one in side] for side in (choice.pairs, choice.hold_out))
    write_whole(task.out / PLOT, coverage_plot(shown, pairs_, held_, shots, lacking, task.title))
    stacks = []
    for side, clip in (("source", task.source), ("reference", task.reference)):
        frames = [[getattr(one, side) for one in part] for part in (choice.pairs, choice.hold_out)]
        ends = (clip.frames[0], clip.frames[-1])
        stacks.append(
            pair_stack_text(side, *frames, first=ends[0], last=ends[1], fps=max(1.0, min(60.0, task.fps)))
        )
    write_whole(task.out / STACK, "".join(stacks))
    return {name: str(task.out / name) for name in (table.FILE, SHEET, PLOT, STACK, RECORD)}


def _flags(frame: int, faults: Sequence[Fault], verdict: Verdict) -> tuple[str, ...]:
    """What was found about a pair and stays."""
    return (*(fault.reason for fault in faults if fault.frame == frame), *verdict.flags)


def _own_reasons(task: _Task) -> tuple[PairOf, ...]:
    return tuple(pair for pair in (*task.pairs, *task.hold_out) if pair.reason)


def _apply(
    report: Report, loaded: Project, choice: Choice, wanted: Wanted, flags: Callable[[int], tuple[str, ...]]
) -> None:
    """Writes pairs and hold-out into project.yaml. The alignment of pairs that stay is kept; the others get that of
    the nearest one, which is said."""
    from film_recovery import project

    with held(report, loaded.folder, "curate", wanted.by, wanted.take_over):
        now = project.load(loaded.folder)
        if (now.pairs, now.hold_out, now.alignment) != (loaded.pairs, loaded.hold_out, loaded.alignment):
            raise UsageError(
                "The project's pairs were changed while these were chosen; nothing was written.",
                remedy="run film-recovery curate --apply again",
                file=str(loaded.folder / project.FILE),
            )
        before = {pair.source: pair for pair in (*loaded.pairs, *loaded.hold_out)}
        values: dict[str, Any] = {}
        for name, chosen in (("pairs", choice.pairs), ("hold_out", choice.hold_out)):
            values[name] = [
                replace(before[one.source], flags=flags(one.source))
                if one.own and one.source in before
                else PairOf(one.source, one.reference, one.reason, str(one.shot), flags=flags(one.source))
                for one in chosen
            ]
        values |= _alignment(loaded.alignment, loaded, values)
        project.update(loaded.folder, values, backup=True)
        data = {
            "what": "Pairs and hold-out were chosen by coverage.",
            "pairs": format_frames(one.source for one in choice.pairs),
            "hold_out": format_frames(one.source for one in choice.hold_out),
            "notes": list(choice.notes),
        }
        ledger.append(loaded.folder, "pairs", data, wanted.by)
        ledger.write_notes(loaded.folder)


def _alignment(alignment: Alignment, loaded: Project, values: dict[str, Any]) -> dict[str, Any]:
    """The shifts for the new lists: of the nearest frame that had one; nothing where there were none."""
    known = [
        (pair.source, shift)
        for pairs, shifts in ((loaded.pairs, alignment.translate), (loaded.hold_out, alignment.hold_out))
        if shifts
        for pair, shift in zip(pairs, shifts, strict=False)
    ]
    if not known:
        return {}
    return {
        f"alignment.{key}": [
            list(min(known, key=lambda one: (abs(one[0] - pair.source), one[0]))[1]) for pair in values[name]
        ]
        for name, key in (("pairs", "translate"), ("hold_out", "hold_out"))
    }


def _tell(report: Report, what: str) -> Callable[[int, int, int], None]:
    def tell(done: int, total: int, frame: int) -> None:
        report.progress(what, done, total, frame=frame)

    return tell


def _tell_all(
    report: Report,
    record: dict[str, Any],
    choice: Choice,
    lacking: Sequence[Missing],
    verdict: Verdict,
    made: dict[str, str],
    applied: bool,
) -> None:
    result: dict[str, Any] = {
        "offset": record["offset"]["sentence"],
        "shots": len(record["shots"]),
        "excluded": f"{len(record['excluded'])} frames" if not report.as_json else record["excluded"],
        "reference": verdict.reason,
        "flags": list(verdict.flags),
        "coverage": choice.value,
        "missing": [one.title for one in lacking]
        if not report.as_json
        else [one.as_dict() for one in lacking],
        "notes": list(choice.notes),
        "applied": applied,
        **made,
    }
    if report.as_json:
        result |= {
            "better": verdict.better,
            "verdict": verdict.as_dict(),
            "pairs": [one for one in record["choice"]["pairs"]],
            "hold_out": [one for one in record["choice"]["hold_out"]],
        }
    else:
        chosen = record["choice"]
        for word, ones in (("pair", chosen["pairs"]), ("hold-out", chosen["hold_out"])):
            for number, one in enumerate(ones, 1):
                report.say(f"{word} {number}: frame {one['source']} ({one['reference']}), {one['reason']}")
    report.result(result, "curation")
    if not applied:
        report.say("nothing is changed yet; run it again with --apply, or use film-recovery pairs")
