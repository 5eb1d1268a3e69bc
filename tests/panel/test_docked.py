"""The panel in NukeX, emulated: the menu, the pane, what Nuke evaluates, and *Show me* in the open script."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from film_recovery.host.nuke import NukeHost
from film_recovery.panel import gpu, host_checks, in_script
from film_recovery.panel.gpu import Gpu
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import window
from film_recovery.panel.widgets.docked import Docked
from film_recovery.plugin import menus, places
from film_recovery.project import lock

ROOT = Path(__file__).resolve().parents[2]
SAME_FRAMES = Path(__file__).with_name("same_frames.py")
LOCK = "inference.identity_lock"
PATIENCE = 120_000


def test_from_the_menu_to_the_node_that_a_check_is_about(
    emulated_nuke: Any, film: Callable[..., Path], qtbot: Any, engine_variables: None, monkeypatch: Any
) -> None:
    window.application()
    folder = film("--break-lock")
    monkeypatch.setattr(sys, "path", list(sys.path))
    emulated_nuke.emulation.start(ROOT)
    emulated_nuke.scriptOpen(str(folder / "nuke_base" / "spatial_recovery.nk"))
    emulated_nuke.menu("Nuke").findItem("Film Recovery/Panel").invoke()
    assert emulated_nuke.emulation.shown == [menus.PANEL_ID] and not emulated_nuke.emulation.messages
    widget, title = emulated_nuke.emulation.panels[menus.PANEL_ID]
    panel = eval(widget, {})()  # as Nuke does, in its own namespace
    assert isinstance(panel, Docked) and title == "Film Recovery"
    panel.resize(380, 900)
    panel.show()
    session = panel.session
    qtbot.waitUntil(
        lambda: session.checklist is not None and bool(session.checklist.outcomes) and not session.busy,
        timeout=PATIENCE,
    )
    assert session.project is not None and session.project.folder == folder
    row = panel.page.look_at(LOCK)
    button = row.findChild(QtWidgets.QPushButton, "show")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert [node.name() for node in emulated_nuke.selectedNodes()] == ["FR_Inference1"]
    assert emulated_nuke.emulation.viewed[-1][1] == "FR_Inference1"

    emulated_nuke.scriptClear()
    panel.refresh()
    button = row.findChild(QtWidgets.QPushButton, "show")
    assert not button.isEnabled() and "not this project" in button.toolTip()

    # Nuke deletes the widgets of a pane that is closed; no engine is left behind.
    pid = session.service.pid
    assert pid and _is_there(pid)
    panel.deleteLater()
    qtbot.waitUntil(lambda: not _is_there(pid), timeout=PATIENCE)


def gone(panel: Docked) -> None:
    """As Nuke does when a pane is closed: nothing of it runs on in a Nuke that is not there any more."""
    panel.close_session()
    panel.deleteLater()
    kind = QtCore.QEvent.Type.DeferredDelete
    QtWidgets.QApplication.sendPostedEvents(None, kind.value if hasattr(kind, "value") else int(kind))


@pytest.mark.slow
def test_a_workspace_restores_it_as_it_was_left(
    install_nuke: Any, film: Callable[..., Path], qtbot: Any, engine_variables: None, monkeypatch: Any
) -> None:
    """By its id, in a new session of Nuke, whose script is new and belongs to no project."""
    window.application()
    folder = film()
    monkeypatch.setattr(sys, "path", list(sys.path))

    def restored(nuke: Any, width: int) -> Docked:
        nuke.emulation.start(ROOT)
        panel = nuke.emulation.restored(menus.PANEL_ID)
        assert isinstance(panel, Docked)
        panel.resize(width, 900)
        panel.show()
        return panel

    def opened(panel: Docked) -> bool:
        checklist = panel.session.checklist
        return checklist is not None and bool(checklist.outcomes) and not panel.session.busy

    with install_nuke() as nuke:
        panel = restored(nuke, 1280)
        assert panel.session.project is None and panel.start.isVisible()
        panel.session.open(str(folder))
        qtbot.waitUntil(lambda: opened(panel), timeout=PATIENCE)
        qtbot.mouseClick(panel.rail.buttons[2], Qt.MouseButton.LeftButton)
        qtbot.keyClick(panel, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(panel, Qt.Key.Key_F1)
        assert panel.log.isVisible() and panel.help.isVisible()
        qtbot.keyClick(panel, Qt.Key.Key_F1)
        qtbot.waitUntil(lambda: min(panel.page.both.sizes()) > 0, timeout=PATIENCE)
        pull(panel.page.both, QtCore.QPoint(-90, 0))
        pull(panel._halves, QtCore.QPoint(0, -120))
        left = (panel.page.both.sizes(), panel._halves.sizes())
        panel.page.show_work(True)
        gone(panel)
    with install_nuke() as nuke:
        panel = restored(nuke, 1280)
        qtbot.waitUntil(lambda: opened(panel), timeout=PATIENCE)
        assert panel.session.project is not None and panel.session.project.folder == folder
        assert panel.page.stage == 2 and panel.rail.buttons[2].isChecked()
        assert panel.log.isVisible() and not panel.help.isVisible()
        qtbot.waitUntil(lambda: (panel.page.both.sizes(), panel._halves.sizes()) == left, timeout=PATIENCE)
        panel.resize(380, 900)
        qtbot.waitUntil(lambda: panel.page.to_work.isChecked(), timeout=PATIENCE)
        panel.header.closed.emit()
        qtbot.waitUntil(lambda: panel.start.isVisible(), timeout=PATIENCE)
        gone(panel)
    with install_nuke() as nuke:
        panel = restored(nuke, 380)
        qtbot.wait(200)
        assert panel.session.project is None and panel.start.isVisible(), "it was left"
        gone(panel)


def pull(between: QtWidgets.QSplitter, way: QtCore.QPoint) -> None:
    """Drags the line between two parts."""
    handle, before = between.handle(1), between.sizes()
    left, kinds = Qt.MouseButton.LeftButton, QtCore.QEvent.Type
    start = handle.rect().center()
    there = handle.mapToGlobal(start)
    for kind, way_on in ((kinds.MouseButtonPress, 0), (kinds.MouseMove, 1), (kinds.MouseButtonRelease, 1)):
        at = QtCore.QPointF(there + way * way_on)
        held = Qt.MouseButton.NoButton if kind == kinds.MouseButtonRelease else left
        event = QtGui.QMouseEvent(kind, QtCore.QPointF(start), at, left, held, Qt.KeyboardModifier.NoModifier)
        QtWidgets.QApplication.sendEvent(handle, event)
    assert between.sizes() != before


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_from_the_menu_to_a_built_script_that_gives_the_same_frames(
    emulated_nuke: Any,
    film: Callable[..., Path],
    run_program: Callable[..., None],
    qtbot: Any,
    engine_variables: None,
    monkeypatch: Any,
) -> None:
    window.application()
    folder = film()
    monkeypatch.setattr(sys, "path", list(sys.path))
    emulated_nuke.emulation.start(ROOT)
    emulated_nuke.menu("Nuke").findItem("Film Recovery/Panel").invoke()
    widget, _ = emulated_nuke.emulation.panels[menus.PANEL_ID]
    panel = eval(widget, {})()
    panel.resize(1280, 800)
    panel.show()
    assert panel.session.project is None, "a new script belongs to no project"
    assert not panel.page.build.isVisible()
    panel.session.open(str(folder))
    qtbot.waitUntil(
        lambda: (
            panel.session.checklist is not None
            and bool(panel.session.checklist.outcomes)
            and not panel.session.busy
        ),
        timeout=PATIENCE,
    )
    root = emulated_nuke.root()
    panel.page.show_stage(2)
    qtbot.waitUntil(panel.page.build.isEnabled, timeout=PATIENCE)
    qtbot.mouseClick(panel.page.build, Qt.MouseButton.LeftButton)
    nodes = {node.name() for node in emulated_nuke.allNodes()}
    assert {"AlignmentSwitch", "DifferenceView", "CopyCat1", "Write_Recovered"} <= nodes
    assert [node.name() for node in emulated_nuke.selectedNodes()] == ["Backdrop_Alignment"]
    assert not panel.problem.isVisible() and "new nodes" in panel.log.toPlainText()
    qtbot.mouseClick(panel.page.build, Qt.MouseButton.LeftButton)
    assert {node.name() for node in emulated_nuke.allNodes()} == nodes
    assert "there and up to date" in panel.log.toPlainText()
    assert "set Project Settings > Color" in panel.log.toPlainText()
    for knob, value in (
        ("colorManagement", "OCIO"),
        ("OCIO_config", "fn-nuke_studio-config-v1.0.0_aces-v1.3_ocio-v2.1"),
        ("workingSpaceLUT", "scene_linear"),
    ):
        root[knob].setValue(value)
    built = folder / "nuke_base" / "by_hand.nk"
    emulated_nuke.scriptSaveAs(str(built))
    own = folder / "nuke_base" / "spatial_recovery.nk"
    looked_at = [f"{node}:{number}" for node in ("DifferenceView", "FR_GroundTruth1") for number in (1, 2)]
    run_program(SAME_FRAMES, own, built, *looked_at)
    emulated_nuke.Undo.undo()  # the second time, which changed nothing
    assert {node.name() for node in emulated_nuke.allNodes()} == nodes
    emulated_nuke.Undo.undo()
    assert not emulated_nuke.allNodes()

    emulated_nuke.scriptClear()
    NukeHost().set_project(str(folder.parent))
    panel.refresh()
    qtbot.waitUntil(lambda: "another project" in panel.page.build.toolTip(), timeout=PATIENCE)
    assert not panel.page.build.isEnabled()
    gone(panel)


def test_what_this_nuke_is_stands_above_the_checks(
    install_nuke: Any,
    film: Callable[..., Path],
    qtbot: Any,
    engine_variables: None,
    monkeypatch: Any,
    tmp_path: Path,
) -> None:
    """A driver that answers as the real one does stands on the path; licence and product are the emulation's."""
    window.application()
    driver = tmp_path / "bin" / "nvidia-smi"
    driver.parent.mkdir()
    driver.write_text("#!/bin/sh\necho 'Quadro 4000, 2.0'\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{driver.parent}{os.pathsep}{os.environ['PATH']}")
    folder = film("--break-lock")
    monkeypatch.setattr(sys, "path", list(sys.path))
    with install_nuke(nc=True, nukex=False) as nuke:
        nuke.emulation.start(ROOT)
        nuke.scriptOpen(str(folder / "nuke_base" / "spatial_recovery.nk"))
        panel = Docked()
        panel.show()
        qtbot.waitUntil(lambda: "host.gpu" in panel.page.rows, timeout=PATIENCE)
        rows = panel.page.rows
        assert [rows[id].item.outcome for id in ("host.nukex", "host.licence", "host.gpu")] == ["warn"] * 3
        assert "no CopyCat" in rows["host.nukex"].item.reason
        assert rows["host.licence"].item.measured == "Non-Commercial"
        assert "Quadro 4000" in rows["host.gpu"].item.reason and "below 3" in rows["host.gpu"].item.reason
        rows["host.licence"].set_open(True)
        assert "Indie" in " ".join(
            label.text() for label in rows["host.licence"].findChildren(QtWidgets.QLabel)
        )
        gone(panel)


