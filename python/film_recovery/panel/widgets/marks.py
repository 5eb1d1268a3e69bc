"""The marks of outcomes and stages, drawn: a shape and a colour each, so that neither is needed alone."""

from __future__ import annotations

from film_recovery.panel.qt import Qt, QtCore, QtGui

SIZE = 16  # pixels at a font of usual size


def icon(state: str, colour: str, size: int = SIZE) -> QtGui.QIcon:
    """The mark of ``state`` (an outcome, ``signed``, ``running`` or ``not run``)."""
    found = QtGui.QIcon()
    for ratio in (1, 2):
        found.addPixmap(pixmap(state, colour, size, ratio))
    return found


def pixmap(state: str, colour: str, size: int = SIZE, ratio: float = 1) -> QtGui.QPixmap:
    """As a picture of ``size`` pixels, ``ratio`` times as fine."""
    picture = QtGui.QPixmap(round(size * ratio), round(size * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.scale(size / 16, size / 16)
    pen = QtGui.QPen(QtGui.QColor(colour), 2)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    _draw(painter, state, QtGui.QColor(colour))
    painter.end()
    return picture


def _draw(painter: QtGui.QPainter, state: str, colour: QtGui.QColor) -> None:
    if state == "pass":
        _line(painter, (3, 8.5), (6.5, 12), (13, 4))
    elif state == "signed":
        _line(painter, (2.5, 7), (5.5, 10), (11, 3))
        _line(painter, (2.5, 14), (13.5, 14))
    elif state == "fail":
        _line(painter, (4, 4), (12, 12))
        _line(painter, (12, 4), (4, 12))
    elif state == "warn":
        _line(painter, (8, 2.5), (14, 13.5), (2, 13.5), (8, 2.5))
        _line(painter, (8, 7), (8, 10))
    elif state == "info":
        _line(painter, (8, 7.5), (8, 12.5))
        _line(painter, (8, 3.5), (8, 3.6))
    elif state == "running":
        painter.setBrush(colour)
        _line(painter, (5, 3.5), (12.5, 8), (5, 12.5), (5, 3.5))
    else:
        painter.drawEllipse(QtCore.QPointF(8, 8), 4.5, 4.5)


def _line(painter: QtGui.QPainter, *points: tuple[float, float]) -> None:
    polygon = QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in points])
    if len(points) > 3 and points[0] == points[-1]:
        painter.drawPolygon(polygon)
    else:
        painter.drawPolyline(polygon)
