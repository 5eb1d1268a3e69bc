"""What a training has to know of all its pairs before its first step, noted when each is read for the first time.

Thousands of large pairs take long to read: the fit of the closed form, the range of values and the hashes would each
read all. A :class:`Noted` source notes, as each pair passes by, what the others will ask. A source that can tell by a
*key* (of ``datasets.folder``: path, size and time of change of both files) that a pair is the one of which something
was noted lets a resumed training begin without reading any.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from film_recovery.learning.pairs import Opened, Pair, PairSource, PartSource, checked, opened

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Note:
    """Of one pair: ``sha256`` of its pixels, the ``lowest`` and ``highest`` value of both sides, its size in pixels."""

    sha256: str
    lowest: float
    highest: float
    height: int
    width: int


@runtime_checkable
class KeySource(Protocol):
    """A PairSource that can tell without reading whether a pair is the one it was."""

    labels: list[str]

    def key(self, index: int, /) -> str: ...


class Noted:
    """``pairs``, of which notes are taken (a PairSource)."""

    def __init__(
        self, pairs: PairSource, known: Mapping[str, Note] | None = None, tell: Progress | None = None
    ) -> None:
        """``known``: notes by the key of the pair. ``tell``: told "pairs", how many of all are noted."""
        self.pairs, self.tell = pairs, tell
        self.labels: dict[int, str] = {}
        self.notes: dict[int, Note] = {}
        if known and isinstance(pairs, KeySource):
            found = {index: known.get(pairs.key(index)) for index in range(len(pairs))}
            self.notes = {index: note for index, note in found.items() if note is not None}
            self.labels = {index: pairs.labels[index] for index in self.notes}

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int, /) -> Pair:
        pair = self.pairs[index]
        if index not in self.notes and (note := _note(pair)) is not None:
            self.notes[index], self.labels[index] = note, pair.label
            if self.tell is not None:
                self.tell("pairs", len(self.notes), len(self))
        return pair

    @property
    def missing(self) -> list[int]:
        """The pairs of which nothing is noted yet."""
        return [index for index in range(len(self)) if index not in self.notes]

    def all(self) -> list[tuple[str, Note]]:
        """Label and note of each pair; those not seen yet are read. Raises FilmRecoveryError as :func:`checked`."""
        if self.missing or not len(self):
            for _ in checked(_Some(self, self.missing)):
                pass
        return [(self.labels[index], self.notes[index]) for index in range(len(self))]

    def by_key(self) -> dict[str, Note]:
        """The notes by their pairs' keys; none where the source has no keys."""
        if not isinstance(self.pairs, KeySource):
            return {}
        return {self.pairs.key(index): note for index, note in sorted(self.notes.items())}


class NotedParts(Noted):
    """As Noted, of a source that opens pairs in parts (a PartSource too)."""

    def opened(self, index: int, /) -> Opened:
        return opened(self.pairs, index)


class _Some:
    """Some of the pairs of a source, by position."""

    def __init__(self, pairs: PairSource, positions: list[int]) -> None:
        self.pairs, self.positions = pairs, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int, /) -> Pair:
        return self.pairs[self.positions[index]]


def noted(pairs: PairSource, known: Mapping[str, Note] | None = None, tell: Progress | None = None) -> Noted:
    """``pairs`` as :class:`Noted`, that can be opened in parts if they can."""
    return (NotedParts if isinstance(pairs, PartSource) else Noted)(pairs, known, tell)


def notes_of(pairs: PairSource) -> list[tuple[str, Note]]:
    """Label and note of each pair: those that a Noted source has, or read now."""
    return (pairs if isinstance(pairs, Noted) else Noted(pairs)).all()


def _note(pair: Pair) -> Note | None:
    """None for a pair that :func:`checked` refuses."""
    if pair.input.ndim != 3 or pair.input.shape != pair.truth.shape or not pair.input.size:
        return None
    digest = hashlib.sha256(repr(pair.input.shape).encode())
    sides = (pair.input, pair.truth)
    for side in sides:
        digest.update(np.ascontiguousarray(side).data)
    # numpy's minimum, because Python's passes over NaN.
    lowest, highest = (
        float(np.min([side.min() for side in sides])),
        float(np.max([side.max() for side in sides])),
    )
    if not math.isfinite(lowest + highest):
        return None
    return Note(digest.hexdigest(), lowest, highest, *pair.input.shape[:2])
