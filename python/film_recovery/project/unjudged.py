"""Which frames a look at outliers could not judge by all kinds, in words: of ``untold`` in its outliers.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def unjudged(rows: Iterable[Mapping[str, Any]]) -> str:
    """How many, and by what, as a sentence; empty for none. Raises KeyError, TypeError or ValueError for rows that are
    none."""
    frames: set[int] = set()
    kinds: dict[str, None] = {}
    for row in rows:
        frames.add(int(row["frame"]))
        kinds.update(dict.fromkeys(map(str, row["kinds"])))
    if not frames:
        return ""
    were = "frame was" if len(frames) == 1 else "frames were"
    return f"{len(frames)} {were} not judged by {', '.join(kinds)}."
