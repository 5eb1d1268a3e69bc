"""JSON lines to and from ``film-recovery serve``. No Qt; the process itself is ``widgets.service``'s."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

LONGEST = 1 << 24  # bytes of a line; an engine that says more on one is broken


def command() -> list[str]:
    """The service as a list of arguments, no shell. Raises FilmRecoveryError where no engine is known."""
    from film_recovery.jobs import engine

    return [engine(), "-I", "-X", "utf8", "-m", "film_recovery.cli.main", "serve"]


def request(id: int, words: Sequence[str]) -> bytes:
    """One request as a line."""
    return json.dumps({"id": id, "command": list(words)}).encode("utf-8") + b"\n"


def cancellation(id: int) -> bytes:
    """The wish to end a request, as a line."""
    return json.dumps({"cancel": id}).encode("utf-8") + b"\n"


class Lines:
    """Bytes as they come, into whole events."""

    def __init__(self) -> None:
        self._rest = b""

    def fed(self, content: bytes) -> Iterator[dict[str, Any]]:
        """The events that ``content`` completes; what is no JSON object is left out."""
        *whole, self._rest = (self._rest + content).split(b"\n")
        if len(self._rest) > LONGEST:
            self._rest = b""
        for line in whole:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event
