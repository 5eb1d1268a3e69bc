"""The live area: where two elements both show the scene, and what was found around it.

An element of film brings along overscan, black or faded borders, perforations, a sound strip, mattes; a video
reference letterbox bars. They stand still while the scene changes, they hold no detail, or they repeat: measured over
several frames together, so that a dark scene is no border. Judged on encoded values; borders may be grey, coloured,
soft and uneven. Overlays (subtitles, logos) that one picture has and the other lacks: ``overlays``; that both have:
``burned_in``.

What leaves is in Nuke's convention: pixels of the Source's format, origin bottom left, y up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Box
from film_recovery.registration.burned_in import BOTH, BurnedIn
from film_recovery.registration.overlays import Overlay, overlay

Array = NDArray[Any]

SIDES = ("left", "bottom", "right", "top")
LARGEST_SHARE = 0.4  # of width or height that a border may take on one side
DARK = 0.16  # encoded: a column that stays below it is black or film base
LEAST = 0.008  # encoded: the least step from a black border to a night scene
BRIGHT = 0.6  # encoded: an area of it within a border is a perforation, or the window of a sound strip
STEP = 0.03  # encoded: from a bright border's level to the scene's
SOFT = 12  # pixels: the softest edge of a border, weave included
EDGE_DARK = 0.45  # least share of rows in which the scene begins where a dark border ends
EDGE_BRIGHT = 0.9  # the same for a bright one, which a plain sky beside a wall must not be
RISEN = 0.9  # share of the step at which the edge of a border is over
_SMOOTH = 3  # pixels of the smoothing against grain
_SAFE = 1  # pixels taken off beside the soft edge


@dataclass(frozen=True)
class Border:
    """``side``: one of SIDES. ``width``: pixels to take off, 0 for none. ``what``: words for the operator, empty for
    none. ``level``: mean encoded luma of it, 0–1.
    """

    side: str
    width: int
    what: str
    level: float


@dataclass(frozen=True)
class LiveArea:
    """``box``: pixels of the Source's format, Nuke's convention, half open. ``borders``: of each element by name.

    ``overlays``: by frame, what one element has and the other lacks, and what both have. ``keyed``: by frame, the box
    without the overlays of that frame, where they can be cropped off; the same box where there is none.
    """

    box: Box
    borders: Mapping[str, tuple[Border, ...]]
    overlays: Mapping[int, tuple[Overlay, ...]]
    keyed: Mapping[int, Box]

    def keys(self, box: Box) -> dict[int, Box]:
        """By frame, what overlays leave of ``box``, for the frames in which they leave less."""
        left = {frame: without(box, found) for frame, found in self.overlays.items()}
        return {frame: part for frame, part in sorted(left.items()) if part != box}

    @property
    def animated(self) -> bool:
        """Whether the crop must be keyed."""
        return len(set(self.keyed.values())) > 1

    def reasons(self) -> tuple[str, ...]:
        """A sentence for each border that was found, and for the overlays."""
        said = [
            f"{name}: {border.what}, {border.width} px on the {border.side}."
            for name, borders in self.borders.items()
            for border in borders
            if border.width
        ]
        for names, words in ((("Source", "Reference"), "An overlay"), ((BOTH,), "Lettering that both have")):
            frames = [
                frame for frame, found in self.overlays.items() if any(one.on in names for one in found)
            ]
            if frames:
                said.append(
                    f"{words} stands in {len(frames)} of {len(self.overlays)} frames, first in {min(frames)}."
                )
        return tuple(said)

    def as_dict(self) -> dict[str, Any]:
        """JSON values; boxes as [x, y, r, t]."""
        listed = lambda box: [box.x, box.y, box.r, box.t]  # noqa: E731
        return {
            "box": listed(self.box),
            "borders": {name: [asdict(each) for each in borders] for name, borders in self.borders.items()},
            "overlays": {
                str(frame): [each.as_dict() for each in found] for frame, found in self.overlays.items()
            },
            "keyed": {str(frame): listed(box) for frame, box in self.keyed.items()},
            "animated": self.animated,
            "reasons": list(self.reasons()),
        }


def live_area(frames: Iterable[tuple[int, Array, Array, Array | None]]) -> LiveArea:
    """The live area of pairs that are aligned: (frame, Source, Reference on the Source's grid, where it has data).

    Pictures H×W×3, encoded, 0–1, top row first, all of one size; the mask H×W bool or None. Read one by one; only
    sums are kept, so ``frames`` may be a generator. More frames see more: eight over a shot are plenty. Raises
    FilmRecoveryError where there is no frame, sizes differ, or nothing of the picture is left.
    """
    seen: dict[str, _Seen] = {}
    covered: Array | None = None
    overlays: dict[int, tuple[Overlay, ...]] = {}
    burned_in = BurnedIn()
    for frame, source, reference, mask in frames:
        counts = np.ones(source.shape[:2], bool) if mask is None else np.asarray(mask, bool)
        for name, picture in (("Source", source), ("Reference", reference)):
            if name not in seen:
                seen[name] = _Seen(*source.shape[:2])
            seen[name].add(picture, None if name == "Source" else counts, frame)
        covered = counts if covered is None else covered & counts
        overlays[frame] = overlay(source, reference, counts)
        burned_in.add(frame, source, reference, counts)
    if covered is None:
        raise FilmRecoveryError(
            "There is no frame to find the live area in.", remedy="give at least one pair"
        )
    height, width = covered.shape
    borders = {name: one.borders() for name, one in seen.items()}
    inside = np.array(covered)
    for found in borders.values():
        left, bottom, right, top = (border.width for border in found)
        inside[: top or 0] = False
        inside[height - bottom :] = False
        inside[:, :left] = False
        inside[:, width - right :] = False
    x, y, r, t = largest_box(inside)
    if r <= x or t <= y:
        raise FilmRecoveryError(
            "Source and Reference have no live area in common.",
            remedy="check the alignment: the Reference may not lie on the Source at all",
        )
    box = Box(x, height - t, r, height - y)
    for frame, on_both in burned_in.found(box).items():
        # Lettering that is fainter in one picture may have been taken for the other's own.
        own = (one for one in overlays[frame] if all(one.box.intersect(o.box).empty for o in on_both))
        overlays[frame] = (*own, *on_both)
    return LiveArea(box, borders, overlays, {frame: without(box, found) for frame, found in overlays.items()})


def without(box: Box, overlays: Iterable[Overlay]) -> Box:
    """The largest part of ``box`` above, below or beside each overlay, cut off where least is lost."""
    for found in overlays:
        part = found.box.intersect(box)
        if part.empty:
            continue
        choices = (
            Box(box.x, part.t, box.r, box.t),
            Box(box.x, box.y, box.r, part.y),
            Box(part.r, box.y, box.r, box.t),
            Box(box.x, box.y, part.x, box.t),
        )
        box = max(choices, key=lambda choice: choice.width * choice.height)
    return box


def largest_box(inside: Array) -> tuple[int, int, int, int]:
    """The largest rectangle (x, y, r, t in array rows, half open) of True in ``inside`` (H×W bool)."""
    height, width = inside.shape
    tall = np.zeros(width + 1, np.int32)  # True pixels above and at this row; the last column is none
    best, box = 0, (0, 0, 0, 0)
    for row in range(height):
        tall[:-1] = np.where(inside[row], tall[:-1] + 1, 0)
        # A box that the row below continues is larger there.
        if row + 1 < height and not (inside[row] & ~inside[row + 1]).any():
            continue
        # Columns as tall as the one before are one step: a frame has thousands of columns and a few hundred steps.
        steps = np.concatenate([[0], np.flatnonzero(np.diff(tall)) + 1])
        stack: list[tuple[int, int]] = []  # first column and height of what is still open, ever taller
        for column, high in zip(steps.tolist(), tall[steps].tolist(), strict=True):
            first = column
            while stack and stack[-1][1] >= high:
                first, closed = stack.pop()
                if closed * (column - first) > best:
                    best, box = closed * (column - first), (first, row + 1 - closed, column, row + 1)
            stack.append((first, high))
    return box


class _Seen:
    """Sums over the frames of one element."""

    def __init__(self, height: int, width: int) -> None:
        self.size = height, width
        self.count = 0
        self.largest = np.zeros((height, width), np.float32)
        self.total = np.zeros((height, width), np.float32)
        self.covered = np.ones((height, width), bool)

    def add(self, picture: Array, counts: Array | None, frame: int) -> None:
        if picture.shape != (*self.size, 3):
            raise FilmRecoveryError(
                f"The picture has shape {picture.shape}, the others {(*self.size, 3)}.",
                remedy="give both on the Source's own pixel grid",
                frame=frame,
            )
        plane = np.nan_to_num(np.clip(picture, 0, 1).max(-1)).astype(np.float32)
        if counts is not None:
            plane = np.where(counts, plane, 0)
            self.covered &= counts
        smooth = cv2.GaussianBlur(cv2.medianBlur(plane, 3), (0, 0), _SMOOTH / 2)
        self.largest = np.maximum(self.largest, smooth)
        self.total += smooth
        self.count += 1

    def borders(self) -> tuple[Border, ...]:
        found = {}
        for names, turn in ((("left", "right"), lambda a: a), (("top", "bottom"), np.transpose)):
            largest, mean, covered = (turn(a) for a in (self.largest, self.total / self.count, self.covered))
            found[names[0]] = _border(largest, mean, covered)
            found[names[1]] = _border(largest[:, ::-1], mean[:, ::-1], covered[:, ::-1])
        return tuple(Border(side, *found[side]) for side in SIDES)


def _border(plane: Array, mean: Array, covered: Array) -> tuple[int, str, float]:
    """Border at the left: width, what it is, level. ``plane``: the brightest each pixel was, ``mean``: usually was.

    The middle three quarters of the rows, so that borders above and below do not count. A dark border ends at the
    innermost column that stays dark along its whole length in every frame, whatever lies outside of it (perforations, a
    sound strip); a bright one is flat. Both must end in a straight edge, which a dark or plain scene has not.
    """
    height, width = plane.shape
    rows = slice(height // 8, height - height // 8)
    reach = int(width * LARGEST_SHARE)
    known = covered[rows].mean(0)
    start = int(np.argmax(known[:reach] >= 0.5)) if (known[:reach] >= 0.5).any() else 0
    body, usual = plane[rows, start : start + reach], mean[rows, start : start + reach]
    central = float(np.median(plane[rows, width // 4 : width - width // 4]))
    dark = min(DARK, central / 2)
    least = max(LEAST, dark * 0.3)
    level = np.median(body, axis=0)
    high = np.percentile(body, 95, axis=0)
    end = 0
    dead = (level <= dark) & (high <= level + 2 * least)
    for at in np.flatnonzero(dead & ~np.append(dead[1:], False))[::-1]:
        outside = body[:, : at + 1]
        if _straight(body, int(at) + 1, float(level[at]), least) >= EDGE_DARK and outside.size:
            end = int(at) + 1
            break
    if not end:
        end = _bright(body, level, least)
    if not end:
        return (start, "no data", 0.0) if start else (0, "", float(level[0]))
    outer = float(np.median(level[:end]))
    inner = _risen(usual, end, float(level[end - 1]))
    return start + inner + _SAFE, _words(body[:, :end], float(level[:end].min())), outer


def _straight(body: Array, end: int, level: float, least: float) -> float:
    """Share of the rows in which the scene begins within SOFT columns of ``end``."""
    soft = body[:, end : end + SOFT]
    if soft.shape[1] < SOFT:
        return 0.0
    return float((np.abs(soft[:, -2:].mean(1) - level) > least).mean())


def _bright(body: Array, level: Array, least: float) -> int:
    """Columns of a flat border that is not dark, ending in one straight edge; 0 for none."""
    outer = float(np.median(level[:3]))
    slow = cv2.blur(np.median(body[:, :3], axis=1)[:, None], (1, max(3, body.shape[0] // 6)))
    off = (np.abs(body - slow) > STEP).mean(0)
    flat = off < 0.05
    end = int(np.argmin(flat)) if not flat.all() else 0
    if end < 2 or end + SOFT >= body.shape[1] or outer <= 0:
        return 0
    return end if off[end + SOFT // 2 : end + SOFT].min() >= EDGE_BRIGHT else 0


def _risen(usual: Array, end: int, level: float) -> int:
    """Where the soft edge that begins at ``end`` has come up to the scene, and a weaving one is past."""
    profile = usual.mean(0)
    scene = float(np.median(profile[end + SOFT : end + 2 * SOFT])) if end + 2 * SOFT < len(profile) else level
    for at in range(end, min(end + SOFT, len(profile))):
        if abs(profile[at] - level) >= RISEN * abs(scene - level):
            return at
    return min(end + SOFT, len(profile))


def _words(body: Array, level: float) -> str:
    holes = body > BRIGHT
    rows = np.asarray(holes.any(1))
    if level <= DARK and rows.mean() >= 0.9:
        return "a sound strip"
    if level <= DARK and rows.mean() > 0.1 and _runs(rows) >= 2:
        return "perforations"
    if level <= 0.02:
        return "a black border or matte"
    return "film base (overscan)" if level <= DARK else "a faded or coloured border"


def _runs(rows: Array) -> int:
    """How many separate runs of True."""
    return int((np.diff(np.concatenate([[0], rows.astype(np.int8)])) == 1).sum())