@pytest.fixture
def on_slow_disk(
    film: Callable[..., Path], install_nuke: Any, engine_variables: None, qtbot: Any, monkeypatch: Any
) -> Iterator[tuple[Docked, Path, threading.Event]]:
    """A docked panel that is shown, the project of its script, and what lets the script's disk answer."""
    window.application()
    folder, answers = film("--break-lock"), threading.Event()

    def slow(file: str) -> Path | None:
        assert answers.wait(20), "somebody waited for the disk"
        return lock.project_of(file)

    for one in (in_script, places):
        monkeypatch.setattr(one, "project_of", slow)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with install_nuke() as nuke:
        nuke.emulation.start(ROOT)
        nuke.scriptOpen(str(folder / "nuke_base" / "spatial_recovery.nk"))
        panel = Docked()
        panel.show()
        qtbot.waitUntil(panel.start.isVisible, timeout=PATIENCE)
        yield panel, folder, answers
        gone(panel)


def test_a_slow_disk_keeps_no_docked_panel_waiting(on_slow_disk: Any, qtbot: Any) -> None:
    panel, folder, answers = on_slow_disk
    qtbot.wait(50)
    assert panel.session.project is None
    answers.set()
    qtbot.waitUntil(lambda: panel.session.project is not None, timeout=PATIENCE)
    assert panel.session.project.folder == folder


