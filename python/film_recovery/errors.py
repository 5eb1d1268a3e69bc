"""Messages with remedies: the one exception family of the product.

Every part raises :class:`FilmRecoveryError` (or a subclass) when input is bad, and says what is wrong,
where (file, line, frame, node, knob) and what the operator can do about it. The command line prints it and
turns it into an exit code; the panel shows it beside the node. Light: standard library only.
"""

from __future__ import annotations

from typing import Any

EXIT_DONE = 0
EXIT_CHECK_FAILED = 1
EXIT_USAGE = 2
EXIT_BAD_INPUT = 3


class FilmRecoveryError(Exception):
    """Bad input, named. ``message`` says what is wrong; ``remedy`` what to do; ``where`` is plain data.

    ``where`` may hold any of ``file``, ``line``, ``column``, ``frame``, ``node``, ``class_name``, ``knob``, ``check``.
    """

    exit_code = EXIT_BAD_INPUT

    def __init__(self, message: str, *, remedy: str = "", **where: Any) -> None:
        self.message = message
        self.remedy = remedy
        self.where = {key: value for key, value in where.items() if value is not None}
        super().__init__(str(self))

    def __str__(self) -> str:
        places = ", ".join(f"{_WORDS.get(key, key)} {value}" for key, value in self.where.items())
        text = f"{self.message} ({places})" if places else self.message
        return f"{text} Remedy: {self.remedy}" if self.remedy else text

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON output: ``type``, ``message``, ``remedy`` and the place, as strings and numbers."""
        place = {
            key: value if isinstance(value, (int, float, str)) else str(value)
            for key, value in self.where.items()
        }
        return {"type": type(self).__name__, "message": self.message, "remedy": self.remedy, **place}


class UsageError(FilmRecoveryError):
    """The command was asked for something it does not offer."""

    exit_code = EXIT_USAGE


class CheckFailed(FilmRecoveryError):
    """A measured check failed: the input is readable, but must not be used as it is."""

    exit_code = EXIT_CHECK_FAILED


_WORDS = {"class_name": "class"}
