"""Which frames should not become pairs, and why: each fault measured, each with its threshold, each overridable.

Flashes, splices, jumps, dirt and scratches are seen against the frames around them; blur, subtitles and what covers
the picture against the other element, roughly laid over; blocks and bands in the picture alone. A figure that differs
from shot to shot (how much a camera shakes, how soft a lens is) is held against its own shot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.compression import banding, blockiness
from film_recovery.footage.onesided import DIRECTIONS, OneSided, one_sided, picture_of
from film_recovery.footage.passing import Passing, passing, scratches
from film_recovery.footage.placement import Placement
from film_recovery.footage.runs import part_of
from film_recovery.footage.signatures import Moving, Progress, ahead
from film_recovery.imaging.luma import luma

FLASH, SPLICE, INSTABILITY, DIRT, SCRATCH = "flash", "splice", "instability", "dirt", "scratch"
BLUR, OCCLUSION, TEXT, BLOCKS, BANDS = (
    "motion blur",
    "occlusion",
    "subtitle or logo",
    "compression",
    "banding",
)
SIDES = ("Source", "Reference")

WIDTH = 480  # pixels: the size at which frames are compared
# Frames before and after whose middle is usual for softness. The many: a blur may last; the few: where a shot's own
# softness changes quickly, a blurred frame is still softer than those beside it.
NEAR = (12, 4)
REACH = 2  # frames before and after that passing faults are held against
SURROUND = 9  # frames, spread over all, by which the black around an element's picture is known
WINDOW = 6  # frames before and after that a flash is held against
OUTSIDE = 0.04  # of the width, each side: edges of letterboxes and apertures look like scratches
OUTLIER = 6.0  # times the usual spread within a shot, where that is more than the threshold

# Units as in Fault.value. Chosen on simulated reels (demo/reels.py, seeds 100 to 105): between what clean frames under
# heavy grain, weave and flicker reach and what was planted. Of blur on seeds 100 to 119.
THRESHOLDS: Mapping[str, float] = MappingProxyType(
    {
        FLASH: 0.06,
        SPLICE: 0.06,
        INSTABILITY: 0.4,
        DIRT: 0.3,
        SCRATCH: 0.04,
        BLUR: 0.16,
        OCCLUSION: 3.5,
        TEXT: 0.25,
        BLOCKS: 0.4,
        BANDS: 0.25,
    }
)
UNITS: Mapping[str, str] = MappingProxyType(
    {
        FLASH: "of encoded luma, brighter or darker than the frames around it",
        SPLICE: "of encoded luma, a band of rows against the frames around it",
        INSTABILITY: "% of the width off the path of the frames around it",
        DIRT: "% of the picture in spots that only this frame has",
        SCRATCH: "of encoded luma along a column",
        BLUR: "stops less gradient along one way than is usual near, against the other element",
        OCCLUSION: "% of the picture in one patch that the other element shows and this one does not",
        TEXT: "% of the picture under strokes that the other element does not have",
        BLOCKS: "times larger steps at the edges of 8 × 8 blocks than inside",
        BANDS: "of the smooth gradients are plateaus and steps",
    }
)
RELATIVE = (SPLICE, INSTABILITY, DIRT, SCRATCH)  # held against their shot
BRIEF = (SPLICE, INSTABILITY)  # pass in a frame or two; what lasts longer is the picture's own movement
LONGEST = 2  # frames of those


@dataclass(frozen=True)
class Fault:
    """``frame``: the Source frame of the pair, ``own``: that of ``side``. ``value``, ``threshold``: in ``unit``."""

    frame: int
    own: int
    side: str
    kind: str
    value: float
    threshold: float

    @property
    def unit(self) -> str:
        return UNITS[self.kind]

    @property
    def reason(self) -> str:
        """One sentence for the operator."""
        return (
            f"{self.kind[0].upper()}{self.kind[1:]} on the {self.side}, frame {self.own}: {self.value:.3g} {self.unit}"
            f" (limit {self.threshold:.3g})."
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "frame": self.frame,
            "own": self.own,
            "side": self.side,
            "kind": self.kind,
            "value": round(self.value, 5),
            "threshold": round(self.threshold, 5),
            "unit": self.unit,
            "reason": self.reason,
        }


def find_faults(
    source: Moving,
    reference: Moving | None,
    pairs: Sequence[tuple[int, int]],
    *,
    placement: Placement | None = None,
    shots: Iterable[tuple[int, int]] = (),
    thresholds: Mapping[str, float] | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> tuple[Fault, ...]:
    """Faults of ``pairs`` (Source frame, Reference frame), ascending; one pass over both elements.

    ``placement``: of the Source in the Reference, as ``offset.match`` found it; None: the same. ``shots``: first and
    last Source frame of each; empty: one shot. ``thresholds``: in place of some of THRESHOLDS. Without ``reference``
    the faults that need both are not looked for, and the second of each pair is not read. Raises FilmRecoveryError
    for an unknown kind.
    """
    limits = {**THRESHOLDS, **(thresholds or {})}
    unknown = sorted(set(limits) - set(THRESHOLDS))
    if unknown:
        raise FilmRecoveryError(
            f"There is no fault called {unknown[0]!r}.", remedy=f"choose among {', '.join(THRESHOLDS)}"
        )
    figures = list(measured(source, reference, pairs, placement, tuple(shots), threads, progress))
    return tuple(_judged(figures, limits, reference is not None))


def excluded(faults: Iterable[Fault], allowed: Iterable[tuple[int, str]] = ()) -> dict[int, str]:
    """Source frame → why it should be no pair. ``allowed``: (Source frame, kind) that the operator keeps."""
    free = set(allowed)
    out: dict[int, list[str]] = {}
    for fault in faults:
        if (fault.frame, fault.kind) not in free:
            out.setdefault(fault.frame, []).append(fault.reason)
    return {frame: " ".join(reasons) for frame, reasons in out.items()}


@dataclass(frozen=True, eq=False)
class PairFigures:
    """What was measured of a pair, for each side: figures only, for all pairs are kept until their shot is known.

    ``mean``: encoded luma. ``jumps``: as ``Passing.jump``, None without neighbours. ``spots``: share of the pixels.
    """

    pair: tuple[int, int]
    shot: int
    mean: tuple[float, ...]
    blocks: tuple[float, ...]
    bands: tuple[float, ...]
    jumps: tuple[tuple[float, float] | None, ...]
    spots: tuple[float, ...]
    sides: OneSided | None
    splice: tuple[float, ...]
    scratch: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class _Seen:
    """A pair as it is held in memory: small luma of each side, and what needed the whole picture."""

    pair: tuple[int, int]
    shot: int
    planes: tuple[NDArray[np.float32], ...]
    blocks: tuple[float, ...]
    bands: tuple[float, ...]


def measured(
    source: Moving,
    reference: Moving | None,
    pairs: Sequence[tuple[int, int]],
    placement: Placement | None = None,
    shots: tuple[tuple[int, int], ...] = (),
    threads: int = 0,
    progress: Progress | None = None,
) -> Iterator[PairFigures]:
    """The figures of each pair, in order. Five pairs are in memory, small, and one whole picture a thread."""
    clips = (source,) if reference is None else (source, reference)
    aspects = [clip.aspect(frame) for clip, frame in zip(clips, pairs[0], strict=False)] if pairs else []

    def seen(index: int) -> _Seen:
        whole = [luma(clip.picture(frame)) for clip, frame in zip(clips, pairs[index], strict=False)]
        return _Seen(
            pairs[index],
            part_of(pairs[index][0], shots),
            tuple(_small(y, aspect) for y, aspect in zip(whole, aspects, strict=True)),
            tuple(blockiness(y) for y in whole),
            tuple(banding(y) for y in whole),
        )

    inside = _pictures(clips, pairs, aspects) if reference is not None else ()
    stream = (one for _, one in ahead(range(len(pairs)), seen, threads))
    for done, (one, around) in enumerate(_with_neighbours(stream), start=1):
        yield _figures(one, around, placement or Placement(), inside)
        if progress:
            progress(done, len(pairs), one.pair[0])


def _pictures(
    clips: Sequence[Moving], pairs: Sequence[tuple[int, int]], aspects: Sequence[float]
) -> tuple[NDArray[np.float32], ...]:
    """Where the picture of each element is, by SURROUND of its frames, spread over all."""
    step = max(1, -(-len(pairs) // SURROUND))
    return tuple(
        picture_of([_small(luma(clip.picture(pair[side])), aspect) for pair in pairs[::step]])
        for side, (clip, aspect) in enumerate(zip(clips, aspects, strict=True))
    )


def _with_neighbours(stream: Iterator[_Seen]) -> Iterator[tuple[_Seen, list[_Seen]]]:
    """Each with those up to REACH before and after it."""
    window: deque[_Seen] = deque()
    current = 0
    for one in stream:
        window.append(one)
        if len(window) - current > REACH:
            yield window[current], [other for other in window if other is not window[current]]
            current += 1
        if current > REACH:
            window.popleft()
            current -= 1
    while current < len(window):
        yield window[current], [other for other in window if other is not window[current]]
        current += 1
        if current > REACH:
            window.popleft()
            current -= 1


def _figures(
    one: _Seen, around: list[_Seen], placement: Placement, inside: Sequence[NDArray[np.float32]]
) -> PairFigures:
    found: list[Passing | None] = []
    for side, plane in enumerate(one.planes):
        near = [(other.pair[side] - one.pair[side], other) for other in around if other.shot == one.shot]
        near = sorted((item for item in near if 0 < abs(item[0]) <= REACH), key=lambda item: abs(item[0]))
        same = [(away, other.planes[side]) for away, other in near]
        found.append(passing(plane, same) if same else None)
    both = None
    if len(one.planes) == 2:
        spots = [None if side is None else side.spots for side in found]
        both = one_sided(one.planes[0], one.planes[1], placement, spots, inside)
    return PairFigures(
        one.pair,
        one.shot,
        tuple(float(plane.mean()) for plane in one.planes),
        one.blocks,
        one.bands,
        tuple(None if side is None else side.jump for side in found),
        tuple(0.0 if side is None else float(side.spots.mean()) for side in found),
        both,
        _splice(tuple(found), [plane.shape[1] for plane in one.planes], placement),
        _scratch([scratches(plane) for plane in one.planes], placement),
    )


def _scratch(columns: list[NDArray[np.float32]], placement: Placement) -> tuple[float, ...]:
    """The most that a column stands out on each side and not on the other: what stands in the picture is no scratch."""
    widths = [len(side) for side in columns]
    columns = [side.copy() for side in columns]
    for side, width in zip(columns, widths, strict=True):
        edge = round(OUTSIDE * width)
        side[:edge] = side[width - edge :] = 0
    return _beside(columns, widths, placement.scale, placement.right)


def _splice(sides: tuple[Passing | None, ...], widths: list[int], placement: Placement) -> tuple[float, ...]:
    """The most that a band of rows stands out on each side and not on the other: what moves does so on both."""
    known = [None if side is None else side.splice for side in sides]
    if any(side is None for side in known):
        return tuple(0.0 if side is None else float(np.abs(side).max()) for side in known)
    return _beside([side for side in known if side is not None], widths, placement.scale, placement.down)


def _beside(
    profiles: list[NDArray[np.float32]], widths: list[int], scale: float, shift: float
) -> tuple[float, ...]:
    """The largest value of each profile over what the other has near the same place; of one profile: the largest."""
    if len(profiles) == 1:
        return (float(np.abs(profiles[0]).max()),)
    centred = [
        (np.arange(len(one)) + 0.5 - len(one) / 2) / width
        for one, width in zip(profiles, widths, strict=True)
    ]
    there = [scale * centred[1] + shift, (centred[0] - shift) / scale]
    found = []
    for side in (0, 1):
        other = cv2.dilate(np.abs(profiles[1 - side])[None], np.ones((1, 13), np.uint8))[0]
        beside = np.interp(centred[side], there[1 - side], other)
        found.append(float(np.clip(np.abs(profiles[side]) - beside, 0, None).max()))
    return tuple(found)


def _judged(figures: list[PairFigures], limits: Mapping[str, float], both: bool) -> Iterator[Fault]:
    shots = np.array([one.shot for one in figures])
    for side in range(2 if both else 1):
        table = {kind: np.zeros(len(figures)) for kind in THRESHOLDS}
        table[FLASH] = _flashes(np.array([one.mean[side] for one in figures]), shots)
        for row, one in enumerate(figures):
            for kind, value in _values(one, side).items():
                table[kind][row] = value
        for kind, values in table.items():
            limit = np.full(len(figures), limits[kind])
            if kind == BLUR:
                values, limit = _blurs(_softness(figures, side), shots, limits[kind])
            elif kind in RELATIVE:
                values, limit = _held_against_shot(values, shots, limits[kind])
            out = values > limit
            if kind in BRIEF:
                out &= ~_lasting(out, shots)
            for row in np.flatnonzero(out).tolist():
                one = figures[row]
                yield Fault(
                    one.pair[0], one.pair[side], SIDES[side], kind, float(values[row]), float(limit[row])
                )


def _values(one: PairFigures, side: int) -> dict[str, float]:
    found = {
        BLOCKS: one.blocks[side],
        BANDS: one.bands[side],
        SCRATCH: one.scratch[side],
        SPLICE: one.splice[side],
    }
    own = one.jumps[side]
    other = one.jumps[1 - side] if len(one.jumps) == 2 else None
    if own is not None:
        jump = np.array(own)
        if other is not None:  # what both do, the film does
            jump = jump - np.array(other)
        if np.hypot(*own) < np.hypot(*jump) / 2:  # then it is the other one that jumps
            jump = np.zeros(2)
        found[INSTABILITY] = 100 * float(np.hypot(*jump))
        found[DIRT] = 100 * (one.spots[side] if one.sides is None else one.sides.spots[side])
    if one.sides is not None:
        found[TEXT] = 100 * one.sides.text[side]
        found[OCCLUSION] = 100 * one.sides.covered[side]
    return found


def _flashes(means: NDArray[np.float64], shots: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far each mean is from the middle one around it in its shot; a slow fade is in the middle of its own."""
    out = np.zeros(len(means))
    for row in range(len(means)):
        near = [
            other
            for other in range(max(0, row - WINDOW), min(len(means), row + WINDOW + 1))
            if other != row and shots[other] == shots[row]
        ]
        before, after = [[means[o] for o in near if (o < row) == early] for early in (True, False)]
        if len(near) < 2:
            continue
        middles = [float(np.median(side)) for side in (before, after) if len(side) >= 2]
        # A change that stays is no flash: the frame has to differ from what was and from what comes.
        differences = [means[row] - middle for middle in middles] or [
            means[row] - float(np.median(means[near]))
        ]
        if all(value > 0 for value in differences) or all(value < 0 for value in differences):
            out[row] = min(abs(value) for value in differences)
    return out


