"""The solver on warps that are known exactly: small photographs under what film does to them."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.registration import geometry
from film_recovery.registration.normalise import band, plane
from film_recovery.registration.solve import solve, texture
from film_recovery.registration.tone import agreed

WIDTH, HEIGHT = 500, 333
TURNED = {
    "as it is": {},
    "smaller": {"scale": 1.1, "degrees": -2.5, "shift": (-40, 20)},
    "larger": {"scale": 0.91, "degrees": 3, "shift": (60, -45)},
    "perspective": {"scale": 1.03, "degrees": 1, "shift": (12, 9), "perspective": (1.5e-5, -2e-5)},
}


@pytest.fixture(scope="module")
def coffee(photograph):
    return photograph("coffee.png")


def error(solution, truth, source):
    assert solution.solved, solution.reason
    return geometry.corner_displacement(solution.matrix, truth, geometry.grid_of(source))


@pytest.mark.parametrize("how", TURNED)
def test_a_faded_grainy_source_to_a_twentieth_of_a_pixel(coffee, how, simulated):
    rng = np.random.default_rng(4)
    reference, source, truth = simulated.pair(
        coffee,
        simulated.turned(WIDTH, HEIGHT, **TURNED[how]),
        WIDTH,
        HEIGHT,
        1.2,
        lambda x: simulated.grainy(simulated.faded(x, rng), rng, 0.02),
    )
    solution = solve(reference, source)
    errors = error(solution, truth, source)
    assert np.median(errors) < 0.05
    assert errors.max() < 0.2
    assert errors.max() < 5 * solution.sigma + 0.02  # what it says of itself is true
    assert solution.confidence > 0.8


def test_without_fade_and_grain_it_is_exact(coffee, simulated):
    reference, source, truth = simulated.pair(
        coffee, simulated.turned(WIDTH, HEIGHT, **TURNED["larger"]), WIDTH, HEIGHT, 1.2
    )
    assert error(solve(reference, source), truth, source).max() < 0.02


def test_tone_curves_alone_do_not_move_edges(coffee, simulated):
    rng = np.random.default_rng(1)
    reference, source, truth = simulated.pair(
        coffee,
        simulated.turned(WIDTH, HEIGHT, **TURNED["smaller"]),
        WIDTH,
        HEIGHT,
        1.2,
        lambda x: simulated.faded(x, rng),
    )
    errors = error(solve(reference, source), truth, source)
    assert np.median(errors) < 0.025
    assert errors.max() < 0.06


@pytest.mark.parametrize("side", ["source", "reference"])
def test_monochrome_against_colour(coffee, side, simulated):
    rng = np.random.default_rng(2)
    reference, source, truth = simulated.pair(
        coffee,
        simulated.turned(WIDTH, HEIGHT, **TURNED["smaller"]),
        WIDTH,
        HEIGHT,
        1.2,
        lambda x: simulated.grainy(x, rng),
    )
    if side == "source":
        source = simulated.monochrome(source)
    else:
        reference = simulated.monochrome(reference)[..., 0]  # one channel is a picture too
    errors = error(solve(reference, source), truth, source)
    assert np.median(errors) < 0.05
    assert errors.max() < 0.2


@pytest.mark.parametrize("softer", ["source", "reference"])
def test_unlike_sharpness(coffee, softer, simulated):
    rng = np.random.default_rng(3)

    def change(x):
        return simulated.grainy(cv2.GaussianBlur(x, (0, 0), 1.6) if softer == "source" else x, rng, 0.015)

    reference, source, truth = simulated.pair(
        coffee, simulated.turned(WIDTH, HEIGHT, **TURNED["larger"]), WIDTH, HEIGHT, 1.2, change
    )
    if softer == "reference":
        reference = cv2.GaussianBlur(reference, (0, 0), 1.6)
    errors = error(solve(reference, source), truth, source)
    assert np.median(errors) < 0.15
    assert errors.max() < 0.5


def test_dust_and_a_caption_are_outvoted(coffee, simulated):
    rng = np.random.default_rng(5)

    def change(x):
        made = simulated.dusty(simulated.grainy(x, rng), rng)
        letters = np.zeros(x.shape[:2], np.uint8)
        cv2.putText(letters, "SUBTITLE", (130, 300), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 255, 5, cv2.LINE_AA)
        made[letters > 100] = (1, 1, 0.8)
        return made

    reference, source, truth = simulated.pair(
        coffee, simulated.turned(WIDTH, HEIGHT, **TURNED["perspective"]), WIDTH, HEIGHT, 1.2, change
    )
    errors = error(solve(reference, source), truth, source)
    assert np.median(errors) < 0.06
    assert errors.max() < 0.2


def test_overscan_that_the_reference_has_lost(coffee, simulated):
    rng = np.random.default_rng(6)
    reference, source, truth = simulated.pair(
        coffee,
        simulated.turned(WIDTH, HEIGHT, **TURNED["smaller"]),
        WIDTH,
        HEIGHT,
        1.2,
        lambda x: simulated.grainy(x, rng),
    )
    cropped = np.zeros_like(reference)
    cropped[30:-30, 40:-40] = reference[30:-30, 40:-40]
    solution = solve(cropped, source)
    errors = error(solution, truth, source)
    assert np.median(errors) < 0.06
    assert errors.max() < 0.25
    assert solution.common < 0.9


@pytest.mark.parametrize(("scale", "aspect"), [(0.34, 1.0), (0.6, 16 / 15), (1.6, 1.0)])
def test_a_reference_of_another_size_and_pixel_aspect(photograph, scale, aspect, simulated):
    """A telecine of a third of the size; the matrix is between each picture's own pixels."""
    picture = photograph("astronaut.png")[:504, :504]
    width = height = 420
    whole = simulated.turned(width, height, scale=1.06, degrees=1.5, shift=(-9, 6))
    _, source, truth = simulated.pair(picture, whole, width, height, 1.2)
    other = round(width * scale / aspect), round(height * scale)
    reference = cv2.resize(picture, other, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    truth = truth @ geometry.scaled(width / other[0], height / other[1])
    solution = solve(reference, source, reference_aspect=aspect)
    assert error(solution, truth, source).max() < (0.25 if scale < 0.5 else 0.1)
    told = solution.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert abs(told["placement"]["scale"] - 1 / 1.06) < 0.01
    nuke = np.reshape(told["matrix"], (3, 3))
    assert np.allclose(geometry.from_nuke(nuke, solution.reference, solution.source), solution.matrix)


def test_a_start_replaces_the_search(coffee, simulated):
    reference, source, truth = simulated.pair(
        coffee, simulated.turned(WIDTH, HEIGHT, **TURNED["larger"]), WIDTH, HEIGHT, 1.2
    )
    near = geometry.moved(3, -2) @ truth
    assert error(solve(reference, source, start=near), truth, source).max() < 0.02
    assert not solve(reference, source, start=geometry.moved(180, 0) @ truth).solved


def test_a_mask_keeps_the_solver_out(coffee, simulated):
    reference, source, truth = simulated.pair(coffee, simulated.turned(WIDTH, HEIGHT), WIDTH, HEIGHT, 1.2)
    mask = np.ones(source.shape[:2], bool)
    mask[:, :220] = False
    source[:, :220] = np.roll(source, 4, axis=0)[:, :220]  # another layer, which moves
    assert error(solve(reference, source, source_mask=mask), truth, source).max() < 0.15  # half the picture
    with pytest.raises(FilmRecoveryError, match="mask"):
        solve(reference, source, source_mask=mask[:-1])


class TestRefuses:
    @pytest.mark.parametrize("other", ["chelsea.png", "astronaut.png"])
    def test_other_content(self, coffee, photograph, other):
        solution = solve(photograph(other), coffee)
        assert not solution.solved
        assert solution.reason
        assert solution.as_dict()["matrix"] is None

    def test_other_grain_on_nothing(self, coffee, simulated):
        rng = np.random.default_rng(0)
        flat = simulated.grainy(np.full((300, 400, 3), 0.4, np.float32), rng, 0.03)
        solution = solve(flat, simulated.grainy(np.full((300, 400, 3), 0.5, np.float32), rng, 0.03))
        assert not solution.solved
        assert "Reference has too little texture" in solution.reason
        assert "Source has too little texture" in solve(coffee, flat).reason

    def test_black_and_evenly_lit_frames(self, coffee):
        assert not solve(np.zeros((300, 400, 3), np.float32), coffee).solved
        ramp = np.tile(np.linspace(0.2, 0.8, 400, dtype=np.float32)[None, :, None], (300, 1, 3))
        assert not solve(ramp, coffee).solved

    def test_what_is_no_picture(self, coffee):
        broken = coffee.copy()
        broken[5, 5] = np.nan
        with pytest.raises(FilmRecoveryError, match="NaN"):
            solve(broken, coffee)
        with pytest.raises(FilmRecoveryError, match="channel"):
            solve(np.zeros((4, 4, 2), np.float32), coffee)


def test_texture_is_not_grain(coffee, simulated):
    rng = np.random.default_rng(0)
    everywhere = np.ones(coffee.shape[:2], bool)
    grain = simulated.grainy(np.full(coffee.shape, 0.4, np.float32), rng, 0.04)[..., 1]
    assert texture(coffee[..., 1], everywhere) > 0.3
    assert texture(grain, everywhere) < 0.02


def test_tone_finds_the_channels_and_the_curve_in_which_both_agree(coffee, simulated):
    rng = np.random.default_rng(1)
    source = simulated.faded(coffee, rng)
    source[..., 2] += rng.normal(0, 0.2, source.shape[:2]).astype(np.float32)  # a dye that is all grain
    everywhere = np.ones(coffee.shape[:2], bool)

    def alike(first, second):
        a, b = (band(y, everywhere, 1.0, 12.0).ravel() for y in (first, second))
        return np.corrcoef(a, b)[0, 1]

    tone = agreed(coffee, source, everywhere, 1.0, 12.0)
    matched = alike(tone.of_reference(coffee), tone.of_source(source))
    assert matched > 0.99
    assert 1 - matched < 0.5 * (1 - alike(plane(coffee), plane(source)))
    assert abs(tone.source[2]) < 0.1 * max(tone.source[:2])
