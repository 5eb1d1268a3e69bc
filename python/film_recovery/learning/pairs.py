"""Pairs: what a model learns from. The first thing a fit sees, checked here once.

``engine`` makes them from the inputs of a CopyCat node; tests make them from arrays. A list of
:class:`Pair` is a :class:`PairSource`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels


@dataclass(frozen=True)
class Window:
    """Where a picture lies in the format: pixels from the format's left and top to the picture's (below zero:
    overscan), and the format's ``width`` and ``height``."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1:
            raise FilmRecoveryError(
                f"A format of {self.width} × {self.height} pixels holds nothing.",
                remedy="give the format that the picture was cut from",
            )

    def inside(self, left: int, top: int) -> Window:
        """The window of a part that begins ``left`` and ``top`` pixels inside the picture."""
        return replace(self, left=self.left + left, top=self.top + top)


@dataclass(frozen=True, eq=False)
class Pair:
    """One Source frame and its Ground Truth: RGB, float32, H×W×3, **top row first**, graph values.

    ``label`` names the pair to the operator ("pair 3, frame 1042"). ``window``: where it lies in the format, for
    models that see their position; None: it fills the format.
    """

    input: Pixels
    truth: Pixels
    label: str
    window: Window | None = None


class PairSource(Protocol):
    """Pairs by index, made or read when asked for; asking twice gives the same pixels."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Pair: ...


class Side(Protocol):
    """One side of a pair, H×W×3: pixels, or what reads of pixels on disk the part that is asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, part: tuple[slice, slice], /) -> Pixels: ...


class Opened(Protocol):
    """A pair of which parts can be taken; a :class:`Pair` is one."""

    @property
    def input(self) -> Side: ...

    @property
    def truth(self) -> Side: ...

    @property
    def window(self) -> Window | None: ...


@dataclass(frozen=True, eq=False)
class Parts:
    """A pair (Opened) whose sides are not read yet."""

    input: Side
    truth: Side
    window: Window | None = None


@runtime_checkable
class PartSource(Protocol):
    """A PairSource that opens pairs without reading all of them, and for several threads at once."""

    def opened(self, index: int, /) -> Opened: ...


def opened(pairs: PairSource, index: int) -> Opened:
    """The pair at ``index``, read no further than needed."""
    return pairs.opened(index) if isinstance(pairs, PartSource) else pairs[index]


def checked(pairs: PairSource) -> Iterator[Pair]:
    """The pairs one after the other, each checked when its turn comes.

    Raises FilmRecoveryError, naming the pair: no pairs at all, an array that is not H×W×3, sides of different
    size, values that are not finite (with their number).
    """
    if len(pairs) == 0:
        raise FilmRecoveryError(
            "There are no training pairs.",
            remedy="connect Source and Ground Truth frames to the CopyCat node",
        )
    for index in range(len(pairs)):
        pair = pairs[index]
        for side, pixels in (("Input", pair.input), ("Ground Truth", pair.truth)):
            _check_side(pixels, side, pair.label)
        if pair.input.shape != pair.truth.shape:
            raise FilmRecoveryError(
                f"{pair.label}: Input is {_size(pair.input)}, Ground Truth is {_size(pair.truth)}.",
                remedy="give both sides the same crop and bounding box (CopyBBox)",
            )
        yield pair


def without_border(pair: Pair, width: int) -> Pair:
    """The pair without its outermost ``width`` pixels on each side, where crops and filters leave traces."""
    if width < 0:
        raise ValueError(f"a border of {width} pixels")
    height, across = pair.input.shape[:2]
    if min(height, across) <= 2 * width:
        raise FilmRecoveryError(
            f"{pair.label}: nothing is left of {_size(pair.input)} without a border of {width} pixels.",
            remedy="use larger frames or a smaller border",
        )
    inside = (slice(width, height - width), slice(width, across - width))
    window = (pair.window or Window(0, 0, across, height)).inside(width, width)
    return replace(pair, input=pair.input[inside], truth=pair.truth[inside], window=window)


def _check_side(pixels: NDArray[Any], side: str, label: str) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise FilmRecoveryError(
            f"{label}: {side} has shape {pixels.shape}; a picture of red, green and blue is needed.",
            remedy="remove alpha and other layers, and check that the bounding box is not empty",
        )
    bad = int(pixels.size - np.count_nonzero(np.isfinite(pixels)))
    if bad:
        raise FilmRecoveryError(
            f"{label}: {side} holds {bad} values that are not finite (NaN or infinite).",
            remedy="find the node that makes them; a Clamp or an Expression upstream can replace them",
        )


def _size(pixels: NDArray[Any]) -> str:
    return f"{pixels.shape[1]} × {pixels.shape[0]}"
