from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import chroma, luma
from film_recovery.learning.linear_filter import LumaFilter, fit_linear_filter
from film_recovery.learning.pairs import Pair
from film_recovery.learning.tiling import apply

RANDOM = np.random.default_rng(4)


def _grey(plane: np.ndarray) -> np.ndarray:
    return np.repeat(plane.astype(np.float32)[..., None], 3, axis=-1)


def test_a_linear_filter_is_found_again():
    """The kernel of one level against the filter that made the Ground Truth."""
    plane = RANDOM.normal(0.5, 0.2, (90, 110))
    kernel = np.zeros((5, 5))
    kernel[1:4, 1:4] = [[0, -0.1, 0], [-0.2, 1.5, -0.1], [0, -0.1, 0.05]]
    truth = cv2.filter2D(plane, -1, kernel) + 0.01
    model = fit_linear_filter(
        [Pair(_grey(plane), _grey(truth), "a")], size=5, levels=1, curve="none", ridge=1e-12
    )
    kernel[2, 2] -= 1
    np.testing.assert_allclose(model.kernels[0, 0].numpy(), kernel, atol=1e-4)
    assert float(model.offsets) == pytest.approx(0.01, abs=1e-4)


def test_pictures_that_need_no_recovery_are_left_alone(spatial_pair):
    source = spatial_pair("chelsea.png").input
    model = fit_linear_filter([Pair(source, source, "same")])
    assert np.array_equal(apply(model, source, radius=model.radius), source)


@pytest.mark.parametrize(
    ("name", "gain"), [("astronaut.png", 1.8), ("coffee.png", 0.9), ("chelsea.png", 0.6)]
)
def test_a_picture_not_seen_in_training_is_recovered(spatial_pair, psnr, name, gain):
    """Fitted on two photographs, measured on a third: dB on encoded luma, before and after; and the bank."""
    others = [other for other in ("chelsea.png", "coffee.png", "astronaut.png") if other != name]
    pairs = [spatial_pair(other) for other in others]
    held_out = spatial_pair(name)
    before = psnr(luma(held_out.input), luma(held_out.truth))
    gains = {}
    for levels in (1, 3):
        model = fit_linear_filter(pairs, levels=levels)
        result = apply(model, held_out.input, radius=model.radius)
        gains[levels] = psnr(luma(result), luma(held_out.truth)) - before
        assert np.abs(chroma(result) - chroma(held_out.input)).max() < 1e-6
    assert gains[3] > gain
    assert gains[3] > gains[1] + 0.3


def test_a_kernel_neither_brightens_nor_darkens_flat_places(spatial_pair):
    model = fit_linear_filter([spatial_pair("coffee.png")])
    flat = np.full((20, 20, 3), 0.18, np.float32)
    assert np.abs(apply(model, flat, radius=model.radius) - flat).max() < 0.005


def test_next_to_a_highlight_brighter_than_any_in_training_it_does_not_ring(spatial_pair):
    model = fit_linear_filter([spatial_pair("astronaut.png")])
    picture = np.full((31, 31, 3), 0.18, np.float32)
    picture[15:, 15:] = 50
    with torch.inference_mode():
        planes = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]
        step = model.curve.encode(model(planes)) - model.curve.encode(planes)
    assert float(step.abs().max()) <= float(model.limit) + 1e-5
    assert float(model.limit) < 0.5


def test_shares_blend_neighbours_and_sum_to_one():
    model = LumaFilter("none", 3, 4)
    model.knots.copy_(torch.tensor([-4.0, -3.0, -2.5, -1.0]))
    ramp = torch.rand(1, 1, 24, 40, generator=torch.Generator().manual_seed(1)) * torch.linspace(0, 1, 40)
    shares = model.shares(ramp)
    assert torch.allclose(shares.sum(1), torch.ones(1, 24, 40), atol=1e-6)
    assert ((shares > 1e-6).sum(1) <= 2).all()
    assert (shares.amax((0, 2, 3)) > 0.2).all()  # each kernel acts somewhere


def test_a_flat_training_picture_is_no_obstacle():
    flat = np.full((12, 12, 3), 0.3, np.float32)
    model = fit_linear_filter([Pair(flat, flat + np.float32(0.02), "flat")], curve="none")
    change = apply(model, flat, radius=model.radius) - flat
    assert 0.015 < change.min() <= change.max() < 0.021


def test_equal_input_gives_equal_weights(spatial_pair):
    pairs = [spatial_pair("chelsea.png")]
    first, again = fit_linear_filter(pairs), fit_linear_filter(pairs)
    for name, buffer in first.named_buffers():
        assert torch.equal(buffer, again.get_buffer(name))


@pytest.mark.parametrize(
    "settings", [{"size": 4}, {"size": 0}, {"levels": 0}, {"ridge": 0}, {"samples_per_pair": 0}, {"size": 41}]
)
def test_settings_without_sense_are_named(settings):
    plane = _grey(RANDOM.random((40, 40)))
    with pytest.raises(FilmRecoveryError):
        fit_linear_filter([Pair(plane, plane, "a")], **settings)


@pytest.mark.parametrize(("often", "share"), [((), 0.7), ((3, 1), 0.8)])
def test_a_pair_counts_as_often_as_it_is_drawn(often, share):
    plane = np.random.default_rng(9).uniform(0.2, 0.8, (60, 70))
    pairs = [Pair(_grey(plane), _grey(part * plane), str(part)) for part in (0.9, 0.5)]
    model = fit_linear_filter(pairs, size=3, levels=1, curve="none", ridge=1e-12, often=often)
    found = luma(apply(model, _grey(plane), radius=model.radius))
    np.testing.assert_allclose(found, share * plane, atol=1e-3)
