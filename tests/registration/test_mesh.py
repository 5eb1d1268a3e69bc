"""The residual warp: what a lens does beside a homography is found; where there is none, none is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration import geometry
from film_recovery.registration.geometry import Grid
from film_recovery.registration.mesh import COLUMNS, ROWS, Mesh, measured_mesh, st_map, straight
from film_recovery.registration.solve import solve

WIDTH, HEIGHT = 460, 320
BENT = 1.5  # pixels at the left and right edge


@pytest.fixture(scope="module")
def bent(photograph, simulated):
    """Reference, a Source seen through a lens, and where each Source pixel's place lies on the Reference."""
    picture = photograph("coffee.png")
    matrix = simulated.turned(WIDTH, HEIGHT, scale=1.02, degrees=1, shift=(8, -5))
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    u, v = (x - WIDTH / 2) / (WIDTH / 2), (y - HEIGHT / 2) / (WIDTH / 2)
    squared = u * u + v * v
    here = np.column_stack([(x + BENT * u * squared).ravel(), (y + BENT * v * squared).ravel()])
    there = geometry.mapped(matrix, here)
    # The Source samples the larger picture where the lens looks; both sides are as soft as 1.25 pixels make them.
    scene = cv2.GaussianBlur(picture, (0, 0), 0.6)
    place = (there * 1.25 - 0.5).astype(np.float32).reshape(HEIGHT, WIDTH, 2)
    source = cv2.remap(scene, place[..., 0], place[..., 1], cv2.INTER_LANCZOS4)
    plain = (np.stack([x, y], -1) * 1.25 - 0.5).astype(np.float32)
    reference = cv2.remap(scene, plain[..., 0], plain[..., 1], cv2.INTER_LANCZOS4)
    rng = np.random.default_rng(0)
    return (
        reference,
        simulated.grainy(simulated.faded(source, rng), rng, 0.01),
        there.reshape(HEIGHT, WIDTH, 2),
    )


def test_a_lens_is_measured_and_taken_out(bent):
    reference, source, there = bent
    solution = solve(reference, source)
    mesh = measured_mesh(reference, source, solution)
    assert mesh.measurable
    # Where the homography puts what each pixel shows, less where it is: what the mesh has to be.
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    truth = geometry.mapped(solution.matrix, there.reshape(-1, 2)).reshape(HEIGHT, WIDTH, 2) - np.stack(
        [x, y], -1
    )
    inner = np.s_[20:-20, 20:-20]
    before = np.linalg.norm(truth[inner], axis=-1)
    after = np.linalg.norm(truth[inner] - mesh.field()[inner], axis=-1)
    assert np.median(after) < 0.06
    assert np.sqrt(np.mean(after**2)) < 0.5 * np.sqrt(np.mean(before**2))
    assert mesh.rms == pytest.approx(np.sqrt(np.mean(before**2)), rel=0.4)
    assert set(mesh.as_dict()) == {"rms", "largest", "sigma", "measurable"}


def test_where_only_a_homography_is_nothing_is_found(photograph, simulated):
    rng = np.random.default_rng(0)
    matrix = simulated.turned(WIDTH, HEIGHT, scale=1.02, degrees=1, shift=(8, -5))
    reference, source, _ = simulated.pair(
        photograph("coffee.png"), matrix, WIDTH, HEIGHT, 1.25, lambda x: simulated.grainy(x, rng, 0.02)
    )
    mesh = measured_mesh(reference, source, solve(reference, source))
    assert mesh.rms < 0.05
    assert mesh.largest < 0.2


def made(change=0.0):
    nodes = np.zeros((ROWS, COLUMNS, 2))
    nodes[..., 0] = change
    nodes[..., 1] = -2 * change
    return Mesh(nodes, Grid(48, 32), abs(change), abs(change), 0.01)


def test_an_st_map_of_nothing_gives_each_pixel_its_own_centre():
    told = st_map(straight(Grid(48, 32)))
    assert np.array_equal(told, st_map(made()))
    assert told.shape == (32, 48, 2)
    assert told[31, 0].tolist() == pytest.approx([0.5 / 48, 0.5 / 32])  # the lowest row, the left-most pixel
    assert told[0, 47].tolist() == pytest.approx([47.5 / 48, 31.5 / 32])


def test_an_st_map_looks_up_where_the_mesh_says_y_up():
    told = st_map(made(1.5)) - st_map(made())
    assert told[..., 0] == pytest.approx(1.5 / 48, abs=1e-6)
    assert told[..., 1] == pytest.approx(3 / 32, abs=1e-6)  # three pixels up
    picture = np.random.default_rng(0).uniform(size=(32, 48, 3)).astype(np.float32)
    places = st_map(made(2.0)) * [48, 32]  # pixels of the format, origin bottom left
    x, y = places[..., 0] - 0.5, 32 - places[..., 1] - 0.5
    whole = cv2.remap(picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
    assert np.allclose(whole[6:-6, 6:-6], np.roll(picture, (4, -2), (0, 1))[6:-6, 6:-6], atol=1e-5)


def test_nodes_that_lie_on_a_plane_are_a_plane_everywhere():
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    nodes = np.stack([0.3 * columns - 1, 0.1 * rows + 0.2 * columns], -1)
    mesh = Mesh(nodes, Grid(90, 70), 1, 1, 0.1)
    points = np.array([[0.0, 0.0], [90.0, 70.0], [45.0, 35.0], [3.0, 66.0]])
    place = points / [90, 70] * [COLUMNS - 1, ROWS - 1]
    wanted = np.stack([0.3 * place[:, 0] - 1, 0.1 * place[:, 1] + 0.2 * place[:, 0]], 1)
    assert np.allclose(mesh.at(points), wanted)
    assert np.allclose(mesh.field()[35, 45], mesh.at(np.array([[45.5, 35.5]]))[0], atol=1e-5)


def test_what_was_not_solved_has_no_mesh(photograph):
    picture = photograph("coffee.png")
    solution = solve(np.zeros_like(picture), picture)
    with pytest.raises(FilmRecoveryError, match="no homography"):
        measured_mesh(picture, picture, solution)
