"""A shot's matrices: weave kept or removed, frames that failed taken from their neighbours."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration import geometry
from film_recovery.registration.geometry import Grid
from film_recovery.registration.shot import smoothed
from film_recovery.registration.solve import Solution

REFERENCE, SOURCE = Grid(700, 560, 1.09), Grid(2048, 1556)
FRAMES = list(range(100, 124))


def place(x=0.0, y=0.0, scale=1.0):
    middle = geometry.moved(1024, 778)
    return (
        geometry.moved(x, y)
        @ middle
        @ geometry.scaled(scale, scale)
        @ np.linalg.inv(middle)
        @ geometry.fit_matrix(REFERENCE, SOURCE)
    )


def solution(matrix):
    return Solution(matrix, REFERENCE, SOURCE, confidence=0.9, inliers=0.9, sigma=0.02, common=0.95)


@pytest.fixture
def woven():
    """Weave of 0.8 pixel, on a slow drift and zoom."""
    rng = np.random.default_rng(1)
    weave = rng.normal(0, 0.8, (len(FRAMES), 2))
    still = [place(0.1 * n, -0.05 * n, 1.02 + 1e-4 * n) for n in range(len(FRAMES))]
    return [geometry.moved(*weave[n]) @ still[n] for n in range(len(FRAMES))], still


def off(matrix, true):
    return geometry.corner_displacement(matrix, true, SOURCE).max()


def test_kept_weave_is_each_frame_s_own_matrix(woven):
    made = smoothed(FRAMES, [solution(matrix) for matrix in woven[0]])
    assert [one.frame for one in made] == FRAMES
    assert not any(one.repaired for one in made)
    assert all(one.solution.matrix is matrix for one, matrix in zip(made, woven[0], strict=True))


def test_a_frame_far_off_and_frames_not_solved_come_from_their_neighbours(woven):
    solutions = [solution(matrix) for matrix in woven[0]]
    solutions[7] = solution(geometry.moved(25, 3) @ woven[0][7])
    solutions[0] = replace(solutions[0], solved=False, reason="black")
    solutions[15] = solutions[16] = replace(solutions[15], matrix=np.eye(3), solved=False, reason="flash")
    made = smoothed(FRAMES, solutions)
    assert [one.frame for one in made if one.repaired] == [100, 107, 115, 116]
    assert made[7].moved == pytest.approx(25, abs=4)
    for n in (0, 7, 15, 16):
        assert made[n].solution.solved
        assert off(made[n].solution.matrix, woven[1][n]) < 3  # weave of a neighbour
    halfway = geometry.mapped(geometry.inverse(made[7].solution.matrix), SOURCE.corners)
    beside = [geometry.mapped(geometry.inverse(woven[0][n]), SOURCE.corners) for n in (6, 8)]
    assert np.allclose(halfway, np.mean(beside, axis=0), atol=1e-6)


def test_removed_weave_leaves_the_slow_path(woven):
    made = smoothed(FRAMES, [solution(matrix) for matrix in woven[0]], weave="removed")
    before = np.mean([off(own, still) for own, still in zip(*woven, strict=True)])
    after = np.mean([off(one.solution.matrix, still) for one, still in zip(made, woven[1], strict=True)])
    assert after < before / 2
    steps = [off(a.solution.matrix, b.solution.matrix) for a, b in pairwise(made)]
    assert max(steps) < 0.5
    assert all(one.moved > 0 for one in made)


def test_a_path_without_weave_is_not_bent(woven):
    made = smoothed(FRAMES, [solution(matrix) for matrix in woven[1]], weave="removed")
    assert max(off(one.solution.matrix, still) for one, still in zip(made, woven[1], strict=True)) < 0.05


def test_one_matrix_for_the_shot():
    rng = np.random.default_rng(3)
    solutions = [solution(geometry.moved(*rng.normal(0, 0.5, 2)) @ place(3, -4)) for _ in FRAMES]
    solutions[4] = solution(geometry.moved(90, 0) @ place(3, -4))
    made = smoothed(FRAMES, solutions, weave="constant")
    assert all(np.array_equal(one.solution.matrix, made[0].solution.matrix) for one in made)
    assert off(made[0].solution.matrix, place(3, -4)) < 0.4


def test_a_single_frame_is_itself():
    (made,) = smoothed([5], [solution(place(2, 1))], weave="removed")
    assert off(made.solution.matrix, place(2, 1)) < 1e-4


def test_what_cannot_be_smoothed_is_refused(woven):
    solutions = [solution(matrix) for matrix in woven[0]]
    with pytest.raises(FilmRecoveryError, match="No frame"):
        smoothed(FRAMES, [replace(one, solved=False, reason="black") for one in solutions])
    with pytest.raises(FilmRecoveryError, match="ascending"):
        smoothed(FRAMES[::-1], solutions)
    with pytest.raises(FilmRecoveryError, match="format"):
        smoothed(FRAMES, [replace(solutions[0], source=Grid(10, 10)), *solutions[1:]])
    with pytest.raises(FilmRecoveryError, match="Weave"):
        smoothed(FRAMES, solutions, weave="some")
