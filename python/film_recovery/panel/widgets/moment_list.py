"""Pairs and hold-outs with how far each is off, and its verdict."""

from __future__ import annotations

from film_recovery.panel.contents.alignment import AlignmentOf, Row
from film_recovery.panel.contents.pairs import HOLD_OUT
from film_recovery.panel.qt import Qt, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import style

_FRAME = Qt.ItemDataRole.UserRole
_MOST = 10  # rows that are seen without scrolling


class MomentList(QtWidgets.QTreeWidget):
    """``looked``: the Source frame of the row that is current."""

    looked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels(["Pair", "Source", "Reference", "Off by", "Verdict"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setAccessibleName("Pairs and how far they are off")
        header = self.header()
        header.setStretchLastSection(True)
        for column in range(4):
            header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self.currentItemChanged.connect(self._current)

    @property
    def current(self) -> int:
        """The Source frame of the row that is current; 0 for none."""
        item = self.currentItem()
        return int(item.data(0, _FRAME)) if item is not None else 0

    def show_rows(self, found: AlignmentOf) -> None:
        """The pairs, then the hold-outs; the row that was current still is, else the first."""
        frame = self.current
        self.blockSignals(True)
        self.clear()
        own = style.colours(self.palette())
        for row in found.rows:
            self.addTopLevelItem(_item(row, own))
        self.blockSignals(False)
        tall = max(self.sizeHintForRow(0), self.fontMetrics().height())
        rows = min(_MOST, max(1, len(found.rows)))
        self.setFixedHeight(rows * tall + self.header().sizeHint().height() + 2 * self.frameWidth() + 4)
        if not self.show_frame(frame) and self.topLevelItemCount():
            self.setCurrentItem(self.topLevelItem(0))

    def show_frame(self, frame: int) -> bool:
        """Makes the row of a Source frame the current one; whether there is one."""
        for number in range(self.topLevelItemCount()):
            if self.topLevelItem(number).data(0, _FRAME) == frame:
                self.setCurrentItem(self.topLevelItem(number))
                return True
        return False

    def step(self, step: int) -> None:
        """To the row ``step`` further, where there is one."""
        item = self.topLevelItem(self.indexOfTopLevelItem(self.currentItem()) + step)
        if item is not None:
            self.setCurrentItem(item)

    def _current(self, item: QtWidgets.QTreeWidgetItem | None, *_: object) -> None:
        if item is not None:
            self.looked.emit(int(item.data(0, _FRAME)))


def _item(row: Row, own: style.Colours) -> QtWidgets.QTreeWidgetItem:
    found, flags = row.measured, "; ".join(row.pair.flags)
    off = "–" if found is None or found.pixels is None else f"{found.pixels:.2f} px"
    said = "not measured yet" if found is None else found.verdict
    made = QtWidgets.QTreeWidgetItem(
        [
            f"hold-out {row.index}" if row.kind == HOLD_OUT else str(row.index),
            str(row.pair.source),
            str(row.pair.reference),
            off,
            f"{said} · ⚑ {flags}" if flags else said,
        ]
    )
    made.setData(0, _FRAME, row.pair.source)
    right = int(Qt.AlignmentFlag.AlignRight) | int(Qt.AlignmentFlag.AlignVCenter)
    made.setData(3, Qt.ItemDataRole.TextAlignmentRole, right)
    states = {"pass": own.passed, "warn": own.warn, "cannot tell": own.warn, "fail": own.fail}
    colour = own.quiet if found is None else states.get(found.verdict, own.quiet)
    made.setForeground(4, QtGui.QColor(own.warn if flags and colour == own.passed else colour))
    lines = [
        one
        for one in ("" if found is None else found.reason, *(f"flag: {one}" for one in row.pair.flags))
        if one
    ]
    for column in range(5):
        made.setToolTip(column, "\n".join(lines) or "Align measures it.")
    return made
