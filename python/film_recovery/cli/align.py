"""``film-recovery align``: where the Reference lies on the Source, frame by frame, and how good that is.

Of a project, its pairs and hold-outs; of two sequences, every frame that is asked for. With a folder to write to, it
leaves ``align.json`` (all of it, tile by tile), a heat-map a frame, ``FR_Align.nk`` to paste, and, asked for, the
residual warp as STMaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery import graph, ledger, project
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report, json_line
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.footage.aligned import EACH, VERDICTS, Aligned, Moment, align, find_live_area
from film_recovery.footage.clip import Clip, open_clip
from film_recovery.graph.corners import align_block
from film_recovery.graph.st_map import st_map_nodes
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.protection import keep_apart
from film_recovery.registration.geometry import Grid
from film_recovery.registration.heatmap import heatmap
from film_recovery.registration.live_area import LiveArea
from film_recovery.registration.mesh import measured_mesh, st_map
from film_recovery.registration.residual import FAIL, PASS
from film_recovery.registration.shot import WEAVES
from film_recovery.stages import aligning

_HEATMAP, _MESH = "residual", "stmap"
_OUTCOME = {"pass": "pass", "warn": "warn", "cannot tell": "warn", "fail": "fail"}


@dataclass(frozen=True)
class Asked:
    """The options of the command. ``frames``: of two sequences; ``offset``: Reference minus Source frame."""

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
    source: Clip
    reference: Clip
    moments: Sequence[Moment]
    out: Path | None


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
    return _Work(source, reference, moments, _apart(asked.out, source, reference))


def _of_project(folder: Path, asked: Asked) -> _Work:
    given = [name for name in ("source", "reference", "frames") if getattr(asked, name)]
    if given:
        raise UsageError(
            f"A project has its own elements and pairs, so --{given[0]} cannot be given.",
            remedy="leave it out",
        )
    if asked.weave != EACH:
        raise UsageError(
            "The pairs of a project are single frames, without a path.", remedy="leave --weave out"
        )
    loaded = project.load(folder)
    moments = aligning.moments(loaded)
    if not moments:
        raise UsageError("The project has no pairs to align.", remedy="film-recovery curate --apply")
    source, reference = aligning.clips(loaded)
    out = asked.out or project.paths(loaded).alignment
    return _Work(source, reference, moments, _apart(out, source, reference))


def _apart(out: Path | None, *clips: Clip) -> Path | None:
    """``out``, which must not touch an element's folder."""
    if out is not None:
        for clip in clips:
            keep_apart(out, clip.sequence.folder, f"where the {clip.name} lies", file=str(out))
    return out


def _aligned(
    report: Report, work: _Work, asked: Asked
) -> tuple[list[Aligned], LiveArea | None, dict[str, Any]]:
    found = []
    for one in align(work.source, work.reference, work.moments, weave=asked.weave, progress=report.progress):
        _tell(report, one)
        if work.out is not None:
            _draw(work, one)
            if asked.mesh:
                _straighten(report, work, one)
        found.append(one)
    area = _live_area(report, work, found)
    summary = _summary(found, area, work)
    if work.out is not None:
        _keep(work, found, area, asked)
    return found, area, summary


def _live_area(report: Report, work: _Work, found: Sequence[Aligned]) -> LiveArea | None:
    """None where no frame is aligned, or they share no picture, which is said."""
    if not any(one.solution.solved and one.verdict != FAIL for one in found):
        return None
    try:
        return find_live_area(work.source, work.reference, found)
    except FilmRecoveryError as error:
        report.check("live area", "warn", reason=error.message, remedy=error.remedy)
        return None


def _tell(report: Report, one: Aligned) -> None:
    told = {key: value for key, value in one.as_dict().items() if key != "residuals"}
    told["residuals"] = _without_tiles(one)
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


def _without_tiles(one: Aligned) -> dict[str, Any] | None:
    """The residuals without each tile; those that could not be measured are named by their place."""
    if one.residual is None:
        return None
    whole = one.residual.as_dict()
    tiles = whole.pop("tiles")
    named = [[tile["column"], tile["row"], tile["state"]] for tile in tiles if tile["dx"] is None]
    return {**whole, "unmeasured": named}


def _summary(found: Sequence[Aligned], area: LiveArea | None, work: _Work) -> dict[str, Any]:
    worst = max((one.verdict for one in found), key=VERDICTS.index)
    frames = [{**one.as_dict(), "residuals": _without_tiles(one)} for one in found]
    return {
        "verdict": worst,
        "frames": frames,
        "live_area": None if area is None else [area.box.x, area.box.y, area.box.r, area.box.t],
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


def _keep(work: _Work, found: Sequence[Aligned], area: LiveArea | None, asked: Asked) -> None:
    """``align.json`` and ``FR_Align.nk``."""
    assert work.out is not None
    whole = {
        "source": work.source.sequence.pattern,
        "reference": work.reference.sequence.pattern,
        "weave": asked.weave,
        "frames": [one.as_dict() for one in found],
        "live_area": None if area is None else area.as_dict(),
    }
    _write(work.out / "align.json", json_line(whole) + "\n")
    good = [one for one in found if one.solution.solved and one.verdict != FAIL]
    if good:
        grids = good[0].solution
        elements = _element(work.source, grids.source), _element(work.reference, grids.reference)
        # Keyed on the Source's own frames: in a project the script has its pairs' keys already.
        matrices = {one.frame: one.as_dict()["matrix"] if one in good else () for one in found}
        _write(work.out / "FR_Align.nk", align_block(matrices, *elements))


def _element(clip: Clip, grid: Grid) -> graph.Element:
    first, last = clip.frames[0], clip.frames[-1]
    return graph.Element(clip.sequence.pattern, first, last, grid.width, grid.height, grid.pixel_aspect)


def _draw(work: _Work, one: Aligned) -> None:
    """The heat-map of a moment."""
    if one.residual is None or work.out is None:
        return
    drawn = heatmap(work.source.picture(one.frame), one.residual)
    done, data = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
    if not done:
        raise FilmRecoveryError("The heat-map could not be encoded.", frame=one.frame, remedy="report this")
    _write(work.out / f"{_HEATMAP}.{one.frame:04d}.png", data.tobytes())


def _straighten(report: Report, work: _Work, one: Aligned) -> None:
    """The residual warp of a moment as an STMap, 32-bit float: half has no room for the thousandth of a pixel."""
    if not one.solution.solved or work.out is None:
        return
    pictures = work.reference.picture(one.reference_frame), work.source.picture(one.frame)
    try:
        mesh = measured_mesh(*pictures, one.solution)
    except FilmRecoveryError as error:
        report.check(
            "residual warp", "warn", reason=f"frame {one.frame}: {error.message}", remedy=error.remedy
        )
        return
    report.say(f"frame {one.frame}: residual warp {mesh.rms:.3f} px on average, {mesh.largest:.3f} at most")
    places = st_map(mesh)
    whole = np.dstack([places, np.zeros(places.shape[:2], np.float32)])
    file = work.out / f"{_MESH}.{one.frame:04d}.exr"
    work.out.mkdir(parents=True, exist_ok=True)
    write_frame(Frame.from_array(whole, top_down=True), file, datatype="float", compression="zip")
    numbers = [number for number, _ in work.moments]
    pattern = (work.out.absolute() / f"{_MESH}.####.exr").as_posix()
    _write(work.out / "STMap.nk", st_map_nodes(pattern, min(numbers), max(numbers)))


def _write(file: Path, content: str | bytes) -> None:
    with replacement(file, create_directories=True) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
