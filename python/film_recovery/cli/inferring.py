"""``film-recovery infer``: a trained model over a project's frames, or over files by pattern; both held to its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery import jobs, ledger, project
from film_recovery.checks import Check, Outcome, judged
from film_recovery.cli.project import Listener, show
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, CheckFailed, UsageError
from film_recovery.footage.runs import spread
from film_recovery.imaging.files import read_header
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.project import Project, lock
from film_recovery.stages import check, mismatch, short_range
from film_recovery.stages.inferring import INFERENCE, Asked, infer_short, rendered
from film_recovery.stages.inferring import infer as render_all
from film_recovery.stages.provenance import seal
from film_recovery.stages.view import NotYet, View

_LOOKED_AT = 5  # files whose headers are held against the card
_AS_TRAINED = Check(
    "inference.as_trained",
    INFERENCE,
    "Model used as it was trained",
    "",
    "shall",
    (
        "bring the pictures to what the model was trained on, or train on pictures like these",
        "where neither is meant: film-recovery apply, which asks nothing",
    ),
)


@dataclass(frozen=True)
class Wanted:
    """``frames``: some of a project's; empty: all. ``short``: the short range alone. ``film``, ``reel``: what files
    by pattern are of; empty: not said. ``accept``: why the model is used otherwise than it was trained."""

    frames: str = ""
    short: bool = False
    workers: int = 1
    skip: str = ""
    by: str = ""
    take_over: bool = False
    film: str = ""
    reel: str = ""
    accept: str = ""


def of_project(report: Report, folder: Path, model: Path | None, wanted: Wanted) -> int:
    """Stage 4 of the project in ``folder``: its checks, then its frames, the short range first; the provenance of all.

    Raises CheckFailed where a check stops it, or the short range waits for a look; UsageError for a ``model`` that is
    not the one that the script names, and for frames that the project does not render.
    """
    with lock.held(folder, "infer", wanted.take_over) as held:
        if held.taken_over:
            report.say(f"taken over from {held.taken_over}")
            ledger.append(folder, "taken over", {"what": "infer", "from": held.taken_over}, wanted.by)
        jobs.settle(folder)
        loaded = project.load(folder)
        _refuse_other(loaded, model)
        outcomes = _checked(report, loaded, wanted)
        listener = Listener(report)
        asked = Asked(wanted.workers, wanted.skip, wanted.by)
        with _noted(folder):
            try:
                found = _rendered(report, loaded, listener, asked, wanted)
            except NotYet as reason:
                raise CheckFailed(
                    f"There is nothing to infer with: {reason}.",
                    remedy=f"film-recovery run --project {folder}",
                    file=str(folder),
                ) from reason
            if found.pop("all"):
                data = {"stage": INFERENCE, "name": "inference", **found}
                ledger.append(folder, "stage", {**data, "checks": outcomes}, wanted.by)
            elif found["written"] and not wanted.short:
                ledger.append(folder, "render", found, wanted.by)
            if not (wanted.short or wanted.frames):
                seal(View(loaded), report.progress)  # that of earlier frames is of none that are there now
    report.result({**found, "folder": str(project.paths(loaded).render)}, "inferred")
    return EXIT_DONE


def _rendered(
    report: Report, loaded: Project, listener: Listener, asked: Asked, wanted: Wanted
) -> dict[str, Any]:
    """What was rendered; ``all``: whether that is to be recorded as the stage's work."""
    if wanted.short:
        chosen, made = infer_short(loaded, listener, asked)
        report.say(chosen.said)
        moments = {str(one.frame): one.reason for one in chosen.moments}
        written = len(made.rendered.written)
        return {
            "all": False,
            "frames": chosen.text,
            "written": written,
            "moments": moments,
            **_outside(made.outside),
        }
    if wanted.frames:
        view = View(loaded)
        frames = _of_range(view, wanted.frames)
        try:
            short_range.refuse_unseen(view, frames, listener.progress)
        except CheckFailed:
            if not asked.skip:
                raise
            short_range.skip(view, asked.skip, asked.by)
        made = rendered(view, frames, listener, asked.workers)
        written = len(made.rendered.written)
        return {"all": False, "frames": format_frames(frames), "written": written, **_outside(made.outside)}
    found = render_all(loaded, listener, asked)
    if found is None:
        return {"all": False, "frames": format_frames(View(loaded).wanted_frames), "written": 0}
    return {"all": True, **found}


