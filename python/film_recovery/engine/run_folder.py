"""The folder of a network's training: what was logged, what it looked like, where it goes on from.

``log.jsonl`` has a line a step (step, loss, its terms, learning_rate, seconds) and a line a look (step, held_out).
``contact_sheet_0000100.png`` shows pairs as CopyCat does: Input, Ground Truth, Output. ``preview_0000100.png``
is the model on the Preview input. ``checkpoints/`` belongs to the trainer. ``closed_form.pt`` is the model that
the network stands on, written when the training is done. Pictures are as displayed, 8 bit.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery.engine.scores import Measure, applied
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame, Pixels
from film_recovery.learning.pairs import PairSource

CLOSED_FORM = "closed_form.pt"
SHEET_ROWS = 6
SHEET_WIDTH = 320  # pixels, of each of its pictures


class Log:
    """``log.jsonl`` from ``first`` (steps that are done) on: later lines, of a run that was killed, are dropped."""

    def __init__(self, file: Path, first: int) -> None:
        self.file = file
        kept = [line for line in read_log(file) if line["step"] <= first]
        self.started = time.monotonic() - max((line["seconds"] for line in kept), default=0.0)
        with replacement(file, create_directories=True) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")

    @property
    def seconds(self) -> float:
        """Of this training, the runs that it continues included."""
        return round(time.monotonic() - self.started, 3)

    def write(self, step: int, **figures: Any) -> None:
        """Adds a line. Raises FilmRecoveryError when the disk is full."""
        line = json.dumps({"step": step, **figures, "seconds": self.seconds}, allow_nan=False)
        try:
            with open(self.file, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise FilmRecoveryError(
                f"The training's log cannot be written: {error.strerror}.",
                file=str(self.file),
                remedy="free space on its disk, then resume",
            ) from error


def read_log(file: Path) -> list[dict[str, Any]]:
    """The lines of a ``log.jsonl``; a last line that a kill cut short is left out. [] without the file."""
    if not file.exists():
        return []
    lines = file.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line.startswith(b"{") and line.endswith(b"}")]


def contact_sheet(pairs: PairSource, model: Any, measure: Measure, path: Path) -> None:
    """Writes a PNG: a row for each of a few pairs, spread evenly; columns Input, Ground Truth, Output."""
    rows = min(SHEET_ROWS, len(pairs))
    chosen = sorted({round(float(place)) for place in np.linspace(0, len(pairs) - 1, rows)})
    first = pairs[chosen[0]].input
    size = (SHEET_WIDTH, max(1, round(SHEET_WIDTH * first.shape[0] / first.shape[1])))
    sheet = []
    for index in chosen:
        pair = pairs[index]
        columns = (pair.input, pair.truth, applied(model, pair.input))
        sheet.append(np.hstack([_sized(measure.display(picture), size) for picture in columns]))
    write_picture(np.vstack(sheet), path)


def write_picture(picture: Pixels, path: Path) -> None:
    """``picture`` (encoded 0–1, H×W×3, top row first) as an 8-bit PNG."""
    write_frame(Frame.from_array(picture, top_down=True), path, datatype="uint8")


def _sized(picture: Pixels, size: tuple[int, int]) -> Pixels:
    smaller = picture.shape[1] > size[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.float32)
