"""What was found in one element, or between two: plain data, for the command and the checks of stage 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from film_recovery.checks import OUTCOMES
from film_recovery.imaging.frame_ranges import format_frames

_NAMED = 6  # frames that a sentence names before it only counts


@dataclass(frozen=True)
class Finding:
    """One figure with its meaning. ``id``: ``group.name``; ``element``: Source, Reference, or both.

    ``severity``: pass, info, warn or fail. ``value``: JSON values, as the function that found it says. ``reason``: one
    sentence that names frames or file. ``remedy``: what to do, in order; empty where nothing has to be done.
    """

    id: str
    element: str
    severity: str
    value: Any
    reason: str
    remedy: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in OUTCOMES:
            raise ValueError(f"{self.id}: {self.severity} is no severity")

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "id": self.id,
            "element": self.element,
            "severity": self.severity,
            "value": self.value,
            "reason": self.reason,
            "remedy": list(self.remedy),
        }


def named(frames: Iterable[int]) -> str:
    """``frames`` in a sentence: ``frame 12``, ``frames 12-14,20``, or the first few and how many there are."""
    numbers = sorted(set(frames))
    if len(numbers) == 1:
        return f"frame {numbers[0]}"
    ranges = format_frames(numbers).split(",")
    if len(ranges) <= _NAMED:
        return f"frames {','.join(ranges)}"
    return f"{len(numbers)} frames, the first {','.join(ranges[:_NAMED])}"


def of_all(count: int, frames: int) -> str:
    """How many frames were looked at: ``24 frames``, or ``600 of 5000 frames``."""
    return f"{count} frames" if count >= frames else f"{count} of {frames} frames"
