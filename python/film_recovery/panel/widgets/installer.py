"""The engine's installation as it is shown: begun by a click, its lines in the log, and a button that stops it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from film_recovery.panel.problem import Problem
from film_recovery.panel.qt import QtCore, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.plugin import start

if TYPE_CHECKING:
    from film_recovery.panel.installing import Installing

_LOOK = 100  # milliseconds between two looks at what came


class Installer(QtWidgets.QFrame):
    """Hidden while nothing is installed. ``said``: a line for the log. ``began``. ``ended``: a Problem to show, or
    None. ``ready``: there is an engine now.
    """

    said = Signal(str)
    began = Signal()
    ended = Signal(object)
    ready = Signal()

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.setObjectName("job")
        self.folder = Path(start.folder()) if folder is None else folder
        self._run: Installing | None = None
        self.what = parts.label("The engine is being installed", "strong")
        self.last = parts.label(name="quiet")
        self.cancel = parts.button("Cancel", self._cancel, sign="stop")
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(8)
        words = parts.column(gap=0)
        words.addWidget(self.what)
        words.addWidget(self.last)
        top = parts.line()
        top.addLayout(words, 1)
        top.addWidget(self.cancel)
        layout = parts.column(self, 4, 8)
        layout.addLayout(top)
        layout.addWidget(self.bar)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)
        self.hide()

    @property
    def is_on(self) -> bool:
        """Whether something is being installed."""
        return self._run is not None

    @property
    def hindrance(self) -> str:
        """Why it cannot be; empty when it can."""
        from film_recovery.panel import installing  # the first picture waits for none

        return "It is being installed." if self.is_on else installing.hindrance(self.folder)

    def install(self) -> None:
        """Begins; what follows comes by the signals."""
        from film_recovery.panel.installing import Installing

        if self.hindrance:
            return
        self._run = Installing(self.folder)
        parts.say(self.last, "About 2 GB are fetched. Closing the panel stops it.")
        parts.allow(
            self.cancel, "", "Stops it; what is finished stays, and installing again goes on from there"
        )
        self._timer.start()
        self.show()
        self.said.emit("the engine is being installed")
        self.began.emit()

    def let_go(self) -> None:
        """The panel goes away, its widgets perhaps before: nothing is left half at work."""
        if self._run is not None:
            self._run.cancel()
        self._run = None

    def _cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()
            parts.allow(self.cancel, "It stops.")

    def _look(self) -> None:
        run = self._run
        if run is None:
            return
        code = run.code  # before its last lines
        lines = run.take()
        for line in lines:
            self.said.emit(line)
        if lines:
            parts.say(self.last, lines[-1])
        if code is None:
            return
        self._timer.stop()
        self._run = None
        self.hide()
        if run.cancelled:
            self.said.emit("the installation was cancelled")
            self.ended.emit(_CANCELLED)
        elif run.problem is not None:
            self.said.emit(f"{run.problem.message} {run.problem.reason}")
            self.ended.emit(run.problem)
        else:
            os.environ[start.ENGINE] = start.noted(str(self.folder))
            self.said.emit(f"the engine is {os.environ[start.ENGINE]}")
            self.ended.emit(None)
            self.ready.emit()


_CANCELLED = Problem(
    "The installation was cancelled.",
    "There is no engine yet.",
    "press Install the engine to go on from where it was",
    kind="missing",
)
