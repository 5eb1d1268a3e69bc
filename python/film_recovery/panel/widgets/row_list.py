"""The checks of a stage below one another, however many: rows stand where the operator looks, the rest is a height."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from film_recovery.panel.checklist import Item
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.row import Row

_AT_FIRST = 8  # rows: what is looked at first
_AT_ONCE = 4  # rows, of more, between two looks at what else there is to do
_KEPT = 80  # rows; of more, those that are far from what is seen are given back
_FAR = 3  # heights of what is seen
_NOWHERE = -1  # the top of what is not listed
_LAID_OUT = 40  # milliseconds: when Qt has laid out what was opened


class RowList(QtWidgets.QScrollArea):
    """``wanted``: a check's id, and what of it with what was given, as a row says it. ``looked``: a row was opened or
    closed by the operator. ``added``: a row, which is not seen yet."""

    wanted = Signal(str, str, object)
    looked = Signal()
    added = Signal(object)

    def __init__(self, nothing: str) -> None:
        """``nothing``: what is said where the filter leaves no check."""
        super().__init__()
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._canvas = _Canvas()
        self._canvas.unfit.connect(self._lay_out)
        self.setWidget(self._canvas)
        self.nothing = parts.label(nothing, "quiet")
        self.nothing.setParent(self._canvas)
        self._places: dict[str, _Place] = {}
        self._only_stops = False
        self._hindered = ""
        self._laying_out = False
        self._looked_for = ""
        self._more = self._timer(0, self._fill)
        self._soon = self._timer(_LAID_OUT, lambda: self._into_view(self._looked_for))
        self.verticalScrollBar().valueChanged.connect(lambda *_: self._more.start())

    # What is listed

    def show_items(self, items: Iterable[Item]) -> None:
        """Other checks, from the first on."""
        for place in self._places.values():
            place.give_back()
        self._places = {item.check.id: self._place(item) for item in items}
        self.verticalScrollBar().setValue(0)
        self._lay_out()
        self._make([place for place in self._places.values() if place.is_listed][:_AT_FIRST])
        self._more.start()

    def put_first(self, items: Iterable[Item]) -> None:
        """These above all others, or as they are now where they are listed."""
        new = {item.check.id: self._place(item) for item in items if item.check.id not in self._places}
        for item in items:
            self.update_item(item)
        self._places = {**new, **self._places}
        self._lay_out()
        self._more.start()

    def update_item(self, item: Item) -> None:
        """Another outcome of a check; one that is not listed changes nothing."""
        place = self._places.get(item.check.id)
        if place is None:
            return
        place.item = item
        if place.row is not None:
            place.row.update_item(item)
        if place.is_listed != self._lists(place):
            place.is_listed = self._lists(place)
            self._lay_out()
            self._more.start()

    def show_only_stops(self, only: bool) -> None:
        """Only what stops a run, or all."""
        self._only_stops = only
        for place in self._places.values():
            place.is_listed = self._lists(place)
        self._lay_out()
        self._more.start()

    def allow(self, hindered: str, can_show: Callable[[Item], str]) -> None:
        """``hindered``: why nothing may be changed now. ``can_show``: why the host cannot show a check's place."""
        self._hindered = hindered
        for row in self.made.values():
            # Only what is open can show anything: whether its file is there is asked of the disk.
            row.allow(hindered, can_show(row.item) if row.is_open else "")

    # Rows

    @property
    def made(self) -> Mapping[str, Row]:
        """The rows that there are now, by the check's id, in order."""
        return {id: place.row for id, place in self._places.items() if place.row is not None}

    def row(self, id: str) -> Row | None:
        """The row of a check, made now if it was not; None where the check is not listed at all."""
        place = self._places.get(id)
        if place is not None and place.row is None:
            self._make([place])
        return None if place is None else place.row

    def all_rows(self) -> Mapping[str, Row]:
        """All of them, made now."""
        self._make([place for place in self._places.values() if place.row is None])
        return self.made

    def open_only(self, id: str) -> Row:
        """Opens this check, closes the others, and brings it into view."""
        row = self.row(id)
        assert row is not None
        for other in self.made.values():
            if other is not row and other.is_open:
                other.set_open(False)
        if not row.is_open:
            row.set_open(True)
        row.setFocus()
        self.into_view_soon(id)
        return row

    def into_view_soon(self, id: str) -> None:
        """When Qt has laid out what was opened."""
        self._looked_for = id
        self._soon.start()

    # Inside

    def _place(self, item: Item) -> _Place:
        made = _Place(item, self.nothing.fontMetrics().height() + 16)
        made.is_listed = self._lists(made)
        return made

    def _lists(self, place: _Place) -> bool:
        """Nothing is hidden while somebody writes in it."""
        return place.item.stops or not self._only_stops or place.is_written_in

    def _make(self, places: Iterable[_Place]) -> None:
        for place in places:
            id = place.item.check.id
            row = place.row = Row(place.item)
            row.wants.connect(partial(self.wanted.emit, id))
            row.moved.connect(partial(self._move, id))
            row.toggled.connect(self.looked)
            row.allow(self._hindered, "")
            self.added.emit(row)
            row.setParent(self._canvas)
        before: QtWidgets.QWidget = self
        for row in self.made.values():
            self.setTabOrder(before, row)
            before = row.last_by_tab()
        self._lay_out()

    def _lay_out(self) -> None:
        """Each where it belongs, once it is seen at all; what is looked at stays where it is seen."""
        if self._laying_out or not self.isVisible():
            return
        self._laying_out = True
        bar, width = self.verticalScrollBar(), 0
        places = [place for place in self._places.values() if place.is_listed]
        there = (one for one in places if one.top >= 0 and one.top + one.height > bar.value())
        held = next(there, None) if bar.value() else None
        into = bar.value() - held.top if held is not None else 0
        while width != self.viewport().width():  # a bar that comes takes some of it, and then more is needed
            width, top = self.viewport().width(), 0
            for place in places:
                place.top = top
                if place.row is not None:
                    place.fit(width)
                top += place.height
            self._canvas.resize(width, max(top, self.viewport().height()))
        if held is not None:
            bar.setValue(held.top + into)
        for place in self._places.values():
            place.top = place.top if place.is_listed else _NOWHERE
            if place.row is not None:
                place.row.setVisible(place.is_listed)
        self.nothing.setVisible(self._only_stops and not places)
        self.nothing.setGeometry(0, 0, width, self.nothing.heightForWidth(width))
        self._laying_out = False

    def _fill(self) -> None:
        """Some of the rows that are missing near what is seen, the nearest first; gives back those far from it."""
        if not self.isVisible():
            return
        begin, seen = self.verticalScrollBar().value(), self.viewport().height()
        listed = [place for place in self._places.values() if place.is_listed]
        near = [one for one in listed if one.row is None and one.away(begin, seen) < seen]
        if len(self.made) > _KEPT:
            for place in self._places.values():
                if place.row is not None and not place.is_in_use and place.away(begin, seen) > _FAR * seen:
                    place.give_back()
        if near:
            self._make(sorted(near, key=lambda one: one.away(begin, seen))[:_AT_ONCE])
            self._more.start()  # there may be others near, now that these have their own height

    def _move(self, id: str, step: int) -> None:
        listed = [one for one, place in self._places.items() if place.is_listed]
        if id in listed:
            to = listed[min(max(0, listed.index(id) + step), len(listed) - 1)]
            row = self.row(to)
            assert row is not None
            row.setFocus()
            self._into_view(to)

    def _into_view(self, id: str) -> None:
        place = self._places.get(id)
        if place is not None and place.row is not None:
            self._lay_out()
            self.ensureWidgetVisible(place.row, 0, 8)
            if place.height > self.viewport().height():
                self.verticalScrollBar().setValue(place.top)

    def _timer(self, wait: int, deed: Callable[[], None]) -> QtCore.QTimer:
        """A timer, ours, that does it once: after ``wait`` ms, or with 0 when nothing else is to be done."""
        timer = QtCore.QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(wait)
        timer.timeout.connect(deed)
        return timer

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self._more.start()

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self._lay_out()
        self._more.start()


