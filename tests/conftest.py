"""What all tests share. Imports nothing heavy: the light packages' tests run without the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PHOTOGRAPHS = ROOT / "python" / "film_recovery" / "demo" / "photographs"


@pytest.fixture(scope="session")
def photograph() -> Callable[[str], Any]:
    """``photograph("coffee.png")``: encoded sRGB, float32 0–1, H×W×3, top row first; a fresh array."""
    import cv2
    import numpy as np

    def load(name: str) -> Any:
        picture = cv2.imread(str(PHOTOGRAPHS / name), cv2.IMREAD_COLOR)
        assert picture is not None, f"{name} is not a readable photograph in {PHOTOGRAPHS}"
        return (picture[:, :, ::-1] / 255.0).astype(np.float32)

    return load
