"""*Build* a second time, of every graph, in a .nk file and in the emulated Nuke: nothing is doubled, and what an
operator made of the graph in between stays as it is, to the last byte of the script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from film_recovery import nk, project
from film_recovery.graph.templates import TEMPLATES
from film_recovery.host.base import Host
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import building

EMPTY = "version 15.1 v3\nRoot {\n inputs 0\n fps 18\n}\n"


@pytest.fixture(params=["script", "nuke"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    if request.param == "script":
        yield ScriptHost(nk.parse(EMPTY))
        return
    nuke: Any = request.getfixturevalue("emulated_nuke")
    from film_recovery.host.nuke import NukeHost

    yield NukeHost()
    assert nuke.emulation.tcl == []


def first_of(host: Host, class_name: str) -> str:
    return next(path for path in sorted(host.nodes()) if host.class_of(path) == class_name)


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_is_doubled(host: Host, template: str) -> None:
    first = building.build(host, template)
    nodes, text = sorted(host.nodes()), host.script_text()
    assert sorted(first.new) == nodes and len(nodes) > 30
    for _ in range(2):
        again = building.build(host, template)
        assert (again.new, again.set, again.surplus) == ((), (), ())
        assert sorted(host.nodes()) == nodes
        assert host.script_text() == text


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_an_operator_made_stays(host: Host, template: str) -> None:
    building.build(host, template)
    moved, renamed = first_of(host, "AppendClip"), first_of(host, "Transform")
    switch, note = first_of(host, "Switch"), first_of(host, "StickyNote")
    copycat = first_of(host, "CopyCat")
    host.set_knob(moved, "xpos", "-2000")
    host.set_knob(moved, "ypos", "77")
    host.set_knob(renamed, "name", "ByHand")
    host.set_knob(switch, "which", nk.curve({1: 0, 2: 1, 3: 2}, "K"))
    host.set_text(note, "label", "Ask the archive about reel 2.")
    host.set_text(copycat, "label", "mine")
    fed = host.inputs(copycat)
    grade = host.create("Grade", "Mine", knobs={"white": "1.2"})
    host.connect(grade, 0, fed[0])
    host.connect(copycat, 0, grade)
    nodes, text = sorted(host.nodes()), host.script_text()
    assert "ByHand" in nodes and renamed not in nodes
    for _ in range(2):
        again = building.build(host, template)
        assert (again.new, again.set) == ((), ())
        assert sorted(host.nodes()) == nodes
        assert host.script_text() == text
    assert host.inputs(copycat) == (grade, *fed[1:]) and host.inputs(grade) == fed[:1]
    assert host.knob(moved, "xpos") == "-2000" and host.text(note, "label").startswith("Ask the archive")
    assert nk.decode(host.knob(switch, "which")) == "{curve K x1 0 x2 1 x3 2}"


@pytest.mark.parametrize("recipe", ["spatial-gauge", "colour-reference"])
def test_what_an_operator_made_of_a_project_s_graph_stays(host: Host, recipe: str, tmp_path: Path) -> None:
    """Here every *Build* also sets what the project says."""
    element = project.Element("/scans/film.####.exr", 1, 90, 640, 480)
    pairs = tuple(project.PairOf(frame, frame) for frame in (4, 8, 15, 16))
    draft = project.Draft("film", recipe, {"source": element, "reference": element}, pairs=pairs)
    project.create(tmp_path / "film", project.drafted(draft, {"hold_out": [{"source": 23, "reference": 23}]}))
    host.set_project((tmp_path / "film").as_posix())
    building.build(host)
    hold, switch, read = "FrameHold_Source_2", "AlignmentSwitch", "Read_Source"
    host.set_knob(hold, "firstFrame", nk.curve({1: 8, 9: 9}))
    host.set_knob(hold, "xpos", "-2000")
    host.set_knob(switch, "which", nk.curve({1: 0, 2: 1, 3: 2}, "K"))
    host.set_knob("ManualTransform", "translate", nk.curves([{1: 0, 9: 4}, {1: 0, 9: 1}], "K"))
    host.set_knob(read, "name", "TheScan")
    host.set_text("CopyCat1", "label", "mine")
    grade = host.create("Grade", "Mine", knobs={"white": "1.2"})
    host.connect(grade, 0, "TheScan")
    nodes, text = sorted(host.nodes()), host.script_text()
    for _ in range(2):
        again = building.build(host)
        assert (again.new, again.set, again.surplus) == ((), (), ())
        assert sorted(host.nodes()) == nodes
        assert host.script_text() == text
    host.set_knob("FrameHold_Source_3", "firstFrame", "99")
    assert building.build(host).set == ("FrameHold_Source_3.firstFrame",), (
        "what is not keyed is the project's"
    )
    assert host.script_text() == text


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_was_deleted_comes_back_once(host: Host, template: str) -> None:
    building.build(host, template)
    count = len(host.nodes())
    hold = first_of(host, "FrameHold")
    feeds = host.inputs(hold)
    host.delete(hold)
    assert building.build(host, template).new == (hold,)
    assert len(host.nodes()) == count and host.inputs(hold) == feeds
    assert building.build(host, template).new == ()


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_comes_back_takes_no_connection_of_the_operator_s(host: Host, template: str) -> None:
    building.build(host, template)
    hold = first_of(host, "FrameHold")
    feeds = host.inputs(hold)
    below, index = next(
        (path, at) for path in host.nodes() for at, feed in enumerate(host.inputs(path)) if feed == hold
    )
    host.delete(hold)
    grade = host.create("Grade", "Mine")
    host.connect(grade, 0, feeds[0])
    host.connect(below, index, grade)
    assert building.build(host, template).new == (hold,)
    assert host.inputs(hold) == feeds and host.inputs(below)[index] == grade
