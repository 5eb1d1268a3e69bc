"""Any string survives write → Tcl → read, in the file and in the knob, and nothing in it ever runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.scan import ScanError, brace_end, list_words
from film_recovery.nk.words import checked, list_value

NASTY = [
    "",
    " ",
    "plain",
    "two words",
    "tab\tand\nlines\r\nand \\\n joined",
    "[python {import os}]",
    "[exec rm]",
    "\\[python x\\]",
    "\\\\[python x]",
    "${HOME} $x $::y $(z) $",
    "{{[python x]}}",
    "}",
    "{",
    "a } [python x] {",
    '"',
    'a"b',
    "ends with \\",
    "\\",
    "#comment",
    ";",
    "C:\\new\\table",
    "\\x41\\u0041\\101",
    "é ü 漢字 🎞 \u2028",
    "%04d ####",
    "\x01\x7f\x0b",
    "*",
    "{*}",
]
# Weighted towards what Tcl minds.
TEXTS = st.text(
    st.one_of(
        st.sampled_from('[]{}$"\\ \n\r\t;#(:ax1pu0'), st.characters(codec="utf-8", exclude_characters="\0")
    )
)


def examples(test: Any) -> Any:
    """Has ``test`` tried with each nasty string as well."""
    for text in NASTY:
        test = example(text)(test)
    return test


@examples
@given(TEXTS)
def test_a_quoted_string_survives_file_and_knob(tcl: Any, value: str) -> None:
    script = nk.node_text("Text2", {"message": nk.quote(value), "name": "Text1"})
    [(class_name, knobs)] = tcl.read(script)
    assert class_name == "Text2" and [name for name, _ in knobs] == ["message", "name"]
    held = knobs[0][1]
    tcl.ran.clear()
    for options in ((), ("-novariables",)):
        assert tcl.evaluate(held, *options) == value
    assert tcl.ran == []
    node = nk.parse(script).node("Text1")
    knob = node.get("message")
    assert knob is not None and knob.text == held
    assert nk.literal(held) == value
    assert node.text("message") == value


@examples
@given(TEXTS)
def test_a_stored_string_survives_the_file(tcl: Any, value: str) -> None:
    script = nk.node_text("NoOp", {"knob": nk.stored(value)})
    tcl.ran.clear()
    assert tcl.read(script) == [("NoOp", [("knob", value)])]
    assert tcl.ran == []
    knob = nk.parse(script).nodes[0].get("knob")
    assert knob is not None and knob.text == value
    assert nk.decode(nk.stored(value)) == value


@examples
@given(TEXTS)
def test_names_of_knobs_are_quoted_too(tcl: Any, name: str) -> None:
    assert tcl.read(nk.node_text("NoOp", {name: "1"})) == [("NoOp", [(name, "1")])]


@examples
@given(TEXTS)
def test_a_word_stays_one_word_inside_a_list(tcl: Any, value: str) -> None:
    word = nk.word_list([nk.stored(value), "x"])
    [(_, [(_, held)])] = tcl.read(nk.node_text("NoOp", {"knob": word}))
    assert tcl.split(held) == [value, "x"]


def test_the_planted_command_does_run_where_text_is_live(tcl: Any) -> None:
    """The oracle can fail: what is stored without escapes runs when the knob is evaluated."""
    [(_, [(_, held)])] = tcl.read(nk.node_text("NoOp", {"label": nk.stored("a [python x] b")}))
    tcl.ran.clear()
    assert tcl.evaluate(held) == "a RAN b"
    assert tcl.ran == [("x",)]
    assert nk.literal(held) is None


@settings(max_examples=300)
@given(
    TEXTS.filter(lambda text: not text or max(text) < "\U00010000")
)  # Tcl 8.6 breaks others after a backslash
def test_literal_is_what_tcl_makes_of_it_or_none(tcl: Any, text: str) -> None:
    value = nk.literal(text)
    if value is not None:
        tcl.ran.clear()
        assert tcl.evaluate(text) == value
        assert tcl.ran == []


LISTS = st.text(st.sampled_from('{}"\\ \n[$a0x;'), max_size=14)


@settings(max_examples=500)
@given(LISTS)
def test_lists_are_split_as_tcl_splits_them(tcl: Any, text: str) -> None:
    assume("\\\n" not in text)  # joined lines are the body's business: next test
    try:
        ours = [list_value(text[start:end]) for start, end in list_words(text)]
    except ScanError:
        ours = None
    assert ours == tcl.split(text)


@settings(max_examples=500)
@given(LISTS)
def test_bodies_are_read_as_tcl_reads_them(tcl: Any, body: str) -> None:
    text = f"Grade {{{body}}}\n"
    try:
        whole = brace_end(text, 6) == len(text) - 1
    except ScanError:
        whole = False
    if not whole:
        return
    try:
        [(_, theirs)] = tcl.bodies(text)
    except tcl.error:
        theirs = [""]
    if len(theirs) % 2:
        with pytest.raises(nk.NkSyntaxError):
            nk.parse(text)
        return
    ours = [(entry.name, nk.decode(entry.raw)) for entry in nk.parse(text).nodes[0].entries()]
    assert [word for pair in ours for word in pair] == theirs


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4))
def test_numbers_come_back_exactly(values: list[float]) -> None:
    found = nk.components(nk.decode(nk.numbers(values)))
    read = [part.value for part in found if isinstance(part, nk.Constant)]
    assert read == values or (read == values[:1] and len(set(values)) == 1)


def test_numbers_in_words() -> None:
    assert [nk.number(value) for value in (1, 1.0, 0.1, -2.5, 1e20, 1e-7)] == [
        "1",
        "1",
        "0.1",
        "-2.5",
        "1e+20",
        "1e-07",
    ]
    assert nk.numbers((1, 1, 1)) == "1"
    assert nk.numbers((1, 2)) == "{1 2}"
    assert (nk.boolean(True), nk.boolean(False)) == ("true", "false")
    for bad in (float("nan"), float("inf")):
        with pytest.raises(FilmRecoveryError, match="cannot hold the number"):
            nk.number(bad)


def test_nul_is_refused() -> None:
    for write in (nk.quote, nk.stored):
        with pytest.raises(FilmRecoveryError, match="NUL"):
            write("a\0b")


def test_live_texts_are_written_as_nuke_writes_them() -> None:
    assert nk.stored("[value size]") == r'"\[value size\]"'
    assert nk.quote("[value size]") == r'"\\\[value size\\\]"'
    assert nk.expression("parent.size") == "{{parent.size}}"
    assert nk.expression("a", "[value b] == 1") == r'{{a} {"\[value b\] == 1"}}'


@pytest.mark.parametrize(
    "word", ["", "a b", "a\nb", '"a', "{a", "a}", '"{"', "a\\", "} {", '"a"b', " a", "a;b c", "\0"]
)
def test_what_is_not_one_word_never_enters_a_script(word: str) -> None:
    with pytest.raises(FilmRecoveryError, match="not one word"):
        checked(word)
    with pytest.raises(FilmRecoveryError, match="not one word"):
        nk.parse("Dot {\n}\n").nodes[0].set("label", word)
    with pytest.raises(FilmRecoveryError, match="not one word"):
        nk.node_text("Dot", {"label": word})


@pytest.mark.parametrize(
    ("class_name", "inputs"), [("Dot {", None), ("", None), ("a b", None), ("Dot", "1\n"), ("Dot", -1)]
)
def test_nothing_else_enters_a_block_either(class_name: str, inputs: str | int | None) -> None:
    with pytest.raises(FilmRecoveryError):
        nk.node_text(class_name, {}, inputs)
