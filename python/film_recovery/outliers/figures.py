"""The figure of each kind for one frame, told by what its neighbours foretell; where it lies in the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.outliers.line import foretold
from film_recovery.outliers.measured import Measured
from film_recovery.outliers.relation import Relation, Values, pooled

Others = Sequence[Measured]
_NONE = float("nan")
LEAST_CHROMA = 0.008  # root mean square of the foretold Cb, Cr: a picture with less has no hue
LEAST_SKIN = 0.004  # of the picture
LEAST_KNOWN = 6  # neighbours that show a tone
LEAST_SPREAD = 0.02  # of a tone's log power: no tone counts alone
MOVED = 8  # pixels from frame to frame
SHARED = 0.3  # of a step must be found in each part of the line but one


@dataclass(frozen=True)
class Reading:
    """A figure, and by how much the neighbours differ in what they foretell of it (deviation, the same unit): a frame
    that shows what they do not, at the end of a fast pan, is foretold by none of them well."""

    value: float
    doubt: float = 0.0


_NOTHING = Reading(_NONE)


def flicker(one: Measured, others: Others) -> Reading:
    """Percent by which luma's mean is above what it follows from the Source's."""
    own = one.tone.whole
    foretold = np.array([own.inner[0] @ other.tone.whole.fitted[:, 0] for other in others])
    if own.cross[0, 0] < 0.01 or (foretold < 0.01).all():
        return _NOTHING
    return _agreed(100 * np.log(own.cross[0, 0] / np.maximum(foretold, 0.005)))


def hue(one: Measured, others: Others) -> Reading:
    """Degrees by which chroma is turned, Cb towards Cr, against what it follows from the Source's."""
    own = one.tone.whole
    turns = []
    for other in others:
        by = other.tone.whole.fitted[:, 1:]
        power = float(np.einsum("km,kl,lm->", by, own.inner, by))
        if power < LEAST_CHROMA**2:
            continue
        turns.append(float(np.degrees(np.angle(_turned(own, by)))))
    return _agreed(turns) if len(turns) * 2 > len(others) else _NOTHING


def skin(one: Measured, others: Others) -> Reading:
    """Codes of 255 (Y, Cb, Cr, root of the sum of squares) by which skin is off, beyond what the rest is."""
    if not LEAST_SKIN < one.tone.share < 1 - LEAST_SKIN:
        return _NOTHING
    offs = []
    for other in others:
        by = other.tone.whole.fitted
        sides = [side.cross[0] - side.inner[0] @ by for side in (one.tone.skin, one.tone.rest)]
        offs.append(255 * (sides[0] - sides[1]))
    middle = np.median(offs, axis=0)
    doubt = 1.4826 * np.median(np.abs(offs - middle), axis=0)
    return Reading(float(np.linalg.norm(middle)), float(np.linalg.norm(doubt)))


def turned_rather(one: Measured, others: Others) -> bool:
    """Whether a turn or a tint of all chroma says more of what chroma is off by than an offset of skin alone does."""
    says = []
    for other in others:
        by = other.tone.whole.fitted[:, 1:]
        product = _turned(one.tone.whole, by)
        turn = 2 * (abs(product) - product.real)
        tint, off = (side.cross[0, 1:] - side.inner[0] @ by for side in (one.tone.whole, one.tone.skin))
        says.append(max(turn, float(tint @ tint)) - one.tone.share * float(off @ off))
    return float(np.median(says)) > 0


def _turned(own: Relation, by: Values) -> complex:
    """Of the chroma that ``by`` foretells and that there is: how much they share, and in its angle, the turn."""
    product = by[:, 0] + 1j * by[:, 1]
    actual = own.cross[:, 1] + 1j * own.cross[:, 2]
    return complex(np.conj(product) @ actual)


def bleed(one: Measured, others: Others) -> Reading:
    """Percent by which chroma's edges are stronger (weaker: below 0) than they follow from the Source's."""
    return _agreed([100 * (one.bleeding.gain(other.bleeding.fitted) - 1) for other in others])


def halo(one: Measured, others: Others) -> Reading:
    """Percent by which luma beside strong edges departs from its surroundings more than it follows from the Source."""
    own = one.structure.edges
    if own is None:
        return _NOTHING
    known = [other.structure.edges for other in others]
    return _agreed([100 * (own.wide.gain(each.wide.fitted) - 1) for each in known if each is not None])


