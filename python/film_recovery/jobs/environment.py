"""What a job's process starts with: the engine's Python, and an environment without what NukeX put into it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from film_recovery.errors import FilmRecoveryError

ENGINE = "FILM_RECOVERY_ENGINE"
# NukeX points these at its own Python, Qt and libraries; another Python would load them and crash.
_REMOVED = ("PYTHON", "DYLD_", "QT_", "QML", "__PYVENV_LAUNCHER__")
_REMOVED_WHOLE = ("LD_LIBRARY_PATH", "LD_PRELOAD")


class NoEngine(FilmRecoveryError):
    """No Python is known that could run the engine."""


def engine() -> str:
    """The Python that has the engine: ``$FILM_RECOVERY_ENGINE``, else the one that runs this.

    Raises NoEngine where neither is a Python: in NukeX the running program is NukeX.
    """
    named = os.environ.get(ENGINE, "")
    path = named or sys.executable
    if not path or not Path(path).is_file() or not Path(path).name.lower().startswith("python"):
        raise NoEngine(
            f"{path or 'The running program'!s} is no Python that could run the engine.",
            remedy=f"set {ENGINE} to the Python of the environment that Film Recovery is installed in",
        )
    return path


def clean(environment: Mapping[str, str], ocio: str | None = None) -> dict[str, str]:
    """``environment`` for the engine. ``ocio``: the OCIO config to use; None: as ``environment`` has it."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(_REMOVED) and name.upper() not in _REMOVED_WHOLE
    }
    if ocio is not None:
        kept["OCIO"] = ocio
    return kept
