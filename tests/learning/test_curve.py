from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import CURVES, Curve

values = st.floats(-1000, 1000, width=32)


@pytest.mark.parametrize("name", CURVES)
@given(value=values)
def test_decode_inverts_encode_to_float_precision(name, value):
    curve = Curve(name)
    x = torch.tensor([value], dtype=torch.float32)
    assert torch.allclose(curve.decode(curve.encode(x)), x, rtol=3e-6, atol=1e-30)
    exact = x.double()
    assert torch.allclose(curve.decode(curve.encode(exact)), exact, rtol=1e-13, atol=1e-300)


@given(value=values)
def test_it_is_mirrored_at_zero(value):
    curve, x = Curve("srgb"), torch.tensor([value])
    assert torch.equal(curve.encode(-x), -curve.encode(x))


@given(value=st.floats(-10, 10), step=st.floats(1e-6, 1))
def test_it_rises_everywhere(value, step):
    curve = Curve("srgb")
    pair = torch.tensor([value, value + step], dtype=torch.float64)
    low, high = curve.encode(pair)
    assert high > low


def test_it_is_srgb_where_srgb_is_defined():
    linear = np.linspace(0, 1, 1001)
    standard = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(Curve("srgb").encode_array(linear) - standard).max() < 5e-5


def test_value_and_slope_meet_at_the_knee():
    curve = Curve("srgb")
    near = curve.knee + 1e-7 * np.array([-2, -1, 1, 2])
    a, b, c, d = curve.encode_array(near)
    assert (b - a) == pytest.approx(d - c, rel=1e-3)
    assert (c - b) == pytest.approx(2 * (b - a), rel=1e-3)


def test_none_changes_nothing_and_another_name_is_an_error():
    x = torch.randn(5)
    assert torch.equal(Curve("none").encode(x), x)
    with pytest.raises(FilmRecoveryError, match="no curve 'log'"):
        Curve("log")
