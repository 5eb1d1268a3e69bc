"""From an empty script: the plugin started as NukeX starts it, every entry of its menus pressed, saved, reloaded.

The pixels of the script before it is saved, of the file, and of what a second session makes of the file are the
same; what a block must pass on as it is it passes on.
"""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from film_recovery import engine as engine  # registers Inference, CopyCat and MatchGrade
from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.graph.templates import TEMPLATES
from film_recovery.host.nuke import NukeHost
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame
from film_recovery.imaging.luma import chroma, luma
from film_recovery.plugin import menus
from film_recovery.plugin.self_test_cases import DATA

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 48, 32
HELD = (471, 478, 492, 499)  # the frames of a new FR_PairStack
FRAMES = (*HELD, 485)
WITHOUT_A_PICTURE = ("BackdropNode", "StickyNote", "Viewer")
PLATES = ("Scan", "Dvd")
TITLES = {template: title for title, template in menus.GRAPHS}
# At frame 485, new and untouched: those that give their first input as it is.
PASS_ON = ("FR_Parity", "FR_FadeBalance", "FR_ArchivalWrite", "FR_CopyCat", "FR_Align")

Install = Callable[..., AbstractContextManager[ModuleType]]


@pytest.fixture
def plates(tmp_path: Path, photograph: Callable[[str], Any]) -> Path:
    """A faded scan, with values below 0 and above 1, and what it looked like; five frames of each as EXR."""
    folder = tmp_path / "film scans"
    folder.mkdir()
    whole = photograph("coffee.png")
    for number in FRAMES:
        row, column = 3 * (number % 40), 5 * (number % 30)
        clean = whole[40 + row : 40 + row + HEIGHT, 60 + column : 60 + column + WIDTH]
        faded = clean ** np.array([0.8, 0.95, 0.9], np.float32) * 1.35 - 0.12
        for name, picture in zip(PLATES, (faded, clean), strict=True):
            frame = Frame.from_array(picture.astype(np.float32), top_down=True)
            write_frame(frame, folder / f"{name}.{number:04d}.exr", datatype="float")
    return folder


def started(nuke: ModuleType) -> None:
    """What NukeX does with the plugin's folder: its init.py and menu.py, as they are."""
    nuke.emulation.start(ROOT)
    assert nuke.emulation.messages == []


def entries(menu: Any, path: str = "") -> Iterator[str]:
    """Every command of ``menu``, at any depth, as ``Blocks/FR_Merge``."""
    for item in menu.items():
        if hasattr(item, "items"):
            yield from entries(item, f"{path}{item.name()}/")
        elif item.name():
            yield path + item.name()


def bar(nuke: ModuleType) -> Any:
    return nuke.menu("Nuke").menu(menus.TITLE)


def press(nuke: ModuleType, entry: str) -> list[str]:
    """Presses an entry of the menu bar; gives what was told."""
    before = len(nuke.emulation.messages)
    bar(nuke).findItem(entry).invoke()
    return list(nuke.emulation.messages[before:])


def read_plates(nuke: ModuleType, folder: Path) -> list[Any]:
    """The two Reads, as an operator makes them, and the project's range."""
    made = []
    for name in PLATES:
        read = nuke.createNode("Read", inpanel=False)
        read.setName(name)
        read["file"].setValue((folder / f"{name}.####.exr").as_posix())
        for knob, value in {
            "first": 471,
            "last": 499,
            "origfirst": 471,
            "origlast": 499,
            "raw": True,
        }.items():
            read[knob].setValue(value)
        read["format"].fromScript(f"{WIDTH} {HEIGHT} 0 0 {WIDTH} {HEIGHT} 1 ")
        made.append(read)
    nuke.root()["first_frame"].fromScript("471")
    nuke.root()["last_frame"].fromScript("499")
    nuke.root()["format"].fromScript(f"{WIDTH} {HEIGHT} 0 0 {WIDTH} {HEIGHT} 1 ")
    return made


def select(nuke: ModuleType, chosen: Sequence[Any]) -> None:
    for node in nuke.allNodes():
        node.setSelected(node in chosen)


