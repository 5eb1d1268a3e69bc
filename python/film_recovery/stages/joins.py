"""First and last frames and the joins between shots, where a crop that does not fit and the seams of tiles show first.

Measured on the written frames against the Source; the windows of all written frames are read from their headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from film_recovery.analysis.seams import borders, seams
from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.runs import spread
from film_recovery.rendering.record import sha256
from film_recovery.stages.done import digest
from film_recovery.stages.masters import header_of, written
from film_recovery.stages.measure import measures
from film_recovery.stages.proof import displayed
from film_recovery.stages.remembered import remembered
from film_recovery.stages.survey import Progress, Survey, known
from film_recovery.stages.view import NotYet, View

_CODES = 255  # of a display: what a reader is told


@measures("inference.joins")
def joins(view: View, check: Check) -> Outcome:
    """Value: by frame what was found. A data window that is not the live area's; a seam or a border that the next frame
    has too; or a jump of light between the two that the Source has not."""
    there = view.written
    window = _windows(view, there)
    if window is not None:
        return judged(check, False, window[0], window[1], window[2])
    seen = known(view)
    ends = _ends(seen, there)
    chosen = _chosen(ends, check)
    found = _measured(view, check, seen, chosen, lambda what, done, total: None)
    told = {frame: one for frame in chosen if (one := _told(found[frame], check.tolerance["jump"]))}
    looked = f"{len(chosen)} first and last frames of the range and its shots"
    if len(chosen) < len(ends):
        looked += f" ({len(ends) - len(chosen)} more were not looked at: {len(chosen)} are the most)"
    if not told:
        reason = (
            f"No seam and no crop that does not fit in {looked}; {len(there)} frames have one data window."
        )
        return judged(check, True, {"looked_at": chosen}, reason)
    frame = next(iter(told))
    said = "; ".join(f"frame {one}: {text}" for one, text in list(told.items())[:4])
    value = {str(one): found[one] for one in told}
    show = {"frame": frame, "file": str(view.output.sequence.path(frame)), "node": view.inference_block.path}
    return judged(check, False, value, f"Of {looked}, {len(told)} show faults: {said}.", show)


def measure_ahead(view: View, progress: Progress) -> None:
    """Looks at the frames that the check will ask for, telling how far it is: the check finds them remembered. What
    cannot be looked at is left to it, which says so in its own words."""
    with suppress(NotYet, FilmRecoveryError):
        check, seen = view.check("inference.joins"), known(view)
        _measured(view, check, seen, _chosen(_ends(seen, view.written), check), progress)


def _chosen(ends: list[int], check: Check) -> list[int]:
    """All of ``ends``; of more than the tolerance's, so many, evenly, the first and the last among them."""
    return sorted({*spread(ends, int(check.tolerance["frames"])), *ends[:1], *ends[-1:]})


def _measured(
    view: View, check: Check, seen: Survey, chosen: list[int], progress: Progress
) -> dict[int, dict[str, Any]]:
    """What each of ``chosen`` shares with its neighbour; one frame and its Source are in memory at a time."""
    reads = Evaluator(view.script, cache_bytes=0)
    limits = {name: float(check.tolerance[name]) for name in ("seam", "border")}
    there, found = set(view.written), {}
    for done, frame in enumerate(chosen, 1):
        own, other = _looked(view, reads, frame, limits), _beside(seen, there, frame)
        beside = None if other is None else _looked(view, reads, other, limits)
        found[frame] = {**own, "jump": 0.0} if beside is None else _both(own, beside)
        progress("first and last frames and joins", done, len(chosen))
    return found


def _windows(view: View, frames: list[int]) -> tuple[dict[str, Any], str, dict[str, Any]] | None:
    """The first written frame whose data window is not what inference gives: value, reason, place."""
    for frame in frames:
        path = view.output.sequence.path(frame)
        found, wanted = header_of(view, frame).bbox, view.live_area(frame)
        if found != wanted:
            value = {"frame": frame, "window": str(found), "live_area": str(wanted)}
            reason = f"Frame {frame} holds {found}, and the live area at inference is {wanted}."
            return value, reason, {"frame": frame, "file": str(path), "node": view.inference_block.path}
    return None


def _ends(seen: Survey, there: list[int]) -> list[int]:
    """First and last frames of the shots, those that are written; of the range in any case."""
    inside = set(there)
    ends = {there[0], there[-1], *(frame for shot in seen.shots for frame in shot if frame in inside)}
    return sorted(ends)


def _looked(view: View, reads: Evaluator, frame: int, limits: Mapping[str, float]) -> dict[str, Any]:
    """Seams and borders of one frame, and the mean of what was changed, encoded."""
    read = view.read_of(view.inference)
    area = view.live_area(frame)

    def make() -> dict[str, Any]:
        source = reads.frame(read.path, frame).rgb(area)
        own, recovered = displayed(view, source), displayed(view, written(view, frame, area))
        return {
            "seams": [[one.along, one.at, one.step] for one in seams(own, recovered, limits["seam"])[:8]],
            "borders": [
                [one.side, one.change, one.inside] for one in borders(own, recovered, limits["border"])
            ],
            "mean": round(float((recovered - own).mean()), 6),
        }

    reading = digest(view.script_reading.described())
    about = [dict(limits), str(area), view.output.holds, reading, *map(sha256, view.files_of(frame))]
    return remembered(view.project, "joins", (), about, make)


def _beside(seen: Survey, there: set[int], frame: int) -> int | None:
    """The next frame of the same shot that is written, or the one before."""
    first, last = seen.shot_of(frame)
    return next((one for one in (frame + 1, frame - 1) if one in there and first <= one <= last), None)


def _both(found: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What a frame shares with its neighbour: seams and borders stay where they are, the picture's own lines move.
    And by how much the change jumps between them."""

    def same(one: list[Any]) -> bool:
        return any(
            one[0] == two[0] and abs(one[1] - two[1]) <= 1 and one[2] * two[2] > 0 for two in other["seams"]
        )

    sides = {one[0] for one in other["borders"]}
    return {
        "seams": [one for one in found["seams"] if same(one)],
        "borders": [one for one in found["borders"] if one[0] in sides],
        "jump": round(found["mean"] - other["mean"], 6),
    }


def _told(found: Mapping[str, Any], most: float) -> str:
    parts = [
        f"a seam of {_CODES * abs(step):.1f} codes, {along}, {at} pixels from the "
        f"{'left' if along == 'vertical' else 'top'} of the live area"
        for along, at, step in found["seams"][:2]
    ]
    parts += [
        f"the {side} border is changed by {_CODES * change:.1f} codes, {_CODES * inside:.1f} beside it"
        for side, change, inside in found["borders"][:2]
    ]
    if abs(found["jump"]) > most:
        parts.append(f"the change jumps by {_CODES * found['jump']:+.1f} codes beside the next frame")
    return ", ".join(parts)
