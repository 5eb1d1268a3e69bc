"""Which frames of two elements show the same moment, and where time runs differently: what ``offset.match`` tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from film_recovery.footage.placement import Placement

INSERTED, DROPPED, REPEATED, RECUT = "inserted", "dropped", "repeated", "recut"
SOURCE, REFERENCE = "Source", "Reference"


@dataclass(frozen=True)
class Run:
    """Source frames ``first`` to ``last``, which lie ``offset`` frames earlier than their moments in the Reference.

    ``similarity``: mean correlation, −1 to 1. ``margin``: how much of it a neighbouring offset loses, at least.
    ``confidence``: 0–1, that no neighbouring offset suits as well. ``alike``: offsets that suit as well as far as can
    be told; empty when the offset is sure.
    """

    first: int
    last: int
    offset: int
    similarity: float
    margin: float
    confidence: float
    alike: tuple[int, ...] = ()

    @property
    def sure(self) -> bool:
        return not self.alike

    def as_dict(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "last": self.last,
            "offset": self.offset,
            "similarity": round(self.similarity, 4),
            "margin": round(self.margin, 5),
            "confidence": round(self.confidence, 4),
            "alike": list(self.alike),
            "sure": self.sure,
        }


@dataclass(frozen=True)
class Change:
    """Where time runs differently: ``frames`` of ``side`` were inserted (not on the other side), dropped (``frames``
    are then those of the *other* side that ``side`` lacks), repeated, or the order is another (recut).

    ``earliest`` and ``latest``: Source frames between which the change lies; wide apart where little moves.
    ``alike``: kind and side of what suits as well as far as can be told: time runs alike where one side repeats a frame
    and where the other lost one. None when the kind is sure.
    """

    kind: str
    side: str
    frames: tuple[int, ...]
    earliest: int
    latest: int
    alike: tuple[str, str] | None = None

    @property
    def sure(self) -> bool:
        return self.alike is None

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "side": self.side,
            "frames": list(self.frames),
            "earliest": self.earliest,
            "latest": self.latest,
            "alike": list(self.alike) if self.alike else None,
            "sure": self.sure,
        }


@dataclass(frozen=True, eq=False)
class Match:
    """``frames``: each Source frame with its Reference frame, or None. ``unlike``: Source frames that should have one
    but look different there (flash, damage, foreign frame)."""

    frames: dict[int, int | None]
    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    unlike: tuple[int, ...]
    placement: Placement

    @property
    def offset(self) -> int | None:
        """The one offset of the whole element; None where there are several, or it cannot be told."""
        offsets = {run.offset for run in self.runs if run.sure}
        return offsets.pop() if len(offsets) == 1 else None

    def pairs(self) -> list[tuple[int, int]]:
        """Source and Reference frames of the same moment, in order."""
        return [(frame, other) for frame, other in self.frames.items() if other is not None]

    def sentence(self) -> str:
        """For the operator."""
        unsure = [run for run in self.runs if not run.sure]
        if not self.runs:
            return "No frame of the Source was found in the Reference."
        if unsure and len(unsure) == len(self.runs) == 1:
            return (
                f"Cannot tell the offset: offsets {_span((*unsure[0].alike, unsure[0].offset))} suit equally well; "
                "too little moves."
            )
        text = "; ".join(f"frames {run.first}–{run.last}: {run.offset:+d}" for run in self.runs if run.sure)
        said = f"Offset {text}." if text else "No offset is sure."
        for run in unsure:
            said += f" Frames {run.first}–{run.last}: cannot tell, {_span((*run.alike, run.offset))} suit as well."
        return said

    def as_dict(self) -> dict[str, Any]:
        return {
            "frames": [[frame, other] for frame, other in self.frames.items()],
            "offset": self.offset,
            "runs": [run.as_dict() for run in self.runs],
            "changes": [change.as_dict() for change in self.changes],
            "unlike": list(self.unlike),
            "placement": self.placement.as_dict(),
            "sentence": self.sentence(),
        }


def _span(offsets: Iterable[int]) -> str:
    ordered = sorted(offsets)
    return f"{ordered[0]:+d} to {ordered[-1]:+d}"
