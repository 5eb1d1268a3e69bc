"""What happened, line by line; folds away."""

from __future__ import annotations

from datetime import datetime

from film_recovery.panel.qt import QtWidgets
from film_recovery.panel.widgets import style

MOST = 2000  # lines


class Log(QtWidgets.QPlainTextEdit):
    """Keeps the newest lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setMaximumBlockCount(MOST)
        self.setFont(style.fixed_font())
        self.setAccessibleName("Log")
        self.setTabChangesFocus(True)
        self.setMinimumHeight(60)

    def add(self, line: str) -> None:
        """One line, with the time."""
        self.appendPlainText(f"{datetime.now().strftime('%H:%M:%S')}  {line}")
