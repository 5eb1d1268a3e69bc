"""The command ``watch``: what a training has to show so far, ours or Nuke's CopyCat's, in the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from film_recovery.cli.report import Report
from film_recovery.engine import copycat_run
from film_recovery.engine.run_folder import RUN_FILE
from film_recovery.engine.run_log import read_log
from film_recovery.errors import EXIT_DONE, FilmRecoveryError
from film_recovery.learning.checkpoint import BEST, checkpoints
from film_recovery.protection import keep_apart


def watch(report: Report, folder: Path, out: Path | None) -> int:
    """Tells the figures of every look; of a CopyCat, of every contact sheet, which ``out`` gets with differences."""
    if not folder.is_dir():
        raise FilmRecoveryError(
            f"There is no folder {folder.name}.",
            file=str(folder),
            remedy="name the folder that was given as --out, or CopyCat's data directory",
        )
    # What was asked is noted before the first line of the log, which comes when the pairs are read.
    if any((folder / name).is_file() for name in (RUN_FILE, "log.jsonl")):
        return _ours(report, folder)
    return _copycat(report, folder, out)


def _ours(report: Report, folder: Path) -> int:
    lines = read_log(folder / "log.jsonl")
    for line in lines:
        if "held_out" in line:
            _tell(report, f"step {line['step']}", line["held_out"], step=line["step"])
    steps = [line for line in lines if "loss" in line]
    kept = checkpoints(folder / "checkpoints")
    best = folder / "checkpoints" / BEST
    report.result(
        {
            "kind": "film-recovery",
            "steps": steps[-1]["step"] if steps else 0,
            "loss": steps[-1]["loss"] if steps else None,
            "seconds": lines[-1]["seconds"] if lines else 0,
            "checkpoints": [str(path) for path in kept],
            "best": str(best) if best.exists() else None,
            "contact_sheets": [str(path) for path in sorted(folder.glob("contact_sheet_*.png"))],
            "previews": [str(path) for path in sorted(folder.glob("preview_*.png"))],
        },
        "the training so far",
    )
    return EXIT_DONE


def _copycat(report: Report, folder: Path, out: Path | None) -> int:
    run = _copycat_run(folder)
    if out is not None:
        keep_apart(out, folder, "CopyCat's data directory", file=str(out))
    for sheet in run.sheets:
        rows = copycat_run.crops(sheet)
        shown = None
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            shown = str(out / sheet.name)
            copycat_run.write_sheet(rows, out / sheet.name)
        _tell(report, sheet.name, copycat_run.figures(rows), contact_sheet=shown or str(sheet))
    report.result(
        {
            "kind": "CopyCat",
            "steps": max((checkpoint.step for checkpoint in run.checkpoints), default=None),
            "checkpoints": [str(checkpoint.path) for checkpoint in run.checkpoints],
            "non_commercial": any(checkpoint.non_commercial for checkpoint in run.checkpoints),
            "contact_sheets": [str(path) for path in run.sheets],
            "not_opened": [str(path) for path in run.unopened],
        },
        "what CopyCat left, on crops that it learns from",
    )
    return EXIT_DONE


def _copycat_run(folder: Path) -> copycat_run.CopyCatRun:
    try:
        return copycat_run.read_run(folder)
    except FilmRecoveryError as error:
        raise FilmRecoveryError(
            f"This is the folder of no training: no {RUN_FILE} of train --out, and CopyCat left neither a checkpoint"
            " (.cat) nor a contact sheet (.png).",
            file=str(folder),
            remedy="name the folder that was given as --out, or CopyCat's data directory",
        ) from error


def _tell(report: Report, name: str, figures: dict[str, float], **more: Any) -> None:
    if report.as_json:
        report.event("look", name=name, figures=figures, **more)
    else:
        report.say(f"{name}: {', '.join(f'{key} {value:.4g}' for key, value in figures.items())}")
