from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.analysis.colour_difference import lab
from film_recovery.analysis.hue import hue_shift
from film_recovery.errors import FilmRecoveryError

WHITE = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def _rgb(lightness: float, chroma: float, degrees: float) -> np.ndarray:
    """Encoded sRGB of a CIELAB colour: CIE 15 backwards, written for this test."""
    a, b = chroma * math.cos(math.radians(degrees)), chroma * math.sin(math.radians(degrees))
    y = (lightness + 16) / 116
    f = np.array([y + a / 500, y, y - b / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * WHITE.sum(axis=1)
    linear = np.linalg.solve(WHITE, xyz)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055)


def test_the_inverse_used_here_is_one() -> None:
    assert lab(_rgb(60, 30, 40)[None])[0] == pytest.approx(
        [60, 30 * math.cos(math.radians(40)), 30 * math.sin(math.radians(40))], abs=1e-9
    )


@given(hue=st.floats(0, 360), turn=st.floats(-170, 170), lightness=st.floats(45, 65))
def test_a_turn_is_found_with_its_sign(hue: float, turn: float, lightness: float) -> None:
    truth = np.full((3, 4, 3), _rgb(lightness, 24, hue))
    test = np.full((3, 4, 3), _rgb(lightness, 24, hue + turn))
    found = hue_shift(test, truth, threshold=20)
    assert found.mean == pytest.approx(turn, abs=1e-6)
    assert found.p95 == pytest.approx(abs(turn), abs=1e-6)
    assert (found.count, found.grey) == (12, 0)


def test_the_mean_is_circular() -> None:
    """Two colours turned by 170 and -170 degrees have moved to the other side, not stayed."""
    truth = np.array([_rgb(55, 24, 100), _rgb(55, 24, 100)])
    test = np.array([_rgb(55, 24, 270), _rgb(55, 24, -70)])
    assert abs(hue_shift(test, truth, 20).mean) == pytest.approx(180)


def test_opposite_turns_cancel_in_the_mean_and_not_in_the_percentile() -> None:
    truth = np.array([_rgb(55, 24, 100)] * 2)
    found = hue_shift(np.array([_rgb(55, 24, 130), _rgb(55, 24, 70)]), truth, 20)
    assert found.mean == pytest.approx(0, abs=1e-9)
    assert found.p95 == pytest.approx(30)


def test_a_colour_that_lost_its_hue_is_counted_apart() -> None:
    truth = np.array([[0.8, 0.2, 0.3]] * 4)
    test = np.array([[0.8, 0.2, 0.3]] * 3 + [[0.5, 0.5, 0.5]])
    found = hue_shift(test, truth)
    assert (found.mean, found.count, found.grey) == (0, 3, 0.25)


def test_only_saturated_and_bright_enough_pixels_count() -> None:
    truth = np.array([[0.8, 0.2, 0.3], [0.5, 0.45, 0.45], [0.09, 0.01, 0.02]])
    assert hue_shift(truth, truth).count == 1
    nothing = hue_shift(truth[1:], truth[1:])
    assert math.isnan(nothing.mean) and math.isnan(nothing.p95)


def test_a_mask_chooses_the_places() -> None:
    truth = np.full((2, 2, 3), _rgb(55, 24, 100))
    test = truth.copy()
    test[0, 0] = _rgb(55, 24, 140)
    mask = np.zeros((2, 2))
    mask[0, 0] = 1
    assert hue_shift(test, truth, 20, mask).mean == pytest.approx(40)
    assert hue_shift(test, truth, 20, 1 - mask).mean == pytest.approx(0)
    with pytest.raises(FilmRecoveryError, match="mask has shape"):
        hue_shift(test, truth, 20, np.ones((3, 2)))
