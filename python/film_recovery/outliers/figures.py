"""The figure of each kind for one frame, told by what its neighbours foretell; where it lies in the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from film_recovery.outliers.measured import Measured
from film_recovery.outliers.relation import Values, pooled

Others = Sequence[Measured]
_NONE = float("nan")
LEAST_CHROMA = 0.008  # root mean square of the foretold Cb, Cr: a picture with less has no hue
LEAST_SKIN = 0.004  # of the picture
MOVED = 8  # pixels from frame to frame
SHARED = 0.3  # of a step must be found in each part of the line but one


def flicker(one: Measured, others: Others) -> float:
    """Percent by which luma's mean is above what it follows from the Source's."""
    own = one.tone.whole
    foretold = np.array([own.inner[0] @ other.tone.whole.fitted[:, 0] for other in others])
    if own.cross[0, 0] < 0.01 or (foretold < 0.01).all():
        return _NONE
    return 100 * float(np.median(np.log(own.cross[0, 0] / np.maximum(foretold, 0.005))))


def hue(one: Measured, others: Others) -> float:
    """Degrees by which chroma is turned, Cb towards Cr, against what it follows from the Source's."""
    own = one.tone.whole
    turns = []
    for other in others:
        by = other.tone.whole.fitted[:, 1:]
        power = float(np.einsum("km,kl,lm->", by, own.inner, by))
        if power < LEAST_CHROMA**2:
            continue
        product = by[:, 0] + 1j * by[:, 1]
        actual = own.cross[:, 1] + 1j * own.cross[:, 2]
        turns.append(float(np.degrees(np.angle(np.conj(product) @ actual))))
    return float(np.median(turns)) if len(turns) * 2 > len(others) else _NONE


def skin(one: Measured, others: Others) -> float:
    """Codes of 255 (Y, Cb, Cr, root of the sum of squares) by which skin is off, beyond what the rest is."""
    if not LEAST_SKIN < one.tone.share < 1 - LEAST_SKIN:
        return _NONE
    offs = []
    for other in others:
        by = other.tone.whole.fitted
        sides = [mean_y - mean_x @ by for mean_x, mean_y in (one.tone.skin, one.tone.rest)]
        offs.append(sides[0] - sides[1])
    return 255 * float(np.linalg.norm(np.median(offs, axis=0)))


def bleed(one: Measured, others: Others) -> float:
    """Percent by which chroma's edges are stronger (weaker: below 0) than they follow from the Source's."""
    return 100 * (_median([one.bleeding.gain(other.bleeding.fitted) for other in others]) - 1)


def halo(one: Measured, others: Others) -> float:
    """Percent by which luma beside strong edges departs from its surroundings more than it follows from the Source."""
    own = one.structure.edges
    if own is None:
        return _NONE
    others_edges = [other.structure.edges for other in others]
    return 100 * (_median([own.wide.gain(each.wide.fitted) for each in others_edges if each is not None]) - 1)


def edges(one: Measured, others: Others) -> float:
    """Percent of the fine power at strong edges that no filter makes of the Source's."""
    own = one.structure.edges
    return _NONE if own is None else 100 * own.fine.misfit(own.fine.fitted)


def grain(one: Measured, others: Others) -> float:
    """Percent (of a logarithm) by which the power of grain in flat areas is above what follows from the Source's."""
    own = one.structure.grain
    known = [other.structure.grain for other in others]
    alike = [each for each in known if each is not None]
    if own is None or len(alike) < 3:
        return _NONE
    # One frame's tiles are few: all neighbours' together say how power goes with tone and with the Source's.
    by = pooled([own, *alike]).fitted[:, 0]
    left = [float(each.cross[0, 0] - each.inner[0] @ by) for each in (own, *alike)]
    return 100 * (left[0] - _median(left[1:]))


def banding(one: Measured, others: Others) -> float:
    """Logarithm of how uneven the codes are; 0 smooth, 1.4 as of 8 bit, 2.8 as of 6 bit."""
    return one.codes


def seam(one: Measured, others: Others) -> float:
    """Codes of 255 by which the picture is stepped along a line."""
    return max((abs(step.codes) for step in steepest(one, others)), default=_NONE)


@dataclass(frozen=True)
class Step:
    codes: float
    spread: float
    along: str
    at: int


def steepest(one: Measured, others: Others) -> list[Step]:
    """The clearest step along columns, and along rows: beyond the neighbours', against what varies there."""
    found = []
    for axis, name in enumerate(("column", "row")):
        own = one.structure.steps[axis]
        steps = [other.structure.steps[axis] for other in others]
        alike = np.array([each[0] for each in steps if each.shape == own.shape])
        if own.size == 0 or len(alike) < 3:
            continue
        middle = np.median(alike, axis=0)
        # The picture's own edges move: what varies near a line may come to lie on it.
        spread = cv2.dilate(
            1.4826 * np.median(np.abs(alike - middle), axis=0)[None], np.ones((1, 2 * MOVED + 1))
        )[0]
        beyond: Values = own[0] - middle
        least = max(1.4826 * float(np.median(np.abs(beyond))), 1e-5)
        noise = np.sqrt(spread**2 + least**2)
        beyond = np.where(np.abs(own[1]) > SHARED * np.abs(beyond), beyond, 0)
        at = int((np.abs(beyond) / noise).argmax())
        found.append(Step(255 * float(beyond[at]), 255 * float(noise[at]), name, at + 1))
    return found


def _median(values: Sequence[float]) -> float:
    found = [value for value in values if np.isfinite(value)]
    return float(np.median(found)) if found else _NONE


FIGURES: dict[str, Callable[[Measured, Others], float]] = {
    "halo": halo,
    "grain": grain,
    "flicker": flicker,
    "edges": edges,
    "hue": hue,
    "bleed": bleed,
    "skin": skin,
    "banding": banding,
    "seam": seam,
}
