"""The figure of each kind for one frame, told by what its neighbours foretell; where it lies in the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.outliers.line import TO_SIGMA, foretold
from film_recovery.outliers.measured import Measured
from film_recovery.outliers.relation import Relation, Values, pooled
from film_recovery.outliers.tone import Tone

Others = Sequence[Measured]
_NONE = float("nan")
LEAST_LUMA = 0.01  # encoded: where less is foretold, there is no light that could flicker
LEAST_CHROMA = 0.008  # root mean square of the foretold Cb, Cr: a picture with less has no hue
LEAST_SKIN = 0.004  # of the picture
TINTED = 0.8  # of what skin is off by: with so much of it in the rest, all of the picture is
LEAST_KNOWN = 6  # neighbours that show a tone
STRANGE = 5  # times the power of tones and colours in the frames around: these say nothing of them
LEAST_SPREAD = 0.02  # of a tone's log power: no tone counts alone
NEAR = 12  # frames of those around it whose relation foretells a frame: what is shown changes over a shot
MOVED = 8  # pixels from frame to frame
STAYED = 1  # pixels by which a line may lie elsewhere and be the same
ALIKE = (
    0.5  # of a step's height: one that high beside the line, in a frame before or after, is the same edge,
)
LEFT = 0.8  # of which less than this is left on the line itself
OFTEN = 0.75  # of the frames around, as many as may not be faulty: so many vary by no more than
OFTEN_SIGMAS = 1.15  # deviations
LEAST_SHARE = 0.05  # of the fine power: by how much less shares differ is nothing, near none and near all
SHARED = 0.3  # of a step must be found in each part of the line but one


@dataclass(frozen=True)
class Reading:
    """A figure, and by how much the neighbours differ in what they foretell of it (deviation, the same unit): a frame
    that shows what they do not, at the end of a fast pan, is foretold by none of them well."""

    value: float
    doubt: float = 0.0


_NOTHING = Reading(_NONE)


def near(one: Measured, others: Others) -> list[Measured]:
    """The NEAR of ``others`` that are nearest in time, in order."""
    nearest = sorted(others, key=lambda other: abs(other.frame - one.frame))[:NEAR]
    return sorted(nearest, key=lambda other: other.frame)


def foreign(one: Measured, others: Others) -> float:
    """How much more of the Source's tones and colours a frame has than those around it, which foretell it: 1 as
    much, above STRANGE what none of them shows."""
    close = pooled([other.tone.whole for other in near(one, others)])
    own = one.tone.whole.inner
    return float(np.trace(np.linalg.solve(close.ridged, own))) / len(own)


def blank(one: Measured) -> bool:
    """Whether the Source shows nothing but black, or nothing but white."""
    mean, power = one.tone.whole.inner[0, 1], one.tone.whole.inner[1, 1]
    return bool(min(power, power - 2 * mean + 1) < LEAST_LUMA**2)


def flicker(one: Measured, others: Others) -> Reading:
    """Percent by which luma's mean is above what it follows from the Source's, of what that has not cut off."""
    own_light = one.tone.light
    known = [other.tone.light for other in near(one, others)]
    lights = [light for light in known if light is not None]
    if own_light is None or len(lights) < LEAST_KNOWN:
        return _NOTHING
    # What one frame shows says little of tones that it lacks: all neighbours' together foretell.
    by = pooled(lights).fitted[:, 0]
    means = [(light.cross[0, 0], light.inner[0] @ by) for light in (own_light, *lights)]
    if means[0][1] < LEAST_LUMA:
        return _NOTHING
    own, *usual = (100 * np.log(max(mean, LEAST_LUMA) / max(told, LEAST_LUMA)) for mean, told in means)
    said = _agreed(usual)
    return Reading(float(own) - said.value, said.doubt)


def hue(one: Measured, others: Others) -> Reading:
    """Degrees by which chroma is turned, Cb towards Cr, against what it follows from the Source's."""
    others = near(one, others)
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
    """Codes of 255 (Cb, Cr, root of the sum of squares) by which skin is off, beyond what the rest is."""
    off, doubt = _skin_off(one, near(one, others))
    return Reading(float(np.linalg.norm(off[1:])), float(np.linalg.norm(doubt[1:])))


def skin_lighter(one: Measured, others: Others) -> Reading:
    """The same of Y alone: where detail was restored, it varies more than chroma does. With its sign: over a pan it
    goes from one side to the other, which its size alone would hide."""
    off, doubt = _skin_off(one, near(one, others))
    return Reading(float(off[0]), float(doubt[0]))


