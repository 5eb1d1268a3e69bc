"""An open project as the panel knows it: its checks as they are measured, its run, who else works on it.

Between the widgets, which only show it, and the engine: the service for short requests, jobs for runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery.panel import problem, words
from film_recovery.panel.checklist import Checklist
from film_recovery.panel.known import FolderState, Opened
from film_recovery.panel.next_step import Situation
from film_recovery.panel.problem import Problem
from film_recovery.panel.qt import QtCore, Signal
from film_recovery.panel.widgets.background import Background
from film_recovery.panel.widgets.job import Run
from film_recovery.panel.widgets.service import STOPPED, Service

if TYPE_CHECKING:
    from film_recovery.project import Project

_LOOK = 1000  # milliseconds between two looks at the folder
_LEFT = -1  # in place of a measurement's request: it was ended, and another one follows
_NAMELESS = ("timeline",)  # record nobody
Answer = Callable[[Mapping[str, Any]], None]


class Session(QtCore.QObject):
    """``opened``: another project is shown. ``changed``: anything of it. ``measured``: one check, by id.

    ``troubled``: a Problem to show, or None when it is over. ``said``: a line for the log. ``made``: a new project's
    folder. ``looked``: the folder was looked at again, which happens about once a second.
    """

    opened = Signal()
    changed = Signal()
    measured = Signal(str)
    troubled = Signal(object)
    said = Signal(str)
    made = Signal(str)
    progressed = Signal(dict)
    looked = Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.project: Project | None = None
        self.checklist: Checklist | None = None
        self.state = FolderState("", None, (), False)
        self.busy = ""
        self.stale = ""
        self.no_engine = False
        self.was_asked = False  # for a project, of whatever kind
        self.stage_at_work: int | None = None
        self.work = ""
        self._measuring = 0
        self._stamp: tuple[float, ...] | None = None
        self._looking = False
        self.background = Background(self)
        self.service = Service(self)
        self.service.died.connect(self._engine_died)
        self.service.said.connect(self.said)
        self.run = Run(self.background, self)
        self.run.came.connect(self._job_said)
        self.run.ended.connect(self._job_ended)
        self.run.changed.connect(self.changed)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)

    # The project

    def open(self, folder: str) -> None:
        """Shows the project in ``folder``, measures it, and follows the run that is on in it."""

        def done(found: Opened) -> None:
            self._leave()
            self.project = found.project
            self.checklist = Checklist(found.recipe)
            self.troubled.emit(None)
            self.said.emit(f"opened {found.project.folder}")
            self.opened.emit()
            self.measure()
            self._timer.start()
            self._look()

        self.was_asked = True
        path = Path(folder).expanduser().absolute()
        self.background.run(lambda: _opened(path), done, self._failed)

    def leave(self) -> None:
        """Shows no project."""
        self._leave()
        self.opened.emit()

    def close(self) -> None:
        """The panel goes away: a run goes on by itself, the engine ends."""
        self._leave()
        self.background.close()
        self.service.close()

    @property
    def hindered(self) -> str:
        """Why nothing may be changed now; empty when it may."""
        return self.state.held_by

    @property
    def occupied(self) -> str:
        """Why no work can be begun now: somebody else's hold, or a run of our own; empty when it can."""
        return "A run is at work." if self.run.is_on else self.hindered

    def situation(self, looked_at: str) -> Situation:
        """For the next step."""
        running = (words.work(self.work) if self.work else "Starting") + "…" if self.run.is_on else ""
        return Situation(
            self.busy,
            running,
            self.hindered,
            self.stale,
            looked_at,
            self.state.has_report,
            self.no_engine,
            self.state.waits_for,
        )

    # Requests

    def measure(self, recorded: bool = False) -> None:
        """Measures all checks; ``recorded``: as *Check* does, with a line in the ledger."""
        if self.project is None:
            return
        if self._measuring:
            self.service.cancel(self._measuring)
        self.busy, self.stale, self.no_engine = "Measuring…", "", False
        self._stamp = None
        command = ["check"] if recorded else ["status", "--checks"]
        mine = 0

        def ended(code: int) -> None:
            if self._measuring in (0, mine):
                self._measuring, self.busy = 0, ""
                if code not in (0, 1) and not self.stale:
                    self.stale = "The last measurement did not come to its end."
                self.changed.emit()

        self._measuring = mine = self._ask(command, self._heard, ended)
        self.changed.emit()

    def sign(self, id: str, by: str, note: str) -> None:
        """Signs a manual check."""

        def signed(result: Mapping[str, Any]) -> None:
            if self.checklist is not None and result.get("signed") == id:
                time = str(result.get("time", ""))
                self.checklist = self.checklist.signed(id, by, time, note)
                self.said.emit(f"signed {id} as {by}")
                self.measured.emit(id)

        self._change(["sign", "--by", by, "--note", note], id, "Signing…", signed)

    def repair(self, id: str, shown: Answer) -> None:
        """Asks what the repair of a check would change; nothing is changed."""
        self._change(["fix"], id, "Looking for the repair…", shown)

    def apply(self, id: str) -> None:
        """Makes the repair of a check."""

        def applied(result: Mapping[str, Any]) -> None:
            self.said.emit(f"{result.get('repair')} The file as it was: {result.get('copy', 'unchanged')}")
            self.measure()

        self._change(["fix", "--apply"], id, "Repairing…", applied)

    def start_run(self, by: str, take_over: bool = False) -> None:
        """Runs the project as a job; ``take_over``: from whoever holds it."""
        self.start_job(["run", *(["--take-over"] if take_over else [])], by)

    def start_job(self, command: Sequence[str], by: str) -> None:
        """Long work on the project as a job: a command's words; the project's folder is added, and
        ``by`` where the command records who."""
        if self.project is not None:
            self.work, self.stage_at_work = "", None
            self.troubled.emit(None)
            self.said.emit("the run starts" if command[0] == "run" else f"{command[0]} starts")
            folder = self.project.folder
            who = [] if command[0] in _NAMELESS else ["--by", by]
            self.run.start(folder, [*command, "--project", str(folder), *who], by)

    def change_pairs(self, word: str, frame: str, by: str, *options: str, more: Sequence[str] = ()) -> None:
        """``pairs add|remove|holdout|flag`` of a frame, and then measures what follows from it. ``more``: words that
        follow the frame."""

        def changed(result: Mapping[str, Any]) -> None:
            for line in (result.get("what"), *(result.get("notes") or ())):
                if line:
                    self.said.emit(str(line))
            self.measure()

        self._change(["pairs", word, "--by", by, *options], frame, "Changing the pairs…", changed, *more)

    def change_project(self, values: Mapping[str, str], by: str) -> None:
        """``set`` of keys of project.yaml, each to a text of YAML; then measures what follows from it, whatever was
        being measured."""
        if self.project is None:
            return
        if self._measuring:  # of what was: nobody waits for that
            self.service.cancel(self._measuring)
            self._measuring = _LEFT

        def heard(event: Mapping[str, Any]) -> None:
            if event.get("event") == "result":
                self.troubled.emit(None)
                self.said.emit(str(event.get("what")))
            self._trouble(event)

        def ended(code: int) -> None:
            if code != STOPPED:
                self.measure()
                return
            self._measuring, self.busy = 0, ""
            self.stale = "The engine ended while project.yaml was being changed."
            self.changed.emit()

        self.busy = "Changing project.yaml…"
        settings = [f"{key}={value}" for key, value in values.items()]
        self._ask(["set", "--by", by], heard, ended, "--", *settings)
        self.changed.emit()

    def make(self, command: list[str]) -> None:
        """Makes a new project; ``made`` tells its folder."""
        self.was_asked = True

        def heard(event: Mapping[str, Any]) -> None:
            if event.get("event") == "result" and event.get("project"):
                self.made.emit(str(event["project"]))
            self._trouble(event)

        self.busy = "Making the project…"
        self.service.ask(command, heard, self._idle)
        self.changed.emit()

    # Inside

    def _ask(self, command: list[str], heard: Answer, ended: Callable[[int], None], *last: str) -> int:
        assert self.project is not None
        return self.service.ask([*command, "--project", str(self.project.folder), *last], heard, ended)

    def _change(self, command: list[str], id: str, busy: str, answered: Answer, *more: str) -> None:
        if self.project is None:
            return

        def heard(event: Mapping[str, Any]) -> None:
            if event.get("event") == "result":
                self.troubled.emit(None)  # what hindered it before is over
                answered(event)
            self._trouble(event)

        self.busy = busy
        self._ask(command, heard, self._idle, "--", id, *more)
        self.changed.emit()

    def _idle(self, code: int) -> None:
        self.busy = "Measuring…" if self._measuring else ""
        self.changed.emit()

    def _heard(self, event: Mapping[str, Any]) -> None:
        if event.get("event") == "check":
            self._told(event)
        self._trouble(event)

    def _told(self, event: Mapping[str, Any]) -> None:
        if self.checklist is not None:
            self.checklist = self.checklist.told(event)
            self.measured.emit(str(event.get("check") or event.get("id")))

    def _trouble(self, event: Mapping[str, Any]) -> None:
        if event.get("event") == "error":
            self.troubled.emit(problem.of_event(event))
            self.said.emit(f"error: {event.get('message')}")

    def _failed(self, error: BaseException) -> None:
        self.troubled.emit(problem.of_error(error))
        self.said.emit(f"error: {error}")

    def _engine_died(self, what: Problem) -> None:
        self.no_engine = True
        self.troubled.emit(what)
        self.said.emit(f"{what.message} {what.reason}")
        self.changed.emit()

    def _leave(self) -> None:
        self._timer.stop()
        self.run.close()
        if self._measuring:
            self.service.cancel(self._measuring)
        self.project, self.checklist, self._measuring = None, None, 0
        self.state, self._stamp = FolderState("", None, (), False), None
        self.busy = self.stale = self.work = ""
        self.stage_at_work = None

    # The run

    def _job_said(self, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        before = (self.work, self.stage_at_work)
        if kind == "check":
            self._told(event)
            id = str(event.get("id"))
            if self.checklist is not None and self.checklist.recipe.has(id):
                self.stage_at_work = self.checklist.recipe.check(id).stage
            if event.get("outcome") in ("warn", "fail"):
                self.said.emit(f"{event.get('outcome')} {id}: {event.get('reason')}")
        elif kind == "progress":
            self.work = str(event.get("what"))
            self.progressed.emit(dict(event))
        elif kind == "output":
            self.said.emit(str(event.get("text")))
        elif kind == "error":
            self.said.emit(f"stopped: {event.get('message')}")
        if before != (self.work, self.stage_at_work):
            self.changed.emit()

    def _job_ended(self, state: str, what: Problem | None) -> None:
        self.work, self.stage_at_work = "", None
        self.said.emit(f"the run ended: {state}")
        self.troubled.emit(what)
        self.measure()
        self._look()

    # The folder

    def _look(self) -> None:
        if self.project is None or self._looking:
            return
        self._looking = True
        project, pid, is_first = self.project, self.service.pid, not self.state.stamp

        def work() -> tuple[FolderState, Problem | None]:
            from film_recovery.panel import folder_state

            died = folder_state.death(project.folder) if is_first else None
            return folder_state.look(project, pid), died

        def done(found: tuple[FolderState, Problem | None]) -> None:
            self._looking = False
            if self.project is project:
                self._seen(*found)

        def failed(error: BaseException) -> None:
            self._looking = False
            if self.project is project:
                self.said.emit(f"the folder cannot be read: {error}")

        self.background.run(work, done, failed)

    def _seen(self, state: FolderState, died: Problem | None) -> None:
        before, self.state = self.state, state
        on = state.running
        if on is not None and not self.run.is_on and on.id != self.run.id:
            self.said.emit(f"a run is on since {on.began[11:16]} UTC: following it")
            self.run.follow(on)
        elif died is not None:
            self.troubled.emit(died)
        if not self.busy and not self.run.is_on:
            if self._stamp is not None and state.stamp != self._stamp:
                self.stale = "The project or its script changed since it was measured."
            self._stamp = state.stamp if self._stamp is None else self._stamp
        if before != state or self.stale:
            self.changed.emit()
        self.looked.emit()


def _opened(folder: Path) -> Opened:
    """The project in ``folder``. What reads it is imported in the thread that reads."""
    from film_recovery.panel import folder_state

    return folder_state.opened(folder)
