"""The figures of a model on pairs, where they are known."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.engine.scores import Measure
from film_recovery.engine.training import curve_display
from film_recovery.learning.pairs import Pair


class Halved(torch.nn.Module):
    """Takes half of the saturation: every channel half-way to the largest."""

    radius = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + x.amax(1, keepdim=True)) / 2


@pytest.mark.parametrize("recipe", ["spatial", "colour", "paired"])
def test_saturation_is_measured_in_every_recipe(recipe: str) -> None:
    picture = np.full((12, 15, 3), (0.8, 0.2, 0.4), np.float32)
    measure = Measure(recipe, "none", curve_display("none"))
    pairs = [Pair(picture, picture, "red")]
    assert measure.figures(pairs, None)["sat_ratio_60"] == pytest.approx(1)
    found = measure.figures(pairs, Halved())
    assert found["sat_ratio_60"] == pytest.approx(0.5, abs=1e-6)
    assert ("de00" in found) == (recipe != "spatial")


def test_where_nothing_is_saturated_there_is_no_figure_for_it() -> None:
    grey = np.full((12, 15, 3), 0.5, np.float32)
    found = Measure("spatial", "none", curve_display("none")).figures([Pair(grey, grey, "grey")], None)
    assert set(found) == {"psnr"}


def test_figures_are_those_of_all_pictures_together() -> None:
    random = np.random.default_rng(3)
    sizes = [(12, 15), (30, 21), (9, 9)]
    pairs = [Pair(*(random.random((*size, 3)).astype(np.float32) for _ in "ab"), str(size)) for size in sizes]
    told: list[tuple[int, int]] = []
    measure = Measure("paired", "none", curve_display("none"))
    found = measure.figures(pairs, None, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    thinned = [[side[::3, ::3].reshape(-1, 3) for side in (pair.input, pair.truth)] for pair in pairs]
    together = (np.concatenate(side) for side in zip(*thinned, strict=True))
    assert found["sat_ratio_60"] == pytest.approx(saturation_ratio(*together, 60).ratio, rel=1e-12)
    assert found["de00"] == pytest.approx(np.mean([difference_2000(*sides).mean() for sides in thinned]))
    errors = np.concatenate([(pair.input - pair.truth).ravel() for pair in pairs])
    assert found["psnr"] == pytest.approx(-10 * np.log10(np.mean(errors**2)), abs=1e-4)


class _Counted:
    """Pairs that are made when asked for; ``most`` pictures were alive when another was asked for."""

    def __init__(self) -> None:
        self.alive: list[weakref.ref[np.ndarray]] = []
        self.most = 0

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int, /) -> Pair:
        gc.collect()
        self.most = max(self.most, sum(ref() is not None for ref in self.alive))
        return Pair(self.made(), self.made(), str(index))

    def made(self) -> np.ndarray:
        picture = np.full((12, 15, 3), (0.8, 0.2, 0.4), np.float32)
        self.alive.append(weakref.ref(picture))
        return picture


def test_no_picture_stays_in_memory() -> None:
    pairs = _Counted()
    shown: list[weakref.ref[np.ndarray]] = []

    def display(picture: np.ndarray) -> np.ndarray:
        pairs.most = max(pairs.most, sum(ref() is not None for ref in shown) - 1)
        fresh = picture.copy()
        shown.append(weakref.ref(fresh))
        return fresh

    Measure("colour", "none", display).figures(pairs, None)
    assert pairs.most == 0
