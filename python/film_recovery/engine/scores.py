"""How good a model is on pairs: the figures that training shows, logs and compares.

A model runs here as it does in a render, over whole frames in the same tiles. ``psnr`` is in dB on encoded
values (the model's curve) of what the recipe changes, luma or red, green and blue; ``sat_ratio_60`` and, where
the recipe changes colour, ``de00`` (mean CIEDE2000) are measured on pictures as displayed, encoded sRGB. One picture
is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning import tiling
from film_recovery.learning.curve import Curve
from film_recovery.learning.memory import render_tile, tiles_at_once
from film_recovery.learning.pairs import PairSource

# Every so many pixels count for saturation and ΔE00, which are slow on all of them and differ little.
_STRIDE = 3


Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Measure:
    """What figures need to know. ``display``: graph values to encoded sRGB, H×W×3."""

    recipe: str
    curve: str
    display: Callable[[Pixels], Pixels]

    def figures(
        self, pairs: PairSource, model: Any, tell: Tell = lambda done, total: None
    ) -> dict[str, float]:
        """Figures of ``model`` (None: of the Input as it is) on ``pairs``, by name; what is not finite is left out.

        ``tell``: after each pair, how many of them are measured.
        """
        parts: list[_Part] = []
        for index in range(len(pairs)):
            parts.append(self._part(pairs, index, model))
            tell(index + 1, len(pairs))
        error, count = sum(part.error for part in parts), sum(part.count for part in parts)
        found = {"psnr": float(10 * np.log10(count / max(error, 1e-30)))}
        if self._colour:
            found["de00"] = float(np.mean([part.de00 for part in parts]))
        wanted = sum(part.wanted for part in parts)
        found["sat_ratio_60"] = sum(part.got for part in parts) / wanted if wanted else nan
        return {name: value for name, value in found.items() if np.isfinite(value)}

    @property
    def _colour(self) -> bool:
        return self.recipe != "spatial"

    def _part(self, pairs: PairSource, index: int, model: Any) -> _Part:
        """What the pair at ``index`` adds; its pictures are let go on return."""
        encode = Curve(self.curve).encode_array
        pair = pairs[index]
        result = applied(model, pair.input)
        a, b = (side if self._colour else luma(side) for side in (result, pair.truth))
        error = float(np.sum((encode(a) - encode(b)) ** 2))
        shown = self._shown(result), self._shown(pair.truth)
        with np.errstate(over="ignore", invalid="ignore"):  # of a network that exploded there is no figure
            de00 = float(difference_2000(*shown).mean()) if self._colour else nan
        colour = saturation_ratio(*shown, threshold=60)
        got = colour.ratio * colour.weight if colour.weight else 0.0
        return _Part(error, a.size, de00, got, colour.weight)

    def _shown(self, picture: Pixels) -> Pixels:
        return self.display(np.ascontiguousarray(picture[::_STRIDE, ::_STRIDE])).reshape(-1, 3)


@dataclass(frozen=True)
class _Part:
    """What one pair adds: sum of squared errors, of ``count`` values; ΔE00; saturation that is there and wanted."""

    error: float
    count: int
    de00: float
    got: float
    wanted: float


def applied(model: Any, picture: Pixels) -> Pixels:
    """``picture`` (H×W×3, top row first, graph values) through ``model``; None changes nothing."""
    return picture if model is None else run_whole(model, picture, model.radius)


def run_whole(module: Any, picture: Pixels, radius: int) -> Pixels:
    """``picture`` (as above) through ``module``, in the tiles that a render takes."""
    tile = render_tile(module, picture.shape[0], picture.shape[1], radius)
    at_once = tiles_at_once(module, tile, radius)
    return tiling.apply(module, picture, tile=tile, radius=radius, at_once=at_once)
