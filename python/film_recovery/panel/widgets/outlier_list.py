"""Frames that stand out, the worst first: what of them, by which figure, how far beyond the limit."""

from __future__ import annotations

from film_recovery.panel.contents.render import Outlier
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal

_FRAME = Qt.ItemDataRole.UserRole
_ROWS = 9  # seen at once
_TITLES = ("Frame", "Kind", "Figure", "Usual", "× limit", "Where")


class OutlierList(QtWidgets.QTreeWidget):
    """``looked``: one that is current now. ``wanted``: the chosen ones as pairs (P). Several can be chosen."""

    looked = Signal(object)
    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Outlier, ...] = ()
        self.setHeaderLabels(list(_TITLES))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Frames that stand out, the worst first")
        for column in range(len(_TITLES) - 1):
            self.header().setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(True)
        self._soon = QtCore.QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._look)
        self.currentItemChanged.connect(self._current)

    def show_outliers(self, found: tuple[Outlier, ...]) -> None:
        """The rows that were chosen stay so, where they are still there."""
        if found == self._rows:
            return
        chosen = set(self.frames)
        self._rows = found
        self.blockSignals(True)
        self.clear()
        for number, one in enumerate(found):
            item = QtWidgets.QTreeWidgetItem(
                [
                    str(one.frame),
                    one.kind,
                    f"{one.figure:.3g}",
                    f"{one.usual:.3g}",
                    f"{one.score:.1f}",
                    _place(one),
                ]
            )
            item.setData(0, _FRAME, number)
            for column in range(len(_TITLES)):
                item.setToolTip(column, one.reason)
            self.addTopLevelItem(item)
            item.setSelected(one.frame in chosen)
        self.blockSignals(False)
        tall = self.fontMetrics().height() + 6
        self.setFixedHeight((min(_ROWS, len(found)) + 1) * tall + 4)
        self.setVisible(bool(found))

    @property
    def frames(self) -> tuple[int, ...]:
        """The frames that are chosen, ascending, each once."""
        numbers = (int(item.data(0, _FRAME)) for item in self.selectedItems())
        return tuple(sorted({self._rows[number].frame for number in numbers}))

    def show_frame(self, frame: int) -> None:
        """Chooses the worst of a frame, where it has any and none of it is chosen; nobody is told."""
        if frame in self.frames or (self.current is not None and self.current.frame == frame):
            return
        number = next((place for place, one in enumerate(self._rows) if one.frame == frame), None)
        self.blockSignals(True)
        self.clearSelection()
        self.setCurrentIndex(QtCore.QModelIndex())
        if number is not None:
            self.setCurrentItem(self.topLevelItem(number))
        self.blockSignals(False)

    @property
    def current(self) -> Outlier | None:
        """The one whose row is current."""
        item = self.currentItem()
        return None if item is None else self._rows[int(item.data(0, _FRAME))]

    def _current(self, item: QtWidgets.QTreeWidgetItem | None, *_: object) -> None:
        if item is not None:
            self._soon.start()

    def _look(self) -> None:
        """After the press that made it current has chosen it, or no longer."""
        one = self.current
        if one is not None:
            self.looked.emit(one)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_P and self.frames:
            self.wanted.emit()
        else:
            super().keyPressEvent(event)


def _place(one: Outlier) -> str:
    """Where in the picture, in pixels from the bottom left."""
    return "the whole picture" if one.where is None else "{}, {} to {}, {}".format(*one.where)
