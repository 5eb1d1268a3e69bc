"""A heading with its buttons: beside it where it fits on one line so, else below it."""

from __future__ import annotations

from film_recovery.panel.qt import Qt, QtCore, QtWidgets
from film_recovery.panel.widgets import parts

_GAP = 6  # pixels
_WHEN = (QtCore.QEvent.Type.LayoutRequest, QtCore.QEvent.Type.Resize)


class Heading(QtWidgets.QWidget):
    """``title``: the label. Arranged anew whenever its width, a text, or the text's size is another."""

    def __init__(self, *buttons: QtWidgets.QWidget) -> None:
        super().__init__()
        self.title = parts.label(name="heading")
        self._buttons = parts.beside(*buttons)
        self._both = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.LeftToRight, self)
        self._both.setContentsMargins(0, 0, 0, 0)
        self._both.setSpacing(_GAP)  # a style's own may differ by direction, and so never come to rest
        self._both.addWidget(self.title, 1)
        self._both.addLayout(self._buttons)
        self._both.setAlignment(self._buttons, Qt.AlignmentFlag.AlignLeft)

    def event(self, event: QtCore.QEvent) -> bool:
        done = super().event(event)
        if event.type() in _WHEN:
            self._arrange()
        return done

    def _arrange(self) -> None:
        text = self.title.fontMetrics().horizontalAdvance(self.title.text()) + 1  # parts of a pixel
        fits = text + _GAP + self._buttons.sizeHint().width() <= self.width()
        directions = QtWidgets.QBoxLayout.Direction
        wanted = directions.LeftToRight if fits else directions.TopToBottom
        if wanted != self._both.direction():
            self._both.setDirection(wanted)
