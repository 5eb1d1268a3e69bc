"""A film strip: the frames of an element side by side, and above them the whole range as one line.

Only what is seen is asked for and painted, so a reel of a hundred thousand frames costs as much as a shot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import style
from film_recovery.panel.widgets.pictures import Pictures, Wanted

FRAMES = "application/x-film-recovery-frames"  # what is dragged: numbers, separated by blanks
_GAP = 4
_LINE = 22  # pixels of height of the line above
_DIMMED = QtGui.QColor(0, 0, 0, 140)


@dataclass(frozen=True)
class Film:
    """``first``, ``last``: frames, both included. ``wanted``: the picture of a frame. ``marks``: frame → state, as
    ``style.Colours.of`` colours it, and a word. ``dimmed``: frame → why it is out of the question. ``shots``: first and
    last frames."""

    first: int
    last: int
    wanted: Callable[[int], Wanted]
    marks: Mapping[int, tuple[str, str]]
    dimmed: Mapping[int, str]
    shots: Sequence[tuple[int, int]] = ()


class Strip(QtWidgets.QAbstractScrollArea):
    """``moved``: another frame is the current one. ``pressed``: a key that it does not know, at the current frame."""

    moved = Signal(int)
    pressed = Signal(int)

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._pictures = pictures
        self._film: Film | None = None
        self.current = 0
        self._drag_from: QtCore.QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMinimumHeight(128)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Film strip")
        pictures.came.connect(lambda _: self.viewport().update())

    def show_film(self, film: Film) -> None:
        """Shows it; the current frame stays, where it is one of the film's."""
        self._film = film
        if not film.first <= self.current <= film.last:
            self.current = film.first
            self.moved.emit(self.current)
        self._measure()
        self.viewport().update()

    def go_to(self, frame: int) -> None:
        """Makes ``frame`` the current one and brings it into view."""
        film = self._film
        if film is None:
            return
        frame = min(max(film.first, frame), film.last)
        bar, left, step = self.horizontalScrollBar(), (frame - film.first) * self._step, self._step
        if left < bar.value() or left + step > bar.value() + self.viewport().width():
            bar.setValue(left - (self.viewport().width() - step) // 2)
        if frame != self.current:
            self.current = frame
            self.moved.emit(frame)
        self.viewport().update()

    def place_of(self, frame: int) -> QtCore.QRect:
        """Where a frame is painted, in the viewport."""
        film = self._film
        first = film.first if film is not None else 0
        left = (frame - first) * self._step - self.horizontalScrollBar().value()
        return QtCore.QRect(left, _LINE, self._step - _GAP, self.viewport().height() - _LINE)

    # Inside

    @property
    def _step(self) -> int:
        """Pixels from frame to frame."""
        tall = self.viewport().height() - _LINE - self.fontMetrics().height() - 6
        return max(40, round(tall * 4 / 3)) + _GAP

    def _measure(self) -> None:
        film, bar = self._film, self.horizontalScrollBar()
        count = 0 if film is None else film.last - film.first + 1
        bar.setRange(0, max(0, count * self._step - self.viewport().width()))
        bar.setPageStep(self.viewport().width())
        bar.setSingleStep(self._step)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        film = self._film
        painter = QtGui.QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self.palette().base())
        if film is None:
            return
        self._paint_line(painter, film)
        start = self.horizontalScrollBar().value() // self._step
        for number in range(start, start + self.viewport().width() // self._step + 2):
            frame = film.first + number
            if frame <= film.last:
                self._paint_frame(painter, film, frame)

    def _paint_frame(self, painter: QtGui.QPainter, film: Film, frame: int) -> None:
        own = style.colours(self.palette())
        place = self.place_of(frame)
        line = painter.fontMetrics().height() + 4
        room = place.adjusted(0, 0, 0, -line)
        wanted = film.wanted(frame)
        image = self._pictures.of(wanted)
        if image is not None:
            size = image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QtCore.QRect(QtCore.QPoint(0, 0), size)
            target.moveCenter(room.center())
            painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, image)
        else:
            painter.setPen(QtGui.QColor(own.quiet))
            why = self._pictures.problem(wanted)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), "no picture" if why else "…")
        if frame in film.dimmed:
            painter.fillRect(room, _DIMMED)
        state, word = film.marks.get(frame, ("", ""))
        painter.setPen(QtGui.QColor(own.of(state) if state else own.quiet))
        said = f"{frame} {word}" if word else ("✕ " if frame in film.dimmed else "") + str(frame)
        below = QtCore.QRect(place.left(), room.bottom() + 1, place.width(), line)
        metrics = painter.fontMetrics()
        painter.drawText(
            below,
            int(Qt.AlignmentFlag.AlignCenter),
            metrics.elidedText(said, Qt.TextElideMode.ElideRight, below.width()),
        )
        if state or frame == self.current:
            is_current = frame == self.current
            colour = self.palette().windowText().color() if is_current else QtGui.QColor(own.of(state))
            painter.setPen(QtGui.QPen(colour, 3 if is_current else 2))
            painter.drawRect(room.adjusted(1, 1, -2, -1))

    def _paint_line(self, painter: QtGui.QPainter, film: Film) -> None:
        """The whole range: shots by turns, what is excluded, marks, and the part that is seen below."""
        own = style.colours(self.palette())
        wide, count = self.viewport().width(), film.last - film.first + 1

        def at(frame: float) -> float:
            return (frame - film.first) / count * wide

        top, tall = 4, _LINE - 10
        painter.fillRect(QtCore.QRectF(0, top, wide, tall), QtGui.QColor(own.raised))
        for number, (first, last) in enumerate(film.shots):
            if number % 2:
                painter.fillRect(
                    QtCore.QRectF(at(first), top, at(last + 1) - at(first), tall), QtGui.QColor(own.line)
                )
        for frame in film.dimmed:
            painter.fillRect(
                QtCore.QRectF(at(frame), top + tall - 3, max(1, wide / count), 3), QtGui.QColor(own.fail)
            )
        for frame, (state, _) in film.marks.items():
            painter.fillRect(
                QtCore.QRectF(at(frame), top, max(2, wide / count), tall), QtGui.QColor(own.of(state))
            )
        seen = self.horizontalScrollBar().value() / self._step
        part = QtCore.QRectF(
            at(film.first + seen), top - 2, max(4.0, wide / self._step / count * wide), tall + 4
        )
        painter.setPen(QtGui.QPen(QtGui.QColor(own.accent), 1))
        painter.drawRect(part.intersected(QtCore.QRectF(0, 0, wide - 1, _LINE)))

    def _frame_at(self, point: QtCore.QPoint) -> int | None:
        film = self._film
        if film is None:
            return None
        if point.y() < _LINE:
            return film.first + int(
                point.x() / max(1, self.viewport().width()) * (film.last - film.first + 1)
            )
        frame = film.first + (point.x() + self.horizontalScrollBar().value()) // self._step
        return frame if film.first <= frame <= film.last else None

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        at = pointer(event).toPoint()
        frame = self._frame_at(at)
        if frame is not None and event.button() == Qt.MouseButton.LeftButton:
            self.go_to(frame)
            self._drag_from = at if at.y() >= _LINE else None

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        at = pointer(event).toPoint()
        frame = self._frame_at(at)
        if self._drag_from is None:
            if frame is not None and event.buttons() & Qt.MouseButton.LeftButton and at.y() < _LINE:
                self.go_to(frame)
            return
        far = (at - self._drag_from).manhattanLength()
        if far >= QtWidgets.QApplication.startDragDistance():
            self._drag_from = None
            self._drag(self.current)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        self._drag_from = None

    def _drag(self, frame: int) -> None:
        drag = QtGui.QDrag(self)
        carried = QtCore.QMimeData()
        carried.setData(FRAMES, str(frame).encode())
        drag.setMimeData(carried)
        drag.setPixmap(self.viewport().grab(self.place_of(frame)))
        (drag.exec_ if hasattr(drag, "exec_") else drag.exec)(Qt.DropAction.CopyAction)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        turned = event.angleDelta()
        far = turned.x() if abs(turned.x()) > abs(turned.y()) else turned.y()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - far * self._step // 120)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        film = self._film
        keys = Qt.Key
        steps = {keys.Key_Left: -1, keys.Key_Right: 1, keys.Key_PageUp: -10, keys.Key_PageDown: 10}
        if film is None:
            super().keyPressEvent(event)
        elif event.key() in steps:
            self.go_to(self.current + steps[Qt.Key(event.key())])
        elif event.key() in (keys.Key_Home, keys.Key_End):
            self.go_to(film.first if event.key() == keys.Key_Home else film.last)
        elif event.key() in (keys.Key_Up, keys.Key_Down):
            stops = sorted(film.marks)
            later = [frame for frame in stops if frame > self.current]
            earlier = [frame for frame in stops if frame < self.current]
            if event.key() == keys.Key_Down and later:
                self.go_to(later[0])
            elif event.key() == keys.Key_Up and earlier:
                self.go_to(earlier[-1])
        elif (event.text() and event.text().isprintable()) or event.key() in (
            keys.Key_Delete,
            keys.Key_Backspace,
        ):
            self.pressed.emit(int(event.key()))
        else:
            super().keyPressEvent(event)

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            frame, film = self._frame_at(self.viewport().mapFromGlobal(event.globalPos())), self._film
            said = ""
            if frame is not None and film is not None:
                why = film.dimmed.get(frame) or self._pictures.problem(film.wanted(frame))
                said = f"Frame {frame}. {why}" if why else f"Frame {frame}"
            QtWidgets.QToolTip.showText(event.globalPos(), said, self)
            return True
        return bool(super().event(event))
