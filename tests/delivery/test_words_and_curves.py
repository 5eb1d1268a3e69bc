"""Numbers as a reader sees them, and curves as drawings."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.delivery import Curve
from film_recovery.delivery.axis import MOST_POINTS
from film_recovery.delivery.plot import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, plot
from film_recovery.delivery.words import listed, number, words

MODERATE = st.floats(-1e9, 1e9, allow_subnormal=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (34.5123, "34.51"),
        (34.5, "34.5"),
        (34.5012, "34.50"),
        (0.95432, "0.9543"),
        (0.000488, "0.000488"),
        (0.05, "0.05"),
        (0.0, "0"),
        (-0.25, "−0.25"),
        (3.2e-5, "3.2 × 10⁻⁵"),
        (1.5e9, "1.5 × 10⁹"),
        (40000, "40000"),
        (math.inf, "∞"),
        (math.nan, "not a number"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@given(MODERATE)
def test_a_number_is_close_to_what_it_says(value: float) -> None:
    text = number(value).replace("−", "-")
    mantissa, _, power = text.partition(" × 10")
    exponent = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or "0"
    assert float(mantissa) * 10.0 ** int(exponent) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        ([], "–"),
        ((620, 276), "620, 276"),
        ({"least": 4, "most": 9}, "least 4; most 9"),
        ({"clip_node": "Crop1", "clamp": False}, "clip node: Crop1; clamp: no"),
        (list(range(20)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 … and 8 more"),
    ],
)
def test_any_plain_value_is_one_line(value: object, text: str) -> None:
    assert words(value) == text


def test_lists_read_as_sentences() -> None:
    assert [listed(list(items)) for items in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]


@given(st.lists(st.tuples(MODERATE, MODERATE), min_size=1, max_size=40), st.none() | MODERATE)
def test_a_curve_stays_inside_its_drawing(points: list[tuple[float, float]], target: float | None) -> None:
    drawn = plot(Curve("c", "", tuple(points), target))
    assert drawn
    for pair in drawn.line.split():
        x, y = map(float, pair.split(","))
        assert LEFT - 0.1 <= x <= WIDTH - RIGHT + 0.1
        assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
    assert all(TOP - 0.1 <= tick.at <= HEIGHT - BOTTOM + 0.1 for tick in drawn.up)
    assert len(drawn.up) <= 8


def test_a_wide_span_is_logarithmic() -> None:
    assert plot(Curve("loss", "", ((0, 1.0), (1, 1e-3)))).logarithmic  # type: ignore[union-attr]
    assert not plot(Curve("loss", "", ((0, 1.0), (1, 0.5)))).logarithmic  # type: ignore[union-attr]
    assert not plot(Curve("loss", "", ((0, 1.0), (1, 0.0)))).logarithmic  # type: ignore[union-attr]


def test_a_spike_survives_the_thinning() -> None:
    points = [(float(i), 1.0) for i in range(80_000)]
    points[41_234] = (41_234.0, 9.0)
    drawn = plot(Curve("loss", "", tuple(points)))
    assert drawn
    pairs = drawn.line.split()
    assert len(pairs) <= MOST_POINTS + 4
    assert min(float(pair.split(",")[1]) for pair in pairs) < TOP + 30
    assert "highest 9 at 41234" in drawn.summary


def test_values_that_are_not_finite_are_counted() -> None:
    drawn = plot(Curve("loss", "", ((0, 1.0), (1, math.nan), (2, 0.5))))
    assert drawn and "1 value was not finite and is not drawn" in drawn.summary
    assert plot(Curve("loss", "", ((0, math.nan),))) is None
    assert plot(Curve("loss", "", ())) is None