class _Place:
    """Where a check stands. ``row``: while it is near what is seen; ``height``: its last one, or a usual one."""

    def __init__(self, item: Item, height: int) -> None:
        self.item, self.height, self.top = item, height, _NOWHERE
        self.is_listed = False
        self.row: Row | None = None

    @property
    def is_written_in(self) -> bool:
        """Whether a form is open there."""
        return self.row is not None and self.row.form is not None

    @property
    def is_in_use(self) -> bool:
        """Whether the operator has something open there, or the focus."""
        return self.row is not None and (self.row.is_open or self.row.hasFocus())

    def fit(self, width: int) -> None:
        """The row where it belongs, as high as it needs to be."""
        if self.row is not None:
            self.height = max(self.row.heightForWidth(width), self.row.minimumSizeHint().height())
            self.row.setGeometry(0, self.top, width, self.height)

    def away(self, begin: int, seen: int) -> int:
        """By how many pixels it is away from what is seen: ``seen`` pixels from ``begin`` on."""
        return max(0, self.top - begin - seen, begin - self.top - self.height)

    def give_back(self) -> None:
        """Has no row any more."""
        if self.row is not None:
            self.row.hide()
            self.row.deleteLater()
            self.row = None


class _Canvas(QtWidgets.QWidget):
    """What the rows stand on. ``unfit``: one of them needs another height."""

    unfit: Any = Signal()

    def event(self, event: QtCore.QEvent) -> bool:
        done = super().event(event)
        if event.type() == QtCore.QEvent.Type.LayoutRequest:
            self.unfit.emit()
        return done
