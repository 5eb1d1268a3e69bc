"""Where a Source's picture lies in a Reference's, roughly: scale and shift, for comparing small pictures over time.

Alignment proper (a twentieth of a pixel) is ``registration``'s work; this is good to about half a pixel of the small
pictures that it is given, which is what comparing whole frames needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import unit

# The tenth that alignment allows each way, and as much again for overscan and letterboxes: 4 % a step, which moves
# the border of a thumbnail by 1.3 of its pixels, less than local structure is wide.
SCALES = tuple(1.04**step for step in range(-6, 7))
FINE = 0.01  # step of the second search
REACH = 0.16  # of the width: the largest shift that alignment allows
SAMPLES = 8  # frames of the Source that vote
OTHERS = 40  # frames of the Reference that they are compared with
SHIFT_PREFERENCE = (
    0.15  # of correlation for a whole width: of two placements as good, a moving camera's, the smaller
)

Planes = NDArray[np.float32]


@dataclass(frozen=True)
class Placement:
    """Reference to Source, both centred, square pixels: ``source = scale · reference + (right, down)``.

    Both in widths of their own picture, so the placement holds at any size.
    """

    scale: float = 1.0
    right: float = 0.0
    down: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return {"scale": round(self.scale, 5), "right": round(self.right, 5), "down": round(self.down, 5)}

    def matrix(self, source: tuple[int, int], reference: tuple[int, int]) -> NDArray[np.float64]:
        """2×3 from pixel indices of a Reference (height, width) to those of a Source, for ``cv2.warpAffine``."""
        zoom = self.scale * source[1] / reference[1]
        right = (source[1] - 1) / 2 + self.right * source[1] - zoom * (reference[1] - 1) / 2
        down = (source[0] - 1) / 2 + self.down * source[1] - zoom * (reference[0] - 1) / 2
        return np.array([[zoom, 0, right], [0, zoom, down]])

    def moved(self, plane: Planes, reference: tuple[int, int], outside: float = 0.0) -> Planes:
        """``plane`` (H×W of the Source, any channels) on the Reference's grid (height, width)."""
        matrix = self.matrix((plane.shape[0], plane.shape[1]), reference)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(plane, matrix, reference[::-1], flags=flags, borderValue=(outside,) * 4)
        return np.asarray(moved, np.float32)

    def overlap(self, source: tuple[int, int], reference: tuple[int, int]) -> NDArray[np.bool_]:
        """Of a Reference's pixels (height, width), those that the Source (height, width) shows too."""
        return self.moved(np.ones(source, np.float32), reference) > 0.99


def similarity(source: Planes, reference: Planes, placement: Placement) -> NDArray[np.float32]:
    """N×h×w and M×h′×w′ of local structure → N×M: correlation over what both show, −1 to 1."""
    size = reference.shape[1], reference.shape[2]
    shared = placement.overlap((source.shape[1], source.shape[2]), size)
    if shared.sum() < 0.1 * shared.size:
        return np.zeros((len(source), len(reference)), np.float32)
    moved = np.stack([placement.moved(plane, size)[shared] for plane in source])
    return np.asarray(unit(moved) @ unit(reference[:, shared]).T, np.float32)


def place(source: Planes, reference: Planes) -> Placement:
    """The placement that makes frames of ``source`` (N×h×w) most like frames of ``reference`` (M×h′×w′), structure.

    Nothing is known of which frame belongs to which: a few vote, and the vote is taken that suits most. Where the
    camera moves steadily all through, another moment looks like another place; then the smallest shift is taken.
    """
    some = source[spread(range(len(source)), SAMPLES)]
    others = reference[spread(range(len(reference)), OTHERS)]
    votes = [Placement(), *_votes(some, others)]
    best, most = votes[0], -np.inf
    tried: list[Placement] = []
    for vote in votes:
        if any(_near(vote, before) for before in tried):
            continue
        tried.append(vote)
        like = similarity(some, others, vote).max(axis=1).mean()
        worth = float(like) - SHIFT_PREFERENCE * float(np.hypot(vote.right, vote.down))
        if worth > most:
            best, most = vote, worth
    return best


