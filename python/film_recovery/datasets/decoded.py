"""Pictures decoded once, in files of which a part can be read: the run folder's ``decoded/``.

A photograph of 12 megapixels takes a second to decode, and a training wants one small patch of it at a time. Here each
lies as it is in memory, in the smallest type that holds its values exactly: 8 or 16 bits where it came from such a
file, half or float else. Reading gives the same values, bit by bit. It is no more than a cache: it may be removed at
any time, and where the disk is full pictures are decoded each time.
"""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.frame import Pixels

FOLDER = "decoded"
LARGEST = 400 << 30  # bytes: 5000 pairs of 12 megapixels at 8 bits are 360 GB
_BAND = 16  # rows
FREE_SHARE = 0.5  # of the disk's free space at the start stays free

# The values of integer files, by the type that holds their codes; multiplied, as OpenImageIO does it. (What another
# version would make of them is noticed, and kept as float.)
_TABLES: dict[Any, Pixels] = {
    np.dtype(np.uint8): np.arange(1 << 8, dtype=np.float32) * np.float32(1 / 255),
    np.dtype(np.uint16): np.arange(1 << 16, dtype=np.float32) * np.float32(1 / 65535),
}


@dataclass(frozen=True, eq=False)
class Stored:
    """One decoded picture (a ``learning.pairs.Side``): what is asked for is read."""

    codes: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.codes.shape

    def __getitem__(self, part: tuple[slice, slice], /) -> Pixels:
        return values_of(self.codes[part])


class Decoded:
    """The pictures in ``folder``, by key; new ones while there is room. Several threads and processes may ask."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        """``largest``: bytes in all. The folder is made when something is kept."""
        self.folder = folder
        self._left = largest - sum(file.stat().st_size for file in folder.glob("*.npy"))
        self._floor = 0.0
        self._accounts = threading.Lock()

    def find(self, key: str) -> Stored | None:
        """The picture that was kept under ``key``."""
        try:
            # Opened each time: thousands that stay open are more than a process may have.
            return Stored(np.load(self._file(key), mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError):
            return None

    def keep(self, key: str, picture: Pixels) -> None:
        """Keeps ``picture`` (float32) under ``key`` if there is room for it."""
        codes = codes_of(picture)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._accounts:
                free = shutil.disk_usage(self.folder).free
                self._floor = self._floor or FREE_SHARE * free
                if self._left < codes.nbytes or free - codes.nbytes < self._floor:
                    return
                self._left -= codes.nbytes
            with replacement(self._file(key)) as temporary, open(temporary, "wb") as stream:
                np.save(stream, codes, allow_pickle=False)
                stream.flush()
                os.fsync(stream.fileno())  # or a power cut could leave a whole file of nothing
        except (OSError, FilmRecoveryError):
            with self._accounts:
                self._left = 0  # full, or gone: from now on pictures are decoded each time

    def remove(self) -> None:
        """Removes all; what cannot be removed stays."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npy"


def codes_of(picture: Pixels) -> NDArray[Any]:
    """``picture`` in the smallest type from which :func:`values_of` gives the same bits."""
    for kind in (*_TABLES, np.dtype(np.float16)):
        codes = np.empty(picture.shape, kind)
        # In bands that stay in the processor's cache; one that does not fit the type ends it.
        if all(
            _fill(codes[top : top + _BAND], picture[top : top + _BAND])
            for top in range(0, len(picture), _BAND)
        ):
            return codes
    return picture


def values_of(codes: NDArray[Any]) -> Pixels:
    """The values that ``codes`` stand for, float32."""
    table = _TABLES.get(codes.dtype)
    return np.array(codes, np.float32) if table is None else table[codes]


def _fill(codes: NDArray[Any], picture: Pixels) -> bool:
    """Fills ``codes`` with the nearest to ``picture``; whether they stand for the same bits (the sign of zero too)."""
    table = _TABLES.get(codes.dtype)
    with np.errstate(over="ignore"):
        codes[...] = (
            picture if table is None else np.rint(np.clip(picture, 0, 1) * np.float32(len(table) - 1))
        )
    found = values_of(codes)
    return np.array_equal(found.view(np.uint32), np.ascontiguousarray(picture).view(np.uint32))
