"""What ``curate`` leaves: table, contact sheet, plot, stacks and record; the project's pairs; and what it says.

``curate`` has decided by then. Everything here follows from a :class:`Decided` and the task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from film_recovery import ledger
from film_recovery._files import write_whole
from film_recovery.cli.curate_task import Task, Wanted
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report, json_line
from film_recovery.curation import flags, table
from film_recovery.curation.choosing import Choice
from film_recovery.curation.coverage import Missing, Shown
from film_recovery.curation.plot import coverage_plot
from film_recovery.curation.reference import Verdict
from film_recovery.curation.sheet import Cell, contact_sheet
from film_recovery.errors import UsageError
from film_recovery.footage.correspondence import Match
from film_recovery.footage.faults import Fault
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.plugin.pair_stack_text import pair_stack_text
from film_recovery.project import Alignment, PairOf, Project

SHEET, PLOT, STACK, RECORD = "contact_sheet.png", "coverage.svg", "pair_stacks.nk", "curation.json"


@dataclass(frozen=True, eq=False)
class Decided:
    """All that was found and chosen. ``corrected``: sentences about the offset. ``excluded``: Source frame → why.
    ``own``: the operator's pairs and hold-outs that stay, by Source frame."""

    scope: str
    shots: tuple[tuple[int, int], ...]
    found: Match
    corrected: tuple[str, ...]
    excluded: Mapping[int, str]
    faults: tuple[Fault, ...]
    shown: tuple[Shown, ...]
    choice: Choice
    missing: tuple[Missing, ...]
    verdict: Verdict
    own: Mapping[int, PairOf]

    def flags(self, frame: int) -> tuple[str, ...]:
        """What was found about a pair and stays, with what the operator had flagged. Faults were looked for on the
        frames that ``found`` pairs; a pair of other frames keeps what was measured of it before."""
        own = self.own.get(frame)
        measured = own is None or self.found.frames.get(frame) == own.reference
        faults = [fault.reason for fault in self.faults if measured and fault.frame == frame]
        return flags.joined((*faults, *self.verdict.flags), () if own is None else own.flags, faults=measured)

    def reason(self, frame: int, usual: str) -> str:
        """Why the pair was chosen: the operator's own words, where there are any."""
        return (self.own[frame].reason if frame in self.own else "") or usual

    def as_dict(self) -> dict[str, Any]:
        """The record, ``curation.json``."""
        return {
            "scope": self.scope,
            "shots": [list(shot) for shot in self.shots],
            "offset": self.found.as_dict(),
            "corrected": list(self.corrected),
            "excluded": [{"frame": frame, "reason": why} for frame, why in sorted(self.excluded.items())],
            "faults": [fault.as_dict() for fault in self.faults],
            "verdict": self.verdict.as_dict(),
            "choice": self.choice.as_dict(),
            "missing": [one.as_dict() for one in self.missing],
            "coverage": [one.as_dict() for one in self.shown],
        }


def corrections(before: Match, after: Match) -> tuple[str, ...]:
    """What larger pictures said of the offsets that thumbnails gave, run by run: moved by one, or sure now."""
    told = []
    for old, new in zip(before.runs, after.runs, strict=True):
        frames = f"Frames {new.first}–{new.last}"
        if new.offset != old.offset:
            told.append(
                f"{frames}: offset {new.offset:+d}, not {old.offset:+d}; in larger pictures the neighbour shares more "
                "static structure."
            )
        elif new.sure and not old.sure:
            told.append(f"{frames}: offset {new.offset:+d} is sure in larger pictures.")
    return tuple(told)


