"""The tour: five steps over the panel, each beside the part that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts, style

_AROUND = 4  # pixels that the frame lies outside of its part
_WIDEST = 340
_SCRIM = QtGui.QColor(0, 0, 0, 150)


@dataclass(frozen=True)
class Stop:
    """One step: the part that is shown, and what is said of it."""

    part: QtWidgets.QWidget
    title: str
    text: str


class Tour(QtWidgets.QWidget):
    """Lies over ``host`` until the last step or *Skip*; ``ended`` then. Keys: Return or Right, Left, Escape."""

    ended = Signal()

    def __init__(self, host: QtWidgets.QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(host)
        self._host = host
        self._stops = tuple(stops)
        self.number = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bubble = QtWidgets.QFrame(self)
        self.bubble.setObjectName("bubble")
        self.title = parts.label(name="heading")
        self.text = parts.label()
        self.count = parts.label(name="quiet")
        self.back = parts.button("Back", lambda: self.show_stop(self.number - 1), "The step before (Left)")
        self.next = parts.button(
            "Next", lambda: self.show_stop(self.number + 1), "The next step (Return)", "primary"
        )
        self.skip = parts.button("Skip", self.end, "Ends the tour; Help has it again (Escape)")
        buttons = parts.line()
        buttons.addWidget(self.count, 1)
        for one in (self.skip, self.back, self.next):
            buttons.addWidget(one)
        layout = self._inside = parts.column(self.bubble, 6, 12)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        host.installEventFilter(self)
        self.bubble.installEventFilter(self)
        self.setGeometry(host.rect())
        self.show()
        self.raise_()
        self.setFocus()
        self.show_stop(0)

    def show_stop(self, number: int) -> None:
        """The step ``number``; beyond the last one it ends."""
        if number >= len(self._stops):
            self.end()
            return
        self.number = max(0, number)
        stop = self._stops[self.number]
        parts.say(self.title, stop.title)
        parts.say(self.text, stop.text)
        parts.say(self.count, f"{self.number + 1} of {len(self._stops)}")
        self.back.setEnabled(self.number > 0)
        self.next.setText("Done" if self.number + 1 == len(self._stops) else "Next")
        self._place()

    def end(self) -> None:
        """Takes the tour away."""
        self._host.removeEventFilter(self)
        self.hide()
        self.ended.emit()
        self.deleteLater()

    # Inside

    def _hole(self) -> QtCore.QRect:
        """Where the part of this step is, as far as what it lies in shows of it; nothing where it is not seen."""
        part = self._stops[self.number].part
        if not part.isVisible():
            return QtCore.QRect()
        place = QtCore.QRect(QtCore.QPoint(0, 0), part.size())
        around: QtWidgets.QWidget | None = part
        while around is not None and around is not self._host:
            place, around = place.translated(around.pos()), around.parentWidget()
            if around is not None:
                place = place.intersected(around.rect())
        return place.adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND).intersected(self.rect())

    def _place(self) -> None:
        """The bubble beside the part: below it where there is room, else above, else over its lower end."""
        wide = min(_WIDEST, self.width() - 24)
        tall = self._inside.heightForWidth(wide - 2) + 2  # the border
        hole = self._hole()
        top = hole.bottom() + 8
        if top + tall > self.height() - 8:
            top = hole.top() - tall - 8
        if top < 8:
            top = self.height() - tall - 12
        left = min(max(12, hole.left()), max(12, self.width() - wide - 12))
        self.bubble.setGeometry(left, top, wide, tall)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        dark, hole = QtGui.QPainterPath(), QtGui.QPainterPath()
        dark.addRect(QtCore.QRectF(self.rect()))
        hole.addRoundedRect(QtCore.QRectF(self._hole()), 4, 4)
        painter.fillPath(dark.subtracted(hole), _SCRIM)
        painter.setPen(QtGui.QPen(QtGui.QColor(style.colours(self.palette()).accent), 2))
        painter.drawPath(hole)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is self._host and event.type() == QtCore.QEvent.Type.Resize:
            self.setGeometry(self._host.rect())
            self._place()
        elif watched is self.bubble and event.type() == QtCore.QEvent.Type.LayoutRequest:
            self._place()  # its text has another size
        return False

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        event.accept()  # nothing below is meant

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        keys = Qt.Key
        if event.key() == keys.Key_Escape:
            self.end()
        elif event.key() in (keys.Key_Return, keys.Key_Enter, keys.Key_Right, keys.Key_Space):
            self.show_stop(self.number + 1)
        elif event.key() == keys.Key_Left:
            self.show_stop(self.number - 1)
        else:
            event.accept()
