"""Work off the main thread: a function in a thread, its result back on the main thread; for what waits for a disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from film_recovery.panel.qt import Qt, QtCore, Signal


class Background(QtCore.QObject):
    """Runs functions, each in its own thread; whoever asked hears on the main thread, and not after ``close``."""

    _came = Signal(object, object, object)

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._open = True
        self._came.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[BaseException], None]
    ) -> None:
        """Runs ``work``; then calls ``done`` with what it gave, or ``failed`` with what it raised."""

        def carry() -> None:
            try:
                call, given = done, work()
            except Exception as error:  # whatever it is, the operator is told
                call, given = failed, error
            try:
                if self._open:
                    self._came.emit(self, call, given)
            except RuntimeError:
                pass  # the panel was closed meanwhile, and Qt's half of this object is gone

        threading.Thread(target=carry, name="panel", daemon=True).start()

    def close(self) -> None:
        """Nobody hears of what is still at work."""
        self._open = False

    def _deliver(self, _: object, call: Callable[[Any], None], given: Any) -> None:
        if self._open:
            call(given)
