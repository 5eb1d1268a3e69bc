"""How much room a node takes in Nuke's node graph: its body and the words on it. Estimates, in DAG units.

Nuke draws a node 80 wide and lets longer words stick out on both sides; the measures are those of its default font.
For the pictures of the templates, and for the test that nothing in them lies on something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from film_recovery import nk
from film_recovery.graph.sheet import DOT_WIDTH, NODE_WIDTH

FONT = 11
CHARACTER = 0.6  # of the font size: mean width
LINE = 1.25  # of the font size
PICTURE = 60  # the thumbnail of a Read or a PostageStamp
_VALUE = re.compile(r"\[value (\w+)\]")
_FILES = ("Read", "Write")


@dataclass(frozen=True)
class Footprint:
    """``left top right bottom``, y down. The body, and with ``words`` whatever is written on or beside it."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Footprint) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Footprint) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )


def words(node: nk.Node) -> list[str]:
    """The lines that Nuke writes on the node: name, what a Read or a Merge adds to it, and the label."""
    label = shown_label(node)
    if node.class_name in ("StickyNote", "BackdropNode", "Dot"):
        return label
    name = node.name
    if node.class_name == "Merge2":
        name += f" ({node.text('operation', 'over')})"
    if node.class_name in _FILES:
        label = [node.text("file").rpartition("/")[2], f"({node.text('colorspace')})", *label]
    return [name, *label]


def shown_label(node: nk.Node) -> list[str]:
    knob = node.get("label")
    if knob is None:
        return []
    text = _VALUE.sub(lambda found: _value(node, found[1]), knob.text)
    return (nk.literal(text) or "").split("\n")


def _value(node: nk.Node, name: str) -> str:
    """What a label shows of a knob: its value, or the first entry of the menu that it has."""
    if node.get(name) is not None:
        return node.text(name)
    items = next((knob.items for knob in node.user_knobs if knob.name == name), ())
    return items[0] if items else ""


def body(node: nk.Node) -> Footprint:
    """The tile itself."""
    x, y = (float(node.text(knob, "0")) for knob in ("xpos", "ypos"))
    if node.class_name == "BackdropNode":
        width, height = (float(node.text(knob, "100")) for knob in ("bdwidth", "bdheight"))
        return Footprint(x, y, x + width, y + height)
    lines = words(node)
    if node.class_name == "Dot":
        return Footprint(x, y, x + DOT_WIDTH, y + DOT_WIDTH)
    if node.class_name == "StickyNote":
        size = font(node)
        return Footprint(x, y, x + text_width(lines, size) + 16, y + text_height(lines, size) + 10)
    picture = PICTURE if node.class_name in ("Read", "PostageStamp") else 0
    return Footprint(x, y, x + NODE_WIDTH, y + picture + max(18.0, text_height(lines) + 6))


def footprint(node: nk.Node) -> Footprint:
    """The tile and its words."""
    tile = body(node)
    lines = words(node)
    if node.class_name in ("StickyNote", "BackdropNode") or not lines:
        return tile
    width = text_width(lines)
    if node.class_name == "Dot":
        middle = (tile.top + tile.bottom) / 2
        half = max(DOT_WIDTH, text_height(lines)) / 2
        return Footprint(tile.left, middle - half, tile.right + 6 + width, middle + half)
    over = max(0.0, (width - NODE_WIDTH) / 2)
    return Footprint(tile.left - over, tile.top, tile.right + over, tile.bottom)


def font(node: nk.Node) -> float:
    """The size of the node's words."""
    return float(node.text("note_font_size", str(FONT)))


def text_width(lines: list[str], size: float = FONT) -> float:
    return max((len(line) for line in lines), default=0) * size * CHARACTER


def text_height(lines: list[str], size: float = FONT) -> float:
    return len(lines) * size * LINE
