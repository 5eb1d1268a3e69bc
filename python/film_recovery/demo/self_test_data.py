"""Makes the data of the plugin's self-test: ``python -m film_recovery.demo.self_test_data [--plates]``.

Without the option: ``expected.json``, which is what this product's engine makes of every case, at its points.
With it also the plates, from the CC0 photographs beside this file, damaged as the demo damages them, and the small
network of the Inference cases. Tests hold that all of it is what this makes.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from film_recovery import engine as engine  # makes Inference and its like known to the evaluator
from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.demo.degrade import Damage, Picture, damaged, weave_path
from film_recovery.imaging.colour import DEFAULT_CONFIG, ColourConfig
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame
from film_recovery.learning.export import ModelCard, save_model
from film_recovery.plugin.self_test_cases import (
    DATA,
    GROUP,
    MODEL,
    SIZE,
    Case,
    Cases,
    Values,
    case_text,
    expected_text,
    load_cases,
)

PHOTOGRAPHS = Path(__file__).with_name("photographs")
FRAMES = 4
SEED = 4
DAMAGE = Damage(fade=True, blur=0.7, grain=0.03)
ROOT = (
    "Root {\n inputs 0\n first_frame 1\n last_frame 4\n"
    f' format "{SIZE[0]} {SIZE[1]} 0 0 {SIZE[0]} {SIZE[1]} 1 "\n colorManagement OCIO\n'
    " workingSpaceLUT scene_linear\n}\n"
)


def main() -> None:
    """The command."""
    if "--plates" in sys.argv[1:]:
        make_plates(DATA)
    cases = load_cases(DATA)
    (DATA / "expected.json").write_text(expected_text(expected_values(cases)), encoding="utf-8")


def expected_values(cases: Cases) -> dict[str, dict[int, Values]]:
    """What the engine makes of every case."""
    return {case.id: _values(case, cases) for case in cases.cases}


def value_at(frame: Frame, channel: str, x: float, y: float) -> float:
    """The pixel that (x, y) lies in, as ``nuke.sample`` gives it; 0 outside the bbox and for other channels."""
    column, row = int(np.floor(x)), int(np.floor(y))
    box = frame.bbox
    if channel not in frame.channels or not (box.x <= column < box.r and box.y <= row < box.t):
        return 0.0
    return float(frame.channel(channel)[row - box.y, column - box.x])


def evaluator(text: str) -> Evaluator:
    """Of a script's text, with the colour config that the expected values are made with."""
    return Evaluator(nk.parse(text), config=ColourConfig.load(DEFAULT_CONFIG))


def _values(case: Case, cases: Cases) -> dict[int, Values]:
    text = case_text(case, cases, (cases.folder / f"{MODEL}.cat").as_posix())
    made = evaluator(f"{ROOT}Group {{\n inputs 0\n name {GROUP}\n}}\n{text}end_group\n")
    found: dict[int, Values] = {}
    for number, node in zip(case.frames, case.sampled(), strict=True):
        frame = made.frame(f"{GROUP}.{node}", 1)
        found[number] = {
            channel: [value_at(frame, channel, x, y) for x, y in case.points] for channel in case.channels
        }
    return found


def make_plates(folder: Path) -> None:
    """Writes the plates and the network into ``folder``."""
    pictures = _moving("coffee.png")
    for index, clean in enumerate(pictures):
        number = f"{index + 1:04d}"
        bad = damaged(clean, DAMAGE, index, SEED)
        # What a graph carries is not limited to 0-1: shadows and highlights are pulled beyond.
        _write(folder / f"source.{number}.exr", bad * 1.35 - 0.12)
        _write(folder / f"reference.{number}.exr", clean)
    inset = Box(6, 4, 42, 28)
    whole = Frame.from_array(pictures[0], top_down=True)
    write_frame(whole.cropped(inset), folder / "inset.exr", datatype="float")
    small = cv2.resize(pictures[0], (36, 24), interpolation=cv2.INTER_AREA)
    _write(folder / "small.exr", small)
    write_frame(_faults(whole), folder / "faults.exr", datatype="float")
    module = torch.jit.script(UpFromDown())
    save_model(module, folder / f"{MODEL}.pt", ModelCard(recipe="spatial", kind="UpFromDown", radius=1))


class UpFromDown(nn.Module):
    """A 3×3 filter that differs up, down, left and right: what it makes shows which way its rows ran."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False)
        with torch.no_grad():
            self.filter.weight.copy_(
                torch.tensor([[0.0, 0.5, 0.0], [0.125, 0.25, 0.0], [0.0, 0.0, 0.125]]).expand(3, 1, 3, 3)
            )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """``image``: N×3×H×W."""
        return self.filter(image)


def _moving(name: str) -> list[Picture]:
    """The photograph as four small frames under gate weave; encoded 0-1, top row first."""
    picture = cv2.imread(str(PHOTOGRAPHS / name), cv2.IMREAD_COLOR)
    assert picture is not None
    encoded = (picture[20:340, 20:500, ::-1] / 255.0).astype(np.float32)
    frames = []
    for shift in weave_path(FRAMES, 6.0, SEED) + np.arange(FRAMES)[:, None] * [8.0, -4.0]:
        move = np.array([[1, 0, shift[0]], [0, 1, -shift[1]]], np.float64)
        moved = cv2.warpAffine(encoded, move, encoded.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)
        frames.append(cv2.resize(moved, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32))
    return frames


def _faults(whole: Frame) -> Frame:
    """The picture with alpha, and in the first pixels of its top row NaN, both infinities and a negative zero."""
    alpha = np.linspace(0, 1, SIZE[0], dtype=np.float32)[None, :, None].repeat(SIZE[1], axis=0)
    values = np.concatenate([whole.pixels, alpha], axis=2)
    values[-1, :4, 1] = np.nan, np.inf, -np.inf, -0.0
    return replace(whole, pixels=values, channels=(*RGB, ALPHA))


def _write(path: Path, picture: NDArray[Any]) -> None:
    height, width = picture.shape[:2]
    write_frame(Frame.from_array(picture, format=Format(width, height), top_down=True), path, datatype="half")


if __name__ == "__main__":
    os.environ.pop("OCIO", None)
    main()
