"""What went wrong, for the operator: message, reason, remedy, and details to send to somebody. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from film_recovery import __version__
from film_recovery.errors import FilmRecoveryError

_OWN = ("event", "id", "type", "message", "remedy", "details")
INSTALL = (
    "press Install the engine, or run  python install.py  in the plugin's folder, or set FILM_RECOVERY_ENGINE to the "
    "Python of an environment that has film-recovery; then press Try again"
)


@dataclass(frozen=True)
class Problem:
    """``message``: what is wrong; ``reason``: where and why; ``remedy``: what to do; ``details``: more, for others.

    ``kind``: ``missing`` where there is no engine, ``engine`` where it died, ``stop`` for a run that stopped at its
    checks, else empty.
    """

    message: str
    reason: str = ""
    remedy: str = ""
    details: str = ""
    kind: str = ""

    def text(self) -> str:
        """All of it, for the clipboard."""
        parts = (
            self.message,
            self.reason,
            f"Remedy: {self.remedy}" if self.remedy else "",
            self.details,
            f"Film Recovery {__version__}",
        )
        return "\n".join(part for part in parts if part)


def of_error(error: BaseException) -> Problem:
    """From what a light part raised."""
    from film_recovery.jobs import NoEngine  # the first picture waits for none

    if isinstance(error, NoEngine):
        return no_engine(error.message)
    if isinstance(error, FilmRecoveryError):
        return of_event(error.as_dict())
    return Problem(
        str(error) or type(error).__name__, remedy="report this fault", details=type(error).__name__
    )


def of_event(event: Mapping[str, Any]) -> Problem:
    """From an ``error`` event of the engine: what is not message or remedy is the place, and that is the reason."""
    places = (f"{key.replace('_', ' ')} {said}" for key, said in event.items() if key not in _OWN)
    kind = "stop" if event.get("type") == "CheckFailed" else str(event.get("kind", ""))
    return Problem(
        str(event.get("message", "")),
        ", ".join(places),
        str(event.get("remedy", "")),
        str(event.get("details", "")),
        kind,
    )


def no_engine(reason: str, last_lines: Sequence[str] = ()) -> Problem:
    """The engine did not come to run."""
    return Problem("The engine does not run.", reason, INSTALL, "\n".join(last_lines), "missing")


def engine_died(code: int, last_lines: Sequence[str]) -> Problem:
    """The engine ended while it was asked something; ``last_lines``: of its standard error."""
    said = next((line for line in reversed(last_lines) if line.strip()), "it said nothing")
    if "No module named" in said:
        return no_engine(said.strip(), last_lines)
    return Problem(
        "The engine stopped unexpectedly.",
        f"exit code {code}; its last line: {said.strip()}",
        "press Try again; if it stops again, copy the details and send them",
        "\n".join(last_lines),
        "engine",
    )


def checks_failed(ids: Sequence[str]) -> Problem:
    """A run that came to its end, with checks that fail; their remedies stand with them."""
    named = list(dict.fromkeys(ids))
    fail = "A check fails" if len(named) == 1 else f"{len(named)} checks fail"
    return Problem(f"{fail}: {', '.join(named)}.", remedy="open them in the list of checks", kind="stop")


def job_died(state: str, reason: str, last_lines: Sequence[str]) -> Problem:
    """A run that ended without saying why."""
    said = "\n".join(last_lines)
    return Problem(
        f"The run ended without a word: {state}.",
        reason or (last_lines[-1] if last_lines else ""),
        "what was finished is kept: run again to go on; if it dies again, copy the details and send them",
        said,
    )
