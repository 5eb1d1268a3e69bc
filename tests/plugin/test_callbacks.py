"""The buttons of the stateful blocks, pressed in the strict emulation of Nuke: saved, reloaded, undone."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from film_recovery import graph, nk, project
from film_recovery.host.nuke import NukeHost
from film_recovery.plugin import align, commands, copycat, menus


@pytest.fixture
def nuke(emulated_nuke: ModuleType) -> ModuleType:
    emulated_nuke.pluginAddPath(str(graph.gizmo_folder()))
    return emulated_nuke


def reloaded(nuke: ModuleType, folder: Path) -> nk.Script:
    """The script as Nuke saves and opens it again."""
    file = str(folder / "comp.nk")
    nuke.scriptSaveAs(file, overwrite=1)
    nuke.scriptClear()
    nuke.scriptOpen(file)
    return nk.load(file)


def dropped(nuke: ModuleType, name: str, *feeds: Any) -> Any:
    node = nuke.createNode(name, inpanel=False)
    assert node.Class() == "Group" and node.name().startswith(name)
    for index, feed in enumerate(feeds):
        node.setInput(index, feed)
    return node


def test_rebuild_in_nuke_is_saved_and_tells_what_is_wrong(nuke: ModuleType, tmp_path: Path) -> None:
    film = nuke.createNode("Read", inpanel=False)
    film["file"].setValue("/film/a.####.exr")
    film["first"].setValue(7)
    film["last"].setValue(90)
    stack = dropped(nuke, "FR_PairStack", film)
    below = nuke.createNode("Dot", inpanel=False)
    below.setInput(0, stack)
    stack["pairs"].setValue("10 20 30 40 50 60")
    stack["hold_out"].setValue("")
    stack["rebuild"].execute()
    assert nuke.emulation.messages == []
    stack["pairs"].setValue("10 [exit] 30")
    stack["rebuild"].execute()
    assert "holds Tcl, which is not run here" in nuke.emulation.messages[0]
    assert nuke.emulation.tcl == []
    stack["pairs"].setValue("10 2O 30")
    stack["rebuild"].execute()
    assert "'2O' is not a frame number" in nuke.emulation.messages[1]
    script = reloaded(nuke, tmp_path)
    clip = script.node("FR_PairStack1.AppendClip_Pairs")
    assert [hold.get("firstFrame").text for hold in clip.inputs] == ["10", "20", "30", "40", "50", "60"]
    assert clip.inputs[4].text("label").startswith("pair 5\nframe 50")
    assert script.node("Dot1").inputs == [script.node("FR_PairStack1")]
    stack = nuke.toNode("FR_PairStack1")
    stack["pairs"].setValue("7 8")
    stack["rebuild"].execute()
    script = reloaded(nuke, tmp_path)
    holds = [node.name for node in script.node("FR_PairStack1").nodes if node.class_name == "FrameHold"]
    assert sorted(holds) == ["FrameHold_1", "FrameHold_2"]


def test_the_automatic_branch_is_added_once(nuke: ModuleType, tmp_path: Path) -> None:
    block = dropped(nuke, "FR_Align")
    block["add_automatic"].execute()
    block["add_automatic"].execute()
    assert nuke.emulation.messages == []
    script = reloaded(nuke, tmp_path)
    inside = script.node("FR_Align1").nodes
    (solve,) = (node for node in inside if node.class_name == align.F_ALIGN)
    assert [node.name for node in solve.inputs] == ["FitToSource", "Source"]
    assert script.node("FR_Align1.AutomaticBranch").inputs == [solve]


def test_copycat_s_buttons(nuke: ModuleType, tmp_path: Path) -> None:
    film = nuke.createNode("Read", inpanel=False)
    stack = dropped(nuke, "FR_PairStack", film)
    block = dropped(nuke, "FR_CopyCat", stack, stack)
    block["start"].execute()
    assert "There is no data directory." in nuke.emulation.messages.pop()
    block["dataDirectory"].setValue(str(tmp_path))
    block["count_pairs"].execute()
    assert block["pairs"].value() == 4
    inner = nuke.toNode("FR_CopyCat1.CopyCat1")
    inner["startTraining"].setCommand("nuke.execute(nuke.thisNode(), 1, 1)")
    block["start"].execute()
    assert nuke.emulation.messages == []
    assert nuke.emulation.executed == [("FR_CopyCat1.CopyCat1", 1, 1)]
    block["progress"].execute()
    assert nuke.emulation.shown == ["FR_CopyCat1.CopyCat1"]
    (tmp_path / "Training_250101_100000.10000.cat").write_bytes(b"x")
    block["inference"].execute()
    assert "Training_250101_100000.10000.cat" in nuke.emulation.messages.pop()
    script = reloaded(nuke, tmp_path)
    model = script.node("FR_Inference1.Inference1").text("modelFile")
    assert model == (tmp_path / "Training_250101_100000.10000.cat").as_posix()


def test_a_plain_copycat_with_a_tab_in_nuke(nuke: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "node.nk").write_text(copycat.plain_copycat(data_directory="/t"), encoding="utf-8")
    nuke.nodePaste(str(tmp_path / "node.nk"))
    node = nuke.toNode("CopyCat1")
    node["fr_pairs"].setValue(9)
    node["fr_set_epochs"].execute()
    assert nuke.emulation.messages == []
    assert node["epochs"].value() == graph.epochs(40_000, 9)
    script = reloaded(nuke, tmp_path)
    assert script.node("CopyCat1").get("epochs").text == str(graph.epochs(40_000, 9))


def test_what_nuke_itself_refuses_is_told(nuke: ModuleType) -> None:
    film = nuke.createNode("Read", inpanel=False)
    block = dropped(nuke, "FR_CopyCat", film, film)
    block["dataDirectory"].setValue("/t")
    nuke.toNode("FR_CopyCat1.CopyCat1")["startTraining"].setCommand("raise RuntimeError('Cancelled')")
    block["start"].execute()
    assert nuke.emulation.messages == ["FR_CopyCat1: Cancelled"]


@pytest.mark.parametrize("error", ["OSError(28, 'No space left on device')", "ValueError('a bad value')"])
def test_what_a_disk_or_a_value_refuses_is_told(nuke: ModuleType, error: str) -> None:
    film = nuke.createNode("Read", inpanel=False)
    block = dropped(nuke, "FR_CopyCat", film, film)
    block["dataDirectory"].setValue("/t")
    nuke.toNode("FR_CopyCat1.CopyCat1")["startTraining"].setCommand(f"raise {error}")
    block["start"].execute()
    (message,) = nuke.emulation.messages
    assert message.startswith("FR_CopyCat1: ") and ("No space left" in message or "a bad value" in message)


def test_the_match_is_analysed(nuke: ModuleType) -> None:
    film = nuke.createNode("Read", inpanel=False)
    block = dropped(nuke, "FR_MatchGradeBaseline", film, film)
    inner = nuke.toNode("FR_MatchGradeBaseline1.MatchGrade1")
    inner["analyzeRefFrames"].setCommand("nuke.execute(nuke.thisNode(), 1, 1)")
    block["analyse"].execute()
    assert "No reference frames are given." in nuke.emulation.messages[0]
    block["frames"].setValue("471, 478")
    block["analyse"].execute()
    assert inner["sourceRefFrames"].toScript() == "{{curve x471 471 x478 478}}"
    assert nuke.emulation.executed == [("FR_MatchGradeBaseline1.MatchGrade1", 1, 1)]


def test_the_menu_s_copycat_with_a_tab_is_fed_and_trains(nuke: ModuleType, tmp_path: Path) -> None:
    entries = list(menus.commands_of(menus.menu_bar()))
    (entry,) = [one for one in entries if one.label == "CopyCat with a Film Recovery tab"]
    film = nuke.createNode("Read", inpanel=False)
    stack = dropped(nuke, "FR_PairStack", film)
    other = dropped(nuke, "FR_PairStack", film)
    stack["label"].setValue("Reference")
    other["label"].setValue("Source")
    for node in (stack, other):
        node.setSelected(True)
    exec(entry.script, {})
    assert nuke.emulation.messages == ["CopyCat1: Input: FR_PairStack2, GroundTruth: FR_PairStack1"]
    nuke.emulation.messages.clear()
    (node,) = nuke.selectedNodes()
    assert [node.Class(), node.input(0).name(), node.input(1).name()] == [
        "CopyCat",
        "FR_PairStack2",
        "FR_PairStack1",
    ]
    node["dataDirectory"].setValue(str(tmp_path))
    node["startTraining"].setCommand("nuke.execute(nuke.thisNode(), 1, 1)")
    node["fr_start"].execute()
    assert nuke.emulation.messages == []
    assert nuke.emulation.executed == [(node.name(), 1, 1)]
    script = reloaded(nuke, tmp_path)
    kept = script.node("CopyCat1").text(copycat.TRAINED)
    assert kept == "Input 471 478 492 499; GroundTruth 471 478 492 499"
    exec(entry.script, {})  # nothing selected, a second one
    assert {one.name for one in reloaded(nuke, tmp_path).nodes} >= {"CopyCat1", "CopyCat2"}


def test_resume_is_refused_in_nuke_after_a_rebuild(nuke: ModuleType, tmp_path: Path) -> None:
    film = nuke.createNode("Read", inpanel=False)
    stack = dropped(nuke, "FR_PairStack", film)
    block = dropped(nuke, "FR_CopyCat", stack, stack)
    block["dataDirectory"].setValue(str(tmp_path))
    inner = nuke.toNode("FR_CopyCat1.CopyCat1")
    for button in ("startTraining", "resumeTraining"):
        inner[button].setCommand("nuke.execute(nuke.thisNode(), 1, 1)")
    block["start"].execute()
    block["resume"].execute()
    assert nuke.emulation.messages == [] and len(nuke.emulation.executed) == 2
    stack["pairs"].setValue("471 478 492")
    stack["rebuild"].execute()
    nuke.emulation.messages.clear()
    block["resume"].execute()
    assert "The pairs changed" in nuke.emulation.messages[0] and len(nuke.emulation.executed) == 2


def test_the_project_s_buttons_of_a_stack(nuke: ModuleType, tmp_path: Path) -> None:
    film = nuke.createNode("Read", inpanel=False)
    stack = dropped(nuke, "FR_PairStack", film)
    stack["from_project"].execute()
    assert "belongs to no Film Recovery project" in nuke.emulation.messages.pop()
    element = project.Element("scan.####.exr", first=1, last=900, width=64, height=48)
    folder = tmp_path / "film"
    elements = {"source": element, "reference": element}
    pairs = (project.PairOf(10, 110), project.PairOf(20, 120))
    project.create(folder, project.Draft(film="Film", recipe="spatial-gauge", elements=elements, pairs=pairs))
    NukeHost().set_project(folder.as_posix())
    other = dropped(nuke, "FR_PairStack", film)
    other["side"].setValue("reference")
    for node in (stack, other):
        node["from_project"].execute()
    assert (stack["pairs"].value(), other["pairs"].value()) == ("10 20", "110 120")
    stack["pairs"].setValue("30 20")
    other["pairs"].setValue("130 120")
    other["to_project"].execute()
    assert "are in" in nuke.emulation.messages[-1]
    assert project.load(folder).pairs == (project.PairOf(30, 130), project.PairOf(20, 120))


def test_update_keeps_the_automatic_branch_in_nuke(nuke: ModuleType, tmp_path: Path) -> None:
    film = nuke.createNode("Read", inpanel=False)
    block = dropped(nuke, "FR_Align", film, film)
    block["add_automatic"].execute()
    block["fr_version"].setValue("0")
    commands.run("update")
    assert "kept what was added inside: AutomaticAlign" in nuke.emulation.messages[-1]
    script = reloaded(nuke, tmp_path)
    solve = script.node("FR_Align1.AutomaticAlign")
    assert [node.name for node in solve.inputs] == ["FitToSource", "Source"]
    assert script.node("FR_Align1.AutomaticBranch").inputs == [solve]
    assert solve.get("perspective").text == "true"
    assert [node and node.name for node in script.node("FR_Align1").inputs] == ["Read1", "Read1"]
