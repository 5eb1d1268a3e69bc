"""Real EXR frames on disk and scripts as text, for the tests of the evaluator itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.imaging import files
from film_recovery.imaging.frame import RGB, Box, Format, Frame

Plate = Callable[..., Path]


def frame_of(value: float, width: int = 6, height: int = 4) -> Frame:
    """Red is ``value``; green counts columns, blue rows (from the bottom): every pixel is told apart."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([np.full((height, width), value), columns / 10, rows / 10], axis=-1)
    return Frame(pixels.astype(np.float32), RGB, Format(width, height), Box(0, 0, width, height))


@pytest.fixture
def plate(tmp_path: Path) -> Plate:
    """``plate("a", [1, 2])`` writes a.0001.exr and a.0002.exr, red = frame ÷ 100; gives the pattern."""

    def write(name: str, frames: Iterable[int], offset: float = 0.0, **size: int) -> Path:
        for frame in frames:
            made = frame_of(frame / 100 + offset, **size)
            files.write_frame(made, tmp_path / f"{name}.{frame:04d}.exr", datatype="float")
        return tmp_path / f"{name}.####.exr"

    return write


@pytest.fixture
def evaluator(tmp_path: Path) -> Callable[..., Evaluator]:
    """An Evaluator of script text; the script counts as saved in ``tmp_path``."""

    def make(text: str, **options: object) -> Evaluator:
        return Evaluator(nk.parse(text, file=str(tmp_path / "shot.nk")), **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def red() -> Callable[..., float]:
    """The red of the lowest, leftmost pixel, times 100: the frame number that ``plate`` wrote."""

    def value(evaluator: Evaluator, node: str, frame: float) -> float:
        pixel = evaluator.frame(node, frame).channel("rgba.red")[0, 0]
        return round(float(pixel) * 100, 3)

    return value
