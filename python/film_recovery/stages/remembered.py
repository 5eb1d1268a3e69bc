"""Measurements that take seconds, kept in the project's ``.cache/`` by what they are of.

The key is the content: the pixels and the tolerance. So a kept figure is the figure that would be measured again; a
cache that is lost, damaged or cannot be written to costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery import __version__
from film_recovery._files import read_text
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.project import Project, paths

_LARGEST = 1 << 24  # bytes: figures of some hundred thousand frames


def remembered(
    project: Project,
    what: str,
    arrays: tuple[NDArray[Any], ...],
    about: Any,
    make: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """What ``make`` finds in ``arrays`` with ``about`` (JSON values), as it was found before or now."""
    digest = hashlib.sha256(json.dumps([__version__, what, about], sort_keys=True).encode())
    for array in arrays:
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).data)
    file = paths(project).cache / f"{what}-{digest.hexdigest()[:32]}.json"
    kept = recalled(file)
    if kept is not None:
        return kept
    found = make()
    keep(file, found)
    return found


def recalled(file: Path, largest: int = _LARGEST) -> dict[str, Any] | None:
    """What is kept in ``file``; None where nothing is, it cannot be read, or it has more than ``largest`` bytes."""
    try:
        kept = json.loads(read_text(file, largest))
    except (FilmRecoveryError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None


def keep(file: Path, found: dict[str, Any]) -> None:
    """Keeps ``found``; a project that is read-only is measured every time."""
    try:
        with replacement(file, create_directories=True) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")
    except FilmRecoveryError:
        pass
