"""The tables of a validation: criteria with their verdicts, and the recovery beside its baselines."""

from __future__ import annotations

from collections.abc import Sequence

from film_recovery.panel import words
from film_recovery.panel.contents.validation import Criterion, Validation
from film_recovery.panel.qt import Qt, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import marks, style

_ID = Qt.ItemDataRole.UserRole
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_STATES = {"not run": "not measured yet", "fail": "does not hold", "warn": "should be put right"}


class _Table(QtWidgets.QTreeWidget):
    """As tall as its rows; the first column takes what the figures leave."""

    def __init__(self, titles: Sequence[str], name: str) -> None:
        super().__init__()
        self.set_titles(titles)
        self.setItemsExpandable(False)
        self.setRootIsDecorated(False)
        self.setIndentation(22)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)

    def set_titles(self, titles: Sequence[str]) -> None:
        modes = QtWidgets.QHeaderView.ResizeMode
        self.setColumnCount(len(titles))
        self.setHeaderLabels(list(titles))
        self.header().setStretchLastSection(False)
        self.header().setMinimumSectionSize(24)
        for column in range(len(titles)):
            self.header().setSectionResizeMode(column, modes.ResizeToContents if column else modes.Stretch)

    def fit(self) -> None:
        """To all rows, with nothing to scroll."""
        self.expandAll()
        tops = [self.topLevelItem(one) for one in range(self.topLevelItemCount())]
        rows = [row for top in tops for row in (top, *(top.child(one) for one in range(top.childCount())))]
        tall = sum(self.sizeHintForIndex(self.indexFromItem(row)).height() for row in rows)
        self.setFixedHeight(tall + self.header().sizeHint().height() + 4)
        self.setVisible(bool(rows))


class CriteriaTable(_Table):
    """``chosen``: a criterion that an operator goes to."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(("Criterion", "Value", "Limit", "Accepted"), "Criteria of acceptance")
        self._rows: tuple[Criterion, ...] = ()
        self.currentItemChanged.connect(self._current)

    def show_criteria(self, found: tuple[Criterion, ...], has_accepted: bool) -> None:
        """The verdict of each; the last column only where an iteration was accepted before."""
        self.setColumnHidden(3, not has_accepted)
        if found == self._rows:
            return
        current = self.current
        self._rows = found
        own = style.colours(self.palette())
        self.blockSignals(True)
        self.clear()
        for one in found:
            first = one.rows[0] if len(one.rows) == 1 else None
            values = [first.value, first.limit, first.before] if first else ["", "", ""]
            item = self._item([one.title, *values], one)
            item.setIcon(0, marks.icon(one.state, own.of(one.state)))
            self.addTopLevelItem(item)
            for row in one.rows if first is None else ():
                item.addChild(self._item([row.name, row.value, row.limit, row.before], one))
            if one.id == current:
                self.setCurrentItem(item)
        self.blockSignals(False)
        self.fit()

    @property
    def current(self) -> str:
        """The id of the criterion that is current; empty for none."""
        item = self.currentItem()
        return "" if item is None else str(item.data(0, _ID))

    def _item(self, texts: list[str], one: Criterion) -> QtWidgets.QTreeWidgetItem:
        item = QtWidgets.QTreeWidgetItem(texts)
        item.setData(0, _ID, one.id)
        for column in range(4):
            item.setToolTip(column, f"{one.title}: {_STATES.get(one.state, one.state)}. {one.reason}")
        for column in (1, 2, 3):
            item.setData(column, Qt.ItemDataRole.TextAlignmentRole, _RIGHT)
        return item

    def _current(self, item: QtWidgets.QTreeWidgetItem | None, *_: object) -> None:
        id = "" if item is None else str(item.data(0, _ID))
        one = next((row for row in self._rows if row.id == id), None)
        if one is not None:
            self.chosen.emit(one)


class BaselineTable(_Table):
    """A row for the Source, each baseline and the recovery; a column a figure. What beats the recovery stands out."""

    def __init__(self) -> None:
        super().__init__(("On held-out frames",), "Baselines beside the recovery")

    def show_figures(self, found: Validation) -> None:
        """Means over the held-out frames, against their Ground Truth."""
        self.clear()
        names = list(found.figures)
        self.set_titles(["On held-out frames", *names])
        own = style.colours(self.palette())
        for column in found.columns:
            figures = [words.value(found.figures[name].get(column)) or "–" for name in names]
            item = QtWidgets.QTreeWidgetItem([column, *figures])
            for number, name in enumerate(names, 1):
                item.setData(number, Qt.ItemDataRole.TextAlignmentRole, _RIGHT)
                if found.beats(name, column):
                    item.setForeground(number, QtGui.QColor(own.warn))
                    item.setToolTip(number, f"{column} does better in {name} than the recovery.")
            if column == found.recovered:
                font = item.font(0)
                font.setBold(True)
                for number in range(len(names) + 1):
                    item.setFont(number, font)
            self.addTopLevelItem(item)
        self.fit()
