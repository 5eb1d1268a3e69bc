"""The chosen pairs and hold-outs with their reasons; frames of the film strip are dropped here."""

from __future__ import annotations

from film_recovery.panel.contents.pairs import HOLD_OUT, PAIR, Chosen, Curation
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, pointer
from film_recovery.panel.widgets import style
from film_recovery.panel.widgets.strip import FRAMES

_TITLES = {PAIR: "Pairs", HOLD_OUT: "Hold-out"}
_FRAME = Qt.ItemDataRole.UserRole


class PairList(QtWidgets.QTreeWidget):
    """``looked``: a pair's Source frame. ``dropped``: a frame, and which kind it is to be. ``removed``: a frame."""

    looked = Signal(int)
    dropped = Signal(int, str)
    removed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels(["Source", "Reference", "Shot", "Why"])
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(8)
        self.setAcceptDrops(True)
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setAccessibleName("Pairs and hold-outs")
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self._groups: dict[str, QtWidgets.QTreeWidgetItem] = {}
        self.currentItemChanged.connect(self._current)

    def show_curation(self, found: Curation) -> None:
        """The pairs, with the one that was current still so."""
        frame = self.current
        self.blockSignals(True)
        self.clear()
        own = style.colours(self.palette())
        for kind, title in _TITLES.items():
            ones = found.of_kind(kind)
            group = QtWidgets.QTreeWidgetItem([f"{title} ({len(ones)})"])
            group.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsDropEnabled)
            group.setToolTip(
                0, f"Drag a frame of the film strip here, or press {'P' if kind == PAIR else 'H'} there"
            )
            group.setForeground(0, QtGui.QColor(own.quiet))
            self.addTopLevelItem(group)
            group.setFirstColumnSpanned(True)
            group.setExpanded(True)
            self._groups[kind] = group
            for one in ones:
                self._add(group, one, found, own)
        self.blockSignals(False)
        rows = self.topLevelItemCount() + sum(group.childCount() for group in self._groups.values())
        tall = self.fontMetrics().height() + 6
        self.setFixedHeight(min(14, rows + 1) * tall + 8)
        self.show_frame(frame)

    @property
    def current(self) -> int:
        """The Source frame of the row that is current; 0 for none."""
        item = self.currentItem()
        return int(item.data(0, _FRAME) or 0) if item is not None else 0

    def show_frame(self, frame: int) -> None:
        """Makes the row of a frame the current one, where there is one."""
        self.blockSignals(True)
        self.setCurrentIndex(QtCore.QModelIndex())
        for group in self._groups.values():
            for number in range(group.childCount()):
                if group.child(number).data(0, _FRAME) == frame:
                    self.setCurrentItem(group.child(number))
        self.blockSignals(False)

    # Inside

    def _add(
        self, group: QtWidgets.QTreeWidgetItem, one: Chosen, found: Curation, own: style.Colours
    ) -> None:
        pair = one.pair
        why = pair.reason or "no reason given yet"
        flags = "; ".join(pair.flags)
        row = QtWidgets.QTreeWidgetItem(
            [str(pair.source), str(pair.reference), pair.shot, f"⚑ {flags} · {why}" if flags else why]
        )
        row.setData(0, _FRAME, pair.source)
        excluded = found.excluded.get(pair.source, "")
        said = [f"{one.kind} {one.index}: {why}", *(f"flag: {flag}" for flag in pair.flags)]
        row.setToolTip(3, "\n".join([*said, *([f"excluded: {excluded}"] if excluded else [])]))
        if flags or excluded or not pair.reason:
            row.setForeground(3, QtGui.QColor(own.warn))
        group.addChild(row)

    def _current(self, item: QtWidgets.QTreeWidgetItem | None, *_: object) -> None:
        if item is not None and item.data(0, _FRAME):
            self.looked.emit(int(item.data(0, _FRAME)))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.current:
            self.removed.emit(self.current)
        elif event.key() in (Qt.Key.Key_P, Qt.Key.Key_H) and self.current:
            self.dropped.emit(self.current, PAIR if event.key() == Qt.Key.Key_P else HOLD_OUT)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(FRAMES):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QtGui.QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(FRAMES):
            event.acceptProposedAction()

    def dropEvent(self, event: QtGui.QDropEvent) -> None:
        if not event.mimeData().hasFormat(FRAMES):
            return
        item = self.itemAt(pointer(event).toPoint())
        while item is not None and item.parent() is not None:
            item = item.parent()
        kind = HOLD_OUT if item is self._groups.get(HOLD_OUT) else PAIR
        for word in bytes(event.mimeData().data(FRAMES).data()).split():
            self.dropped.emit(int(word), kind)
        event.acceptProposedAction()

    def viewportSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(240, 160)
