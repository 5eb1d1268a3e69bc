"""Shots of any movie that PyAV decodes: footage of one's own, where the demo's would be too little.

Cut by the product's own search for cuts; nothing is kept of a movie but the frames that were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.demo.footage import Picture
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.signatures import signatures
from film_recovery.imaging.frame import Pixels

WIDEST = 480  # pixels that a frame is brought down to; a smaller one stays as it is
LOOKED_AT = 1000  # frames of a movie that are searched for cuts
MOVIES = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".ogv")


def movies(places: Sequence[Path]) -> list[Path]:
    """The files among ``places``, and those of its folders that are named as movies are, in order.

    Raises FilmRecoveryError where one is missing, or a folder has none.
    """
    found: list[Path] = []
    for place in places:
        inside = sorted(one for one in place.rglob("*") if one.suffix.lower() in MOVIES)
        if not place.is_file() and not inside:
            raise FilmRecoveryError(
                "There is no movie.", file=place, remedy="name a movie, or a folder of some"
            )
        found += [place] if place.is_file() else inside
    return found


def shots(path: Path, length: int, most: int = 1, firsts: Sequence[int] = ()) -> list[list[Picture]]:
    """The first ``length`` frames of the first ``most`` shots that have as many; or from each of ``firsts`` on, counted
    from 0. Raises FilmRecoveryError for a movie that has not got them."""
    begins = list(firsts) or _beginnings(path, length)[:most]
    found: list[list[Picture]] = [[] for _ in begins]
    for place, frame in enumerate(_decoded(path)):
        for first, shot in zip(begins, found, strict=True):
            if first <= place < first + length:
                shot.append(_brought(frame, WIDEST))
        if place >= max(begins, default=0) + length:
            break
    if not found or any(len(shot) < length for shot in found):
        raise FilmRecoveryError(
            f"The movie has no shot of {length} frames there.",
            file=path,
            remedy="choose another, or other first frames",
        )
    return found


def _beginnings(path: Path, length: int) -> list[int]:
    count = min(LOOKED_AT, sum(1 for _ in _decoded(path)))
    known = signatures(_Passing(path, range(count)), threads=1)
    return [shot.first for shot in find_shots(known) if shot.last - shot.first + 1 >= length]


class _Passing:
    """A movie as what ``signatures`` looks through once, in order."""

    def __init__(self, path: Path, frames: range) -> None:
        self.frames = frames
        self._coming = _decoded(path)

    def small(self, frame: int, width: int) -> Pixels:
        return _brought(next(self._coming), width)

    def picture(self, frame: int) -> Pixels:
        return self.small(frame, WIDEST)

    def aspect(self, frame: int) -> float:
        return 1.0


def _decoded(path: Path) -> Iterator[NDArray[Any]]:
    """H×W×3, 0–255, top row first."""
    import av  # as in ``footage``: only the demo decodes video

    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except (av.error.FFmpegError, IndexError) as error:
        raise FilmRecoveryError(
            f"The movie cannot be decoded: {error}", file=path, remedy="choose another"
        ) from error


def _brought(frame: NDArray[Any], width: int) -> Picture:
    scale = min(1.0, width / frame.shape[1])
    size = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
    small = cv2.resize(frame.astype(np.float32) / 255, size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small, 0, 1), np.float32)
