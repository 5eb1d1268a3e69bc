"""``film-recovery align``: where the Reference lies on the Source, frame by frame, and how good that is.

Of a project, its pairs and hold-outs, or with a weave every frame of a range that they lie in; of two sequences, every
frame that is asked for. With a folder to write to, it leaves what ``align_files`` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import ledger, project
from film_recovery.cli import align_files as files
from film_recovery.cli.curate_task import refuse_spaces
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.footage.aligned import (
    EACH,
    VERDICTS,
    Aligned,
    Moment,
    Span,
    align,
    find_live_area,
    shots_of,
)
from film_recovery.footage.clip import Clip, open_clip
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.project import Project
from film_recovery.protection import keep_apart
from film_recovery.registration.live_area import LiveArea
from film_recovery.registration.residual import FAIL, PASS
from film_recovery.registration.shot import WEAVES
from film_recovery.stages import aligning

_OUTCOME = {"pass": "pass", "warn": "warn", "cannot tell": "warn", "fail": "fail"}


@dataclass(frozen=True)
class Asked:
    """The options of the command. ``frames``: of two sequences, or of a project's Source with a weave; ``offset``:
    Reference minus Source frame."""

    source: str | None = None
    reference: str | None = None
    frames: str | None = None
    offset: int = 0
    source_space: str = ""
    reference_space: str = ""
    source_aspect: float = 0.0
    reference_aspect: float = 0.0
    weave: str = EACH
    mesh: bool = False
    out: Path | None = None
    apply: bool = False


@dataclass(frozen=True, eq=False)
class _Work:
    """``shots``: that no smoothing crosses. ``pairs``: of a project, in the order of its stacks. ``project``: whose
    pairs and hold-outs the live area is measured on, whatever ``moments`` are."""

    source: Clip
    reference: Clip
    moments: Sequence[Moment]
    out: Path | None
    shots: Sequence[Span] = ()
    pairs: Sequence[Moment] | None = None
    project: Project | None = None


def align_command(
    report: Report, folder: Path | None, asked: Asked, by: str = "", take_over: bool = False
) -> int:
    """Solves and measures; EXIT_CHECK_FAILED where a frame fails. With ``apply`` the project takes the solutions.

    Raises UsageError for neither a project nor two sequences, FilmRecoveryError as ``footage.aligned.align``.
    """
    if asked.weave not in (EACH, *WEAVES):
        raise UsageError(f"Weave cannot be {asked.weave}.", remedy=f"one of {', '.join((EACH, *WEAVES))}")
    if folder is None:
        if asked.mesh and asked.out is None:
            raise UsageError("--mesh writes maps.", remedy="name their folder with --out")
        if asked.apply:
            raise UsageError("--apply writes into a project.", remedy="name the project instead of sequences")
        return _ended(report, *_aligned(report, _of_sequences(asked), asked))
    if not asked.apply:
        return _ended(report, *_aligned(report, _of_project(folder, asked), asked))
    with held(report, folder, "align", by, take_over):
        work = _of_project(folder, asked)
        found, area, summary = _aligned(report, work, asked)
        loaded = project.load(folder)
        values = aligning.adopted(loaded, found, area, report.say)
        aligning.adopt(loaded, values)
        what = {
            one.frame: {"verdict": one.verdict, "residual": summary["frames"][n]["residual"]}
            for n, one in enumerate(found)
        }
        ledger.append(
            folder, "aligned", {"changed": sorted(values), "frames": what, "verdict": summary["verdict"]}, by
        )
        ledger.write_notes(folder)
        return _ended(report, found, area, {**summary, "written": sorted(values)})


def _of_sequences(asked: Asked) -> _Work:
    if not asked.source or not asked.reference:
        raise UsageError(
            "There is nothing to align.",
            remedy="name a project, or --source PATTERN and --reference PATTERN with --frames A-B",
        )
    wanted = parse_frames(asked.frames) if asked.frames else None
    source = open_clip(
        "Source", asked.source, wanted, space=asked.source_space, pixel_aspect=asked.source_aspect
    )
    moments = [(number, number + asked.offset) for number in source.frames]
    reference = open_clip(
        "Reference",
        asked.reference,
        [other for _, other in moments],
        space=asked.reference_space,
        pixel_aspect=asked.reference_aspect,
    )
    shots = shots_of(source, moments) if asked.weave != EACH else ()
    return _Work(source, reference, moments, _apart(asked.out, source, reference), shots)


def _of_project(folder: Path, asked: Asked) -> _Work:
    own = ("source", "reference", "frames") if asked.weave == EACH else ("source", "reference")
    given = [name for name in own if getattr(asked, name)]
    if given:
        raise UsageError(
            f"A project has its own elements and pairs, so --{given[0]} cannot be given.",
            remedy="leave it out" if given[0] != "frames" else "leave it out, or say which --weave",
        )
    refuse_spaces(asked.source_space, asked.reference_space)
    told = [name for name in ("offset", "source_aspect", "reference_aspect") if getattr(asked, name)]
    if told:
        raise UsageError(
            f"A project says this itself, so --{told[0].replace('_', '-')} cannot be given.",
            remedy="leave it out; the offset stands in its pairs, pixel_aspect with its elements in project.yaml",
        )
    if asked.weave in ("kept", "removed") and not asked.frames:
        raise UsageError(
            f"The pairs of a project stand apart, and weave is a path from frame to frame: --weave {asked.weave} "
            "cannot be told from them.",
            remedy="name the frames of the Source around the pairs with --frames A-B, or use --weave constant",
        )
    loaded = project.load(folder)
    pairs = aligning.moments(loaded)
    if not pairs:
        raise UsageError("The project has no pairs to align.", remedy="film-recovery curate --apply")
    source, reference = aligning.clips(loaded)
    moments = pairs
    if asked.frames:
        moments = aligning.ranged(loaded, parse_frames(asked.frames), source.frames, reference.frames)
    out = _apart(asked.out or project.paths(loaded).alignment, source, reference)
    shots = aligning.shots(loaded, source, moments) if asked.weave != EACH else ()
    stack = pairs[: len(loaded.pairs)]
    return _Work(source, reference, moments, out, shots, stack, loaded)


def _apart(out: Path | None, *clips: Clip) -> Path | None:
    """``out``, which must not touch an element's folder."""
    if out is not None:
        for clip in clips:
            keep_apart(out, clip.sequence.folder, f"where the {clip.name} lies", file=str(out))
    return out


