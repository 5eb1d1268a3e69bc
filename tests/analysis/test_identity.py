from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from film_recovery.analysis.identity import identity
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import chroma, luma, ycbcr_to_rgb

pictures = shapes.arrays(np.float64, (3, 4, 3), elements=st.floats(-4, 60))
amounts = st.floats(-0.5, 0.5)


@given(a=pictures, b=pictures)
def test_it_is_what_luma_and_chroma_say(a, b):
    result = identity(a, b)
    y = np.abs(luma(a) - luma(b))
    assert result.luma_max == pytest.approx(y.max(), abs=1e-9)
    assert result.luma_mean == pytest.approx(y.mean(), abs=1e-9)
    assert result.chroma_max == pytest.approx(np.abs(chroma(a) - chroma(b)).max(), abs=1e-9)
    assert identity(b, a) == result


@given(a=pictures, y=amounts, cb=amounts, cr=amounts)
def test_a_change_of_one_kind_shows_as_that_kind(a, y, cb, cr):
    changed = identity(a, a + ycbcr_to_rgb(np.array([y, cb, cr])))
    assert changed.luma_max == pytest.approx(abs(y), abs=1e-9)
    assert changed.luma_mean == pytest.approx(abs(y), abs=1e-9)
    assert changed.chroma_max == pytest.approx(max(abs(cb), abs(cr)), abs=1e-9)


def test_one_pixel_is_found_and_the_mean_is_over_all():
    a = np.zeros((10, 10, 3), np.float32)
    b = a.copy()
    b[7, 3] = 0.5
    result = identity(a, b)
    assert result.luma_max == pytest.approx(0.5)
    assert result.luma_mean == pytest.approx(0.005)
    assert result.chroma_max < 1e-9


@given(a=pictures)
def test_a_picture_is_identical_to_itself(a):
    result = identity(a, a)
    assert (result.luma_max, result.luma_mean, result.chroma_max) == (0, 0, 0)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.zeros((4, 3)), np.zeros((5, 3)), "differ in shape"),
        (np.zeros((4, 4)), np.zeros((4, 4)), "three components"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "empty"),
        (np.full((1, 3), -np.inf), np.zeros((1, 3)), "3 values that are not finite"),
        (np.zeros((1, 3), np.uint16), np.zeros((1, 3), np.uint16), "uint16"),
    ],
)
def test_bad_input_is_named(a, b, words):
    with pytest.raises(FilmRecoveryError, match=words):
        identity(a, b)
