"""Whether one element runs at another rate than the other: by how much moves, from frame to frame, in both.

Cuts, pans and still moments give a curve that grain, fading and crop hardly change. The curve of the Reference,
stretched by each usual change of rate and shifted, is laid over that of the Source. A light measure: it finds
one constant rate, over frames that are long enough for it to show; a rate that varies it calls unlike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.finding import Finding
from film_recovery.footage.movement import Step

# Frames of the Reference for one of the Source: changes between 8, 16, 18, 20, 24, 25, 30, 50 and 60 frames a second.
RATES = tuple(
    sorted(
        {Fraction(1)}
        | {
            Fraction(a, b)
            for a, b in ((25, 24), (30, 24), (30, 25), (24, 16), (24, 18), (24, 20), (2, 1), (60, 24))
        }
        | {
            Fraction(b, a)
            for a, b in ((25, 24), (30, 24), (30, 25), (24, 16), (24, 18), (24, 20), (2, 1), (60, 24))
        }
    )
)
_DRIFT = 3.0  # frames that a rate must part from the true one over the range, to be told from it
_LEAST = 40  # frames that must lie over one another
ALIKE = 0.7  # correlation from which the curves are those of one film; a film run backwards reached 0.55
_BETTER = 0.05  # by which another rate must be better than equal ones
_OVER = 0.6  # part of the shorter element that must lie over the other: two cuts alone agree too easily


@dataclass(frozen=True)
class Retime:
    """``rate``: frames of the Reference for one of the Source. ``shift``: the Reference's frame where the Source's
    first is, counted from its own first. ``correlation``: of the curves, −1 to 1; ``at_equal_rates``: with rate 1.
    ``too_short_for``: rates that drift too little over so few frames to be told from 1.
    """

    rate: Fraction
    shift: float
    correlation: float
    at_equal_rates: float
    too_short_for: tuple[Fraction, ...] = ()


def retime(source: Sequence[Step], reference: Sequence[Step]) -> Retime | None:
    """The rate at which the curves agree best, or None: too few frames, or too little moves, to tell."""
    curves = [_curve(run) for run in (source, reference)]
    if min(map(len, curves)) < _LEAST or min(float(np.std(curve)) for curve in curves) < 0.05:
        return None
    best: dict[Fraction, tuple[float, float]] = {}
    skipped = []
    for rate in RATES:
        overlap = min(len(curves[0]), len(curves[1]) / float(rate))
        if rate != 1 and abs(float(rate) - 1) * overlap < _DRIFT:
            skipped.append(rate)
            continue
        best[rate] = _best(curves[0], curves[1], float(rate))
    rate = max(best, key=lambda one: best[one][0])
    if best[rate][0] < best[Fraction(1)][0] + _BETTER:
        rate = Fraction(1)
    correlation, shift = best[rate]
    return Retime(rate, shift, correlation, best[Fraction(1)][0], tuple(skipped))


def retime_finding(found: Retime | None) -> Finding:
    """``retime.rate``. Value: rate, shift and correlations."""
    if found is None:
        reason = "Too few frames, or too little movement, to tell whether the elements run at one rate."
        return Finding("retime.rate", "both", "info", None, reason)
    value = {
        "rate": float(found.rate),
        "shift": found.shift,
        "correlation": round(found.correlation, 3),
        "at_equal_rates": round(found.at_equal_rates, 3),
    }
    if found.correlation < ALIKE:
        reason = (
            f"What moves in the elements is not alike (correlation {found.correlation:.2f}), "
            "so their rate is not told."
        )
        remedy = (
            "check that both show the same part of the film",
            "or that no clip in the timeline is retimed",
        )
        return Finding("retime.rate", "both", "info", value, reason, remedy)
    if found.rate == 1 and found.too_short_for:
        rates = ", ".join(map(str, found.too_short_for))
        reason = (
            f"Both elements seem to run at one rate (correlation {found.correlation:.2f}), but rates of {rates} "
            "cannot be told from it in so few frames on end."
        )
        return Finding(
            "retime.rate", "both", "info", value, reason, ("look at more frames on end: ingest --most",)
        )
    if found.rate == 1:
        reason = f"Both elements run at one rate (correlation {found.correlation:.2f})."
        return Finding("retime.rate", "both", "pass", value, reason)
    reason = (
        f"The Reference is retimed: {found.rate.numerator} of its frames are {found.rate.denominator} of the Source's "
        f"(correlation {found.correlation:.2f}, {found.at_equal_rates:.2f} at equal rates)."
    )
    remedy = (
        "conform both elements to one timeline with retimes off and export again",
        "else choose pairs by hand, shot by shot",
    )
    return Finding("retime.rate", "both", "warn", value, reason, remedy)


def _curve(run: Sequence[Step]) -> NDArray[np.float64]:
    """Logarithm of what moved, its slow part taken off: fading and grain change that. Repeated frames are bridged."""
    moved = np.array([step.moved for step in run[1:]], float)
    moved[~np.isfinite(moved)] = 0
    if len(moved) < 3:
        return np.zeros(0)
    level = np.median(moved[moved > 0]) if np.any(moved > 0) else 1.0
    # A repeated frame is no still moment: it is where its neighbours are.
    near = np.maximum(moved, np.minimum(np.roll(moved, 1), np.roll(moved, -1)))
    near[[0, -1]] = moved[[0, -1]]
    curve: NDArray[np.float64] = np.log(np.maximum(near, 0.02 * level))
    return curve


def _best(source: NDArray[np.float64], reference: NDArray[np.float64], rate: float) -> tuple[float, float]:
    """The best correlation over shifts, and the shift in frames of the Reference."""
    own = np.arange(len(source))
    found = (-1.0, 0.0)
    least = max(_LEAST, _OVER * min(len(source), len(reference) / rate))
    for shift in np.arange(-len(source) * rate, len(reference), 0.5 if rate != 1 else 1.0):
        places = own * rate + shift
        inside = (places >= 0) & (places <= len(reference) - 1)
        if np.count_nonzero(inside) < least:
            continue
        other = np.interp(places[inside], np.arange(len(reference)), reference)
        here = source[inside]
        spread = float(np.std(here) * np.std(other))
        if spread > 0:
            value = float(np.mean((here - here.mean()) * (other - other.mean())) / spread)
            found = max(found, (value, float(shift)))
    return found