def _outside(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"values_outside": dict(found)} if found else {}


@contextmanager
def _noted(folder: Path) -> Iterator[None]:
    """The notes follow the ledger, also where the work stops."""
    try:
        yield
    finally:
        ledger.write_notes(folder)


def _checked(report: Report, loaded: Project, wanted: Wanted) -> list[dict[str, Any]]:
    """The checks of the stage, told. Raises CheckFailed where one stops it."""
    (found,) = check(loaded, INFERENCE)
    for outcome in found.outcomes:
        show(report, outcome)
    mismatch.refuse_failed(loaded, found.outcomes, wanted.accept, wanted.by)
    return [outcome.as_dict() for outcome in found.outcomes]


def _refuse_other(loaded: Project, model: Path | None) -> None:
    if model is None:
        return
    try:
        own = View(loaded).model_file
    except NotYet as reason:
        raise CheckFailed(f"{reason}.".capitalize(), remedy="film-recovery run", file=str(model)) from reason
    if model.resolve().with_suffix("") != own.resolve().with_suffix(""):
        raise UsageError(
            f"The project's script runs {own.name}, and {model.name} is asked for.",
            remedy="leave the model out, or choose it in FR_Inference, so that the frames are named after it",
            file=str(model),
        )


def _of_range(view: View, text: str) -> list[int]:
    frames = parse_frames(text)
    beyond = sorted(set(frames) - set(view.wanted_frames))
    if beyond:
        raise UsageError(
            f"--frames names frames that the project does not render: {format_frames(beyond)}.",
            remedy=f"choose some of {format_frames(view.wanted_frames)}, or change inference.frames",
        )
    return frames


def of_files(
    report: Report,
    model: Path,
    source: str,
    out: Path,
    wanted: Wanted,
    values: str | None,
    curve: str | None,
    device: str,
) -> int:
    """The model over files, as ``apply``, where nothing that files can say differs from its card."""
    from film_recovery.cli import evaluation
    from film_recovery.rendering import applying

    if wanted.frames or wanted.short or wanted.skip or wanted.workers > 1:
        raise UsageError(
            "--frames, --short-range, --skip-short-range and --workers are for projects.",
            remedy="leave them out, or give --project in place of IN and OUT",
        )
    outcome = _as_trained(model, [job.source for job in applying.jobs(source, out)], wanted)
    show(report, outcome)
    if outcome.outcome == "fail":
        return EXIT_CHECK_FAILED
    return evaluation.apply(report, model, source, out, values, curve, device)


def _as_trained(model: Path, files: list[Path], wanted: Wanted) -> Outcome:
    """The model's card against what the files and the operator say of them."""
    if model.suffix not in (".pt", ".cat") or not model.with_suffix(".json").is_file():
        return _cannot_tell(f"{model.name} has no card beside it")
    from film_recovery.engine.nodes import loaded_model

    card = loaded_model(model).card
    different, unknown = {}, ["colour domain", "pre-filter", "crop", "pairs"]
    for name, then, now in (("film", card.film, wanted.film), ("reel", card.reel, wanted.reel)):
        if not now:
            unknown.append(f"{name} (--{name})")
        elif then != now:
            different[name] = {"model": then or "none", "now": now}
    size = card.conditions.get("format")
    for file in spread(files, _LOOKED_AT) if size else []:
        shape = read_header(file).format
        here = [shape.width, shape.height, shape.pixel_aspect]
        if here != list(size or ()):
            different["format"] = {"model": _shaped(size or here), "now": f"{_shaped(here)} ({file.name})"}
            break
    if not size:
        unknown.append("format")
    show_ = {"file": str(model)}
    if different:
        told = "; ".join(
            f"{name}: trained with {one['model']}, now {one['now']}" for name, one in different.items()
        )
        return judged(
            _AS_TRAINED, False, different, f"The model is not used as it was trained; {told}.", show_
        )
    return _cannot_tell(f"files say nothing of {', '.join(unknown)}")


def _shaped(size: Sequence[float]) -> str:
    width, height, aspect = size
    return f"{width:g} × {height:g}" + (f", pixel aspect {aspect:g}" if aspect != 1 else "")


def _cannot_tell(why: str) -> Outcome:
    reason = f"Cannot tell whether the model is used as it was trained: {why}."
    remedy = ("infer a project (--project), whose script and settings say it",)
    return Outcome(_AS_TRAINED.id, "warn", None, {}, reason, remedy)