def refined(source: Planes, reference: Planes, start: Placement) -> Placement:
    """``start`` made finer on planes that belong together, one by one (N×h×w and N×h′×w′ of structure)."""
    fixed = _Spectra.of(reference)
    best, most = start, -np.inf
    for scale in start.scale * (1 + FINE * np.arange(-4, 5)):
        total = fixed.surfaces(source, float(scale)).mean(axis=0)
        near = start.right / start.scale, start.down / start.scale
        value, right, down = _peak(total, fixed.width, around=near)
        if value > most:
            best, most = Placement(float(scale), right * scale, down * scale), value
    return best


def _votes(source: Planes, reference: Planes) -> list[Placement]:
    """The best placement of each plane of ``source`` on any of ``reference``, the most alike first."""
    fixed = _Spectra.of(reference)
    best = np.full(len(source), -np.inf)
    found = [Placement()] * len(source)
    for scale in SCALES:
        for row, plane in enumerate(source):
            total = fixed.surfaces(plane[None], scale).max(axis=0)
            value, right, down = _peak(total, fixed.width)
            if value > best[row]:
                best[row], found[row] = value, Placement(scale, right * scale, down * scale)
    return [found[row] for row in np.argsort(-best)]


def _near(one: Placement, other: Placement) -> bool:
    shift = np.hypot(one.right - other.right, one.down - other.down)
    return bool(shift < 0.01 and abs(np.log(one.scale / other.scale)) < 0.03)


@dataclass(frozen=True, eq=False)
class _Spectra:
    """Planes of a Reference, transformed once, to be compared with many at every shift."""

    values: NDArray[np.complexfloating]
    height: int
    width: int

    @staticmethod
    def of(planes: Planes) -> _Spectra:
        height, width = planes.shape[1:]
        return _Spectra(np.fft.rfft2(_even(planes), (2 * height, 2 * width)), height, width)

    def surfaces(self, source: Planes, scale: float) -> Planes:
        """Correlation with each plane for every shift, no shift at [0, 0]: N×2h×2w. ``source``: N planes, or one.

        What does not overlap counts as unlike.
        """
        shape = 2 * self.height, 2 * self.width
        centred = Placement(scale)
        moved = _even(np.stack([centred.moved(plane, (self.height, self.width)) for plane in source]))
        product = np.fft.rfft2(moved, shape) * np.conj(self.values)
        return np.asarray(np.fft.irfft2(product, shape), np.float32)


def _even(planes: Planes) -> Planes:
    length = np.linalg.norm(planes, axis=(1, 2), keepdims=True)
    return np.asarray(planes / np.maximum(length, 1e-6), np.float32)


def _peak(
    surface: Planes, across: int, around: tuple[float, float] = (0.0, 0.0)
) -> tuple[float, float, float]:
    """Highest value within REACH of ``around``, and its shift right and down in widths, finer than a pixel."""
    height, width = surface.shape
    ys, xs = np.fft.fftfreq(height, 1 / height), np.fft.fftfreq(width, 1 / width)
    near_y, near_x = np.abs(ys / across - around[1]) <= REACH, np.abs(xs / across - around[0]) <= REACH
    open_to = np.where(near_y[:, None] & near_x[None, :], surface, -np.inf)
    y, x = np.unravel_index(int(np.argmax(open_to)), surface.shape)
    down = ys[y] + _vertex(*(float(surface[(y + step) % height, x]) for step in (-1, 0, 1)))
    right = xs[x] + _vertex(*(float(surface[y, (x + step) % width]) for step in (-1, 0, 1)))
    return float(surface[y, x]), float(right / across), float(down / across)


def _vertex(before: float, top: float, after: float) -> float:
    """Where a parabola through three values, a pixel apart, is highest: −0.5 to 0.5."""
    bend = before - 2 * top + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0
