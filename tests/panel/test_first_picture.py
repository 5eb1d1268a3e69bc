"""What is there before the first picture: no part of the house that it does not show, so that it is there at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from film_recovery.panel.qt import QtCore, QtWidgets
from film_recovery.panel.widgets.window import Window

Show = Callable[..., Window]
ROOT = Path(__file__).resolve().parents[2]
# The rooms that read projects and scripts, the pages, what is opened by a button, and what is slow of Python's own.
LATER = (
    "film_recovery.graph",
    "film_recovery.host",
    "film_recovery.jobs",
    "film_recovery.ledger",
    "film_recovery.nk",
    "film_recovery.project",
    "film_recovery.panel.contents",
    "film_recovery.panel.widgets.help",
    "film_recovery.panel.widgets.new_form",
    "film_recovery.panel.widgets.tour",
    "film_recovery.panel.widgets.work_elements",
    "yaml",
)
MAKE = """
import json, sys
from film_recovery.panel.widgets import window
program = window.application()
made = window.Window()
made.show()
print(json.dumps(sorted(sys.modules)))
"""


def test_nothing_is_imported_that_the_first_picture_does_not_show(tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), *sys.path[1:]])}
    variables["HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", MAKE], capture_output=True, text=True, env=variables, timeout=60
    )
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout)
    assert "film_recovery.panel.widgets.start" in modules
    assert [one for one in modules if one.startswith(LATER)] == []


def test_what_the_first_picture_does_not_show_is_made_when_it_is_wanted(show: Show, qtbot: Any) -> None:
    panel = show(None)
    kinds = {type(one).__name__ for one in panel.findChildren(QtWidgets.QWidget)}
    assert "Start" in kinds and not kinds & {"Help", "NewForm"}
    panel.start.new.click()
    assert panel.start.form.isVisible()
    panel.start.form.intra.setChecked(True)
    panel.start.form.better.setCurrentIndex(1)
    qtbot.waitUntil(lambda: panel.start.form.choice.text().startswith("Spatial"), timeout=60_000)


def test_the_project_is_opened_after_the_first_picture(
    films: Callable[..., Path], qtbot: Any, engine_variables: None
) -> None:
    panel = Window(str(films()))
    try:
        QtCore.QCoreApplication.processEvents()
        assert panel.session.project is None
        panel.show()
        qtbot.waitUntil(lambda: panel.session.project is not None, timeout=60_000)
    finally:
        panel.close()
        panel.deleteLater()
