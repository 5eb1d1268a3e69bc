"""Signals that end a training after the step that is under way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT arrived since. The second one has its usual effect, at once."""
    arrived = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield arrived.is_set  # only the main thread may listen to signals; a job always trains in it
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {int(number): signal.getsignal(number) or signal.SIG_DFL for number in numbers}

    def note(number: int, frame: FrameType | None) -> None:
        arrived.set()
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, note)
    try:
        yield arrived.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
