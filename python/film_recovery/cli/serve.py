"""``film-recovery serve``: short commands for a panel, as JSON lines on standard input, one process for all of them.

``{"id": 7, "command": ["check", "ingest", "--project", "film"]}`` runs that command line as ``--json`` would. Each of
its events is a line on standard output with the request's ``id`` (a check's own id is then ``check``); the last one is
``{"id": 7, "event": "end", "code": 0}``, with the exit code. ``{"cancel": 7}`` ends a request with code 130: at once
while it waits, at its next event when it runs. A line that is no request is answered with an ``error`` whose ``id`` is
null. Requests run one at a time, in order; at the end of standard input the waiting ones are finished.
"""

from __future__ import annotations

import json
import math
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TextIO

import typer

from film_recovery.cli.report import events_to, json_line
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, EXIT_USAGE, UsageError

COMMANDS = (
    "status",
    "check",
    "sign",
    "fix",
    "new",
    "pairs",
    "set",
    "watch",
    "compare",
    "config",
    "doctor",
    "thumbnail",
    "demo",
)
GROUPS = ("pairs", "config")  # their commands are two words
EXIT_STOPPED = 130
FORM = '{"id": 1, "command": ["status", "--project", "film"]} or {"cancel": 1}'
_NotUnderstood: type[Exception] = typer.BadParameter.__bases__[
    0
]  # click's UsageError, wherever typer keeps it

Id = str | int | float
Tell = Callable[[Mapping[str, Any]], None]


@dataclass
class _Request:
    id: Id
    arguments: list[str]
    running: bool = False
    cancelled: bool = False


class _Cancelled(KeyboardInterrupt):
    """Ends a running command the way Ctrl-C does: locks are released, temporary files removed."""


def serve(app: typer.Typer) -> int:
    """Answers until standard input ends. Whatever else is printed meanwhile goes to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)  # libraries in C print too
        service = _Service(app, answers)
        for line in sys.stdin.buffer:
            if line.strip():
                service.take(line)
            if service.unheard:
                break
        service.finish()
    return EXIT_DONE


class _Service:
    """The requests that wait or run, and the stream of answers. ``unheard``: why nobody reads them any more."""

    def __init__(self, app: typer.Typer, answers: TextIO) -> None:
        self.unheard: OSError | None = None
        self._app = typer.main.get_command(app)
        self._answers = answers
        self._lock = threading.RLock()  # of the stream and of all requests
        self._open: dict[Id, _Request] = {}
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._worker = threading.Thread(target=self._work, name="requests", daemon=True)
        self._worker.start()

    def take(self, line: bytes) -> None:
        """One line of standard input."""
        try:
            said = _parsed(line)
            if "cancel" in said:
                self._cancel(_id(said["cancel"]))
            else:
                self._accept(_Request(_id(said.get("id")), _arguments(said.get("command"))))
        except UsageError as error:
            self._say(None, {"event": "error", **error.as_dict()})

    def finish(self) -> None:
        """Waits until every request has ended."""
        self._waiting.put(None)
        self._worker.join()
        if self.unheard:
            raise self.unheard

    def _accept(self, request: _Request) -> None:
        with self._lock:
            if request.id in self._open:
                raise UsageError(
                    f"The request {request.id!r} has not ended.", remedy="give every request its own id"
                )
            self._open[request.id] = request
        self._waiting.put(request)

    def _cancel(self, id: Id) -> None:
        with self._lock:
            request = self._open.get(id)
            if request is None:
                return  # it ended while this line was on its way
            request.cancelled = True
            if not request.running:
                self._end(request, EXIT_STOPPED)

    def _work(self) -> None:
        while (request := self._waiting.get()) is not None:
            with self._lock:
                if request.cancelled or self.unheard:
                    continue
                request.running = True
            code = self._run(request)
            with self._lock:
                self._end(request, EXIT_STOPPED if request.cancelled else code)

    def _run(self, request: _Request) -> int:
        def tell(event: Mapping[str, Any]) -> None:
            with self._lock:
                if request.cancelled or self.unheard:
                    raise _Cancelled
                # The request takes the word id, so a check's own goes under another.
                self._say(request.id, {("check" if key == "id" else key): event[key] for key in event})

        events_to.set(tell)
        try:
            return _code(self._app, request.arguments, tell)
        except (_Cancelled, typer.Abort):  # Abort: what typer makes of an interruption
            return EXIT_STOPPED

    def _end(self, request: _Request, code: int) -> None:
        del self._open[request.id]
        self._say(request.id, {"event": "end", "code": code})

    def _say(self, id: Id | None, event: Mapping[str, Any]) -> None:
        with self._lock:
            try:
                print(json_line({"id": id, **event}), file=self._answers, flush=True)
            except OSError as error:
                self.unheard = error


def _code(app: Any, arguments: list[str], tell: Tell) -> int:
    """Runs one command line; the exit code that it would have as a process of its own."""
    name, *rest = arguments
    try:
        if name not in COMMANDS:
            raise UsageError(
                f"{name} is no command of the service.",
                remedy=f"one of {', '.join(COMMANDS)}; long work is a job: film-recovery job start",
            )
        if name == "demo" and "--prepare" not in rest:
            raise UsageError("The demo is long work.", remedy="a job: film-recovery job start -- demo")
        if name in GROUPS:
            rest[1:1] = ["--json"]
        else:
            rest[:0] = ["--json"]
        return app.main([name, *rest], prog_name="film-recovery", standalone_mode=False) or EXIT_DONE
    except UsageError as error:
        tell({"event": "error", **error.as_dict()})
        return EXIT_USAGE
    except _NotUnderstood as error:
        words = UsageError(str(error), remedy=f"film-recovery {name} --help")
        tell({"event": "error", **words.as_dict()})
        return EXIT_USAGE
    except Exception as error:  # a fault of the program ends this request, not the others
        traceback.print_exc()
        tell(
            {
                "event": "error",
                "type": type(error).__name__,
                "message": str(error),
                "remedy": "report this fault",
            }
        )
        return EXIT_CHECK_FAILED


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"This line is no JSON: {error}.", remedy=FORM) from error
    if not isinstance(said, dict):
        raise UsageError("This line is no JSON object.", remedy=FORM)
    return said


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _id(value: Any) -> Id:
    if isinstance(value, str) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError("An id beyond all numbers cannot be answered.", remedy=FORM)
        return value
    raise UsageError("A request needs an id, a string or a number.", remedy=FORM)


def _arguments(value: Any) -> list[str]:
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return value
    raise UsageError("A request needs a command, a list of strings.", remedy=FORM)
