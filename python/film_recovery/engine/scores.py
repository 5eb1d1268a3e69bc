"""How good a model is on pairs: the figures that training shows, logs and compares.

A model runs here as it does in a render, over whole frames in the same tiles. ``psnr`` is in dB on encoded
values (the model's curve) of what the recipe changes, luma or red, green and blue; ``sat_ratio_60`` and, where
the recipe changes colour, ``de00`` (mean CIEDE2000) are measured on pictures as displayed, encoded sRGB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning import tiling
from film_recovery.learning.curve import Curve
from film_recovery.learning.memory import render_tile
from film_recovery.learning.pairs import PairSource

# Every so many pixels count for saturation and ΔE00, which are slow on all of them and differ little.
_STRIDE = 3


@dataclass(frozen=True)
class Measure:
    """What figures need to know. ``display``: graph values to encoded sRGB, H×W×3."""

    recipe: str
    curve: str
    display: Callable[[Pixels], Pixels]

    def figures(self, pairs: PairSource, model: Any) -> dict[str, float]:
        """Figures of ``model`` (None: of the Input as it is) on ``pairs``, by name; what is not finite is left out."""
        encode = Curve(self.curve).encode_array
        error, count = 0.0, 0
        shown: list[tuple[Pixels, Pixels]] = []
        for index in range(len(pairs)):
            pair = pairs[index]
            result = applied(model, pair.input)
            a, b = (luma(side) if self.recipe == "spatial" else side for side in (result, pair.truth))
            error += float(np.sum((encode(a) - encode(b)) ** 2))
            count += a.size
            shown.append((self._shown(result), self._shown(pair.truth)))
        found = {"psnr": float(10 * np.log10(count / max(error, 1e-30)))}
        if self.recipe == "colour":
            found["de00"] = float(np.mean([difference_2000(a, b).mean() for a, b in shown]))
        results, truths = (np.concatenate(side) for side in zip(*shown, strict=True))
        found["sat_ratio_60"] = saturation_ratio(results, truths, threshold=60).ratio
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def _shown(self, picture: Pixels) -> Pixels:
        return self.display(np.ascontiguousarray(picture[::_STRIDE, ::_STRIDE])).reshape(-1, 3)


def applied(model: Any, picture: Pixels) -> Pixels:
    """``picture`` (H×W×3, top row first, graph values) through ``model``; None changes nothing."""
    return picture if model is None else run_whole(model, picture, model.radius)


def run_whole(module: Any, picture: Pixels, radius: int) -> Pixels:
    """``picture`` (as above) through ``module``, in the tiles that a render takes."""
    tile = render_tile(module, picture.shape[0], picture.shape[1], radius)
    return tiling.apply(module, picture, tile=tile, radius=radius)
