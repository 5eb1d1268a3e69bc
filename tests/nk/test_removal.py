"""Removing nodes: what they fed is fed by their input 0, and every other connection stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError


def node(class_name: str, name: str, inputs: int | str | None = None) -> str:
    return nk.node_text(class_name, {"name": name}, inputs)


def wiring(script: nk.Script) -> dict[str, list[str | None]]:
    return {one.path: [source and source.path for source in one.inputs] for one in script.all_nodes()}


READ, GRADE, BLUR = node("Read", "Read1", 0), node("Grade", "Grade1"), node("Blur", "Blur1")


def test_a_link_of_a_chain_goes_with_its_lines_only() -> None:
    script = nk.parse(READ + "# why\n" + GRADE + BLUR)
    script.remove(script.node("Grade1"))
    assert script.text() == READ + "# why\n" + BLUR
    assert wiring(script) == {"Read1": [], "Blur1": ["Read1"]}


def test_a_source_leaves_nothing_in_its_place() -> None:
    script = nk.parse(node("Read", "Below", 0) + READ + GRADE)
    script.remove(script.node("Read1"))
    assert wiring(script) == {"Below": [], "Grade1": [None]}
    assert "push 0\n" in script.text()


def test_a_merge_is_bridged_on_its_first_input() -> None:
    text = node("Read", "Under", 0) + node("Read", "A", 0) + node("Read", "B", 0) + node("Merge2", "Over", 2)
    script = nk.parse(text + node("Copy", "Copy1", 2))
    script.remove(script.node("Over"))
    assert wiring(script) == {"Under": [], "A": [], "B": [], "Copy1": ["B", "Under"]}
    assert wiring(nk.parse(script.text())) == wiring(script)


def test_a_group_goes_with_its_inside() -> None:
    inside = nk.node_text("Input", {"name": "Input1"}, 0, 1) + nk.node_text(
        "Output", {"name": "Output1"}, None, 1
    )
    script = nk.parse(READ + node("Group", "Group1") + inside + "end_group\n" + BLUR)
    script.remove(script.node("Group1"))
    assert script.text() == READ + BLUR


def test_a_removal_that_cannot_be_wired_changes_nothing() -> None:
    inside = nk.node_text("Dot", {"name": "Dot1"}, 0, 1)
    named = "set N1 [stack 0]\n"
    text = node("Group", "Group1") + inside + named + "end_group\npush $N1\n" + BLUR
    script = nk.parse(text)
    before = wiring(script)
    with pytest.raises(nk.NkSyntaxError, match="N1"):
        script.remove(script.node("Group1"))
    assert script.text() == text and wiring(script) == before
    script = nk.parse(text.replace("push $N1", "clone $N1 {\n}"))
    with pytest.raises(FilmRecoveryError, match="clones"):
        script.remove(script.node("Group1"))


def test_what_cannot_be_removed_says_why() -> None:
    script = nk.parse("Root {\n}\n" + GRADE + "set C1 [stack 0]\nclone $C1 {\n}\n")
    assert script.root is not None
    with pytest.raises(FilmRecoveryError, match="clones \\(line 7\\)"):
        script.remove(script.node("Grade1"))
    with pytest.raises(FilmRecoveryError, match="not Root"):
        script.remove(script.root)
    with pytest.raises(FilmRecoveryError, match="this script's"):
        script.remove(nk.parse(GRADE).nodes[0])
    script.remove(script.nodes[1])
    script.remove(script.node("Grade1"))
    assert script.nodes == []


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """Nodes with any number of inputs, between pushes of any of those before."""
    parts = []
    for index in range(draw(st.integers(1, 9))):
        for back in draw(st.lists(st.integers(0, index), max_size=3)):
            parts.append("push 0\n" if back == index else f"push $N{back}\n")
        parts.append(node("NoOp", f"n{index}", draw(st.sampled_from([0, 1, 2, 3, "1+1", "2+1"]))))
        parts.append(f"set N{index} [stack 0]\n")
    return "".join(parts)


@given(scripts(), st.data())
def test_every_other_connection_stays(text: str, data: st.DataObject) -> None:
    script = nk.parse(text)
    while script.nodes:
        before = wiring(script)
        gone = data.draw(st.sampled_from(script.nodes))
        main = gone.inputs[: gone.input_counts[0]]
        bridge = main[0].path if main and main[0] is not None else None
        script.remove(gone)
        wanted = {
            path: [bridge if one == gone.path else one for one in sources]
            for path, sources in before.items()
            if path != gone.path
        }
        assert wiring(script) == wanted
        assert wiring(nk.parse(script.text())) == wanted