def pictures(script: nk.Script, names: Mapping[str, int]) -> dict[str, Frame]:
    evaluator = Evaluator(script)
    return {name: evaluator.frame(name, frame) for name, frame in names.items()}


def same(one: Frame, other: Frame) -> bool:
    return one.pixels.tobytes() == other.pixels.tobytes() and (one.format, one.bbox, one.channels) == (
        other.format,
        other.bbox,
        other.channels,
    )


def saved(nuke: ModuleType, file: Path, names: Mapping[str, int]) -> dict[str, Frame]:
    """Saves; gives the pictures of the file, which are those of the script before it was saved."""
    before = pictures(nk.parse(NukeHost().script_text()), names)
    nuke.scriptSaveAs(file.as_posix())
    after = pictures(nk.load(file), names)
    assert [name for name in names if not same(before[name], after[name])] == []
    return after


def reopened(install_nuke: Install, file: Path, names: Mapping[str, int]) -> dict[str, Frame]:
    """The pictures of ``file`` as a second session opens it and would save it; the plugin is started there too."""
    with install_nuke() as nuke:
        started(nuke)
        nuke.scriptOpen(file.as_posix())
        text = NukeHost().script_text()
        assert (nuke.emulation.messages, nuke.emulation.tcl) == ([], [])
    return pictures(nk.parse(text, file=file.as_posix()), names)


# The blocks


