"""Edits change their own lines and no others."""

from __future__ import annotations

import pytest

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

TEXT = """# kept
version 15.1 v3
Grade {
 white {1 1.2
  0.9}
 "Screen Matte" 1
 name Grade1
 xpos 10
}
# also kept
Blur {
 name Blur1
}
"""


def changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came, between the equal start and end."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_value_changes_in_its_place(newline: str) -> None:
    text = TEXT.replace("\n", newline)
    script = nk.parse(text)
    script.node("Grade1").set("white", nk.numbers((2, 3, 4)))
    old, new = changed(text, script.text())
    assert old == [f" white {{1 1.2{newline}", f"  0.9}}{newline}"]
    assert new == [f" white {{2 3 4}}{newline}"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_knob_gets_a_line_before_the_name(newline: str) -> None:
    text = TEXT.replace("\n", newline)
    script = nk.parse(text)
    script.node("Grade1").set_text("label", "a [b]\nc")
    old, new = changed(text, script.text())
    assert old == []
    assert new == [rf' label "a \\\[b\\\]\nc"{newline}']
    assert script.node("Grade1").text("label") == "a [b]\nc"
    script.node("Grade1").unset("label")
    assert script.text() == text


def test_a_knob_is_unset_with_all_its_lines() -> None:
    script = nk.parse(TEXT)
    script.node("Grade1").unset("white")
    assert changed(TEXT, script.text()) == ([" white {1 1.2\n", "  0.9}\n"], [])
    script.node("Grade1").unset("no such knob")
    script.node("Grade1").unset("Screen Matte")
    assert "Screen" not in script.text()


def test_setting_back_gives_the_bytes_back() -> None:
    script = nk.parse(TEXT)
    node = script.node("Grade1")
    knob = node.get("white")
    assert knob is not None
    node.set("white", "5")
    node.set("white", knob.raw)
    assert script.text() == TEXT


def test_blocks_on_one_line_stay_on_it() -> None:
    script = nk.parse("Dot {name Dot1 xpos 5}\nDot {}\n")
    first, second = script.nodes
    first.set("ypos", "7")
    second.set("xpos", "1")
    assert script.text() == "Dot {ypos 7 name Dot1 xpos 5}\nDot {xpos 1}\n"
    first.unset("xpos")
    assert script.text() == "Dot {ypos 7 name Dot1 }\nDot {xpos 1}\n"


def test_without_a_name_a_new_knob_comes_last() -> None:
    script = nk.parse("  Dot {\n   xpos 1\n  }\n")
    script.nodes[0].set("ypos", "2")
    assert script.text() == "  Dot {\n   xpos 1\n   ypos 2\n  }\n"


def test_a_user_knob_is_set_after_its_declaration() -> None:
    text = "NoOp {\n name NoOp1\n addUserKnob {7 amount}\n}\n"
    script = nk.parse(text)
    script.node("NoOp1").set("amount", "3")
    assert script.text() == "NoOp {\n name NoOp1\n addUserKnob {7 amount}\n amount 3\n}\n"


def test_the_last_of_equal_knobs_counts() -> None:
    script = nk.parse("Dot {\n xpos 1\n xpos 2\n}\n")
    script.nodes[0].set("xpos", "9")
    assert script.text() == "Dot {\n xpos 1\n xpos 9\n}\n"
    script.nodes[0].unset("xpos")
    assert script.text() == "Dot {\n}\n"


def test_renaming_is_seen_at_once() -> None:
    script = nk.parse(TEXT)
    script.node("Blur1").set_text("name", "Soft")
    assert script.node("Soft").class_name == "Blur"
    with pytest.raises(FilmRecoveryError):
        script.node("Blur1")


def test_inputs_are_followed_and_nonsense_is_put_back() -> None:
    script = nk.parse("Dot {\n name A\n}\nDot {\n name B\n}\n")
    second = script.node("B")
    second.set("inputs", "0")
    assert second.inputs == [] and script.text().endswith("Dot {\n inputs 0\n name B\n}\n")
    before = script.text()
    with pytest.raises(FilmRecoveryError, match="not a number of inputs"):
        second.set("inputs", "many")
    assert script.text() == before and second.inputs == []
    second.unset("inputs")
    assert second.inputs == [script.node("A")]


def test_a_clones_shared_knob_is_its_masters() -> None:
    script = nk.parse("Grade {\n name Grade1\n}\nset C1 [stack 0]\nclone $C1 {\n xpos 1\n}\n")
    clone = script.nodes[1]
    clone.set("white", "2")
    clone.set("xpos", "5")
    assert script.text() == "Grade {\n white 2\n name Grade1\n}\nset C1 [stack 0]\nclone $C1 {\n xpos 5\n}\n"
    clone.unset("white")
    assert script.node("Grade1").get("white") is None


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_nodes_are_appended_on_the_stack(newline: str) -> None:
    text = f"Dot {{{newline} name Dot1{newline}}}"
    script = nk.parse(text)
    [blur] = script.append(nk.node_text("Blur", {"name": "Blur1"}))
    assert script.text() == text + newline + f"Blur {{{newline} name Blur1{newline}}}{newline}"
    assert blur.inputs == [script.node("Dot1")] and blur.line == 4
    blur.set("size", "3")
    assert nk.parse(script.text()).node("Blur1").text("size") == "3"


def test_appending_nonsense_leaves_the_script_as_it_was() -> None:
    script = nk.parse(TEXT)
    for bad in ("push $nothing\n", "Dot {\n", "end_group\n"):
        with pytest.raises(nk.NkSyntaxError):
            script.append(bad)
        assert script.text() == TEXT
    assert [node.name for node in script.nodes] == ["Grade1", "Blur1"]
    assert script.append("") == [] and script.text() == TEXT


def test_what_cannot_be_set_says_so() -> None:
    script = nk.parse("Root {\n inputs 0\n}\nDot {\n}\n")
    assert script.root is not None
    for node, knob in ((script.nodes[0], "addUserKnob"), (script.root, "inputs"), (script.nodes[0], "")):
        with pytest.raises(FilmRecoveryError):
            node.set(knob, "1")


def test_the_text_of_a_node_is_as_it_stands_with_the_inside_of_a_group() -> None:
    own = 'Group {\n name G\n}\n Blur {\n  label "a [b]"\n  name Soft\n }\nset N [stack 0]\n'
    own += "push $N\n Output {\n  name Out\n }\nend_group\n"
    grade = "Grade {\n inputs 2\n white {1 2 3 4}\n name After\n}\n"
    script = nk.parse("Read {\n inputs 0\n name R\n}\n" + own + "push 0\n" + grade)
    assert script.text_of(script.node("G")) == own
    assert script.text_of(script.node("After")) == grade
    assert script.text_of(script.node("G.Soft")) == ' Blur {\n  label "a [b]"\n  name Soft\n }\n'.lstrip(" ")
