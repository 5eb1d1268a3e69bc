"""The folder of a network's training: what was logged, what it looked like, where it goes on from.

``log.jsonl``, ``log.csv``, ``tensorboard/`` are ``run_log``'s. ``contact_sheet_0000100.png`` shows pairs as CopyCat
does, and what is left: Input, Ground Truth, Output, Difference. ``preview_0000100.png`` is the model on the Preview
input. ``checkpoints/`` belongs to the trainer. ``closed_form.pt`` is the model that the network stands on, written when
the training is done. ``training.yaml`` says what was asked (``training_config``); of a project's training that is
``asked.json`` (``stages.teaching``), its settings alone. ``pairs.json`` holds notes on the pairs, ``decoded/`` their
pixels until the training has ended (``reading``). Pictures are as displayed, 8 bit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery.engine.run_log import read_log as read_log
from film_recovery.engine.scores import Measure, applied
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame, Pixels
from film_recovery.learning.pairs import PairSource

CLOSED_FORM = "closed_form.pt"
RUN_FILE = "training.yaml"
SHEET_ROWS = 6
SHEET_WIDTH = 320  # pixels, of each of its pictures
DIFFERENCE_GAIN = 4  # times as much as there is: what is left is small
MIDDLE = 320  # pixels: side of what a sheet of middles shows of each pair


def contact_sheet(
    pairs: PairSource, model: Any, measure: Measure, path: Path, *, middles: bool = False
) -> None:
    """Writes a PNG: a row for each of a few pairs, spread evenly; columns Input, Ground Truth, Output, Difference.

    The last is DIFFERENCE_GAIN times the absolute difference of the two before it, as displayed. ``middles``: of each
    pair only its middle, pixel by pixel, which takes a fraction of the time of whole frames.
    """
    rows = min(SHEET_ROWS, len(pairs))
    chosen = sorted({round(float(place)) for place in np.linspace(0, len(pairs) - 1, rows)})
    sheet: list[Pixels] = []
    size = (0, 0)
    for index in chosen:
        pair = pairs[index]
        given, truth = (_middle(side) if middles else side for side in (pair.input, pair.truth))
        size = size if sheet else (SHEET_WIDTH, max(1, round(SHEET_WIDTH * given.shape[0] / given.shape[1])))
        shown = [measure.display(picture) for picture in (given, truth, applied(model, given))]
        left = DIFFERENCE_GAIN * np.abs(np.clip(shown[2], 0, 1) - np.clip(shown[1], 0, 1))
        sheet.append(np.hstack([_sized(picture, size) for picture in (*shown, left)]))
    write_picture(np.vstack(sheet), path)


def write_picture(picture: Pixels, path: Path) -> None:
    """``picture`` (encoded 0–1, H×W×3, top row first) as an 8-bit PNG."""
    write_frame(Frame.from_array(picture, top_down=True), path, datatype="uint8")


def _middle(picture: Pixels) -> Pixels:
    top, left = (max(0, (side - MIDDLE) // 2) for side in picture.shape[:2])
    return np.ascontiguousarray(picture[top : top + MIDDLE, left : left + MIDDLE])


def _sized(picture: Pixels, size: tuple[int, int]) -> Pixels:
    smaller = picture.shape[1] > size[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.float32)
