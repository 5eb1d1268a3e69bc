"""Whether the Reference is better: copies of free photographs of which it is known."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import demo
from film_recovery.curation.reference import central, fitted, judge_colour, judge_detail
from film_recovery.curation.spectra import blockiness
from film_recovery.demo.degrade import Damage, damaged
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.placement import Placement
from film_recovery.imaging.luma import luma

Made = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
PHOTOGRAPHS = Path(demo.__file__).parent / "photographs"
NAMES = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


@cache
def photograph(name: str) -> np.ndarray:
    """H×W×3 float32, encoded, as it is on disk."""
    return cv2.imread(str(PHOTOGRAPHS / name))[..., ::-1].astype(np.float32) / 255


def blurred(picture: np.ndarray, sigma: float = 1.0) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def grainy(picture: np.ndarray, strength: float = 0.04, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, picture.shape[:2]).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6)
    return picture + (noise * (strength / noise.std()))[..., None]


def sharpened(picture: np.ndarray, amount: float = 1.5, sigma: float = 1.5) -> np.ndarray:
    return np.clip(picture + amount * (picture - blurred(picture, sigma)), 0, 1).astype(np.float32)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    eight_bit = np.uint8(np.clip(picture, 0, 1) * 255 + 0.5)
    _, data = cv2.imencode(".jpg", eight_bit[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32) / 255


@pytest.fixture(params=NAMES)
def picture(request: pytest.FixtureRequest) -> np.ndarray:
    return photograph(request.param)


def enlarged(picture: np.ndarray) -> np.ndarray:
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.resize(half, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)


BETTER = {
    "of a blurred copy": lambda x: (blurred(x, 1.0), x),
    "of a slightly blurred copy": lambda x: (blurred(x, 0.6), x),
    "of a very blurred copy": lambda x: (blurred(x, 2.0), x),
    "of a blurred and grainy copy": lambda x: (grainy(blurred(x, 1.1), 0.02), x),
    "both with grain": lambda x: (grainy(blurred(x, 1.1), 0.02), grainy(x, 0.02, seed=2)),
    "finer, and grainier": lambda x: (blurred(x, 1.1), grainy(x)),
    "of a grainy copy": lambda x: (grainy(x), x),
    "of a faded and blurred copy": lambda x: (damaged(x, Damage(fade=True, blur=1.1), 3, 1), x),
    "of an enlarged copy": lambda x: (enlarged(x), x),
    "a few pixels beside": lambda x: (blurred(x, 1.0), np.roll(x, (3, 2), (0, 1))),
}
NOT_BETTER = {
    "the same": lambda x: (x, x),
    "less contrast": lambda x: (x, 0.6 * x + 0.2),
    "another tone": lambda x: (x, x**1.4),
    "of a faded copy": lambda x: (damaged(x, Damage(fade=True), 3, 1), x),
    "blurred": lambda x: (x, blurred(x, 1.0)),
    "grainy": lambda x: (x, grainy(x)),
    "blurred, without the grain": lambda x: (grainy(x), blurred(x, 1.0)),
    "sharpened": lambda x: (x, sharpened(x, 1.0)),
    "sharpened from a blur": lambda x: (blurred(x, 1.0), sharpened(blurred(x, 1.0))),
    "a little sharpened from a blur": lambda x: (blurred(x, 1.0), sharpened(blurred(x, 1.0), 0.5, 1.0)),
    "widely sharpened from a blur": lambda x: (blurred(x, 1.0), sharpened(blurred(x, 1.0), 1.0, 3.0)),
    "much sharpened from a blur": lambda x: (blurred(x, 1.5), sharpened(blurred(x, 1.5), 2.0)),
    "sharpened with its grain": lambda x: (
        grainy(blurred(x, 1.1), 0.02),
        sharpened(grainy(blurred(x, 1.1), 0.02)),
    ),
    "compressed": lambda x: (x, compressed(x, 20)),
    "a little compressed": lambda x: (x, compressed(x, 50)),
    "enlarged": lambda x: (x, enlarged(x)),
    "a few pixels beside the same": lambda x: (x, np.roll(x, (3, 2), (0, 1))),
}


def on_two_photographs(cases: dict) -> list:
    """Each case on two photographs in turn, with its name."""
    return [
        pytest.param(NAMES[(number + more) % 4], case, id=f"{name}-{NAMES[(number + more) % 4]}")
        for number, (name, case) in enumerate(cases.items())
        for more in (0, 1)
    ]


@pytest.mark.parametrize(("name", "made"), on_two_photographs(BETTER))
def test_a_reference_that_is_better_is_known(name: str, made: Made) -> None:
    verdict = judge_detail([made(photograph(name))])
    assert verdict.better is True, verdict


@pytest.mark.parametrize(("name", "made"), on_two_photographs(NOT_BETTER))
def test_grain_sharpening_contrast_fading_and_compression_pass_for_nothing(name: str, made: Made) -> None:
    verdict = judge_detail([made(photograph(name))])
    assert verdict.better is False, verdict


def test_resolution_is_where_a_known_blur_leaves_half() -> None:
    """A Gaussian of σ pixels leaves exp(−2π²σ²f²): half at 0.187/σ. Wide blurs reach the low end too."""
    for sigma in (0.8, 1.0, 1.5):
        verdict = judge_detail([(blurred(photograph("coffee.png"), sigma), photograph("coffee.png"))])
        assert verdict.figures["source"]["resolution"] == pytest.approx(0.1874 / sigma, rel=0.2)


def test_grain_is_measured_and_its_mismatch_said() -> None:
    clean = blurred(photograph("astronaut.png"), 1.5)
    verdict = judge_detail([(grainy(clean, 0.01), grainy(clean, 0.03, seed=2))])
    assert verdict.figures["source"]["grain"] == pytest.approx(0.01, rel=0.15)
    assert verdict.figures["grain_ratio"] == pytest.approx(3.0, rel=0.15)
    assert any("grain mismatch: " in flag for flag in verdict.flags)
    assert verdict.better is False


def test_halos_and_blocks_are_flagged() -> None:
    clean = photograph("coffee.png")
    assert any("halos" in flag for flag in judge_detail([(clean, sharpened(clean))]).flags)
    flags = judge_detail([(clean, compressed(clean, 20))]).flags
    assert any(flag.startswith("compression of the Reference") for flag in flags)
    assert judge_detail([(clean, clean)]).flags == ()


def test_blocks_are_seen_wherever_their_grid_lies(picture: np.ndarray) -> None:
    plane = luma(compressed(picture, 20))
    assert blockiness(plane) > 0.4 and blockiness(plane[3:, 5:]) == pytest.approx(blockiness(plane), rel=0.3)
    assert blockiness(luma(picture)) < 0.2
    assert blockiness(luma(np.roll(picture, 3, axis=1))) < 0.2  # one seam is no grid


def test_several_frames_give_their_median_and_an_empty_one_is_left_out() -> None:
    good = [(blurred(photograph(name)), photograph(name)) for name in NAMES[:3]]
    black = np.zeros_like(good[0][0])
    verdict = judge_detail([*good, (black, black)])
    assert verdict.better is True and verdict.figures["frames"] == 3
    nothing = judge_detail([(black, black)])
    assert nothing.better is None and nothing.reason.startswith("Cannot tell")
    assert judge_detail([]).better is None


def test_colour_is_judged_apart_from_contrast_cast_and_grain(picture: np.ndarray) -> None:
    faded = damaged(picture, Damage(fade=True, grain=0.008), 3, 1)
    assert judge_colour([(faded, picture)]).better is True
    for source, reference in (
        (picture, faded),
        (picture, picture),
        (picture, 0.6 * picture + 0.2),
        (picture, grainy(picture)),
        (picture, picture * np.float32([1.0, 0.9, 0.8])),
        (faded, np.repeat(luma(picture)[..., None], 3, axis=2)),
    ):
        assert judge_colour([(source, reference)]).better is False
    grey = np.repeat(luma(picture)[..., None], 3, axis=2)
    assert any("nearly without colour" in flag for flag in judge_colour([(picture, grey)]).flags)


def test_an_uneven_fade_is_told_from_an_even_one(picture: np.ndarray) -> None:
    density = -np.log10(np.maximum(picture, 0.01))
    across = np.linspace(0.4, 1.0, picture.shape[1], dtype=np.float32)[None, :, None]
    even, uneven = (np.float32(10.0 ** -(density * kept)) for kept in (np.float32([0.6, 0.9, 0.8]), across))
    figures = [judge_colour([(one, picture)]).figures["unevenness"] for one in (even, uneven)]
    assert figures[1] > 3 * figures[0]


@pytest.mark.parametrize("aspects", [(1.0, 1.0), (1.333, 1.0), (1.0, 1.5)])
def test_a_reference_is_laid_where_the_source_lies_in_it(aspects: tuple[float, float]) -> None:
    # Two views of one scene: the Reference is larger, off the middle, and letterboxed all around.
    scene = cv2.GaussianBlur(photograph("coffee.png"), (0, 0), 2)

    def view(height: int, width: int, step: float, aspect: float, centre: tuple[float, float]) -> np.ndarray:
        down = step / aspect
        left, top = centre[0] - step * (width - 1) / 2, centre[1] - down * (height - 1) / 2
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        matrix = np.array([[step, 0, left], [0, down, top]])
        return np.asarray(cv2.warpAffine(scene, matrix, (width, height), flags=flags), np.float32)

    source = view(round(120 * aspects[0]), 180, 1.3, aspects[0], (300, 200))
    reference = view(round(170 * aspects[1]), 260, 1.1, aspects[1], (306, 197))
    reference[:14] = reference[-14:] = reference[:, :14] = 0
    placement = Placement(1.1 * 260 / (1.3 * 180), 6 / (1.3 * 180), -3 / (1.3 * 180))
    laid = fitted(reference, source, placement, aspects)
    assert laid.shape == source.shape
    middle = slice(laid.shape[0] // 4, -(laid.shape[0] // 4)), slice(45, -45)
    assert np.abs(laid - source)[middle].mean() < 0.004
    assert np.abs(fitted(reference, source) - source)[middle].mean() > 0.03
    assert fitted(source, source, Placement(1.005, 0.01, 0.0)) is source


def test_pictures_of_different_size_are_refused_and_can_be_fitted() -> None:
    large = photograph("coffee.png")
    small = cv2.resize(large, (200, 150), interpolation=cv2.INTER_AREA)
    with pytest.raises(FilmRecoveryError, match="differ in size"):
        judge_detail([(small, large)])
    verdict = judge_detail([(cv2.resize(small, large.shape[1::-1], interpolation=cv2.INTER_CUBIC), large)])
    assert verdict.better is True
    assert judge_detail([(large, fitted(small, large))]).better is False
    assert central(large, 0.5).shape == (200, 300, 3)
