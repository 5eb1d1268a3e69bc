"""The criteria of stage 5 on sequences of no project: Source, recovered and, if there is one, Reference by pattern.

The Reference has to lie on the Source already, frame for frame; where it has no frame, what needs it is left out. One
frame of each is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery import delivery, recipes
from film_recovery.analysis.identity import identity
from film_recovery.checks import Check, Outcome, StageReport, judged
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import Clip, open_clip
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.luma import luma
from film_recovery.protection import keep_apart
from film_recovery.stages.charts import NEED_TRUTH_WORDS, charts_of
from film_recovery.stages.criteria import CRITERIA
from film_recovery.stages.proof import Proof, proof_from, write_measures
from film_recovery.stages.validating import scopes_of
from film_recovery.stages.view import NotYet
from film_recovery.validation.frame import FrameMeasures, measured
from film_recovery.validation.scopes import side_by_side

RECIPES = {"spatial": "spatial-gauge", "colour": "colour-reference"}  # whose criteria and tolerances hold
IDENTITY = "validation.identity"
MOST_STILLS = 8

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asked:
    """``kind``: spatial or colour. Patterns as in a Read node; ``reference`` empty for none. ``frames``: None for all
    that Source and recovered have in common. ``spaces``: of source, recovered, reference; empty: encoded as displayed.
    """

    kind: str
    source: str
    recovered: str
    reference: str = ""
    frames: list[int] | None = None
    spaces: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class Judged:
    """The measures, what the criteria make of them, and frames that only one side has."""

    proof: Proof
    outcomes: tuple[Outcome, ...]
    frames: tuple[int, ...]
    left_out: int
    files: tuple[Path, ...] = field(default=())


@dataclass(frozen=True)
class _Clips:
    source: Clip
    recovered: Clip
    reference: Clip | None
    frames: tuple[int, ...]
    left_out: int


def validate_sequences(asked: Asked, out: Path | None, progress: Progress) -> Judged:
    """Measures and judges; with ``out``, ``measures.json`` and ``report.html`` go there.

    Raises FilmRecoveryError for missing frames, sides of different size, and an ``out`` at one of the sequences.
    """
    clips = _clips(asked)
    if out is not None:
        for clip in (clips.source, clips.recovered, clips.reference):
            if clip is not None:
                keep_apart(out, clip.sequence.folder, f"where the {clip.name} keeps its frames")
    course: dict[int, FrameMeasures] = {}
    truths: dict[int, FrameMeasures] = {}
    for done, frame in enumerate(clips.frames, 1):
        source, recovered, truth = _pictures(asked, clips, frame)
        found = measured(source, recovered, truth)
        apart = identity(recovered, source)
        found.values["identity"] = apart.chroma_max if asked.kind == "spatial" else apart.luma_max
        course[frame] = found
        if truth is not None:
            truths[frame] = found
        progress("measures", done, len(clips.frames))
    proof = proof_from(course, truths, _shots(clips, progress))
    outcomes = _outcomes(asked, clips, proof)
    files = () if out is None else (write_measures(out, proof), _report(asked, clips, proof, outcomes, out))
    return Judged(proof, outcomes, clips.frames, clips.left_out, files)


def _clips(asked: Asked) -> _Clips:
    source_space, recovered_space, reference_space = asked.spaces
    source = open_clip("Source", asked.source, asked.frames, space=source_space)
    recovered = open_clip("Recovered", asked.recovered, asked.frames, space=recovered_space)
    common = sorted(set(source.frames) & set(recovered.frames))
    if not common:
        raise FilmRecoveryError(
            f"Source and Recovered have no frame in common: {format_frames(source.frames)} and "
            f"{format_frames(recovered.frames)}.",
            remedy="name sequences of one numbering",
            file=recovered.sequence.pattern,
        )
    reference = open_clip("Reference", asked.reference, space=reference_space) if asked.reference else None
    left_out = len(set(source.frames) ^ set(recovered.frames))
    return _Clips(source, recovered, reference, tuple(common), left_out)


def _shots(clips: _Clips, progress: Progress) -> tuple[tuple[int, int], ...]:
    """First and last frames, by the Source's cuts."""
    clip = replace(clips.source, frames=clips.frames)
    seen = signatures(clip, progress=lambda done, total, frame: progress("looking for cuts", done, total))
    return tuple((shot.first, shot.last) for shot in find_shots(seen))


