"""The panel: header, stages, the stage's checks, the run, the log, and one primary button that is always the next step.

The same in NukeX and on its own; what differs is the host that it is given.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.panel.next_step import Step, next_step
from film_recovery.panel.problem import Problem, of_error
from film_recovery.panel.qt import QShortcut, Qt, QtCore, QtGui, QtWidgets
from film_recovery.panel.widgets import icons, parts, style
from film_recovery.panel.widgets.guide import Guide
from film_recovery.panel.widgets.header import Header
from film_recovery.panel.widgets.installer import Installer
from film_recovery.panel.widgets.job_strip import JobStrip
from film_recovery.panel.widgets.log import Log
from film_recovery.panel.widgets.page import Page
from film_recovery.panel.widgets.pictures import Pictures
from film_recovery.panel.widgets.problem_box import ProblemBox
from film_recovery.panel.widgets.rail import Rail
from film_recovery.panel.widgets.session import Session
from film_recovery.panel.widgets.settings import Settings
from film_recovery.panel.widgets.start import Start
from film_recovery.panel.widgets.text_size import TextSize
from film_recovery.panel.widgets.work import Kit
from film_recovery.panel.widgets.works import works
from film_recovery.recipes import STAGES

if TYPE_CHECKING:
    from film_recovery.host.base import Host
    from film_recovery.panel.checklist import Item
    from film_recovery.panel.widgets.help import Help

NARROWEST = 360  # pixels
_AROUND = 84  # pixels beside the text of the primary button
_SIGNS = {"look": "show", "retry": "check"}  # of next steps; the others' are named like them
_SIZES, _USUAL = "page and log", (900, 120)
_ROW_BELOW = 620  # pixels of width below which the stages are a row above the page


class Panel(QtWidgets.QWidget):
    """On ``host``, or on none: then there is no node graph to show anything in."""

    def __init__(
        self, host: Host | None = None, folder: str = "", parent: QtWidgets.QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Film Recovery")
        self.setMinimumWidth(NARROWEST)
        self._host = host
        self.settings = Settings()
        self.session = Session(self)
        self.header = Header(self.session)
        self.installer = Installer()
        self.problem = ProblemBox(lambda: self.installer.hindrance)
        self.rail = Rail(self.session)
        self.pictures = Pictures(self.session.background, self)
        kit = Kit(
            self.session, self.pictures, lambda: self.settings.name, host, lambda id: self.page.sign(id)
        )
        self.page = Page(self.session, self.settings, self._can_show, works(kit))
        self.strip = JobStrip(self.session)
        self.log = Log()
        self.start = Start(self.settings, self.session.background)
        self.fold = QtWidgets.QToolButton()
        self.fold.setText("Log")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.put(self.fold, "log")
        self.fold.setToolTip("What happened, line by line (Ctrl+L)")
        self.busy = parts.label(name="quiet")
        self.again = parts.button(
            "Check", lambda: self.session.measure(recorded=True), name="again", sign="check"
        )
        self.primary = parts.button("", self._next, name="primary")
        self.step = Step("wait", "", "")
        # Checks come a hundred at a time; what follows from them is shown once.
        self._soon = QtCore.QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.refresh)
        self.guide = Guide(self)
        self.text_size = TextSize(self.settings, self._texts, self)
        self.page.made.connect(self.text_size.put)
        self._buildable: dict[tuple[tuple[str, str], Path], str] = {}
        self._lay_out()
        self._connect()
        self._add_keys()
        self.text_size.put(*self._texts())
        style.dress(self)
        self.fold.setChecked(self.settings.log_open)
        self.log.hide()
        self._folder, self._was_painted = folder, False
        self._begin = QtCore.QTimer(self)
        self._begin.setSingleShot(True)
        self._begin.setInterval(0)
        self._begin.timeout.connect(self._begun)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self._begin.start()

    def _begun(self) -> None:
        """What the first picture does not wait for: the threads that it begins would share its processor."""
        self._look_at_host()
        if self._folder:
            self.session.open(self._folder)

    def show_problem(self, problem: Problem | None) -> None:
        """Above the page, until it is over or closed."""
        self.problem.show_problem(problem)

    def close_session(self) -> None:
        """Lets go of the engines and the project; a run goes on by itself, an installation does not."""
        self.installer.let_go()
        self.session.close()
        self.pictures.close()

    @property
    def was_asked(self) -> bool:
        """Whether the operator has wanted a project, of whatever kind, since the panel is there."""
        return self.session.was_asked or self.start.is_asking or self.guide.prepares

    @property
    def help(self) -> Help:
        """The help drawer."""
        return self.guide.help

    # Layout

    def add_beside(self, one: QtWidgets.QWidget) -> None:
        """Puts it beside the page, or below it where the panel is narrow."""
        self._body.addWidget(one)

    def _lay_out(self) -> None:
        self._body = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(10)
        self._body.addWidget(self.rail)
        self._body.addWidget(self.page, 1)
        beside = parts.line()
        beside.addWidget(self.fold)
        beside.addWidget(self.busy, 1)
        beside.addWidget(self.again)
        self._foot = QtWidgets.QBoxLayout(QtWidgets.QBoxLayout.Direction.LeftToRight)
        self._foot.setSpacing(6)
        self._foot.addLayout(beside, 1)
        self._foot.addWidget(self.primary)
        work = QtWidgets.QWidget()
        inside = parts.column(work, 8)
        inside.addWidget(self.header)
        inside.addWidget(self.strip)
        inside.addLayout(self._body, 1)
        inside.addLayout(self._foot)
        self._stack = QtWidgets.QStackedWidget()
        self._stack.addWidget(self.start)
        self._stack.addWidget(work)
        self._halves = parts.divided(Qt.Orientation.Vertical, self._stack, self.log)
        self._halves.setStretchFactor(0, 1)
        self._halves.setStretchFactor(1, 0)
        self._halves.setSizes(self.settings.sizes(_SIZES) or list(_USUAL))
        self._halves.splitterMoved.connect(lambda *_: self.settings.keep_sizes(_SIZES, self._halves.sizes()))
        layout = parts.column(self, 8, 10)
        layout.addWidget(self.problem)
        layout.addWidget(self.installer)
        layout.addWidget(self._halves, 1)

    def _texts(self) -> Iterator[QtWidgets.QWidget]:
        """All parts that have text: each takes its size in a turn of its own."""
        yield from (self.header, self.rail, self.primary, self.fold, self.busy, self.again)
        yield from self.page.texts()
        yield from (self.strip, self.problem, self.installer, self.log, self.start)
        yield from self.guide.texts()

    @property
    def is_row(self) -> bool:
        """Whether it is narrow: the stages are a row above the page."""
        return self.width() < _ROW_BELOW

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        is_row = self.is_row
        directions = QtWidgets.QBoxLayout.Direction
        self._body.setDirection(directions.TopToBottom if is_row else directions.LeftToRight)
        self._foot.setDirection(directions.BottomToTop if is_row else directions.LeftToRight)
        self.rail.set_row(is_row, self.page.stage)
        self.guide.arrange(is_row)
        self.refresh()

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        is_laid_out = event.type() == QtCore.QEvent.Type.PaletteChange and hasattr(self, "_stack")
        if is_laid_out and style.dress(self):
            icons.dress(self)

    # Behaviour

    def _connect(self) -> None:
        session = self.session
        session.opened.connect(self._opened)
        session.changed.connect(self.refresh)
        session.measured.connect(lambda _: self._soon.start())
        self.text_size.changed.connect(self.refresh)
        session.troubled.connect(self.show_problem)
        session.said.connect(self.log.add)
        session.made.connect(session.open)
        self.rail.chosen.connect(self.to_stage)
        self.page.looked.connect(self._looked)
        self.page.shown.connect(self._show)
        self.page.built.connect(self._build)
        self.header.closed.connect(session.leave)
        self.header.helped.connect(self.guide.toggle)
        self.header.taken_over.connect(self._take_over)
        self.start.chosen.connect(session.open)
        self.start.wanted.connect(session.make)
        self.fold.toggled.connect(self._fold)
        session.run.ended.connect(self._notify)
        self.problem.installed.connect(self.installer.install)
        self.installer.said.connect(self.log.add)
        self.installer.began.connect(self._installing)
        self.installer.ended.connect(self._install_ended)
        self.installer.ready.connect(self._reconnect)

    def _add_keys(self) -> None:
        self._key("F5", lambda: self.again.click())
        self._key("Ctrl+Return", lambda: self.primary.click())
        self._key("Ctrl+L", lambda: self.fold.toggle())
        self._key("Ctrl+W", lambda: self.page.stops.toggle())
        self._key("Ctrl+T", lambda: self.page.other())
        self._key("F1", self.guide.toggle)
        for keys, more in (("Ctrl++", 1), ("Ctrl+=", 1), ("Ctrl+-", -1)):
            self._key(keys, lambda more=more: self.text_size.change(more))
        for number in range(len(STAGES)):
            self._key(f"Ctrl+{number}", lambda number=number: self.to_stage(number))

    def _key(self, keys: str, pressed: Any) -> None:
        shortcut = QShortcut(QtGui.QKeySequence(keys), self)
        # Nuke's own keys stay Nuke's: ours count only while the panel has the focus.
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(pressed)

    def _opened(self) -> None:
        has_project = self.session.project is not None
        self._stack.setCurrentIndex(1 if has_project else 0)
        self.log.setVisible(has_project and self.fold.isChecked())
        if self.session.project is not None:
            self.pictures.show_project(self.session.project.folder)
            self.settings.add_recent(str(self.session.project.folder))
            self.header.show_steps()
            folder, stage = self.settings.shown
            is_known = folder == str(self.session.project.folder) and stage in range(len(STAGES))
            self.to_stage(stage if is_known else 0)
            if self.settings.help_open and not self.guide.is_open:
                self.guide.show_help(True)
        else:
            self.settings.shown = ("", 0)
            self.start.refresh()
        self.refresh()
        self.guide.opened()

    def to_stage(self, stage: int) -> None:
        """Shows a stage, and its help where that is open."""
        self.page.show_stage(stage)
        self.guide.refresh()
        if self.session.project is not None:
            self.settings.shown = (str(self.session.project.folder), stage)

    def _looked(self) -> None:
        """A check leads to its stage, which is remembered as one that was chosen."""
        project = self.session.project
        if project is not None and self.settings.shown != (str(project.folder), self.page.stage):
            self.settings.shown = (str(project.folder), self.page.stage)
        self.refresh()

    def refresh(self) -> None:
        """Everything that follows from the session, as it is now."""
        session = self.session
        self.start.show_making(session.busy if session.project is None else "")
        if session.checklist is None or session.project is None:
            return
        self.header.refresh()
        parts.allow(
            self.page.build,
            self._may_build(session.project.folder),
            "Inserts this project’s graph, fed by the selected Reads, as one undo step; a second time brings it up to "
            "date",
        )
        self.strip.refresh()
        self.page.refresh()
        self.rail.show_state(self.page.stage)
        self.step = next_step(session.checklist, session.situation(self.page.looked_at))
        metrics = self.primary.fontMetrics()
        room = self.width() - _AROUND if self.is_row else self.width() // 2
        self.primary.setText(metrics.elidedText(self.step.text, Qt.TextElideMode.ElideRight, room))
        icons.put(self.primary, _SIGNS.get(self.step.kind, self.step.kind))
        waits = self.step.kind == "wait"
        parts.allow(
            self.primary, self.step.why if waits else "", f"{self.step.text}. {self.step.why} (Ctrl+Return)"
        )
        hindered = "A run is at work." if session.run.is_on else session.busy  # looking changes nothing
        parts.allow(self.again, hindered, "Measures all checks again and notes them in the ledger (F5)")
        self.again.setVisible(self.step.kind not in ("check", "retry"))
        parts.say(self.busy, "" if session.run.is_on or waits else session.busy)

    def _next(self) -> None:
        step = self.step
        if step.kind == "check":
            self.session.measure(recorded=not self.session.hindered)
        elif step.kind == "retry":
            self.show_problem(None)
            self.session.measure()
        elif step.kind == "sign":
            self.page.sign(step.check)
        elif step.kind == "fix":
            self.page.fix(step.check)
        elif step.kind == "look":
            self.page.look_at(step.check)
        elif step.kind == "run":
            self.session.start_run(self.settings.name)
        elif step.kind == "report" and self.session.project is not None:
            from film_recovery.project import paths

            report = paths(self.session.project).report
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(report)))

    def _fold(self, is_open: bool) -> None:
        self.log.setVisible(is_open and self.session.project is not None)
        self.settings.log_open = is_open

    def _notify(self, *_: object) -> None:
        if not self.isActiveWindow():
            QtWidgets.QApplication.alert(self)

    def _take_over(self) -> None:
        held = self.session.state.held_by
        asked = QtWidgets.QMessageBox(self)
        self.text_size.put(asked)
        asked.setIcon(QtWidgets.QMessageBox.Icon.Warning)
        asked.setText(f"{held} Take the project over all the same?")
        asked.setInformativeText(
            "Their unfinished work may be lost. The ledger notes who took over, and from whom."
        )
        yes = asked.addButton("Take over and run", QtWidgets.QMessageBox.ButtonRole.AcceptRole)
        asked.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
        asked.setWindowModality(Qt.WindowModality.WindowModal)

        def answered(*_: object) -> None:
            if asked.clickedButton() is yes:
                self.session.start_run(self.settings.name, take_over=True)

        asked.finished.connect(answered)
        asked.open()

    # The engine's installation

    def _installing(self) -> None:
        self.show_problem(None)
        self.log.show()

    def _install_ended(self, what: Problem | None) -> None:
        self.show_problem(what)
        self._notify()
        is_wanted = self.session.project is not None and self.fold.isChecked()
        self.log.setVisible(is_wanted or what is not None)

    def _reconnect(self) -> None:
        project = self.session.project
        if project is not None:
            self.pictures.show_project(project.folder)
            self.session.measure()

    # The host

    def _look_at_host(self) -> None:
        about = None if self._host is None else self._host.about()

        def work() -> tuple[Item, ...]:
            from film_recovery.panel import gpu, host_checks

            return host_checks.items(about, gpu.found(), sys.platform == "darwin")

        self.session.background.run(work, self.page.show_host, lambda error: self.log.add(f"GPU: {error}"))

    def _may_build(self, folder: Path) -> str:
        """Why nothing can be built. To which project a script belongs is asked of the disk elsewhere, and kept."""
        from film_recovery.panel import in_script

        if self._host is None:
            return in_script.NO_NUKE
        said = in_script.said_by(self._host)
        if (said, folder) not in self._buildable:
            self._buildable = {(said, folder): "The script that is open is looked at."}

            def known(why: str) -> None:
                if (said, folder) in self._buildable:
                    self._buildable[said, folder] = why
                    self.refresh()

            self.session.background.run(
                lambda: in_script.of_another(in_script.project_said(said), folder),
                known,
                lambda error: known(str(error)),
            )
        return self._buildable[said, folder]

    def _build(self) -> None:
        from film_recovery.panel import in_script

        project = self.session.project
        if self._host is None or project is None or in_script.hindrance(self._host, project.folder):
            return
        try:
            lines = in_script.build(self._host, project.folder, self.page.stage)
        except FilmRecoveryError as error:
            self.show_problem(of_error(error))
            return
        self.show_problem(None)
        for line in lines:
            self.log.add(line)

    def _can_show(self, show: Mapping[str, Any]) -> str:
        """Why the place cannot be shown; empty when it can."""
        from film_recovery.panel import pointing

        project = self.session.project
        return "" if project is None else pointing.hindrance(self._host, project.folder, show)

    def _show(self, id: str, show: Mapping[str, Any]) -> None:
        from film_recovery.panel import pointing

        checklist, project = self.session.checklist, self.session.project
        if checklist is None or project is None:
            return
        try:
            lines = pointing.show(self._host, project.folder, checklist.item(id))
        except FilmRecoveryError as error:
            self.show_problem(of_error(error))
            return
        for line in lines:
            self.log.add(line)
        if not lines and pointing.has_file(project.folder, show):
            file = pointing.file_of(project.folder, show)
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(file)))
