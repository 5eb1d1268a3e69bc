from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.errors import FilmRecoveryError

RANDOM = np.random.default_rng(6)


def _colour(saturation: float, value: float = 0.8, hue: float = 0.3) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(hue, saturation, value)


@given(hue=st.floats(0, 1), wanted=st.floats(0.3, 1), got=st.floats(0, 1))
def test_the_ratio_is_that_of_the_saturations(hue, wanted, got):
    truth, test = np.array([_colour(wanted, hue=hue)]), np.array([_colour(got, hue=hue)])
    result = saturation_ratio(test, truth)
    assert result.ratio == pytest.approx(got / wanted, abs=1e-9)
    assert result.share == 1


def test_a_picture_against_itself_is_one():
    picture = RANDOM.random((20, 30, 3)).astype(np.float32)
    assert saturation_ratio(picture, picture).ratio == 1


def test_only_saturated_and_not_too_dark_pixels_of_the_truth_count():
    truth = np.array([_colour(0.9), _colour(59 / 255), _colour(0.9, value=0.09), (0, 0, 0)])
    test = np.array([_colour(0.45), _colour(1), _colour(0), (1, 0, 0)])
    result = saturation_ratio(test, truth)
    assert result.ratio == pytest.approx(0.5)
    assert result.share == 0.25


def test_the_threshold_is_on_255():
    truth = np.array([_colour(0.3), _colour(0.5)])
    assert saturation_ratio(truth, truth, 60).share == 1
    assert saturation_ratio(truth, truth, 100).share == 0.5


def test_where_nothing_is_saturated_there_is_no_ratio():
    grey = np.full((3, 3, 3), 0.5)
    result = saturation_ratio(grey, grey)
    assert math.isnan(result.ratio)
    assert result.share == 0


def test_the_test_is_clamped_as_a_display_does():
    truth, test = np.array([[0.0, 0.5, 0.5]]), np.array([[-0.5, 0.5, 0.5]])
    assert saturation_ratio(test, truth).ratio == 1


@pytest.mark.parametrize(
    ("test", "truth", "threshold", "words"),
    [
        (np.zeros((4, 3)), np.zeros((5, 3)), 60, "differ in shape"),
        (np.zeros((4, 4)), np.zeros((4, 4)), 60, "three components"),
        (np.zeros((0, 3)), np.zeros((0, 3)), 60, "empty"),
        (np.full((1, 3), np.nan), np.zeros((1, 3)), 60, "3 values that are not finite"),
        (np.zeros((1, 3)), np.zeros((1, 3)), 256, "threshold is 256"),
        (np.zeros((1, 3)), np.zeros((1, 3)), math.nan, "threshold is nan"),
    ],
)
def test_bad_input_is_named(test, truth, threshold, words):
    with pytest.raises(FilmRecoveryError, match=words):
        saturation_ratio(test, truth, threshold)
