"""Baselines: what they do to pictures that can be worked out by hand, and that fitting finds what was put in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from film_recovery.analysis.baselines import (
    AMOUNTS,
    SIGMAS,
    Grade,
    UnsharpMask,
    fit_grade,
    fit_unsharp_mask,
)
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import chroma, luma

RANDOM = np.random.default_rng(11)


def picture(*size: int) -> np.ndarray:
    return cv2.GaussianBlur(RANDOM.random((*size, 3)).astype(np.float32), (0, 0), 1.5)


def test_an_unsharp_mask_adds_what_the_blur_takes_and_keeps_chroma() -> None:
    given = picture(40, 50)
    sharp = UnsharpMask(1.2, 0.5).apply(given)
    plane = luma(given).astype(np.float64)
    wanted = plane + 0.5 * (plane - cv2.GaussianBlur(plane, (0, 0), 1.2))
    np.testing.assert_allclose(luma(sharp), wanted, atol=1e-5)
    np.testing.assert_allclose(chroma(sharp), chroma(given), atol=1e-5)
    assert sharp.dtype == np.float32


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("amount", AMOUNTS)
def test_the_mask_that_made_the_truth_is_found(sigma: float, amount: float) -> None:
    mask = UnsharpMask(sigma, amount)
    pairs = [(given, mask.apply(given) + np.float32(1e-4)) for given in (picture(40, 50), picture(30, 20))]
    assert fit_unsharp_mask(iter(pairs)) == mask


def test_the_grade_that_made_the_truth_is_found_over_pairs_of_any_size() -> None:
    grade = Grade((1.5, 0.8, 1.0), (-0.1, 0.05, 0.2))
    pairs = [(given, grade.apply(given)) for given in (picture(40, 50), picture(30, 20))]
    found = fit_grade(iter(pairs))
    np.testing.assert_allclose(found.gain, grade.gain, atol=1e-4)
    np.testing.assert_allclose(found.offset, grade.offset, atol=1e-4)


def test_a_grade_is_the_least_squares_line() -> None:
    given, truth = picture(20, 30), picture(20, 30)
    found = fit_grade([(given, truth)])
    for channel in range(3):
        x, y = given[..., channel].ravel(), truth[..., channel].ravel()
        wanted = np.linalg.lstsq(np.stack([x, np.ones_like(x)], 1).astype(np.float64), y, rcond=None)[0]
        np.testing.assert_allclose((found.gain[channel], found.offset[channel]), wanted, atol=1e-6)


def test_a_grade_takes_each_channel_for_itself_and_keeps_no_luma() -> None:
    given = np.full((1, 1, 3), 0.5, np.float32)
    np.testing.assert_allclose(Grade((2, 1, 0), (0, 0.1, 0.3)).apply(given)[0, 0], (1.0, 0.6, 0.3), atol=1e-6)


def test_a_channel_of_one_value_is_only_moved() -> None:
    given, truth = picture(20, 30), picture(20, 30)
    given[..., 1] = 0.25
    found = fit_grade([(given, truth)])
    assert found.gain[1] == 1
    assert found.offset[1] == pytest.approx(truth[..., 1].mean(dtype=np.float64) - 0.25, abs=1e-6)


@pytest.mark.parametrize("fit", [fit_grade, fit_unsharp_mask])
def test_nothing_to_fit_to_is_an_error(fit) -> None:
    with pytest.raises(FilmRecoveryError, match="no pair"):
        fit([])
    with pytest.raises(FilmRecoveryError, match="differ in shape"):
        fit([(picture(20, 30), picture(20, 31))])
    with pytest.raises(FilmRecoveryError, match="not finite"):
        fit([(np.full((4, 4, 3), np.nan, np.float32), picture(4, 4))])
