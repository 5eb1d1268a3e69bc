"""What an evaluation leaves: ``evaluation.json``, ``evaluation.csv``, and a sheet of each model's worst pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery import __version__
from film_recovery._files import write_whole
from film_recovery.analysis.difference import SSIM_CONVENTION
from film_recovery.analysis.figures import NAMES
from film_recovery.analysis.gate import V_GATE
from film_recovery.engine.evaluation import Evaluation, ModelScore, displayed
from film_recovery.engine.opening import Opened
from film_recovery.engine.run_folder import write_picture
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.pairs import PairSource

SCHEMA = "film-recovery-evaluation/1"
CELL = 360  # pixels, width of a picture in a sheet
AMPLIFIED = 4.0  # the last column shows |output - truth| so many times, encoded
CONVENTIONS = {
    "domain": "as displayed: encoded sRGB, 0-1, clamped",
    "ssim": SSIM_CONVENTION,
    "v_gate": V_GATE,
    "overall": "mean over pictures; ratios and hue over all saturated pixels; percentiles are means of the pictures'",
}


def as_data(found: Evaluation, sheets: Sequence[Path | None] = ()) -> dict[str, Any]:
    """All of it as plain data. ``sheets``: of each model, as far as there is one."""
    shown = [*sheets, *[None] * (len(found.models) - len(sheets))]
    return {
        "schema": SCHEMA,
        "created_by": f"film-recovery {__version__}",
        "values": found.values,
        "conventions": CONVENTIONS,
        "input": _model(found.given),
        "baseline": None if found.baseline is None else _model(found.baseline),
        "models": [_model(score, sheet) for score, sheet in zip(found.models, shown, strict=True)],
        "passed": found.passed,
    }


def write_evaluation(found: Evaluation, folder: Path, sheets: Sequence[Path | None] = ()) -> None:
    """``evaluation.json`` and ``evaluation.csv`` in ``folder``, each whole or not at all."""
    text = json.dumps(as_data(found, sheets), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / "evaluation.json", text + "\n")
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["model", "step", "picture", "area", *NAMES, "outside_0_1"])
    scores = [found.given, *([] if found.baseline is None else [found.baseline]), *found.models]
    for index, score in enumerate(scores):
        name = f"{score.name} (baseline)" if index == 1 and found.baseline is not None else score.name
        start = [_cell(name), "" if score.step is None else score.step]
        for picture in score.pictures:
            areas = [("whole", picture.whole), *([("masked", picture.masked)] if picture.masked else [])]
            for area, figures in areas:
                values = [figures.values.get(figure, "") for figure in NAMES]
                rows.writerow([*start, _cell(picture.label), area, *values, picture.outside])
        for area, overall in (("whole", score.overall), ("masked", score.overall_masked)):
            if overall:
                rows.writerow([*start, "(all)", area, *(overall.get(figure, "") for figure in NAMES), ""])
    write_whole(folder / "evaluation.csv", table.getvalue())


def prepared(folder: Path) -> Path:
    """``folder``, made. Raises FilmRecoveryError when it cannot be, or holds an evaluation.json that is not ours."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FilmRecoveryError(
            f"The folder of the evaluation cannot be made: {error.strerror}.",
            file=str(folder),
            remedy="choose another with --out",
        ) from error
    there = folder / "evaluation.json"
    if (
        there.exists()
        and SCHEMA.rpartition("/")[0] not in there.read_text(encoding="utf-8", errors="replace")[:200]
    ):
        raise FilmRecoveryError(
            "A file that is not ours is in the way.",
            file=str(there),
            remedy="choose another folder with --out",
        )
    return folder


def worst_sheet(
    model: Opened, pairs: PairSource, labels: Sequence[str], values: str, path: Path
) -> Path | None:
    """Writes ``path``, a PNG: a row for each of ``labels``, columns Input · Truth · Output · difference.

    The last is |output - truth|, AMPLIFIED times. Pictures as displayed, made smaller to CELL pixels; one is in memory
    at a time. None where there is nothing to show.
    """
    known = {_label(pairs, index): index for index in range(len(pairs))}
    rows = []
    for label in labels:
        pair = pairs[known[label]]
        given, truth, made = (
            displayed(side, values) for side in (pair.input, pair.truth, model.run(pair.input, values))
        )
        apart = np.clip(np.abs(made - truth) * np.float32(AMPLIFIED), 0, 1)
        rows.append(np.hstack([_sized(picture) for picture in (given, truth, made, apart)]))
    if not rows:
        return None
    write_picture(np.vstack(rows), path)
    return path


def _label(pairs: PairSource, index: int) -> str:
    labels = getattr(pairs, "labels", None)  # where the pairs know them, no picture is read for its name
    return str(labels[index]) if labels is not None else pairs[index].label


def _sized(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    size = (CELL, max(1, round(CELL * height / width)))
    method = cv2.INTER_AREA if width > CELL else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.float32)


def _model(score: ModelScore, sheet: Path | None = None) -> dict[str, Any]:
    verdict = score.verdict
    return {
        "name": score.name,
        "file": None if score.file is None else str(score.file),
        "recipe": score.recipe,
        "sha256": score.sha256,
        "step": score.step,
        "overall": dict(score.overall),
        "overall_masked": dict(score.overall_masked),
        "pictures": [
            {
                "label": picture.label,
                "figures": dict(picture.whole.values),
                "masked": None if picture.masked is None else dict(picture.masked.values),
                "outside_0_1": picture.outside,
            }
            for picture in score.pictures
        ],
        "verdict": None
        if verdict is None
        else {
            "passed": verdict.passed,
            "checks": [outcome.as_dict() for outcome in verdict.outcomes],
            "became_worse": [vars(entry) for entry in verdict.worse],
        },
        "worst": None if sheet is None else str(sheet),
    }


def _cell(text: str) -> str:
    """``text`` as a spreadsheet shows it, never as a formula that it runs."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