def test_every_block_is_dropped_from_both_menus_and_holds(
    install_nuke: Install, plates: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a comp.nk"
    made: dict[str, str] = {}
    with install_nuke() as nuke:
        started(nuke)
        reads = read_plates(nuke, plates)
        toolbar = nuke.menu("Nodes").menu(menus.TITLE)
        dropped = [(bar(nuke), entry) for entry in entries(bar(nuke)) if entry.startswith("Blocks/")]
        dropped += [(toolbar, entry) for entry in entries(toolbar)]
        dropped = [(menu, entry) for menu, entry in dropped if entry.rpartition("/")[2] in menus.BLOCKS]
        assert len(dropped) == 2 * (2 * len(menus.BLOCKS) - len(menus.STATEFUL))
        for menu, entry in dropped:
            select(nuke, reads)
            menu.findItem(entry).invoke()
            (node,) = nuke.selectedNodes()
            block = entry.rpartition("/")[2]
            assert node.Class() == (block if "As gizmo/" in entry else "Group")
            fed = [node.input(index) for index in range(node.inputs())]
            assert fed == (reads[::-1] if block == "FR_Align" else reads)[: len(fed)] and fed
            assert "Scan" in nuke.emulation.messages[-1] and "Dvd" in nuke.emulation.messages.pop()
            if block == "FR_Inference":
                node["modelFile"].setValue((DATA / "self_test.cat").as_posix())
            if block == "FR_MatchGradeBaseline":
                node["frames"].setValue("471 499")
                inner = nuke.toNode(f"{node.name()}.MatchGrade1")
                inner["analyzeRefFrames"].setCommand("nuke.execute(nuke.thisNode(), 1, 1)")
                node["analyse"].execute()
            made[node.name()] = block
        assert (nuke.emulation.messages, nuke.emulation.tcl) == ([], [])
        assert len(made) == len(dropped)
        frames = {name: 2 if block == "FR_PairStack" else 485 for name, block in made.items()}
        names = {**dict.fromkeys(PLATES, 485), **frames}
        found = saved(nuke, file, names)
    again = reopened(install_nuke, file, names)
    assert [name for name in names if not same(found[name], again[name])] == []
    held = Evaluator(nk.load(file)).frame("Scan", HELD[1])
    for name, block in made.items():
        _gives_what_it_must(block, found[name], found["Scan"], found["Dvd"], held)


def _gives_what_it_must(block: str, given: Frame, scan: Frame, dvd: Frame, held: Frame) -> None:
    """A new block, fed by the scan and the reference."""
    values, first, second = (frame.rgb(scan.bbox) for frame in (given, scan, dvd))
    if block in PASS_ON:
        passed = second if block == "FR_Align" else first
        np.testing.assert_allclose(values, passed, atol=2e-6 if block == "FR_Align" else 0)
        return
    if block == "FR_PairStack":
        np.testing.assert_array_equal(values, held.rgb())
        return
    assert np.abs(values - first).max() > 1e-3 and np.abs(values - second).max() > 1e-3, block
    if block == "FR_TrainPrep":
        np.testing.assert_array_equal(values, np.clip(first, 0, 1))
    elif block in ("FR_GroundTruth", "FR_Merge"):
        np.testing.assert_allclose(luma(values), luma(second), atol=2e-6)
        np.testing.assert_allclose(chroma(values), chroma(first), atol=2e-6)
    elif block == "FR_Inference":
        np.testing.assert_allclose(chroma(values), chroma(first), atol=2e-6)
    elif block == "FR_Compare":
        np.testing.assert_array_equal(values[:, : WIDTH // 2], first[:, : WIDTH // 2])
        np.testing.assert_array_equal(values[:, WIDTH // 2 :], second[:, WIDTH // 2 :])
    elif block == "FR_MatchGradeBaseline":
        assert np.abs(values - second).mean() < 0.5 * np.abs(first - second).mean()
    else:
        assert block == "FR_IdentityCheck"


# The graphs


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_graph_is_built_and_holds(
    template: str, install_nuke: Install, plates: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a comp.nk"
    with install_nuke() as nuke:
        started(nuke)
        (told,) = press(nuke, f"Build/{TITLES[template]}")
        count = len(nuke.allNodes())
        assert told.startswith(f"The graph {template}: {count} new nodes")
        _filled_in(nuke, plates)
        names = {node.name(): 1 for node in nuke.allNodes() if node.Class() not in WITHOUT_A_PICTURE}
        found = saved(nuke, file, names)
        assert nuke.emulation.tcl == []
    again = reopened(install_nuke, file, names)
    assert [name for name in names if not same(found[name], again[name])] == []
    script = nk.load(file)
    assert len(script.nodes) == count
    for copycat in (node for node in script.nodes if node.class_name == "CopyCat"):
        given, truth, shown = (found[feed.name] for feed in copycat.inputs if feed is not None)
        assert same(found[copycat.name], given), "training changes no pixel of the graph"
        assert given.bbox == truth.bbox and set(given.channels) == set(truth.channels)
        assert given.pixels.min() >= 0 and given.pixels.max() <= 1
        assert np.abs(given.rgb() - truth.rgb()).max() > 1e-3
        assert set(shown.channels) == set(given.channels)
    inferences = [node for node in script.nodes if node.text("fr_id") == "FR_Inference"]
    assert inferences
    for block in inferences:
        (feed,) = block.inputs
        assert feed is not None
        source, recovered = found[feed.name].rgb(), found[block.name].rgb(found[feed.name].bbox)
        kept = luma if "recipe" in block.knobs and block.text("recipe") == "colour" else chroma
        np.testing.assert_allclose(kept(recovered), kept(source), atol=2e-6)
        assert np.abs(recovered - source).max() > 1e-3


def _filled_in(nuke: ModuleType, plates: Path) -> None:
    """A small film in the place of the template's, as its note says: files, format, the model."""
    shape = f"{WIDTH} {HEIGHT} 0 0 {WIDTH} {HEIGHT} 1 "
    for node in nuke.allNodes():
        if node.Class() == "Read":
            name = "Dvd" if "Reference" in node.name() else "Scan"
            node["file"].setValue((plates / f"{name}.0471.exr").as_posix())
            node["raw"].setValue(True)
        if node.Class() in ("Read", "Reformat"):
            node["format"].fromScript(shape)
        if node.Class() == "CornerPin2D":
            for corner, (x, y) in enumerate(((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)), 1):
                for knob in (f"to{corner}", f"from{corner}"):
                    node[knob].fromScript(f"{x} {y}")
        if node.knob("fr_id") is not None and node["fr_id"].value() == "FR_Inference":
            node["modelFile"].setValue((DATA / "self_test.cat").as_posix())
    nuke.root()["format"].fromScript(shape)


# The rest of the menu


def test_update_says_what_it_did_and_leaves_the_pixels(
    install_nuke: Install, plates: Path, tmp_path: Path
) -> None:
    with install_nuke() as nuke:
        started(nuke)
        reads = read_plates(nuke, plates)
        select(nuke, reads)
        press(nuke, "Blocks/FR_GroundTruth")
        (node,) = nuke.selectedNodes()
        node["recipe"].setValue("colour")
        before = pictures(nk.parse(NukeHost().script_text()), {"FR_GroundTruth1": 485})
        assert press(nuke, "Update FR groups in script") == [
            "Every Film Recovery group in this script is up to date."
        ]
        node["fr_version"].setValue("0")
        (told,) = press(nuke, "Update FR groups in script")
        assert told == "FR_GroundTruth1 (FR_GroundTruth): version 0 is now 1"
        found = saved(nuke, tmp_path / "comp.nk", {"FR_GroundTruth1": 485})
    assert same(before["FR_GroundTruth1"], found["FR_GroundTruth1"])
    again = reopened(install_nuke, tmp_path / "comp.nk", {"FR_GroundTruth1": 485})
    assert same(before["FR_GroundTruth1"], again["FR_GroundTruth1"])


def test_help_opens_a_page_that_is_there(
    install_nuke: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path.as_posix()}/opened\n', "utf-8")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser.as_posix()} %s")
    monkeypatch.setattr(webbrowser, "_tryorder", None)  # as in a fresh process: it is looked for once
    with install_nuke() as nuke:
        started(nuke)
        assert press(nuke, "Help") == []
    page = (tmp_path / "opened").read_text("utf-8")
    assert page.startswith("file:///") and Path(page.removeprefix("file://")).is_file()


def test_the_self_test_leaves_a_report_and_the_script_as_it_was(
    install_nuke: Install, plates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That every case is as expected is shown in test_self_test.py, with our engine's pixels; here all are black."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with install_nuke() as nuke:
        started(nuke)
        read_plates(nuke, plates)
        nuke.emulation.pixels = lambda node, channel, x, y: 0.0
        before = NukeHost().script_text()
        (told,) = press(nuke, "Self-test")
        assert told.startswith("Self-test: ") and " differ" in told
        assert NukeHost().script_text() == before
        assert nuke.emulation.tcl == []
    assert len(list(tmp_path.glob("*/self_test_nuke_15.1v3_*.txt"))) == 1


def test_the_panel_is_put_into_a_pane(install_nuke: Install) -> None:
    """That what Nuke then evaluates is a panel is shown in tests/panel, with a Qt."""
    with install_nuke() as nuke:
        started(nuke)
        known = {menus.PANEL_ID: (menus.PANEL, menus.TITLE)}
        assert nuke.emulation.panels == known  # to panes and workspaces
        assert nuke.emulation.shown == []
        assert press(nuke, "Panel") == []
        assert nuke.emulation.shown == [menus.PANEL_ID]


def test_every_entry_of_the_menus_is_pressed_above(install_nuke: Install) -> None:
    """An entry that is added needs its own test; *Graph of the project* is pressed in test_planted_text.py."""
    pressed = {"Panel", "Update FR groups in script", "Help", "Self-test", "Build/Graph of the project"}
    pressed |= {f"Build/{title}" for title in TITLES.values()}
    pressed |= {f"Blocks/{block}" for block in menus.BLOCKS}
    pressed |= {f"Blocks/As gizmo/{block}" for block in menus.BLOCKS if block not in menus.STATEFUL}
    pressed.add("Blocks/CopyCat with a Film Recovery tab")  # in tests/plugin/test_callbacks.py
    with install_nuke() as nuke:
        started(nuke)
        assert set(entries(bar(nuke))) == pressed
        toolbar = nuke.menu("Nodes").menu(menus.TITLE)
        assert {f"Blocks/{entry}" for entry in entries(toolbar)} < pressed


def test_without_a_screen_there_is_no_menu_and_the_blocks_are_there(install_nuke: Install) -> None:
    with install_nuke(gui=False) as nuke:
        started(nuke)
        assert nuke.createNode("FR_Merge").Class() == "FR_Merge"
        assert nuke.createNode("FR_Align").Class() == "Group"
        assert nuke.emulation.messages == []
