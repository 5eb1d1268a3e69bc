"""What is done against the rules, for once: an explicit box and the reason, which is recorded. Never remembered."""

from __future__ import annotations

from film_recovery.panel.qt import QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.tick import Tick


class Override(QtWidgets.QWidget):
    """An ``option`` of a command that takes a reason. ``changed``: the box or the words."""

    changed = Signal()

    def __init__(self, option: str, text: str, tip: str) -> None:
        super().__init__()
        self._option = option
        self.box = Tick(text)
        self.why = QtWidgets.QLineEdit()
        self.why.setPlaceholderText("Why (recorded with your name)")
        self.why.setAccessibleName(f"Why: {text}")
        self.why.setToolTip("The reason is recorded with your name and the time")
        self.why.hide()
        self._tip = f"{tip} For this time only."
        self.box.setToolTip(self._tip)
        layout = parts.column(self, 2)
        layout.addWidget(self.box)
        layout.addWidget(self.why)
        self.box.toggled.connect(self._toggled)
        self.why.textChanged.connect(lambda *_: self.changed.emit())

    @property
    def lacks(self) -> str:
        """What is missing before it can be used; empty where nothing is, or it is not wanted."""
        if self.box.isChecked() and not self.why.text().strip():
            return f"Say why: “{self.box.text()}”. The reason is recorded."
        return ""

    def take(self) -> list[str]:
        """The words for the command; the box is empty again afterwards."""
        words = [self._option, self.why.text().strip()] if self.box.isChecked() else []
        self.clear()
        return words

    def clear(self) -> None:
        """As if nobody had touched it."""
        self.box.setChecked(False)
        self.why.clear()

    def allow(self, hindered: str) -> None:
        """``hindered``: why it cannot be chosen now; empty when it can."""
        parts.allow(self.box, hindered, self._tip)

    def _toggled(self, is_on: bool) -> None:
        self.why.setVisible(is_on)
        if is_on:
            self.why.setFocus()
        self.changed.emit()
