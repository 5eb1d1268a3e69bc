"""What a timeline marks: pairs, hold-outs and stills by their frames, outliers from the file that ranks them.

``outliers.json`` is a list of mappings with ``frame``, ``kind``, ``figure``, ``usual``, ``score`` and ``where``, or a
mapping that holds such a list as ``outliers``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from film_recovery._files import read_text
from film_recovery.delivery.timeline import Mark
from film_recovery.delivery.words import words
from film_recovery.errors import FilmRecoveryError

OUTLIERS = "outliers.json"
_LARGEST = 1 << 63  # whole numbers of a timeline have 64 bits
_LIMIT = 64_000_000  # bytes: every fault of every frame of a long reel, and more


def marked(kind: str, frames: Iterable[int], notes: Mapping[int, str] | None = None) -> tuple[Mark, ...]:
    """A mark of ``kind`` on each of ``frames``, with the ``notes`` of those that have one."""
    return tuple(Mark(frame, kind, (notes or {}).get(frame, "")) for frame in frames)


def outliers_of(file: Path) -> tuple[Mark, ...]:
    """The marks of the outliers in ``file``. Raises FilmRecoveryError naming the entry that is none."""
    try:
        found = json.loads(read_text(file, _LIMIT))
    except (ValueError, RecursionError) as error:
        raise _wrong(file, "it is not JSON") from error
    entries = found.get("outliers") if isinstance(found, dict) else found
    if not isinstance(entries, list):
        raise _wrong(file, "it holds no list of outliers")
    return tuple(_outlier(file, number, entry) for number, entry in enumerate(entries, 1))


def _outlier(file: Path, number: int, entry: Any) -> Mark:
    frame = entry.get("frame") if isinstance(entry, dict) else None
    if not isinstance(frame, int) or isinstance(frame, bool):
        raise _wrong(file, f"entry {number} names no frame")
    if wrong := _unwritable(entry):
        raise _wrong(file, f"entry {number} holds {wrong}")
    facts = {key: value for key, value in entry.items() if key != "frame"}
    facts["fault"] = facts.pop("kind", "")  # a mark has a kind of its own
    return Mark(frame, "outlier", _said(facts), facts)


def _unwritable(entry: Mapping[str, Any]) -> str:
    """What in ``entry`` no timeline can hold, in words; empty where it can hold all of it."""
    left: list[Any] = [entry]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += [*value, *value.values()]
        elif isinstance(value, list):
            left += value
        elif (
            isinstance(value, str)
            and not value.isascii()
            and value.encode("utf-8", "replace").decode() != value
        ):
            return "half of a character (a lone surrogate)"
        elif isinstance(value, float) and not math.isfinite(value):
            return f"{value} as a figure"
        elif isinstance(value, int) and abs(value) >= _LARGEST:
            return f"a number of {len(str(abs(value)))} digits"
    return ""


def _said(facts: Mapping[str, Any]) -> str:
    """``flicker: 0.034, usual 0.01, score 7.2; top left``."""
    figures = [
        f"{word}{words(facts[key])}"
        for key, word in (("figure", ""), ("usual", "usual "), ("score", "score "))
        if facts.get(key) is not None
    ]
    said = f"{facts['fault'] or 'outlier'}{': ' if figures else ''}{', '.join(figures)}"
    return f"{said}; {words(facts['where'])}" if facts.get("where") else said


def _wrong(file: Path, what: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The outliers cannot be read: {what}.",
        remedy="search for outliers again, or give another file",
        file=str(file),
    )
