"""Stage 4: the recovered frames of a project, or of two sequences, held against their neighbours.

``search`` streams: a frame's Source and Recovered are read, measured and let go, shot after shot. Of a project
``look`` writes ``outliers.json`` and a picture of each of the worst into the validation folder, those of a part of the
frames into a folder of its own; the check reads the file of all, and knows by size and time of the frames, and by the
edition of the statistics, whether it still holds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery._files import read_text
from film_recovery.checks import Check, Outcome, judged
from film_recovery.curation.choosing import ESCALATION, LEAST_APART, next_count
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import ENCODED, Clip
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame, Pixels
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.outliers import Outlier, Untold, find_outliers, find_untold, measure
from film_recovery.outliers.finding import EDITION, FEWEST
from film_recovery.outliers.picture import contact
from film_recovery.project import Project, paths
from film_recovery.project.moments import offset_at
from film_recovery.stages.clips import clip_of
from film_recovery.stages.done import digest
from film_recovery.stages.masters import written
from film_recovery.stages.measure import measures
from film_recovery.stages.view import NotYet, View

FILE = "outliers.json"
PICTURES = "outliers"  # the folder beside it
PART = "outliers_part"  # the folder that keeps a look at some of the frames
MOST_PICTURES = 60
_LARGEST = 1 << 26  # bytes of the file
_NAMED = 5  # of the worst
_NEARLY = 0.75  # of a shot's frames that were not judged by a kind: nobody has looked for it there

Both = Callable[[int], tuple[Pixels, Pixels]]  # Source and Recovered of a frame: H×W×3 encoded, top row first
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Found:
    """``outliers``: the worst first. ``frames``: all that were measured; ``alone``: those in shots that are too short
    to say what is usual. ``untold``: frames that could not be judged by some kinds."""

    outliers: tuple[Outlier, ...]
    frames: tuple[int, ...]
    alone: tuple[int, ...]
    shots: tuple[tuple[int, int], ...]
    untold: tuple[Untold, ...] = ()

    def by_kind(self) -> dict[str, int]:
        return dict(Counter(one.kind for one in self.outliers).most_common())


def search(
    source: Clip, frames: Sequence[int], both: Both, progress: Progress, origin: tuple[int, int] = (0, 0)
) -> Found:
    """The outliers among ``frames``. ``source``: for its cuts. ``origin``: left and bottom of the pictures in the
    frame, by which places are told. Errors as ``both`` and ``source``."""
    wanted = sorted(set(frames))
    kept = tuple(frame for frame in source.frames if frame in set(wanted))
    known = signatures(
        replace(source, frames=kept), progress=lambda done, total, frame: progress("cuts", done, total)
    )
    shots = tuple((shot.first, shot.last) for shot in find_shots(known))
    found: list[Outlier] = []
    alone: list[int] = []
    untold: list[Untold] = []
    done = 0
    for first, last in shots:
        inside = [frame for frame in kept if first <= frame <= last]
        if len(inside) <= FEWEST:
            alone += inside
            done += len(inside)
            progress("outliers", done, len(kept))
            continue
        measured = []
        for frame in inside:
            measured.append(measure(frame, *both(frame)))
            done += 1
            progress("outliers", done, len(kept))
        found += find_outliers(measured)
        untold += find_untold(measured)
    moved = (replace(one, where=_moved(one.where, origin)) for one in found)
    ordered = tuple(sorted(moved, key=lambda one: (-one.score, one.frame)))
    return Found(ordered, kept, tuple(alone), shots, tuple(untold))


def write(
    found: Found,
    folder: Path,
    both: Both,
    more: Mapping[str, Any],
    progress: Progress,
    origin: tuple[int, int] = (0, 0),
) -> Path:
    """``outliers.json`` in ``folder``, and pictures of the worst; those of an earlier look are taken away."""
    earlier = kept(folder / FILE)
    shown = found.outliers[:MOST_PICTURES]
    rows = []
    for number, one in enumerate(found.outliers):
        row = one.as_dict()
        if number < len(shown):
            name = f"{PICTURES}/{one.frame}_{one.kind}.png"
            source, recovered = both(one.frame)
            picture = contact(recovered, source, _moved(one.where, (-origin[0], -origin[1])))
            write_frame(
                Frame.from_array(picture, top_down=True),
                folder / name,
                datatype="uint8",
                create_directories=True,
            )
            row["picture"] = name
            progress("pictures", number + 1, len(shown))
        rows.append(row)
    data = {
        "frames": format_frames(found.frames),
        "count": len(found.frames),
        "alone": format_frames(found.alone),
        "untold": [one.as_dict() for one in found.untold],
        "shots": [list(shot) for shot in found.shots],
        "kinds": found.by_kind(),
        **more,
        "outliers": rows,
    }
    with replacement(folder / FILE, create_directories=True) as temporary:
        temporary.write_text(json.dumps(data, indent=1), encoding="utf-8")
    named = {row.get("picture") for row in rows}
    for row in (earlier or {}).get("outliers", []):
        old = row.get("picture") if isinstance(row, dict) else None
        if isinstance(old, str) and old not in named and old == f"{PICTURES}/{Path(old).name}":
            (folder / old).unlink(missing_ok=True)
    return folder / FILE


def kept(file: Path) -> dict[str, Any] | None:
    """What an earlier look wrote; None where there is none that can be read."""
    try:
        data = json.loads(read_text(file, _LARGEST))
    except (FilmRecoveryError, ValueError):
        return None
    return data if isinstance(data, dict) and isinstance(data.get("outliers"), list) else None


def look(view: View, progress: Progress, frames: Sequence[int] | None = None) -> tuple[Found, Path]:
    """Searches the written frames of a project (``frames``: some of them) and writes what was found: of some, into
    PART, so that the look at all of them stays as it is.

    Raises NotYet where nothing has been rendered, FilmRecoveryError naming a frame that cannot be read.
    """
    wanted = view.written if frames is None else [frame for frame in view.written if frame in set(frames)]
    if not wanted:
        raise NotYet("none of these frames has been rendered")
    both = both_of(view)
    area = view.live_area(wanted[0])
    found = search(clip_of(view, "source"), wanted, both, progress, (area.x, area.y))
    more = {"of": state(view, found.frames)}
    folder = paths(view.project).validation
    folder = folder if whole(view, found) else folder / PART
    return found, write(found, folder, both, more, progress, (area.x, area.y))


def whole(view: View, found: Found) -> bool:
    """Whether all written frames were looked at: a part says nothing of the others."""
    return set(found.frames) == set(view.written)


def stale(view: View) -> bool:
    """Whether the last look was of other frames than those that are there, or by earlier statistics: it says nothing of
    these. Where none is there, it is of others."""
    data = kept(paths(view.project).validation / FILE)
    if data is None or "of" not in data:
        return False
    try:
        return bool(data["of"] != state(view, view.written))
    except NotYet:
        return True


def refresh(view: View, progress: Progress) -> None:
    """Looks again where frames were rendered since, or by earlier statistics; nothing where the last look holds."""
    data = kept(paths(view.project).validation / FILE)
    if data is None or data.get("of") != state(view, view.written):
        look(view, progress)


def both_of(view: View) -> Both:
    """Source and master of a frame over its live area, as displayed."""
    root = view.evaluator.root

    def both(frame: int) -> tuple[Pixels, Pixels]:
        area = view.live_area(frame)
        source = view.evaluator.frame(view.read_of(view.inference).node, frame).rgb(area)
        sides = (source, written(view, frame, area))
        one, two = (
            root.config.convert(np.ascontiguousarray(side[::-1]), root.working_space, ENCODED)
            for side in sides
        )
        return one, two

    return both


def state(view: View, frames: Sequence[int]) -> str:
    """Of the files of ``frames`` and the edition of the statistics: another after any of them was written again."""
    stats = [(frame, view.output.sequence.path(frame).stat()) for frame in frames]
    return digest([EDITION, *((frame, one.st_size, one.st_mtime_ns) for frame, one in stats)])


@measures("inference.outliers")
def looked_for(view: View, check: Check) -> Outcome:
    """What the last look found in the frames as they are; value: how many, by kind. Nothing was found good where
    nearly all of a shot could not be judged: a warning."""
    frames = view.written
    file = paths(view.project).validation / FILE
    data = kept(file)
    if data is None:
        raise NotYet("nobody has looked for outliers (film-recovery outliers)")
    if data.get("of") != state(view, frames):
        raise NotYet(
            "frames were rendered since outliers were looked for, or by earlier statistics (film-recovery outliers)"
        )
    rows = data["outliers"]
    limit = check.tolerance["outliers"]
    value = {"outliers": len(rows), "frames": data["count"], **data["kinds"]}
    untold = [row["frame"] for row in data.get("untold", ())]
    unsaid = f" Not judged by all kinds: {format_frames(untold)}." if untold else ""
    unseen = _unseen(data)
    unsaid += f" Nearly all of a shot was not: {'; '.join(unseen)}." if unseen else ""
    if len(rows) > limit:
        worst = "; ".join(f"{row['frame']} {row['kind']}" for row in rows[:_NAMED])
        reason = f"{len(rows)} outliers in {data['count']} frames. The worst: {worst}.{unsaid}"
        picture = rows[0].get("picture")
        show = {"frame": rows[0]["frame"], **({"file": str(file.parent / picture)} if picture else {})}
        return _to_be_seen(judged(check, False, value, reason, show), unseen)
    alone = f" Too short to compare: {data['alone']}." if data["alone"] else ""
    reason = f"{len(rows)} outliers in {data['count']} frames.{alone}{unsaid}"
    return _to_be_seen(judged(check, True, value, reason), unseen)


def _unseen(data: Mapping[str, Any]) -> list[str]:
    """By which kinds nearly all frames of a shot could not be judged: its frames and the kinds, in words."""
    frames, found = parse_frames(data["frames"]), []
    for first, last in data["shots"]:
        inside = sum(first <= frame <= last for frame in frames)
        of = Counter(
            kind for row in data.get("untold", ()) if first <= row["frame"] <= last for kind in row["kinds"]
        )
        kinds = [kind for kind, count in of.items() if count >= _NEARLY * inside]
        if kinds:
            found.append(f"{first}–{last} by {', '.join(kinds)}")
    return found


def _to_be_seen(outcome: Outcome, unseen: Sequence[str]) -> Outcome:
    """A warning, with what is left to do, where some shots were not judged."""
    if not unseen:
        return outcome
    remedy = f"look at these frames yourself, beside the Source and one another: {'; '.join(unseen)}"
    state = "warn" if outcome.outcome == "pass" else outcome.outcome
    return replace(outcome, outcome=state, remedy=(*outcome.remedy, remedy))


# What comes next


def lever(project: Project, steps_most: int) -> str:
    """The workflow's next lever for outliers, as the project stands: more pairs, more steps, less jitter."""
    pairs, training = len(project.pairs), project.training
    if pairs < ESCALATION[-1]:
        return f"more pairs of what fails: {pairs} now, {next_count(pairs)} next"
    if training.steps < steps_most:
        return f"more steps: {training.steps} now, up to {steps_most}"
    if training.exposure:
        return f"less photometric augmentation: exposure {training.exposure:g} now; size and patch unchanged"
    return "of one place only: the live-area Crop, then the Reference's cleanup; size and patch unchanged"


