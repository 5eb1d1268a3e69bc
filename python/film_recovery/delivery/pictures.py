"""Pictures inside the report: JPEG as data URIs, all in one quality, within the report's size.

JPEG without chroma subsampling, so that colour is judged fairly; Source, recovered and Reference always get the
same treatment. The report says what that was.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2

from film_recovery.delivery.data import Picture
from film_recovery.errors import FilmRecoveryError

# (longest side in pixels, JPEG quality), best first: the first that fits is taken.
GRADES = ((1920, 93), (1920, 88), (1600, 88), (1280, 88), (1280, 82), (960, 82), (720, 80), (480, 75))
SMALL = (1560, 72)  # of drawings: three scopes side by side keep their pixels


@dataclass(frozen=True)
class Encoded:
    """Pictures as data URIs, in the order given, with the ``side`` (longest, in pixels) and ``quality`` used."""

    uris: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    side: int
    quality: int
    scaled: bool


class Grades:
    """Pictures taken in one after another, each in every grade that still fits: their JPEGs are kept, no pixels."""

    def __init__(self, budget: int) -> None:
        """``budget``: bytes that the data URIs of all may take."""
        self._budget, self._count, self._longest = budget, 0, 0
        self._kept: dict[tuple[int, int], list[_Jpeg]] = {grade: [] for grade in GRADES}
        self._taken = dict.fromkeys(GRADES, 0)

    def add(self, picture: Picture, room: int | None = None) -> None:
        """``picture`` (uint8 RGB, top row first). ``room``: what is left of the budget, where something else took of
        it."""
        self._budget = self._budget if room is None else room
        self._count, self._longest = self._count + 1, max(self._longest, *picture.shape[:2])
        for side, quality in tuple(self._kept):
            fitted = _fitted(picture, side)
            jpeg = _Jpeg(_bytes(fitted, quality), (fitted.shape[1], fitted.shape[0]))
            self._kept[side, quality].append(jpeg)
            self._taken[side, quality] += len(jpeg.uri)
            if self._taken[side, quality] > self._budget:
                del self._kept[side, quality]

    def best(self, room: int) -> Encoded:
        """All of them in the best grade whose data URIs fit into ``room`` bytes.

        Raises FilmRecoveryError when even the lowest grade does not.
        """
        for (side, quality), jpegs in self._kept.items():
            if self._taken[side, quality] <= room:
                uris, sizes = tuple(one.uri for one in jpegs), tuple(one.size for one in jpegs)
                return Encoded(uris, sizes, side, quality, self._longest > side)
        raise FilmRecoveryError(
            f"{self._count} pictures do not fit into a report of {room / 1e6:.0f} MB, however small.",
            remedy="show fewer stills",
        )


@dataclass(frozen=True)
class _Jpeg:
    data: bytes
    size: tuple[int, int]

    @property
    def uri(self) -> str:
        return "data:image/jpeg;base64," + base64.b64encode(self.data).decode("ascii")


def encoded(pictures: Iterable[Picture], budget: int) -> Encoded:
    """``pictures`` (uint8 RGB, top row first) in the best grade whose data URIs stay within ``budget`` bytes.

    Raises FilmRecoveryError when even the lowest grade does not fit.
    """
    grades = Grades(budget)
    for picture in pictures:
        grades.add(picture)
    return grades.best(budget)


def small(pictures: Sequence[Picture]) -> Encoded:
    """``pictures`` at SMALL, whatever they take: drawings and places in a frame, which nobody judges colour by."""
    side, quality = SMALL
    fitted = [_fitted(picture, side) for picture in pictures]
    sizes = tuple((picture.shape[1], picture.shape[0]) for picture in fitted)
    uris = tuple(
        _Jpeg(_bytes(picture, quality), size).uri for picture, size in zip(fitted, sizes, strict=True)
    )
    return Encoded(uris, sizes, side, quality, False)


def _fitted(picture: Picture, side: int) -> Picture:
    """``picture`` with its longest side at most ``side``, by area average."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _bytes(picture: Picture, quality: int) -> bytes:
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        cv2.IMWRITE_JPEG_OPTIMIZE,
        1,
    ]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return bytes(data.tobytes())
