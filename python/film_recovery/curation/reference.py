"""Is the Reference better? Measured on matched frames, with the figure that decides.

Spatial recipes: resolution, edges, grain; halos and blocks of a codec are what may pass for sharpness. Colour recipes:
how much colour there is, and how evenly the Source has lost it. *better* is True, False, or None where nothing
could be measured. A finer element may have more grain: that is said, not held against its sharpness.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import cv2
import numpy as np

from film_recovery.curation.edges import edges
from film_recovery.curation.fade import colourfulness, unevenness
from film_recovery.curation.spectra import (
    BANDS,
    Plane,
    TooLittle,
    blockiness,
    relative_detail,
    resolution,
    spectra,
)
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.placement import Placement
from film_recovery.footage.runs import spread
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

# Measured on the four photographs of the demo, blurred, grained, sharpened, compressed (tests/curation): what a
# copy that is not better reaches at most, and one that is at least.
FINER = 1.1  # ratio of resolutions: unchanged copies 1.00, a blur of 0.6 pixels 1.45
COARSER_GRAIN, FINER_GRAIN = 1.25, 0.75  # ratio of grain: unchanged 0.9–1.1, half the grain 0.5
# The least exponent of what is gained over frequency: unsharp masks 0.0–1.15, blurs and the demo's damage 1.77–2.6 (ten
# photographs). In between a halo decides: blurred copies of photographs that nobody had sharpened have 0.012 at most.
SATURATES, SATURATES_WITH_HALO, HALO = 1.0, 1.3, 0.012
SURE = 1.75  # below it, grain that grew as much as detail decides too: a sharpening cannot tell the two apart
STRONG_HALO = 0.02  # … from which it is said, and decides where nothing else can
_BANDS_OF_GAIN = 4
MOST_SHARPENING = 5.0  # beyond it no sharpening is shown, and a blurred Source has rounding errors only
BLOCKY = 0.3  # photographs 0.14 at most, JPEG of quality 50 0.3–0.8, of quality 20 0.5–1.7
SLIGHTLY_BLOCKY = 0.05
SMOOTHED = 0.75  # ratio of the grain's mean frequencies: JPEG 0.6–0.75
MORE_COLOUR = (
    1.1  # ratio of colour per light: unchanged 0.89–1.07, the demo's fade 1.11–1.32 (ten photographs)
)
SPATIAL, COLOUR = "spatial", "colour"  # kinds of recovery: what the Reference has to be better in
JUDGED = 6  # pairs that are looked at, at full size
_LEAST_MIDDLE = 128  # pixels: a smaller picture is judged as far as it goes, for it has few blocks


class Pictures(Protocol):
    """What is needed of a ``Clip``."""

    def picture(self, frame: int) -> Pixels:
        """H×W×3 float32, encoded, top row first."""

    def aspect(self, frame: int) -> float:
        """Width of a pixel over its height."""


@dataclass(frozen=True)
class Detail:
    """Of one element, on one frame or the median over several. ``resolution``: cycles per pixel of the Source's grid,
    0–0.5, up to which it keeps half of what the other one has. ``edge_width``: pixels from 10 to 90 %; ``halo``:
    share of an edge's height; both NaN without edges. ``grain``: standard deviation of encoded luma (0–1);
    ``relative_grain``: over the picture's own contrast; ``grain_frequency``: mean of its power, cycles per pixel.
    ``blockiness``: of 8 × 8 pixels, 0 for none."""

    resolution: float
    edge_width: float
    halo: float
    grain: float
    relative_grain: float
    grain_frequency: float
    blockiness: float


@dataclass(frozen=True)
class Colour:
    """Of one element. ``variety``: CIE Lab units; ``per_light``: the same over its contrast; ``saturation``: 0–1."""

    variety: float
    per_light: float
    saturation: float


@dataclass(frozen=True)
class Verdict:
    """``better``: None where it cannot be told. ``reason``: with the figure. ``flags``: what else was found.
    ``figures``: everything measured, for the record; plain data."""

    better: bool | None
    reason: str
    flags: tuple[str, ...]
    figures: dict[str, Any]

    @property
    def ratio(self) -> float | None:
        """The Reference's resolution over the Source's; of colour recipes, colour for its contrast."""
        known: float | None = self.figures.get("ratio")
        return known

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Seen:
    source: Detail
    reference: Detail
    exponent: float  # of the Reference's gain over frequency; NaN where there is none
    gain: float


def judge(
    kind: str,
    pairs: Sequence[tuple[int, int]],
    source: Pictures,
    reference: Pictures,
    most: int = JUDGED,
    placement: Placement | None = None,
) -> Verdict:
    """The verdict on ``most`` of ``pairs`` (Source and Reference frames), evenly taken: the middle of their pictures.

    ``kind``: SPATIAL or COLOUR. ``placement``: of the Source in the Reference, where it is known. Errors as
    ``Clip.picture``.
    """

    def looked_at() -> Iterable[tuple[Pixels, Pixels]]:
        for own, other in spread(pairs, most):
            picture = source.picture(own)
            aspects = (source.aspect(own), reference.aspect(other)) if placement else (1.0, 1.0)
            yield central(picture), central(fitted(reference.picture(other), picture, placement, aspects))

    return judge_colour(looked_at()) if kind == COLOUR else judge_detail(looked_at())


def judge_detail(pairs: Iterable[tuple[Pixels, Pixels]]) -> Verdict:
    """Of matched frames, Source and Reference on one grid: H×W×3, encoded, alike in size, top row first.

    One at a time. Frames that have too little to judge by are left out; where that is all, ``better`` is None.
    """
    seen, why = [], ""
    for pair in pairs:
        try:
            seen.append(_detail(*pair))
        except TooLittle as error:
            why = error.message
    if not seen:
        return Verdict(None, f"Cannot tell: {why or 'no frame was given.'}", (), {"frames": 0})
    source, reference = (_median([getattr(one, side) for one in seen]) for side in ("source", "reference"))
    exponent, gain = (_middle([getattr(one, name) for one in seen]) for name in ("exponent", "gain"))
    flags = _flags(source, reference)
    better, reason = _decided(source, reference, exponent, gain)
    figures = {
        "frames": len(seen),
        "source": _plain(asdict(source)),
        "reference": _plain(asdict(reference)),
        "ratio": _rounded(_ratio(reference.resolution, source.resolution)),
        "grain_ratio": _rounded(_ratio(reference.relative_grain, source.relative_grain)),
        "gain": _rounded(gain),
        "gain_exponent": _rounded(exponent),
    }
    return Verdict(better, reason, flags, figures)


def judge_colour(pairs: Iterable[tuple[Pixels, Pixels]]) -> Verdict:
    """As :func:`judge_detail`, for recipes that recover colour."""
    sides: tuple[list[Colour], list[Colour]] = ([], [])
    uneven = []
    for pair in pairs:
        _check(*pair)
        for found, picture in zip(sides, pair, strict=True):
            one = colourfulness(picture)
            found.append(Colour(one.variety, one.per_light, one.saturation))
        uneven.append(unevenness(*pair))
    if not uneven:
        return Verdict(None, "Cannot tell: no frame was given.", (), {"frames": 0})
    source, reference = (
        Colour(
            *(
                _middle([getattr(one, name) for one in found])
                for name in ("variety", "per_light", "saturation")
            )
        )
        for found in sides
    )
    ratio = _ratio(reference.per_light, source.per_light)
    spread = _middle(uneven)
    figures = {
        "frames": len(uneven),
        "source": _plain(asdict(source)),
        "reference": _plain(asdict(reference)),
        "ratio": _rounded(ratio),
        "unevenness": _rounded(spread),
    }
    said = f"colour {reference.variety:.1f} against {source.variety:.1f} (CIE Lab), {ratio:.2f} times for its contrast"
    flags: tuple[str, ...] = ("the Reference is nearly without colour",) if reference.variety < 2 else ()
    if math.isfinite(spread) and spread > 0.03:
        flags += (f"the fade is uneven over the frame: {spread:.3f} of density",)
    if ratio >= MORE_COLOUR:
        return Verdict(True, f"The Reference has more colour: {said}.", flags, figures)
    word = "less" if ratio <= 1 / MORE_COLOUR else "no more"
    return Verdict(False, f"The Reference has {word} colour: {said}.", flags, figures)


def _detail(source: Pixels, reference: Pixels) -> _Seen:
    _check(source, reference)
    planes = [np.ascontiguousarray(luma(np.asarray(one, np.float32))) for one in (source, reference)]
    blocks = [blockiness(plane) for plane in planes]
    planes[1] = _toned(planes[1], planes[0])
    spectrum = spectra(planes[0], planes[1])
    edge = edges(planes[0], planes[1]) or (None, None)
    details = []
    for index in (0, 1):
        own, other, shown = spectrum[index], spectrum[1 - index], edge[index]
        details.append(
            Detail(
                resolution(own, other),
                shown.width if shown else math.nan,
                shown.halo if shown else math.nan,
                own.grain,
                own.relative_grain,
                own.coarseness,
                blocks[index],
            )
        )
    return _Seen(details[0], details[1], *_gain(relative_detail(*spectrum)))


def _toned(plane: Plane, like: Plane) -> Plane:
    """``plane`` with the tones of ``like``, by a curve through the quantiles of both, blurred: grain and detail are
    compared as they would lie over the same tones, whatever contrast or fading has done."""
    steps = np.linspace(0.01, 0.99, 33)
    own, wanted = (np.quantile(cv2.GaussianBlur(one, (0, 0), 3), steps) for one in (plane, like))
    rise = np.diff(wanted) / np.maximum(np.diff(own), 1e-6)
    usual = (wanted[-1] - wanted[0]) / max(own[-1] - own[0], 1e-6)
    rise = np.clip(np.convolve(np.pad(rise, 2, "edge"), np.ones(5) / 5, "valid"), usual / 4, usual * 4)
    curve = np.concatenate([[wanted[0]], wanted[0] + np.cumsum(rise * np.diff(own))])
    ends = own[0] - 1, own[-1] + 1  # beyond the quantiles the curve goes straight on
    curve = np.concatenate([[curve[0] - rise[0]], curve, [curve[-1] + rise[-1]]])
    return np.interp(plane, np.concatenate([[ends[0]], own, [ends[1]]]), curve).astype(np.float32)


def _gain(ratio: np.ndarray) -> tuple[float, float]:
    """How the Reference's gain grows with frequency (the least exponent of its logarithm), and the most that is known.

    A lens, a coarser film, a generation of copying lose more and more towards high frequencies: the logarithm of what
    they lose grows as the frequency, or its square, all the way. A sharpening comes to an end: from some frequency on
    it gains no more. So the exponent is that of the four bands where the gain grows least; NaN where fewer have one.
    """
    bands, most = [], math.nan
    for band in range(2, BANDS * 3 // 4):  # beyond 0.38 cycles per pixel quantisation has its say
        if math.isnan(ratio[band]):
            break
        most = float(ratio[band]) if math.isnan(most) else max(most, float(ratio[band]))
        if ratio[band] > MOST_SHARPENING:
            break
        if ratio[band] > 1.05:
            bands.append(band)
    if len(bands) < _BANDS_OF_GAIN:
        return math.nan, most
    frequency = np.log(np.array(bands) + 0.5)
    gain = np.log(np.log(ratio[bands]))
    runs = [slice(first, first + _BANDS_OF_GAIN) for first in range(len(bands) - _BANDS_OF_GAIN + 1)]
    return min(float(np.polyfit(frequency[run], gain[run], 1)[0]) for run in runs), most


def _decided(source: Detail, reference: Detail, exponent: float, gain: float) -> tuple[bool, str]:
    finer = _ratio(reference.resolution, source.resolution)
    said = f"{reference.resolution:.3f} cycles per pixel against {source.resolution:.3f}"
    grain = _ratio(reference.relative_grain, source.relative_grain)
    if finer <= 1 / FINER:
        return False, f"The Reference resolves less: {said}."
    if finer >= FINER:
        halo = reference.halo - source.halo
        saturates = exponent < SATURATES or (exponent < SATURATES_WITH_HALO and halo > HALO)
        alike = exponent < SURE and grain > COARSER_GRAIN and abs(math.log(grain / gain)) < 0.25
        if saturates or alike or (math.isnan(exponent) and halo > STRONG_HALO and gain <= MOST_SHARPENING):
            why = f"what it gains grows with frequency to the power {exponent:.1f} only"
            if alike:
                why = f"its grain grew as much as its detail, {grain:.1f} times"
            elif halo > HALO:
                why = f"halos of {100 * reference.halo:.1f} % of an edge against {100 * source.halo:.1f} %"
            return False, f"The Reference is sharpened, not finer: {why} ({said})."
        more = f"; its grain is {grain:.1f} times as strong" if grain >= COARSER_GRAIN else ""
        return True, f"The Reference resolves more: {said}{more}."
    if grain <= FINER_GRAIN and _compressed(source, reference):
        return False, f"The Reference resolves no more ({said}); its compression took the grain."
    if grain <= FINER_GRAIN:
        return True, f"The Reference resolves as much ({said}) with {grain:.2f} times the grain."
    if grain >= COARSER_GRAIN:
        return False, f"The Reference resolves no more ({said}) and has {grain:.1f} times the grain."
    return False, f"The Reference is no better: {said}, {grain:.2f} times the grain."


def _compressed(source: Detail, reference: Detail) -> bool:
    """Whether a codec made the Reference smoother: blocks, or a trace of them with the finest grain gone."""
    smoothed = reference.grain_frequency < SMOOTHED * source.grain_frequency
    return reference.blockiness > max(BLOCKY, source.blockiness + SLIGHTLY_BLOCKY) or (
        smoothed and reference.blockiness > source.blockiness + SLIGHTLY_BLOCKY
    )


def _flags(source: Detail, reference: Detail) -> tuple[str, ...]:
    found = []
    ratio = _ratio(reference.relative_grain, source.relative_grain)
    if not FINER_GRAIN < ratio < COARSER_GRAIN:
        found.append(
            f"grain mismatch: {ratio:.2f} times the Source's, "
            f"at {reference.grain_frequency:.2f} against {source.grain_frequency:.2f} cycles per pixel"
        )
    if reference.halo - source.halo > STRONG_HALO:
        found.append(f"halos: {100 * reference.halo:.1f} % of an edge's height")
    for name, one in (("Source", source), ("Reference", reference)):
        if one.blockiness > BLOCKY:
            found.append(f"compression of the {name}: blocks of 8 × 8 pixels, {one.blockiness:.2f}")
    return tuple(found)


def _check(source: Pixels, reference: Pixels) -> None:
    if source.shape != reference.shape or source.ndim != 3:
        raise FilmRecoveryError(
            f"Source and Reference differ in size: {source.shape} and {reference.shape}.",
            remedy="fit the Reference to the Source's format first",
        )


def fitted(
    reference: Pixels,
    source: Pixels,
    placement: Placement | None = None,
    aspects: tuple[float, float] = (1.0, 1.0),
) -> Pixels:
    """The Reference in the Source's size, for judging only: roughly laid, no alignment.

    ``placement``: where the Source lies in it, as ``offset.match`` finds it, with ``aspects``: width over height of a
    pixel of Source and Reference; where it does not reach, its border goes on. Without, the whole of one is the whole
    of the other. A Reference that lies there but for a few pixels is judged as it is: sampled anew it would be softer.
    """
    height, width = source.shape[:2]
    if placement is None or _there(reference, source, placement, aspects):
        if reference.shape[:2] == (height, width):
            return reference
        how = cv2.INTER_AREA if width < reference.shape[1] else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(reference, (width, height), interpolation=how), np.float32)
    tall, wide = reference.shape[:2]
    square = (round(height / aspects[0]), width), (round(tall / aspects[1]), wide)
    zoom = placement.scale * width / wide
    # A picture that becomes smaller is averaged first; in pixels that are square, as the placement counts.
    shrunk = max(1, round(wide * min(1.0, zoom))), max(1, round(square[1][0] * min(1.0, zoom)))
    if shrunk != (wide, tall):
        how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LANCZOS4
        reference = np.asarray(cv2.resize(reference, shrunk, interpolation=how), np.float32)
    matrix = placement.matrix(square[0], (shrunk[1], shrunk[0]))
    # Rows of the Source as they are stored: counted from the centre of the first.
    rows = height / square[0][0]
    matrix[1] = matrix[1] * rows + (0, 0, (rows - 1) / 2)
    laid = cv2.warpAffine(
        reference, matrix, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(laid, np.float32)


def _there(reference: Pixels, source: Pixels, placement: Placement, aspects: tuple[float, float]) -> bool:
    """Whether the Reference lies on the Source's grid but for about a fiftieth of the width."""
    off = max(abs(placement.scale - 1), abs(placement.right), abs(placement.down))
    return reference.shape == source.shape and aspects[0] == aspects[1] and off < 0.02


def central(picture: Pixels, share: float = 0.8) -> Pixels:
    """The middle of a picture: overscan, mattes and borders say nothing of its sharpness. Of a small one, more."""
    down, across = (
        min(round(size * (1 - share) / 2), max(0, (size - _LEAST_MIDDLE) // 2)) for size in picture.shape[:2]
    )
    height, width = picture.shape[:2]
    return picture[down : height - down, across : width - across]


def _median(found: Sequence[Detail]) -> Detail:
    names = ("resolution", "edge_width", "halo", "grain", "relative_grain", "grain_frequency", "blockiness")
    return Detail(*(_middle([getattr(one, name) for one in found]) for name in names))


def _middle(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else math.nan


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else (1.0 if a == b else math.inf)


def _rounded(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None


def _plain(figures: dict[str, float]) -> dict[str, float | None]:
    return {name: _rounded(value) for name, value in figures.items()}
