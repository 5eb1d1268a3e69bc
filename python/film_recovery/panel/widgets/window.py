"""The panel as a program of its own: ``film-recovery panel``."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from film_recovery.panel.qt import QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import style
from film_recovery.panel.widgets.panel import Panel
from film_recovery.plugin import start

USUAL = QtCore.QSize(1080, 780)


class Window(Panel):
    """A panel that keeps its place on the screen, and lets go of the engine when it is closed.

    What the program holds when it shows its first project, most of all modules, Python's garbage collection does not
    go through again: each time it would keep the operator waiting for as long as a page takes to be drawn.
    """

    def __init__(self, folder: str = "") -> None:
        super().__init__(None, folder)
        self.session.opened.connect(lambda: None if gc.get_freeze_count() else gc.freeze())
        geometry = self.settings.geometry
        if geometry is None or not self.restoreGeometry(geometry):
            self.resize(USUAL)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        self.settings.geometry = self.saveGeometry()
        self.close_session()
        super().closeEvent(event)


def application() -> QtWidgets.QApplication:
    """The program's one QApplication, dark."""
    found = QtWidgets.QApplication.instance()
    if isinstance(found, QtWidgets.QApplication):
        return found
    made = QtWidgets.QApplication(sys.argv[:1])
    made.setApplicationName("Film Recovery")
    made.setStyle("Fusion")
    made.setPalette(style.dark_palette())
    made.setStyleSheet(
        "QToolTip { color: #e6e3dc; background: #1f1e1d; border: 1px solid #55534f; padding: 4px; }"
    )
    icon = Path(start.folder(), "icons", "FilmRecovery.svg")
    if icon.is_file():
        made.setWindowIcon(QtGui.QIcon(str(icon.with_name("FilmRecovery@2x.png"))))
    return made


def run(folder: str = "") -> int:
    """Shows the window and gives the program's exit code when it is closed."""
    program = application()
    window = Window(folder)
    window.show()
    return int(program.exec_() if hasattr(program, "exec_") else program.exec())
