"""The values of an element, frame by frame: outside 0–1, not finite, and the range of video stored as if it were full.

Looked at are values as the files hold them, before any colour space. Whether a range is that of video can only be
suspected from a histogram: a faded print may end at the same places. The confidence says how much speaks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.finding import Finding, named, of_all
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import RGB, Frame, Pixels
from film_recovery.imaging.luma import WEIGHTS
from film_recovery.imaging.sequence import Sequence as FileSequence

_MARGIN = 0.001  # beyond 0–1, as the check ingest.values_0_1 has it: what rounding to half floats leaves
_LINEAR_SHARE = 0.02  # of pixels above 1, and more of them are no overshoot but another domain
# Video keeps luma within 16–235 of 255 (ITU-R BT.709 §5.6, of 8 bits): the ends, and how near a histogram must end.
BLACK, WHITE = 16 / 255, 235 / 255
_NEAR = 1.5 / 255
_BINS = 1020  # four to a code of 8 bits
_TAIL = 0.0005  # of the pixels may lie beyond an end: ringing of filters and compression
_PILE = 0.002  # of the pixels within one code of an end are a clip there, or a black border


@dataclass(frozen=True)
class Values:
    """One frame. ``least``, ``most``: of R, G, B, as stored, not-finite ones left out. ``outside``: share of pixels
    with a channel outside 0–1; ``above``: beyond 1. ``not_finite``: how many values. ``histogram``: of luma in 0–1.
    """

    frame: int
    least: float
    most: float
    outside: float
    above: float
    not_finite: int
    histogram: NDArray[np.int64]


@dataclass(frozen=True)
class Levels:
    """Where luma ends, 0–1: 0.05 % of the pixels lie beyond. ``confidence``: 0–1 that it is the range of video."""

    low: float
    high: float
    confidence: float


def values(
    sequence: FileSequence,
    frames: Iterable[int],
    tell: Callable[[int], None] | None = None,
    unreadable: list[FilmRecoveryError] | None = None,
) -> list[Values]:
    """The figures of each of ``frames``; NaN is counted, not an error.

    ``tell`` hears how many are done. Errors as ``imaging.files.read_frame``, and for a picture without RGB; where a
    list is given for those that are ``unreadable``, they go there.
    """
    found = []
    for done, number in enumerate(frames, 1):
        file = str(sequence.path(number))
        try:
            found.append(values_in(number, read_frame(file), file))
        except FilmRecoveryError as error:
            if unreadable is None:
                raise
            error.where.setdefault("frame", number)
            unreadable.append(error)
        if tell is not None:
            tell(done)
    return found


def values_in(number: int, frame: Frame, file: str) -> Values:
    """The figures of a frame that was read, over its data window. Raises FilmRecoveryError for one without RGB."""
    return values_of(number, _rgb(frame, file, number))


def values_of(frame: int, rgb: Pixels) -> Values:
    """The figures of one picture, H×W×3, as its file holds it."""
    good, bad = rgb.reshape(-1, 3), 0
    # One NaN or infinity makes the sum one, which is quicker to know than which it was; the same holds for the ends.
    if not np.isfinite(rgb.sum(dtype=np.float64)):
        finite = np.isfinite(good)
        bad = int(rgb.size - np.count_nonzero(finite))
        good = good[finite.all(axis=-1)] if bad else good
    if not good.size:
        return Values(frame, 0.0, 0.0, 0.0, 0.0, bad, np.zeros(_BINS, np.int64))
    least, most = float(good.min()), float(good.max())
    luma = good @ np.asarray(WEIGHTS, np.float32)
    above = outside = 0.0
    if least < -_MARGIN or most > 1 + _MARGIN:
        beyond = good.max(axis=1) > 1 + _MARGIN
        above, outside = float(beyond.mean()), float((beyond | (good.min(axis=1) < -_MARGIN)).mean())
    if least < 0 or most > 1:
        luma = luma[(luma >= 0) & (luma <= 1)]
    codes = np.minimum((luma * _BINS).astype(np.int32), _BINS - 1)
    return Values(frame, least, most, outside, above, bad, np.bincount(codes, minlength=_BINS))


def levels(found: Sequence[Values]) -> Levels | None:
    """The range of luma over all frames of ``found``; None where no pixel lies within 0–1."""
    counts = np.sum([one.histogram for one in found], axis=0)
    total = int(counts.sum())
    if not total:
        return None
    part = np.cumsum(counts) / total
    low = float(np.searchsorted(part, _TAIL)) / _BINS
    high = float(np.searchsorted(part, 1 - _TAIL) + 1) / _BINS
    ends = [abs(low - BLACK) <= _NEAR, abs(high - WHITE) <= _NEAR]
    piles = [_near(counts, end) / total >= _PILE for end in (BLACK, WHITE)]
    # Both ends in place is a coincidence for a print, a pile there (a clip, a border) a greater one: a half for an end,
    # nearly all of the rest for a pile.
    sure = [0.5 * end + 0.4 * (end and pile) for end, pile in zip(ends, piles, strict=True)]
    inside = low >= BLACK - _NEAR and high <= WHITE + _NEAR
    confidence = 1 - (1 - sure[0]) * (1 - sure[1]) if (inside and any(piles)) or all(ends) else 0.0
    return Levels(low, high, round(confidence, 3))


def value_findings(element: str, found: Sequence[Values], frames: int = 0) -> list[Finding]:
    """``values.finite``, ``values.outside`` and ``levels.range`` of the frames that were looked at.

    ``frames``: how many the element has, where that is more.
    """
    looked = of_all(len(found), frames)
    return [
        _finite(element, found, looked),
        _outside(element, found, looked),
        _levels(element, found, looked),
    ]


def _finite(element: str, found: Sequence[Values], looked: str) -> Finding:
    """Value: frame → how many values are NaN or infinite."""
    bad = {one.frame: one.not_finite for one in found if one.not_finite}
    if not bad:
        reason = f"All values of the {element} are finite, in {looked}."
        return Finding("values.finite", element, "pass", {}, reason)
    reason = (
        f"{sum(bad.values())} values of the {element} are NaN or infinite, in {named(bad)}; "
        f"{looked} were looked at."
    )
    remedy = ("export these frames again", "look for a division or a logarithm before the export")
    return Finding("values.finite", element, "fail", {str(k): v for k, v in bad.items()}, reason, remedy)


def _outside(element: str, found: Sequence[Values], looked: str) -> Finding:
    """Value: least and most of all, the largest share of pixels outside 0–1 and its frame."""
    least, most = min(one.least for one in found), max(one.most for one in found)
    worst = max(found, key=lambda one: one.outside)
    value = {"least": least, "most": most, "share": worst.outside, "frame": worst.frame}
    reason = f"Values of the {element} reach from {least:.4g} to {most:.4g}, in {looked}"
    if not worst.outside:
        return Finding("values.outside", element, "pass", value, f"{reason}; none leaves 0–1.")
    reason = f"{reason}; {worst.outside:.2%} of the pixels lie outside 0–1 in frame {worst.frame}."
    remedy: tuple[str, ...] = ("export through the Rec.709 2.4 ODT to EXR, bounded to 0–1",)
    if max(one.above for one in found) > _LINEAR_SHARE:
        remedy = (
            "these look like linear plates: apply the Rec.709 ODT first, and train on the result",
            "never clamp linear ACES to 0–1, it crushes highlights",
        )
    return Finding("values.outside", element, "warn", value, reason, remedy)


def _levels(element: str, found: Sequence[Values], looked: str) -> Finding:
    """Value: low, high and the confidence that it is the range of video."""
    range_ = levels(found)
    if range_ is None:
        return Finding("levels.range", element, "info", None, f"The {element} has no value within 0–1.")
    value = {"low": round(range_.low, 4), "high": round(range_.high, 4), "confidence": range_.confidence}
    codes = f"{range_.low * 255:.0f}–{range_.high * 255:.0f} of 255, in {looked}"
    if range_.confidence < LEVELS_SURE:
        return Finding("levels.range", element, "pass", value, f"Luma of the {element} has {codes}.")
    reason = (
        f"Luma of the {element} has {codes}: the range of video (16–235), as if it were full; "
        f"confidence {range_.confidence:.2f}."
    )
    return Finding("levels.range", element, "warn", value, reason, LEVELS_REMEDY)


LEVELS_SURE = 0.7  # both ends in place (0.75), or one with a pile at it (0.9)
LEVELS_REMEDY = (
    "decode it as video (legal) range, in Resolve by the clip's data levels, and export again",
    "if the print really ends there, leave it and note it",
)


def _rgb(frame: Frame, file: str, number: int) -> Pixels:
    if not set(RGB) <= set(frame.channels):
        remedy = "export the element as RGB"
        raise FilmRecoveryError("The picture has no RGB.", file=file, frame=number, remedy=remedy)
    return frame.rgb()


def _near(counts: NDArray[np.int64], end: float) -> int:
    first, last = (round((end + side * 1 / 255) * _BINS) for side in (-1, 1))
    return int(counts[first:last].sum())
