from __future__ import annotations

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma
from film_recovery.learning.pairs import Pair
from film_recovery.learning.polynomial import ColourPolynomial, fit_colour_polynomial
from film_recovery.learning.tiling import apply


def _colours(count: int, low: float, high: float) -> np.ndarray:
    return np.random.default_rng(2).uniform(low, high, (count, count, 3)).astype(np.float32)


def test_a_cubic_map_is_found_again():
    source = _colours(64, 0.1, 0.9)
    raw = source + 0.2 * source[..., [1, 2, 0]] ** 3 - 0.1 * source * source[..., [2, 0, 1]]
    truth = raw + (luma(source) - luma(raw))[..., None]
    model = fit_colour_polynomial([Pair(source, truth, "map")], curve="none", ridge=1e-12)
    error = np.abs(apply(model, source, radius=0) - truth)
    assert np.quantile(error, 0.99) < 1e-4  # the rest lies at the rim of what was seen
    assert error.max() < 0.01


def test_photographs_are_mapped_in_all_of_rgb():
    """A map that changes luma is found without the lock, and missed by all of it with the lock."""
    source = _colours(64, 0.1, 0.9)
    truth = (0.5 * source + 0.2 * source[..., [1, 2, 0]] ** 3 + 0.1).astype(np.float32)
    pair = [Pair(source, truth, "map")]
    paired, colour = (
        fit_colour_polynomial(pair, curve="none", ridge=1e-12, recipe=recipe)
        for recipe in ("paired", "colour")
    )
    assert paired.recipe == "paired"
    assert np.quantile(np.abs(apply(paired, source, radius=0) - truth), 0.99) < 1e-4
    left = luma(truth) - luma(apply(colour, source, radius=0))
    np.testing.assert_allclose(left, luma(truth) - luma(source), atol=1e-6)


def test_pictures_that_need_no_recovery_are_left_alone(colour_pair):
    source = colour_pair("coffee.png").input
    model = fit_colour_polynomial([Pair(source, source, "same")])
    assert np.array_equal(apply(model, source, radius=0), source)


@pytest.mark.parametrize(("name", "gain"), [("astronaut.png", 10), ("coffee.png", 10), ("rocket.jpg", 8)])
def test_a_picture_not_seen_in_training_is_recovered(colour_pair, psnr, name, gain):
    """Fitted on two photographs, measured on a third: dB on encoded RGB, before and after."""
    others = [other for other in ("chelsea.png", "coffee.png", "astronaut.png") if other != name][:2]
    model = fit_colour_polynomial([colour_pair(other) for other in others])
    held_out = colour_pair(name)
    result = apply(model, held_out.input, radius=0)
    assert psnr(result, held_out.truth) > psnr(held_out.input, held_out.truth) + gain
    assert np.abs(luma(result) - luma(held_out.input)).max() < 1e-6


def test_beyond_the_colours_seen_the_change_stays_bounded(colour_pair):
    """Fitted on mid tones only: highlights at 16 and colours never seen change no more than seen ones do."""
    pair = colour_pair("chelsea.png")
    model = fit_colour_polynomial([pair])
    curve = model.curve
    wild = np.array([[[16, 16, 16], [0, 0, 4], [4, 0, 0], [-0.5, 2, -0.5], [0, 0, 0]]], np.float32)
    with torch.inference_mode():
        for image, largest in ((pair.input, None), (wild, "seen")):
            planes = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
            terms = model.monomials(curve.encode(planes))
            step = torch.conv2d(terms, model.weights[:, :, None, None]).abs().max()
            if largest is None:
                seen = step
    assert step <= 1.5 * seen
    result = apply(model, wild, radius=0)
    assert result[0, 0].min() > 8  # a highlight stays one


def test_the_identity_is_the_prior():
    source = _colours(32, 0.2, 0.8)
    pair = [Pair(source, source[..., [2, 0, 1]], "swapped")]
    changes = [
        np.abs(apply(fit_colour_polynomial(pair, ridge=ridge), source, radius=0) - source).mean()
        for ridge in (1e-6, 1, 1e6)
    ]
    assert changes[0] > 1.3 * changes[1]
    assert changes[2] < 1e-3 * changes[0]


@pytest.mark.parametrize("side", [1, 8])
def test_one_colour_only_is_no_obstacle(side):
    source = np.full((side, side, 3), 0.25, np.float32)
    truth = np.array([0.35, 0.22, 0.25], np.float32) + np.zeros_like(source)
    truth += (luma(source) - luma(truth))[..., None]
    result = apply(fit_colour_polynomial([Pair(source, truth, "flat")]), source, radius=0)
    assert np.abs(result - truth).max() < 1e-3


def test_equal_input_gives_equal_weights_and_the_seed_counts(colour_pair):
    pairs = [colour_pair("chelsea.png")]
    first, again, other = (fit_colour_polynomial(pairs, samples_per_pair=5000, seed=s) for s in (0, 0, 1))
    assert torch.equal(first.weights, again.weights)
    assert not torch.equal(first.weights, other.weights)


@pytest.mark.parametrize(
    "settings",
    [{"degree": 0}, {"ridge": 0}, {"ridge": float("nan")}, {"curve": "log"}, {"samples_per_pair": 0}],
)
def test_settings_without_sense_are_named(settings):
    with pytest.raises(FilmRecoveryError):
        fit_colour_polynomial([Pair(_colours(4, 0, 1), _colours(4, 0, 1), "a")], **settings)


def test_the_monomials_are_those_of_three_variables():
    assert ColourPolynomial("none", 3).weights.shape == (3, 20)
    model = ColourPolynomial("none", 2)
    x, y, z = 0.5, -0.25, 0.75
    model.low.fill_(-1)
    terms = model.monomials(torch.tensor([x, y, z]).view(1, 3, 1, 1)).flatten().tolist()
    assert sorted(terms) == sorted([1, x, y, z, x * x, x * y, x * z, y * y, y * z, z * z])


@pytest.mark.parametrize(("often", "share"), [((), 0.7), ((1, 1), 0.7), ((3, 1), 0.8), ((1, 3), 0.6)])
def test_a_pair_counts_as_often_as_it_is_drawn(often, share):
    source = _colours(48, 0.1, 0.9)
    pairs = [Pair(source, source * np.float32(part), str(part)) for part in (0.9, 0.5)]
    model = fit_colour_polynomial(pairs, curve="none", ridge=1e-12, recipe="paired", often=often)
    error = np.abs(apply(model, source, radius=0) - share * source)
    assert np.quantile(error, 0.99) < 1e-3


def test_how_often_is_said_of_every_pair():
    source = _colours(48, 0.1, 0.9)
    with pytest.raises(FilmRecoveryError, match="of 2 pairs how often they are drawn, and there are 1"):
        fit_colour_polynomial([Pair(source, source, "a")], often=(1, 2))
