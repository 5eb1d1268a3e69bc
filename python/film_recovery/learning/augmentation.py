"""How a patch is varied before it is learnt from: the same on both sides, but for the jitter.

Input, Ground Truth and, where asked for, coordinates go through every geometric step as *one* array, so they cannot
part; exposure multiplies both sides by one number. :func:`check_pairing` shows it on a picture that says of every pixel
where it is from, and is run before a training. There is no rotation by other than right angles, no sharpening and no
noise: the film's own grain and geometry are what is to be learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.pairs import Side


@dataclass(frozen=True)
class Variation:
    """What was drawn for one patch.

    ``y``, ``x``: its top left corner, before the shift. ``shift``: of its centre, down and right, pixels. ``scale``:
    pixels of the picture for one of the patch; with 1 and no shift nothing is resampled. ``mirrored`` (left to
    right), ``upside_down``, ``transposed``: in this order. ``gain``: both sides are multiplied by it. ``input_gain``,
    ``input_contrast``: the Input alone is multiplied by one, and its distance from its own mean by the other.
    """

    y: int
    x: int
    mirrored: bool = False
    gain: float = 1.0
    upside_down: bool = False
    transposed: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    input_gain: float = 1.0
    input_contrast: float = 1.0


def geometry(sides: Sequence[Side], variation: Variation, patch: int) -> Pixels:
    """The patch × patch × C part of ``sides`` (H×W×… each: all that belongs to a pixel), as drawn, in one array."""
    height, width = sides[0].shape[:2]
    rows = _along(height, variation.y, variation.shift[0], patch, variation)
    columns = _along(width, variation.x, variation.shift[1], patch, variation)
    part = np.concatenate([side[rows.part, columns.part] for side in sides], axis=-1)
    if rows.weights is not None and columns.weights is not None:
        part = np.tensordot(rows.weights, part, (1, 0))
        part = np.tensordot(columns.weights, part, (1, 1)).transpose(1, 0, 2)
    if variation.mirrored:
        part = part[:, ::-1]
    if variation.upside_down:
        part = part[::-1]
    return part.transpose(1, 0, 2) if variation.transposed else part


def light(given: Pixels, truth: Pixels, variation: Variation) -> tuple[Pixels, Pixels]:
    """Both sides with the exposure that was drawn, and the Input with its jitter."""
    gain = np.float32(variation.gain)
    given, truth = given * gain, truth * gain
    if variation.input_gain != 1 or variation.input_contrast != 1:
        mean = given.mean(dtype=np.float64).astype(np.float32)
        given = (mean + (given - mean) * np.float32(variation.input_contrast)) * np.float32(
            variation.input_gain
        )
    return given, truth


def check_pairing(
    draw: Callable[[Pixels, Pixels, int], tuple[Pixels, Pixels, Pixels]], *, jitter: bool, times: int = 8
) -> None:
    """Raise FilmRecoveryError when ``draw`` does not treat both sides alike.

    ``draw(given, truth, number)``: the sides of patch ``number`` of a pair, and its coordinates. The pair drawn from
    has equal sides, each pixel of which holds its coordinates and 1. ``jitter``: the Input may differ in light.
    """
    side = 64
    place = (np.arange(side, dtype=np.float32) + 0.5) / side
    across, down = np.meshgrid(place, place)
    probe: Pixels = np.stack([across, down, np.ones_like(down)], axis=-1).astype(np.float32)
    for number in range(times):
        given, truth, coordinates = draw(probe, probe.copy(), number)
        gain = truth[..., 2:].mean()
        if not np.allclose(truth[..., :2], gain * coordinates, atol=1e-3 * gain):
            raise _apart("the Ground Truth and its coordinates")
        if not np.allclose(_flat(given) if jitter else given, _flat(truth) if jitter else truth, atol=1e-3):
            raise _apart("the Input and the Ground Truth")


def _flat(side: Pixels) -> NDArray[np.float64]:
    """A side with what light alone can change taken away: gain and contrast."""
    centred = side[..., :2].astype(np.float64)
    centred = centred - centred.mean(axis=(0, 1))
    return centred / max(float(np.sqrt(np.mean(centred**2))), 1e-9)


def _apart(what: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The augmentation treats {what} differently; a training would learn the difference.",
        remedy="report it with the training's settings; meanwhile, train without augmentation",
    )


@dataclass(frozen=True, eq=False)
class _Axis:
    """Which pixels count along one axis, and their weights (patch × pixels), None where each is taken as it is."""

    part: slice
    weights: NDArray[np.float32] | None = None


def _along(size: int, start: int, shift: float, patch: int, variation: Variation) -> _Axis:
    """Along an axis of ``size`` pixels: the patch that begins at ``start``, shifted and scaled.

    Catmull-Rom's cubic (Keys, IEEE TASSP 29(6), 1981, a = -0.5), both axes in one go. Beyond the border a straight
    line goes on, so that coordinates, which are one, stay exact. The patch is moved inside the picture, and its scale
    limited to what fits.
    """
    if variation.shift == (0.0, 0.0) and variation.scale == 1:
        return _Axis(slice(start, start + patch))
    span = min(patch * variation.scale, float(size))
    begin = min(max(start + shift + (patch - span) / 2, 0.0), size - span)
    places = begin + (np.arange(patch) + 0.5) * (span / patch) - 0.5
    below = np.floor(places).astype(int)
    first, last = max(int(below[0]) - 1, 0), min(int(below[-1]) + 2, size - 1)
    weights = np.zeros((patch, last - first + 1))
    rows = np.arange(patch)
    for tap in range(-1, 3):
        place = below + tap
        weight = _cubic(np.abs(places - place))
        edge = np.clip(place, 0, size - 1)
        beyond = np.abs(place - edge)
        np.add.at(weights, (rows, edge - first), weight * (1 + beyond))
        outside = beyond > 0
        inner = np.where(place < 0, 1, size - 2)
        np.add.at(weights, (rows[outside], inner[outside] - first), -(weight * beyond)[outside])
    return _Axis(slice(first, last + 1), weights.astype(np.float32))


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
