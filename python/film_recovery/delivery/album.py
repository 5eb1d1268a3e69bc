"""The stills of a report, taken in one at a time: what is kept of each is as small as the report, not as its pictures.

So a report of many moments, at any resolution, has one moment's pictures in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from film_recovery.delivery.data import Picture, Still
from film_recovery.delivery.pictures import Encoded, Grades, small

LARGEST = 20_000_000  # bytes of a report: what goes through mail and opens on a telephone
FOR_TEXT = 1_000_000  # of these


@dataclass(frozen=True)
class Placed:
    """A picture inside the report."""

    name: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Kept:
    """A still without its pixels: what is said of it, the ``names`` of its pictures, its drawn scopes."""

    frame: int
    caption: str
    figures: Mapping[str, Any]
    names: tuple[str, ...]
    scopes: tuple[Placed, ...]


class Album:
    """Stills in the order in which they were added."""

    def __init__(self, stills: Iterable[Still] = ()) -> None:
        self._kept: list[Kept] = []
        self._room = LARGEST - FOR_TEXT
        self._grades = Grades(self._room)
        for still in stills:
            self.add(still)

    def add(self, still: Still) -> None:
        """Drawings as they are; the pictures in each grade that there is still room for."""
        scopes = drawn(still.scopes)
        self._room -= sum(len(one.uri) for one in scopes)
        for picture in still.pictures.values():
            self._grades.add(picture, self._room)
        self._kept.append(Kept(still.frame, still.caption, still.figures, tuple(still.pictures), scopes))

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def placed(self, taken: int) -> tuple[Encoded, tuple[tuple[Placed, ...], ...]]:
        """The pictures in the best grade, beside ``taken`` bytes of others: all, and those of each still.

        Raises FilmRecoveryError where they do not fit, however small.
        """
        result = self._grades.best(self._room - taken)
        coded = ((uri, *size) for uri, size in zip(result.uris, result.sizes, strict=True))
        return result, tuple(tuple(Placed(name, *next(coded)) for name in one.names) for one in self._kept)


def drawn(pictures: Mapping[str, Picture]) -> tuple[Placed, ...]:
    """Drawings and places in a frame, small, whatever they take."""
    made = small(list(pictures.values()))
    return tuple(
        Placed(name, uri, *size) for name, uri, size in zip(pictures, made.uris, made.sizes, strict=True)
    )
