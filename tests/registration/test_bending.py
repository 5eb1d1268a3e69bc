"""The residual warp told from the Quality Control's tiles: as large as it is, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.registration.bending import bending
from film_recovery.registration.residual import residual


def pair(picture: Any, bent: float, seed: int = 3) -> tuple[Any, Any, float]:
    """Source with grain, Reference seen through a lens and moved a little; root mean square of the warp, pixels.

    ``bent``: by how much, at the left and right edge, before the part that is a change of size.
    """
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64))
    u, v = (x - width / 2) / (width / 2), (y - height / 2) / (width / 2)
    squared = u * u + v * v
    warp = np.stack([u, v], -1).reshape(-1, 2) * squared.reshape(-1, 1) * bent
    linear = np.column_stack([np.ones(x.size), x.ravel(), y.ravel()])
    left = warp - linear @ np.linalg.lstsq(linear, warp, rcond=None)[0]
    moved = warp.reshape(height, width, 2) + (0.2, -0.1)
    place = (np.stack([x, y], -1) - moved).astype(np.float32)
    reference = cv2.remap(
        picture, place[..., 0], place[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    grain = np.random.default_rng(seed).normal(0, 0.015, picture.shape)
    source = np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8) + grain, 0, 1).astype(np.float32)
    truth = float(np.sqrt(np.mean(np.sum(left**2, axis=1))))
    return source, np.clip(reference, 0, 1).astype(np.float32), truth


@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png"])
@pytest.mark.parametrize("bent", [0.0, 0.5, 2.0])
def test_a_lens_is_as_large_as_it_is(photograph: Callable[[str], Any], name: str, bent: float) -> None:
    source, reference, truth = pair(np.ascontiguousarray(photograph(name)), bent)
    found = bending(residual(source, reference))
    assert found is not None
    print(name, bent, truth, found)
    assert found.measurable == bool(bent)
    assert found.rms == pytest.approx(truth, abs=0.025 + 0.15 * truth)
    assert found.largest >= found.rms
    assert set(found.as_dict()) == {"rms", "largest", "sigma", "measurable"}


def test_too_few_tiles_say_nothing() -> None:
    flat = np.full((128, 160, 3), 0.5, np.float32)
    assert bending(residual(flat, flat)) is None
