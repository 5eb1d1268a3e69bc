"""What nodes with an A and a B input share: the output's bounding box and its metadata, chosen by knobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from film_recovery.comp.call import NodeCall
from film_recovery.imaging.frame import Box, Frame


def output_box(choice: str, below: Box, above: Sequence[Box]) -> Box:
    """The knob ``bbox``: ``union``, ``intersection``, ``A`` (the union of all A inputs) or ``B``."""
    if choice == "B":
        return below
    joined = Box(0, 0, 0, 0)
    for box in above:
        joined = joined.union(box)
    if choice == "A":
        return joined
    if choice == "union":
        return below.union(joined)
    shared = below
    for box in above:
        shared = shared.intersect(box)
    return Box(0, 0, 0, 0) if shared.empty else shared


def metadata_from(call: NodeCall, below: Frame, above: Sequence[Frame]) -> Mapping[str, Any]:
    """The knob ``metainput``: of ``B``, of ``A``, or of ``All`` (B's values win; the order is
    unconfirmed)."""
    choice = call.choice("metainput", ("B", "A", "All"))
    if choice == "B" or not above:
        return below.metadata
    if choice == "A":
        return above[0].metadata
    merged: dict[str, Any] = {}
    for frame in reversed([below, *above]):
        merged.update(frame.metadata)
    return merged
