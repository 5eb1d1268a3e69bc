"""The tests' own film, for elements of which the truth is known."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def filming() -> ModuleType:
    """The module ``filming.py`` beside this one: frames of a panned photograph, telecines of it, files."""
    spec = importlib.util.spec_from_file_location("filming", Path(__file__).with_name("filming.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
