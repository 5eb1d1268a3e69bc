from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.network import SHAPES, Recovery
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
    assert np.abs(apply(model, picture, tile=16, radius=0) - whole).max() > 1e-3


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


class Placed(nn.Module):
    """Puts the coordinates into the picture: across into red, down into green."""

    def forward(self, rgb: torch.Tensor) -> torch.Tensor:
        return rgb

    @torch.jit.export
    def placed(self, rgb: torch.Tensor, coordinates: torch.Tensor) -> torch.Tensor:
        return torch.cat([coordinates, rgb[:, 2:]], 1)


@pytest.mark.parametrize("model", [Placed(), torch.jit.script(Placed())], ids=["eager", "scripted"])
@pytest.mark.parametrize("tile", [None, 17, 32])
def test_a_model_that_knows_where_it_is_is_told_the_places_in_the_frame(model, tile):
    result = apply(model, _picture(40, 70), tile=tile, radius=3)
    np.testing.assert_allclose(result[..., 0], np.tile((np.arange(70) + 0.5) / 70, (40, 1)), atol=1e-6)
    np.testing.assert_allclose(result[..., 1], np.tile((np.arange(40) + 0.5)[:, None] / 40, 70), atol=1e-6)


class Mean(nn.Module):
    """Looks at the whole picture: no tile of it knows the mean."""

    def __init__(self, whole: bool) -> None:
        super().__init__()
        self.whole = whole

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - x.mean([2, 3], keepdim=True)


def test_a_model_that_looks_at_the_whole_picture_is_not_cut():
    picture = _picture(33, 50)
    whole = apply(Mean(True), picture, radius=0)
    assert np.array_equal(apply(torch.jit.script(Mean(True)), picture, tile=16, radius=0), whole)
    assert np.abs(apply(Mean(False), picture, tile=16, radius=0) - whole).max() > 1e-2


def _recovery(preset: str) -> Recovery:
    torch.manual_seed(2)
    model = Recovery(LumaFilter("srgb", 5, 1), SHAPES[preset])
    for parameter in model.network.ending.parameters():
        nn.init.normal_(parameter, std=0.1)
    return model.eval()


RECOVERIES = {preset: _recovery(preset) for preset in SHAPES}


@settings(max_examples=12, deadline=None)
@given(data=st.data(), preset=st.sampled_from(["small", "medium"]))
def test_every_tile_larger_than_twice_the_overlap_gives_the_frame(data, preset):
    """On frames of odd sizes, which the network pads below and at the right."""
    model = RECOVERIES[preset]
    height, width = (data.draw(st.integers(model.radius, 3 * model.radius + 90)) for _ in "hw")
    tile = data.draw(st.integers(2 * model.radius + 1, 2 * model.radius + 120))
    picture = _picture(height, width)
    whole = apply(model, picture, radius=model.radius)
    assert np.abs(apply(model, picture, tile=tile, radius=model.radius) - whole).max() <= 1e-4


@pytest.mark.parametrize(("height", "width", "extra"), [(181, 433, 1), (331, 131, 18)])
def test_tiles_of_the_large_network_give_the_frame(height, width, extra):
    model, picture = RECOVERIES["large"], _picture(height, width)
    whole = apply(model, picture, radius=model.radius)
    assert np.abs(whole - picture).max() > 1e-2
    tile = 2 * model.radius + extra
    assert max(height, width) > tile
    assert np.abs(apply(model, picture, tile=tile, radius=model.radius) - whole).max() <= 1e-4


@pytest.fixture
def threads():
    """Sets how many threads torch has; afterwards as before."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("form", ["eager", "scripted"])
def test_threads_and_tiles_side_by_side_change_no_bit(threads, form):
    """Sums of the medium network come out otherwise on two threads than on one: each tile has one."""
    model, picture = RECOVERIES["medium"], _picture(256, 256)
    model = torch.jit.script(model) if form == "scripted" else model
    made = []
    for count, at_once in ((1, 1), (2, 1), (3, 4)):
        threads(count)
        made.append(apply(model, picture, tile=192, radius=RECOVERIES["medium"].radius, at_once=at_once))
        assert torch.get_num_threads() == count
    assert np.abs(made[0] - picture).max() > 1e-2
    assert all(np.array_equal(made[0], other) for other in made[1:])


def test_what_goes_wrong_in_a_tile_beside_others_is_said():
    with pytest.raises(FilmRecoveryError, match="The model makes"):
        apply(Halver(), _picture(64, 64), tile=16, radius=0, at_once=3)
