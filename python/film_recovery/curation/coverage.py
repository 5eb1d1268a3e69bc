"""What a range shows, frame by frame, and what of it no pair shows.

``describe`` measures one frame, ``vectors`` makes of all of them what ``choosing`` compares, ``missing`` names the
families that the pairs lack, ``standing_out`` what a frame has more of than most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.curation.families import FAMILIES, NAMES, shares
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels

WIDTH = (
    320  # pixels of the picture that is measured: the proxies' scale, and a thousand frames in a minute or so
)
_LAYOUT = (4, 3)  # columns and rows of the means that say where things stand in the picture
_PRESENT = 0.01  # share of a frame from which a family is there: 1 % of a 2K frame is 200 × 150 pixels
_LEAST_PART = 0.5  # pairs show a family when one has at least so much of it as the frames that have most


@dataclass(frozen=True)
class Shown:
    """What one frame shows. ``shares``: family → 0–1. ``layout``: means of CIE Lab over 4 × 3 parts, 36 numbers."""

    frame: int
    shares: Mapping[str, float]
    layout: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"frame": self.frame, "shares": dict(self.shares)}


@dataclass(frozen=True)
class Missing:
    """A family that the range has and the pairs lack. ``most``: share of the frames that have most of it (their 95th
    percentile), ``frame`` one such; ``chosen``: the most that a pair has."""

    family: str
    title: str
    most: float
    chosen: float
    frame: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def describe(frame: int, picture: Pixels, other: Pixels | None = None) -> Shown:
    """What ``picture`` (H×W×3, encoded, top row first) shows as ``frame``. ``other``: a neighbour of its shot.

    The colours should be the Reference's where the Source is faded. Pictures of another size than ``WIDTH`` are
    reduced; they are never enlarged.
    """
    small = _reduced(picture)
    beside = None if other is None else _reduced(other)
    if beside is not None and beside.shape != small.shape:
        beside = None  # a neighbour of another size says nothing about movement
    lab = cv2.cvtColor(np.clip(small, 0, 1), cv2.COLOR_RGB2Lab)
    layout = cv2.resize(lab, _LAYOUT, interpolation=cv2.INTER_AREA)
    return Shown(frame, shares(small, beside), tuple(float(value) for value in layout.ravel()))


def vectors(shown: Iterable[Shown]) -> dict[int, NDArray[np.float32]]:
    """Frame → vector, in which the distance of two is how differently they look, and how long after each other.

    Families (square roots of the shares, so that a little of something counts) and layout each make up a quarter of
    the mean squared distance over the range, time the other half: fade, grain and flicker of the Source change with
    time, and the better picture that families and layout are taken from does not show them. Raises FilmRecoveryError
    for none.
    """
    found = sorted(shown, key=lambda one: one.frame)
    if not found:
        raise FilmRecoveryError("No frame was looked at.", remedy="give a range that has frames")
    content = np.sqrt([[one.shares[name] for name in NAMES] for one in found])
    layout = np.array([one.layout for one in found])
    time = np.array([[one.frame] for one in found], np.float64)
    parts = [_scaled(content), _scaled(layout), np.sqrt(2) * _scaled(time)]
    joined = np.concatenate(parts, axis=1).astype(np.float32)
    return {one.frame: vector for one, vector in zip(found, joined, strict=True)}


def missing(shown: Iterable[Shown], chosen: Iterable[int]) -> tuple[Missing, ...]:
    """The families that frames of the range have and no chosen frame has, or has less than half as much of."""
    found = {one.frame: one for one in shown}
    taken = [found[frame] for frame in chosen if frame in found]
    lacking = []
    for family in FAMILIES:
        by_share = sorted(found.values(), key=lambda one: (one.shares[family.name], -one.frame))
        if not by_share:
            continue
        most = by_share[min(len(by_share) - 1, int(0.95 * len(by_share)))]
        has = max((one.shares[family.name] for one in taken), default=0.0)
        if most.shares[family.name] >= _PRESENT and has < _LEAST_PART * most.shares[family.name]:
            lacking.append(
                Missing(family.name, family.title, most.shares[family.name], round(has, 6), most.frame)
            )
    return tuple(sorted(lacking, key=lambda one: (one.chosen / one.most, one.family)))


def standing_out(shown: Iterable[Shown], frame: int, count: int = 2) -> tuple[str, ...]:
    """The titles of up to ``count`` families of which ``frame`` has more than three frames in four, with the share.

    Where the range is all alike, those of which it has most.
    """
    found = list(shown)
    own = next((one for one in found if one.frame == frame), None)
    if own is None:
        return ()
    ranked = []
    for family in FAMILIES:
        share = own.shares[family.name]
        if share < _PRESENT:
            continue
        values = [one.shares[family.name] for one in found]
        above = sum(value < share for value in values) / len(values)
        spread = float(np.std(np.sqrt(values)))
        lift = (share**0.5 - float(np.mean(np.sqrt(values)))) / max(spread, 0.02)
        ranked.append((above >= 0.75, lift, share, family.title))
    ranked.sort(key=lambda one: (one[0], one[1], one[2]), reverse=True)
    return tuple(f"{title} {100 * share:.0f} %" for _, _, share, title in ranked[:count])


def _scaled(block: NDArray[Any]) -> NDArray[Any]:
    """``block`` (N×D) with a mean squared distance from its mean of 1/2; unchanged where all rows are alike."""
    about = block - block.mean(axis=0)
    spread = float((about**2).sum(axis=1).mean())
    return about / np.sqrt(2 * spread) if spread > 1e-12 else np.zeros_like(about)


def _reduced(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    if width <= WIDTH:
        return np.asarray(picture, np.float32)
    size = WIDTH, max(1, round(height * WIDTH / width))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
