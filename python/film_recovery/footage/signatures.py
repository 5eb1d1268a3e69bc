"""What curation remembers of each frame: a thumbnail and a few figures, from one pass over an element.

Everything about time (offset, cuts, flashes) is judged on these; the pictures themselves are read once and let go.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

THUMBNAIL_WIDTH = 64
DETAIL_WIDTH = (
    480  # sharpness is judged at this width: grain of a 2K scan is averaged away, a soft frame is not
)
LOCAL_SIGMA = (
    5.0  # pixels of a thumbnail: what varies more slowly is light, dye fade or vignetting, not structure
)
LOCAL_NOISE = (
    0.02  # encoded; contrast below it is grain and rounding. Twice what heavy grain leaves in a thumbnail
)
EDGE_SHARE = 95.0  # percentile: sharpness is judged on the strongest edges, which grain does not reach

Progress = Callable[[int, int, int], None]  # done, total, frame
_Result = TypeVar("_Result")
_READERS = 4  # each holds a whole picture: more of them fill the memory before they fill the disk


class Moving(Protocol):
    """What is needed of a ``Clip``: its numbers in order, and a picture of each."""

    @property
    def frames(self) -> Sequence[int]: ...

    def small(self, frame: int, width: int) -> Pixels:
        """H×W×3 float32, encoded, top row first, square pixels, at most ``width`` wide."""

    def picture(self, frame: int) -> Pixels:
        """H×W×3 float32, encoded, top row first."""

    def aspect(self, frame: int) -> float:
        """Width of a pixel over its height."""


@dataclass(frozen=True, eq=False)
class Signatures:
    """N frames of one element. All arrays begin with the frame's axis; everything is encoded.

    ``thumbnails``: N×h×w float32, luma, square pixels. ``mean``, ``contrast``: mean and standard deviation of luma,
    0–1. ``sharpness``: gradient of the strongest edges over the contrast, per pixel at 480 wide. ``motion``: 1 − the
    correlation of local structure with the frame before, 0 (still) to 1 (nothing in common); 0 for the first.
    ``saturation``: mean of the largest minus the smallest of R, G, B, 0–1.
    """

    frames: tuple[int, ...]
    thumbnails: NDArray[np.float32]
    mean: NDArray[np.float32]
    contrast: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    motion: NDArray[np.float32]
    saturation: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.frames)

    def index(self, frame: int) -> int:
        """Row of ``frame``. Raises FilmRecoveryError for one that is not there."""
        try:
            return self.frames.index(frame)
        except ValueError:
            raise FilmRecoveryError(
                "The frame was not measured.", frame=frame, remedy="choose one of the element's frames"
            ) from None

    def structure(self) -> NDArray[np.float32]:
        """N×h×w: the thumbnails' local structure, see :func:`structure`."""
        return structure(self.thumbnails)

    def as_dict(self) -> dict[str, Any]:
        """The figures, without the thumbnails: lists as long as ``frames``."""
        names = ("mean", "contrast", "sharpness", "motion", "saturation")
        return {
            "frames": list(self.frames),
            **{name: [round(float(value), 6) for value in getattr(self, name)] for name in names},
        }


def signatures(clip: Moving, *, threads: int = 0, progress: Progress | None = None) -> Signatures:
    """One pass over ``clip``. ``threads``: 0 for one a core; as many pictures are in memory, and one more.

    Raises FilmRecoveryError as ``Clip.picture``, and for frames of different shapes.
    """
    frames = tuple(clip.frames)
    rows: list[_Row] = []
    for frame, row in ahead(frames, lambda frame: _row(clip.small(frame, DETAIL_WIDTH)), threads):
        if rows and row.thumbnail.shape != rows[0].thumbnail.shape:
            raise FilmRecoveryError(
                "The frame has another shape than the frames before it.",
                frame=frame,
                remedy="export the element in one format",
            )
        rows.append(row)
        if progress:
            progress(len(rows), len(frames), frame)
    if not rows:
        raise FilmRecoveryError("The element has no frame.", remedy="choose a range that has frames")
    thumbnails = np.stack([row.thumbnail for row in rows])
    figures = np.array([row.figures for row in rows], np.float32)
    still = np.zeros(len(rows), np.float32)
    mean, contrast, sharpness, saturation = figures.T
    found = Signatures(frames, thumbnails, mean, contrast, sharpness, still, saturation)
    flat = unit(found.structure())
    still[1:] = 1 - np.clip(np.einsum("nd,nd->n", flat[1:], flat[:-1]), 0, 1)
    return replace(found, motion=still)


def structure(luma_planes: NDArray[np.float32], sigma: float = LOCAL_SIGMA) -> NDArray[np.float32]:
    """N×h×w luma → N×h×w: what stands out from its surroundings, in units of their contrast.

    Fading, flicker, grading and vignetting leave it nearly as it is. ``sigma``: of the surroundings, pixels.
    """
    planes = np.atleast_3d(luma_planes) if luma_planes.ndim == 3 else luma_planes[None]
    out = np.empty_like(planes)
    for index, plane in enumerate(planes):
        deviation = plane - cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        power = cv2.GaussianBlur(deviation * deviation, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        out[index] = deviation / np.sqrt(power + np.float32(LOCAL_NOISE**2))
    return out


def unit(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """N×…: each made a row of mean 0 and length 1, so that a product of two is their correlation; flat ones: zeros."""
    rows = planes.reshape(len(planes), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-6 * rows.shape[1] ** 0.5), np.float32)


def ahead(
    items: Sequence[int], work: Callable[[int], _Result], threads: int = 0
) -> Iterator[tuple[int, _Result]]:
    """``items`` in order, each with its ``work``, done in threads; at most ``threads`` results wait.

    Reading and OpenCV let other threads run, so two cores read nearly twice as fast as one.
    """
    count = threads or min(_READERS, os.cpu_count() or 1)
    if count == 1:
        yield from ((item, work(item)) for item in items)
        return
    waiting: deque[tuple[int, Future[_Result]]] = deque()
    with ThreadPoolExecutor(count, "frames") as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > count:
                    first, result = waiting.popleft()
                    yield first, result.result()
            while waiting:
                first, result = waiting.popleft()
                yield first, result.result()
        finally:
            for _, result in waiting:
                result.cancel()


@dataclass(frozen=True)
class _Row:
    thumbnail: NDArray[np.float32]
    figures: tuple[float, float, float, float]  # mean, contrast, sharpness, saturation


def _row(small: Pixels) -> _Row:
    y = luma(small)
    height, width = y.shape
    scale = min(1.0, THUMBNAIL_WIDTH / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    thumbnail = cv2.resize(y, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    contrast = float(y.std())
    red, green, blue = (small[..., channel] for channel in range(3))
    largest, smallest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    saturation = float((largest - smallest).mean())
    return _Row(thumbnail, (float(y.mean()), contrast, edge_strength(y) / max(contrast, 1e-3), saturation))


def edge_strength(y: NDArray[np.float32]) -> float:
    """Mean gradient, encoded luma a pixel, of the strongest twentieth of the pixels of ``y`` (H×W)."""
    dx = cv2.Sobel(y, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    dy = cv2.Sobel(y, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REFLECT)
    strength = np.sqrt(dx * dx + dy * dy)
    return float(strength[strength >= np.percentile(strength, EDGE_SHARE)].mean())
