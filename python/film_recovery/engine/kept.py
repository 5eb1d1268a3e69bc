"""Pairs held in memory while a model is fitted or trained, and parts of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from film_recovery.learning.pairs import Pair, PairSource

KEPT_BYTES = 2 << 30  # the pairs beyond that are evaluated again when needed

Progress = Callable[[str, int, int], None]


class Kept:
    """The pairs of a source, evaluated once as far as they fit into memory; tells when it evaluates one."""

    def __init__(self, pairs: PairSource, tell: Progress, what: str = "pairs") -> None:
        self.pairs, self.tell, self.what = pairs, tell, what
        self.kept: dict[int, Pair] = {}
        self.room = KEPT_BYTES
        self.told = 0

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int, /) -> Pair:
        if index in self.kept:
            return self.kept[index]
        pair = self.pairs[index]
        self.room -= pair.input.nbytes + pair.truth.nbytes
        if self.room > 0:
            self.kept[index] = pair
        if index >= self.told:  # each pair is announced once, also where it has to be evaluated again
            self.told = index + 1
            self.tell(self.what, self.told, len(self))
        return pair


class Subset:
    """Some of the pairs of a source, by position."""

    def __init__(self, pairs: PairSource, positions: Sequence[int]) -> None:
        self.pairs, self.positions = pairs, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int, /) -> Pair:
        return self.pairs[self.positions[index]]
