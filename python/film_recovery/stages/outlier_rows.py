"""The outliers that were found, as the report shows them: read from pipeline/05_validation/outliers.json.

The file is data from disk: what does not fit is an error that names it, and no picture outside the project is opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from film_recovery._files import read_text
from film_recovery.delivery import Outlier
from film_recovery.delivery.data import Picture
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import Project, paths
from film_recovery.project.folders import inside
from film_recovery.project.unjudged import unjudged

FILE = "outliers.json"
MOST = 40  # that the report shows, worst first
_PICTURES = 20  # of these with a picture
_LARGEST = 1 << 26  # bytes
_REMEDY = "look for them again: film-recovery outliers"


def outliers_of(project: Project) -> tuple[tuple[Outlier, ...] | None, int]:
    """The worst of them, and how many more there are; None where they were not looked for.

    Raises FilmRecoveryError for a file that is not what outliers are.
    """
    file = paths(project).validation / FILE
    if not file.is_file():
        return None, 0
    with _readable(file):
        rows = json.loads(read_text(file, _LARGEST))
        rows = rows.get("outliers", rows) if isinstance(rows, dict) else rows
        if not isinstance(rows, list):
            raise TypeError(f"it holds a {type(rows).__name__}")
        found = sorted((_read(row) for row in rows), key=lambda one: -one[0].score)
    shown = [
        _with_picture(project, one, name) if place < _PICTURES else one
        for place, (one, name) in enumerate(found[:MOST])
    ]
    return tuple(shown), max(0, len(found) - MOST)


def unjudged_of(project: Project) -> str:
    """How many frames were not judged by all kinds, and by which, in a sentence; empty for none, and where none were
    looked for. Raises as ``outliers_of``."""
    file = paths(project).validation / FILE
    if not file.is_file():
        return ""
    with _readable(file):
        data = json.loads(read_text(file, _LARGEST))
        return unjudged(data.get("untold", ())) if isinstance(data, dict) else ""


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise FilmRecoveryError(
            f"The outliers cannot be read: {error}.", remedy=_REMEDY, file=str(file)
        ) from error


def _read(row: Any) -> tuple[Outlier, str]:
    if not isinstance(row, Mapping):
        raise TypeError("an outlier is no mapping")
    figure, usual, score = (float(row[name]) for name in ("figure", "usual", "score"))
    if math.isnan(score):
        raise ValueError(f"frame {row['frame']} has no score")
    where = row.get("where") or ""
    said = where if isinstance(where, str) else ", ".join(map(str, where))
    one = Outlier(int(row["frame"]), str(row["kind"]), figure, usual, score, said)
    return one, str(row.get("picture") or "")


def _with_picture(project: Project, one: Outlier, name: str) -> Outlier:
    if not name:
        return one
    folder = paths(project).validation.relative_to(project.folder).as_posix()
    place = Path(name)
    file = inside(project.folder, name if (project.folder / place).is_file() else f"{folder}/{name}")
    return Outlier(one.frame, one.kind, one.figure, one.usual, one.score, one.where, _picture(file))


def _picture(file: Path) -> Picture | None:
    """None for a picture that was cleared away: the row says enough."""
    if not file.is_file():
        return None
    found = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
    return None if found is None else np.ascontiguousarray(found[..., ::-1], np.uint8)
