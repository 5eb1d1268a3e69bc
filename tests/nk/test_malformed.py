"""Text that is no script: refused with line and column, in time that grows with its length only."""

from __future__ import annotations

import pytest

from film_recovery import nk

BAD = {
    "brace": ("Dot {\n name Dot1\n}\nGrade {\n white {1 2\n}\n", 4, 7),
    "quote": ('Dot {\n label "a b\n name Dot1\n}\n', 2, 8),
    "value": ("Dot {\n name Dot1\n selected\n}\n", 3, 2),
    "after a quote": ('Dot {\n label "a"b\n}\n', 2, 11),
    "closing brace": ("Dot {\n}\n}\n", 3, 1),
    "top quote": ('version "15\n', 1, 9),
    "bracket": ("set N1 [stack 0\n", 1, 8),
    "NUL": ("Dot {\n}\nDot {\n name a\0b\n}\n", 4, 8),
    "no end_group": ("Dot {\n}\n Group {\n}\nDot {\n}\n", 3, 2),
    "end_group": ("Dot {\n}\nend_group\n", 3, 1),
    "push": ("Dot {\n}\n push $N1\n", 3, 2),
    "clone": ("clone $C1 {\n}\n", 1, 1),
    "inputs": ("Dot {\n inputs many\n}\n", 1, 1),
    "no words for a space": ("Grade {\n {a}b c\n}\n", 2, 5),
}


@pytest.mark.parametrize(("text", "line", "column"), BAD.values(), ids=list(BAD))
def test_the_place_is_named(text: str, line: int, column: int) -> None:
    with pytest.raises(nk.NkSyntaxError) as caught:
        nk.parse(text, file="shot.nk")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert caught.value.where["file"] == "shot.nk"
    assert caught.value.remedy


DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "{" * DEEP,
        "Grade {" + "{" * DEEP,
        "Grade {\n a " + "{" * DEEP + "}" * (DEEP - 1) + "\n}\n",
        "x " + "[" * DEEP,
        'x "' + "[" * DEEP,
        "Group {\n}\n" * DEEP,
        "Grade {\n" + ' a "b\n' * DEEP,
        "}" * DEEP,
    ],
    ids=["braces", "body", "value", "brackets", "quoted brackets", "groups", "quotes", "closing"],
)
def test_depth_is_refused_without_recursion(text: str) -> None:
    with pytest.raises(nk.NkSyntaxError):
        nk.parse(text)


def test_depth_that_is_closed_is_read() -> None:
    value = "{" * DEEP + "}" * DEEP
    script = nk.parse(f"Grade {{\n white {value}\n}}\n")
    knob = script.nodes[0].get("white")
    assert knob is not None and knob.text == value[1:-1]
    groups = nk.parse("Group {\n}\n" * DEEP + "end_group\n" * DEEP)
    deepest = list(groups.all_nodes())[-1]
    assert deepest.path == ".".join(["Group1"] * DEEP)
    assert groups.node(deepest.path) is deepest


def test_a_number_of_inputs_is_not_taken_at_its_word() -> None:
    script = nk.parse("Dot {\n inputs 9999\n}\n" * 2000)
    assert len(script.nodes[-1].inputs) == 9999
    with pytest.raises(nk.NkSyntaxError, match="not a number of inputs"):
        nk.parse("Dot {\n inputs 99999999999\n}\n")