def _held_against_shot(
    values: NDArray[np.float64], shots: NDArray[np.intp], limit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values and limits: the limit rises where a shot's values scatter."""
    limits = np.full(len(values), limit)
    for shot in np.unique(shots):
        rows = np.flatnonzero(shots == shot)
        middle = float(np.median(values[rows]))
        spread = 1.4826 * float(np.median(np.abs(values[rows] - middle)))
        limits[rows] = max(limit, middle + OUTLIER * spread)
    return values, limits


def _softness(figures: Sequence[PairFigures], side: int) -> NDArray[np.float64]:
    """Stops that ``side`` is softer than the other: pairs × directions; 0 where the two could not be compared."""
    none = np.zeros(len(DIRECTIONS))
    rows = [none if one.sides is None else np.array(one.sides.softness) for one in figures]
    return np.stack(rows) * (1 if side == 0 else -1) if rows else np.zeros((0, len(DIRECTIONS)))


def _blurs(
    softness: NDArray[np.float64], shots: NDArray[np.intp], limit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much softer each pair is than those near it in its shot, along the way and among as many neighbours (NEAR)
    where that is most for its limit; and that limit, which rises where a shot's values scatter."""
    found, limits = np.zeros(len(softness)), np.full(len(softness), limit)
    for shot in np.unique(shots):
        rows = np.flatnonzero(shots == shot)
        part = softness[rows]
        for reach in NEAR:
            usual = [np.median(part[max(0, at - reach) : at + reach + 1], axis=0) for at in range(len(rows))]
            beyond = part - np.stack(usual)
            least = np.maximum(limit, OUTLIER * 1.4826 * np.median(np.abs(beyond), axis=0))
            way = np.argmax(beyond / least, axis=1)
            value = beyond[np.arange(len(rows)), way]
            more = value / least[way] > found[rows] / limits[rows]
            found[rows] = np.where(more, value, found[rows])
            limits[rows] = np.where(more, least[way], limits[rows])
    return found, limits


def _lasting(out: NDArray[np.bool_], shots: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Rows in runs longer than LONGEST within a shot."""
    found = np.zeros(len(out), bool)
    begun = 0
    for row in range(1, len(out) + 1):
        if row == len(out) or out[row] != out[begun] or shots[row] != shots[begun]:
            if out[begun] and row - begun > LONGEST:
                found[begun:row] = True
            begun = row
    return found


def _small(y: NDArray[np.float32], aspect: float) -> NDArray[np.float32]:
    """Square pixels, at most WIDTH wide."""
    scale = min(1.0, WIDTH / y.shape[1])
    size = max(1, round(y.shape[1] * scale)), max(1, round(y.shape[0] * scale / aspect))
    return np.asarray(cv2.resize(y, size, interpolation=cv2.INTER_AREA), np.float32)
