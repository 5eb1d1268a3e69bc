"""The reconstruction filters of Nuke's filter knobs, as functions of the distance in source pixels.

Where it stands: :mod:`film_recovery.comp.resample` weighs source pixels with them; the geometry nodes name
one.

The names and what they do are Foundry's
(learn.foundry.com/nuke/content/comp_environment/transforming_elements/ filtering_algorithm_2d.html). Cubic,
Keys, Simon, Rifman, Mitchell and Parzen are the cubic family of Mitchell and Netravali (SIGGRAPH 1988) with
parameters (B, C); Foundry names the members but does not print the parameters, so Simon's C = 0.75 and
Rifman's C = 1 are *unconfirmed* (they follow published re-implementations). *Unconfirmed* too: the support of
Lanczos4 and Lanczos6 (read here as 4 and 6 pixels wide, radius 2 and 3) and of sinc4 (a sinc cut at 4 pixels
width). Notch has no published formula and is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

Array = NDArray[Any]


@dataclass(frozen=True)
class Filter:
    """``weight``: value at a distance in pixels (any sign, any shape). ``radius``: half the support, in
    pixels.

    ``interpolating``: one at zero and zero at every other whole number, so that whole-pixel moves are exact.
    """

    name: str
    radius: float
    weight: Callable[[Array], Array]
    interpolating: bool
    widens: bool = (
        True  # whether it grows where the picture shrinks: all but impulse, which takes single pixels
    )


def _cubic(b: float, c: float) -> Callable[[Array], Array]:
    def weight(distance: Array) -> Array:
        x = np.abs(distance)
        inner = ((12 - 9 * b - 6 * c) * x + (-18 + 12 * b + 6 * c)) * x * x + (6 - 2 * b)
        outer = (((-b - 6 * c) * x + (6 * b + 30 * c)) * x + (-12 * b - 48 * c)) * x + (8 * b + 24 * c)
        return np.where(x < 1, inner, np.where(x < 2, outer, 0.0)) / 6

    return weight


def _linear(distance: Array) -> Array:
    return np.maximum(0.0, 1.0 - np.abs(distance))


def _nearest(distance: Array) -> Array:
    # Half-open, so that a sample exactly between two pixels takes one of them only.
    return ((distance >= -0.5 - 1e-9) & (distance < 0.5 - 1e-9)).astype(np.float64)


def _lanczos(radius: int) -> Callable[[Array], Array]:
    def weight(distance: Array) -> Array:
        return np.where(np.abs(distance) < radius, np.sinc(distance) * np.sinc(distance / radius), 0.0)

    return weight


def _sinc(radius: int) -> Callable[[Array], Array]:
    def weight(distance: Array) -> Array:
        return np.where(np.abs(distance) < radius, np.sinc(distance), 0.0)

    return weight


_FILTERS = {
    item.name: item
    for item in (
        Filter("impulse", 0.5, _nearest, True, widens=False),
        Filter("linear", 1.0, _linear, True),
        Filter("cubic", 1.0, _cubic(0, 0), True),  # B = C = 0 vanishes beyond one pixel
        Filter("keys", 2.0, _cubic(0, 0.5), True),
        Filter("simon", 2.0, _cubic(0, 0.75), True),
        Filter("rifman", 2.0, _cubic(0, 1), True),
        Filter("mitchell", 2.0, _cubic(1 / 3, 1 / 3), False),
        Filter("parzen", 2.0, _cubic(1, 0), False),
        Filter("lanczos4", 2.0, _lanczos(2), True),
        Filter("lanczos6", 3.0, _lanczos(3), True),
        Filter("sinc4", 2.0, _sinc(2), True),
    )
}
# What older scripts and the menu call the same filters.
_ALIASES = {
    "nearest": "impulse",
    "bilinear": "linear",
    "bicubic": "cubic",
    "lanczos": "lanczos4",
    "sinc": "sinc4",
}


def find_filter(name: str) -> Filter:
    """The filter that a knob names (any case). FilmRecoveryError for one that is not implemented."""
    key = name.lower()
    found = _FILTERS.get(_ALIASES.get(key, key))
    if found is None:
        raise FilmRecoveryError(
            f"The filter {name} is not implemented; there are {', '.join(_FILTERS)}.",
            remedy="choose one of these filters, or render this node in Nuke",
        )
    return found
