"""Knob arithmetic: equal to Python's on the common ground, and nothing else gets through."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from film_recovery.comp import expressions
from film_recovery.comp.expressions import ExpressionError, parse

NUMBERS = st.one_of(st.integers(0, 50).map(str), st.floats(0.01, 50).map(lambda value: f"{value:.3f}"))


def no_names(name: str) -> float:
    raise AssertionError(f"looked up {name}")


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 3) -> str:
    """Text without superfluous parentheses, so that precedence is what is tested."""
    parts = []
    for _ in range(draw(st.integers(1, 5))):
        parts.append(draw(st.sampled_from(["+", "-", "*", "/"])))
        sign = draw(st.sampled_from(["", "", "-"]))
        if depth and draw(st.booleans()):
            parts.append(f"{sign}({draw(arithmetic(depth=depth - 1))})")
        else:
            parts.append(sign + draw(NUMBERS) + draw(st.sampled_from(["", "", "^2", "^-1", "^.5"])))
    return " ".join(parts[1:])


@given(arithmetic())
def test_arithmetic_is_that_of_python(text: str) -> None:
    try:
        expected = eval(text.replace("^", "**"))  # text that this test made
    except (ZeroDivisionError, OverflowError):
        assume(False)
    assume(isinstance(expected, (int, float)))
    assert parse(text).evaluate(no_names) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(arithmetic(), arithmetic(), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_are_those_of_python(left: str, right: str, operator: str) -> None:
    try:
        expected = eval(f"({left}) {operator} ({right})".replace("^", "**"))
    except (ZeroDivisionError, OverflowError, TypeError):
        assume(False)
    value = parse(f"{left} {operator} {right}").evaluate(no_names)
    assert value == float(expected) or math.isclose(
        eval(left.replace("^", "**")), eval(right.replace("^", "**"))
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2^2", -4), ("2^3^2", 512), ("2^-1", 0.5), ("7 % 4", 3), ("-7 % 4", -3), ("fmod(-7, 4)", -3),
        ("1 - 2 - 3", -4), ("8 / 4 / 2", 1), ("!3 + 1", 1), ("!0", 1), ("1 && 0 || 1", 1),
        ("1 ? 2 : 3", 2), ("0 ? 1 : 0 ? 2 : 3", 3), ("1 + 1 == 2 ? 10 : 20", 10), ("3 > 2 > 1", 0),
        ("clamp(3)", 1), ("clamp(-3, -2, 2)", -2), ("lerp(10, 20, .25)", 12.5), ("step(2, 2)", 1),
        ("smoothstep(0, 1, .5)", 0.5), ("int(-1.7)", -1), ("floor(-1.2)", -2), ("ceil(1.2)", 2),
        ("rint(2.5)", 2), ("min(3, 1, 2)", 1), ("max(3, 1, 2)", 3), ("sqrt(16)", 4), ("pow(2, 10)", 1024),
        ("log(exp(2))", 2), ("cos(pi)", -1), ("1e3 + .5", 1000.5), ("abs(-4)", 4), ("1/0", math.inf),
    ],
)  # fmt: skip
def test_values(text: str, value: float) -> None:
    assert parse(text).evaluate(no_names) == pytest.approx(value)


def test_zero_by_zero_is_not_a_number() -> None:
    assert math.isnan(float(parse("0/0").evaluate(no_names)))


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=8))
def test_arrays_give_what_each_value_gives(values: list[float]) -> None:
    tree = parse("(r > 0.5 && r < 9) ? smoothstep(0, 2, r) * 3 - g : max(r, -g) % 4 + !(r - 1)")
    array = np.array(values, np.float32)
    made = tree.evaluate(lambda name: array if name == "r" else 0.25)
    assert isinstance(made, np.ndarray) and made.dtype == np.float32
    single = [tree.evaluate(lambda name, v=value: v if name == "r" else 0.25) for value in array.tolist()]
    np.testing.assert_allclose(made, single, rtol=2e-5, atol=2e-5)


def test_names_are_told_and_looked_up_only_where_needed() -> None:
    tree = parse("[value parent.mode] == 1 ? a.x : never.y")
    assert tree.names == {"value parent.mode", "a.x", "never.y"}
    known = {"value parent.mode": 1.0, "a.x": 5.0}
    assert tree.evaluate(known.__getitem__) == 5
    assert parse("0 && never").evaluate(no_names) == 0
    assert parse("1 || never").evaluate(no_names) == 1


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 +", "(1", "1)", "1 2", "a b", "a = 1", "f(1)", "python(1)", "sin()", "sin(1, 2)",
        "clamp()", "[python {1}]", "[python nuke.thisNode()]", "[exec ls]", "[value a; exec ls]",
        "[value [exec ls]]",
        "`ls`", "$env", "__import__('os')", "a.__class__()", '"text"', "{1}", "1 ? 2", "a[0]", "lambda: 1",
        "a@b", "1 & 2", "é", "1;2", "\\", "size(3)",
    ],
)  # fmt: skip
def test_everything_else_is_an_error_that_shows_the_text(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert repr(text) in caught.value.message and caught.value.remedy


@given(st.text(max_size=60))
def test_any_text_is_a_tree_or_an_error(text: str) -> None:
    try:
        tree = parse(text)
    except ExpressionError:
        return
    tree.evaluate(lambda name: 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 5000, "-" * 5000 + "1", "^".join("1" * 3000),
        "1?" * 2000 + "1" + ":1" * 2000,
        "abs(" * 1000 + "1" + ")" * 1000, "1" * (expressions.MAX_LENGTH + 1),
    ],
)  # fmt: skip
def test_depth_and_length_are_limited(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"nested|signs|long"):
        parse(text)


def test_a_long_sum_is_not_deep() -> None:
    assert parse("+".join("1" * 4000)).evaluate(no_names) == 4000
