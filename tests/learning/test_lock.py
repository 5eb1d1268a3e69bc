"""The identity lock, measured with the product's own luma and chroma, on untrained and wild models alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import WEIGHTS, chroma, luma
from film_recovery.learning import lock
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.polynomial import ColourPolynomial

RANDOM = np.random.default_rng(5)


def _wild(module: torch.nn.Module) -> torch.nn.Module:
    """The module with coefficients that no fit would give."""
    generator = torch.Generator().manual_seed(3)
    for name, buffer in module.named_buffers():
        if name in ("weights", "kernels", "offsets"):
            buffer.copy_(0.2 * torch.randn(buffer.shape, generator=generator))
        if name == "limit":
            buffer.fill_(1.0)
    return module


def _run(module: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        result = module(torch.from_numpy(image.transpose(2, 0, 1).copy())[None])
    return result[0].permute(1, 2, 0).numpy()


def _picture() -> np.ndarray:
    """Values below zero and far above one included."""
    return (RANDOM.normal(0.4, 0.6, (23, 31, 3)) * RANDOM.choice([1, 8], (23, 31, 1))).astype(np.float32)


def test_luma_is_that_of_the_product():
    picture = _picture()
    y = lock.luma(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None])[0, 0].numpy()
    np.testing.assert_allclose(y, luma(picture), rtol=1e-6, atol=1e-6)
    assert sum(WEIGHTS) == pytest.approx(1)


@pytest.mark.parametrize("curve", ["srgb", "none"])
def test_colour_keeps_luma(curve):
    picture = _picture()
    result = _run(_wild(ColourPolynomial(curve, 3)), picture)
    assert np.abs(result - picture).max() > 0.1
    change = result.astype(np.float64) - picture
    assert np.abs(luma(change)).max() <= 2e-6 * np.abs(result).max()


@pytest.mark.parametrize("curve", ["srgb", "none"])
def test_spatial_keeps_chroma(curve):
    picture = _picture()
    result = _run(_wild(LumaFilter(curve, 5, 3)), picture)
    assert np.abs(result - picture).max() > 0.1
    change = result.astype(np.float64) - picture
    assert np.abs(chroma(change)).max() <= 2e-6 * np.abs(result).max()


def test_paired_locks_nothing_and_changes_what_the_polynomial_says():
    picture = _picture()
    locked, free = (_wild(ColourPolynomial("srgb", 3, recipe)) for recipe in ("colour", "paired"))
    results = [_run(module, picture) for module in (locked, free)]
    assert np.abs(luma(results[1]) - luma(picture)).max() > 0.1
    np.testing.assert_allclose(chroma(results[1]), chroma(results[0]), atol=1e-5 * np.abs(results[1]).max())
    assert np.array_equal(_run(torch.jit.script(free), picture), results[1])
    with pytest.raises(FilmRecoveryError, match="'spatial' changes no colour"):
        ColourPolynomial("srgb", 3, "spatial")


@pytest.mark.parametrize(
    "module",
    [
        ColourPolynomial("srgb", 3),
        ColourPolynomial("srgb", 2, "paired"),
        LumaFilter("srgb", 9, 3),
        LumaFilter("none", 1, 1),
    ],
)
def test_a_model_that_changes_nothing_gives_its_input_bit_by_bit(module):
    picture = _picture()
    assert np.array_equal(_run(module, picture), picture)
    assert np.array_equal(_run(torch.jit.script(module), picture), picture)
