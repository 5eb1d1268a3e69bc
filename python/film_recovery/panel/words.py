"""Figures and times as an operator reads them. No Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# What the engine's ``progress`` events are about.
_WORK = {"network": "Training", "render": "Rendering", "report": "Writing the report"}
_AFTER = "/\\_.,:;-=&?"
_LONG = re.compile(r"\S{18,}")
_SPACE = "\u200b"  # of no width: a line may be broken there


def value(given: Any) -> str:
    """A measured value or a tolerance in words; empty for nothing."""
    if given is None:
        return ""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, float):
        return f"{given:.4g}"
    if isinstance(given, Mapping):
        parts = (f"{str(key).replace('_', ' ')} {value(one)}".strip() for key, one in given.items())
        return ", ".join(parts)
    if isinstance(given, (list, tuple)):
        return ", ".join(value(one) for one in given) or "none"
    return str(given)


def work(what: str) -> str:
    """What a run is at; of a step of the recovery with the step's name: ``colour/render``."""
    *step, last = what.split("/")
    return ": ".join([*step, _WORK.get(last, last.capitalize())])


def time_left(seconds: float | None) -> str:
    """Roughly how long it still takes; empty while nobody knows."""
    return "" if seconds is None or seconds < 0 else f"{duration(seconds)} left"


def duration(seconds: float) -> str:
    """Roughly how long something takes."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60:02d} min"


def breakable(text: str) -> str:
    """``text`` for a narrow label: long words (paths, names of nodes) may be broken after their separators."""
    return _LONG.sub(lambda found: "".join(one + _SPACE if one in _AFTER else one for one in found[0]), text)


def changes(diff: str, most: int = 400) -> str:
    """A unified difference without what stays as it was, for the lines of a Nuke script are long; ``most`` lines."""
    lines = [line for line in diff.splitlines()[2:] if line[:1] in "+-@"]
    more = len(lines) - most
    return "\n".join([*lines[:most], *([f"… and {more} more lines"] if more > 0 else [])])


def quoted(title: str, longest: int = 34) -> str:
    """A title within a button's text."""
    short = title if len(title) <= longest else title[: longest - 1].rstrip() + "…"
    return f"“{short}”"
