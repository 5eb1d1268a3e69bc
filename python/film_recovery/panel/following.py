"""A job's events, read in a thread of its own and taken out by whoever shows them. No Qt."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from film_recovery.errors import FilmRecoveryError


class Following:
    """Follows a job from its first event on, until it ends or ``stop`` is called. Nothing here waits for the disk."""

    def __init__(self, folder: Path, id: str) -> None:
        self.id = id
        self._events: deque[dict[str, Any]] = deque()
        self._wanted = True
        thread = threading.Thread(target=self._read, args=(folder,), name=f"follow {id}", daemon=True)
        thread.start()

    def take(self, most: int = 500) -> list[dict[str, Any]]:
        """What came since the last time, at most ``most`` events; of progress in a row only the newest."""
        found: list[dict[str, Any]] = []
        while self._events and len(found) < most:
            found.append(self._events.popleft())
        return newest(found)

    def stop(self) -> None:
        """Nothing more is wanted; the thread ends at its next look."""
        self._wanted = False

    def _read(self, folder: Path) -> None:
        from film_recovery import jobs

        try:
            for event in jobs.follow(folder, self.id, wanted=lambda: self._wanted):
                self._events.append(event)
        except (FilmRecoveryError, OSError) as error:
            self._events.append({"event": "end", "state": "unknown", "code": None, "problem": str(error)})


def newest(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """``events`` without the progress that a later one of the same work outdates at once."""
    found: list[dict[str, Any]] = []
    for event in events:
        last = found[-1] if found else {}
        is_same = event.get("event") == "progress" == last.get("event") and event.get("what") == last.get(
            "what"
        )
        if is_same:
            found[-1] = event
        else:
            found.append(event)
    return found
