"""Pairs of elements with a known answer, by seed: offsets that change, and frames with planted faults.

For the tests and the benchmark of curation; see ``reels.py`` for what the pictures are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from film_recovery.demo.reels import PLANTED, Reel, element, faded_print, film, plant, safety_copy

FIRST_SOURCE = 101  # the elements are numbered differently, as elements are
LEAD = 6  # frames that the Reference begins earlier, and ends later


@dataclass(frozen=True, eq=False)
class Edited:
    """``truth``: each Source frame's moment in the Reference, None for a foreign frame. ``edits``: (kind, frame).
    ``cuts``: first frames of the Reference's second and later shots."""

    source: Reel
    reference: Reel
    truth: dict[int, int | None]
    edits: tuple[tuple[str, int], ...]
    cuts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Faulty:
    """``planted``: Source frame → (kind, side). Source and Reference have the same numbers. ``shots``: first, last."""

    source: Reel
    reference: Reel
    planted: dict[int, tuple[str, str]]
    shots: tuple[tuple[int, int], ...]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return [(frame, frame) for frame in self.source.frames]


def edited(seed: int, edits: Sequence[tuple[str, int]], lengths: Sequence[int] = (28, 26, 24)) -> Edited:
    """``edits``: inserted, dropped or repeated, each at its place in the edited Source, from 0, ascending."""
    rng = np.random.default_rng(seed)
    clean = film(lengths, seed)
    foreign = film((1,), seed + 5000)[0]
    moments = list(range(LEAD, len(clean) - LEAD))
    for kind, at in edits:
        if kind == "inserted":
            moments.insert(at, -1)
        elif kind == "dropped":
            del moments[at]
        elif kind == "repeated":
            moments.insert(at, moments[at - 1])
        else:
            raise ValueError(kind)
    pictures = [foreign if moment < 0 else clean[moment] for moment in moments]
    return Edited(
        element(pictures, faded_print(rng), seed, FIRST_SOURCE),
        element(clean, safety_copy(rng), seed + 1),
        {FIRST_SOURCE + at: None if moment < 0 else moment + 1 for at, moment in enumerate(moments)},
        tuple((kind, FIRST_SOURCE + at) for kind, at in edits),
        tuple(int(cut) + 1 for cut in np.cumsum(lengths)[:-1]),
    )


def faulty(seed: int, lengths: tuple[int, int] = (44, 40), every: int = 5) -> Faulty:
    """A fault on every fifth frame or so, kinds in turn: most on either side, subtitles on the Reference only."""
    rng = np.random.default_rng(seed)
    clean = film(lengths, seed)
    sides = {
        "Source": element(clean, faded_print(rng), seed),
        "Reference": element(clean, safety_copy(rng), seed + 1),
    }
    pictures = {name: list(reel.pictures) for name, reel in sides.items()}
    planted: dict[int, tuple[str, str]] = {}
    count = sum(lengths)
    for number, at in enumerate(at for at in range(every, count - 3, every) if abs(at - lengths[0]) > 1):
        kind = PLANTED[number % len(PLANTED)]
        side = "Source" if (number // len(PLANTED) + seed) % 2 == 0 else "Reference"
        if kind in ("dirt", "scratch"):
            side = "Source"
        elif kind == "subtitle or logo":
            side = "Reference"
        pictures[side][at] = plant(pictures[side][at], kind, rng)
        planted[at + 1] = kind, side
    frames = sides["Source"].frames
    return Faulty(
        Reel(pictures["Source"], frames),
        Reel(pictures["Reference"], frames),
        planted,
        ((1, lengths[0]), (lengths[0] + 1, count)),
    )
