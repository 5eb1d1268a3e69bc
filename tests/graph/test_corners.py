"""A solved alignment as corner pin and switch: the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import graph, nk
from film_recovery.errors import UsageError
from film_recovery.graph.corners import align_block, corners, switched
from film_recovery.graph.spec import Element

SOURCE = Element("s.####.exr", 1, 4, 96, 64)
SPEC = graph.GraphSpec(
    recipe="colour",
    source=SOURCE,
    reference=replace(SOURCE, file="r.####.exr"),
    pairs=[(1, 1), (2, 2)],
    preview=1,
    output="out.####.exr",
    data_directory="data",
    solved=[(1, 0, -2 * n, 0, 1, n, 0, 0, 1) for n in (1, 2)],
)
SMALL = st.floats(-0.05, 0.05)


@given(st.tuples(*[SMALL] * 4), st.tuples(*[st.floats(-9, 9)] * 2), st.tuples(*[st.floats(-1e-4, 1e-4)] * 2))
def test_pixel_by_pixel_the_corners_are_the_matrix_s(linear, shift, perspective) -> None:
    (a, b, c, d), (p, q) = linear, perspective
    matrix = (1 + a, b, shift[0], c, 1 + d, shift[1], p, q, 1)
    found = corners(matrix, SOURCE, replace(SOURCE, file="r"))
    for (x, y), place in zip(((0, 0), (96, 0), (96, 64), (0, 64)), found, strict=True):
        w = p * x + q * y + 1
        wanted = ((1 + a) * x + b * y + shift[0]) / w, (c * x + (1 + d) * y + shift[1]) / w
        assert place == pytest.approx(wanted, abs=2e-6)


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


def test_a_frame_without_a_solution_is_manual_and_has_no_key() -> None:
    block = nk.parse(align_block({1: SPEC.solved[0], 2: ()}, SPEC.source, SPEC.reference)).nodes[0]
    assert block.text("mode") == "{curve K x1 2 x2 1}"
    assert block.text("to1") == "{curve K x1 -2} {curve K x1 1}"


def test_a_matrix_for_some_pairs_only_is_refused() -> None:
    with pytest.raises(UsageError, match="1 alignments for 2 pairs"):
        graph.recovery_graph(replace(SPEC, solved=SPEC.solved[:1]))


def test_the_block_that_align_hands_over_has_the_same_keys() -> None:
    script = nk.parse(graph.recovery_graph(SPEC))
    block = nk.parse(align_block(dict(enumerate(SPEC.solved, 1)), SPEC.source, SPEC.reference))
    group, pin = block.nodes[0], script.node("SolvedCornerPin")
    assert group.text("mode") == "2"
    assert block.node("FR_Align1.FitToSource").text("resize") == "none"
    for n in range(1, 5):
        assert group.text(f"to{n}") == pin.text(f"to{n}")
