"""A box to tick whose text goes on in the next line where it is narrow, which Qt's own does not."""

from __future__ import annotations

from film_recovery.panel.qt import QtCore, QtGui, QtWidgets


class Tick(QtWidgets.QCheckBox):
    """As a check box; ``text`` stays as it was given, whatever its lines are."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._whole = text
        policies = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policies.Preferred, policies.Fixed)  # Qt's own is never narrower than one line

    def text(self) -> str:
        return self._whole

    def sizeHint(self) -> QtCore.QSize:
        room = self.fontMetrics().horizontalAdvance(self._whole) + self._around()
        return QtCore.QSize(room, super().sizeHint().height())

    def minimumSizeHint(self) -> QtCore.QSize:
        longest = max(map(self.fontMetrics().horizontalAdvance, self._whole.split()), default=0)
        return QtCore.QSize(longest + self._around(), super().sizeHint().height())

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._break()

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QtCore.QEvent.Type.FontChange, QtCore.QEvent.Type.StyleChange):
            self._break()

    def _around(self) -> int:
        """Pixels beside the text: the box, and the gap after it."""
        lines = super().text().split("\n")
        return super().sizeHint().width() - max(map(self.fontMetrics().horizontalAdvance, lines))

    def _break(self) -> None:
        metrics, room = self.fontMetrics(), self.width() - self._around()
        lines: list[str] = []
        for word in self._whole.split():
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and metrics.horizontalAdvance(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
        if "\n".join(lines) != super().text():
            self.setText("\n".join(lines))
