"""Luma and chroma: Rec.709 weights, an exact inverse, and the independence that the recipes rest on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from film_recovery.imaging.luma import WEIGHTS, chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb

triples = arrays(np.float64, (5, 3), elements=st.floats(-4, 16))


@given(triples)
def test_there_and_back_is_the_same(rgb: np.ndarray) -> None:
    assert np.allclose(ycbcr_to_rgb(rgb_to_ycbcr(rgb)), rgb, atol=1e-13)
    assert np.allclose(rgb_to_ycbcr(ycbcr_to_rgb(rgb)), rgb, atol=1e-13)


@given(triples, triples)
def test_luma_of_one_with_chroma_of_the_other_keeps_both(a: np.ndarray, b: np.ndarray) -> None:
    joined = ycbcr_to_rgb(np.concatenate([luma(a)[..., None], chroma(b)], axis=-1))
    assert np.allclose(luma(joined), luma(a), atol=1e-12)
    assert np.allclose(chroma(joined), chroma(b), atol=1e-12)


@given(triples, st.floats(-2, 2))
def test_grey_has_no_chroma_and_adding_grey_changes_luma_only(rgb: np.ndarray, grey: float) -> None:
    assert np.allclose(chroma(np.full((1, 3), grey)), 0, atol=1e-15)
    assert np.allclose(chroma(rgb + grey), chroma(rgb), atol=1e-12)
    assert np.allclose(luma(rgb + grey), luma(rgb) + grey, atol=1e-12)


def test_primaries_have_the_values_of_bt_709() -> None:
    assert np.allclose(luma(np.eye(3)), WEIGHTS)
    assert sum(WEIGHTS) == pytest.approx(1)
    # ITU-R BT.709-6, table 3: E'CB = (E'B - E'Y) / 1.8556, E'CR = (E'R - E'Y) / 1.5748.
    red = (-0.2126 / 1.8556, 0.5)
    green = (-0.7152 / 1.8556, -0.7152 / 1.5748)
    blue = (0.5, -0.0722 / 1.5748)
    assert np.allclose(chroma(np.eye(3)), (red, green, blue), atol=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_kind_and_shape_are_kept_and_the_argument_is_not_changed(kind: type) -> None:
    rgb = np.random.default_rng(1).random((4, 6, 3)).astype(kind)
    before = rgb.copy()
    assert luma(rgb).shape == (4, 6)
    assert luma(rgb).dtype == chroma(rgb).dtype == rgb_to_ycbcr(rgb).dtype == kind
    assert ycbcr_to_rgb(rgb_to_ycbcr(rgb)).dtype == kind
    assert np.array_equal(rgb, before)


def test_float32_round_trip_stays_below_a_millionth() -> None:
    rgb = np.random.default_rng(1).random((64, 64, 3), dtype=np.float32)
    assert np.abs(ycbcr_to_rgb(rgb_to_ycbcr(rgb)) - rgb).max() < 1e-6
