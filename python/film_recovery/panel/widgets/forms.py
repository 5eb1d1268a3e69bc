"""What opens within a check: the form that signs it, and the repair that is shown before it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from film_recovery.panel import words
from film_recovery.panel.qt import QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts, style

_DIFF_LINES = 14  # shown at once


class SignForm(QtWidgets.QWidget):
    """``signed``: name and note. ``left``: the operator does not sign."""

    signed = Signal(str, str)
    left = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = QtWidgets.QLineEdit(name)
        self.name.setPlaceholderText("Your name")
        self.name.setAccessibleName("Your name")
        self.note = QtWidgets.QLineEdit()
        self.note.setPlaceholderText("What you saw (optional)")
        self.note.setAccessibleName("Note")
        self.sign = parts.button("Sign", self._sign, sign="sign")
        cancel = parts.button("Cancel", self.left.emit, "Esc")
        for field in (self.name, self.note):
            field.returnPressed.connect(self._sign)
        self.name.textChanged.connect(lambda *_: self._refresh())
        buttons = parts.line()
        buttons.addWidget(self.sign)
        buttons.addWidget(cancel)
        buttons.addStretch(1)
        layout = parts.column(self)
        said = "Name, time and note go into the ledger. The signature holds for the project as it is now."
        layout.addWidget(parts.label(said, "quiet"))
        layout.addWidget(self.name)
        layout.addWidget(self.note)
        layout.addLayout(buttons)
        self._refresh()

    def start(self) -> None:
        """Puts the cursor where something is still missing."""
        (self.note if self.name.text().strip() else self.name).setFocus()

    def _refresh(self) -> None:
        parts.allow(
            self.sign, "" if self.name.text().strip() else "A signature needs a name.", "Signs this check"
        )

    def _sign(self) -> None:
        if self.sign.isEnabled():
            self.signed.emit(self.name.text().strip(), self.note.text().strip())


class FixForm(QtWidgets.QWidget):
    """``applied``: the repair is wanted. ``left``: it is not."""

    applied = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.what = parts.label("Looking for the repair…", selectable=True)
        self.change = QtWidgets.QPlainTextEdit()
        self.change.setReadOnly(True)
        self.change.setFont(style.fixed_font())
        self.change.setLineWrapMode(QtWidgets.QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.change.setTabChangesFocus(True)
        self.change.setAccessibleName("What the repair changes")
        self.change.hide()
        _Marked(self.change)
        self.apply = parts.button("Apply", self.applied.emit, sign="fix")
        parts.allow(self.apply, "The repair is not shown yet.")
        buttons = parts.line()
        buttons.addWidget(self.apply)
        buttons.addWidget(parts.button("Cancel", self.left.emit, "Esc; nothing is changed"))
        buttons.addStretch(1)
        layout = parts.column(self)
        layout.addWidget(self.what)
        layout.addWidget(self.change)
        layout.addLayout(buttons)

    def show_repair(self, found: Mapping[str, Any]) -> None:
        """What it would change, in which file."""
        diff = str(found.get("diff") or "")
        parts.say(self.what, f"{found.get('repair')} File: {found.get('file')}")
        self.change.setPlainText(words.changes(diff))
        self.change.setVisible(bool(diff))
        lines = min(_DIFF_LINES, words.changes(diff).count("\n") + 2)
        self.change.setFixedHeight(lines * self.change.fontMetrics().lineSpacing() + 12)
        tip = "Makes this change; a copy of the file as it is now is kept beside it"
        parts.allow(self.apply, "" if diff else "Nothing has to be changed.", tip)
        if diff:
            self.apply.setFocus()


class _Marked(QtGui.QSyntaxHighlighter):
    """Lines of a difference: what comes and what goes."""

    def __init__(self, editor: QtWidgets.QPlainTextEdit) -> None:
        super().__init__(editor.document())
        self._own: Callable[[], style.Colours] = lambda: style.colours(editor.palette())

    def highlightBlock(self, text: str) -> None:
        own = self._own()
        colour = {"+": own.passed, "-": own.fail, "@": own.info}.get(text[:1])
        if colour is not None:
            form = QtGui.QTextCharFormat()
            form.setForeground(QtGui.QColor(colour))
            self.setFormat(0, len(text), form)
