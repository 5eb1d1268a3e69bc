"""One pass over an element: what every frame shows. The pictures are read once, reduced and let go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from film_recovery.curation.coverage import WIDTH, Shown, describe
from film_recovery.footage.runs import part_of
from film_recovery.imaging.frame import Pixels

Progress = Callable[[int, int, int], None]  # done, total, frame
MOST = 2400  # frames that are described: more are stepped over evenly, for pairs are compared each with each


class Pictures(Protocol):
    """What is needed of a ``Clip``."""

    def small(self, frame: int, width: int) -> Pixels:
        """H×W×3 float32, encoded, top row first, at most ``width`` wide."""


def looked_at(
    shots: Sequence[tuple[int, int]], present: Sequence[int], needed: Sequence[int] = ()
) -> list[int]:
    """The frames that are described: all of ``present`` in a shot, or every so many where that is more than MOST;
    ``needed`` ones always."""
    within = [frame for frame in present if any(first <= frame <= last for first, last in shots)]
    step = -(-len(within) // MOST) if within else 1
    return sorted({*within[::step], *(frame for frame in needed if frame in set(within))})


def survey(
    clip: Pictures,
    frames: Sequence[int],
    shots: Sequence[tuple[int, int]],
    partners: Mapping[int, int] | None = None,
    progress: Progress | None = None,
) -> list[Shown]:
    """What ``frames`` (Source numbers, ascending) show, in ``clip``: the Source, or with ``partners`` (Source frame →
    Reference frame) the Reference, whose colours are better where the Source has faded. Frames without a partner are
    left out then. What is static is told by the frame before of the same shot. Errors as ``Clip.picture``.
    """
    found: list[Shown] = []
    before: tuple[int, Pixels] | None = None
    for number, frame in enumerate(frames, 1):
        own = frame if partners is None else partners.get(frame)
        if own is not None:
            small = clip.small(own, WIDTH)
            beside = before[1] if before and part_of(before[0], shots) == part_of(frame, shots) else None
            found.append(describe(frame, small, beside))
            before = frame, small
        if progress:
            progress(number, len(frames), frame)
    return found