def refused(project: Project, frame: int) -> str:
    """Why ``frame`` cannot become a training pair, in words; empty where it can."""
    held = [pair.source for pair in project.hold_out]
    if frame in held:
        return "a hold-out, which never enters training"
    if frame in {pair.source for pair in project.pairs}:
        return "a pair already"
    near = [one for one in held if abs(one - frame) < LEAST_APART]
    if near:
        return f"beside the hold-out {near[0]}, nearly the same picture"
    reference = frame + offset_at((*project.pairs, *project.hold_out), frame)
    for name, number in (("source", frame), ("reference", reference)):
        one = project.elements[name]
        if not one.first <= number <= one.last:
            return f"outside the {name.capitalize()}'s frames {one.first}–{one.last}, as frame {number}"
    return ""


def beginning(project: Project, added: int, checkpoint: str) -> str:
    """How the next training begins after ``added`` pairs: fresh, or from the best checkpoint (weights only).

    Resume is refused once pairs changed. Many new pairs (more than a third of all) or no checkpoint: fresh.
    """
    if not added:
        return "pairs are as they were: the training may go on where it stopped"
    if not checkpoint:
        return "fresh: there is no checkpoint of this project to fine-tune from"
    if 3 * added > len(project.pairs):
        return f"fresh: {added} of {len(project.pairs)} pairs are new"
    return f"fine-tune from {checkpoint}: {added} of {len(project.pairs)} pairs are new (training.initial)"


