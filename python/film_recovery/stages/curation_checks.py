"""Stage 1, what the pairs' pictures say: the Reference's worth, the same moment, content, faults, what is flagged.

``curation``, ``footage`` and ``registration`` measure; here their figures meet tolerances. Each looks at a bounded
number of pairs and remembers what it found by the bytes of their files. ``curate`` looks at all frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from film_recovery.checks import Check, Outcome, judged
from film_recovery.curation import flags
from film_recovery.curation.coverage import missing
from film_recovery.curation.reference import FINER
from film_recovery.footage.faults import excluded
from film_recovery.footage.finding import named
from film_recovery.footage.runs import spread
from film_recovery.project import PairOf
from film_recovery.project.moments import offset_at
from film_recovery.stages import alignment, walk
from film_recovery.stages.curation_figures import (
    all_pairs,
    content_of,
    faults_of,
    nearest,
    pictures_of,
    verdict_of,
)
from film_recovery.stages.measure import measures
from film_recovery.stages.view import NotYet, View


@measures("curation.reference_better")
def reference_better(view: View, check: Check) -> Outcome:
    """The verdict that ``curate`` gives, on a few of the pairs, at full size."""
    pairs = pictures_of(view).pairs(check.tolerance["pairs"])
    verdict = verdict_of(view, check.tolerance["pairs"])
    show = {"frame": pairs[0].source}
    reason = f"{verdict.reason} Measured on {_looked(view, pairs)}."
    if verdict.better is None:
        return Outcome(check.id, "warn", verdict.figures, check.tolerance, reason, check.remedy, show)
    enough, ratio = check.tolerance["as_good"], verdict.ratio
    if not verdict.better and enough and ratio is not None and enough <= ratio < FINER:
        reason = f"As good as the Source, {ratio:.2f} times where {enough:g} are enough: {reason}"
        return judged(check, True, verdict.figures, reason)
    return judged(check, verdict.better, verdict.figures, reason, {} if verdict.better else show)


@measures("curation.matching")
def matching(view: View, check: Check) -> Outcome:
    """Each pair's Reference frame against the one before and after: which shares most static structure."""
    seen = pictures_of(view)
    found = nearest(view, seen, check.tolerance["pairs"])["pairs"]
    sure = [one for one in found if one["margin"] >= check.tolerance["margin"]]
    wrong = [one for one in sure if one["frame"] != one["reference"]]
    value = {"pairs": len(found), "told": len(sure), "wrong": [one["source"] for one in wrong]}
    if not wrong:
        reason = f"Looked at: {_looked(view, found)}. {len(sure)} could be told from the frame before and the one after"
        reason += ", and show the same moment on both sides." if sure else ": too little moves, or is alike."
        return judged(check, True, value, reason)
    said = "; ".join(
        f"frame {one['source']} is paired with {one['reference']} of the Reference, and {one['frame']} is nearer"
        for one in wrong[:4]
    )
    more = f" ({len(wrong)} such pairs)" if len(wrong) > 4 else ""
    first = wrong[0]
    word = "add" if any(pair.source == first["source"] for pair in view.project.pairs) else "holdout"
    remedy = f"film-recovery pairs {word} {first['source']}:{first['frame']}"
    outcome = judged(check, False, value, f"{said[0].upper()}{said[1:]}{more}.", {"frame": first["source"]})
    return _with_remedy(outcome, remedy)


@measures("curation.coverage")
def coverage(view: View, check: Check) -> Outcome:
    """Families that frames spread over the range have, and no pair has half as much of.

    In the Reference's pictures, whose colours have not faded, where there are frames of it. Static regions need
    frames that follow one another, and are not looked for here.
    """
    seen = pictures_of(view)
    pairs = [pair for pair in view.project.pairs if seen.has((pair.source, pair.reference))]
    if not pairs:
        raise NotYet("no pairs are chosen")
    whole = view.check("ingest.frame_range").tolerance["reference_complete"]
    own = {pair.source: pair.reference for pair in pairs}
    moments = {
        frame: own.get(frame, frame + offset_at(pairs, frame))
        for frame in sorted({*spread(seen.source.frames, check.tolerance["frames"]), *own})
    }
    if whole:
        shown = [
            content_of(view, seen, seen.reference, frame, other)
            for frame, other in moments.items()
            if other in seen.present[1]
        ]
    else:
        shown = [content_of(view, seen, seen.source, frame, frame) for frame in moments]
    lacking = missing(shown, own)
    looked = f"{len(shown)} frames, pairs among them, were looked at"
    if not lacking:
        return judged(check, True, [], f"The pairs show every family of content that was found; {looked}.")
    said = "; ".join(
        f"{one.title} {one.most:.0%} in frame {one.frame}, {one.chosen:.0%} in the pairs"
        for one in lacking[:4]
    )
    more = f"; {len(lacking)} families in all" if len(lacking) > 4 else ""
    value = [one.as_dict() for one in lacking]
    return judged(check, False, value, f"No pair shows: {said}{more}. {looked}.", {"frame": lacking[0].frame})


