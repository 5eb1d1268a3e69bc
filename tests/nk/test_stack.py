"""The stack of nodes: who is connected to whom."""

from __future__ import annotations

import pytest

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError


def wiring(script: nk.Script) -> dict[str, list[str | None]]:
    """Each node's path and those of its inputs."""
    return {node.path: [one and one.path for one in node.inputs] for node in script.all_nodes()}


def node(class_name: str, name: str, inputs: int | str | None = None, indent: int = 0) -> str:
    return nk.node_text(class_name, {"name": name}, inputs, indent)


def test_a_chain_and_a_branch() -> None:
    text = (
        node("Read", "A", 0)
        + node("Read", "B", 0)
        + "set Nb1 [stack 0]\n"
        + node("Merge2", "Over", 2)
        + "push $Nb1\n"
        + node("Grade", "Branch")
    )
    assert wiring(nk.parse(text)) == {"A": [], "B": [], "Over": ["B", "A"], "Branch": ["B"]}


def test_masks_lie_deepest() -> None:
    text = (
        node("Roto", "Mask", 0) + node("Read", "A", 0) + node("Read", "B", 0) + node("Merge2", "Over", "2+1")
    )
    script = nk.parse(text)
    assert wiring(script)["Over"] == ["B", "A", "Mask"]
    assert script.node("Over").input_counts == (2, 1)


def test_nothing_can_be_pushed() -> None:
    text = node("Read", "Mask", 0) + "push 0\n" + node("Grade", "Masked", "1+1")
    assert wiring(nk.parse(text))["Masked"] == [None, "Mask"]


def test_an_empty_stack_gives_nothing() -> None:
    assert wiring(nk.parse(node("Merge2", "Over", 2)))["Over"] == [None, None]


def test_a_snippet_hangs_on_the_selection() -> None:
    text = "set cut_paste_input [stack 0]\nversion 15.1 v3\npush $cut_paste_input\n" + node("Blur", "Blur1")
    assert wiring(nk.parse(text)) == {"Blur1": [None]}
    assert wiring(nk.parse("push $cut_paste_input\n" + node("Blur", "Blur1"))) == {"Blur1": [None]}


def test_deeper_stack_entries_can_be_named() -> None:
    text = node("Read", "A", 0) + node("Read", "B", 0) + "set N1 [stack 1]\npush $N1\n" + node("Dot", "D")
    assert wiring(nk.parse(text))["D"] == ["A"]


def test_root_is_no_input_and_no_node() -> None:
    script = nk.parse("Root {\n inputs 0\n name shot.nk\n first_frame 7\n}\n" + node("Grade", "Grade1"))
    assert script.root is not None and script.root.text("first_frame") == "7"
    assert [one.path for one in script.nodes] == ["Grade1"]
    assert wiring(script) == {"Grade1": [None]}
    assert script.node("root") is script.root
    assert script.block_count == 2


NESTED = (
    node("Read", "Plate", 0)
    + node("Group", "Outer")
    + node("Input", "Input1", 0, 1)
    + node("Gizmo", "Inner", None, 1)
    + node("Input", "Input1", 0, 2)
    + node("Blur", "Blur1", None, 2)
    + node("Output", "Output1", None, 2)
    + " end_group\n"
    + node("Output", "Output1", None, 1)
    + "end_group\n"
    + node("Write", "Write1")
)


def test_groups_have_stacks_of_their_own() -> None:
    script = nk.parse(NESTED)
    assert wiring(script) == {
        "Plate": [],
        "Outer": ["Plate"],
        "Outer.Input1": [],
        "Outer.Inner": ["Outer.Input1"],
        "Outer.Inner.Input1": [],
        "Outer.Inner.Blur1": ["Outer.Inner.Input1"],
        "Outer.Inner.Output1": ["Outer.Inner.Blur1"],
        "Outer.Output1": ["Outer.Inner"],
        "Write1": ["Outer"],
    }
    inner = script.node("Outer.Inner")
    assert inner.is_group and inner.parent is script.node("Outer")
    assert [one.name for one in inner.nodes] == ["Input1", "Blur1", "Output1"]
    assert [one.name for one in script.nodes] == ["Plate", "Outer", "Write1"]


CLONED = (
    "Grade {\n white {1 2 3}\n label shared\n name Grade1\n xpos 5\n}\n"
    "set C1f [stack 0]\n" + node("Read", "Plate", 0) + "clone $C1f {\n xpos 200\n ypos 10\n}\n"
)


def test_a_clone_has_its_masters_knobs_and_its_own_place() -> None:
    script = nk.parse(CLONED)
    master, clone = script.node("Grade1"), script.nodes[-1]
    assert clone.clone_of is master and clone.class_name == "Grade"
    assert {name: knob.text for name, knob in clone.knobs.items()} == {
        "white": "1 2 3",
        "label": "shared",
        "xpos": "200",
        "ypos": "10",
    }
    assert clone.name == "Grade1"
    assert [one and one.path for one in clone.inputs] == ["Plate"]


def test_a_pasted_clone_names_its_class() -> None:
    text = (
        "clone node7f|Grade|12 Grade {\n white 2\n name Grade1\n}\n"
        "clone node7f|Grade|12 Grade {\n white 2\n name Grade1\n xpos 9\n}\n"
    )
    first, second = nk.parse(text).nodes
    assert first.clone_of is None and first.class_name == "Grade"
    assert second.clone_of is first


def test_clones_without_any_name_do_not_confuse_the_numbering() -> None:
    text = "Group {\n}\n Dot {\n}\nset C1 [stack 0]\nend_group\nclone $C1 {\n}\nDot {\n}\n"
    script = nk.parse(text)
    assert [one.path for one in script.all_nodes()] == ["Group1", "Group1.Dot1", "Dot1", "Dot1"]
    assert script.node("Dot1").clone_of is None


def test_nodes_without_a_name_are_numbered_as_in_nuke() -> None:
    script = nk.parse(node("Merge2", "Merge1", 0) + "Merge2 {\n}\nMerge2 {\n}\n")
    assert [one.name for one in script.nodes] == ["Merge1", "Merge2", "Merge3"]


def test_names_may_hold_dots() -> None:
    script = nk.parse(node("Group", "S-Gamut3.Cine") + node("Dot", "a.b", 0, 1) + "end_group\n")
    assert script.node("S-Gamut3.Cine.a.b").class_name == "Dot"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(FilmRecoveryError, match="Blur1") as caught:
        nk.parse(NESTED).node("Outer.Inner.Blur2")
    assert "Outer.Inner.Blur2" in caught.value.message


def test_a_shared_name_is_an_error_that_names_the_lines() -> None:
    script = nk.parse(node("Dot", "Same") + node("Dot", "Same"))
    with pytest.raises(FilmRecoveryError, match="lines 1 and 4"):
        script.node("Same")
    assert len(script.nodes) == 2
