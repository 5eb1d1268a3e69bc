"""A stage's page: what is worked with in it, and its checks as a list, with the filter for what stops the work.

Side by side where there is room; else one of the two, as the operator chose last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from film_recovery.panel.checklist import Item
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.forms import FixForm, SignForm
from film_recovery.panel.widgets.row import Row
from film_recovery.panel.widgets.session import Session
from film_recovery.panel.widgets.settings import Settings
from film_recovery.panel.widgets.work import Work
from film_recovery.panel.widgets.works import Maker

_BESIDE = 860  # pixels of width from which work and checks stand side by side
_AT_FIRST = 8  # rows: what is looked at first
_AT_ONCE = 4  # rows, of many more, between two looks at what else there is to do
_BLOCK = 40  # rows that are laid out together: a new one moves no other block
_AHEAD = 80  # rows that are made although they are not seen; of more only those that are scrolled to
_LAID_OUT = 40  # milliseconds
_SIZES, _USUAL = "work and checks", (600, 400)


class Page(QtWidgets.QWidget):
    """``looked``: another check is opened, or none. ``shown``: a check's id and place, for the host to show.
    ``built``: the graph is wanted in the script that is open."""

    looked = Signal()
    built = Signal()
    shown = Signal(str, object)

    def __init__(
        self,
        session: Session,
        settings: Settings,
        can_show: Callable[[Mapping[str, Any]], str],
        works: Mapping[int, Maker],
    ) -> None:
        """``works``: what makes the work of a stage, when it is first shown."""
        super().__init__()
        self._session, self._settings, self._can_show = session, settings, can_show
        self._makers = works
        self.works: dict[int, Work] = {}
        self._of_host: tuple[Item, ...] = ()
        self.stage = 0
        self._made: dict[str, Row] = {}
        self.heading = parts.label(name="heading")
        self.summary = parts.label(name="summary")
        self.help = parts.label(name="quiet")
        self.stops = QtWidgets.QCheckBox("What stops me")
        self.stops.setToolTip("Only the checks of this stage that stop a run (Ctrl+W)")
        self.stops.toggled.connect(lambda *_: self._filter())
        self.nothing = parts.label("Nothing stops you in this stage.", "quiet")
        self.build = parts.button("Build in script", self.built.emit, sign="build")
        top = parts.line()
        top.addWidget(self.heading, 1)
        top.addWidget(self.build)
        top.addWidget(self.stops)
        self._list = parts.Tall()
        self._rows = parts.column(self._list, 0)
        self.area = QtWidgets.QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(self._list)
        self.to_work = self._tab("Work", True, "What is worked with in this stage (Ctrl+T)")
        self.to_checks = self._tab("Checks", False, "What is measured and signed in this stage (Ctrl+T)")
        self._tabs = QtWidgets.QWidget()
        tabs = parts.line(2)
        tabs.addWidget(self.to_work)
        tabs.addWidget(self.to_checks)
        tabs.addStretch(1)
        self._tabs.setLayout(tabs)
        self._place = parts.column()
        self.work_area = QtWidgets.QScrollArea()
        self.work_area.setWidgetResizable(True)
        self.work_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.work_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = parts.Tall()
        inside.setLayout(self._place)
        self.work_area.setWidget(inside)
        self.both = parts.divided(Qt.Orientation.Horizontal, self.work_area, self.area)
        self.both.setStretchFactor(0, 3)
        self.both.setStretchFactor(1, 2)
        self.both.splitterMoved.connect(lambda *_: settings.keep_sizes(_SIZES, self.both.sizes()))
        layout = parts.column(self, 4)
        layout.addLayout(top)
        for one in (self.summary, self.help, self._tabs):
            layout.addWidget(one)
        layout.addWidget(self.both, 1)
        self._blocks: list[QtWidgets.QVBoxLayout] = []
        self._to_come: deque[Item] = deque()
        self._more = self._when_idle(self._add_more)
        self._to_make = self._when_idle(self._make_in_pieces)
        self._to_divide = self._when_idle(self._divide)
        bar = self.area.verticalScrollBar()
        bar.valueChanged.connect(lambda *_: self._want_more())
        bar.rangeChanged.connect(lambda *_: self._want_more())
        self._looked_for = ""
        self._soon = QtCore.QTimer(self)  # ours: it ends with the page
        self._soon.setSingleShot(True)
        self._soon.setInterval(_LAID_OUT)
        self._soon.timeout.connect(lambda: self._into_view(self._looked_for))
        session.measured.connect(self._measured)

    @property
    def rows(self) -> Mapping[str, Row]:
        """All of the stage, by the check's id; those that are still to come are made now."""
        self._add_rows(len(self._to_come))
        return self._made

    @property
    def looked_at(self) -> str:
        """The check that is open, the last one; empty when none is."""
        return next((id for id, row in reversed(list(self._made.items())) if row.is_open), "")

    @property
    def work(self) -> Work | None:
        """The work of the stage that is shown, where it has one; that is made now if it is still to come."""
        if self.stage in self._makers and self.stage not in self.works:
            self._make_work()
        return self.works.get(self.stage)

    def show_work(self, is_work: bool) -> None:
        """Where there is room for one only: the work, or the checks. Kept for the next time."""
        self._settings.show_work = is_work
        self._arrange()

    def other(self) -> None:
        """The one of the two that is not shown."""
        self.show_work(not self._settings.show_work)

    def show_stage(self, stage: int) -> None:
        """Another stage's work and checks."""
        self.stage = stage
        for number, one in self.works.items():
            one.setVisible(number == stage)
        self._arrange()
        while self._rows.count():
            taken = self._rows.takeAt(0).widget()
            if taken is not None and taken is not self.nothing:
                taken.hide()
                taken.deleteLater()
        self._made, self._blocks = {}, []
        checklist = self._session.checklist
        of_host = self._of_host if stage == 0 else ()
        self._to_come = deque((*of_host, *(checklist.of_stage(stage) if checklist else ())))
        self._rows.addWidget(self.nothing)
        self._rows.addStretch(1)
        self._add_rows(_AT_FIRST)
        self.area.verticalScrollBar().setValue(0)
        if stage in self._makers and stage not in self.works:
            self._to_make.start()
        self.refresh()
        self.looked.emit()

    def _make_in_pieces(self) -> None:
        """The work of the stage that is shown: imported first, made at the next turn."""
        maker = self._makers.get(self.stage)
        if maker is None or self.stage in self.works:
            return
        if maker.is_imported:
            self._make_work()
        else:
            maker.load()
            self._to_make.start()

    def _make_work(self) -> None:
        work = self.works[self.stage] = self._makers[self.stage].make()
        self._place.addWidget(work)
        self._arrange()
        work.show()
        work.refresh()

    def _add_rows(self, most: int) -> None:
        """The next rows; more than are seen are added while nothing else is to be done."""
        with self._laid_out_once():
            for _ in range(min(most, len(self._to_come))):
                self._add_row(self._as_it_is(self._to_come.popleft()), len(self._made))
        self.nothing.setVisible(self._none_seen())
        self._want_more()

    def _add_more(self) -> None:
        self._add_rows(_AT_ONCE)

    def _want_more(self) -> None:
        """Has rows made, if there are to be more of them than there are."""
        if not self._to_come:
            return
        bar = self.area.verticalScrollBar()
        is_near = self.area.isVisible() and bar.maximum() - bar.value() < self.area.viewport().height()
        if len(self._made) < _AHEAD or (is_near and self._any_to_come()):
            self._more.start()

    def _any_to_come(self) -> bool:
        """Whether any of the rows that are still to be made will be seen."""
        return not self.stops.isChecked() or any(self._as_it_is(one).stops for one in self._to_come)

    def _as_it_is(self, item: Item) -> Item:
        checklist = self._session.checklist
        return item if checklist is None else checklist.outcomes.get(item.check.id, item)

    def _add_row(self, item: Item, at: int) -> None:
        id = item.check.id
        row = Row(item)
        row.wants.connect(partial(self._wanted, id))
        row.moved.connect(partial(self._move, id))
        row.toggled.connect(self.looked)
        row.allow(self._session.occupied, "")
        if at == 0 and self._blocks:
            self._blocks[0].insertWidget(0, row)
        else:
            self._last_block().addWidget(row)
        # Within the list: shown before, it would be a window.
        row.setVisible(not self.stops.isChecked() or item.stops)
        if at == 0:
            self._made = {id: row, **self._made}
        else:
            self._made[id] = row

    def _last_block(self) -> QtWidgets.QVBoxLayout:
        """Where the next row stands."""
        if not self._blocks or self._blocks[-1].count() >= _BLOCK:
            block = QtWidgets.QWidget()
            self._blocks.append(parts.column(block, 0))
            self._blocks[-1].setEnabled(self._rows.isEnabled())
            self._rows.insertWidget(len(self._blocks) - 1, block)
            block.show()
        return self._blocks[-1]

    def _none_seen(self) -> bool:
        made = any(row.item.stops for row in self._made.values())
        return self.stops.isChecked() and not made and not self._any_to_come()

    def show_host(self, items: tuple[Item, ...]) -> None:
        """What was found of the NukeX and the computer that this is; shown above the checks of stage 0."""
        self._of_host = items
        if self.stage != 0 or self._session.checklist is None:
            return
        for item in reversed(items):
            if item.check.id in self._made:
                self._made[item.check.id].update_item(item)
            else:
                self._add_row(item, 0)

    def refresh(self) -> None:
        """As the session is now."""
        checklist = self._session.checklist
        if checklist is None:
            return
        stage = checklist.recipe.stages[self.stage]
        parts.say(self.heading, f"{self.stage} · {stage.title}")
        parts.say(self.summary, checklist.summary(self.stage))
        parts.say(self.help, stage.help)
        if self.stage in self.works:
            self.works[self.stage].refresh()
        hindered = self._session.occupied
        for row in self._made.values():
            # Only what is open can show anything: whether its file is there is asked of the disk.
            row.allow(hindered, self._can_show(row.item.show) if row.is_open else "")

    def look_at(self, id: str) -> Row:
        """Shows a check opened, whatever stage it is of."""
        assert self._session.checklist is not None
        stage = self._session.checklist.recipe.check(id).stage
        if stage != self.stage:
            self.show_stage(stage)
        if id not in self._made:
            self._add_rows(len(self._to_come))
        if not self._session.checklist.item(id).stops:
            self.stops.setChecked(False)
        if not self.area.isVisibleTo(self):
            self.show_work(False)
        row = self._made[id]
        for other in self._made.values():
            if other is not row and other.is_open:
                other.set_open(False)
        if not row.is_open:
            row.set_open(True)
        row.setFocus()
        self._into_view_soon(id)
        self.looked.emit()
        return row

    def sign(self, id: str) -> None:
        """Opens the form that signs a check, or goes back to it."""
        row = self.look_at(id)
        if isinstance(row.form, SignForm):
            row.form.start()
        else:
            row.sign(self._settings.name)
        self._into_view_soon(id)

    def fix(self, id: str) -> None:
        """Opens the repair of a check, and asks the engine what it changes; or goes back to it."""
        row = self.look_at(id)
        if isinstance(row.form, FixForm):
            row.form.apply.setFocus()
            return
        form = row.fix()

        def shown(found: Mapping[str, Any]) -> None:
            row = self._made.get(id)
            if row is not None and row.form is form:
                form.show_repair(found)
                self._into_view_soon(id)

        self._session.repair(id, shown)

    # Inside

    @contextmanager
    def _laid_out_once(self) -> Iterator[None]:
        """Rows that are shown or hidden within lay the list out once: Qt does it for each, over all of them, and
        squeezes them into the height that the list had."""
        for one in (self._rows, *self._blocks):
            one.setEnabled(False)
        try:
            yield
        finally:
            self._list.fit()
            for one in (self._rows, *self._blocks):
                one.setEnabled(True)
            self._rows.setGeometry(self._list.rect())  # a disabled layout does not hear that it was resized

    def _when_idle(self, deed: Callable[[], None]) -> QtCore.QTimer:
        """A timer, ours, that does it once when nothing else is to be done."""
        timer = QtCore.QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(0)
        timer.timeout.connect(deed)
        return timer

    def _tab(self, text: str, is_work: bool, tip: str) -> QtWidgets.QToolButton:
        one = QtWidgets.QToolButton()
        one.setObjectName("stage")
        one.setText(text)
        one.setCheckable(True)
        one.setToolTip(tip)
        one.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        one.clicked.connect(lambda *_: self.show_work(is_work))
        return one

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Work and checks beside one another, or the one that is chosen."""
        work, has_work = self.works.get(self.stage), self.stage in self._makers
        beside = has_work and self.width() >= _BESIDE
        only_work = has_work and not beside and self._settings.show_work
        self.work_area.setVisible(beside or only_work)
        self.area.setVisible(beside or not only_work)
        if beside:
            self._to_divide.start()
        self._tabs.setVisible(has_work and not beside)
        self.to_work.setText(work.title if work is not None else "")
        self.to_work.setChecked(only_work)
        self.to_checks.setChecked(not only_work)
        self.stops.setVisible(not only_work)

    def _divide(self) -> None:
        """As the operator left it, in the width that there is: known only after the page was laid out."""
        self.both.setSizes(self._settings.sizes(_SIZES) or list(_USUAL))

    def _wanted(self, id: str, what: str, given: Any) -> None:
        if what == "form":
            self.sign(id)
        elif what == "fix":
            self.fix(id)
        elif what == "sign":
            self._session.sign(id, *given)
        elif what == "apply":
            self._session.apply(id)
        else:
            self.shown.emit(id, given)

    def _move(self, id: str, step: int) -> None:
        seen = self._seen()
        while step > 0 and seen[-1:] == [id] and self._to_come and self._any_to_come():
            self._add_rows(_AT_ONCE)
            seen = self._seen()
        if id in seen:
            at = min(max(0, seen.index(id) + step), len(seen) - 1)
            self._made[seen[at]].setFocus()
            self._into_view(seen[at])

    def _seen(self) -> list[str]:
        return [one for one, row in self._made.items() if row.isVisibleTo(self)]

    def _into_view_soon(self, id: str) -> None:
        """When Qt has laid out what was opened."""
        self._looked_for = id
        self._soon.start()

    def _into_view(self, id: str) -> None:
        row = self._made.get(id)
        if row is not None:
            self.area.ensureWidgetVisible(row, 0, 8)
            if row.height() > self.area.viewport().height():
                place = row.mapTo(self._list, QtCore.QPoint(0, 0))
                self.area.verticalScrollBar().setValue(place.y())

    def _measured(self, id: str) -> None:
        checklist = self._session.checklist
        if checklist is not None and id in self._made and not id.startswith("host."):
            row = self._made[id]
            row.update_item(checklist.item(id))
            if self.stops.isChecked():
                row.setVisible(row.item.stops)
        if self.stops.isChecked():
            self.nothing.setVisible(self._none_seen())
            self._want_more()

    def _filter(self) -> None:
        only = self.stops.isChecked()
        with self._laid_out_once():
            for row in self._made.values():
                row.setVisible(not only or row.item.stops)
        self.nothing.setVisible(self._none_seen())
        self._want_more()
