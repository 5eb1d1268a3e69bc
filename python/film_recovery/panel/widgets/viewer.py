"""A picture, or two of them under a wipe: what an operator compares by eye. Zoom with the wheel, pan by dragging."""

from __future__ import annotations

from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import style
from film_recovery.panel.widgets.pictures import Pictures, Wanted

_NEAR = 8  # pixels from the wipe's line within which it is taken hold of
_STEP = 0.02  # of the width, for a key
_CLOSEST = 16.0  # screen pixels a pixel of the picture
_HANDLE = 7.0


class Viewer(QtWidgets.QWidget):
    """``wiped``: where the line is now, 0–1 of the picture's width; A stands left of it.

    Keys: left and right move the line, A and B show one of the two, W the wipe, F fits.
    """

    wiped = Signal(float)

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._pictures = pictures
        self._shown: tuple[Wanted | None, Wanted | None] = (None, None)
        self._names = ("A", "B")
        self._said = ""
        self._box: tuple[float, float, float, float] | None = None
        self.wipe = 0.5
        self.mode = "wipe"  # or "A", "B"
        self._zoom, self._middle = 1.0, QtCore.QPointF(0.5, 0.5)
        self._held = ""
        self._from = QtCore.QPointF()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(180)
        self.setAccessibleName("Picture")
        pictures.came.connect(self._came)

    def show_pictures(
        self,
        a: Wanted | None,
        b: Wanted | None = None,
        names: tuple[str, str] = ("A", "B"),
        said: str = "There is no picture yet.",
    ) -> None:
        """One picture, or two to be compared. ``said``: in place of none."""
        self._shown, self._names, self._said = (a, b), names, said
        self.update()

    def show_box(self, box: tuple[float, float, float, float] | None) -> None:
        """A crop over the picture: left, bottom, right, top as parts of its format, 0–1, y up; None: none."""
        self._box = box
        self.update()

    def fit(self) -> None:
        """The whole picture."""
        self._zoom, self._middle = 1.0, QtCore.QPointF(0.5, 0.5)
        self.update()

    def set_wipe(self, wipe: float) -> None:
        """Moves the line."""
        self.wipe = min(1.0, max(0.0, wipe))
        self.mode = "wipe"
        self.wiped.emit(self.wipe)
        self.update()

    def set_mode(self, mode: str) -> None:
        """``wipe``, ``A`` or ``B``."""
        self.mode = mode
        self.update()

    def line(self) -> float:
        """The wipe's line in pixels from the left of the widget."""
        place = self._place()
        return place.left() + self.wipe * place.width()

    @property
    def images(self) -> tuple[QtGui.QImage | None, QtGui.QImage | None]:
        """What is there of the two pictures."""
        a, b = self._shown
        return (self._pictures.of(a) if a else None, self._pictures.of(b) if b else None)

    # Inside

    def _came(self, wanted: object) -> None:
        if wanted in self._shown:
            self.update()

    def _place(self) -> QtCore.QRectF:
        """Where the whole picture lies, in pixels of the widget."""
        image = next((one for one in self.images if one is not None), None)
        wide, tall = (image.width(), image.height()) if image is not None else (4, 3)
        scale = min(self.width() / wide, self.height() / tall) * self._zoom
        size = QtCore.QSizeF(wide * scale, tall * scale)
        left = self.width() / 2 - self._middle.x() * size.width()
        top = self.height() / 2 - self._middle.y() * size.height()
        return QtCore.QRectF(QtCore.QPointF(left, top), size)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        own = style.colours(self.palette())
        wanted, images = self._shown, self.images
        problem = next(
            (self._pictures.problem(one) for one in wanted if one and self._pictures.problem(one)), ""
        )
        if images[0] is None and images[1] is None:
            painter.setPen(QtGui.QColor(own.quiet))
            said = self._said if wanted == (None, None) else problem or "…"
            flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(12, 12, -12, -12), flags, said)
            return
        place = self._place()
        if place.width() < 2 * self.width():
            painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        is_wipe = self.mode == "wipe" and wanted[1] is not None
        line = self.line()
        a_ends = line if is_wipe else float(self.width() if self.mode != "B" or wanted[1] is None else 0)
        for number, image in enumerate(images):
            left, right = (0.0, a_ends) if number == 0 else (a_ends, float(self.width()))
            if image is not None and right > left:
                painter.setClipRect(QtCore.QRectF(left, 0, right - left, self.height()))
                painter.drawImage(place, image)
        painter.setClipping(False)
        self._paint_box(painter, place, own)
        if is_wipe:
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
            painter.setPen(QtGui.QPen(QtGui.QColor(own.accent), 1.5))
            painter.drawLine(QtCore.QPointF(line, 0), QtCore.QPointF(line, self.height()))
            painter.setBrush(QtGui.QColor(own.accent))
            painter.drawEllipse(QtCore.QPointF(line, self.height() / 2), _HANDLE, _HANDLE)
        self._paint_names(painter, is_wipe, problem)

    def _paint_box(self, painter: QtGui.QPainter, place: QtCore.QRectF, own: style.Colours) -> None:
        if self._box is None:
            return
        left, bottom, right, top = self._box
        inside = QtCore.QRectF(
            place.left() + left * place.width(),
            place.top() + (1 - top) * place.height(),
            (right - left) * place.width(),
            (top - bottom) * place.height(),
        )
        outside = QtGui.QPainterPath()
        outside.addRect(place)
        hole = QtGui.QPainterPath()
        hole.addRect(inside)
        painter.fillPath(outside.subtracted(hole), QtGui.QColor(0, 0, 0, 120))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QtGui.QPen(QtGui.QColor(own.accent), 1, Qt.PenStyle.DashLine))
        painter.drawRect(inside)

    def _paint_names(self, painter: QtGui.QPainter, is_wipe: bool, problem: str) -> None:
        metrics = painter.fontMetrics()
        a, b = self._names
        shown = (
            [(a, False), (b, True)] if is_wipe else [(b if self.mode == "B" and self._shown[1] else a, False)]
        )
        for text, is_right in [*shown, *([(problem, True)] if problem and not is_wipe else [])]:
            if not text:
                continue
            said = metrics.elidedText(text, Qt.TextElideMode.ElideRight, self.width() // 2 - 20)
            wide = metrics.horizontalAdvance(said) + 12
            place = QtCore.QRect(self.width() - wide - 6 if is_right else 6, 6, wide, metrics.height() + 4)
            painter.fillRect(place, QtGui.QColor(0, 0, 0, 170))
            painter.setPen(QtGui.QColor("#ffffff"))
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), said)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self.setFocus()
        at = pointer(event)
        is_wipe = self.mode == "wipe" and self._shown[1] is not None
        near = is_wipe and abs(at.x() - self.line()) <= _NEAR
        self._held = "wipe" if near or (is_wipe and self._zoom <= 1.0) else "pan"
        self._from = at
        if self._held == "wipe":
            self._wipe_to(at.x())

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        at = pointer(event)
        if self._held == "wipe":
            self._wipe_to(at.x())
        elif self._held == "pan":
            place, moved = self._place(), at - self._from
            self._from = at
            self._pan(moved.x() / place.width(), moved.y() / place.height())

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        self._held = ""

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        self.fit()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        at = QtCore.QPointF(event.position())
        before = self._place()
        x = (at.x() - before.left()) / before.width()
        y = (at.y() - before.top()) / before.height()
        self._zoom = min(_CLOSEST, max(1.0, self._zoom * 1.2 ** (event.angleDelta().y() / 120)))
        after = self._place()
        self._pan(
            (at.x() - after.left()) / after.width() - x,
            (at.y() - after.top()) / after.height() - y,
        )
        event.accept()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        key, keys = event.key(), Qt.Key
        if key in (keys.Key_Left, keys.Key_Right) and self._shown[1] is not None:
            self.set_wipe(self.wipe + (_STEP if key == keys.Key_Right else -_STEP))
        elif key in (keys.Key_A, keys.Key_B) and self._shown[1] is not None:
            self.set_mode("A" if key == keys.Key_A else "B")
        elif key == keys.Key_W:
            self.set_mode("wipe")
        elif key == keys.Key_F:
            self.fit()
        else:
            super().keyPressEvent(event)

    def _wipe_to(self, x: float) -> None:
        place = self._place()
        self.set_wipe((x - place.left()) / max(1.0, place.width()))

    def _pan(self, x: float, y: float) -> None:
        """By parts of the picture; the middle of the widget stays within it."""
        self._middle = QtCore.QPointF(
            min(1.0, max(0.0, self._middle.x() - x)), min(1.0, max(0.0, self._middle.y() - y))
        )
        if self._zoom <= 1.0:
            self._middle = QtCore.QPointF(0.5, 0.5)
        self.update()
