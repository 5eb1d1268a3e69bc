"""Frames for the tests of pictures: noise that makes every misplaced pixel visible, and real photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import film_recovery
from film_recovery.imaging.frame import RGB, Box, Format, Frame

FORMAT, WHOLE = Format(24, 16), Box(0, 0, 24, 16)
PHOTOGRAPHS = Path(film_recovery.__file__).parent / "demo" / "photographs"


@pytest.fixture
def photographs() -> Path:
    return PHOTOGRAPHS


@pytest.fixture
def noise() -> Callable[..., Frame]:
    """A frame of reproducible noise in 0–1; values that a half holds exactly."""

    def make(
        bbox: Box = WHOLE,
        format: Format = FORMAT,
        channels: tuple[str, ...] = RGB,
        **metadata: object,
    ) -> Frame:
        values = np.random.default_rng(7).random((bbox.height, bbox.width, len(channels)))
        pixels = values.astype(np.float16).astype(np.float32)
        return Frame(pixels, channels, format, bbox, metadata)

    return make