def _aligned(
    report: Report, work: _Work, asked: Asked
) -> tuple[list[Aligned], LiveArea | None, dict[str, Any]]:
    """Summaries of all moments; their tiles are told, drawn and written as they come, and not kept."""
    found: list[Aligned] = []
    frames: list[dict[str, Any]] = []
    mapped: list[int] = []
    about = {
        "source": work.source.sequence.pattern,
        "reference": work.reference.sequence.pattern,
        "weave": asked.weave,
    }
    with _record(work.out, about) as (add, end):
        for one in align(
            work.source,
            work.reference,
            work.moments,
            weave=asked.weave,
            shots=work.shots,
            progress=report.progress,
        ):
            add(one)
            frames.append({**one.brief().as_dict(), "residuals": _without_tiles(one)})
            _tell(report, one, frames[-1])
            if work.out is not None:
                files.write_heatmap(work.out, one, work.source)
                if asked.mesh and _straightened(report, work, work.out, one):
                    mapped.append(one.frame)
            found.append(one.brief())
        area = _live_area(report, work, found)
        end({"live_area": None if area is None else area.as_dict()})
    if work.out is not None:
        files.write_block(work.out, found, work.source, work.reference)
        if mapped:
            grid = next(one.solution.source for one in found if one.frame in mapped)
            files.write_map_nodes(work.out, grid, mapped, work.pairs)
    return found, area, _summary(found, frames, area, work)


@contextmanager
def _record(out: Path | None, about: Mapping[str, Any]) -> Iterator[tuple[files.Add, files.End]]:
    if out is None:
        yield lambda one: None, lambda more: None
        return
    with files.record(out, about) as both:
        yield both


