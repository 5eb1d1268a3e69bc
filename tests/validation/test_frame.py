"""The measures of one frame, on a photograph whose blur, grain, halos and colours are put in by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import film_recovery
from film_recovery.errors import FilmRecoveryError
from film_recovery.validation.frame import NEED_TRUTH, measured

PHOTOGRAPH = Path(film_recovery.__file__).parent / "demo" / "photographs" / "coffee.png"


@cache
def clean() -> np.ndarray:
    whole = cv2.imread(str(PHOTOGRAPH))[..., ::-1].astype(np.float32) / 255
    return np.ascontiguousarray(0.1 + 0.8 * whole[:, :512])


def grain(deviation: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, deviation, clean().shape[:2])
    return noise.astype(np.float32)[..., None]


@cache
def source() -> np.ndarray:
    return cv2.GaussianBlur(clean(), (0, 0), 1.2) + grain(0.01, 1)


def truth() -> np.ndarray:
    return clean() + grain(0.01, 2)


def test_the_radial_power_spectrum_is_that_of_the_whole_picture() -> None:
    """White noise of deviation s has a power of s² at every frequency; a blur takes it where it is fine."""
    noise = np.random.default_rng(3).normal(0, 0.01, (512, 512)).astype(np.float32)
    flat = np.repeat(0.5 + noise[..., None], 3, axis=2)
    soft = 0.5 + cv2.GaussianBlur(flat - 0.5, (0, 0), 1.0)
    found = measured(soft, flat, flat).power
    assert list(found) == ["source", "recovered", "truth"]
    np.testing.assert_allclose(found["recovered"][2:], 1e-4, rtol=0.1)  # slopes go from the lowest two
    frequency = (np.arange(16) + 0.5) / 32
    through = np.exp(-((2 * np.pi * frequency) ** 2))  # of a Gaussian of one pixel, squared
    np.testing.assert_allclose(np.array(found["source"])[2:10], 1e-4 * through[2:10], rtol=0.25)
    assert found["truth"] == found["recovered"]


def test_a_recovery_that_equals_its_source_changed_nothing() -> None:
    found = measured(source(), source()).values
    assert found["detail"] == 1.0 and found["edge"] == found["edge_source"]
    assert found["grain"] == found["grain_source"] and found["halo"] == found["halo_source"]
    assert (found["change"], found["hue_change"], found["saturation_change"]) == (0, 0, 1)
    assert not set(found) & set(NEED_TRUTH), "without a Ground Truth nothing is said of it"


def test_detail_that_came_back_is_measured_and_grain_is_not_taken_for_it() -> None:
    found = measured(source(), truth(), truth()).values
    assert found["detail"] > 1.15
    assert found["edge"] < 0.9 * found["edge_source"]
    assert found["detail_kept"] == pytest.approx(1, abs=1e-6)
    assert found["grain_power"] == pytest.approx(1, abs=1e-6) and found["grain_shape"] < 0.01
    assert found["psnr_luma"] == 150 and found["de00"] == 0
    noisier = measured(source(), source() + grain(0.02, 3)).values
    assert noisier["grain"] > 1.7 * noisier["grain_source"]
    assert noisier["detail"] == pytest.approx(1, abs=0.08)


def test_half_of_the_grains_power_is_half() -> None:
    wanted = truth()
    found = measured(source(), clean() + grain(0.01 / np.sqrt(2), 5), wanted).values
    assert found["grain_power"] == pytest.approx(0.5, abs=0.15)


def test_a_halo_is_found_on_the_recovery_alone() -> None:
    blurred = cv2.GaussianBlur(clean(), (0, 0), 2.0)
    found = measured(source(), clean() + 1.5 * (clean() - blurred)).values
    assert found["halo"] > found["halo_source"] + 0.03


def test_a_turned_hue_and_lost_colour_are_found_against_the_truth() -> None:
    grey = clean().mean(axis=2, keepdims=True)
    found = measured(source(), grey + 0.5 * (clean() - grey), truth()).values
    assert 0.4 < found["saturation"] < 0.75
    turned = clean()[..., [1, 0, 2]]
    assert abs(measured(source(), turned, truth()).values["hue"]) > 20


def test_the_hue_of_a_few_pixels_is_none() -> None:
    """A scratch of colour in a grey picture: its hue is no film's."""
    grey = np.full((96, 128, 3), 0.5, np.float32)
    scratched, other = grey.copy(), grey.copy()
    scratched[10, 10:14], other[10, 10:14] = (0.8, 0.2, 0.2), (0.2, 0.8, 0.2)
    assert not {"hue", "hue_p95", "hue_lost", "saturation"} & set(measured(grey, other, scratched).values)
    scratched[10:20], other[10:20] = (0.8, 0.2, 0.2), (0.2, 0.8, 0.2)
    assert abs(measured(grey, other, scratched).values["hue"]) > 60


def test_values_beyond_0_1_are_counted() -> None:
    beyond = source().copy()
    beyond[:, :256] += 2
    assert measured(source(), beyond).values["outside"] == pytest.approx(0.5, abs=0.01)


def test_a_frame_without_structure_has_no_sharpness_and_is_measured_for_the_rest() -> None:
    flat = np.full((64, 64, 3), 0.5, np.float32)
    found = measured(flat, flat + np.float32(0.01)).values
    assert "detail" not in found and "edge" not in found and "hue_change" not in found
    assert found["change"] > 0.5 and found["light"] == pytest.approx(0.51)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(FilmRecoveryError, match="shape"):
        measured(source(), source()[:-1])
    with pytest.raises(FilmRecoveryError, match="not finite"):
        measured(source(), np.full_like(source(), np.nan))
