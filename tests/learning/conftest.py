"""Pairs made from the photographs of the demo: a fade and a softening, seeded, simulated here only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import film_recovery
from film_recovery.imaging.luma import luma
from film_recovery.learning.pairs import Pair

Array = NDArray[np.float32]
torch.set_num_threads(1)  # test processes share the processors; threads that wait for one another crawl

PHOTOGRAPHS = Path(film_recovery.__file__).parent / "demo" / "photographs"
NAMES = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")


def photograph(name: str) -> Array:
    """Encoded sRGB, 0–1, H×W×3."""
    image = cv2.imread(str(PHOTOGRAPHS / name))
    assert image is not None
    return np.ascontiguousarray(image[:, :, ::-1], np.float32) / 255


def linear(encoded: Array) -> Array:
    high = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, high).astype(np.float32)


def encoded(values: Array) -> Array:
    high = 1.055 * np.maximum(values, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(values <= 0.0031308, values * 12.92, high).astype(np.float32)


def _faded(picture: Array, random: np.random.Generator) -> Array:
    """Dyes that lost density and leaked into one another, and a little grain; linear."""
    density = -np.log10(np.maximum(linear(picture), 1e-3))
    kept = np.array([[0.55, 0.02, 0.03], [0.06, 0.80, 0.05], [0.03, 0.08, 0.70]])
    stain = np.array([0.05, 0.02, 0.08])
    light = 10 ** -(density @ kept.T + stain)
    return np.asarray(light * np.exp(random.normal(0, 0.02, light.shape)), np.float32)


def _soft(picture: Array, random: np.random.Generator) -> Array:
    """A copy of a copy: blurred, with grain; linear."""
    grain = cv2.GaussianBlur(random.normal(0, 1, picture.shape[:2]), (0, 0), 0.6)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.2) + (0.02 * grain / grain.std())[..., None]
    return linear(np.clip(soft, 0, 1).astype(np.float32))


@pytest.fixture(scope="session")
def colour_pair() -> Callable[[str], Pair]:
    def make(name: str) -> Pair:
        picture = photograph(name)
        source = _faded(picture, np.random.default_rng(1))
        reference = linear(picture)
        return Pair(source, reference + (luma(source) - luma(reference))[..., None], name)

    return make


@pytest.fixture(scope="session")
def spatial_pair() -> Callable[[str], Pair]:
    def make(name: str) -> Pair:
        picture = photograph(name)
        source = _soft(picture, np.random.default_rng(1))
        return Pair(source, source + (luma(linear(picture)) - luma(source))[..., None], name)

    return make


@pytest.fixture(scope="session")
def psnr() -> Callable[[Array, Array], float]:
    """dB between two arrays of graph values, compared encoded, without the outermost 8 pixels."""

    def measure(a: Array, b: Array) -> float:
        inside = (slice(8, -8), slice(8, -8))
        error = encoded(a)[inside].astype(np.float64) - encoded(b)[inside]
        return float(-10 * np.log10(np.mean(error**2)))

    return measure
