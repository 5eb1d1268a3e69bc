"""Pairs of scans whose matrix is known exactly."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def simulated() -> ModuleType:
    """``simulation.py`` beside this file."""
    spec = importlib.util.spec_from_file_location("simulation", Path(__file__).with_name("simulation.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
