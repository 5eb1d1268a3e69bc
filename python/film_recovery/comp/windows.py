"""Pixels around pixels: what lies beyond the edge of a Frame for filters that look at neighbours.

A Frame does not say whether its edge continues or is followed by black, as a Nuke image does. The rule here:
a side of the bounding box that reaches the edge of the format continues with its outermost pixels (a plate as
it was read, as in Nuke), any other side is followed by black (a Crop with *black outside*, a moved picture).
"""

from __future__ import annotations

from film_recovery.comp.resample import replicated
from film_recovery.imaging.frame import Box, Frame


def padded(frame: Frame, x: int, y: int) -> Frame:
    """``frame`` with ``x`` columns more on the left and right and ``y`` rows more below and above."""
    box, edge = frame.bbox, frame.format.box
    grown = Box(box.x - x, box.y - y, box.r + x, box.t + y)
    continued = Box(
        grown.x if box.x <= edge.x else box.x,
        grown.y if box.y <= edge.y else box.y,
        grown.r if box.r >= edge.r else box.r,
        grown.t if box.t >= edge.t else box.t,
    )
    return replicated(frame, continued).cropped(grown)
