"""What went wrong, above the page: message, reason, remedy, and the details to copy."""

from __future__ import annotations

from collections.abc import Callable

from film_recovery.panel.problem import Problem
from film_recovery.panel.qt import QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts


class ProblemBox(QtWidgets.QFrame):
    """Hidden while there is none. ``installed``: the missing engine is wanted. ``hindrance``: why it cannot be had."""

    installed = Signal()

    def __init__(self, hindrance: Callable[[], str] = lambda: "") -> None:
        super().__init__()
        self.setObjectName("problem")
        self.problem: Problem | None = None
        self._hindrance = hindrance
        self.message = parts.label(name="strong", selectable=True)
        self.reason = parts.label(name="quiet", selectable=True)
        self.remedy = parts.label(selectable=True)
        self.copy = parts.button(
            "Copy details", self._copy, "Puts everything that is known about it on the clipboard"
        )
        self.dismiss = parts.button("Close", lambda: self.show_problem(None), "Hides this message")
        self.install = parts.button("Install the engine", self.installed.emit, sign="deliver")
        buttons = parts.line()
        buttons.addWidget(self.install)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(self.dismiss)
        layout = parts.column(self, 4, 8)
        for one in (self.message, self.reason, self.remedy):
            layout.addWidget(one)
        layout.addLayout(buttons)
        self.hide()

    def show_problem(self, problem: Problem | None) -> None:
        """Shows it, or nothing."""
        self.problem = problem
        if problem is not None:
            parts.say(self.message, problem.message)
            parts.say(self.reason, problem.reason)
            parts.say(self.remedy, f"What to do: {problem.remedy}" if problem.remedy else "")
            self.reason.setVisible(bool(problem.reason))
            self.remedy.setVisible(bool(problem.remedy))
            is_missing = problem.kind == "missing"
            self.install.setVisible(is_missing)
            parts.allow(
                self.install,
                self._hindrance() if is_missing else "",  # it looks at the disk
                "Makes the engine’s own environment in the plugin’s folder, in the background: about 2 GB are fetched",
            )
            self.setProperty("stop", problem.kind == "stop")
            self.style().unpolish(self)
            self.style().polish(self)
        self.setVisible(problem is not None)

    def _copy(self) -> None:
        if self.problem is not None:
            QtGui.QGuiApplication.clipboard().setText(self.problem.text())
