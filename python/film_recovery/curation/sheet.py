"""The contact sheet of the pairs: Source beside Reference, with number, frame and reason. A PNG to look at.

Pictures come one at a time and are reduced at once, so that a sheet of 64 pairs needs no more memory than its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from film_recovery.curation.drawing import Canvas, eight_bit, text_width, wrapped, write_text
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.frame import Pixels

PICTURE = (300, 225)  # the most that one picture is wide and high
_GAP, _MARGIN = 4, 18
_TITLE, _HEAD = 56, 30
_SMALL, _USUAL, _LARGE = 0.40, 0.46, 0.72
_LINE, _LINES = 16, 3  # of a reason
_BACK, _CARD = (30, 30, 30), (44, 44, 44)
_INK, _FAINT = (235, 235, 235), (165, 165, 165)
_TRAINING, _HELD = (196, 160, 96), (80, 170, 240)  # blue and orange, which the colour-blind tell apart
_COLUMNS = 3


@dataclass(frozen=True)
class Cell:
    """One pair on a sheet. ``number``: in its set, from 1. ``frames``: Source and Reference."""

    number: int
    frames: tuple[int, int]
    reason: str
    shot: str = ""
    hold_out: bool = False


def contact_sheet(
    cells: Sequence[Cell], pictures: Callable[[Cell], tuple[Pixels, Pixels]], path: Path, title: str
) -> Path:
    """Writes the sheet of ``cells``, in their order, to ``path`` (PNG), whole or not at all.

    ``pictures``: Source and Reference of a cell, encoded, H×W×3, top row first, of any size. Raises UsageError for no
    cell, FilmRecoveryError where the file cannot be written.
    """
    if not cells:
        raise UsageError("A contact sheet of no pairs would be empty.", remedy="choose pairs first")
    cards = [_card(cell, *pictures(cell)) for cell in cells]
    columns = min(_COLUMNS, len(cards))
    width = columns * cards[0].shape[1] + (columns - 1) * _MARGIN + 2 * _MARGIN
    rows = []
    for first in range(0, len(cards), columns):
        line = cards[first : first + columns]
        height = max(card.shape[0] for card in line)
        row = np.full((height + _MARGIN, width, 3), _BACK, np.uint8)
        left = _MARGIN
        for card in line:
            row[: card.shape[0], left : left + card.shape[1]] = card
            left += card.shape[1] + _MARGIN
        rows.append(row)
    save(np.concatenate([_title(cells, title, width), *rows]), path)
    return path


def save(canvas: Canvas, path: Path) -> None:
    """Writes a canvas as PNG; the folder is made."""
    with replacement(path, create_directories=True) as temporary:
        if not cv2.imwrite(str(temporary), canvas):
            raise FilmRecoveryError(
                "The picture could not be written.", file=str(path), remedy="check the free space on its disk"
            )


def _title(cells: Sequence[Cell], title: str, width: int) -> Canvas:
    canvas = np.full((_TITLE, width, 3), _BACK, np.uint8)
    held = sum(cell.hold_out for cell in cells)
    said = (
        f"{len(cells) - held} pairs, {held} hold-out{'' if held == 1 else 's'} - Source left, Reference right"
    )
    write_text(
        canvas,
        wrapped(title, width - 2 * _MARGIN, _LARGE, 1)[0] if title else "",
        (_MARGIN, 26),
        _LARGE,
        _INK,
    )
    write_text(canvas, said, (_MARGIN, 46), _SMALL, _FAINT)
    return canvas


def _card(cell: Cell, source: Pixels, reference: Pixels) -> Canvas:
    sides = [_framed(one) for one in (source, reference)]
    high = max(one.shape[0] for one in sides)
    width = 2 * PICTURE[0] + _GAP
    card = np.full((_HEAD + high + 10 + _LINES * _LINE + 4, width, 3), _CARD, np.uint8)
    colour = _HELD if cell.hold_out else _TRAINING
    card[:, :4] = colour
    word = f"hold-out {cell.number}" if cell.hold_out else f"pair {cell.number}"
    write_text(card, word, (14, 20), _USUAL, colour)
    after = 14 + text_width(word, _USUAL) + 16
    same = cell.frames[0] == cell.frames[1]
    frames = f"frame {cell.frames[0]}" if same else f"frame {cell.frames[0]} | {cell.frames[1]}"
    write_text(card, frames, (after, 20), _USUAL, _INK)
    if cell.shot:
        shot = f"shot {cell.shot}"
        write_text(card, shot, (width - text_width(shot, _SMALL) - 10, 20), _SMALL, _FAINT)
    for index, one in enumerate(sides):
        height, wide = one.shape[:2]
        left = index * (PICTURE[0] + _GAP) + (PICTURE[0] - wide) // 2
        top = _HEAD + (high - height) // 2
        card[top : top + height, left : left + wide] = one
    for number, line in enumerate(wrapped(cell.reason, width - 24, _SMALL, _LINES)):
        write_text(card, line, (14, _HEAD + high + 18 + number * _LINE), _SMALL, _INK)
    return card


def _framed(picture: Pixels) -> Canvas:
    height, width = picture.shape[:2]
    scale = min(PICTURE[0] / width, PICTURE[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return eight_bit(np.asarray(cv2.resize(picture, size, interpolation=how), np.float32))
