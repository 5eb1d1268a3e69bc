"""Fifty to a hundred frames first: those round the hardest moments of the range, rendered, looked at and signed.

The engine chooses them from what it measured and knows, or the operator does (``inference.short_range``). The full
range is rendered when ``inference.short_range`` is signed for these frames, this model and this graph, or when
somebody decided to go on without, which the ledger keeps with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from film_recovery import engine, ledger, rendering
from film_recovery._files import read_text
from film_recovery.errors import CheckFailed, FilmRecoveryError, UsageError
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.project import FILE, Project
from film_recovery.rendering.record import OURS
from film_recovery.stages.provenance import origin_of
from film_recovery.stages.render_state import render_state
from film_recovery.stages.survey import Progress, strange, survey
from film_recovery.stages.view import View

CHECK = "inference.short_range"
SKIPPED = "short range skipped"  # the kind of the ledger's records: data {why, of, graph}
RENDERED = "short range"  # likewise: data {what, frames, moments, written}
SIGNED, GONE_ON = "signed", "skipped"  # why the full range may be rendered
_LEAST_RUN = 10  # frames round a moment: less shows no flicker
_SHARE = 3  # of a longer shot: one frame in so many, within the recipe's least and most
_CURATED = "curation.json"
_LARGEST = 1 << 26  # bytes of that file


@dataclass(frozen=True)
class Moment:
    """A frame that is hard, and why."""

    frame: int
    reason: str


@dataclass(frozen=True)
class ShortRange:
    """``frames``: ascending. ``moments``: what they were chosen for. ``whole``: they are all that is to be rendered.
    ``by``: engine or operator."""

    frames: tuple[int, ...]
    moments: tuple[Moment, ...] = field(default=())
    whole: bool = False
    by: str = "engine"

    @property
    def text(self) -> str:
        return format_frames(self.frames)

    @property
    def said(self) -> str:
        """In a sentence: which frames, and why these."""
        if self.whole:
            return f"The short range is all {len(self.frames)} frames: there are no more."
        if self.by != "engine":
            return f"The short range is {self.text}, {len(self.frames)} frames, as the project says."
        why = "; ".join(f"{one.frame}: {one.reason}" for one in self.moments)
        return (
            f"The short range is {self.text}, {len(self.frames)} frames, round the hardest moments ({why})."
        )


def short_range(view: View, progress: Progress | None = None) -> ShortRange:
    """The frames to look at first.

    A range of no more frames than the recipe's least is looked at whole; of a longer one, a third, but at least that
    least and at most its most. Raises UsageError for ``inference.short_range`` with frames that are not rendered, or
    fewer than that least.
    """
    wanted = view.wanted_frames
    asked = view.project.inference.short_range
    if asked:
        return _asked(view, asked, wanted)
    least, most = _presets(view)
    if len(wanted) <= least:
        return ShortRange(tuple(wanted), whole=True)
    size = min(most, max(least, len(wanted) // _SHARE))
    moments = list(_hardest(view, progress))
    return _round(moments, wanted, size)


def unlocked(view: View) -> str:
    """Why the full range may be rendered: ``signed`` or ``skipped``, for this state; empty where it may not yet."""
    from film_recovery.stages.signing import holds

    records = ledger.read(view.project.folder).records
    signatures = [one for one in records if one.kind == "sign" and one.data.get("check") == CHECK]
    if signatures and holds(view.project, signatures[-1]):
        return SIGNED
    return GONE_ON if skipped(view.project, view) else ""


def enough(view: View, record: ledger.Record) -> bool:
    """Whether what was signed is a short range of what is to be rendered now: as many frames as the recipe's least, or
    all. An older ledger does not say which."""
    frames = record.data.get("frames")
    if not isinstance(frames, str):
        return True
    seen = set(parse_frames(frames))
    return len(seen) >= _presets(view)[0] or set(view.wanted_frames) <= seen


def skip(view: View, why: str, by: str) -> None:
    """Notes in the ledger that the full range is rendered without a look at the short one, by whom and why.

    Raises UsageError without a reason.
    """
    from film_recovery.stages.signing import signed_state

    if not why.strip():
        raise UsageError(
            "Going on without the short range needs a reason.",
            remedy='film-recovery run --skip-short-range "WHY" --by NAME',
        )
    of = {"of": signed_state(view.project, _stage(view)), "graph": render_state(view)}
    what = "The full range was rendered without a signed short range."
    ledger.append(view.project.folder, SKIPPED, {"what": what, "why": why, **of}, by)


def skipped(project: Project, view: View | None = None) -> list[ledger.Record]:
    """The records of every skip that holds for the project as it is, in order: one for each time it was said."""
    from film_recovery.stages.signing import signed_state

    records = ledger.read(project.folder).of_kind(SKIPPED)
    if not records:
        return []
    seen = view or View(project)
    of = {"of": signed_state(project, _stage(seen)), "graph": render_state(seen)}
    return [one for one in records if of.items() <= dict(one.data).items()]


def refuse_unseen(
    view: View, frames: Sequence[int], progress: Progress | None = None, why: str = "", by: str = ""
) -> None:
    """Raises CheckFailed where rendering ``frames`` by hand would go beyond what may be rendered before it was looked
    at: the short range, or as many frames as it may have at most, those that the present model and graph made counted
    in. ``why``: the reason to go on without, which is noted as of ``by``, also where somebody gave one before."""
    _, most = _presets(view)
    there = set(view.output.sequence.frames()) & set(view.wanted_frames)
    if len(made_now(view, sorted(there)) | set(frames)) <= most:
        return
    known = unlocked(view)
    if known:
        if why and known != SIGNED:
            skip(view, why, by)
        return
    chosen = short_range(view, progress)
    if chosen.whole or set(frames) <= set(chosen.frames):
        return
    if not why:
        raise locked(view, chosen)
    skip(view, why, by)


def locked(view: View, chosen: ShortRange, rendered: bool = False) -> CheckFailed:
    """What stops the full range, as an error."""
    folder = view.project.folder
    done = (
        "It is rendered; look at it in motion, then" if rendered else "Render it, look at it in motion, then"
    )
    return CheckFailed(
        f"The full range waits for a look at the short one. {chosen.said}",
        remedy=f"{done} sign: film-recovery sign {CHECK} --by NAME --project {folder}, and run again. Without a look: "
        '--skip-short-range "WHY", which the ledger keeps',
        file=str(view.output.folder),
        check=CHECK,
    )


def complete(view: View, progress: Progress | None = None) -> bool:
    """Whether every frame that is to be rendered is there, made by the present model and graph: nothing is left to be
    looked at first."""
    wanted = view.wanted_frames
    if not set(wanted) <= set(view.output.sequence.frames()) or made_now(view, wanted) != set(wanted):
        return False
    words, job = origin_of(view).header(), engine.model_hashes(view.evaluator, view.write.path)
    tell = progress or (lambda what, done, total: None)
    found = rendering.standings(
        view.evaluator,
        view.write.path,
        wanted,
        job=job,
        header=words,
        progress=lambda done, total: tell("looking at what is there", done, total),
    )
    return all(one.state == OURS for one in found.values())


def made_now(view: View, frames: Sequence[int]) -> set[int]:
    """Those of ``frames`` that the record says the present model and graph made, by the project or by hand."""
    job = engine.model_hashes(view.evaluator, view.write.path)
    headers: tuple[dict[str, str], ...] = (origin_of(view).header(), {})
    found = (
        rendering.noted(view.evaluator, view.write.path, frames, job=job, header=words) for words in headers
    )
    return set().union(*found)


def _asked(view: View, text: str, wanted: Sequence[int]) -> ShortRange:
    project, frames = view.project, parse_frames(text)
    beyond = sorted(set(frames) - set(wanted))
    if beyond:
        raise UsageError(
            f"inference.short_range names frames that are not rendered: {format_frames(beyond)}.",
            remedy=f"choose some of {format_frames(wanted)}",
            file=str(project.folder / FILE),
        )
    least = min(_presets(view)[0], len(wanted))
    if len(frames) < least:
        raise UsageError(
            f"inference.short_range names {len(frames)} frames: too few to know the full range by.",
            remedy=f"name {least} frames at least, or leave it empty and the hardest moments are chosen",
            file=str(project.folder / FILE),
        )
    return ShortRange(tuple(frames), whole=len(frames) == len(wanted), by="operator")


def _presets(view: View) -> tuple[int, int]:
    presets = view.recipe.presets
    return int(presets["short_range_least"]), int(presets["short_range_most"])


def _stage(view: View) -> int:
    return view.recipe.check(CHECK).stage


def _hardest(view: View, progress: Progress | None) -> Iterator[Moment]:
    """Moments, the hardest first."""
    seen, apart = survey(view, progress), strange(view, progress)
    wanted = set(view.wanted_frames)
    for frame, why in _left_out(view):
        if frame in wanted:
            yield Moment(frame, f"left out of the pairs: {why.rstrip('.')}")
            break
    flagged = [
        one for one in (*view.project.pairs, *view.project.hold_out) if one.flags and one.source in wanted
    ]
    for pair in flagged[:2]:
        yield Moment(pair.source, f"flagged: {pair.flags[0].rstrip('.')}")
    if apart:
        frame = max(apart, key=lambda frame: (apart[frame], -frame))
        yield Moment(frame, f"least like any pair ({apart[frame]:.2f} away)")
    if seen.motion and max(seen.motion.values()) > 0:
        frame = max(seen.motion, key=lambda frame: (seen.motion[frame], -frame))
        yield Moment(frame, f"fastest motion ({seen.motion[frame]:.2f} of the structure is new)")
    if seen.light:
        frame = min(seen.light, key=lambda frame: (seen.light[frame], frame))
        yield Moment(frame, f"darkest (mean luma {seen.light[frame]:.2f})")
        frame = max(seen.light, key=lambda frame: (seen.light[frame], -frame))
        yield Moment(frame, f"brightest (mean luma {seen.light[frame]:.2f})")
    for first, _ in seen.shots[1:2]:
        yield Moment(first, "a join between shots")


def _left_out(view: View) -> list[tuple[int, str]]:
    """What ``curate`` excluded, as its own file has it."""
    try:
        found: Any = json.loads(read_text(view.paths.curation / _CURATED, _LARGEST))
        return [(int(one["frame"]), str(one["reason"])) for one in found["excluded"]]
    except (FilmRecoveryError, ValueError, TypeError, KeyError):
        return []  # nobody has curated it with this program


def _round(moments: Sequence[Moment], wanted: Sequence[int], size: int) -> ShortRange:
    """Runs of neighbours round ``moments``, ``size`` frames in all; the first moments have their run in any case."""
    place = {frame: index for index, frame in enumerate(wanted)}
    moments = [one for one in moments if one.frame in place]
    different = list(dict.fromkeys(one.frame for one in moments)) or [wanted[len(wanted) // 2]]
    length = max(_LEAST_RUN, size // len(different))
    taken: set[int] = set()
    told: list[Moment] = []
    for one in moments:
        if place[one.frame] not in taken and len(taken) + length <= size:
            start = max(0, min(place[one.frame] - length // 2, len(wanted) - length))
            taken |= set(range(start, start + length))
        if place[one.frame] in taken:
            told.append(one)
    if not taken:
        start = max(0, min(place[different[0]] - size // 2, len(wanted) - size))
        taken = set(range(start, start + size))
    while len(taken) < size:  # runs that met one another leave room: each grows at both ends
        edges = [index for here in sorted(taken) for index in (here - 1, here + 1)]
        grown = [index for index in dict.fromkeys(edges) if 0 <= index < len(wanted) and index not in taken]
        taken |= set(grown[: size - len(taken)])
    return ShortRange(tuple(wanted[index] for index in sorted(taken)), tuple(told))
