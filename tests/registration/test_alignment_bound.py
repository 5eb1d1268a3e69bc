"""The Cramér-Rao bound that the benchmark of the Quality Control sets beside its errors, against closed forms."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

WIDTH, HEIGHT = 192, 160
TURN = 2 * np.pi / 16  # of the waves, a pixel
WAVE = 0.1


@pytest.fixture(scope="module")
def bound() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "alignment_bound.py"
    spec = importlib.util.spec_from_file_location("alignment_bound", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def waves(turn: float = TURN, channels: int = 1) -> Any:
    """Across and down, each of amplitude WAVE."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.repeat((0.5 + WAVE * (np.sin(turn * x) + np.sin(turn * y)))[..., None], channels, 2)


def everywhere() -> Any:
    return np.ones((HEIGHT, WIDTH), bool)


def test_of_waves_under_white_grain_it_is_the_textbooks(bound: ModuleType) -> None:
    """Information about a shift: (amplitude · frequency)² / 2 a pixel, over the variance of the noise."""
    known = bound.information(waves(), everywhere(), 0.05, 0.0)
    pixels = (WIDTH - 4) * (HEIGHT - 4)
    assert known[0, 0] == pytest.approx(pixels * (WAVE * TURN) ** 2 / 2 / 0.05**2, rel=0.03)
    assert known[1, 1] == pytest.approx(known[0, 0], rel=0.03)
    assert abs(known[0, 1]) < 0.03 * known[0, 0]
    places = np.arange(2, WIDTH - 2) + 0.5 - WIDTH / 2
    lever = np.mean(places**2) / (np.hypot(WIDTH, HEIGHT) / 2) ** 2
    assert known[2, 2] == pytest.approx(known[0, 0] * lever, rel=0.03)


def test_grain_channels_and_spots_count_as_they_should(bound: ModuleType) -> None:
    one = bound.information(waves(), everywhere(), 0.05, 0.0)
    assert np.allclose(bound.information(waves(), everywhere(), 0.1, 0.0), one / 4)
    assert np.allclose(bound.information(waves(channels=3), everywhere(), 0.05, 0.0), 3 * one)
    half = everywhere()
    half[:, WIDTH // 2 :] = False
    assert bound.information(waves(), half, 0.05, 0.0)[0, 0] == pytest.approx(one[0, 0] / 2, rel=0.05)
    with pytest.raises(ValueError, match="grain"):
        bound.information(waves(), everywhere(), 0.0, 0.0)


def test_soft_grain_hides_less_of_fine_detail_and_the_finest_counts_for_nothing(bound: ModuleType) -> None:
    """Grain of one variance, softened by 0.8 px: its power at a frequency falls by exp(−(0.8 frequency)²)."""
    gains = []
    for turn in (2 * np.pi / 16, 2 * np.pi / 4):
        white, soft = (bound.information(waves(turn), everywhere(), 0.05, blur)[0, 0] for blur in (0.0, 0.8))
        gains.append(soft / white)
    fall = [np.exp((0.8 * turn) ** 2) for turn in (2 * np.pi / 16, 2 * np.pi / 4)]
    assert gains[1] / gains[0] == pytest.approx(fall[1] / fall[0], rel=0.05)
    fine = bound.information(waves(2 * np.pi / 2.1), everywhere(), 0.05, 0.0)[0, 0]
    coarser = bound.information(waves(2 * np.pi / 2.9), everywhere(), 0.05, 0.0)[0, 0]
    assert fine < 0.1 * coarser


def test_the_best_measurement_scatters_as_the_bound_says(bound: ModuleType) -> None:
    """A linear fit with the true slopes, of pictures moved and made noisy; then the told error of such fits."""
    rng = np.random.default_rng(5)
    known = bound.information(waves(), everywhere(), 0.05, 0.0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    slope = WAVE * TURN * np.cos(TURN * x)
    found = []
    for _ in range(400):
        moved = 0.5 + WAVE * (np.sin(TURN * (x + 0.02)) + np.sin(TURN * y))
        off = moved + rng.normal(0, 0.05, moved.shape) - waves()[..., 0]
        found.append((off * slope).sum() / (slope**2).sum())
    assert np.mean(found) == pytest.approx(0.02, abs=0.003)
    assert np.std(found) == pytest.approx(known[0, 0] ** -0.5, rel=0.12)

    size = WIDTH, HEIGHT
    true = np.tile([0.5, 0.0], (4, 1))
    errors = [
        bound.told_errors(known, true, size, free, np.random.default_rng(5))
        for free in (bound.AFFINE, bound.SIMILARITY)
    ]
    assert 0 < np.median(errors[1]) < np.median(errors[0])
    still = bound.told_errors(known * 1e12, true, size, bound.AFFINE, rng)
    assert still.max() < 1e-5
    # A shift alone unknown: the told size errs as the shift does.
    shift = bound.told_errors(known, true, size, bound.AFFINE[:, :2], rng, 4000)
    assert np.sqrt(np.mean(shift**2)) == pytest.approx(known[0, 0] ** -0.5, rel=0.05)
