"""One frame in figures: all that is kept of it, a few kilobytes, so that a reel of any length streams through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from film_recovery.analysis.arrays import check_colours
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.outliers import codes, structure, tone
from film_recovery.outliers.relation import Relation


@dataclass(frozen=True, eq=False)
class Measured:
    frame: int
    size: tuple[int, int]  # columns, rows
    tone: tone.Tone
    bleeding: Relation
    structure: structure.Structure
    codes: float


def measure(frame: int, source: Pixels, recovered: Pixels) -> Measured:
    """``source``, ``recovered``: H×W×3 encoded, of one size, top row first. Raises FilmRecoveryError for pictures that
    cannot be compared."""
    check_colours(source, recovered)
    planes = np.ascontiguousarray(luma(source)), np.ascontiguousarray(luma(recovered))
    return Measured(
        frame,
        (source.shape[1], source.shape[0]),
        tone.tone(source, recovered),
        structure.bleeding(source, recovered),
        structure.structure(*planes),
        codes.unevenness(recovered),
    )
