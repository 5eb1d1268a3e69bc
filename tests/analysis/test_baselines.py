"""Baselines: what they do to pictures that can be worked out by hand, and that fitting finds what was put in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from film_recovery.analysis.baselines import (
    AMOUNTS,
    SCALES,
    SIGMAS,
    Grade,
    LeastSquaresFilter,
    Resize,
    Sharpen,
    UnsharpMask,
    fit_grade,
    fit_least_squares,
    fit_resize,
    fit_sharpen,
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


# Sharpen, resize, least squares


def test_sharpening_takes_the_neighbours_off_luma_and_keeps_chroma() -> None:
    given = picture(20, 30)
    sharp = Sharpen(0.5).apply(given)
    plane = luma(given).astype(np.float64)
    around = (plane[:-2, 1:-1] + plane[2:, 1:-1] + plane[1:-1, :-2] + plane[1:-1, 2:]) / 4
    wanted = plane[1:-1, 1:-1] + 0.5 * (plane[1:-1, 1:-1] - around)
    np.testing.assert_allclose(luma(sharp)[1:-1, 1:-1], wanted, atol=1e-5)
    np.testing.assert_allclose(chroma(sharp), chroma(given), atol=1e-5)


@pytest.mark.parametrize("amount", [0.25, 1.0, 2.0])
def test_the_sharpening_that_made_the_truth_is_found(amount: float) -> None:
    pairs = [(given, Sharpen(amount).apply(given)) for given in (picture(40, 50), picture(30, 20))]
    assert fit_sharpen(iter(pairs)) == Sharpen(amount)


@pytest.mark.parametrize("scale", SCALES)
def test_the_resize_that_made_the_truth_is_found(scale: float) -> None:
    pairs = [(given, Resize(scale).apply(given)) for given in (picture(40, 50), picture(31, 22))]
    found = fit_resize(iter(pairs))
    assert found == Resize(scale)
    assert found.apply(pairs[1][0]).shape == (31, 22, 3)


def test_least_squares_finds_the_filter_that_made_the_truth() -> None:
    kernel = RANDOM.normal(0, 0.05, (9, 9)).astype(np.float32)
    kernel[4, 4] += 1
    made = LeastSquaresFilter(kernel, 0.02)
    noisy = [RANDOM.random((60, 70, 3)).astype(np.float32) for _ in range(2)]
    found = fit_least_squares((given, made.apply(given)) for given in noisy)
    np.testing.assert_allclose(found.kernel, kernel, atol=1e-3)
    assert found.offset == pytest.approx(0.02, abs=1e-3)
    fresh = RANDOM.random((40, 40, 3)).astype(np.float32)
    np.testing.assert_allclose(chroma(found.apply(fresh)), chroma(fresh), atol=1e-5)


def test_filters_refuse_what_they_cannot_be_fitted_to() -> None:
    for fit in (fit_sharpen, fit_resize, fit_least_squares):
        with pytest.raises(FilmRecoveryError, match="no pair"):
            fit([])
    small = picture(6, 20)
    with pytest.raises(FilmRecoveryError, match="9 × 9"):
        fit_least_squares([(small, small)])
