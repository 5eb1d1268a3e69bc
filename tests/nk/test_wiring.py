"""Inserting nodes and connecting them: the wanted wire changes, every other stays, the rest of the text too."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

CHAIN = """# a note
version 14.0 v5
Read {
 inputs 0
 name A
}
set Na [stack 0]
Grade {
 name B
}
# before C
push $Na
Merge2 {
 inputs 2
 name C
}
Group {
 name D
}
 Input {
  inputs 0
  name In
 }
 Output {
  name Out
 }
end_group
Read {
 inputs 0
 name E
}
"""


def wires(script: nk.Script) -> dict[str, list[str]]:
    return {node.path: [one.path if one else "" for one in node.inputs] for node in script.all_nodes()}


def test_a_wire_changes_and_no_other() -> None:
    script = nk.parse(CHAIN)
    before = wires(script)
    script.connect(script.node("C"), 1, script.node("A"))
    assert wires(script) == {**before, "C": ["A", "A"]}
    assert wires(nk.parse(script.text())) == wires(script)
    assert script.text().startswith("# a note\nversion 14.0 v5\n") and "# before C" in script.text()


def test_what_is_fed_from_below_moves_below() -> None:
    script = nk.parse(CHAIN)
    before = wires(script)
    script.connect(script.node("B"), 0, script.node("E"))
    assert wires(nk.parse(script.text())) == wires(script) == {**before, "B": ["E"]}
    assert script.text().index("name E") < script.text().index("name B") < script.text().index("name C")
    assert "# before C" in script.text(), "a comment stays"


def test_a_mask_is_counted_apart() -> None:
    script = nk.parse(CHAIN)
    script.connect(script.node("C"), 2, script.node("A"), mask=2)
    script.connect(script.node("B"), 1, script.node("A"), mask=1)
    assert (script.node("C").input_counts, script.node("B").input_counts) == ((2, 1), (1, 1))
    assert wires(script)["C"][2] == wires(script)["B"][1] == "A"


def test_the_same_wire_again_changes_no_byte() -> None:
    script = nk.parse(CHAIN)
    script.connect(script.node("C"), 0, script.node("A"))
    assert script.text() == CHAIN


@pytest.mark.parametrize(("node", "source"), [("B", "C"), ("A", "A"), ("B", "D.In"), ("D.Out", "A")])
def test_a_loop_and_another_group_are_refused(node: str, source: str) -> None:
    script = nk.parse(CHAIN)
    with pytest.raises(FilmRecoveryError, match=r"loop|same group"):
        script.connect(script.node(node), 0, script.node(source))
    assert script.text() == CHAIN


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_insert_leaves_what_was_there(newline: str) -> None:
    text = CHAIN.replace("\n", newline)
    script = nk.parse(text)
    before = wires(script)
    made = script.insert("Blur {\n name X\n}\nset Na [stack 0]\nCrop {\n name Y\n}\n")
    assert script.text().startswith(text) and "\r" not in script.text().replace("\r\n", "\n").replace(
        "\n", ""
    )
    assert [node.name for node in made] == ["X", "Y"]
    assert wires(script) == {**before, "X": [""], "Y": ["X"]}
    script.insert("Blur {\n name Z\n}\n", script.node("D"))
    assert wires(script) == {**before, "X": [""], "Y": ["X"], "D.Z": [""]}


def test_a_variable_of_the_inserted_text_does_not_capture_a_later_push() -> None:
    script = nk.parse(CHAIN + "push $Na\nInvert {\n name F\n}\n")
    script.insert("Blur {\n name X\n}\nset Na [stack 0]\n", script.node("D"))
    assert wires(nk.parse(script.text()))["F"] == ["A"]


@pytest.mark.parametrize(
    "text", ["Root {\n name x\n}\n", "exec rm\n", "push $nothing\n", "end_group\n", "Blur {"]
)
def test_what_is_no_snippet_is_refused(text: str) -> None:
    script = nk.parse(CHAIN)
    with pytest.raises(FilmRecoveryError):
        script.insert(text)
    assert script.text() == CHAIN


def test_a_node_of_another_script_is_refused() -> None:
    with pytest.raises(FilmRecoveryError, match="not of this script"):
        nk.parse(CHAIN).connect(nk.parse(CHAIN).node("B"), 0, None)


def test_declare() -> None:
    script = nk.parse("NoOp {\n name N\n}\n")
    script.node("N").declare('{1 note l "A note"}')
    script.node("N").declare("{1 note l Again}")
    script.node("N").set_text("note", "[x]")
    assert [knob.label for knob in script.node("N").user_knobs] == ["A note"]
    assert nk.parse(script.text()).node("N").text("note") == "[x]"
    for wrong in ("{x y", "{nonsense}", "two words"):
        with pytest.raises(FilmRecoveryError):
            script.node("N").declare(wrong)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(-1, 6)), max_size=12))
def test_any_wires_in_any_order(changes: list[tuple[int, int, int]]) -> None:
    """Against a plain table of wires: what is asked for holds, after saving and reading again too."""
    names = [f"N{index}" for index in range(7)]
    script = nk.parse("".join(f"Merge2 {{\n inputs 0\n name {name}\n}}\n" for name in names))
    table: dict[str, dict[int, str]] = {name: {} for name in names}
    for to, index, source in changes:
        try:
            script.connect(script.node(names[to]), index, script.node(names[source]) if source >= 0 else None)
        except FilmRecoveryError:
            assert names[to] in _upstream(table, names[source]) | {names[source]}
            continue
        table[names[to]][index] = names[source] if source >= 0 else ""
    again = nk.parse(script.text())
    for name in names:
        fed = {index: one for index, one in table[name].items() if one}
        for found in (script, again):
            inputs = found.node(name).inputs
            assert {index: one.name for index, one in enumerate(inputs) if one is not None} == fed


def _upstream(table: dict[str, dict[int, str]], name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for one in table[waiting.pop()].values():
            if one and one not in found:
                found.add(one)
                waiting.append(one)
    return found