def test_the_operator_s_choice_goes_before_the_script_s(on_slow_disk: Any, qtbot: Any) -> None:
    panel, _, answers = on_slow_disk
    qtbot.mouseClick(panel.start.new, Qt.MouseButton.LeftButton)
    answers.set()
    qtbot.wait(300)
    assert panel.session.project is None and panel.start.is_asking


def test_a_card_that_is_able_passes() -> None:
    able = host_checks.items(None, (Gpu("RTX 4090", 8.9),), False)
    assert [item.outcome for item in able] == ["info", "pass"]
    assert host_checks.items(None, (), False)[-1].outcome == "warn"
    assert host_checks.items(None, (), True)[-1].outcome == "info"
    assert host_checks.items(None, (Gpu("Old", 0.0),), False)[-1].outcome == "info"


def test_a_driver_that_does_not_know_the_capability_names_its_card_all_the_same(
    monkeypatch: Any, tmp_path: Path
) -> None:
    driver = tmp_path / "nvidia-smi"
    driver.write_text('#!/bin/sh\ncase "$1" in *compute_cap*) exit 2;; esac\necho "Quadro 600"\n')
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert gpu.found() == (Gpu("Quadro 600", 0.0),)
    driver.write_text("#!/bin/sh\nexit 9\n")
    assert gpu.found() == ()
