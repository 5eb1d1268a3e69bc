"""A stage's page: what is worked with in it, and its checks as a list, with the filter for what stops the work.

Side by side where there is room; else one of the two, as the operator chose last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from film_recovery.panel.checklist import Item
from film_recovery.panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from film_recovery.panel.widgets import parts
from film_recovery.panel.widgets.forms import FixForm, SignForm
from film_recovery.panel.widgets.heading import Heading
from film_recovery.panel.widgets.row import Row
from film_recovery.panel.widgets.row_list import RowList
from film_recovery.panel.widgets.session import Session
from film_recovery.panel.widgets.settings import Settings
from film_recovery.panel.widgets.work import Work
from film_recovery.panel.widgets.works import Maker

_BESIDE = 860  # pixels of width from which work and checks stand side by side
_SIZES, _USUAL = "work and checks", (600, 400)


class Page(QtWidgets.QWidget):
    """``looked``: another check is opened, or none. ``shown``: a check's id and place, for the host to show.
    ``built``: the graph is wanted in the script that is open. ``made``: a stage's work, or a check's row, not seen
    yet."""

    looked = Signal()
    built = Signal()
    made = Signal(object)
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
        self.summary = parts.label(name="summary")
        self.help = parts.label(name="quiet")
        self.stops = QtWidgets.QCheckBox("What stops me")
        self.stops.setToolTip("Only the checks of this stage that stop a run (Ctrl+W)")
        self.checks = RowList("Nothing stops you in this stage.")
        self.checks.wanted.connect(self._wanted)
        self.checks.looked.connect(self.looked)
        self.checks.added.connect(self.made)
        self.stops.toggled.connect(lambda on: self.checks.show_only_stops(on))
        self.build = parts.button("Build in script", self.built.emit, sign="build")
        self._head = Heading(self.build, self.stops)
        self.heading = self._head.title
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
        self.work_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = parts.Tall()
        inside.setLayout(self._place)
        self.work_area.setWidget(inside)
        self.both = parts.divided(Qt.Orientation.Horizontal, self.work_area, self.checks)
        self.both.setStretchFactor(0, 3)
        self.both.setStretchFactor(1, 2)
        self.both.splitterMoved.connect(lambda *_: settings.keep_sizes(_SIZES, self.both.sizes()))
        layout = parts.column(self, 4)
        for one in (self._head, self.summary, self.help, self._tabs):
            layout.addWidget(one)
        layout.addWidget(self.both, 1)
        self._to_make = self._when_idle(self._make_in_pieces)
        self._to_divide = self._when_idle(self._divide)
        session.measured.connect(self._measured)

    @property
    def rows(self) -> Mapping[str, Row]:
        """All of the stage, by the check's id; those that were not made yet are made now."""
        return self.checks.all_rows()

    @property
    def looked_at(self) -> str:
        """The check that is open, the last one; empty when none is."""
        return next((id for id, row in reversed(list(self.checks.made.items())) if row.is_open), "")

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
        checklist = self._session.checklist
        of_host = self._of_host if stage == 0 else ()
        self.checks.show_items((*of_host, *(checklist.of_stage(stage) if checklist else ())))
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
        self.made.emit(work)
        self._place.addWidget(work)
        self._arrange()
        work.show()
        work.refresh()

    def texts(self) -> Iterator[QtWidgets.QWidget]:
        """The parts that have text."""
        yield from (self._head, self.summary, self.help, self._tabs)
        yield from (*self.checks.made.values(), self.checks.nothing, *self.works.values())

    def show_host(self, items: tuple[Item, ...]) -> None:
        """What was found of the NukeX and the computer that this is; shown above the checks of stage 0."""
        self._of_host = items
        if self.stage != 0 or self._session.checklist is None:
            return
        self.checks.put_first(items)

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
        self.checks.allow(self._session.occupied, lambda item: self._can_show(item.show))

    def look_at(self, id: str) -> Row:
        """Shows a check opened, whatever stage it is of."""
        assert self._session.checklist is not None
        stage = self._session.checklist.recipe.check(id).stage
        if stage != self.stage:
            self.show_stage(stage)
        if not self._session.checklist.item(id).stops:
            self.stops.setChecked(False)
        if not self.checks.isVisibleTo(self):
            self.show_work(False)
        row = self.checks.open_only(id)
        self.looked.emit()
        return row

    def sign(self, id: str) -> None:
        """Opens the form that signs a check, or goes back to it."""
        row = self.look_at(id)
        if isinstance(row.form, SignForm):
            row.form.start()
        else:
            row.sign(self._settings.name)
        self.checks.into_view_soon(id)

    def fix(self, id: str) -> None:
        """Opens the repair of a check, and asks the engine what it changes; or goes back to it."""
        row = self.look_at(id)
        if isinstance(row.form, FixForm):
            row.form.apply.setFocus()
            return
        form = row.fix()

        def shown(found: Mapping[str, Any]) -> None:
            row = self.checks.made.get(id)
            if row is not None and row.form is form:
                form.show_repair(found)
                self.checks.into_view_soon(id)

        self._session.repair(id, shown)

    # Inside

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
        self.checks.setVisible(beside or not only_work)
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

    def _measured(self, id: str) -> None:
        checklist = self._session.checklist
        if checklist is not None and checklist.recipe.has(id):
            self.checks.update_item(checklist.item(id))
