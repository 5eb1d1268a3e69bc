from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from film_recovery.analysis.colour_difference import difference_76, difference_2000
from film_recovery.analysis.difference import psnr, psnr_channels, ssim
from film_recovery.analysis.figures import LARGEST_PSNR, NAMES, averaged, picture_figures
from film_recovery.analysis.spread import spread
from film_recovery.errors import FilmRecoveryError

RANDOM = np.random.default_rng(4)
RED = np.array([0.8, 0.2, 0.2], np.float32)


def _plain(colour: object = RED, size: tuple[int, int] = (14, 16)) -> np.ndarray:
    return np.full((*size, 3), colour, np.float32)


def test_a_picture_against_itself_is_perfect() -> None:
    picture = RANDOM.random((20, 24, 3)).astype(np.float32)
    found = picture_figures(picture, picture).values
    assert set(found) == set(NAMES)
    assert found["psnr"] == found["psnr_luma"] == LARGEST_PSNR
    assert found["ssim_luma"] == pytest.approx(1)
    assert [found[f"{kind}_{part}"] for kind in ("de76", "de00") for part in ("mean", "p99")] == [0] * 4
    assert [found[name] for name in ("sat_ratio_60", "sat_ratio_100", "brightness_ratio_60")] == [1] * 3
    assert found["hue_shift_60"] == found["hue_lost_60"] == 0


def test_each_channel_has_its_own_psnr() -> None:
    truth = _plain((0.5, 0.5, 0.5))
    test = truth + np.array([0.1, 0.01, 0], np.float32)
    found = picture_figures(test, truth).values
    assert found["psnr_red"] == pytest.approx(20, abs=1e-4)
    assert found["psnr_green"] == pytest.approx(40, abs=1e-3)
    assert found["psnr_blue"] == LARGEST_PSNR
    assert found["psnr"] == pytest.approx(-10 * math.log10((0.01 + 0.0001) / 3), abs=1e-3)


def test_half_the_saturation_at_three_quarters_of_the_brightness() -> None:
    found = picture_figures(_plain((0.6, 0.375, 0.375)), _plain()).values
    assert found["sat_ratio_60"] == found["sat_ratio_100"] == pytest.approx(0.5)
    assert found["brightness_ratio_60"] == pytest.approx(0.75)
    assert found["sat_share_60"] == 1


def test_what_a_picture_does_not_have_is_left_out() -> None:
    found = picture_figures(_plain(0.5, (4, 5)), _plain(0.4, (4, 5))).values
    assert not {"ssim_luma", "hue_shift_60", "sat_ratio_60", "brightness_ratio_100"} & set(found)
    assert found["sat_share_60"] == 0


def test_values_beyond_the_display_are_clamped() -> None:
    assert picture_figures(_plain((1.5, 0.2, -0.3)), _plain((1, 0.2, 0))).values["psnr"] == LARGEST_PSNR


@settings(deadline=None, max_examples=25)
@given(
    test=arrays.arrays(np.float32, (12, 13, 3), elements=st.floats(0, 1, width=32)),
    truth=arrays.arrays(np.float32, (12, 13, 3), elements=st.floats(0, 1, width=32)),
    mask=arrays.arrays(np.bool_, (12, 13)),
)
def test_masked_figures_are_those_of_the_masked_pixels(test, truth, mask) -> None:
    mask[6, 6] = True  # the middle of a whole window
    found = picture_figures(test, truth, mask).values
    rows = [side[mask][None] for side in (test, truth)]  # one row of the chosen pixels
    alone = picture_figures(*rows).values
    for name, value in alone.items():
        assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-5), name
    everything = picture_figures(test, truth, np.ones((12, 13))).values
    assert everything == pytest.approx(dict(picture_figures(test, truth).values))


def test_outside_the_mask_anything_may_happen() -> None:
    truth = RANDOM.random((30, 30, 3)).astype(np.float32)
    test = truth.copy()
    test[:10] = 0
    mask = np.zeros((30, 30))
    mask[15:] = 1  # five rows away: the windows of SSIM do not reach
    assert picture_figures(test, truth, mask).values["ssim_luma"] == pytest.approx(1)
    assert picture_figures(test, truth, mask).values["psnr"] == LARGEST_PSNR
    assert picture_figures(test, truth).values["psnr"] < 20


def test_a_mask_that_does_not_fit_is_named() -> None:
    picture = _plain()
    with pytest.raises(FilmRecoveryError, match=r"mask has shape \(3, 3\)"):
        picture_figures(picture, picture, np.ones((3, 3)))
    with pytest.raises(FilmRecoveryError, match="mask is empty"):
        picture_figures(picture, picture, np.zeros(picture.shape[:2]))
    with pytest.raises(FilmRecoveryError, match="not finite"):
        picture_figures(picture, picture, np.full(picture.shape[:2], np.nan))


def test_a_spread_is_the_mean_and_two_percentiles() -> None:
    values = np.arange(1, 102, dtype=np.float32)
    found = spread(values)
    assert (found.mean, found.p95, found.p99) == (51, 96, 100)
    mask = np.zeros((2, 2), bool)
    mask[1, 1] = True
    assert spread(np.array([[1.0, 2], [3, 4]]), mask).mean == 4


def test_both_differences_agree_on_what_is_known() -> None:
    """ΔE of white against black is 100 in 1976 and 2000."""
    white, black = np.ones((1, 3)), np.zeros((1, 3))
    assert difference_76(white, black)[0] == pytest.approx(100, abs=1e-3)
    assert difference_2000(white, black)[0] == pytest.approx(100, abs=1e-3)


def test_masked_psnr_and_ssim_alone() -> None:
    a, b = RANDOM.random((2, 20, 20))
    half = np.zeros((20, 20), bool)
    half[:, :10] = True
    assert psnr(a, b, mask=half) == pytest.approx(psnr(a[:, :10], b[:, :10]))
    inside = np.zeros((20, 20), bool)
    inside[5:15, 5:15] = True
    assert ssim(a, b, mask=inside) == pytest.approx(ssim(a, b))
    colours = RANDOM.random((2, 5, 6, 3))
    assert psnr_channels(*colours)[1] == pytest.approx(psnr(colours[0, ..., 1], colours[1, ..., 1]))


def test_pictures_count_alike_and_ratios_by_their_pixels() -> None:
    large, small = _plain(size=(20, 20)), np.full((20, 20, 3), 0.5, np.float32)
    small[:2] = RED
    faded = small.copy()
    faded[:2] = (0.8, 0.8, 0.8)
    one, two = picture_figures(large, large), picture_figures(faded, small)
    found = averaged([one, two])
    assert found["sat_ratio_60"] == pytest.approx(400 / 440)
    assert found["psnr"] == pytest.approx((one.values["psnr"] + two.values["psnr"]) / 2)
    assert found["hue_shift_60"] == pytest.approx(0)
    both = [np.concatenate(sides) for sides in ((large, faded), (large, small))]
    assert found["sat_ratio_60"] == pytest.approx(picture_figures(*both).values["sat_ratio_60"])
    assert found["hue_lost_60"] == pytest.approx(40 / 440)


def test_opposite_hues_are_averaged_on_the_circle() -> None:
    truth = _plain((0.2, 0.7, 0.7))
    turned = [picture_figures(_plain(colour), truth) for colour in ((0.75, 0.2, 0.5), (0.75, 0.35, 0.2))]
    angles = [figures.values["hue_shift_60"] for figures in turned]
    assert angles[0] > 149 and angles[1] < -149  # just this and that side of the opposite
    assert abs(averaged(turned)["hue_shift_60"]) > 150
