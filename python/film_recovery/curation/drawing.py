"""Words and frames on pictures: what contact sheets need. 8-bit, blue green red, as OpenCV draws."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.frame import Pixels

Canvas = NDArray[np.uint8]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ASCII = str.maketrans(
    {"–": "-", "—": "-", "×": "x", "±": "+-", "′": "'", "’": "'", "“": '"', "”": '"', "…": "..."}
)


def eight_bit(picture: Pixels) -> Canvas:
    """Encoded RGB, 0–1, H×W×3 → 8-bit, blue green red; limited to 0–1."""
    return np.ascontiguousarray((np.clip(picture, 0, 1)[..., ::-1] * 255).round().astype(np.uint8))


def text_width(text: str, size: float) -> int:
    """Pixels that ``text`` takes."""
    return int(cv2.getTextSize(_drawable(text), _FONT, size, 1)[0][0])


def write_text(
    canvas: Canvas, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int]
) -> None:
    """Draws ``text`` with its base line's left end ``at`` (column, row)."""
    cv2.putText(canvas, _drawable(text), at, _FONT, size, colour, 1, cv2.LINE_AA)


def wrapped(text: str, width: int, size: float, most: int) -> list[str]:
    """``text`` in at most ``most`` lines that are at most ``width`` pixels wide; the last ends in dots if it is cut."""
    lines: list[str] = []
    line = ""
    words = text.split()
    for number, word in enumerate(words):
        longer = f"{line} {word}".strip()
        if text_width(longer, size) <= width or not line:
            line = longer
            continue
        lines.append(line)
        line = word
        if len(lines) == most:
            return [*lines[:-1], _cut(f"{lines[-1]} {' '.join(words[number:])}", width, size)]
    if line:
        lines.append(line if text_width(line, size) <= width else _cut(line, width, size))
    return lines


def _cut(text: str, width: int, size: float) -> str:
    while text and text_width(f"{text}...", size) > width:
        text = text[:-1]
    return f"{text.rstrip(' ,;')}..."


def _drawable(text: str) -> str:
    """OpenCV's font has ASCII only; other letters become a question mark."""
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")
