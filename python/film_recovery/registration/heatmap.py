"""The Quality Control of one pair as a picture: where, which way and how far the Reference is off.

The Source, dim, under its tiles: filled by the size of the displacement against the tolerance, an arrow enlarged to be
seen, a bar where only one direction could be measured, hatched where nothing could. Beneath: the scale, the figures.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.luma import luma
from film_recovery.registration.residual import FAIL, PASS, WARN, Residual, Tile, Tolerance

Array = NDArray[Any]
Colour = tuple[int, int, int]

WIDTH = 1280  # pixels of the picture, whatever the Source's
_FOOT = 118
_INK, _PAPER, _FAINT = (236, 236, 236), (24, 24, 26), (150, 150, 155)
# At 0, good, bad, 2 · bad. Blue over yellow to red: eyes that confuse red and green tell them apart.
_STOPS: tuple[Colour, ...] = ((38, 92, 150), (122, 190, 214), (250, 206, 84), (214, 48, 39))
_VERDICTS = {PASS: (86, 180, 233), WARN: (250, 206, 84), FAIL: (226, 80, 66)}
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def heatmap(source: Array, found: Residual, tolerance: Tolerance | None = None) -> NDArray[np.uint8]:
    """H×W×3 uint8 RGB, top row first, WIDTH wide. ``source``: H×W×3 encoded, 0–1, as it was measured."""
    tolerance = tolerance or Tolerance()
    scale = WIDTH / found.width
    height = max(1, round(found.height * scale))
    under = cv2.resize(
        luma(np.clip(source, 0, 1).astype(np.float32)), (WIDTH, height), interpolation=cv2.INTER_AREA
    )
    picture = np.repeat((np.nan_to_num(under) * 150 + 20)[..., None], 3, axis=2).astype(np.uint8)
    for tile in found.tiles:
        _fill(picture, tile, _cell(found, tile, scale, height), tolerance)
    enlarged = _enlargement(found, scale, tolerance)
    for tile in found.tiles:
        _mark(picture, tile, scale, height, enlarged)
    foot = np.full((_FOOT, WIDTH, 3), _PAPER, np.uint8)
    _legend(foot, found, tolerance, enlarged / scale)
    return np.ascontiguousarray(np.vstack([picture, foot]))


def _cell(found: Residual, tile: Tile, scale: float, height: int) -> tuple[int, int, int, int]:
    """x, y, r, t of the part of the picture that is nearest to the tile, array rows."""
    across = sorted({each.x for each in found.tiles})
    down = sorted({found.height - each.y for each in found.tiles})
    left, right = _between(across, tile.x, found.side / 2)
    top, bottom = _between(down, found.height - tile.y, found.side / 2)
    return round(left * scale), round(top * scale), round(right * scale), min(round(bottom * scale), height)


def _between(places: list[float], at: float, half: float) -> tuple[float, float]:
    index = places.index(at)
    first = at - half if index == 0 else (places[index - 1] + at) / 2
    last = at + half if index == len(places) - 1 else (places[index + 1] + at) / 2
    return first, last


def _fill(picture: Array, tile: Tile, cell: tuple[int, int, int, int], tolerance: Tolerance) -> None:
    x, y, r, t = cell
    part = picture[y:t, x:r]
    if not part.size:
        return
    if tile.dx is None or tile.dy is None:
        yy, xx = np.mgrid[y : y + part.shape[0], x : x + part.shape[1]]
        hatch = (xx + yy) % 12 < 1
        part[hatch] = (part[hatch] * 0.4 + np.array(_FAINT) * 0.6).astype(np.uint8)
        return
    colour = np.array(colour_of(float(np.hypot(tile.dx, tile.dy)), tolerance))
    share = 0.6 if tile.state == "measured" else 0.35
    part[:] = (part * (1 - share) + colour * share).astype(np.uint8)
    picture[y:t, x] = picture[y, x:r] = (colour * 0.5).astype(np.uint8)


def colour_of(size: float, tolerance: Tolerance) -> Colour:
    """RGB, 0–255, of a displacement of ``size`` pixels."""
    stops = (0.0, tolerance.good, tolerance.bad, 2 * tolerance.bad)
    red, green, blue = (round(float(np.interp(size, stops, [stop[c] for stop in _STOPS]))) for c in range(3))
    return red, green, blue


def _enlargement(found: Residual, scale: float, tolerance: Tolerance) -> float:
    """Pixels of the picture for one of displacement: a tile that just passes has an arrow of a third of a cell."""
    step = WIDTH / max(1, found.columns)
    sizes = [
        np.hypot(tile.dx, tile.dy) for tile in found.tiles if tile.dx is not None and tile.dy is not None
    ]
    longest = float(np.percentile(sizes, 90)) if sizes else 0.0
    return float(max(scale, min(0.35 * step / tolerance.good, 0.8 * step / max(longest, 1e-6))))


def _mark(picture: Array, tile: Tile, scale: float, height: int, enlarged: float) -> None:
    if tile.dx is None or tile.dy is None:
        return
    middle = np.array([tile.x * scale, height - tile.y * scale])
    move = np.array([tile.dx, -tile.dy]) * enlarged
    length = float(np.hypot(*move))
    if tile.direction is not None:
        angle = np.radians(tile.direction)
        bar = np.array([np.cos(angle), -np.sin(angle)]) * 7
        cv2.line(picture, _point(middle - bar), _point(middle + bar), _FAINT, 1, cv2.LINE_AA)
    cv2.circle(picture, _point(middle), 2, _INK, -1, cv2.LINE_AA)
    if length > 3:
        tip = min(0.35, 6 / length)
        for colour, thick in ((_PAPER, 3), (_INK, 1)):
            cv2.arrowedLine(
                picture, _point(middle), _point(middle + move), colour, thick, cv2.LINE_AA, 0, tip
            )


def _point(place: Array) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))


def _legend(foot: Array, found: Residual, tolerance: Tolerance, enlarged: float) -> None:
    _text(foot, found.verdict.upper(), (20, 36), 0.9, _VERDICTS.get(found.verdict, _FAINT), 2)
    worst = "not measured" if found.residual is None else f"worst corner {found.residual:.2f} px"
    unsure = "" if found.uncertainty is None else f" (+/- {found.uncertainty:.2f})"
    border = max(found.borders, key=lambda place: place.size, default=None)
    edge = "" if border is None else f"   worst border {border.size:.2f} px (+/- {border.uncertainty:.2f})"
    _text(foot, worst + unsure + edge, (210, 34), 0.55, _INK)
    _text(
        foot,
        f"{found.measurable:.0%} of the tiles measured   arrows x {enlarged:.0f}",
        (210, 62),
        0.5,
        _FAINT,
    )
    reason = (found.reasons[0] if found.reasons else "").encode("ascii", "replace").decode()
    _text(foot, reason[:110], (20, 98), 0.5, _FAINT)
    left, right, y = 800, 1110, 24
    top = 2 * tolerance.bad
    for x in range(left, right):
        foot[y : y + 16, x] = colour_of((x - left) / (right - left) * top, tolerance)
    for value in (0.0, tolerance.good, tolerance.bad, top):
        x = left + round((right - left) * value / top)
        cv2.line(foot, (x, y + 16), (x, y + 22), _INK, 1)
        end = "+ px" if value == top else ""
        _text(foot, f"{value:g}{end}", (x - 12, y + 40), 0.45, _INK)
    for row, (y, hatched) in enumerate(((20, True), (46, False))):
        box = foot[y : y + 16, 1160:1184]
        yy, xx = np.mgrid[: box.shape[0], : box.shape[1]]
        box[:] = (60, 60, 64)
        if hatched:
            box[(xx + yy) % 6 < 1] = _FAINT
        else:
            cv2.line(foot, (1163, y + 8), (1181, y + 8), _FAINT, 1, cv2.LINE_AA)
        _text(foot, ("no texture", "one direction")[row], (1190, y + 13), 0.38, _INK)


def _text(
    picture: Array, words: str, at: tuple[int, int], size: float, colour: Colour, thick: int = 1
) -> None:
    cv2.putText(picture, words, at, _FONT, size, colour, thick, cv2.LINE_AA)
