"""The closed form of a training: fitted, and judged on pairs that it was not fitted on."""

from __future__ import annotations

from collections.abc import Mapping

from film_recovery.engine.kept import Subset
from film_recovery.engine.scores import Measure
from film_recovery.learning.linear_filter import fit_linear_filter
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.polynomial import fit_colour_polynomial

HELD_OUT_EVERY = 4  # of the pairs, one in four scores a fit on the other three


def fit(measure: Measure, pairs: PairSource) -> ClosedForm:
    """The closed form of the recipe, fitted on ``pairs``."""
    if measure.recipe == "spatial":
        return fit_linear_filter(pairs, curve=measure.curve)
    return fit_colour_polynomial(pairs, recipe=measure.recipe, curve=measure.curve)


def cross_score(measure: Measure, pairs: PairSource) -> float | None:
    """PSNR of the closed form on a quarter of the pairs, fitted on the others; None with too few."""
    held_out = [index for index in range(len(pairs)) if index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    others = [index for index in range(len(pairs)) if index not in held_out]
    if not held_out or not others:
        return None
    return measure.figures(Subset(pairs, held_out), fit(measure, Subset(pairs, others)))["psnr"]


def better(closed: Mapping[str, float], network: Mapping[str, float]) -> str:
    """Which is better on held-out pairs: by ΔE00 where it is measured, else by PSNR. A tie goes to the simpler."""
    if "de00" in closed:
        return "network" if network["de00"] < closed["de00"] else "closed_form"
    return "network" if network["psnr"] > closed["psnr"] else "closed_form"