def skin_darker(one: Measured, others: Others) -> Reading:
    lighter = skin_lighter(one, others)
    return Reading(-lighter.value, lighter.doubt)


def _skin_off(one: Measured, others: Others) -> tuple[Values, Values]:
    """Codes of 255 (Y, Cb, Cr) by which skin is off, and by how much the neighbours differ in that; NaN where it
    cannot be told."""
    known = [other.tone for other in others if _has_skin(other.tone)]
    if not _has_skin(one.tone) or len(known) < LEAST_KNOWN:
        return np.full(3, _NONE), np.zeros(3)
    # Skin is a small part of the colours: all neighbours' together say what becomes of it.
    of_skin = pooled([each.skin for each in known]).fitted
    of_rest = pooled([each.rest for each in known]).fitted
    offs = np.array(
        [255 * (_off(each.skin, of_skin) - _off(each.rest, of_rest)) for each in (one.tone, *known)]
    )
    middle = np.median(offs[1:], axis=0)
    return offs[0] - middle, 1.4826 * np.median(np.abs(offs[1:] - middle), axis=0)


def _has_skin(tone: Tone) -> bool:
    return LEAST_SKIN < tone.share < 1 - LEAST_SKIN


def _off(own: Relation, by: Values) -> Values:
    """M: the mean of what is there, less what ``by`` foretells."""
    return np.asarray(own.cross[0] - own.inner[0] @ by)


def turned_rather(one: Measured, others: Others) -> bool:
    """Whether a turn or a tint of all chroma says more of what chroma is off by than an offset of skin alone does."""
    others = near(one, others)
    says = []
    for other in others:
        by = other.tone.whole.fitted[:, 1:]
        product = _turned(one.tone.whole, by)
        turn = 2 * (abs(product) - product.real)
        tint, off, rest = (
            _off(side, other.tone.whole.fitted)[1:] for side in (one.tone.whole, one.tone.skin, one.tone.rest)
        )
        # Where most of a picture is skin, skin that is off tints it.
        tinted = float(tint @ tint) if rest @ off > TINTED * (off @ off) else 0.0
        says.append(max(turn, tinted) - one.tone.share * float(off @ off))
    return float(np.median(says)) > 0


def _turned(own: Relation, by: Values) -> complex:
    """Of the chroma that ``by`` foretells and that there is: how much they share, and in its angle, the turn."""
    product = by[:, 0] + 1j * by[:, 1]
    actual = own.cross[:, 1] + 1j * own.cross[:, 2]
    return complex(np.conj(product) @ actual)


def bleed(one: Measured, others: Others) -> Reading:
    """Percent by which chroma's edges are stronger (weaker: below 0) than they follow from the Source's."""
    return _agreed([100 * (one.bleeding.gain(other.bleeding.fitted) - 1) for other in near(one, others)])


def halo(one: Measured, others: Others) -> Reading:
    """Percent by which luma beside strong edges departs from its surroundings more than it follows from the Source."""
    own = one.structure.edges
    if own is None:
        return _NOTHING
    known = [other.structure.edges for other in near(one, others)]
    return _agreed([100 * (own.wide.gain(each.wide.fitted) - 1) for each in known if each is not None])


def edges(one: Measured, others: Others) -> Reading:
    """Logarithm of the odds that fine power at strong edges is what no filter makes of the Source's: grain of the
    recovery's own leaves little of it to filters, and a share could hardly rise."""
    own = one.structure.edges
    if own is None:
        return _NOTHING
    share = own.fine.misfit(own.fine.fitted)
    return Reading(float(np.log((share + LEAST_SHARE) / (1 - share + LEAST_SHARE))))


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
    return Reading(100 * (left[0] - float(np.median(left[1:]))), 100 * _unlike(own, alike))


def _unlike(own: Relation, alike: Sequence[Relation]) -> float:
    """By how much the two halves of the neighbours differ in what becomes of that by which a frame's tiles are unlike
    all of theirs: where a pan ends on what they do not show, neither says it well. A fault in some of them moves the
    halves, but not that."""
    half = len(alike) // 2
    earlier, later = (pooled(each).fitted[:, 0] for each in (alike[:half], alike[half:]))
    return abs(float((own.inner[0] - pooled(alike).inner[0]) @ (earlier - later)))


