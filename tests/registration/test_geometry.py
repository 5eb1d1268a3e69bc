"""Conventions, formats, and the keys of FR_Align: against definitions, and against the graph itself."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import graph, nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.corners import align_block
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.registration import geometry
from film_recovery.registration.geometry import Grid

sides = st.integers(40, 4096)
grids = st.builds(Grid, sides, sides, st.floats(0.5, 2.0))
small = st.floats(-1, 1)


@st.composite
def matrices(draw):
    x, y, scale, turn, bend_x, bend_y = (draw(small) for _ in range(6))
    angle, size = 0.2 * turn, 1 + 0.4 * scale
    return np.array(
        [
            [size * np.cos(angle), -size * np.sin(angle), 300 * x],
            [size * np.sin(angle), size * np.cos(angle), 300 * y],
            [1e-5 * bend_x, 1e-5 * bend_y, 1],
        ]
    )


@given(matrices(), grids, grids)
def test_both_conventions_name_the_same_places(matrix, reference, source):
    nuke = geometry.to_nuke(matrix, reference, source)
    points = np.array([[0.5, 0.5], [3.0, 17.0], [reference.width - 0.5, reference.height - 0.5]])
    upended = np.column_stack([points[:, 0], reference.height - points[:, 1]])
    there = geometry.mapped(matrix, points)
    assert np.allclose(
        geometry.mapped(nuke, upended), np.column_stack([there[:, 0], source.height - there[:, 1]]), atol=1e-6
    )
    assert np.allclose(geometry.from_nuke(nuke, reference, source), matrix, atol=1e-9)
    assert nuke[2, 2] == 1


@given(matrices(), matrices(), grids)
def test_maps_one_after_the_other_are_the_product_in_both_conventions(first, second, grid):
    product = geometry.to_nuke(geometry.unit(second @ first), grid, grid)
    assert np.allclose(
        product,
        geometry.unit(geometry.to_nuke(second, grid, grid) @ geometry.to_nuke(first, grid, grid)),
        atol=1e-7,
    )


@given(matrices())
def test_nine_numbers_and_the_inverse_come_back(matrix):
    assert np.allclose(np.reshape(geometry.row_major(matrix), (3, 3)), matrix)
    points = np.array([[1.0, 2.0], [200.0, 30.0]])
    assert np.allclose(
        geometry.mapped(geometry.inverse(matrix), geometry.mapped(matrix, points)), points, atol=1e-6
    )


@given(matrices(), grids)
def test_a_matrix_is_its_four_corners(matrix, source):
    there = geometry.mapped(matrix, source.corners)
    assert np.allclose(geometry.from_points(source.corners, there), matrix, atol=1e-6)


@pytest.mark.parametrize("values", [(0.0,) * 9, (*(1.0,) * 8, float("nan"))])
def test_what_is_no_matrix_is_refused(values):
    with pytest.raises(FilmRecoveryError):
        geometry.unit(np.reshape(values, (3, 3)))
    with pytest.raises(FilmRecoveryError):
        Grid(0, 5)


def test_the_displacement_of_the_corners_is_in_source_pixels():
    source = Grid(400, 300)
    true = geometry.scaled(4, 4)  # a small Reference
    assert geometry.corner_displacement(geometry.moved(0.3, -0.4) @ true, true, source) == pytest.approx(
        [0.5] * 4
    )
    larger = geometry.moved(200, 150) @ geometry.scaled(1.01, 1.01) @ geometry.moved(-200, -150) @ true
    assert geometry.corner_displacement(larger, true, source) == pytest.approx([2.5] * 4)


@given(grids, grids)
def test_fit_keeps_shapes_and_the_middle(reference, source):
    matrix = geometry.fit_matrix(reference, source)
    middle = geometry.mapped(matrix, [[reference.width / 2, reference.height / 2]])
    assert np.allclose(middle, [[source.width / 2, source.height / 2]])
    shape = matrix[0, 0] * source.pixel_aspect / (matrix[1, 1] * reference.pixel_aspect)
    assert shape == pytest.approx(1)
    size = np.array([matrix[0, 0] * reference.width, matrix[1, 1] * reference.height])
    assert np.all(size <= np.array([source.width, source.height]) * (1 + 1e-9))
    assert np.isclose(size, [source.width, source.height]).any()


def places(width, height):
    """A Frame whose red and green say where a pixel is, from the lower left; blue is 1."""
    picture = np.ones((height, width, 3), np.float32)
    picture[..., 0] = np.arange(width) + 0.5
    picture[..., 1] = np.arange(height)[:, None] + 0.5
    return Frame.from_array(picture)


def evaluated(tmp_path, text, sizes):
    reads = ""
    for name, (width, height) in sizes.items():
        write_frame(places(width, height), tmp_path / f"{name}.exr", datatype="float")
        file = nk.quote((tmp_path / f"{name}.exr").as_posix())
        reads += f"Read {{\n inputs 0\n file {file}\n raw true\n name {name}\n}}\nset N{name} [stack 0]\n"
    return Evaluator(nk.parse(reads + text)).frame("Made", 1)


def check_places(made, matrix, reference, source):
    """Each pixel of ``made`` says where on the Reference it comes from; ``matrix`` in the array convention."""
    rgb = made.rgb(made.format.box)
    assert (made.format.width, made.format.height) == (source.width, source.height)
    nuke = geometry.to_nuke(matrix, reference, source)
    inside = cv2.erode((np.abs(rgb[..., 2] - 1) < 1e-3).astype(np.uint8), np.ones((9, 9)), borderValue=0) > 0
    y, x = np.nonzero(inside)
    assert len(x) > 200
    assert np.abs(geometry.mapped(nuke, rgb[y, x, :2]) - np.column_stack([x + 0.5, y + 0.5])).max() < 0.03


@pytest.mark.parametrize("resize", geometry.RESIZES)
@pytest.mark.parametrize(("reference", "source"), [((33, 27), (60, 40)), ((71, 53), (48, 40))])
def test_fit_is_what_a_reformat_does(tmp_path, resize, reference, source):
    text = (
        f'Reformat {{\n type "to box"\n box_width {source[0]}\n box_height {source[1]}\n box_fixed true\n'
        f" resize {resize}\n filter Keys\n black_outside true\n name Made\n}}\n"
    )
    made = evaluated(tmp_path, text, {"reference": reference})
    grids = Grid(*reference), Grid(*source)
    check_places(made, geometry.fit_matrix(*grids, resize), *grids)


@pytest.mark.parametrize("reference", [(64, 48), (73, 51), (52, 39)])
def test_the_keys_of_fr_align_carry_out_the_matrix(tmp_path, reference):
    """Through the block itself: its Reformat, then the corner pin."""
    source = Grid(64, 48)
    grid = Grid(*reference)
    matrix = (
        geometry.moved(3, -2)
        @ geometry.fit_matrix(grid, source)
        @ np.array([[1.02, 0.03, 0], [-0.03, 1.02, 0], [2e-4, -1e-4, 1]])
    )
    matrix = geometry.unit(matrix)
    elements = [
        graph.Element(name, 1, 1, one.width, one.height) for name, one in (("s", source), ("r", grid))
    ]
    nine = geometry.row_major(geometry.to_nuke(matrix, grid, source))
    text = "push $Nsource\npush $Nreference\n"
    made = evaluated(
        tmp_path,
        text + align_block({1: nine}, *elements, name="Made"),
        {"reference": reference, "source": (64, 48)},
    )
    check_places(made, matrix, grid, source)


@given(small, small, small, small)
def test_the_words_of_an_operator(x, y, turn, size):
    grid = Grid(800, 600)
    angle, scale = np.radians(3 * turn), 1 + 0.1 * size
    about = geometry.moved(400, 300)
    similar = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    nuke = (
        geometry.moved(40 * x, 30 * y)
        @ about
        @ similar
        @ geometry.scaled(scale, scale)
        @ np.linalg.inv(about)
    )
    told = geometry.placement(geometry.from_nuke(nuke, grid, grid), grid, grid)
    assert (told.translate_x, told.translate_y) == pytest.approx((40 * x, 30 * y), abs=1e-9)
    assert (told.rotate, told.scale) == pytest.approx((3 * turn, scale), abs=1e-9)
    assert (told.stretch, told.skew, told.perspective_x, told.perspective_y) == pytest.approx(
        (1, 0, 0, 0), abs=1e-9
    )


def test_warped_and_covered_agree_with_the_matrix():
    matrix = geometry.moved(5, -3) @ geometry.scaled(1.1, 1.1)
    reference, source = Grid(60, 50), Grid(64, 48)
    picture = np.zeros((50, 60, 2), np.float32)
    picture[..., 0], picture[..., 1] = np.arange(60) + 0.5, np.arange(50)[:, None] + 0.5
    made = geometry.warped(picture, matrix, source)
    inside = geometry.covered(matrix, reference, source, margin=2)
    y, x = np.nonzero(inside)
    assert 0.5 < inside.mean() < 1
    back = geometry.mapped(np.linalg.inv(matrix), np.column_stack([x + 0.5, y + 0.5]))
    # OpenCV samples at 1/32 of a pixel, and its cubic kernel does not quite keep a line.
    assert np.abs(made[y, x] - back).max() < 0.06


def test_cover_is_worked_out_in_bands() -> None:
    grid = Grid(1500, 1000)
    tracemalloc.start()
    try:
        inside = geometry.covered(np.eye(3), grid, grid, margin=2)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert inside.sum() == (1500 - 4) * (1000 - 4)
    assert most < 12 * inside.size  # one plane of coordinates alone has 8 bytes a pixel, and there were six
