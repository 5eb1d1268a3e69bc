from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes
from skimage.color import deltaE_ciede2000, rgb2lab

from film_recovery.analysis.colour_difference import delta_e_76, delta_e_2000, difference_2000, lab
from film_recovery.errors import FilmRecoveryError

# Sharma, Wu, Dalal (2005), table 1: L* a* b* of both colours, and ΔE00.
SHARMA = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
TABLE = np.array([line.split() for line in SHARMA.strip().splitlines()], np.float64)
RANDOM = np.random.default_rng(11)


def test_the_34_published_pairs():
    assert TABLE.shape == (34, 7)
    result = delta_e_2000(TABLE[:, :3], TABLE[:, 3:6])
    np.testing.assert_allclose(result, TABLE[:, 6], atol=1e-4)
    np.testing.assert_allclose(delta_e_2000(TABLE[:, 3:6], TABLE[:, :3]), TABLE[:, 6], atol=1e-4)


def test_float32_does_for_pictures():
    """All published pairs but those made to sit on the jump of the mean hue (rows 9 to 15)."""
    table = np.delete(TABLE, slice(8, 15), axis=0).astype(np.float32)
    result = delta_e_2000(table[:, :3], table[:, 3:6])
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, table[:, 6], atol=2e-4)


def test_both_agree_with_scikit_image_on_random_colours():
    a, b = RANDOM.random((2, 300, 300, 3))
    np.testing.assert_allclose(lab(a), rgb2lab(a), atol=0.02)  # its matrix has more digits
    np.testing.assert_allclose(delta_e_2000(lab(a), lab(b)), deltaE_ciede2000(lab(a), lab(b)), atol=1e-6)
    np.testing.assert_allclose(difference_2000(a, b), delta_e_2000(lab(a), lab(b)), atol=1e-12)


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.23, 80.11, 67.22)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_the_primaries(rgb, expected):
    np.testing.assert_allclose(lab(np.array(rgb, np.float64)), expected, atol=0.01)


def test_neutrals_have_no_chroma():
    grey = np.linspace(0, 1, 101)[:, None].repeat(3, axis=1)
    assert np.abs(lab(grey)[:, 1:]).max() < 1e-12


def test_colours_beyond_the_range_stay_finite():
    wild = np.array([[-0.5, -0.5, -0.5], [4, 4, 4], [-1, 3, -1], [0, 0, -2]], np.float32)
    assert np.isfinite(lab(wild)).all()
    assert np.isfinite(difference_2000(wild, wild[::-1])).all()


colours = shapes.arrays(np.float64, (7, 3), elements=st.floats(-100, 100))


@given(a=colours, b=colours)
def test_differences_are_symmetric_and_never_negative(a, b):
    for measure in (delta_e_76, delta_e_2000):
        forth, back = measure(a, b), measure(b, a)
        assert (forth >= 0).all()
        np.testing.assert_allclose(forth, back, rtol=1e-9, atol=1e-9)


@given(a=colours)
def test_equal_colours_do_not_differ(a):
    assert not delta_e_76(a, a).any()
    assert not delta_e_2000(a, a).any()


def test_76_is_the_distance():
    assert delta_e_76(np.array([50.0, 0, 0]), np.array([53.0, 4, 0])) == pytest.approx(5)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (5, 4, 3), (33000, 3), (2, 3, 4, 3)])
def test_any_shape_in_front_of_the_components(shape):
    a, b = RANDOM.random((2, *shape))
    result = difference_2000(a, b)
    assert result.shape == shape[:-1]
    last = difference_2000(a.reshape(-1, 3)[-1], b.reshape(-1, 3)[-1])
    assert result.flat[-1] == pytest.approx(float(last), rel=1e-9)


@pytest.mark.parametrize("measure", [delta_e_76, delta_e_2000, difference_2000])
@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.zeros((4, 3)), np.zeros((5, 3)), "differ in shape"),
        (np.zeros((4, 2)), np.zeros((4, 2)), "three components"),
        (np.zeros((0, 3)), np.zeros((0, 3)), "empty"),
        (np.zeros((1, 3)), np.array([[0, np.nan, np.inf]]), "2 values that are not finite"),
    ],
)
def test_bad_input_is_named(measure, a, b, words):
    with pytest.raises(FilmRecoveryError, match=words):
        measure(a, b)
