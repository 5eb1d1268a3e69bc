"""The size of the panel's text, in points more or less than the host's own: a rule of each part, not of the whole.

A rule of the whole asks every widget of every stage anew, and the operator waits for a tenth of a second. By parts,
those that are seen first, one a turn of the main loop, nobody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from film_recovery.panel.qt import QtCore, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets.settings import Settings

_LEAST, _MOST = -2, 8  # points beside the host's
_SMALLEST = 6  # points


class TextSize(QtCore.QObject):
    """``parts``: gives those that there are; all that is in one of them has its size. Kept in ``settings``, for the
    next panel: one that is open has its own. ``changed``: all have another size."""

    changed = Signal()

    def __init__(
        self,
        settings: Settings,
        parts: Callable[[], Iterable[QtWidgets.QWidget]],
        parent: QtCore.QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings, self._parts = settings, parts
        self._more = settings.text_size
        self._turn = QtCore.QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._next)

    def change(self, by: int) -> None:
        """So many points larger than it is: ``by`` < 0, smaller."""
        self._settings.text_size = self._more = min(_MOST, max(_LEAST, self._more + by))
        self._turn.start()

    def put(self, *parts: QtWidgets.QWidget) -> None:
        """Gives what was just made its size, before it is seen."""
        rule = self._rule()
        for part in parts:
            if part.styleSheet() != rule:
                part.setStyleSheet(rule)

    def _next(self) -> None:
        rule = self._rule()
        left = [part for part in self._parts() if part.styleSheet() != rule]
        if left:
            next((part for part in left if part.isVisible()), left[0]).setStyleSheet(rule)
            self._turn.start()
        else:
            self.changed.emit()

    def _rule(self) -> str:
        if not self._more:
            return ""
        host = QtGui.QFontInfo(QtWidgets.QApplication.font()).pointSize()  # also where it is set in pixels
        return f"QWidget {{ font-size: {max(_SMALLEST, host + self._more)}pt; }}"
