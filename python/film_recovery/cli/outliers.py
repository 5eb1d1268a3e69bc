"""``outliers``: which recovered frames stand out, and the worst of them as pairs of the next training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery import ledger, project, protection
from film_recovery.cli import pairs
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, UsageError
from film_recovery.footage.clip import open_clip
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.outliers import KINDS
from film_recovery.stages import outliers as stage
from film_recovery.stages.closed_form import last_training
from film_recovery.stages.view import NotYet, View

RECORD = "outliers"  # the kind of the ledger's records
_SHOWN = 20


class _Unsaid(Report):
    """Where results of single pairs go: they are told together."""

    def result(self, data: Mapping[str, Any], title: str = "") -> None:
        self.said = dict(data)


def of_sequences(
    report: Report,
    source: str | None,
    recovered: str | None,
    frames: str | None,
    space: str,
    out: Path | None,
) -> int:
    """Two sequences by their patterns. Raises UsageError where one is not given, and for no frame in common."""
    if source is None or recovered is None:
        raise UsageError(
            "outliers takes a project, or two sequences.",
            remedy="give a project, or --source and --recovered",
        )
    sides = [
        open_clip(name, text, space=space) for name, text in (("Source", source), ("Recovered", recovered))
    ]
    if out is not None:
        for side in sides:
            protection.keep_apart(out, side.sequence.folder, f"where the {side.name} keeps its frames")
    asked = set(parse_frames(frames)) if frames is not None else None
    common = sorted(set(sides[0].frames) & set(sides[1].frames) & (asked or set(sides[0].frames)))
    if not common or (asked and asked - set(common)):
        missing = format_frames(sorted((asked or set()) - set(common)))
        raise UsageError(
            f"Source and Recovered do not both have frames {missing}." if missing else "They share no frame.",
            remedy="choose --frames among those that both have",
        )

    def both(frame: int) -> tuple[Pixels, Pixels]:
        one, two = (side.picture(frame) for side in sides)
        if one.shape != two.shape:
            raise UsageError(
                f"Source is {one.shape[1]} × {one.shape[0]}, Recovered {two.shape[1]} × {two.shape[0]}.",
                remedy="compare sequences of one size",
                frame=frame,
            )
        return one, two

    found = stage.search(sides[0], common, both, report.progress)
    if out is not None:
        stage.write(found, out, both, {}, report.progress)
    _tell(report, found, {"file": str(out / stage.FILE)} if out is not None else {})
    return EXIT_DONE


def of_project(
    report: Report, folder: Path, frames: str | None, add: int, chosen: str | None, by: str, take_over: bool
) -> int:
    """A project's masters; with ``add`` or ``chosen`` some of the outliers become pairs. The ledger gets a row."""
    loaded = project.load(folder)
    view = View(loaded)
    asked = parse_frames(frames) if frames is not None else None
    try:
        found, file = stage.look(view, report.progress, asked)
    except NotYet as reason:
        raise UsageError(f"Not yet: {reason}.", remedy="film-recovery infer, or run, first") from reason
    wanted, passed = _chosen(loaded, found, add, chosen)
    added, notes = [], [f"{frame} passed over: {why}" for frame, why in passed.items()]
    for frame, kinds in wanted.items():
        quiet = _Unsaid(report.as_json)
        pairs.add(
            quiet, folder, str(frame), reason=f"outlier: {', '.join(kinds)}", by=by, take_over=take_over
        )
        added.append(frame)
        notes += [f"{frame}: {note}" for note in quiet.said.get("notes", [])]
    told = _record(folder, found, added, stage.whole(view, found), by, take_over, report)
    _tell(report, found, {"file": str(file), **told, **({"notes": notes} if notes else {})})
    return EXIT_DONE


