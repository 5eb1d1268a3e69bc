"""A solved alignment in the graph: where a point of the Reference ends up is where its matrix says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.graph.spec import Element
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame


@pytest.fixture
def spec(tmp_path):
    """Two pairs; a bright spot in the Reference, where each matrix brings it onto (40, 30), origin bottom left."""
    for name in ("s", "r"):
        for number in (1, 2):
            picture = np.zeros((64, 96, 3), np.float32)
            picture[30 - number * (name == "r"), 40 + 2 * number * (name == "r")] = 1
            write_frame(Frame.from_array(picture), tmp_path / f"{name}.{number:04d}.exr")
    source = Element(f"{tmp_path}/s.####.exr", 1, 2, 96, 64, colourspace="raw")
    return graph.GraphSpec(
        recipe="colour",
        source=source,
        reference=replace(source, file=f"{tmp_path}/r.####.exr"),
        pairs=[(1, 1), (2, 2)],
        preview=1,
        output=f"{tmp_path}/out.####.exr",
        data_directory=f"{tmp_path}/data",
        solved=[(1, 0, -2 * n, 0, 1, n, 0, 0, 1) for n in (1, 2)],
    )


def place(frame: Frame) -> tuple[int, int]:
    y, x = np.unravel_index(frame.pixels[:, :, 1].argmax(), frame.pixels.shape[:2])
    return int(x) + frame.bbox.x, int(y) + frame.bbox.y


def test_the_graph_brings_each_pair_where_its_own_matrix_says(spec) -> None:
    evaluator = Evaluator(nk.parse(graph.recovery_graph(spec)))
    for number in (1, 2):
        assert place(evaluator.frame("AlignmentSwitch", number)) == (40, 30)
    loose = Evaluator(nk.parse(graph.recovery_graph(replace(spec, solved=[spec.solved[0], ()]))))
    assert place(loose.frame("AlignmentSwitch", 1)) == (40, 30)
    assert place(loose.frame("AlignmentSwitch", 2)) == (44, 28)
