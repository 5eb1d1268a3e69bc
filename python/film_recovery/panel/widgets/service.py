"""The one ``film-recovery serve`` child of a panel: requests to it and what it answers, without waiting for it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.panel import problem, protocol
from film_recovery.panel.problem import Problem
from film_recovery.panel.qt import QtCore, Signal

Heard = Callable[[dict[str, Any]], None]
Ended = Callable[[int], None]

_LINES = 40  # of standard error that are kept for a death's details
_GRACE = 5000  # milliseconds for what changes a project, when the panel is closed
STOPPED = 130  # the code of a request that was cancelled, or whose engine died
CHANGING = ("sign", "fix", "new", "pairs", "set")


@dataclass(frozen=True)
class _Request:
    words: tuple[str, ...]
    heard: Heard
    ended: Ended


class Service(QtCore.QObject):
    """Starts the engine at the first request, and again after it died. ``died`` says why, with its last lines."""

    died = Signal(object)  # Problem
    said = Signal(str)  # a line of standard error

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QtCore.QProcess | None = None
        self._lines = protocol.Lines()
        self._errors: deque[str] = deque(maxlen=_LINES)
        self._open: dict[int, _Request] = {}
        self._last = 0

    @property
    def pid(self) -> int:
        """The engine's process; 0 while there is none."""
        return 0 if self._process is None else int(self._process.processId())

    def ask(self, words: Sequence[str], heard: Heard, ended: Ended) -> int:
        """Sends a command; ``heard`` gets its events, ``ended`` its exit code. Gives the request's id."""
        self._last += 1
        self._open[self._last] = _Request(tuple(words), heard, ended)
        id = self._last
        try:
            process = self._running()
        except FilmRecoveryError as error:
            what = problem.no_engine(error.message)
            soon = QtCore.QTimer(self)  # whoever asks knows the id first
            soon.setSingleShot(True)
            soon.timeout.connect(lambda: self._fail(what))
            soon.start(0)
            return id
        process.write(protocol.request(id, words))
        return id

    def cancel(self, id: int) -> None:
        """Ends a request; its ``ended`` is still called."""
        if self._process is not None and id in self._open:
            self._process.write(protocol.cancellation(id))

    def close(self) -> None:
        """Ends the engine. A signature or repair that is on its way is finished first."""
        process, self._process = self._process, None
        changing = any(request.words[0] in CHANGING for request in self._open.values())
        self._open.clear()
        if process is None:
            return
        process.blockSignals(True)
        process.closeWriteChannel()
        if not (changing and process.waitForFinished(_GRACE)):
            process.kill()
            process.waitForFinished(_GRACE)
        process.deleteLater()

    def _running(self) -> QtCore.QProcess:
        if self._process is not None:
            return self._process
        from film_recovery import jobs  # the first picture waits for none

        program, *arguments = protocol.command()
        process = QtCore.QProcess(self)
        variables = QtCore.QProcessEnvironment()
        for name, value in jobs.clean(os.environ).items():
            variables.insert(name, value)
        process.setProcessEnvironment(variables)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.errorOccurred.connect(self._refused)
        process.finished.connect(self._finished)
        self._lines = protocol.Lines()
        self._errors.clear()
        self._process = process
        process.start(program, arguments)
        return process

    def _read(self) -> None:
        if self._process is None:
            return
        content = bytes(self._process.readAllStandardOutput().data())
        for event in self._lines.fed(content):
            request = self._open.get(event.get("id") or 0)
            if request is None:
                continue
            if event.get("event") == "end":
                del self._open[event["id"]]
                request.ended(int(event.get("code") or 0))
            else:
                request.heard(event)

    def _read_errors(self) -> None:
        if self._process is None:
            return
        text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        for line in text.splitlines():
            if line.strip():
                self._errors.append(line)
                self.said.emit(line)

    def _refused(self, error: object) -> None:
        if error == QtCore.QProcess.ProcessError.FailedToStart and self._process is not None:
            reason = self._process.errorString()
            self._forget()
            self._fail(problem.no_engine(reason))

    def _finished(self, code: int, *_: object) -> None:
        self._read()
        self._read_errors()
        self._forget()
        self._fail(problem.engine_died(code, list(self._errors)))

    def _forget(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
        self._process = None

    def _fail(self, what: Problem) -> None:
        """All that was asked ends; whoever asked is called first, then the death is told."""
        waiting = list(self._open.values())
        self._open.clear()
        for request in waiting:
            request.ended(STOPPED)
        self.died.emit(what)
