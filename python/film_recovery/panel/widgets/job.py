"""A long run of the project: started, followed, reattached, cancelled; nothing of it waits on the main thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery.panel import problem
from film_recovery.panel.following import Following
from film_recovery.panel.qt import QtCore, Signal
from film_recovery.panel.widgets.background import Background

if TYPE_CHECKING:
    from film_recovery.jobs import Job

_LOOK = 100  # milliseconds between two looks at what came


class Run(QtCore.QObject):
    """The job that is followed, if there is one.

    ``came``: one of its events. ``ended``: its state, and a Problem or None. ``changed``: it began, is being cancelled,
    or ended.
    """

    came = Signal(dict)
    ended = Signal(str, object)
    changed = Signal()

    def __init__(self, background: Background, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._following: Following | None = None
        self._job: Job | None = None
        self._error: dict[str, Any] = {}
        self._failing: list[str] = []
        self._project = 0  # counted on, when another one is shown
        self.starting = False
        self.cancelling = False
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._take)

    @property
    def is_on(self) -> bool:
        """Whether something is at work, or about to be."""
        return self.starting or self._following is not None

    @property
    def id(self) -> str:
        """Of the job that is followed, or was last."""
        return "" if self._job is None else self._job.id

    def start(self, folder: Path, words: Sequence[str], by: str) -> None:
        """Starts a job and follows it."""
        self.starting = True
        self.changed.emit()
        asked = self._project

        def started(job: Job) -> None:
            if asked == self._project:
                self.follow(job)

        def failed(error: BaseException) -> None:
            if asked == self._project:
                self.starting = False
                self.changed.emit()
                self.ended.emit("failed", problem.of_error(error))

        def work() -> Job:
            from film_recovery import jobs

            return jobs.start(folder, words, by=by)

        self._background.run(work, started, failed)

    def follow(self, job: Job) -> None:
        """Follows a job that is on, from its first event."""
        self.starting = self.cancelling = False
        self._job, self._error, self._failing = job, {}, []
        self._following = Following(job.folder, job.id)
        self._timer.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Asks the job to stop; its end comes as every other."""
        if self._job is None or self.cancelling:
            return
        self.cancelling = True
        self.changed.emit()
        job = self._job

        def work() -> None:
            from film_recovery import jobs

            jobs.cancel(job.folder, job.id)

        self._background.run(work, lambda _: None, self._not_cancelled)

    def close(self) -> None:
        """Follows no longer; the job goes on by itself. One that is being started is another project's by then."""
        self._project += 1
        self.starting = self.cancelling = False
        self._timer.stop()
        if self._following is not None:
            self._following.stop()
        self._following = None

    def _not_cancelled(self, error: BaseException) -> None:
        self.cancelling = False
        self.changed.emit()

    def _take(self) -> None:
        for event in self._following.take() if self._following is not None else ():
            if event.get("event") == "end":
                self._end(event)
                return
            if event.get("event") == "error":
                self._error = event
            elif event.get("event") == "check" and event.get("outcome") == "fail":
                self._failing.append(str(event.get("check") or event.get("id")))
            self.came.emit(event)

    def _end(self, event: dict[str, Any]) -> None:
        job, state = self._job, str(event.get("state"))
        self.close()
        self.changed.emit()
        if state in ("done", "cancelled") or job is None:
            self.ended.emit(state, None)
        elif self._error:
            self.ended.emit(state, problem.of_event(self._error))
        elif self._failing:
            self.ended.emit(state, problem.checks_failed(self._failing))
        else:
            why = str(event.get("problem") or "")
            self._background.run(
                lambda: _last_lines(job),
                lambda lines: self.ended.emit(state, problem.job_died(state, why, lines)),
                lambda error: self.ended.emit(state, problem.of_error(error)),
            )


def _last_lines(job: Job) -> list[str]:
    from film_recovery.panel import folder_state

    return folder_state.last_lines(job)