@measures("curation.exclusions")
def exclusions(view: View, check: Check) -> Outcome:
    """Faults on the pairs, seen against the frames around them; one that a flag of the pair names was allowed."""
    pairs, found = faults_of(view, check.tolerance["pairs"])
    found = [fault for fault in found if fault.kind not in flags.TO_FLAG]
    carried = {pair.source: pair.flags for pair in pairs}
    allowed = [fault for fault in found if flags.names(carried.get(fault.frame, ()), fault.kind, fault.side)]
    out = excluded(fault for fault in found if fault not in allowed)
    kept = f" Allowed, for a flag names it: {_counted(len(allowed), 'fault')}." if allowed else ""
    if not out:
        return judged(check, True, {}, f"No fault on {_looked(view, pairs)}.{kept}")
    frame = min(out)
    said = " ".join(out[one] for one in sorted(out)[:3])
    reason = f"{len(out)} of {_looked(view, pairs)} have faults, {named(out)}. {said}{kept}"
    return judged(check, False, {str(one): why for one, why in out.items()}, reason, {"frame": frame})


@measures("curation.flags")
def flagged(view: View, check: Check) -> Outcome:
    """What cannot be resolved, and whether the pair says so: blocks and bands of a codec, parallax of the alignment.

    Parallax is what ``registration.parallax`` makes of the tiles that ``alignment.residual`` measured, on training
    pairs; more than ``share`` of them has to lie apart.
    """
    pairs, found = faults_of(view, check.tolerance["pairs"])
    lacking: list[tuple[int, str]] = [
        (pair.source, fault.reason)
        for pair in pairs
        for fault in found
        if fault.kind in flags.TO_FLAG
        and fault.frame == pair.source
        and not flags.names(pair.flags, fault.kind, fault.side)
    ]
    told = 0
    for pair, left in _left(view):
        told += left["apart"] is not None
        if (left["apart"] or 0) > check.tolerance["share"] and not flags.names(pair.flags, flags.PARALLAX):
            what = f"{left['apart']:.0%} of the tiles lie up to {left['farthest']:.1f} px apart from the rest"
            lacking.append((pair.source, f"{flags.PARALLAX.capitalize()}: {what}."))
    if not lacking:
        carry = sum(bool(pair.flags) for pair in pairs)
        reason = (
            f"Compression and parallax are flagged wherever they were found on {_looked(view, pairs)}; parallax could "
            f"be told on {told}. {carry} carry flags."
        )
        return judged(check, True, [], reason)
    value = [{"frame": frame, "flag": text} for frame, text in lacking]
    frame, text = lacking[0]
    others = f" {len(lacking) - 1} more such flags are lacking." if len(lacking) > 1 else ""
    outcome = judged(
        check, False, value, f"Pair {frame} has no flag for it: {text}{others}", {"frame": frame}
    )
    return _with_remedy(outcome, f'film-recovery pairs flag {frame} "{text}"')


def _left(view: View) -> Iterable[tuple[PairOf, dict[str, Any]]]:
    """Each training pair of the stacks with what the alignment leaves of it."""
    tolerance = alignment.tolerance_of(view.check("alignment.residual"))
    by_source = {pair.source: pair for pair in view.project.pairs}
    held = walk.held_frames(view.evaluator, view.source_pipe)
    for number, frame in zip(view.numbers, held, strict=False):
        if frame in by_source:
            yield by_source[frame], alignment.left(view, number, tolerance)


def _looked(view: View, seen: Sequence[object]) -> str:
    """How many of the pairs were looked at."""
    there = len(all_pairs(view.project))
    of = f"{len(seen)} of {there} pairs" if len(seen) < there else _counted(there, "pair")
    return f"{of} and hold-outs" if view.project.hold_out else of


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _with_remedy(outcome: Outcome, first: str) -> Outcome:
    return replace(outcome, remedy=(first, *outcome.remedy))
