"""The first thing that runs in NukeX: where the plugin lies, and which Python its jobs run in. Nothing else.

``init.py`` calls ``prepare`` in every session, with or without a screen, so this module imports next to nothing.
PyYAML is not touched here: ``film_recovery._yaml`` finds the vendored copy by itself when it is needed.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

ENGINE = "FILM_RECOVERY_ENGINE"  # as in jobs.environment, which is not imported for a word
ENGINE_FILE = "engine.txt"  # install.py writes it


def folder() -> str:
    """The plugin's folder: that of ``init.py``, ``gizmos/``, ``icons/``."""
    here = os.path.abspath(__file__)
    for _ in range(4):
        here = os.path.dirname(here)
    return here


def prepare(variables: MutableMapping[str, str] = os.environ) -> None:
    """Names the engine that the installer made or was given, unless the site or the user names another."""
    if variables.get(ENGINE):
        return
    engine = noted(folder())
    if engine:
        variables[ENGINE] = engine


def noted(folder: str) -> str:
    """The Python that ``install.py`` wrote down in the plugin's folder; empty where it has not."""
    try:
        with open(os.path.join(folder, ENGINE_FILE), encoding="utf-8") as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return ""  # installed with --no-engine, or not by install.py
