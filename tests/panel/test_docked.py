"""The panel in NukeX, emulated: the menu, the pane, what Nuke evaluates, and *Show me* in the open script."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from film_recovery.panel.qt import Qt, QtWidgets
from film_recovery.panel.widgets import window
from film_recovery.panel.widgets.docked import Docked
from film_recovery.plugin import menus

ROOT = Path(__file__).resolve().parents[2]
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


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
