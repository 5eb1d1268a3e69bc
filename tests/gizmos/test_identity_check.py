"""FR_IdentityCheck: black where nothing changed, and each kind of change only where it belongs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from film_recovery.imaging.luma import WEIGHTS, chroma, luma

FEEDS = ("before", "after")
VIEWS = ("luma", "chroma", "both")
METHODS = ("matrix", "Colorspace")
RED = (1.0, 0.0, 0.0)


@pytest.fixture
def before(bench) -> NDArray[Any]:
    picture = np.random.default_rng(11).uniform(-0.1, 1.2, (8, 12, 3)).astype(np.float32)
    bench.plate("before", picture)
    return picture


def view(
    bench, view: str, method: str = "matrix", feeds=FEEDS, extra: str = "", **knobs: str
) -> NDArray[Any]:
    """Unless told otherwise: gain 1, nothing painted."""
    words = {"view": view, "method": method, "gain": "1", "paint": "false", **knobs}
    return bench.frame("FR_IdentityCheck", words, feeds, extra).rgb()


def grey(values: NDArray[Any]) -> NDArray[Any]:
    return np.repeat(values[:, :, None], 3, axis=2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", VIEWS)
def test_an_image_against_itself_is_black_with_nothing_painted(bench, before, name: str, method: str) -> None:
    shown = view(bench, name, method, ("before", "before"), gain="1000", paint="true", tolerance="0")
    assert not shown.any()


@pytest.mark.parametrize("method", METHODS)
def test_a_change_of_luma_shows_in_luma_only(bench, before, method: str) -> None:
    change = np.random.default_rng(12).uniform(0.1, 0.3, (8, 12)).astype(np.float32)
    bench.plate("after", before + grey(change))
    for name in ("luma", "both"):
        np.testing.assert_allclose(view(bench, name, method), grey(change), atol=5e-7)
    assert view(bench, "chroma", method).max() < 5e-7


@pytest.mark.parametrize("method", METHODS)
def test_a_change_of_chroma_shows_in_chroma_only(bench, before, method: str) -> None:
    change = np.random.default_rng(13).uniform(-0.3, 0.3, (8, 12, 3))
    change -= grey(luma(change))
    bench.plate("after", before + change)
    largest = grey(np.abs(chroma(change)).max(axis=-1))
    assert largest.min() > 0.001
    for name in ("chroma", "both"):
        np.testing.assert_allclose(view(bench, name, method), largest, atol=5e-7)
    assert view(bench, "luma", method).max() < 5e-7


@pytest.mark.parametrize("node", ["Block", "Instance"])
def test_the_method_chooses_the_nodes(bench, before, node: str) -> None:
    for method, other in (METHODS, METHODS[::-1]):
        evaluator = bench.evaluator("FR_IdentityCheck", {"method": method}, ("before", "before"))
        evaluator.frame(node, 1)
        used = {"matrix": f"{node}.ChangeMatrix", "Colorspace": f"{node}.ChangeColorspace"}
        assert used[method] in evaluator.timings and used[other] not in evaluator.timings


def test_the_gain_multiplies(bench, before) -> None:
    bench.plate("after", before * np.float32(1.1))
    np.testing.assert_allclose(view(bench, "luma", gain="50"), view(bench, "luma") * 50, rtol=1e-6)


def test_pixels_over_the_tolerance_are_painted_and_no_others(bench, before) -> None:
    after = before.copy()
    after[2, 3] += 0.0051
    after[4, 5] -= 0.0051
    after[6, 7] += 0.0049
    bench.plate("after", after)
    shown = view(bench, "luma", gain="10", tolerance="0.005", paint="true")
    expected = grey(np.abs(luma(after.astype(np.float64) - before))) * 10
    assert expected[6, 7, 0] > 0.048
    expected[2, 3] = expected[4, 5] = RED
    np.testing.assert_allclose(shown, expected, atol=5e-6)
    plain = view(bench, "luma", gain="10", tolerance="0.005", paint="false")
    assert np.ptp(plain, axis=2).max() == 0, "without paint the view is grey"


def test_what_is_painted_depends_on_the_view(bench, before) -> None:
    after = before.copy()
    after[1, 1] += 0.1
    after[5, 5] += np.array([0.1, 0, 0]) - 0.1 * WEIGHTS[0]
    bench.plate("after", after)
    painted = {name: set() for name in VIEWS}
    for name in VIEWS:
        shown = view(bench, name, tolerance="0.002", paint="true")
        painted[name] = {tuple(map(int, place)) for place in np.argwhere((shown == RED).all(axis=2))}
    assert painted == {"luma": {(1, 1)}, "chroma": {(5, 5)}, "both": {(1, 1), (5, 5)}}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", VIEWS)
def test_a_pixel_that_is_no_number_is_painted(bench, before, name: str, method: str) -> None:
    broken = (
        'push $Nplate_before\nExpression {\n expr0 "x==3&&y==2 ? 0/0 : r"\n expr1 "x==5&&y==6 ? 1/0 : g"\n'
        " name broken\n}\nset Nplate_broken [stack 0]\n"
    )
    shown = view(bench, name, method, ("before", "broken"), broken, paint="true")
    expected = np.zeros_like(before)
    expected[2, 3] = expected[6, 5] = RED
    np.testing.assert_array_equal(shown, expected)


def test_the_maximum_is_the_panel_s_and_changes_no_pixel(bench, before) -> None:
    bench.plate("after", before * np.float32(1.1))
    assert bench.evaluator("FR_IdentityCheck", {}, FEEDS).call("Instance", 1).number("maximum") == -1
    told = bench.evaluator("FR_IdentityCheck", {"maximum": "0.0123"}, FEEDS)
    assert told.call("Block", 1).number("maximum") == told.call("Instance", 1).number("maximum") == 0.0123
    np.testing.assert_array_equal(view(bench, "luma", maximum="0.0123"), view(bench, "luma"))
