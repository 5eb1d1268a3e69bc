"""The closed form of a training: fitted, and judged on pairs that it was not fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

from film_recovery.engine.kept import Subset
from film_recovery.engine.scores import Measure
from film_recovery.learning.checkpoint import checkpoints, load_checkpoint
from film_recovery.learning.linear_filter import LumaFilter, fit_linear_filter
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.polynomial import ColourPolynomial, fit_colour_polynomial

HELD_OUT_EVERY = 4  # of the pairs, one in four scores a fit on the other three
_BASE = "base."  # how the names of a closed form's weights begin inside a network


def fit(measure: Measure, pairs: PairSource, often: Sequence[int] = ()) -> ClosedForm:
    """The closed form of the recipe, fitted on ``pairs``; each counts as ``often`` as a training draws it."""
    if measure.recipe == "spatial":
        return fit_linear_filter(pairs, curve=measure.curve, often=often)
    return fit_colour_polynomial(pairs, recipe=measure.recipe, curve=measure.curve, often=often)


def fitted_before(measure: Measure, folder: Path) -> ClosedForm | None:
    """The closed form inside the newest checkpoint in ``folder``: fitting it again would read all pairs.

    None where there is none, as inside nafnet32, or it is of another recipe or curve.
    """
    found = checkpoints(folder)
    content = load_checkpoint(found[-1]) if found else None
    if content is None or content.trained_for != {"recipe": measure.recipe, "curve": measure.curve}:
        return None
    held = {
        name.removeprefix(_BASE): value for name, value in content.model.items() if name.startswith(_BASE)
    }
    closed: ClosedForm
    try:
        if measure.recipe == "spatial":
            levels, _, size, _ = held["kernels"].shape
            closed = LumaFilter(measure.curve, size, levels)
        else:
            closed = ColourPolynomial(measure.curve, 3, measure.recipe)
        closed.load_state_dict(held)
    except (KeyError, RuntimeError):
        return None
    return closed


def cross_score(measure: Measure, pairs: PairSource) -> float | None:
    """PSNR of the closed form on a quarter of the pairs, fitted on the others; None with too few."""
    held_out = [index for index in range(len(pairs)) if index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    others = [index for index in range(len(pairs)) if index not in held_out]
    if not held_out or not others:
        return None
    return measure.figures(Subset(pairs, held_out), fit(measure, Subset(pairs, others)))["psnr"]


def better(closed: Mapping[str, float], network: Mapping[str, float]) -> str:
    """Which is better on held-out pairs: by ΔE00 where it is measured, else by PSNR. A tie goes to the simpler,
    and so does a network whose figure is not finite."""
    if "de00" in closed:
        return "network" if network.get("de00", inf) < closed["de00"] else "closed_form"
    return "network" if network.get("psnr", -inf) > closed["psnr"] else "closed_form"
