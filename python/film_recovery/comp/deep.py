"""Room for deep graphs: a call of Python functions thousands of nodes deep, without a recursion error.

Node functions pull their inputs by plain calls, so a chain of nodes is a chain of calls. They run in a thread
with a large stack while the recursion limit is raised; the caller waits.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

MAX_NODES = 20_000  # nodes above one another; more is an error of the evaluator, not a crash
_FRAMES_PER_NODE = 16
_STACK_BYTES = 256 << 20  # reserved, not used: only touched pages cost memory

_guard = threading.Lock()
_running = 0
_usual_limit = 0
_here = threading.local()


def run_deep(function: Callable[[], T]) -> T:
    """``function()``, with room for ``MAX_NODES`` nested nodes. Nested calls run where they are.

    Thread-local state of the caller (numpy's errstate, torch's grad mode) does not reach ``function``.
    An exception of ``function`` is raised here.
    """
    if getattr(_here, "deep", False):
        return function()
    outcome: dict[str, Any] = {}

    def work() -> None:
        _here.deep = True
        try:
            outcome["value"] = function()
        except BaseException as error:  # carried over to the caller, who raises it
            outcome["error"] = error

    with _guard:
        usual = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(target=work, name="film-recovery evaluation", daemon=True)
            _raise_limit()
            thread.start()
        finally:
            threading.stack_size(usual)
    try:
        thread.join()
    finally:
        with _guard:
            _restore_limit()
    error = outcome.pop("error", None)
    if error is not None:
        try:
            raise error
        finally:
            del error  # it holds this call, which would hold it, and with it whatever the function knows
    value: T = outcome["value"]
    return value


def _raise_limit() -> None:
    global _running, _usual_limit
    if _running == 0:
        _usual_limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(_usual_limit, MAX_NODES * _FRAMES_PER_NODE))
    _running += 1


def _restore_limit() -> None:
    global _running
    _running -= 1
    if _running == 0:
        sys.setrecursionlimit(_usual_limit)
