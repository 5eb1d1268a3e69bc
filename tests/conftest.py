"""What all tests share. Imports nothing heavy: the light packages' tests run without the engine."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# A busy machine is no failure: no test asserts on seconds, so neither does hypothesis.
settings.register_profile("film-recovery", deadline=None)
settings.load_profile("film-recovery")

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


@pytest.fixture
def install_nuke() -> Callable[..., AbstractContextManager[ModuleType]]:
    """``with install_nuke(nc=True) as nuke:`` the emulation with other settings."""
    return installed_nuke


@pytest.fixture
def emulated_nuke() -> Iterator[ModuleType]:
    """The strict emulation as ``nuke``, with a screen, as NukeX 15.1; ``emulated_nuke.emulation`` is its session."""
    with installed_nuke() as nuke:
        yield nuke


def installed_nuke(**environment: Any) -> AbstractContextManager[ModuleType]:
    """The emulation with other settings (``gui nc indie nukex version``)."""
    file = Path(__file__).with_name("emulated_nuke") / "install.py"
    spec = importlib.util.spec_from_file_location("emulated_nuke_install", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: AbstractContextManager[ModuleType] = module.installed(**environment)
    return made
