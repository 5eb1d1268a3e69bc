"""The figures of a model on pairs, where they are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from film_recovery.engine.scores import Measure
from film_recovery.engine.training import curve_display
from film_recovery.learning.pairs import Pair


class Halved(torch.nn.Module):
    """Takes half of the saturation: every channel half-way to the largest."""

    radius = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + x.amax(1, keepdim=True)) / 2


@pytest.mark.parametrize("recipe", ["spatial", "colour"])
def test_saturation_is_measured_in_both_recipes(recipe: str) -> None:
    picture = np.full((12, 15, 3), (0.8, 0.2, 0.4), np.float32)
    measure = Measure(recipe, "none", curve_display("none"))
    pairs = [Pair(picture, picture, "red")]
    assert measure.figures(pairs, None)["sat_ratio_60"] == pytest.approx(1)
    found = measure.figures(pairs, Halved())
    assert found["sat_ratio_60"] == pytest.approx(0.5, abs=1e-6)
    assert ("de00" in found) == (recipe == "colour")


def test_where_nothing_is_saturated_there_is_no_figure_for_it() -> None:
    grey = np.full((12, 15, 3), 0.5, np.float32)
    found = Measure("spatial", "none", curve_display("none")).figures([Pair(grey, grey, "grey")], None)
    assert set(found) == {"psnr"}
