"""The network that settings ask for: its start, its lock, and the position input."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import chroma, luma
from film_recovery.learning.export import card_for, load_model, save_model
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.models import PlacedRecovery, Published, build, run
from film_recovery.learning.nafnet import Nafnet
from film_recovery.learning.network import SHAPES, Recovery, Shape
from film_recovery.learning.pairs import Pair, Window
from film_recovery.learning.polynomial import ColourPolynomial, fit_colour_polynomial
from film_recovery.learning.position import coordinates, whole
from film_recovery.learning.sampling import Sampling, draw_batch
from film_recovery.learning.settings import Settings
from film_recovery.learning.tiling import apply

DEEP = Shape(4, (1, 2), 1, (2, 1))


def _wild(model: nn.Module) -> nn.Module:
    """A last layer that no training would give."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.network.ending.parameters():
        nn.init.normal_(parameter, std=0.1, generator=generator)
    return model.eval()


def _picture(height: int, width: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


def _planes(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]


def _small_published(recipe: str, curve: str = "srgb") -> Published:
    torch.manual_seed(0)
    network = Nafnet(4, (1, 1), 1, (1, 1), pooling="local", patch=32)
    nn.init.zeros_(network.ending.weight)
    nn.init.zeros_(network.ending.bias)
    return Published(recipe, curve, network).eval()


@pytest.mark.parametrize("preset", SHAPES)
def test_without_position_it_is_the_network_it_always_was(preset):
    base = ColourPolynomial("srgb", 2)
    model = build(base, Settings(5, preset, seed=7))
    assert type(model) is Recovery
    torch.manual_seed(7)
    always = Recovery(base, SHAPES[preset]).state_dict()
    assert all(torch.equal(value, always[name]) for name, value in model.state_dict().items())
    assert not hasattr(model, "placed")


@pytest.mark.parametrize("recipe", ["paired", "colour", "spatial"])
def test_with_position_it_starts_as_the_closed_form_and_keeps_the_lock(recipe):
    picture = _picture(45, 52)
    base = (
        LumaFilter("srgb", 5, 2)
        if recipe == "spatial"
        else fit_colour_polynomial([Pair(picture, picture[..., [1, 2, 0]], "swapped")], recipe=recipe)
    )
    model = build(base, Settings(5, position=True)).eval()
    assert (model.recipe, model.radius) == (recipe, build(base, Settings(5)).radius)
    assert np.array_equal(
        apply(model, picture, radius=model.radius), apply(base, picture, radius=base.radius)
    )
    change = apply(_wild(model), picture, radius=model.radius).astype(np.float64) - picture
    assert np.abs(change).max() > 0.05
    locked = {"colour": luma, "spatial": chroma}.get(recipe)
    if locked:
        assert np.abs(locked(change)).max() < 1e-5


def test_a_picture_without_places_is_the_whole_format_at_any_size():
    model = _wild(PlacedRecovery(ColourPolynomial("srgb", 1), DEEP))
    for size in ((31, 44), (1, 1), (64, 48)):
        picture = _planes(_picture(*size))
        across, down = coordinates(*size)
        places = _planes(np.concatenate([across, down], axis=-1))
        torch.testing.assert_close(whole(picture), places, rtol=0, atol=1e-6)
        with torch.inference_mode():
            torch.testing.assert_close(model(picture), model.placed(picture, places), rtol=0, atol=1e-6)
            elsewhere = model.placed(picture, places * 0.5)
            assert float((model(picture) - elsewhere).abs().max()) > 1e-4


def test_coordinates_of_a_window_are_those_of_the_format():
    all_of_it = coordinates(40, 60)
    part = coordinates(10, 20, Window(30, 5, 60, 40))
    for whole_axis, part_axis in zip(all_of_it, part, strict=True):
        np.testing.assert_array_equal(part_axis, whole_axis[5:15, 30:50])


@pytest.mark.parametrize("tile", [32, 50, 64, 101])
def test_tiles_of_a_model_that_knows_its_place_equal_the_whole_frame(tile):
    model = _wild(PlacedRecovery(ColourPolynomial("srgb", 1), DEEP))
    picture = np.tile(_picture(1, 1), (131, 147, 1))  # flat: what differs over it is the place
    frame = apply(model, picture, radius=model.radius)
    assert np.abs(frame - frame[40, 40]).max() > 1e-2
    assert np.abs(apply(model, picture, tile=tile, radius=model.radius) - frame).max() <= 1e-4
    scripted = torch.jit.script(model)
    assert np.abs(apply(scripted, picture, tile=tile, radius=model.radius) - frame).max() <= 1e-4
    lost = np.concatenate([apply(model, part, radius=model.radius) for part in (picture[:64], picture[64:])])
    assert np.abs(lost - frame).max() > 1e-2


def test_a_network_learns_a_change_that_depends_on_the_place():
    """A stain that fades from left to right, the picture mirrored half of the time: colours alone cannot say it."""
    source = np.full((32, 48, 3), 0.5, np.float32)
    stain = np.linspace(0.25, -0.25, 48, dtype=np.float32)[None, :, None]
    pairs = [Pair(source, source + stain * np.array([1, 0, -1], np.float32), "stained")]
    left = []
    for position in (False, True):
        torch.manual_seed(0)
        base = ColourPolynomial("none", 1, "paired")
        model = (PlacedRecovery if position else Recovery)(base, Shape(8, (), 1, ()))
        optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.9))
        schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1, 0.01, 100)
        for step in range(100):
            batch = draw_batch(pairs, Sampling(16, 4, 0, vflip=True, position=position), step)
            loss = (run(model, batch) - batch.truth).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        left.append(np.abs(apply(model.eval(), source, radius=model.radius) - pairs[0].truth).mean())
    assert left[1] < 0.3 * left[0]


