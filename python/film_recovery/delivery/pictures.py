"""Pictures inside the report: JPEG as data URIs, all in one quality, within the report's size.

JPEG without chroma subsampling, so that colour is judged fairly; Source, recovered and Reference always get the
same treatment. The report says what that was.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
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


def encoded(pictures: Sequence[Picture], budget: int) -> Encoded:
    """``pictures`` (uint8 RGB, top row first) in the best grade whose data URIs stay below ``budget`` bytes.

    Raises FilmRecoveryError when even the lowest grade does not fit.
    """
    for side, quality in GRADES:
        uris: list[str] = []
        sizes: list[tuple[int, int]] = []
        left = budget
        for picture in pictures:
            small = _fitted(picture, side)
            uri = _jpeg(small, quality)
            left -= len(uri)
            if left < 0:
                break
            uris.append(uri)
            sizes.append((small.shape[1], small.shape[0]))
        else:
            scaled = any(max(picture.shape[:2]) > side for picture in pictures)
            return Encoded(tuple(uris), tuple(sizes), side, quality, scaled)
    raise FilmRecoveryError(
        f"{len(pictures)} pictures do not fit into a report of {budget / 1e6:.0f} MB, however small.",
        remedy="show fewer stills",
    )


def small(pictures: Sequence[Picture]) -> Encoded:
    """``pictures`` at SMALL, whatever they take: drawings and places in a frame, which nobody judges colour by."""
    side, quality = SMALL
    fitted = [_fitted(picture, side) for picture in pictures]
    sizes = tuple((picture.shape[1], picture.shape[0]) for picture in fitted)
    return Encoded(tuple(_jpeg(picture, quality) for picture in fitted), sizes, side, quality, False)


def _fitted(picture: Picture, side: int) -> Picture:
    """``picture`` with its longest side at most ``side``, by area average."""
    scale = side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _jpeg(picture: Picture, quality: int) -> str:
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        cv2.IMWRITE_JPEG_OPTIMIZE,
        1,
    ]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
