from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes
from skimage.metrics import structural_similarity

import film_recovery
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.errors import FilmRecoveryError

PHOTOGRAPHS = Path(film_recovery.__file__).parent / "demo" / "photographs"
pictures = shapes.arrays(np.float64, (12, 13), elements=st.floats(0, 1))


def _photograph(name: str) -> np.ndarray:
    image = cv2.imread(str(PHOTOGRAPHS / name), cv2.IMREAD_GRAYSCALE)
    return image.astype(np.float32) / 255


def test_psnr_of_known_errors():
    black = np.zeros((4, 5, 3), np.float32)
    assert psnr(black, black + np.float32(0.1)) == pytest.approx(20, abs=1e-5)
    assert psnr(black, black + np.float32(0.1), peak=10) == pytest.approx(40, abs=1e-5)
    assert psnr(black, black) == math.inf


def test_psnr_is_exact_in_large_float32_pictures():
    """A mean in float32 would stall; 2^24 equal terms are exact in float64."""
    a = np.zeros(3_000_000, np.float32)
    assert psnr(a, a + np.float32(0.01)) == pytest.approx(40, abs=1e-6)


@given(a=pictures, b=pictures)
def test_both_are_symmetric(a, b):
    assert psnr(a, b) == psnr(b, a)
    assert ssim(a, b) == pytest.approx(ssim(b, a), abs=1e-12)
    assert -1 - 1e-9 <= ssim(a, b) <= 1 + 1e-9


@given(a=pictures, b=pictures, scale=st.floats(0.5, 300))
def test_both_follow_the_scale_of_the_domain(a, b, scale):
    if psnr(a, b) < 200:
        assert psnr(a * scale, b * scale, peak=scale) == pytest.approx(psnr(a, b), abs=1e-6)
    assert ssim(a * scale, b * scale, peak=scale) == pytest.approx(ssim(a, b), abs=1e-6)


@given(a=pictures)
def test_a_picture_is_like_itself(a):
    assert ssim(a, a) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("change", ["noise", "blur", "darker"])
def test_ssim_agrees_with_scikit_image(change):
    a = _photograph("astronaut.png")
    b = {
        "noise": a + np.random.default_rng(0).normal(0, 0.05, a.shape).astype(np.float32),
        "blur": cv2.GaussianBlur(a, (0, 0), 2),
        "darker": a * np.float32(0.7),
    }[change]
    oracle = structural_similarity(
        a.astype(np.float64),
        b.astype(np.float64),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
    )
    assert ssim(a, b) == pytest.approx(oracle, abs=1e-9)
    assert ssim(a, b) < 0.97


@pytest.mark.parametrize("measure", [psnr, ssim])
@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (np.zeros((12, 12)), np.zeros((12, 13)), "differ in shape"),
        (np.zeros((0, 12)), np.zeros((0, 12)), "empty"),
        (np.full((12, 12), np.nan), np.zeros((12, 12)), "144 values that are not finite"),
        (np.zeros((12, 12)), np.full((12, 12), np.inf), "144 values that are not finite"),
        (np.zeros((12, 12), np.uint8), np.zeros((12, 12), np.uint8), "uint8"),
    ],
)
def test_bad_input_is_named(measure, a, b, words):
    with pytest.raises(FilmRecoveryError, match=words):
        measure(a, b)


@pytest.mark.parametrize("peak", [0.0, -1.0, math.nan, math.inf])
def test_a_peak_without_sense_is_named(peak):
    plane = np.zeros((12, 12))
    with pytest.raises(FilmRecoveryError, match="peak"):
        psnr(plane, plane, peak=peak)
    with pytest.raises(FilmRecoveryError, match="peak"):
        ssim(plane, plane, peak=peak)


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (12, 12, 3), (144,)])
def test_ssim_needs_one_plane_that_holds_its_window(shape):
    with pytest.raises(FilmRecoveryError, match="11 × 11"):
        ssim(np.zeros(shape), np.zeros(shape))


def test_ssim_runs_on_the_smallest_plane():
    plane = np.random.default_rng(1).random((11, 11))
    assert ssim(plane, plane) == pytest.approx(1)