@pytest.mark.parametrize("recipe", ["paired", "colour", "spatial"])
@pytest.mark.parametrize("curve", ["none", "srgb"])
def test_the_published_network_starts_as_the_identity_and_keeps_the_lock(recipe, curve):
    picture = (_picture(37, 45) - 0.2) * 3
    model = _small_published(recipe, curve)
    assert np.array_equal(apply(model, picture, radius=model.radius), picture)
    model.low.fill_(-1)
    model.high.fill_(3)
    change = apply(_wild(model), picture, radius=model.radius).astype(np.float64) - picture
    assert np.abs(change).max() > 0.02
    locked = {"colour": luma, "spatial": chroma}.get(recipe)
    if locked:
        assert np.abs(locked(change)).max() < 1e-5
    else:
        assert np.abs(luma(change)).max() > 0.01


def test_the_published_network_on_photographs_says_what_its_weights_say():
    model = _wild(_small_published("paired", "none"))
    picture = _planes(_picture(32, 32))
    with torch.inference_mode():
        torch.testing.assert_close(model(picture), model.network(picture.clone()), rtol=0, atol=1e-6)


def test_nafnet32_is_the_published_one_around_which_the_lock_stands():
    for base, options, expected in (
        (None, {"recipe": "paired", "curve": "none"}, ("paired", "none")),
        (ColourPolynomial("srgb", 1), {}, ("colour", "srgb")),
    ):
        model = build(base, Settings(5, "nafnet32", patch=64), **options)
        assert isinstance(model, Published)
        assert (model.recipe, model.curve.name) == expected
        assert (model.network.pooling, model.network.patch) == ("local", 64)
        with torch.device("meta"):
            published = Nafnet().state_dict()
        found = model.network.state_dict()
        assert {name: value.shape for name, value in found.items()} == {
            name: value.shape for name, value in published.items()
        }
        assert not found["ending.weight"].any()
    again = build(None, Settings(5, "nafnet32", patch=64), recipe="paired")
    assert torch.equal(again.network.intro.weight, model.network.intro.weight)


def test_what_cannot_be_built_is_refused_by_name():
    with pytest.raises(FilmRecoveryError, match="small stands on a closed form, and none is given"):
        build(None, Settings(5))
    with pytest.raises(FilmRecoveryError, match="locks chroma, so the loss lab_ab"):
        build(LumaFilter("srgb", 5, 1), Settings(5, loss={"lab_ab": 1.0}))
    with pytest.raises(FilmRecoveryError, match="no recipe 'negative'"):
        Published("negative", "none", Nafnet(4, (1,), 1, (1,)))


@pytest.mark.parametrize("kind", ["placed", "published", "paired"])
def test_a_saved_model_computes_the_same_in_a_fresh_process(tmp_path, kind):
    model = {
        "placed": lambda: _wild(PlacedRecovery(ColourPolynomial("srgb", 2), DEEP)),
        "published": lambda: _wild(_small_published("colour")),
        "paired": lambda: _wild(Recovery(ColourPolynomial("srgb", 2, "paired"), DEEP)),
    }[kind]()
    path = tmp_path / "model.pt"
    save_model(model, path, card_for(model))
    assert load_model(path).card.recipe == model.recipe
    picture = _picture(41, 50)
    np.savez(tmp_path / "both.npz", given=picture, expected=apply(model, picture, radius=model.radius))
    code = """
import sys, numpy as np, torch
torch.set_num_threads(1)
both = np.load(sys.argv[2])
with torch.inference_mode():
    result = torch.jit.load(sys.argv[1])(torch.from_numpy(both["given"].transpose(2, 0, 1).copy())[None])
assert np.abs(result[0].permute(1, 2, 0).numpy() - both["expected"]).max() <= 1e-6
"""
    arguments = [sys.executable, "-c", code, str(path), str(tmp_path / "both.npz")]
    subprocess.run(arguments, check=True, timeout=120)