def _chosen(
    loaded: project.Project, found: stage.Found, add: int, chosen: str | None
) -> tuple[dict[int, list[str]], dict[int, str]]:
    """Frames that become pairs, with what stands out in them; worse ones that were passed over, with why. Raises
    UsageError naming each of ``chosen`` that cannot become one: then none does."""
    kinds: dict[int, list[str]] = {}
    for one in found.outliers:
        kinds.setdefault(one.frame, []).append(one.kind)
    if chosen is None:
        return _worst(loaded, kinds, add)
    named = parse_frames(chosen)
    whys = {
        frame: stage.refused(loaded, frame) or ("" if frame in kinds else "no outlier") for frame in named
    }
    wrong = [f"frame {frame} is {why}" for frame, why in whys.items() if why]
    if wrong:
        said = "; ".join(wrong)
        raise UsageError(
            f"No pair was added: {said}.",
            remedy="choose others; outliers are " + (format_frames(sorted(kinds)) if kinds else "none"),
            frame=next(frame for frame, why in whys.items() if why),
        )
    return {frame: kinds[frame] for frame in named}, {}


def _worst(
    loaded: project.Project, kinds: Mapping[int, list[str]], add: int
) -> tuple[dict[int, list[str]], dict[int, str]]:
    taken: dict[int, list[str]] = {}
    passed: dict[int, str] = {}
    for frame, found in kinds.items():
        if len(taken) == add:
            break
        why = stage.refused(loaded, frame)
        if why:
            passed[frame] = why
        else:
            taken[frame] = found
    return taken, passed


def _record(
    folder: Path, found: stage.Found, added: list[int], whole: bool, by: str, take_over: bool, report: Report
) -> dict[str, Any]:
    """The iteration's row, compared with the last accepted one; and what comes next. A look at some of the frames is
    neither compared nor accepted: they say nothing of the others."""
    loaded = project.load(folder)
    view = View(loaded)
    now = {"count": len(found.frames), "kinds": found.by_kind()}
    compared: dict[str, Any] = {"rates": stage.rates_of(now), "accepted": False, "part": True}
    if whole:
        rows = [one.data for one in ledger.read(folder).of_kind(RECORD)]
        compared = stage.compared(now, stage.last_accepted(rows))
    unjudged = len({one.frame for one in found.untold})
    more = f"; {unjudged} not judged by all kinds" if unjudged else ""
    last = last_training(loaded)
    run = f"pipeline/03_copycat_training/{last['run']}" if last.get("run") else ""
    data: dict[str, Any] = {
        "what": f"{len(found.outliers)} outliers in {len(found.frames)} frames{more}.",
        "frames": format_frames(found.frames),
        "model": str(last.get("sha256", "")),
        "kinds": found.by_kind(),
        "unjudged": unjudged,
        **compared,
        "edition": stage.EDITION,
        "added": added,
    }
    if found.outliers:
        data["lever"] = stage.lever(loaded, int(view.recipe.presets.get("steps_most", 80_000)))
        data["training"] = stage.beginning(loaded, len(added), run)
    with pairs.held(report, folder, "outliers", by, take_over):
        ledger.append(folder, RECORD, data, by)
        ledger.write_notes(folder)
    return {
        key: data[key] for key in ("part", "accepted", "worse", "added", "lever", "training") if key in data
    }


def _tell(report: Report, found: stage.Found, more: Mapping[str, Any]) -> None:
    for one in found.outliers[:_SHOWN]:
        report.say(one.reason)
    if len(found.outliers) > _SHOWN:
        report.say(f"… and {len(found.outliers) - _SHOWN} more")
    for frame in found.untold[:_SHOWN]:
        report.say(f"Frame {frame.frame} was not judged by {', '.join(frame.kinds)}: {frame.why}.")
    if len(found.untold) > _SHOWN:
        report.say(f"… and {len(found.untold) - _SHOWN} more that were not judged by all kinds")
    kinds = found.by_kind()
    data: dict[str, Any] = {
        "frames": len(found.frames),
        "count": len(found.outliers),
        "kinds": {kind: kinds[kind] for kind in KINDS if kind in kinds},
        "too_short_to_compare": format_frames(found.alone) if found.alone else "",
        "not_judged_by_all_kinds": format_frames(one.frame for one in found.untold),
        **more,
    }
    if report.as_json:
        data["outliers"] = [one.as_dict() for one in found.outliers]
        data["untold"] = [one.as_dict() for one in found.untold]
    report.result(data, "outliers")
