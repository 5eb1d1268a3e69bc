"""Update FR groups in script: a new inside under the old values, name, place and connections; twice is once."""

from __future__ import annotations

import pytest

from film_recovery import graph, nk
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import align, commands, pair_stack, updating
from film_recovery.plugin.menus import BLOCKS

HEAD = "version 15.1 v3\nRoot {\n inputs 0\n}\n"
READ = "Read {\n inputs 0\n file a.####.exr\n name Read1\n}\n"


def aged(host: ScriptHost, path: str, version: str = "0") -> None:
    """Makes the block at ``path`` what an older release would have left: another inside, another knob."""
    host.set_knob(path, "fr_version", version)
    host.create("NoOp", "Relic", inside=path)


def script_with(block: str, version: str = "0") -> tuple[ScriptHost, str]:
    host = ScriptHost(nk.parse(HEAD + READ))
    host.select(["Read1"])
    path = commands.drop(host, block)
    host.set_knob(path, "name", "Mine")
    host.create("Grade", "After")
    host.connect("After", 0, "Mine")
    aged(host, "Mine", version)
    return host, "Mine"


@pytest.mark.parametrize("block", BLOCKS)
def test_an_older_block_gets_the_shipped_inside_and_keeps_its_place(block: str) -> None:
    host, path = script_with(block)
    place = host.knob(path, "xpos"), host.knob(path, "ypos")
    feeds = host.inputs(path)
    changes = updating.update(host)
    assert [(one.path, one.block, one.before) for one in changes] == [(path, block, "0")]
    inside = {node.name for node in nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].nodes}
    assert set(host.nodes(path)) == {f"Mine.{name}" for name in (*inside, "Relic")}
    assert host.inputs(path) == feeds and host.inputs("After") == (path,)
    assert (host.knob(path, "xpos"), host.knob(path, "ypos")) == place
    shipped = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].text("fr_version")
    assert host.text(path, "fr_version") == shipped == changes[0].after
    text = host.script_text()
    assert updating.update(host) == () and host.script_text() == text
    assert "kept what was added inside: Relic" in updating.told(changes)


def test_values_keys_and_expressions_stay_and_lost_knobs_are_named() -> None:
    host, path = script_with("FR_Inference")
    keyed, computed = nk.curve({1: 3, 9: 5}), nk.expression("Read1.first")
    host.set_knob(path, "prefilter_size", keyed)
    host.set_knob(path, "use_crop", computed)
    host.set_knob(path, "recipe", "colour")
    host.set_text(path, "modelFile", "/models/[x] a.cat")
    host.set_knob(path, "label", "mine")
    host.script.node(path).set("long_gone", "12")
    (change,) = updating.update(host)
    assert host.knob(path, "prefilter_size") == keyed
    assert host.knob(path, "use_crop") == computed
    assert host.knob(path, "recipe") == "colour" and host.knob(path, "label") == "mine"
    assert host.text(path, "modelFile") == "/models/[x] a.cat"
    assert "long_gone (12)" in change.note


def test_a_newer_block_is_left_alone_and_said() -> None:
    host, _ = script_with("FR_Merge", "999")
    text = host.script_text()
    commands.run_on(host, "update")
    assert "999" in host.messages[-1] and "left alone" in host.messages[-1]
    assert host.script_text() == text


def test_a_block_in_a_group_is_found() -> None:
    host = ScriptHost(nk.parse(HEAD + READ))
    outer = host.create("Group", "Outer")
    block = graph.group("FR_Merge", "Inner", {}, {}, (0, 0))
    (path,) = host.insert(block, outer)
    aged(host, path)
    assert [one.path for one in updating.update(host)] == ["Outer.Inner"]
    assert host.text("Outer.Inner", "fr_version") != "0"
    assert host.nodes(outer) == ("Outer.Inner",)


def test_a_script_without_blocks_is_told_so() -> None:
    host = ScriptHost(nk.parse(HEAD + READ))
    commands.run_on(host, "update")
    assert "up to date" in host.messages[-1]


def test_what_a_linked_knob_shows_stays() -> None:
    host, path = script_with("FR_ArchivalWrite")
    host.set_knob(path, "compression", "DWAA")
    assert host.knob("Mine.Write_Master", "compression") == "DWAA"
    updating.update(host)
    assert host.knob(path, "compression") == host.knob("Mine.Write_Master", "compression") == "DWAA"


# What was added inside


def with_automatic_branch() -> ScriptHost:
    """An older FR_Align, keyed to its automatic branch, whose F_Align holds an analysis and settings."""
    host = ScriptHost(nk.parse(HEAD + READ + "Read {\n inputs 0\n file b.####.exr\n name Read2\n}\n"))
    path = commands.drop(host, "FR_Align")
    host.connect(path, 0, "Read1")
    host.connect(path, 1, "Read2")
    node = align.add_automatic_branch(host, path)
    host.set_knob(node, "analysis", "{{curve x1 0.25 x9 1.5}}")
    host.set_text(node, "note", "two [words] here")
    host.set_knob(path, "mode", nk.curve({1: 0, 2: 1}, "K"))
    host.set_knob(path, "fr_version", "0")
    return host


def knobs_of(host: ScriptHost, path: str) -> dict[str, str]:
    return {name: knob.raw for name, knob in host.script.node(path).knobs.items()}