def grain_floor(one: Measured, others: Others) -> Reading:
    """Percent (of a logarithm) by which the power in the quietest blocks is above what it is in the neighbours', at
    equal tones: of grain that does not follow the Source's."""
    numbers = np.array([other.frame for other in others], np.float64)
    floors = np.array([other.structure.floor for other in others])
    offs, weights = [], []
    for own, course in zip(one.structure.floor, floors.T, strict=True):
        known = np.isfinite(course)
        if np.isfinite(own) and np.count_nonzero(known) >= LEAST_KNOWN:
            # Against their middle: that all of it drifts is left to the course of this figure.
            _, spread = foretold(numbers[known], course[known], one.frame)
            offs.append(own - float(np.median(course[known])))
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
        own = one.structure.steps[axis]
        alike = [other for other in others if other.structure.steps[axis].shape == own.shape]
        if not own.size or len(alike) < 3:
            continue
        own, steps = _without_bars(own, np.array([other.structure.steps[axis] for other in alike]))
        beside = [abs(other.frame - one.frame) == 1 for other in alike]
        moved = _moving(own[0], steps[:, 0], beside)
        for place in range(0, len(own), 2):  # near, and wide
            found.append(_steepest(own[place : place + 2], steps[:, place], moved, name))
    return found


def _without_bars(
    own: NDArray[np.float32], others: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Steps as they are, but none at lines that a bar has in this frame or in most others; where it has some of them,
    they are as the rest."""
    if not np.isnan(own).any() and not np.isnan(others).any():
        return own, others
    barred = np.isnan(own[0]) | (np.isnan(others[:, 0]).mean(axis=0) > 0.5)
    own, others = np.where(barred, 0, own), np.where(barred, 0, others)
    return own, np.where(np.isnan(others), np.nanmedian(others, axis=0), others)


def _steepest(own: NDArray[np.float32], others: NDArray[np.float32], moved: Values, name: str) -> Step:
    middle = np.median(others, axis=0)
    off = np.abs(others - middle)
    # A fine line that weaves is beside its place in some frames only: the middle of what varies does not show that.
    varied = np.maximum(TO_SIGMA * np.median(off, axis=0), np.quantile(off, OFTEN, axis=0) / OFTEN_SIGMAS)
    # The picture's own edges move: what varies near a line may come to lie on it.
    spread = _largest(varied[None].astype(np.float32), MOVED)[0]
    beyond: Values = own[0] - middle
    least = max(1.4826 * float(np.median(np.abs(beyond))), 1e-5)
    noise = np.sqrt(spread**2 + least**2)
    beyond = np.where(np.abs(own[1]) > SHARED * np.abs(beyond), beyond, 0)
    beyond = np.where(moved > ALIKE * np.abs(beyond), 0, beyond)
    at = int((np.abs(beyond) / noise).argmax())
    return Step(255 * float(beyond[at]), 255 * float(noise[at]), name, at + 1)


def _moving(own: NDArray[np.float32], others: NDArray[np.float32], beside: list[bool]) -> Values:
    """By line: the largest of the steps near it that the frames before and after have a little to the side instead.
    They are edges that move, and no seams."""
    middle = np.median(others, axis=0)
    steps = own - middle
    found = np.abs(steps).astype(np.float32) if any(beside) else np.zeros(len(own), np.float32)
    for other in others[beside]:
        signed = np.stack([other - middle, middle - other]).astype(np.float32)
        way = np.where(steps > 0, 0, 1)[None]
        most, there = (
            np.take_along_axis(_largest(signed, reach), way, axis=0)[0] for reach in (MOVED, STAYED)
        )
        moved = (most > ALIKE * np.abs(steps)) & (there < LEFT * most)
        found[~moved] = 0
    return np.asarray(_largest(found[None], MOVED)[0], np.float64)


def _largest(rows: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Within ``reach`` of each place of each row."""
    return np.asarray(cv2.dilate(rows, np.ones((1, 2 * reach + 1))), np.float32)


def _agreed(values: Sequence[float] | Values) -> Reading:
    """The middle of what the neighbours say, and how far they differ."""
    found = [value for value in values if np.isfinite(value)]
    if not found:
        return _NOTHING
    middle = float(np.median(found))
    return Reading(middle, 1.4826 * float(np.median(np.abs(np.array(found) - middle))))


# Several figures of a kind count together; of EITHER, each alone.
EITHER = ("skin",)
FIGURES: dict[str, tuple[Callable[[Measured, Others], Reading], ...]] = {
    "halo": (halo,),
    "grain": (grain, grain_floor),
    "flicker": (flicker,),
    "edges": (edges,),
    "hue": (hue,),
    "bleed": (bleed,),
    "skin": (skin, skin_lighter, skin_darker),
    "banding": (banding,),
}
