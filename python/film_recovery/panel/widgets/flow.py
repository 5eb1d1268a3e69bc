"""A row that goes on in the next line where it is too narrow for all of its widgets."""

from __future__ import annotations

from film_recovery.panel.qt import Qt, QtCore, QtWidgets


class Flow(QtWidgets.QLayout):
    """``gap``: pixels between widgets and between lines. Hidden widgets take no room."""

    def __init__(self, gap: int = 6) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self._gap = gap
        self._items: list[QtWidgets.QLayoutItem] = []

    def addItem(self, item: QtWidgets.QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QtWidgets.QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QtWidgets.QLayoutItem | None:  # type: ignore[override]  # Qt: null where none is
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._placed(QtCore.QRect(0, 0, width, 0), False)

    def setGeometry(self, rect: QtCore.QRect) -> None:
        super().setGeometry(rect)
        self._placed(rect, True)

    def sizeHint(self) -> QtCore.QSize:
        sizes = [item.sizeHint() for item in self._seen()]
        wide = sum(size.width() for size in sizes) + self._gap * max(0, len(sizes) - 1)
        return QtCore.QSize(wide, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QtCore.QSize:
        sizes = [item.minimumSize() for item in self._seen()]
        return QtCore.QSize(
            max((size.width() for size in sizes), default=0),
            max((size.height() for size in sizes), default=0),
        )

    def _seen(self) -> list[QtWidgets.QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _placed(self, rect: QtCore.QRect, really: bool) -> int:
        """Puts the widgets into lines within ``rect``, if ``really``; gives the height that this takes."""
        lines: list[list[QtWidgets.QLayoutItem]] = [[]]
        x = 0
        for item in self._seen():
            wide = item.sizeHint().width()
            if lines[-1] and x + wide > rect.width():
                lines.append([])
                x = 0
            lines[-1].append(item)
            x += wide + self._gap
        y = rect.top()
        for line in lines:
            tall = max((item.sizeHint().height() for item in line), default=0)
            x = rect.left()
            for item in line:
                size = item.sizeHint()
                wide = min(size.width(), rect.width())
                if really:
                    place = QtCore.QRect(x, y + (tall - size.height()) // 2, wide, size.height())
                    item.setGeometry(place)
                x += wide + self._gap
            y += tall + self._gap
        return max(0, y - self._gap - rect.top())