def test_an_automatic_branch_keeps_its_f_align_with_all_its_knobs_and_its_wiring() -> None:
    host = with_automatic_branch()
    node = "FR_Align1.AutomaticAlign"
    before, mode = knobs_of(host, node), host.knob("FR_Align1", "mode")
    (change,) = updating.update(host)
    assert change.after != "0" and "kept what was added inside: AutomaticAlign" in change.note
    assert knobs_of(host, node) == before and "curve x1 0.25" in before["analysis"]
    assert host.class_of(node) == align.F_ALIGN
    assert host.inputs(node) == ("FR_Align1.FitToSource", "FR_Align1.Source")
    assert host.inputs("FR_Align1.AutomaticBranch") == (node,)
    assert host.inputs("FR_Align1") == ("Read1", "Read2")
    assert host.knob("FR_Align1", "mode") == mode
    text = host.script_text()
    assert updating.update(host) == () and host.script_text() == text


def test_a_group_added_inside_is_taken_over_with_its_inside_and_what_it_feeds() -> None:
    host, path = script_with("FR_Merge")
    group = host.create("Group", "Hand", inside=path)
    text = "Blur {\n size 3\n name Soft\n}\nset N [stack 0]\npush $N\nOutput {\n name Out\n}\n"
    host.insert(text, group)
    target = next(one for one in host.nodes(path) if host.class_of(one) == "Output")
    host.connect(group, 0, host.inputs(target)[0])
    host.connect(target, 0, group)
    fed = host.inputs(group)
    updating.update(host)
    assert host.inputs(target) == ("Mine.Hand",) and host.inputs("Mine.Hand") == fed
    assert host.inputs("Mine.Hand.Out") == ("Mine.Hand.Soft",) and host.knob("Mine.Hand.Soft", "size") == "3"


def test_a_block_whose_additions_cannot_be_taken_over_is_left_alone_and_said() -> None:
    host = with_automatic_branch()
    host.create("Blur", "Gone", inside="FR_Align1")
    host.create("Input", "Third", inside="FR_Align1")
    before, selected = host.script_text(), host.selected()
    (change,) = updating.update(host)
    assert (change.before, change.after) == ("0", "0")
    assert "left alone: Third was added inside" in updating.told((change,))
    assert nodes_of(host.script_text()) == nodes_of(before) and host.selected() == selected


def nodes_of(text: str) -> dict[str, tuple[object, ...]]:
    """What a script says, without the lines that only the stack needs."""
    return {
        node.path: (
            node.class_name,
            tuple(feed and feed.name for feed in node.inputs),
            {name: knob.raw for name, knob in node.knobs.items()},
        )
        for node in nk.parse(text).all_nodes()
    }


@pytest.mark.parametrize(
    ("knob", "value", "said"),
    [
        ("pairs", "7 7", "stands there twice"),
        ("hold_out", "485", "485 is outside"),
        ("pairs", "", "no pairs"),
    ],
)
def test_a_block_that_cannot_be_rebuilt_does_not_keep_the_others_from_it(
    knob: str, value: str, said: str
) -> None:
    host = ScriptHost(nk.parse(HEAD + READ))
    stack, other = commands.drop(host, "FR_PairStack"), commands.drop(host, "FR_Merge")
    host.set_text(stack, knob, value)
    if said == "485 is outside":
        host.set_text(stack, "pairs", "471 478")
        host.set_knob(stack, "last", "480")
    for path in (stack, other):
        host.set_knob(path, "fr_version", "0")
    before = nodes_of(host.script_text())
    commands.run_on(host, "update")
    assert f"{stack} (FR_PairStack): left alone: " in host.messages[-1] and said in host.messages[-1]
    assert host.text(other, "fr_version") != "0" and host.text(stack, "fr_version") == "0"
    after = nodes_of(host.script_text())
    assert {path: after[path] for path in before if path.startswith(stack)} == {
        path: node for path, node in before.items() if path.startswith(stack)
    }


def test_a_rewired_order_is_read_back_and_a_node_of_one_s_own_is_listed() -> None:
    host = ScriptHost(nk.parse(HEAD + READ))
    stack = commands.drop(host, "FR_PairStack")
    host.set_text(stack, "pairs", "7 8")
    pair_stack.rebuild(host, stack)
    clip = f"{stack}.AppendClip_Pairs"
    host.connect(clip, 0, f"{stack}.FrameHold_2")
    host.connect(clip, 1, f"{stack}.FrameHold_1")
    host.create("Grade", "Mine", inside=stack)
    host.set_knob(stack, "fr_version", "0")
    (change,) = updating.update(host)
    assert host.text(stack, "pairs") == "8 7"
    assert [host.knob(str(one), "firstFrame") for one in host.inputs(clip)] == ["8", "7"]
    assert f"{stack}.Mine" in host.nodes(stack) and "Mine" in change.note


@pytest.mark.parametrize("typed", [False, True])
def test_epochs_get_the_new_expression_unless_a_number_was_typed(typed: bool) -> None:
    host = ScriptHost(nk.parse(HEAD))
    path = commands.drop(host, "FR_CopyCat")
    shipped = host.knob(path, "epochs")
    older = "500" if typed else "{{ceil(parent.total_steps*this.batchSize/parent.pairs)}}"
    host.set_knob(path, "epochs", older)
    host.set_knob(path, "fr_version", "0")
    updating.update(host)
    assert host.knob(path, "epochs") == (older if typed else shipped)
