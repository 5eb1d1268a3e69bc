from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.learning.tiling import apply


def _sharpener(size: int = 9) -> LumaFilter:
    model = LumaFilter("srgb", size, 3)
    model.kernels.copy_(0.1 * torch.randn(model.kernels.shape, generator=torch.Generator().manual_seed(0)))
    model.offsets.copy_(torch.tensor([0.01, -0.02, 0.03]))
    model.knots.copy_(torch.tensor([-2.0, -1.5, -1.0]))
    model.limit.fill_(0.2)
    return model


def _picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).random((height, width, 3)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 41), width=st.integers(1, 41), tile=st.integers(1, 50))
def test_tiles_equal_the_whole_frame(height, width, tile):
    model, picture = _sharpener(), _picture(height, width)
    whole = apply(model, picture, radius=model.radius)
    assert np.abs(whole - picture).max() > 1e-3
    np.testing.assert_allclose(apply(model, picture, tile=tile, radius=model.radius), whole, atol=5e-6)


def test_the_whole_frame_equals_the_model_itself():
    model, picture = _sharpener(), _picture(37, 53)
    with torch.inference_mode():
        alone = model(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None])[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(apply(model, picture, radius=model.radius), alone, atol=1e-6)


def test_too_small_a_radius_shows():
    """The test above can fail: with less overlap than the receptive radius, tiles differ."""
    model, picture = _sharpener(), _picture(40, 40)
    whole = apply(model, picture, radius=model.radius)
    assert np.abs(apply(model, picture, tile=16, radius=1) - whole).max() > 1e-3


def test_a_fitted_photograph_in_tiles(colour_pair):
    pair = colour_pair("coffee.png")
    model = torch.jit.script(fit_colour_polynomial([pair]))
    whole = apply(model, pair.input, radius=0)
    np.testing.assert_allclose(apply(model, pair.input, tile=129, radius=0), whole, atol=1e-6)


def test_the_input_is_left_as_it_was_and_may_be_read_only_or_flipped():
    model, picture = _sharpener(), _picture(12, 15)
    picture.flags.writeable = False
    before = picture.copy()
    result = apply(model, picture[::-1], radius=model.radius)
    assert np.array_equal(picture, before)
    assert result.flags.writeable
    assert result.shape == picture.shape
    assert result.dtype == np.float32


class Halver(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, ::2]


@pytest.mark.parametrize(
    ("module", "image", "tile", "words"),
    [
        (Halver(), _picture(8, 8), None, r"makes \(1, 3, 4, 8\) of \(1, 3, 8, 8\)"),
        (nn.Identity(), _picture(8, 8), 0, "tile of 0"),
        (nn.Identity(), _picture(8, 8)[..., :2], None, "red, green and blue"),
        (nn.Identity(), _picture(8, 8)[:0], None, "red, green and blue"),
        (nn.Identity(), np.full((2, 2, 3), np.nan, np.float32), None, "12 values that are not finite"),
    ],
)
def test_what_cannot_run_is_named(module, image, tile, words):
    with pytest.raises(FilmRecoveryError, match=words):
        apply(module, image, tile=tile, radius=0)
