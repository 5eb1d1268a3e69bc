"""An Evaluator that nobody holds any more is gone, with all its frames, before any garbage collection."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

GRAPH = """Root {
 inputs 0
 colorManagement OCIO
 first_frame 1
}
Read {
 inputs 0
 file PLATE
 raw true
 name Plate
}
Group {
 name Inner
 addUserKnob {20 User}
 addUserKnob {7 by}
 by 2
}
 Input {
  inputs 0
  name Input1
 }
 Grade {
  multiply {{parent.by*frame}}
  name Grade1
 }
 Output {
  name Output1
 }
end_group
OCIOColorSpace {
 in_colorspace scene_linear
 out_colorspace color_picking
 name Shown
}
"""


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def graph(tmp_path: Path) -> str:
    plate = tmp_path / "plate.exr"
    write_frame(Frame.from_array(np.full((16, 32, 3), 0.25, np.float32)), plate)
    return GRAPH.replace("PLATE", plate.as_posix())


def test_frames_go_with_the_last_reference(uncollected: None, graph: str) -> None:
    evaluator = Evaluator(nk.parse(graph))
    evaluator.frame("Shown", 2)
    assert evaluator.root.config is evaluator.root.config and evaluator.frame_range("Shown") == (1, 1)
    root, cache = evaluator.root, weakref.ref(evaluator._cache)
    held = cache()
    assert held is not None and held.bytes > 0
    del held, evaluator
    assert cache() is not None and root.working_space, "what a Root says is asked of its Evaluator"
    del root
    assert cache() is None


def test_neither_does_an_error_keep_them(uncollected: None, graph: str, tmp_path: Path) -> None:
    text = f"{graph}Read {{\n inputs 0\n file {(tmp_path / 'absent.exr').as_posix()}\n name Away\n}}\n"
    evaluator = Evaluator(nk.parse(text))
    evaluator.frame("Shown", 1)
    cache = weakref.ref(evaluator._cache)
    try:
        evaluator.frame("Away", 1)
    except FilmRecoveryError as error:
        told = error.message
    del evaluator
    assert told and cache() is None