def _live_area(report: Report, work: _Work, found: Sequence[Aligned]) -> LiveArea | None:
    """None where no frame is aligned, or they share no picture, which is said.

    Of a project it is one for all pairs and hold-outs, so those of them that are not in ``found`` are looked at too.
    """
    if not any(_lies(one) for one in found):
        return None
    everywhere, always = list(found), set[Moment]()
    if work.project is not None:
        always = set(aligning.moments(work.project))
        everywhere += _beside(report, work, work.project, found)
    try:
        return find_live_area(work.source, work.reference, everywhere, always=always)
    except FilmRecoveryError as error:
        report.check("live area", "warn", reason=error.message, remedy=error.remedy)
        return None


def _beside(report: Report, work: _Work, loaded: Project, found: Sequence[Aligned]) -> list[Aligned]:
    """The project's moments that are not in ``found``; one that does not lie on the Source is named."""
    seen = {(one.frame, one.reference_frame) for one in found}
    total = len(set(aligning.moments(loaded)) - seen)
    others = []

    def missed(frame: int, reason: str, remedy: str) -> None:
        told = f"The live area does not know frame {frame}: {reason}"
        report.check("live area", "warn", reason=told, remedy=remedy)

    def unread(frame: int, error: FilmRecoveryError) -> None:
        missed(frame, error.message, error.remedy)

    for one in aligning.beside(loaded, seen, work.source, work.reference, unread):
        if not _lies(one):
            missed(one.frame, one.reason, "align that pair, or take another frame for it")
        others.append(one.brief())
        report.progress("live area", len(others), total)
    return others


def _lies(one: Aligned) -> bool:
    """Whether the Reference lies on the Source there, as far as is known."""
    return one.solution.solved and one.verdict != FAIL


def _tell(report: Report, one: Aligned, told: Mapping[str, Any]) -> None:
    if report.as_json:
        report.event("frame", **told)
        return
    where = f"frame {one.frame}" + (
        f" (Reference {one.reference_frame})" if one.reference_frame != one.frame else ""
    )
    remedy = (
        ""
        if one.verdict == PASS
        else "look at the heat-map (--out); key the Transform, or take the frame out"
    )
    report.check(
        "alignment", _OUTCOME[one.verdict], reason=f"{where}: {one.verdict}. {one.reason}", remedy=remedy
    )
    if one.warp is not None and one.warp.measurable:
        bent = f"{one.warp.rms:.2f} px on average, {one.warp.largest:.2f} at most"
        report.say(f"{where}: residual warp (lens, shrinkage) {bent}; --mesh writes it as an STMap")


def _without_tiles(one: Aligned) -> dict[str, Any] | None:
    """The residuals without each tile; those that could not be measured are named by their place."""
    if one.residual is None:
        return None
    whole = one.residual.as_dict()
    tiles = whole.pop("tiles")
    named = [[tile["column"], tile["row"], tile["state"]] for tile in tiles if tile["dx"] is None]
    return {**whole, "unmeasured": named}


def _summary(
    found: Sequence[Aligned], frames: Sequence[Mapping[str, Any]], area: LiveArea | None, work: _Work
) -> dict[str, Any]:
    return {
        "verdict": max((one.verdict for one in found), key=VERDICTS.index),
        "frames": frames,
        "live_area": None if area is None else [area.box.x, area.box.y, area.box.r, area.box.t],
        "around": [] if area is None else list(area.reasons()),
        "out": None if work.out is None else str(work.out),
    }


def _ended(
    report: Report, found: Sequence[Aligned], area: LiveArea | None, summary: Mapping[str, Any]
) -> int:
    told = dict(summary)
    if not report.as_json:
        told["frames"] = len(found)
    report.result(told, "alignment")
    return EXIT_CHECK_FAILED if any(one.verdict == FAIL for one in found) else EXIT_DONE


def _straightened(report: Report, work: _Work, out: Path, one: Aligned) -> bool:
    """Whether the residual warp of a moment was written as an STMap; why not is told."""
    if not one.solution.solved:
        return False
    try:
        mesh = files.write_map(out, one, work.source, work.reference)
    except FilmRecoveryError as error:
        report.check(
            "residual warp", "warn", reason=f"frame {one.frame}: {error.message}", remedy=error.remedy
        )
        return False
    report.say(f"frame {one.frame}: residual warp {mesh.rms:.3f} px on average, {mesh.largest:.3f} at most")
    return True