def written(task: Task, decided: Decided) -> dict[str, str]:
    """pairs.csv, contact sheet, coverage plot, script text and record; what lies where."""
    choice = decided.choice
    rows, cells = [], []
    for kind, pairs in ((table.TRAINING, choice.pairs), (table.HOLD_OUT, choice.hold_out)):
        for number, pair in enumerate(pairs, 1):
            why = decided.reason(pair.source, pair.reason)
            said = "; ".join(decided.flags(pair.source))
            row = table.Row(number, kind, pair.source, pair.reference, str(pair.shot), why, flags=said)
            rows.append(table.described(row, task.source.sequence, task.reference.sequence))
            cells.append(
                Cell(number, (pair.source, pair.reference), why, str(pair.shot), kind == table.HOLD_OUT)
            )
    table.write(rows, task.out / table.FILE)

    def pictures(cell: Cell) -> tuple[Pixels, Pixels]:
        return task.source.small(cell.frames[0], 480), task.reference.small(cell.frames[1], 480)

    contact_sheet(cells, pictures, task.out / SHEET, task.title)
    pairs_, held_ = ([one.source for one in side] for side in (choice.pairs, choice.hold_out))
    plot = coverage_plot(decided.shown, pairs_, held_, decided.shots, decided.missing, task.title)
    write_whole(task.out / PLOT, plot)
    write_whole(task.out / STACK, _stacks(task, choice))
    write_whole(task.out / RECORD, json.dumps(json.loads(json_line(decided.as_dict())), indent=1) + "\n")
    return {name: str(task.out / name) for name in (table.FILE, SHEET, PLOT, STACK, RECORD)}


def _stacks(task: Task, choice: Choice) -> str:
    """Both pair stacks as script text. The operator's own pairs may lie outside the frames that were looked at."""
    stacks = []
    for side, clip in (("source", task.source), ("reference", task.reference)):
        frames = [[getattr(one, side) for one in part] for part in (choice.pairs, choice.hold_out)]
        used = [clip.frames[0], clip.frames[-1], *frames[0], *frames[1]]
        stacks.append(
            pair_stack_text(side, *frames, first=min(used), last=max(used), fps=max(1.0, min(60.0, task.fps)))
        )
    return "".join(stacks)


def applied(report: Report, loaded: Project, decided: Decided, wanted: Wanted) -> None:
    """Writes pairs and hold-out into project.yaml. The alignment of pairs that stay is kept; the others get that of
    the nearest one, which is said. Raises UsageError where the project's pairs were changed meanwhile."""
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
        choice = decided.choice
        values: dict[str, Any] = {}
        for name, chosen in (("pairs", choice.pairs), ("hold_out", choice.hold_out)):
            values[name] = [
                replace(
                    before[one.source]
                    if one.own and one.source in before
                    else PairOf(one.source, one.reference, one.reason, str(one.shot)),
                    flags=decided.flags(one.source),
                    # 0 for a pair outside of the frames that were looked at: what it stood for before still holds.
                    stands_for=one.stands_for
                    or (before[one.source].stands_for if one.source in before else 0),
                )
                for one in chosen
            ]
        values |= _alignment(loaded.alignment, loaded, values)
        if decided.scope != loaded.scope:
            values["scope"] = decided.scope
        project.update(loaded.folder, values, backup=True)
        data = {
            "what": "Pairs and hold-out were chosen by coverage.",
            "pairs": format_frames(one.source for one in choice.pairs),
            "hold_out": format_frames(one.source for one in choice.hold_out),
            "notes": [*decided.corrected, *choice.notes],
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


def tell(report: Report, decided: Decided, made: Mapping[str, str], applied: bool) -> None:
    """The result, and in words the pairs with their reasons. ``applied``: whether the project has them now."""
    record = decided.as_dict()
    verdict, choice = decided.verdict, decided.choice
    result: dict[str, Any] = {
        "offset": decided.found.sentence(),
        "corrected": list(decided.corrected),
        "shots": len(decided.shots),
        "excluded": f"{len(decided.excluded)} frames" if not report.as_json else record["excluded"],
        "reference": verdict.reason,
        "flags": list(verdict.flags),
        "coverage": choice.value,
        "missing": record["missing"] if report.as_json else [one.title for one in decided.missing],
        "notes": list(choice.notes),
        "applied": applied,
        **made,
    }
    chosen = record["choice"]
    if report.as_json:
        result |= {
            "better": verdict.better,
            "verdict": verdict.as_dict(),
            "pairs": list(chosen["pairs"]),
            "hold_out": list(chosen["hold_out"]),
        }
    else:
        for word, ones in (("pair", chosen["pairs"]), ("hold-out", chosen["hold_out"])):
            for number, one in enumerate(ones, 1):
                report.say(f"{word} {number}: frame {one['source']} ({one['reference']}), {one['reason']}")
    report.result(result, "curation")
    if not applied:
        report.say("nothing is changed yet; run it again with --apply, or use film-recovery pairs")
