"""Whether a training goes on past its steps, and which weights it ends with.

Weak colours on held-out pairs mostly mean that training ended too early. So a training with a ceiling goes on in
rounds: after its steps a first round in any case (there is nothing to compare with before), then another while the
last round end was better than all before it in held-out saturation or ΔE00 (PSNR where the recipe leaves colour
alone), until the ceiling. It ends with the weights of the best round end.

All of it is decided from the figures at the round ends, which checkpoints keep: a training that was killed and resumed
decides as one that ran through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from film_recovery.learning.settings import Settings

# What counts as better: less is the noise of a few held-out frames.
SATURATION_MARGIN = 0.005  # of the saturation ratio
DE00_MARGIN = 0.01  # share of the ΔE00
PSNR_MARGIN = 0.05  # dB


@dataclass(frozen=True)
class RoundEnd:
    """Held-out ``figures`` (of ``engine.scores``, by name) after ``step`` steps, the last of a round."""

    step: int
    figures: Mapping[str, float]


def goal(settings: Settings, history: Sequence[RoundEnd]) -> int:
    """The step at which the training ends, as far as ``history`` (round ends, oldest first) tells."""
    if not history:
        return settings.steps
    last = history[-1].step
    further = [end for end in settings.round_ends if end > last]
    return further[0] if further and (len(history) == 1 or improved(history)) else last


def improved(history: Sequence[RoundEnd]) -> bool:
    """Whether the last round end is better than every one before it, in any of its figures, beyond the margin."""
    *before, last = (_badness(end.figures) for end in history)
    return any(
        value < (1 - share) * min(end.get(name, inf) for end in before) - margin
        for name, value in last.items()
        for margin, share in (_MARGINS[name],)
    )


def best(history: Sequence[RoundEnd]) -> RoundEnd:
    """The round end whose weights are kept: the first, unless a later one is better in something and worse in nothing,
    beyond the margins."""
    found = history[0]
    for end in history[1:]:
        if improved((found, end)) and not improved((end, found)):
            found = end
    return found


def metric(figures: Mapping[str, float]) -> str:
    """The figure by which one look is better than another: ΔE00 where it is measured, else PSNR; "" without either."""
    return next((name for name in ("de00", "psnr") if name in figures), "")


def ahead(figures: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether ``figures`` are better than ``other`` by their metric, however little."""
    name = metric(figures)
    if not name or name not in other:
        return bool(name)
    return figures[name] < other[name] if name == "de00" else figures[name] > other[name]


def _badness(figures: Mapping[str, float]) -> dict[str, float]:
    """What should fall, by name."""
    name = metric(figures)
    found = {name: figures[name] if name == "de00" else -figures[name]} if name else {}
    if "sat_ratio_60" in figures:
        found["sat_ratio_60"] = abs(1 - figures["sat_ratio_60"])
    return found


# By name: how much less, and what share less.
_MARGINS = {
    "de00": (0.0, DE00_MARGIN),
    "sat_ratio_60": (SATURATION_MARGIN, 0.0),
    "psnr": (PSNR_MARGIN, 0.0),
}
