"""Reading knobs: words, positions, user knobs."""

from __future__ import annotations

import pytest

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

TEXT = r"""
Group {
 inputs 0
 name Tool
 label "two\nlines \[value amount]"
 note {a {b} \n}
 path C:/films/a\ b.nk
 "Screen Matte" 1
 twice 1
 twice 2
 addUserKnob {20 User l "My Tool"}
 addUserKnob {7 amount l Amount t "How much" R 0 10 -STARTLINE}
 addUserKnob {4 mode M {soft "very hard" "a\{b"} +INVISIBLE}
 addUserKnob {41 size l Size T Blur1.size}
 addUserKnob {20 more n 1}
 addUserKnob {26 ""}
 amount 2
}
end_group
"""


@pytest.fixture
def tool() -> nk.Node:
    return nk.parse(TEXT).nodes[0]


def test_words_are_decoded_once(tool: nk.Node) -> None:
    assert {name: knob.text for name, knob in tool.knobs.items()} == {
        "name": "Tool",
        "label": "two\nlines [value amount]",
        "note": r"a {b} \n",
        "path": "C:/films/a b.nk",
        "Screen Matte": "1",
        "twice": "2",
        "amount": "2",
    }


def test_a_knob_knows_its_word_and_line(tool: nk.Node) -> None:
    knob = tool.get("label")
    assert knob is not None
    assert (knob.raw, knob.line) == (r'"two\nlines \[value amount]"', 5)
    assert tool.get("twice") == nk.Knob("twice", "2", 10)
    assert tool.get("absent") is None and tool.get("inputs") is None
    assert tool.line == 2


def test_user_knobs(tool: nk.Node) -> None:
    tab, amount, mode, size, more, divider = tool.user_knobs
    assert (tab.code, tab.name, tab.label) == (20, "User", "My Tool")
    assert (amount.label, amount.tooltip, amount.range) == ("Amount", "How much", ("0", "10"))
    assert amount.flags == ("-STARTLINE",)
    assert (mode.items, mode.flags) == (("soft", "very hard", "a{b"), ("+INVISIBLE",))
    assert size.is_link and size.target == "Blur1.size"
    assert more.nesting == 1
    assert (divider.code, divider.name) == (26, "")


def test_live_text_is_refused_and_plain_text_read(tool: nk.Node) -> None:
    with pytest.raises(FilmRecoveryError, match="only Nuke can evaluate") as caught:
        tool.text("label")
    assert caught.value.where == {"line": 5, "node": "Tool", "class_name": "Group", "knob": "label"}
    assert tool.text("path") == "C:/films/a b.nk"
    assert tool.text("absent", "default") == "default"


def test_a_broken_user_knob_is_named() -> None:
    with pytest.raises(FilmRecoveryError, match="does not declare a knob"):
        _ = nk.parse("NoOp {\n addUserKnob {amount}\n}\n").nodes[0].user_knobs


def test_fields() -> None:
    assert nk.fields(r'1 -2.5e3 word {in {braces}} "a\nb" {}') == [
        nk.Number(1.0),
        nk.Number(-2500.0),
        nk.Word("word"),
        nk.Braced("in {braces}"),
        nk.Word("a\nb"),
        nk.Braced(""),
    ]
    with pytest.raises(FilmRecoveryError, match="not a readable list"):
        nk.fields("a { b")


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("1.5", [nk.Constant(1.5)]),
        ("0xff", [nk.Constant(255.0)]),
        ("{1 2 3}", [nk.Constant(1.0), nk.Constant(2.0), nk.Constant(3.0)]),
        ("{{parent.size}}", [nk.Expression("parent.size")]),
        ('{{"parent.mode != 2"}}', [nk.Expression("parent.mode != 2")]),
        ("{{parent.a + 1}}", [nk.Expression("parent.a + 1")]),
        (
            "{0 0 {width} {height}}",
            [nk.Constant(0.0), nk.Constant(0.0), nk.Expression("width"), nk.Expression("height")],
        ),
        ("{{parent.a i}}", [nk.Expression("parent.a", nk.Curve((), visible=False))]),
        ("{{parent.a x1 10}}", [nk.Expression("parent.a", nk.Curve((nk.Key(1, 10),)))]),
        ("{{curve+1 x1 0}}", [nk.Expression("curve+1", nk.Curve((nk.Key(1, 0),)))]),
        ("{{curve x1 0 x10 1}}", [nk.Curve((nk.Key(1, 0), nk.Key(10, 1)))]),
        ("{curve x1 0 x10 1}", [nk.Curve((nk.Key(1, 0), nk.Key(10, 1)))]),
        ("{{curve} {curve} {w}}", [nk.Curve(()), nk.Curve(()), nk.Expression("w")]),
        (r'{{"\[value a] == 1"}}', [nk.Expression("[value a] == 1")]),
        ('""', []),
    ],
)
def test_components(word: str, wanted: list[nk.Component]) -> None:
    assert nk.components(nk.decode(word)) == wanted
