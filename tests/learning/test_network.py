"""The network and its joint with the closed form: a start that changes nothing, the lock, the receptive radius."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from film_recovery.imaging.luma import chroma, luma
from film_recovery.learning.export import card_for, load_model, save_model
from film_recovery.learning.linear_filter import LumaFilter, fit_linear_filter
from film_recovery.learning.network import SHAPES, Network, Recovery, Shape, receptive_radius
from film_recovery.learning.polynomial import ColourPolynomial, fit_colour_polynomial
from film_recovery.learning.tiling import apply

DEEP = Shape(4, (1, 2), 1, (2, 1))
SMALL_SHAPES = {
    "flat": Shape(4, (), 2, ()),
    "deep": DEEP,
    "folded": Shape(4, (1,), 1, (1,), fold=2),
    "folded by four": Shape(4, (1,), 1, (0,), fold=4),
}


def _untrained(base: ColourPolynomial | LumaFilter, shape: Shape, *, wild: bool) -> Recovery:
    """The network as it starts, or with a last layer that no training would give."""
    torch.manual_seed(1)
    model = Recovery(base, shape)
    if wild:
        for parameter in model.network.ending.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def _picture(height: int, width: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)


@pytest.mark.parametrize("preset", SHAPES)
@pytest.mark.parametrize("recipe", ["spatial", "colour"])
def test_before_the_first_step_it_is_the_closed_form_bit_by_bit(spatial_pair, colour_pair, recipe, preset):
    pair = (spatial_pair if recipe == "spatial" else colour_pair)("chelsea.png")
    base = (fit_linear_filter if recipe == "spatial" else fit_colour_polynomial)([pair])
    picture = pair.input[:61, :77]
    closed = apply(base, picture, radius=base.radius)
    model = _untrained(base, SHAPES[preset], wild=False)
    assert np.abs(closed - picture).max() > 0.01
    assert np.array_equal(apply(model, picture, radius=model.radius), closed)
    assert not np.array_equal(
        apply(_untrained(base, SHAPES[preset], wild=True), picture, radius=model.radius), closed
    )


@pytest.mark.parametrize(
    ("base", "locked"), [(ColourPolynomial("srgb", 2), luma), (LumaFilter("srgb", 5, 2), chroma)]
)
def test_the_lock_holds_whatever_the_network_says(base, locked):
    picture = (_picture(33, 41) - 0.3) * 4
    model = _untrained(base, DEEP, wild=True)
    change = apply(model, picture, radius=model.radius).astype(np.float64) - picture
    assert np.abs(change).max() > 0.05
    assert np.abs(locked(change)).max() < 1e-5


@pytest.mark.parametrize("shape", SMALL_SHAPES.values(), ids=SMALL_SHAPES)
def test_the_receptive_radius_is_exact(shape):
    """The farthest input pixel with a gradient, over all places on the network's grid, is the radius."""
    torch.manual_seed(0)
    network = Network(shape, 1, 1).double()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    radius = receptive_radius(shape)
    side = -(-(2 * radius + 3 * shape.step) // shape.step) * shape.step
    reached = 0
    for place in range(side // 2, side // 2 + shape.step):
        features = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
        network(features)[0, 0, place, place].backward()
        touched = torch.nonzero(features.grad[0, 0])
        reached = max(reached, int((touched - place).abs().max()))
    assert reached == radius


@pytest.mark.parametrize("recipe", ["spatial", "colour"])
@pytest.mark.parametrize("shape", [*SMALL_SHAPES.values(), SHAPES["small"]])
@pytest.mark.parametrize("tile", [50, 64, 101])
def test_tiles_equal_the_whole_frame(recipe, shape, tile):
    base = LumaFilter("srgb", 5, 1) if recipe == "spatial" else ColourPolynomial("srgb", 1)
    model = _untrained(base, shape, wild=True)
    picture = _picture(131, 147)
    whole = apply(model, picture, radius=model.radius)
    assert np.abs(whole - picture).max() > 1e-2
    assert np.abs(apply(model, picture, tile=tile, radius=model.radius) - whole).max() <= 1e-4


def test_too_little_overlap_shows():
    model = _untrained(LumaFilter("srgb", 5, 1), DEEP, wild=True)
    picture = _picture(131, 147)
    whole = apply(model, picture, radius=model.radius)
    assert np.abs(apply(model, picture, tile=48, radius=0) - whole).max() > 1e-3


def test_a_highlight_beyond_training_changes_no_more_than_the_brightest_that_was_seen():
    model = _untrained(ColourPolynomial("none", 1), DEEP, wild=True)
    bright, brighter = (np.full((24, 24, 3), value, np.float32) for value in (1.0, 1000.0))
    changes = [apply(model, picture, radius=model.radius) - picture for picture in (bright, brighter)]
    assert np.abs(changes[0]).max() > 1e-3
    np.testing.assert_allclose(changes[1], changes[0], atol=1e-3)


@pytest.mark.parametrize("base", [ColourPolynomial("srgb", 3), LumaFilter("srgb", 9, 3)])
def test_a_saved_network_computes_the_same_in_a_fresh_process_at_any_size(tmp_path, base):
    model = _untrained(base, SHAPES["small"], wild=True)
    path = tmp_path / "network.pt"
    save_model(model, path, card_for(model))
    card = load_model(path).card
    assert (card.recipe, card.kind, card.radius) == (base.recipe, "Recovery", model.radius)
    expected = {
        size: apply(model, _picture(*size), radius=model.radius) for size in ((37, 50), (1, 1), (64, 48))
    }
    np.savez(tmp_path / "expected.npz", **{f"{h}x{w}": value for (h, w), value in expected.items()})
    code = """
import sys, numpy as np, torch
torch.set_num_threads(1)
module = torch.jit.load(sys.argv[1])
for name, expected in np.load(sys.argv[2]).items():
    height, width = (int(side) for side in name.split("x"))
    picture = np.random.default_rng(3).random((height, width, 3)).astype(np.float32)
    with torch.inference_mode():
        result = module(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None])[0].permute(1, 2, 0).numpy()
    assert np.abs(result - expected).max() <= 1e-6, name
"""
    subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "expected.npz")], check=True, timeout=120
    )


def test_equal_networks_are_saved_as_equal_bytes(tmp_path):
    for name in ("a", "b"):
        model = _untrained(ColourPolynomial("srgb", 3), SHAPES["small"], wild=True)
        save_model(model, tmp_path / f"{name}.pt", card_for(model))
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_grid_that_tiles_cannot_keep_is_refused():
    with pytest.raises(ValueError, match="grid of 32"):
        Shape(4, (1, 1, 1, 1), 1, (1, 1, 1, 1), fold=2)


def test_an_exported_network_has_equal_bytes_whatever_the_process_hashes(tmp_path) -> None:
    code = (
        "import sys, torch\n"
        "from pathlib import Path\n"
        "from film_recovery.learning import export, network\n"
        "from film_recovery.learning.polynomial import ColourPolynomial\n"
        "torch.manual_seed(0)\n"
        "model = network.Recovery(ColourPolynomial('srgb', 3), network.SHAPES['small'])\n"
        "export.save_model(model, Path(sys.argv[1]), export.card_for(model))\n"
    )
    files = [tmp_path / f"{seed}.pt" for seed in (1, 2)]
    for seed, file in zip((1, 2), files, strict=True):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, file], env=environment, check=True, timeout=120
        )
    assert files[0].read_bytes() == files[1].read_bytes()
