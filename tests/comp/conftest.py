"""Frames in memory as the source of a graph: node class TestImage, and the fixture ``run``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from film_recovery import comp, nk
from film_recovery.imaging.frame import Frame

_IMAGES: dict[str, Frame] = {}
_ROOT = 'Root {\n inputs 0\n format "64 48 0 0 64 48 1 test"\n}\n'

Run = Callable[..., Frame]


@comp.register("TestImage", knobs={"image": ""}, source="test only")
def _test_image(call: comp.NodeCall) -> Frame:
    return _IMAGES[call.text("image")]


@pytest.fixture
def run() -> Run:
    """``run(body, b, a, …)``: the last node of ``body``, whose inputs 0, 1, … are the given Frames.

    The Frames are TestImage nodes called image0, image1, …, pushed so that image0 is on top of the stack;
    None leaves an input unconnected.
    """

    def evaluate(body: str, *frames: Frame | None, at: float = 1) -> Frame:
        _IMAGES.clear()
        text = _ROOT
        for index in reversed(range(len(frames))):
            name, frame = f"image{index}", frames[index]
            if frame is None:
                text += "push 0\n"
                continue
            _IMAGES[name] = frame
            text += f"TestImage {{\n inputs 0\n image {name}\n name {name}\n}}\n"
        script = nk.parse(text + body)
        return comp.Evaluator(script).frame(script.nodes[-1], at)

    return evaluate
