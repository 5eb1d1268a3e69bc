"""Build: the graph in the operator's script, once; what the operator made stays, what is missing comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from film_recovery import graph, nk, project
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.templates import TEMPLATES
from film_recovery.host.script import ScriptHost
from film_recovery.plugin import building, commands

ROOT = "version 15.1 v3\nRoot {\n inputs 0\n name mine.nk\n fps 18\n}\n"
READS = ROOT + "".join(
    f'Read {{\n inputs 0\n file {name}.####.exr\n format "720 540 0 0 720 540 1.2 PAL"\n first 11\n last 50\n'
    f" name {name}\n xpos {x}\n selected true\n}}\n"
    for name, x in (("Print", 0), ("Dvd", 100))
)


def host(text: str = ROOT) -> ScriptHost:
    return ScriptHost(nk.parse(text))


def edges(of: ScriptHost) -> dict[str, tuple[str | None, ...]]:
    return {path: of.inputs(path) for path in of.nodes()}


def saved(of: ScriptHost) -> ScriptHost:
    return host(of.script_text())


@pytest.mark.parametrize("template", TEMPLATES)
def test_built_twice_doubles_nothing(template: str) -> None:
    script = host()
    first = building.build(script, template)
    assert set(first.new) == set(script.nodes())
    text = script.script_text()
    assert "fps 18" in text and text.count("Root {") == 1
    again = saved(script)
    second = building.build(again, template)
    assert (second.new, second.set, again.script_text()) == ((), (), text)


def test_the_selected_reads_take_the_place_of_the_template_s() -> None:
    script = host(READS)
    built = building.build(script, "spatial-gauge")
    assert built.reads == ("Print", "Dvd")
    assert not script.find("Read_Source") and not script.find("Read_Reference")
    fed = [feed for feeds in edges(script).values() for feed in feeds]
    assert "Print" in fed and "Dvd" in fed
    assert script.knob("FrameRange_Source", "first_frame") == "11"
    text = script.script_text()
    building.build(script, "spatial-gauge")
    assert script.script_text() == text


def test_what_an_operator_made_stays_and_what_is_missing_comes_back() -> None:
    script = host()
    building.build(script, "colour-reference")
    before = edges(script)
    clip = next(path for path in before if "FrameHold_Source_2" in before[path])
    grade = script.create("Grade", "Mine")
    script.connect(grade, 0, "FrameRange_Source")
    script.connect("FrameHold_Source_1", 0, grade)
    script.set_knob("FrameHold_Source_3", "firstFrame", nk.curve({1: 5, 9: 6}))
    script.set_knob("Read_Source", "name", "TheScan")
    script.delete("FrameHold_Source_2")
    built = building.build(script, "colour-reference")
    assert built.new == ("FrameHold_Source_2",)
    assert script.inputs("FrameHold_Source_2") == ("FrameRange_Source",)
    assert script.inputs(clip) == before[clip]
    assert script.inputs("FrameHold_Source_1") == (grade,)
    assert "curve" in script.knob("FrameHold_Source_3", "firstFrame")
    assert "TheScan" in script.nodes() and "Read_Source" not in script.nodes()
    text = script.script_text()
    building.build(script, "colour-reference")
    assert script.script_text() == text


def draft(**more: object) -> project.Draft:
    scan = project.Element("/scans/print.####.exr", 1, 90, 640, 480)
    pairs = tuple(project.PairOf(frame, frame) for frame in (4, 8, 15, 16))
    found = project.Draft("A", "colour-reference", {"source": scan, "reference": scan}, pairs=pairs)
    return project.drafted(found, {"hold_out": [{"source": 23, "reference": 23}], **more})


def test_the_project_s_values_are_set_but_not_over_keys(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    project.create(folder, draft())
    script = host()
    with pytest.raises(FilmRecoveryError, match="no Film Recovery project"):
        building.build(script)
    script.set_project(folder.as_posix())
    building.build(script)
    assert script.knob("FrameHold_Source_2", "firstFrame") == "8"
    assert Path(script.text("CopyCat1", "dataDirectory")).is_absolute(), "the script lies nowhere yet"
    assert building.build(script).set == ()
    script.set_knob("FrameHold_Source_1", "firstFrame", nk.curve({1: 4, 2: 5}))
    project.update(folder, {"pairs": [{"source": n, "reference": n} for n in (5, 9, 15, 16)]})
    built = building.build(script)
    assert "FrameHold_Source_2.firstFrame" in built.set
    assert script.knob("FrameHold_Source_2", "firstFrame") == "9"
    assert "curve" in script.knob("FrameHold_Source_1", "firstFrame")
    assert building.build(script).set == ()


def test_a_fifth_pair_is_added_and_a_lost_one_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    project.create(folder, draft())
    script = host()
    script.set_project(folder.as_posix())
    building.build(script)
    clip = next(path for path, feeds in edges(script).items() if "FrameHold_Source_4" in feeds)
    project.update(folder, {"pairs": [{"source": n, "reference": n} for n in (4, 8, 15, 16, 42)]})
    assert "FrameHold_Source_5" in building.build(script).new
    assert script.inputs(clip)[4] == "FrameHold_Source_5"
    project.update(folder, {"pairs": [{"source": n, "reference": n} for n in (4, 8, 15, 16)]})
    assert "FrameHold_Source_5" in building.build(script).surplus


def test_two_graphs_are_not_mixed_and_nothing_is_half_done() -> None:
    script = host()
    building.build(script, "spatial-gauge")
    text = script.script_text()
    commands.run_on(script, "build", "colour-reference")
    assert "spatial-gauge already" in script.messages[-1]
    commands.run_on(host(), "build", "nonsense")
    assert script.script_text() == text


def test_a_title_never_runs(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    planted = "[python {open('/tmp/planted','w')}] $x"
    project.create(folder, draft(title=planted))
    script = host()
    script.set_project(folder.as_posix())
    building.build(script)
    assert planted in script.text("Backdrop_Recovery", "label")


@pytest.mark.parametrize("kind", ["gizmo", "group", "group that is fed"])
def test_an_operator_s_own_block_is_not_the_graph_s(emulated_nuke: Any, kind: str) -> None:
    from film_recovery.host.nuke import NukeHost

    emulated_nuke.pluginAddPath(str(graph.gizmo_folder()))
    for script in (NukeHost(), host()):
        building.build(script, "spatial-gauge")
        script.select(("Read_Source",) if kind.endswith("fed") else ())
        drop = commands.drop_gizmo if kind == "gizmo" else commands.drop
        own = drop(script, "FR_Inference")
        script.delete("FR_Inference1")
        assert building.build(script, "spatial-gauge").new == ("FR_Inference1",)
        assert script.inputs("Write_Recovered") == ("FR_Inference1",)
        assert own in script.nodes()
        script.set_knob("FR_Inference1", "name", "ByHand")
        assert building.build(script, "spatial-gauge").new == (), "the graph's own block under another name"


def test_a_nuke_that_lists_a_part_of_the_nodes_builds_nothing(
    install_nuke: Callable[..., AbstractContextManager[ModuleType]],
) -> None:
    from film_recovery.host.nuke import NukeHost

    with install_nuke(nc=True) as nuke:
        script = NukeHost()
        nuke.emulation.locks_saved = False
        nuke.emulation.listed = 10
        commands.run_on(script, "build", "spatial-gauge")
        assert "lists 10 of" in nuke.emulation.messages[-1] and "Remedy" in nuke.emulation.messages[-1]
        nuke.emulation.listed = None
        assert script.nodes() == (), "what was begun is taken back"
        building.build(script, "spatial-gauge")
        count = len(script.nodes())
        nuke.emulation.listed = 10
        commands.run_on(script, "build", "spatial-gauge")
        assert f"lists 10 of {count} nodes" in nuke.emulation.messages[-1]
        nuke.emulation.listed = None
        assert len(script.nodes()) == count
        assert building.build(script, "spatial-gauge").new == ()