def _pictures(asked: Asked, clips: _Clips, frame: int) -> tuple[Pixels, Pixels, Pixels | None]:
    """As displayed; the last is the Ground Truth that the Reference makes, where it has the frame."""
    source, recovered = clips.source.picture(frame), clips.recovered.picture(frame)
    there = clips.reference is not None and frame in set(clips.reference.frames)
    reference = clips.reference.picture(frame) if clips.reference is not None and there else None
    for clip, picture in ((clips.recovered, recovered), (clips.reference, reference)):
        if clip is not None and picture is not None and picture.shape != source.shape:
            raise FilmRecoveryError(
                f"The {clip.name} is {picture.shape[1]} × {picture.shape[0]}, the Source {source.shape[1]} × "
                f"{source.shape[0]}.",
                frame=frame,
                file=str(clip.sequence.path(frame)),
                remedy="give sequences of one format",
            )
    return source, recovered, None if reference is None else _truth(asked.kind, source, reference)


def _truth(kind: str, source: Pixels, reference: Pixels) -> Pixels:
    """Reference luma on Source chroma, or the other way round."""
    change = np.asarray(reference - source, np.float32)
    of_luma = luma(change)[..., None]
    taken = np.broadcast_to(of_luma, change.shape) if kind == "spatial" else change - of_luma
    return np.ascontiguousarray(source + taken, np.float32)


# Judging


def _outcomes(asked: Asked, clips: _Clips, proof: Proof) -> tuple[Outcome, ...]:
    recipe = recipes.load(RECIPES[asked.kind])
    found = [_identity(asked, clips, proof, recipe.check(IDENTITY))]
    for check in recipe.for_stage(5):
        if check.id in CRITERIA:
            found.append(_judged(check, clips, proof))
    return tuple(found)


def _judged(check: Check, clips: _Clips, proof: Proof) -> Outcome:
    try:
        return CRITERIA[check.id](proof, check, lambda frame: _show(clips, frame))
    except NotYet:
        reason = "Not measured: it needs a Reference that lies on the Source."
        return Outcome(check.id, "info", "not measurable", check.tolerance, reason)


def _identity(asked: Asked, clips: _Clips, proof: Proof, check: Check) -> Outcome:
    """On encoded values, as both sides are read; a project measures it on the graph's values."""
    apart = proof.of("identity")
    worst = max(apart, key=lambda frame: apart[frame])
    limit = float(check.tolerance["difference"])
    word = "chroma" if asked.kind == "spatial" else "luma"
    reason = (
        f"The largest {word} difference to the Source in {len(apart)} frames is {apart[worst]:.3g} (frame {worst}), "
        f"encoded; {limit:g} is allowed."
    )
    return judged(check, apart[worst] <= limit, apart[worst], reason, _show(clips, worst))


def _show(clips: _Clips, frame: int) -> Mapping[str, Any]:
    return {"frame": frame, "file": str(clips.recovered.sequence.path(frame))}


# The report


def _report(asked: Asked, clips: _Clips, proof: Proof, outcomes: tuple[Outcome, ...], out: Path) -> Path:
    recipe = recipes.load(RECIPES[asked.kind])
    limits = {check.id: check.tolerance for check in recipe.checks}
    chosen = [int(frame) for frame in spread(clips.frames, MOST_STILLS)]
    data = delivery.ReportData(
        film=Path(asked.recovered).name,
        reel="",
        shot="",
        recipe=asked.kind,
        title=f"Recovered {format_frames(clips.frames)}",
        reports=(StageReport(5, outcomes),),
        checks=recipe.checks,
        stills=delivery.Album(_still(asked, clips, frame) for frame in chosen),
        stills_left_out=len(clips.frames) - len(chosen),
        charts=charts_of(asked.kind, proof, limits),
        without_truth=() if proof.held_out else NEED_TRUTH_WORDS,
        elements={
            name: {"file": pattern, "space": space or "encoded as displayed"}
            for name, pattern, space in zip(
                ("Source", "Recovered", "Reference"),
                (asked.source, asked.recovered, asked.reference),
                asked.spaces,
                strict=True,
            )
            if pattern
        },
    )
    return delivery.build_report(data, out / "report.html")


def _still(asked: Asked, clips: _Clips, frame: int) -> delivery.Still:
    source, recovered, truth = _pictures(asked, clips, frame)
    sides = [source, recovered, *([] if truth is None else [truth])]
    shown = [np.round(np.clip(side, 0, 1) * 255).astype(np.uint8) for side in sides]
    drawn = [scopes_of(side) for side in sides]
    said = ", ".join(("Source", "Recovered", "Ground Truth")[: len(sides)])
    return delivery.Still(
        frame,
        shown[0],
        shown[1],
        shown[2] if truth is not None else None,
        reference_name="Ground Truth",
        scopes={
            f"{name.capitalize()}: {said}": side_by_side([one[name] for one in drawn]) for name in drawn[0]
        },
    )
