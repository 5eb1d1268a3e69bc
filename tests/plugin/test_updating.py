"""Update FR groups in script: a new inside under the old values, name, place and connections; twice is once."""

from __future__ import annotations

import pytest

from film_recovery import graph, nk
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import commands, updating
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
    assert "Mine.Relic" not in host.nodes(path)
    assert host.inputs(path) == feeds and host.inputs("After") == (path,)
    assert (host.knob(path, "xpos"), host.knob(path, "ypos")) == place
    shipped = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].text("fr_version")
    assert host.text(path, "fr_version") == shipped == changes[0].after
    text = host.script_text()
    assert updating.update(host) == () and host.script_text() == text
    assert "Relic" in updating.told(changes) or block == "FR_PairStack"


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
    assert "Outer.Inner.Relic" not in host.nodes("Outer.Inner")


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
