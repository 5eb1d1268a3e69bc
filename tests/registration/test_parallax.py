"""Parallax: what lies apart from the rest, and what only lies elsewhere as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.registration.parallax import parallax
from film_recovery.registration.residual import residual

BEYOND = 0.5  # pixels


def shifted(picture: Any, right: float) -> Any:
    move = np.array([[1, 0, right], [0, 1, 0]], np.float64)
    size = picture.shape[1::-1]
    return cv2.warpAffine(picture, move, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def pair(picture: Any, everything: float, front: float) -> tuple[Any, Any]:
    """Source, softer and with grain; Reference moved by ``everything``, and what stands in front by ``front`` more."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.float32)
    axes = int(0.18 * width), int(0.28 * height)
    cv2.ellipse(mask, (int(0.35 * width), int(0.55 * height)), axes, 0, 0, 360, 1, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), 1)[..., None]
    reference = shifted(picture, everything) * (1 - mask) + shifted(picture, everything + front) * mask
    grain = np.random.default_rng(3).normal(0, 0.015, picture.shape)
    source = np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8) + grain, 0, 1).astype(np.float32)
    return source, np.clip(reference, 0, 1).astype(np.float32)


@pytest.mark.parametrize(
    ("everything", "front", "told"),
    [(0, 0, 0.0), (1.0, 0, 0.0), (1.0, 0.2, 0.0), (0, 1.5, 1.5), (1.0, 1.5, 1.5)],
)
def test_only_what_lies_apart_from_the_rest_is_parallax(
    photograph: Callable[[str], Any], everything: float, front: float, told: float
) -> None:
    picture = np.ascontiguousarray(photograph("chelsea.png"))
    found = parallax(residual(*pair(picture, everything, front)), BEYOND)
    assert found is not None
    assert found.largest == pytest.approx(told, abs=0.1)
    assert 0.12 < found.share < 0.25 if told else found.share == 0


def test_too_few_tiles_say_nothing() -> None:
    flat = np.full((128, 160, 3), 0.5, np.float32)
    assert parallax(residual(flat, flat), BEYOND) is None
