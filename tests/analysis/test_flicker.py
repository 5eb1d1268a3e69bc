"""Flicker: what a recovery adds is found to a tenth of a percent; what its Source does, or it takes away, is not."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.analysis.flicker import ACROSS, block_means, flicker
from film_recovery.errors import FilmRecoveryError

RANDOM = np.random.default_rng(4)


def clip(light: tuple[float, float, float] = (1, 1, 1), speed: int = 7) -> list[np.ndarray]:
    """Three frames of a moving camera, as grids; ``light`` multiplies each."""
    wide = np.repeat(np.repeat(0.2 + 0.5 * np.random.default_rng(9).random((20, 60)), 8, 0), 8, 1)
    return [
        block_means((wide[:, speed * n : speed * n + 320] * light[n]).astype(np.float32)) for n in range(3)
    ]


def test_blocks_are_means() -> None:
    plane = RANDOM.random((80, 160)).astype(np.float32)
    wanted = plane.reshape(ACROSS, 10, ACROSS, 20).mean(axis=(1, 3))
    np.testing.assert_allclose(block_means(plane), wanted, atol=1e-6)
    with pytest.raises(FilmRecoveryError, match="not finite"):
        block_means(np.full((16, 16), np.nan, np.float32))


@pytest.mark.parametrize("planted", [0.01, -0.01, 0.03])
def test_what_the_recovery_adds_is_its_flicker(planted: float) -> None:
    own, made = clip(), clip((1, 1 + planted, 1))
    assert flicker(tuple(own), tuple(made)) == pytest.approx(planted, abs=0.002)


@pytest.mark.parametrize("contrast", [0.8, 1.0, 1.3])
def test_motion_and_contrast_are_no_flicker(contrast: float) -> None:
    own = clip(speed=23)
    made = [0.45 + contrast * (grid - 0.45) for grid in own]
    assert abs(flicker(tuple(own), tuple(made))) < 0.002


def test_a_recovery_that_follows_its_source_or_steadies_it_does_not_flicker() -> None:
    steady, flickering = clip(), clip((1, 1.05, 1))
    assert abs(flicker(tuple(flickering), tuple(flickering))) < 1e-9
    assert abs(flicker(tuple(flickering), tuple(steady))) < 0.002
