"""What every pair is like: one pass over all files, from which ``preflight`` judges and ``splitting`` divides.

Colour is measured on pictures as displayed (encoded sRGB 0–1, clamped), reduced to at most 512 pixels; geometry at
full size.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.colour_difference import lab
from film_recovery.datasets.folder import PicturePairs
from film_recovery.datasets.pictures import content_hash, is_linear, read_picture, upright_size
from film_recovery.datasets.resemblance import Displacement, displacement, perceptual_hash
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_header
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning.curve import Curve

SMALL = 512  # pixels, the longest side of what colour is measured on
STYLE = ("lightness", "a*", "b*", "contrast", "chroma")
_DARKEST = 0.1  # below this value, saturation is noise divided by almost nothing
_MOST_THREADS = 4  # each holds a pair at full size
_PAINT = (75 / 360, 260 / 360)  # hues from green over teal to blue, as shares of a turn
_GRID = 4  # mixed light is looked for between the cells of a grid this wide
_CORNER = 8  # a corner is one part in so many of width and height

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Side:
    """One file. ``channels`` as the file names them in Nuke's words; ``profile``: of its ICC profile, the name and
    hash, "" without one; ``size``: width and height, upright."""

    file: Path
    sha256: str
    size: tuple[int, int] = (0, 0)
    bit_depth: str = ""
    profile: str = ""
    orientation: int = 1
    channels: tuple[str, ...] = ()
    linear: bool = False


@dataclass(frozen=True)
class Colours:
    """What a pair shows. Shares are 0–1 of all pixels.

    ``saturated``: share of the *target* with HSV saturation of 60/255 and more (value above 0.1); ``bold_paint``:
    100 and more with a hue from green to blue. ``kept``: mean saturation of the target over that of the source where
    either has 60, NaN where nothing has. ``contrast``: spread of luma (5th to 95th percentile), target over source.
    ``mixed_light``: spread over the source of the balance of red to blue, in stops. ``dark_corners``: how much darker
    than the middle the corners of the source are, 0–1. ``style``: what the edit does to the whole picture: mean
    change of L*, a*, b*, and the logarithm of the change of spread of L* and of mean chroma.
    """

    saturated: float
    bold_paint: float
    kept: float
    contrast: float
    mixed_light: float
    dark_corners: float
    style: tuple[float, ...]


@dataclass(frozen=True)
class Surveyed:
    """One pair. ``problem``: why it cannot be used, with the rest left out; ``kind`` says which kind of problem:
    unreadable, size. ``grey``: source, target are without any colour. ``hashes``: perceptual, of both sides."""

    label: str
    source: Side
    target: Side
    problem: str = ""
    kind: str = ""
    colours: Colours | None = None
    lies: Displacement | None = None
    grey: tuple[bool, bool] = (False, False)
    hashes: tuple[int, int] = (0, 0)

    @property
    def usable(self) -> bool:
        return not self.problem


def survey(pairs: PicturePairs, progress: Progress | None = None) -> list[Surveyed]:
    """Every pair, in order. What cannot be read is a ``problem`` of its pair, not an error. ``progress`` as usual."""
    threads = min(_MOST_THREADS, os.cpu_count() or 1)
    found: list[Surveyed] = []
    with ThreadPoolExecutor(threads) as pool:
        for done in pool.map(lambda index: _look(pairs, index), range(len(pairs))):
            found.append(done)
            if progress is not None:
                progress("pairs looked at", len(found), len(pairs))
    return found


def _look(pairs: PicturePairs, index: int) -> Surveyed:
    label, (source, target) = pairs.labels[index], pairs.files[index]
    try:
        sides = _side(source), _side(target)
        if sides[0].size != sides[1].size:
            a, b = (f"{side.size[0]} × {side.size[1]}" for side in sides)
            return Surveyed(label, sides[0], sides[1], f"its source is {a}, its target {b}", "size")
        given, truth = _displayed(source), _displayed(target)
    except FilmRecoveryError as error:
        file = Path(str(error.where.get("file", "")))
        reason = f"{file.parent.name}/{file.name}: {error.message.rstrip('.')}"
        return Surveyed(label, Side(source, ""), Side(target, ""), reason, "unreadable")
    bad = sum(int(side.size - np.count_nonzero(np.isfinite(side))) for side in (given, truth))
    if bad:
        return Surveyed(label, sides[0], sides[1], f"it holds {bad} values that are not finite", "unreadable")
    given, truth = np.clip(given, 0, 1), np.clip(truth, 0, 1)
    lies = displacement(given, truth)
    given, truth = _small(given), _small(truth)
    return Surveyed(
        label,
        sides[0],
        sides[1],
        colours=colours(given, truth),
        lies=lies,
        grey=(_is_grey(given), _is_grey(truth)),
        hashes=(perceptual_hash(given), perceptual_hash(truth)),
    )


def _side(file: Path) -> Side:
    header = read_header(file)
    profile = ""
    if header.profile:
        profile = f"{header.profile_name or 'unnamed'} ({_short(header.profile)})"
    return Side(
        file,
        content_hash(file),
        upright_size(header),
        header.bit_depth,
        profile,
        header.orientation,
        header.channels,
        is_linear(file),
    )


def _short(profile: bytes) -> str:
    return hashlib.sha256(profile).hexdigest()[:8]


def _displayed(file: Path) -> Pixels:
    picture = read_picture(file)
    if not is_linear(file):
        return picture
    return Curve("srgb").encode_array(picture).astype(np.float32)


def colours(source: Pixels, target: Pixels) -> Colours:
    """Of two pictures of one size, **encoded** sRGB 0–1, H×W×3."""
    given, truth = (_small(side) for side in (source, target))
    saturations = [_saturation(side) for side in (given, truth)]
    counted = np.maximum(*saturations) >= 60 / 255
    before, after = (float(side[counted].sum()) for side in saturations)
    return Colours(
        saturated=_share(saturations[1] >= 60 / 255),
        bold_paint=_share((saturations[1] >= 100 / 255) & _is_paint(truth)),
        kept=after / before if before else float("nan"),
        contrast=_spread(luma(truth)) / max(_spread(luma(given)), 1 / 255),
        mixed_light=_mixed_light(given),
        dark_corners=_dark_corners(luma(given)),
        style=_style(given, truth),
    )


def _is_grey(picture: Pixels) -> bool:
    return bool(np.array_equal(picture[..., :-1], picture[..., 1:]))


def _small(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    scale = SMALL / max(height, width)
    if scale >= 1:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.clip(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), 0, 1).astype(np.float32)


def _share(counted: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(counted)) / counted.size


def _saturation(picture: Pixels) -> Pixels:
    """HSV saturation 0–1; zero where the value is too small for it to mean anything."""
    largest = picture.max(axis=-1)
    difference = largest - picture.min(axis=-1)
    return np.where(largest > _DARKEST, difference / np.maximum(largest, 1e-6), 0).astype(np.float32)


def _is_paint(picture: Pixels) -> NDArray[np.bool_]:
    """Where the hue is one of green, teal, blue."""
    hue = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2HSV)[..., 0] / 360
    return np.asarray((hue >= _PAINT[0]) & (hue <= _PAINT[1]))


def _spread(plane: NDArray[np.float32]) -> float:
    low, high = np.percentile(plane, (5, 95))
    return float(high - low)


def _mixed_light(picture: Pixels) -> float:
    """Spread of log2(red/blue) between the cells of a grid, each the median of its less saturated half."""
    balance = np.log2((picture[..., 0] + 0.05) / (picture[..., 2] + 0.05))
    saturation = _saturation(picture)
    found = []
    for rows in np.array_split(np.arange(picture.shape[0]), _GRID):
        for columns in np.array_split(np.arange(picture.shape[1]), _GRID):
            if rows.size and columns.size:
                cell = np.ix_(rows, columns)
                plain = saturation[cell] <= np.median(saturation[cell])
                found.append(float(np.median(balance[cell][plain])))
    return float(np.percentile(found, 90) - np.percentile(found, 10))


def _dark_corners(plane: NDArray[np.float32]) -> float:
    height, width = plane.shape
    y, x = max(1, height // _CORNER), max(1, width // _CORNER)
    corners = [
        plane[rows, columns]
        for rows in (slice(y), slice(-y, None))
        for columns in (slice(x), slice(-x, None))
    ]
    middle = float(np.mean(plane[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None]))
    if middle < 1 / 255:
        return 0.0
    return float(np.clip(1 - np.mean([corner.mean() for corner in corners]) / middle, 0, 1))


def _style(source: Pixels, target: Pixels) -> tuple[float, ...]:
    a, b = (lab(side.reshape(-1, 3)) for side in (source, target))
    mean = (b - a).mean(axis=0, dtype=np.float64)
    spread = np.log((b[:, 0].std() + 1) / (a[:, 0].std() + 1))
    chroma = [np.hypot(side[:, 1], side[:, 2]).mean() for side in (a, b)]
    return (
        *(float(value) for value in mean),
        float(spread),
        float(np.log((chroma[1] + 1) / (chroma[0] + 1))),
    )