def last_accepted(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest of the ledger's ``rows`` that was accepted, by the present statistics: rates of others do not
    compare. A row that names no edition is of the first."""
    return next(
        (row for row in reversed(rows) if row.get("accepted") and row.get("edition", 1) == EDITION), None
    )


def compared(now: Mapping[str, Any], accepted: Mapping[str, Any] | None) -> dict[str, Any]:
    """The rates of outliers (for each thousand frames, by kind) against the last accepted iteration's; ``accepted``:
    no kind has become more frequent."""
    rates = rates_of(now)
    if accepted is None:
        return {"rates": rates, "accepted": True, "worse": []}
    before = accepted.get("rates", {})
    worse = sorted(kind for kind, rate in rates.items() if rate > float(before.get(kind, 0)) + 1e-9)
    return {"rates": rates, "before": dict(before), "accepted": not worse, "worse": worse}


def rates_of(data: Mapping[str, Any]) -> dict[str, float]:
    return {kind: round(1000 * count / max(1, data["count"]), 3) for kind, count in data["kinds"].items()}


def _moved(where: tuple[int, int, int, int] | None, by: tuple[int, int]) -> tuple[int, int, int, int] | None:
    if where is None:
        return None
    left, bottom, right, top = where
    return left + by[0], bottom + by[1], right + by[0], top + by[1]
