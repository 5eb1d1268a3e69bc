"""Frame: pixels with a place. What every engine part takes and gives.

Coordinates are Nuke's: origin at the bottom-left corner of the format, x to the right, y **up**, one unit a
pixel; boxes are half-open, ``x <= column < r`` and ``y <= row < t``. ``Frame.pixels[0]`` is therefore the
*lowest* row of the bounding box. Files and neural networks count rows from the top: they flip at their door.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

Pixels = NDArray[np.float32]
RGB = ("rgba.red", "rgba.green", "rgba.blue")
ALPHA = "rgba.alpha"


@dataclass(frozen=True)
class Box:
    """A half-open pixel rectangle [x, r) × [y, t), Nuke's ``x y r t``."""

    x: int
    y: int
    r: int
    t: int

    @property
    def width(self) -> int:
        return max(0, self.r - self.x)

    @property
    def height(self) -> int:
        return max(0, self.t - self.y)

    @property
    def empty(self) -> bool:
        return self.r <= self.x or self.t <= self.y

    def union(self, other: Box) -> Box:
        """The smallest box that holds both; an empty box adds nothing."""
        if self.empty:
            return other
        if other.empty:
            return self
        return Box(min(self.x, other.x), min(self.y, other.y), max(self.r, other.r), max(self.t, other.t))

    def intersect(self, other: Box) -> Box:
        """What both share; may be empty."""
        return Box(max(self.x, other.x), max(self.y, other.y), min(self.r, other.r), min(self.t, other.t))

    def moved(self, dx: int, dy: int) -> Box:
        return Box(self.x + dx, self.y + dy, self.r + dx, self.t + dy)

    def __str__(self) -> str:
        return f"{self.x} {self.y} {self.r} {self.t}"


@dataclass(frozen=True)
class Format:
    """Nuke's display window: ``width`` × ``height`` pixels from (0, 0), and the shape of one pixel."""

    width: int
    height: int
    pixel_aspect: float = 1.0
    name: str = ""

    @property
    def box(self) -> Box:
        return Box(0, 0, self.width, self.height)

    def same_shape(self, other: Format) -> bool:
        """Equal in size and pixel aspect; the name does not matter."""
        same_size = (self.width, self.height) == (other.width, other.height)
        return same_size and math.isclose(self.pixel_aspect, other.pixel_aspect, rel_tol=1e-6)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}, pixel aspect {self.pixel_aspect:g}"


@dataclass(frozen=True, eq=False)
class Frame:
    """Pixels of one moment.

    ``pixels``: float32, shape (bbox.height, bbox.width, len(channels)), bottom row first, read-only.
    ``channels``: full Nuke names (``rgba.red``), unique. ``format``: display window. ``bbox``: data window;
    outside of it a Frame is black (zero). Values are whatever the graph carries (no range is implied).
    """

    pixels: Pixels
    channels: tuple[str, ...]
    format: Format
    bbox: Box
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.dtype != np.float32:
            raise TypeError(f"Frame pixels are float32, not {pixels.dtype}")
        expected = (self.bbox.height, self.bbox.width, len(self.channels))
        if pixels.shape != expected:
            raise ValueError(f"Frame pixels have shape {pixels.shape}, bbox and channels say {expected}")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError(f"Frame channels repeat: {self.channels}")
        view = pixels.view()
        view.flags.writeable = False
        object.__setattr__(self, "pixels", view)

    @classmethod
    def from_array(
        cls,
        array: NDArray[Any],
        *,
        channels: Sequence[str] = RGB,
        format: Format | None = None,
        top_down: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> Frame:
        """A Frame whose bbox is its whole format. ``array``: H×W×C; ``top_down`` flips its rows."""
        pixels = np.ascontiguousarray(array[::-1] if top_down else array, dtype=np.float32)
        height, width = pixels.shape[:2]
        shape = format or Format(width, height)
        return cls(pixels, tuple(channels), shape, Box(0, 0, width, height), metadata or {})

    def channel(self, name: str) -> NDArray[np.float32]:
        """One channel, H×W, over the bbox. Raises FilmRecoveryError when the frame has no such channel."""
        if name not in self.channels:
            raise FilmRecoveryError(
                f"The image has no channel {name}; it has {', '.join(self.channels) or 'none'}.",
                remedy="choose a channel that exists, or add it upstream",
            )
        return self.pixels[:, :, self.channels.index(name)]

    def select(self, names: Sequence[str], *, fill_missing: bool = False) -> Pixels:
        """The channels ``names``, H×W×len(names), a new array; missing ones are zero if ``fill_missing``."""
        if tuple(names) == self.channels:
            return self.pixels.copy()
        out = np.zeros((*self.pixels.shape[:2], len(names)), np.float32)
        for index, name in enumerate(names):
            if name in self.channels or not fill_missing:
                out[:, :, index] = self.channel(name)
        return out

    def rgb(self, box: Box | None = None) -> Pixels:
        """Red, green, blue over ``box`` (default: the bbox), H×W×3, bottom row first, a fresh array."""
        frame = self if box is None else self.cropped(box)
        return frame.select(RGB)

    def cropped(self, box: Box) -> Frame:
        """The same picture seen through ``box``: bbox becomes ``box``, black where there was no data."""
        if box == self.bbox:
            return self
        out = np.zeros((box.height, box.width, len(self.channels)), np.float32)
        shared = box.intersect(self.bbox)
        if not shared.empty:
            out[shared.y - box.y : shared.t - box.y, shared.x - box.x : shared.r - box.x] = self.pixels[
                shared.y - self.bbox.y : shared.t - self.bbox.y,
                shared.x - self.bbox.x : shared.r - self.bbox.x,
            ]
        return replace(self, pixels=out, bbox=box)

    def with_pixels(self, pixels: NDArray[Any], channels: Sequence[str] | None = None) -> Frame:
        """The same place and metadata, other values (and, if given, other channels)."""
        names = self.channels if channels is None else tuple(channels)
        return replace(self, pixels=np.ascontiguousarray(pixels, dtype=np.float32), channels=names)

    def with_channels(self, names: Sequence[str], values: NDArray[Any]) -> Frame:
        """``names`` replaced or added, ``values`` H×W×len(names); the other channels kept in order."""
        added = [name for name in names if name not in self.channels]
        out = np.zeros((*self.pixels.shape[:2], len(self.channels) + len(added)), np.float32)
        out[:, :, : len(self.channels)] = self.pixels
        channels = (*self.channels, *added)
        for index, name in enumerate(names):
            out[:, :, channels.index(name)] = values[:, :, index]
        return replace(self, pixels=out, channels=channels)

    def top_down(self) -> Pixels:
        """Pixels with the top row first, contiguous: what files and networks want."""
        return np.ascontiguousarray(self.pixels[::-1])


def need_colours(frame: Frame, file: object) -> None:
    """Raises FilmRecoveryError naming ``file`` where the frame lacks red, green or blue."""
    missing = [name for name in RGB if name not in frame.channels]
    if missing:
        raise FilmRecoveryError(
            f"The picture has no {', '.join(missing)}.",
            file=str(file),
            remedy="save it as red, green and blue",
        )


def non_finite(frame: Frame) -> int:
    """How many values of ``frame``, over all channels of its bbox, are NaN or infinite."""
    return int(frame.pixels.size - np.count_nonzero(np.isfinite(frame.pixels)))
