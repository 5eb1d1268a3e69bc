"""Curves over steps or frames, small enough for a docked panel; the value under the pointer is said."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import style

_EDGE = 6  # pixels


@dataclass(frozen=True)
class Series:
    """``points``: (x, y) in order of x. ``colour``: a state or ``accent``, as ``style.Colours`` has it."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str = "accent"


@dataclass(frozen=True)
class Limit:
    """A level that is allowed, drawn across: ``warn`` or ``fail``."""

    y: float
    name: str
    colour: str = "warn"


class Plot(QtWidgets.QWidget):
    """``chosen``: the x nearest to a click."""

    chosen = Signal(float)

    def __init__(self, title: str, is_log: bool = False) -> None:
        super().__init__()
        self._title, self._is_log = title, is_log
        self._series: tuple[Series, ...] = ()
        self._limits: tuple[Limit, ...] = ()
        self._marks: tuple[float, ...] = ()
        self._at: float | None = None
        self._range = self._ranges()
        self._thinned: dict[
            tuple[int, int], list[tuple[float, float]]
        ] = {}  # series and width → what is drawn
        self.setMouseTracking(True)
        self.setMinimumHeight(self.fontMetrics().height() * 7)
        self.setAccessibleName(title)

    def show_series(
        self, series: Sequence[Series], limits: Sequence[Limit] = (), marks: Sequence[float] = ()
    ) -> None:
        """``marks``: places on the x axis that a line stands at, such as checkpoints."""
        self._series = tuple(one for one in series if one.points)
        self._limits, self._marks = tuple(limits), tuple(marks)
        self._range = self._ranges()
        self._thinned.clear()
        self.update()

    # Inside

    def _y(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self._is_log else value

    def _ranges(self) -> tuple[float, float, float, float]:
        xs = [x for one in self._series for x, _ in (one.points[0], one.points[-1])]
        ys = [self._y(y) for one in self._series for _, y in one.points if math.isfinite(y)]
        ys += [self._y(one.y) for one in self._limits]
        left, right = (min(xs), max(xs)) if xs else (0.0, 1.0)
        low, high = (min(ys), max(ys)) if ys else (0.0, 1.0)
        room = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
        return left, right if right > left else left + 1.0, low - room, high + room

    def _area(self) -> QtCore.QRectF:
        line = self.fontMetrics().height()
        return QtCore.QRectF(
            _EDGE, line + 6, max(1, self.width() - 2 * _EDGE), max(1, self.height() - 2 * line - 10)
        )

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        own, area = style.colours(self.palette()), self._area()
        painter.fillRect(area, self.palette().base())
        if not self._series:
            self._paint_title(painter, self.width() - 2 * _EDGE)
            painter.setPen(QtGui.QColor(own.quiet))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), "nothing yet")
            return
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        left, right, low, high = self._range

        def at(x: float, y: float) -> QtCore.QPointF:
            across = area.left() + (x - left) / (right - left) * area.width()
            return QtCore.QPointF(across, area.bottom() - (self._y(y) - low) / (high - low) * area.height())

        painter.setPen(QtGui.QPen(QtGui.QColor(own.line), 1))
        for x in self._marks:
            painter.drawLine(
                QtCore.QPointF(at(x, 1.0).x(), area.top()), QtCore.QPointF(at(x, 1.0).x(), area.bottom())
            )
        for limit in self._limits:
            painter.setPen(QtGui.QPen(QtGui.QColor(own.of(limit.colour)), 1, Qt.PenStyle.DashLine))
            painter.drawLine(at(left, limit.y), at(right, limit.y))
        for number, one in enumerate(self._series):
            painter.setPen(QtGui.QPen(QtGui.QColor(_colour(own, one)), 1.5))
            drawn = QtGui.QPolygonF([at(x, y) for x, y in self._drawn(number, int(area.width()))])
            if drawn.count() == 1:
                painter.drawEllipse(drawn.first(), 2, 2)
            painter.drawPolyline(drawn)
        self._paint_words(painter, own, area, (left, right, low, high))

    def _paint_words(
        self,
        painter: QtGui.QPainter,
        own: style.Colours,
        area: QtCore.QRectF,
        ranges: tuple[float, float, float, float],
    ) -> None:
        metrics = painter.fontMetrics()
        left, right, low, high = ranges
        under = area.bottom() + metrics.ascent() + 2
        painter.setPen(QtGui.QColor(own.quiet))
        painter.drawText(QtCore.QPointF(area.left(), under), f"{left:g}")
        last = f"{right:g}"
        painter.drawText(QtCore.QPointF(area.right() - metrics.horizontalAdvance(last), under), last)
        for value, top in ((high, area.top() + metrics.ascent()), (low, area.bottom() - 3)):
            said = f"{10**value if self._is_log else value:.3g}"
            painter.drawText(QtCore.QPointF(area.left() + 3, top), said)
        across = float(self.width() - _EDGE)
        for one in reversed(self._series):
            x, y = self._nearest(one) if self._at is not None else one.points[-1]
            said = f"{one.name} {y:.4g}" + (
                f" at {x:g}" if self._at is not None and one is self._series[0] else ""
            )
            across -= metrics.horizontalAdvance(said) + 10
            painter.setPen(QtGui.QColor(_colour(own, one)))
            painter.drawText(QtCore.QPointF(across, metrics.ascent() + 1), said)
        self._paint_title(painter, across - _EDGE - 6)

    def _paint_title(self, painter: QtGui.QPainter, room: float) -> None:
        metrics = painter.fontMetrics()
        said = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, max(0, int(room)))
        painter.setPen(self.palette().windowText().color())
        painter.drawText(QtCore.QPointF(_EDGE, metrics.ascent() + 1), said)

    def _drawn(self, number: int, wide: int) -> list[tuple[float, float]]:
        """As many points of a series as can be told apart; thinned once for each width."""
        key = (number, wide)
        if key not in self._thinned:
            if len(self._thinned) > 4 * len(self._series):
                self._thinned.clear()
            self._thinned[key] = thinned(self._series[number].points, wide * 2)
        return self._thinned[key]

    def _nearest(self, one: Series) -> tuple[float, float]:
        wanted = self._at or 0.0
        place = bisect_left(one.points, (wanted, -math.inf))
        around = one.points[max(0, place - 1) : place + 1]
        return min(around, key=lambda point: abs(point[0] - wanted))

    def _x(self, pixel: float) -> float:
        left, right, _, _ = self._range
        area = self._area()
        return left + min(1.0, max(0.0, (pixel - area.left()) / area.width())) * (right - left)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        self._at = self._x(pointer(event).x())
        self.update()

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self._at = None
        self.update()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._series:
            self._at = self._x(pointer(event).x())
            self.chosen.emit(self._nearest(self._series[0])[0])


def thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most about ``most`` points that look the same: of each stretch its least and its largest value."""
    found = [point for point in points if math.isfinite(point[1])]
    if len(found) <= most or most < 4:
        return found
    stretch = math.ceil(len(found) / (most // 2))
    kept: list[tuple[float, float]] = []
    for start in range(0, len(found), stretch):
        part = found[start : start + stretch]
        ends = {min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])}
        kept += sorted(ends)
    return kept


def _colour(own: style.Colours, one: Series) -> str:
    return own.accent if one.colour == "accent" else own.of(one.colour)
