"""What changes from frame to frame: movement of the picture and of each field, combing, blending; the raw figures.

``repeats``, ``cadence`` and ``retimes`` judge by them. Frames are read once, in order, and four reduced ones are kept.
Luma is Rec.709's on encoded values (0–1); rows count from the top, so the *upper* field has the rows 0, 2, 4 …
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import Clip
from film_recovery.footage.signatures import ahead
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import WEIGHTS

_WIDTH = 480  # columns of a reduced frame; fields keep all their rows
_BLOCK = 16  # rows and columns of what is called combed or not
# A block moved when its two frames differ by this much on average (encoded 0–1): twice what the grain of 16 mm
# stock, simulated at 4 % of white, leaves in means over its pixels.
_MOVED = 0.04
# Rows resemble those next to them more than those one further on; mere grain makes it even, 1. Pans over photographs
# reached 1.1 in 1 of 1000 blocks, fields that were woven from two moments begin at 1.3.
_COMBED = 1.3
_LEAST_BLOCKS = 12  # moving ones, to tell anything by
_READERS = 2  # threads; each holds a whole picture


@dataclass(frozen=True)
class Step:
    """One frame against those before and after it. NaN: there is no such neighbour, or too little moves to tell.

    ``hash``: SHA-256 of the decoded picture; ``flat``: it has one value. ``moved``: mean difference of luma from the
    frame before. ``upper``, ``lower``: that of each field. ``combed``: share of the moving blocks whose rows
    alternate. ``woven_upper``: the same share for the frame's upper field with the lower one of the frame before;
    ``woven_lower``: its lower field with the upper one before. ``blend``: what is left of the frame when the best
    mixture of its neighbours is taken off; ``blend_of_two``: likewise for this frame and the next as mixtures of one
    frame, that is not there, with either neighbour; as ``moved``.
    """

    frame: int
    hash: str
    flat: bool = False
    moved: float = np.nan
    upper: float = np.nan
    lower: float = np.nan
    combed: float = np.nan
    woven_upper: float = np.nan
    woven_lower: float = np.nan
    blend: float = np.nan
    blend_of_two: float = np.nan


@dataclass(frozen=True)
class _Reduced:
    """``lines``: luma with all rows, few columns. ``small``: reduced alike both ways, a little blurred."""

    lines: Pixels
    small: Pixels


def steps(
    clip: Clip,
    runs: Iterable[Iterable[int]],
    tell: Callable[[int], None] | None = None,
    unreadable: list[FilmRecoveryError] | None = None,
    picture_of: Callable[[int], Pixels] | None = None,
) -> list[list[Step]]:
    """The figures of every frame of each run: frame numbers, one after another.

    ``tell`` hears how many frames are done. ``picture_of``: instead of ``clip.picture``, by who looks at each frame
    too; called in two threads. Errors as ``Clip.picture``; where a list is given for those that are ``unreadable``,
    they go there, and a new run begins after them.
    """

    def seen(number: int) -> Pixels | FilmRecoveryError:
        try:
            return (picture_of or clip.picture)(number)
        except FilmRecoveryError as error:
            return error

    found: list[list[Step]] = []
    done = 0
    for run in runs:
        found.append([])
        near: list[_Reduced] = []
        for number, picture in ahead(list(run), seen, _READERS):
            done += 1
            if tell is not None:
                tell(done)
            if isinstance(picture, FilmRecoveryError):
                if unreadable is None:
                    raise picture
                unreadable.append(picture)
                found.append([])
                near = []
                continue
            near = [*near[-3:], _reduced(picture)]
            found[-1].append(_against_the_last(number, picture, near))
            _mixtures(found[-1], near)
    return [run for run in found if run]


def hash_of(picture: Pixels) -> str:
    """SHA-256 of the values of ``picture`` and its shape."""
    content = hashlib.sha256(repr(picture.shape).encode())
    content.update(np.ascontiguousarray(picture).data)
    return content.hexdigest()


def _reduced(picture: Pixels) -> _Reduced:
    luma = picture @ np.asarray(WEIGHTS, np.float32)
    factor = max(1, luma.shape[1] // _WIDTH)
    columns = luma.shape[1] // factor * factor
    lines = luma[:, :columns].reshape(luma.shape[0], -1, factor).mean(axis=2)
    height = max(1, luma.shape[0] // factor)
    small = cv2.resize(lines, (lines.shape[1], height), interpolation=cv2.INTER_AREA)
    return _Reduced(lines, np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32))


def _against_the_last(frame: int, picture: Pixels, near: list[_Reduced]) -> Step:
    content, flat = hash_of(picture), bool(picture.min() == picture.max())
    if len(near) < 2 or near[-2].lines.shape != near[-1].lines.shape:
        return Step(frame, content, flat)
    last, now = near[-2], near[-1]
    rows = now.lines.shape[0] // 2 * 2
    upper, lower, upper_last, lower_last = (
        one.lines[first:rows:2] for one in (now, last) for first in (0, 1)
    )
    moving = _blocks(np.abs(now.lines[:rows] - last.lines[:rows])) > _MOVED
    return Step(
        frame,
        content,
        flat,
        moved=_mean_difference(now.small, last.small),
        upper=_mean_difference(_soft(upper), _soft(upper_last)),
        lower=_mean_difference(_soft(lower), _soft(lower_last)),
        combed=_combed(upper, lower, moving),
        woven_upper=_combed(upper, lower_last, moving),
        woven_lower=_combed(upper_last, lower, moving),
    )


def _mixtures(found: list[Step], near: list[_Reduced]) -> None:
    """Sets ``blend`` of the last but one of ``found``, and ``blend_of_two`` of the one before it."""
    if len({one.small.shape for one in near}) != 1:
        return
    if len(near) >= 3:
        before, here, after = (one.small for one in near[-3:])
        across = before - after
        spread = float((across * across).sum())
        part = float(((here - after) * across).sum()) / spread if spread else 0.0
        # Less than a sixth of a neighbour is no blend, but a frame that hardly moved.
        mixed = np.asarray(after + min(max(part, 1 / 6), 5 / 6) * across, np.float32)
        found[-2] = replace(found[-2], blend=_mean_difference(here, mixed))
    if len(near) >= 4:
        before, one, two, after = (one.small for one in near)
        across = np.asarray((before - after) / 2, np.float32)
        found[-3] = replace(found[-3], blend_of_two=_mean_difference(one - two, across))


def _mean_difference(one: Pixels, other: Pixels) -> float:
    return float(np.mean(np.abs(one - other)))


def _soft(field: Pixels) -> Pixels:
    return np.asarray(cv2.blur(field, (3, 3)), np.float32)


def _combed(upper: Pixels, lower: Pixels, moving: NDArray[np.bool_]) -> float:
    """Share of the ``moving`` blocks of two woven fields in which rows alternate; NaN when there are too few."""
    if np.count_nonzero(moving) < _LEAST_BLOCKS:
        return float("nan")
    lines = np.empty((2 * len(upper), upper.shape[1]), np.float32)
    lines[0::2], lines[1::2] = upper, lower
    inner = lines[2:-2]
    next_to = np.zeros_like(lines)
    further = np.zeros_like(lines)
    next_to[2:-2] = np.abs(inner - (lines[1:-3] + lines[3:-1]) / 2)
    further[2:-2] = np.abs(inner - (lines[:-4] + lines[4:]) / 2)
    alternate = _blocks(next_to) > _COMBED * _blocks(further)
    return float(np.mean(alternate[moving]))


def _blocks(values: Pixels) -> Pixels:
    """Means over whole blocks."""
    rows, columns = (max(1, side // _BLOCK) for side in values.shape)
    cut = values[: rows * _BLOCK, : columns * _BLOCK]
    height, width = (min(_BLOCK, side) for side in values.shape)
    return cut.reshape(rows, height, columns, width).mean(axis=(1, 3))
