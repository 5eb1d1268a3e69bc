"""The simulated damage: seeded, within range, and each kind doing what its name says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from film_recovery.demo import degrade, elements, footage
from film_recovery.imaging.luma import luma


@pytest.fixture(scope="module")
def film() -> footage.Footage:
    return footage.load("photographs")


def test_the_photographs_are_filmed_by_a_moving_camera(film: footage.Footage) -> None:
    assert [last - first + 1 for first, last in film.shots] == [footage.CAMERA_FRAMES] * 4
    assert len(film.pictures) == 4 * footage.CAMERA_FRAMES
    width, height = footage.CAMERA_SIZE
    for picture in film.pictures[::7]:
        assert picture.shape == (height, width, 3)
        assert picture.dtype == np.float32
        assert picture.min() >= 0 and picture.max() <= 1
    assert np.abs(film.pictures[0] - film.pictures[1]).mean() > 1e-3, "the camera moves"


@pytest.mark.parametrize("damage", elements.JOBS.values(), ids=elements.JOBS)
def test_damage_is_seeded(film: footage.Footage, damage: degrade.Damage) -> None:
    picture = film.pictures[3]
    first, again = (degrade.damaged(picture, damage, 3, 1) for _ in range(2))
    assert_array_equal(first, again)
    assert np.abs(first - degrade.damaged(picture, damage, 3, 2)).max() > 1e-3, "another seed, other grain"
    assert first.min() >= 0 and first.max() <= 1


def test_fade_changes_colour_more_than_luma_and_differs_over_time_and_place() -> None:
    grey = np.full((64, 96, 3), 0.4, np.float32)
    faded = degrade.damaged(grey, degrade.Damage(fade=True), 0, 0)
    red, green, blue = faded[32, 48]
    assert red > green < blue, "cyan and yellow dye are lost, so grey turns magenta"
    assert abs(luma(faded[32, 48]) - 0.4) < 0.05
    assert np.abs(faded[32, 0] - faded[32, 48]).max() > 0.02, "the edge has faded more"
    later = degrade.damaged(grey, degrade.Damage(fade=True), 22, 0)
    assert np.abs(later - faded).max() > 0.01


def test_weave_is_bounded_and_in_steps_that_the_warp_can_do_exactly() -> None:
    path = degrade.weave_path(200, 1.5, seed=4)
    assert path.shape == (200, 2)
    assert 1.0 < np.abs(path).max() <= 1.5
    assert_allclose(path * 32, np.round(path * 32))


def test_a_scan_moves_right_and_up_by_the_weave() -> None:
    picture = np.zeros((60, 80, 3), np.float32)
    picture[30, 40] = 1
    columns, rows = degrade.MARGIN
    scan = degrade.scanned(picture, (2.0, 3.0))
    assert scan.shape == (60 + 2 * rows, 80 + 2 * columns, 3)
    assert scan[rows + 30 - 3, columns + 40 + 2].min() == 1


def test_training_and_held_out_moments_differ() -> None:
    for first, last in ((0, 23), (76, 136), (187, 241)):
        assert not set(elements._spread(first, last)) & set(elements._between(first, last))
