"""What a command says while it works: rich text for a person, JSON lines for a program.

JSON events, one a line on standard output: ``progress`` (done, total, what, seconds_left), ``check`` (id,
outcome, value, tolerance, reason, remedy; of a project also show, repair), ``result`` (whatever the command found),
``error`` (type, message, remedy and place). A number that is not finite is null there: JSON has no word for it. Text
goes to standard error, results to standard output, so that a pipe gets results only.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from film_recovery.errors import FilmRecoveryError
from film_recovery.panel.words import time_left

_OUTCOME_STYLE = {"pass": "green", "info": "cyan", "warn": "yellow", "fail": "bold red"}

# Where JSON events go when not to standard output.
events_to: ContextVar[Callable[[Mapping[str, Any]], None] | None] = ContextVar("events_to", default=None)


class Report:
    """Where a command's events go. Use as a context manager, so that a progress bar is closed on errors too."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._task: Any = None
        self._what = ""
        self._last, self._done = 0.0, 0  # the last call
        self._spent, self._steps = 0.0, 0  # of what was made
        self._events_to = events_to.get()

    def __enter__(self) -> Report:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_bar()

    def say(self, text: str) -> None:
        """A line for the person at the screen; nothing in JSON."""
        if not self.as_json:
            self._console.print(text, markup=False)

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        """``done`` of ``total`` steps of ``what`` are finished.

        The time left is told from the pace of what was made since the first call: a work that was resumed began with
        many done, and of a step that was ``kept`` (in ``more``) only a look was taken. ``to_make``: how many of those
        to come are not expected to be kept.
        """
        left = self._left(what, done, total, more)
        if self.as_json:
            self.event("progress", what=what, done=done, total=total, seconds_left=left, **more)
            return
        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[left]}"),
            )
            self._bar = Progress(*columns, console=self._console)
            self._bar.start()
            self._task = self._bar.add_task(what, total=total, left="")
        self._bar.update(self._task, completed=done, left=time_left(left))
        if done == total:
            self._close_bar()

    def _left(self, what: str, done: int, total: int, more: Mapping[str, Any]) -> float | None:
        """Seconds; None while nobody knows."""
        now = time.monotonic()
        if what != self._what:
            self._close_bar()
            self._what, self._spent, self._steps = what, 0.0, 0
        elif not more.get("kept"):
            self._spent += now - self._last
            self._steps += done - self._done
        self._last, self._done = now, done
        to_come = int(more.get("to_make", total - done))
        if not to_come:
            return 0.0 if self._steps else None
        return round(self._spent / self._steps * to_come, 1) if self._steps > 0 else None

    def check(
        self,
        id: str,
        outcome: str,
        *,
        reason: str,
        value: Any = None,
        tolerance: Any = None,
        remedy: str = "",
        **more: Any,
    ) -> None:
        """The outcome of one check: pass, info, warn or fail. ``more`` is for a program only."""
        if self.as_json:
            self.event(
                "check",
                id=id,
                outcome=outcome,
                value=value,
                tolerance=tolerance,
                reason=reason,
                remedy=remedy,
                **more,
            )
            return
        self._console.print(f"{outcome:>5}", style=_OUTCOME_STYLE[outcome], end="  ")
        self._console.print(f"{id}: {reason}" + (f" Remedy: {remedy}" if remedy else ""), markup=False)

    def result(self, data: Mapping[str, Any], title: str = "") -> None:
        """What the command found; a person sees nothing of what is empty."""
        self._close_bar()
        if self.as_json:
            self.event("result", **data)
            return
        table = Table(title=title or None, show_header=False)
        table.add_column()
        table.add_column(overflow="fold")  # a path is of use only whole
        for key, value in data.items():
            if shown := _words(value):
                table.add_row(key.replace("_", " "), Text(shown))  # brackets in a path are no markup
        Console(highlight=False).print(table)

    def error(self, error: FilmRecoveryError) -> None:
        self._close_bar()
        if self.as_json:
            self.event("error", **error.as_dict())
            return
        self._console.print(f"error: {error}", style="red", markup=False)

    def event(self, event: str, **data: Any) -> None:
        """One JSON line."""
        if self._events_to:
            self._events_to({"event": event, **data})
        else:
            print(json_line({"event": event, **data}), flush=True)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._task, self._what = None, None, ""


def _words(value: Any) -> str:
    """``value`` for a person; "" for what is empty, and so for a table of nothing else."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        parts = {key: _words(part) for key, part in value.items()}
        nested = any(isinstance(part, Mapping) for part in value.values())
        between, after = (" – ", "\n") if nested else (": ", ", ")
        named = [str(key).replace("_", " ") + between + part for key, part in parts.items() if part]
        return after.join(named)
    if isinstance(value, (list, tuple)):
        after = "\n" if any(isinstance(part, str) for part in value) else ", "
        return after.join(filter(None, map(_words, value)))
    return str(value)


def json_line(data: Mapping[str, Any]) -> str:
    """``data`` as one line of JSON that every parser reads and standard output can hold.

    Numbers that are not finite become null. Characters beyond the encoding of standard output, and names of files
    that are not UTF-8, are escaped.
    """
    plain = _finite(data)
    line = json.dumps(plain, ensure_ascii=False, allow_nan=False, default=str)
    try:
        line.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(plain, allow_nan=False, default=str)
    return line


def _finite(value: Any) -> Any:
    """``value`` with numpy's scalars as Python's, and None for NaN and infinity."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
