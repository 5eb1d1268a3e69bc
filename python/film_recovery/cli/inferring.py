"""``film-recovery infer``: a trained model over a project's frames, or over files by pattern; both held to its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from film_recovery import jobs, ledger, project
from film_recovery.checks import Outcome
from film_recovery.cli.project import Listener, show
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, CheckFailed, UsageError
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.project import Project, lock
from film_recovery.stages import check, mismatch, short_range
from film_recovery.stages.inferring import INFERENCE, Asked, infer_short, rendered
from film_recovery.stages.inferring import infer as render_all
from film_recovery.stages.provenance import seal
from film_recovery.stages.stated import Stated, as_stated, without_card
from film_recovery.stages.view import NotYet, View

NOTHING_STATED = Stated()


@dataclass(frozen=True)
class Wanted:
    """``frames``: some of a project's; empty: all. ``short``: the short range alone. ``stated``: what is said of files
    by pattern. ``accept``: why the model is used otherwise than it was trained."""

    frames: str = ""
    short: bool = False
    workers: int = 1
    skip: str = ""
    by: str = ""
    take_over: bool = False
    stated: Stated = NOTHING_STATED
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
        short_range.refuse_unseen(view, frames, listener.progress, asked.skip, asked.by)
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
    """The model over files, as ``apply``, where nothing that they and the operator say differs from its card and
    nothing that the card fixes is left unsaid; or by word, which the sidecar of what is written keeps."""
    from film_recovery.cli import evaluation
    from film_recovery.engine.opening import finished
    from film_recovery.rendering import applying
    from film_recovery.stages import inferred_files

    if wanted.frames or wanted.short or wanted.skip or wanted.workers > 1:
        raise UsageError(
            "--frames, --short-range, --skip-short-range and --workers are for projects.",
            remedy="leave them out, or give --project in place of IN and OUT",
        )
    model = finished(model) if model.is_dir() else model
    sidecar = inferred_files.sidecar_of(out)
    accepted = inferred_files.Accepted(wanted.accept.strip(), wanted.by)
    work = applying.jobs(source, out)
    outcome = _as_stated(model, [job.source for job in work], wanted.stated)
    show(report, outcome)
    if outcome.outcome == "fail":
        if not accepted.why:
            return EXIT_CHECK_FAILED
        report.say(f"gone on all the same, which {sidecar.name} keeps: {accepted.why}")
    inferred_files.runs_in(sidecar)  # refuses another's, before the model is opened
    run = inferred_files.run_of(
        model, outcome, wanted.stated.as_dict(), accepted, [job.target for job in work]
    )
    begin = partial(inferred_files.note, sidecar, run)
    result = evaluation.applied(report, model, source, out, values, curve, device, begin)
    inferred_files.note(sidecar, run, result)
    report.result({**result, "sidecar": str(sidecar)}, "inferred")
    return EXIT_DONE


def _as_stated(model: Path, files: list[Path], said: Stated) -> Outcome:
    """The model's card against what the files and the operator say of them."""
    if model.suffix not in (".pt", ".cat") or not model.with_suffix(".json").is_file():
        return without_card(model)
    from film_recovery.engine.nodes import loaded_model

    return as_stated(loaded_model(model).card, model, files, said)
