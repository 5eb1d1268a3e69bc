"""Puts the emulated ``nuke`` and ``nukescripts`` where ``import nuke`` finds them, and takes them away again.

Tests use the fixture ``emulated_nuke`` (tests/conftest.py). A program is run on it with this folder in PYTHONPATH.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).resolve().parent
_NAMES = ("nuke", "nukescripts")


@contextmanager
def installed(**environment: Any) -> Iterator[ModuleType]:
    """``nuke`` for the time of a test, with a fresh session: ``gui nc indie nukex version``."""
    if any(name in sys.modules for name in _NAMES):
        raise RuntimeError("a nuke is imported already")
    path = list(sys.path)
    sys.path.insert(0, str(FOLDER))
    try:
        nuke = importlib.import_module("nuke")
        importlib.import_module("nukescripts")
        nuke.emulation.reset(**environment)
        yield nuke
    finally:
        sys.path[:] = path
        for name in [one for one in sys.modules if one.partition(".")[0] in _NAMES]:
            del sys.modules[name]
