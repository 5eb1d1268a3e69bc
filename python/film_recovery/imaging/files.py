"""The door between frames and files on disk: ``reading.py`` and ``writing.py`` under one name."""

from __future__ import annotations

from film_recovery.imaging.reading import Header, read_frame, read_header
from film_recovery.imaging.writing import AP0_CHROMATICITIES, COMPRESSIONS, DATATYPES, write_frame

__all__ = [
    "AP0_CHROMATICITIES",
    "COMPRESSIONS",
    "DATATYPES",
    "Header",
    "read_frame",
    "read_header",
    "write_frame",
]
