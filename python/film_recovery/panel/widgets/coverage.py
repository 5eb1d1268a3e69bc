"""What the pairs show of the film: a row a family, a column a pair; families that no pair shows stand out."""

from __future__ import annotations

from collections.abc import Iterator

from film_recovery.panel.contents.pairs import HOLD_OUT, Chosen, Curation, Family
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import style

_DOT = 7.0  # pixels: the largest radius


class Coverage(QtWidgets.QWidget):
    """``chosen``: a frame, by a click on a pair's column or on a family that is missing."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._found: Curation | None = None
        self.setMouseTracking(True)
        self.setAccessibleName("Coverage: what the pairs show")

    def show_curation(self, found: Curation) -> None:
        self._found = found
        self.setMinimumHeight(self._line * (len(found.families) + 1) + 6 if found.families else 0)
        self.setVisible(bool(found.families))
        self.update()

    @property
    def _line(self) -> int:
        return self.fontMetrics().height() + 4

    @property
    def _names(self) -> int:
        """Pixels of the families' names."""
        return min(self.width() // 2, self.fontMetrics().averageCharWidth() * 30)

    def _column(self) -> float:
        count = len(self._found.chosen) if self._found else 0
        return min(44.0, (self.width() - self._names - 4) / max(1, count))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        found = self._found
        if found is None:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        own = style.colours(self.palette())
        for place, said, one in self.headings(painter.fontMetrics()):
            painter.setPen(QtGui.QColor(own.info if one.kind == HOLD_OUT else own.quiet))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), said)
        for row, family in enumerate(found.families, 1):
            self._paint_row(painter, row, family, found.chosen, own)

    def headings(self, metrics: QtGui.QFontMetrics) -> Iterator[tuple[QtCore.QRectF, str, Chosen]]:
        """Place, words and frame of the columns' headings; where columns are narrow, of those that have room."""
        column, taken = self._column(), 0.0
        for number, one in enumerate(self._found.chosen if self._found else ()):
            said = f"H{one.index}" if one.kind == HOLD_OUT else str(one.index)
            wide = metrics.horizontalAdvance(said) + 4.0
            left = min(self._names + (number + 0.5) * column, self.width() - wide / 2) - wide / 2
            if left >= taken:
                taken = left + wide
                yield QtCore.QRectF(left, 0, wide, self._line), said, one

    def _paint_row(
        self,
        painter: QtGui.QPainter,
        row: int,
        family: Family,
        chosen: tuple[Chosen, ...],
        own: style.Colours,
    ) -> None:
        top, column = row * self._line, self._column()
        painter.setPen(QtGui.QColor(own.line))
        painter.drawLine(QtCore.QPointF(0, top), QtCore.QPointF(self.width(), top))
        painter.setPen(QtGui.QColor(own.warn) if family.missing else self.palette().windowText().color())
        said = f"{family.title}: missing" if family.missing else family.title
        elided = painter.fontMetrics().elidedText(said, Qt.TextElideMode.ElideRight, self._names - 6)
        painter.drawText(
            QtCore.QRectF(0, top, self._names, self._line), int(Qt.AlignmentFlag.AlignVCenter), elided
        )
        painter.setPen(Qt.PenStyle.NoPen)
        for number, one in enumerate(chosen):
            share = float(one.shares.get(family.name, 0.0)) / max(family.most, 1e-9)
            if share > 0.02:
                painter.setBrush(QtGui.QColor(own.info if one.kind == HOLD_OUT else own.accent))
                middle = QtCore.QPointF(self._names + (number + 0.5) * column, top + self._line / 2)
                radius = max(1.2, min(_DOT, self._line / 2 - 1) * min(1.0, share) ** 0.5)
                painter.drawEllipse(middle, radius, radius)

    def _frame_at(self, point: QtCore.QPointF) -> int | None:
        found = self._found
        if found is None:
            return None
        row = int(point.y() // self._line) - 1
        number = int((point.x() - self._names) // self._column()) if point.x() >= self._names else -1
        if 0 <= number < len(found.chosen):
            return found.chosen[number].pair.source
        if 0 <= row < len(found.families) and found.families[row].missing:
            return found.families[row].frame
        return None

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        frame = self._frame_at(pointer(event))
        if frame is not None:
            self.chosen.emit(frame)

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            found, row = self._found, int(event.pos().y() // self._line) - 1
            said = ""
            if found is not None and 0 <= row < len(found.families):
                family = found.families[row]
                said = f"{family.title}: at most {family.most:.0%} of a frame."
                if family.missing:
                    said += f" No pair shows it; frame {family.frame} has much of it. Click to go there."
            QtWidgets.QToolTip.showText(event.globalPos(), said, self)
            return True
        return bool(super().event(event))
