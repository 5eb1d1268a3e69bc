"""A solved alignment in the graph: where a point of the Reference ends up is where its matrix says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.errors import UsageError
from film_recovery.graph.corners import align_block, corners, switched
from film_recovery.graph.spec import Element
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

SOURCE = Element("s.####.exr", 1, 4, 96, 64)
SMALL = st.floats(-0.05, 0.05)


@given(
    st.tuples(*[SMALL] * 4),
    st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
    st.tuples(*[st.floats(-1e-4, 1e-4)] * 2),
)
def test_pixel_by_pixel_the_corners_are_the_matrix_s(linear, shift, perspective) -> None:
    a, b, c, d = linear
    matrix = np.array([[1 + a, b, shift[0]], [c, 1 + d, shift[1]], [*perspective, 1]])
    points = np.array([[0, 0, 1], [96, 0, 1], [96, 64, 1], [0, 64, 1]]) @ matrix.T
    found = corners(matrix.ravel().tolist(), SOURCE, replace(SOURCE, file="r"))
    np.testing.assert_allclose(found, points[:, :2] / points[:, 2:], atol=2e-6)


def test_a_larger_reference_is_fitted_first() -> None:
    reference = replace(SOURCE, width=192, height=128)
    assert corners((0.5, 0, 0, 0, 0.5, 0, 0, 0, 1), SOURCE, reference) == ((0, 0), (96, 0), (96, 64), (0, 64))


def test_the_pixel_aspect_of_a_telecine_is_taken_out_by_the_fit() -> None:
    reference = Element("r", 1, 4, 72, 64, pixel_aspect=4 / 3)
    assert corners((4 / 3, 0, 0, 0, 1, 0, 0, 0, 1), SOURCE, reference) == ((0, 0), (96, 0), (96, 64), (0, 64))


@pytest.mark.parametrize(
    ("matrix", "words"), [((1, 0, 0), "9 numbers, not 3"), ((1, 0, 0, 0, 1, 0, -1 / 96, 0, 1), "to infinity")]
)
def test_what_is_no_alignment_is_refused(matrix, words) -> None:
    with pytest.raises(UsageError, match=words):
        corners(matrix, SOURCE, SOURCE)


def test_the_switch_takes_the_solved_branch_where_there_is_one() -> None:
    assert switched({}) == "1" and switched({1: False}) == "1" and switched({1: True, 2: True}) == "2"
    assert switched({1: True, 2: False}) == "{{curve K x1 2 x2 1}}"


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


def test_a_matrix_for_some_pairs_only_is_refused(spec) -> None:
    with pytest.raises(UsageError, match="1 alignments for 2 pairs"):
        graph.recovery_graph(replace(spec, solved=spec.solved[:1]))


def test_the_block_that_align_hands_over_does_the_same(spec) -> None:
    script = nk.parse(graph.recovery_graph(spec))
    block = nk.parse(align_block(dict(enumerate(spec.solved, 1)), spec.source, spec.reference))
    group, pin = block.nodes[0], script.node("SolvedCornerPin")
    assert group.text("mode") == "2"
    assert block.node("FR_Align1.FitToSource").text("resize") == "none"
    for n in range(1, 5):
        assert group.text(f"to{n}") == pin.text(f"to{n}")