def edges(one: Measured, others: Others) -> Reading:
    """Percent of the fine power at strong edges that no filter makes of the Source's."""
    own = one.structure.edges
    return _NOTHING if own is None else Reading(100 * own.fine.misfit(own.fine.fitted))


def grain(one: Measured, others: Others) -> Reading:
    """Percent (of a logarithm) by which the power of grain in flat areas is above what follows from the Source's."""
    own = one.structure.grain
    known = [other.structure.grain for other in others]
    alike = [each for each in known if each is not None]
    if own is None or len(alike) < 3:
        return _NOTHING
    # One frame's tiles are few: all neighbours' together say how power goes with tone and with the Source's.
    by = pooled([own, *alike]).fitted[:, 0]
    left = [float(each.cross[0, 0] - each.inner[0] @ by) for each in (own, *alike)]
    return Reading(100 * (left[0] - float(np.median(left[1:]))))


def grain_floor(one: Measured, others: Others) -> Reading:
    """Percent (of a logarithm) by which the power in the quietest blocks is above what it is in the neighbours', at
    equal tones: of grain that does not follow the Source's."""
    numbers = np.array([other.frame for other in others], np.float64)
    floors = np.array([other.structure.floor for other in others])
    offs, weights = [], []
    for own, course in zip(one.structure.floor, floors.T, strict=True):
        known = np.isfinite(course)
        if np.isfinite(own) and np.count_nonzero(known) >= LEAST_KNOWN:
            usual, spread = foretold(numbers[known], course[known], one.frame)
            offs.append(own - usual)
            weights.append(1 / max(spread, LEAST_SPREAD) ** 2)
    return Reading(100 * float(np.average(offs, weights=weights))) if offs else _NOTHING


def banding(one: Measured, others: Others) -> Reading:
    """Logarithm of how uneven the codes are; 0 smooth, 1.4 as of 8 bit, 2.8 as of 6 bit."""
    return Reading(one.codes)


@dataclass(frozen=True)
class Step:
    codes: float
    spread: float
    along: str
    at: int


def steepest(one: Measured, others: Others) -> list[Step]:
    """The clearest step along columns, and along rows, near and wide: beyond the neighbours', against what varies."""
    found = []
    for axis, name in enumerate(("column", "row")):
        for own, *alike in _of_one_size([each.structure.steps[axis] for each in (one, *others)]):
            if own.size and len(alike) >= 3:
                found.append(_steepest(own, np.array([each[0] for each in alike]), name))
    return found


def _of_one_size(steps: Sequence[NDArray[np.float32]]) -> Iterator[list[NDArray[np.float32]]]:
    """Near, and wide, of those that are as long as the first."""
    alike = [each for each in steps if each.shape == steps[0].shape]
    for place in range(0, len(steps[0]), 2):
        yield [each[place : place + 2] for each in alike]


def _steepest(own: NDArray[np.float32], others: NDArray[np.float32], name: str) -> Step:
    middle = np.median(others, axis=0)
    # The picture's own edges move: what varies near a line may come to lie on it.
    spread = cv2.dilate(
        1.4826 * np.median(np.abs(others - middle), axis=0)[None], np.ones((1, 2 * MOVED + 1))
    )[0]
    beyond: Values = own[0] - middle
    least = max(1.4826 * float(np.median(np.abs(beyond))), 1e-5)
    noise = np.sqrt(spread**2 + least**2)
    beyond = np.where(np.abs(own[1]) > SHARED * np.abs(beyond), beyond, 0)
    at = int((np.abs(beyond) / noise).argmax())
    return Step(255 * float(beyond[at]), 255 * float(noise[at]), name, at + 1)


def _agreed(values: Sequence[float] | Values) -> Reading:
    """The middle of what the neighbours say, and how far they differ."""
    found = [value for value in values if np.isfinite(value)]
    if not found:
        return _NOTHING
    middle = float(np.median(found))
    return Reading(middle, 1.4826 * float(np.median(np.abs(np.array(found) - middle))))


# Of several figures of a kind, that counts which the neighbours agree on most.
FIGURES: dict[str, tuple[Callable[[Measured, Others], Reading], ...]] = {
    "halo": (halo,),
    "grain": (grain, grain_floor),
    "flicker": (flicker,),
    "edges": (edges,),
    "hue": (hue,),
    "bleed": (bleed,),
    "skin": (skin,),
    "banding": (banding,),
}
