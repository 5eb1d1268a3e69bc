"""A range of frames as one line: which are written, which are missing, where the render is, and what stands out.

Painted by columns of pixels, so that ten thousand frames cost as much as ten.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import style

_TALL = 14  # pixels of the line itself
_MARKS = 7  # above it
_FOOT = 4  # below it: the short range


@dataclass(frozen=True)
class Range:
    """``wanted``, ``written``, ``short``: frames, ascending. ``marks``: frame → why it is to be looked at."""

    wanted: Sequence[int]
    written: Sequence[int]
    marks: Mapping[int, str]
    short: Sequence[int] = ()


class FramesBar(QtWidgets.QWidget):
    """``moved``: another frame is the current one, by mouse or keys.

    Keys: left and right, Page Up and Down by ten, Home and End; up and down go to what is marked.
    """

    moved = Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._range = Range((), (), {})
        self._stops: list[int] = []
        self.current = 0
        self.at: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(_MARKS + _TALL + _FOOT + 4)
        self.setAccessibleName(name)

    def show_range(self, found: Range) -> None:
        """The current frame stays, where it is one of the range's."""
        self._range, self._stops = found, sorted(found.marks)
        if found.wanted and not found.wanted[0] <= self.current <= found.wanted[-1]:
            self.current = found.wanted[0]
            self.moved.emit(self.current)
        self.update()

    def show_work(self, frame: int | None) -> None:
        """The frame that a render has come to; None: none is on."""
        self.at = frame
        self.update()

    def go_to(self, frame: int) -> None:
        """Makes it the current one, within the range."""
        wanted = self._range.wanted
        if not wanted:
            return
        frame = min(max(wanted[0], frame), wanted[-1])
        if frame != self.current:
            self.current = frame
            self.moved.emit(frame)
        self.update()

    def place_of(self, frame: int) -> QtCore.QPoint:
        """The middle of a frame's part of the line."""
        first, count = self._extent()
        return QtCore.QPoint(int((frame - first + 0.5) / count * self.width()), _MARKS + _TALL // 2)

    def state_of(self, frame: int) -> str:
        """``written``, ``missing`` or nothing for one that is not rendered."""
        if _between(self._range.written, frame, frame):
            return "written"
        return "missing" if _between(self._range.wanted, frame, frame) else ""

    # Inside

    def _extent(self) -> tuple[int, int]:
        wanted = self._range.wanted
        return (wanted[0], wanted[-1] - wanted[0] + 1) if wanted else (0, 1)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        own, found = style.colours(self.palette()), self._range
        wide = self.width()
        first, count = self._extent()
        top = _MARKS + 1
        painter.fillRect(QtCore.QRect(0, top, wide, _TALL), self.palette().base())
        done, missing, short = QtGui.QColor(own.passed), QtGui.QColor(own.line), QtGui.QColor(own.info)
        for column in range(wide):
            low = first + column * count // wide
            high = max(low, first + ((column + 1) * count - 1) // wide)
            asked = _between(found.wanted, low, high)
            there = _between(found.written, low, high)
            if asked:
                tall = round(_TALL * min(1.0, there / asked))
                painter.fillRect(QtCore.QRect(column, top, 1, _TALL), missing)
                painter.fillRect(QtCore.QRect(column, top + _TALL - tall, 1, tall), done)
            if _between(found.short, low, high):
                painter.fillRect(QtCore.QRect(column, top + _TALL + 1, 1, _FOOT - 1), short)
        self._paint_edges(painter, first, count, top)
        for frame in self._stops:
            x = self.place_of(frame).x()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QtGui.QColor(own.warn))
            painter.drawPolygon(
                QtGui.QPolygon(
                    [QtCore.QPoint(x - 4, 0), QtCore.QPoint(x + 4, 0), QtCore.QPoint(x, _MARKS - 1)]
                )
            )
        if self.at is not None:
            painter.fillRect(
                QtCore.QRect(self.place_of(self.at).x() - 2, top, 4, _TALL), QtGui.QColor(own.accent)
            )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QtGui.QPen(self.palette().windowText().color(), 2 if self.hasFocus() else 1))
        left = int((self.current - first) / count * wide)
        painter.drawRect(QtCore.QRect(left, top - 1, max(4, wide // count), _TALL + 1))

    def _paint_edges(self, painter: QtGui.QPainter, first: int, count: int, top: int) -> None:
        """Between frames, where there is room to tell them apart."""
        if count * 6 > self.width():
            return
        painter.setPen(self.palette().window().color())
        for number in range(1, count):
            x = number * self.width() // count
            painter.drawLine(x, top, x, top + _TALL - 1)

    def _frame_at(self, x: float) -> int:
        first, count = self._extent()
        return first + int(min(max(0.0, x / max(1, self.width())), 0.999999) * count)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self.setFocus()
        self.go_to(self._frame_at(pointer(event).x()))

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.go_to(self._frame_at(pointer(event).x()))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        keys, key = Qt.Key, event.key()
        steps = {keys.Key_Left: -1, keys.Key_Right: 1, keys.Key_PageUp: -10, keys.Key_PageDown: 10}
        first, count = self._extent()
        if key in steps:
            self.go_to(self.current + steps[Qt.Key(key)])
        elif key in (keys.Key_Home, keys.Key_End):
            self.go_to(first if key == keys.Key_Home else first + count - 1)
        elif key == keys.Key_Down:
            self.go_to(next((one for one in self._stops if one > self.current), self.current))
        elif key == keys.Key_Up:
            self.go_to(next((one for one in reversed(self._stops) if one < self.current), self.current))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QtGui.QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            frame = self._frame_at(event.pos().x())
            said = f"Frame {frame}: {self.state_of(frame) or 'not to be rendered'}"
            said += ", short range" if _between(self._range.short, frame, frame) else ""
            said += f". {self._range.marks[frame]}" if frame in self._range.marks else ""
            QtWidgets.QToolTip.showText(event.globalPos(), said, self)
            return True
        return bool(super().event(event))


def _between(frames: Sequence[int], low: int, high: int) -> int:
    """How many of ``frames``, which are ascending, lie from ``low`` to ``high``."""
    return bisect_right(frames, high) - bisect_left(frames, low)
