"""A node graph as a picture (SVG text): what Nuke's node graph would show, for the documentation.

Areas, nodes in their classes' colours, words, arrows with the names of inputs, notes, dots; dashed lines for knobs that
follow another node, and from a Write to the Read of what it writes. Reads the script's text only; sizes are those of
``footprint``, but a tile is as wide as its words. Groups are drawn closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.footprint import FONT, LINE, PICTURE, Footprint, body, font, footprint, words

_COLOURS = {
    "Read": "#b5b5b5",
    "PostageStamp": "#b5b5b5",
    "Write": "#b9b923",
    "FrameRange": "#a3995a",
    "FrameHold": "#a3995a",
    "AppendClip": "#a3995a",
    "Reformat": "#9a75a8",
    "Transform": "#9a75a8",
    "CornerPin2D": "#9a75a8",
    "Crop": "#9a75a8",
    "Median": "#c9834b",
    "Merge2": "#5468d0",
    "CopyCat": "#9c3f5e",
    "Switch": "#d6d6d6",
    "StickyNote": "#cdcd86",
    "Dot": "#d6d6d6",
}
_BACKGROUND = "#323232"
_OTHER = "#c4c4c4"
_NAMES = {"Merge2": ("B", "A", "mask"), "CopyCat": ("Input", "GroundTruth", "Preview")}
_LINK = re.compile(r"!?([A-Za-z_]\w*)\.[A-Za-z_]")
_MARGIN = 30


def svg(script: nk.Script, width: int = 1600) -> str:
    """The top level of ``script`` as SVG, ``width`` pixels wide."""
    nodes = script.nodes
    taken = [footprint(node) for node in nodes]
    left, top = min(one.left for one in taken) - _MARGIN, min(one.top for one in taken) - _MARGIN
    wide = max(one.right for one in taken) + _MARGIN - left
    tall = max(one.bottom for one in taken) + _MARGIN - top
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{round(width * tall / wide)}" '
        f'viewBox="{left:g} {top:g} {wide:g} {tall:g}" font-family="Verdana, DejaVu Sans, sans-serif">\n',
        f'<rect x="{left:g}" y="{top:g}" width="{wide:g}" height="{tall:g}" fill="{_BACKGROUND}"/>\n',
    ]
    backdrops = [node for node in nodes if node.class_name == "BackdropNode"]
    parts += [_backdrop(node) for node in sorted(backdrops, key=lambda one: int(one.text("z_order", "0")))]
    others = [node for node in nodes if node.class_name != "BackdropNode"]
    parts += [_arrow_line(*arrow) for arrow in _arrows(others)]
    parts += [_link_line(*link) for link in _links(others)]
    parts += [_tile(node) for node in others]
    parts += [_arrow_name(*arrow) for arrow in _arrows(others)]
    return "".join(parts) + "</svg>\n"


# Areas, nodes, notes


def _backdrop(node: nk.Node) -> str:
    box = body(node)
    size = font(node)
    label = words(node)[0] if words(node) else ""
    return _rectangle(box, _colour(node), 4) + _text(
        box.left + 14, box.top + 1.15 * size, label, size, "start", "#fff"
    )


def _tile(node: nk.Node) -> str:
    box = _drawn(node)
    lines = words(node)
    middle = (box.left + box.right) / 2
    if node.class_name == "Dot":
        x, y = middle, (box.top + box.bottom) / 2
        circle = f'<circle cx="{x:g}" cy="{y:g}" r="6" fill="{_colour(node)}" stroke="#222"/>\n'
        return circle + "".join(_words(lines, box.right + 6, y + FONT * 0.4, FONT, "start", "#fff"))
    if node.class_name == "StickyNote":
        size = font(node)
        anchor, x = ("middle", middle) if "\nV" in "\n".join(lines) else ("start", box.left + 8)
        shape = _rectangle(box, _colour(node), 2)
        return shape + "".join(_words(lines, x, box.top + 3 + size, size, anchor, "#111"))
    shape = _rectangle(box, _colour(node), 8 if node.class_name in ("FrameHold", "FrameRange") else 3)
    y = box.top + 3 + FONT
    if node.class_name in ("Read", "PostageStamp"):
        screen = Footprint(box.left + 8, box.top + 4, box.right - 8, box.top + PICTURE - 4)
        shape += _rectangle(screen, "#262626", 0)
        y += PICTURE
    if node.text("disable", "false") == "true":
        ends = f'x1="{box.left:g}" y1="{box.top:g}" x2="{box.right:g}" y2="{box.bottom:g}"'
        shape += f'<line {ends} stroke="#222" stroke-opacity="0.5"/>\n'
    fill = "#0a0a0a" if _brightness(_colour(node)) > 100 else "#fff"
    return shape + "".join(_words(lines, middle, y, FONT, "middle", fill))


def _drawn(node: nk.Node) -> Footprint:
    """The tile, as wide as its words: Nuke lets them stick out, which a small picture cannot afford."""
    if node.class_name == "Dot":
        return body(node)
    box = footprint(node)
    return Footprint(box.left - 1, box.top, box.right + 1, box.bottom)


def _words(lines: list[str], x: float, y: float, size: float, anchor: str, fill: str) -> Iterator[str]:
    for index, line in enumerate(lines):
        yield _text(x, y + index * size * LINE, line, size, anchor, fill)


def _text(x: float, y: float, text: str, size: float, anchor: str, fill: str) -> str:
    halo = ' stroke="#0006" stroke-width="2" paint-order="stroke"' if fill == "#fff" else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" fill="{fill}"{halo}>'
        f"{escape(text)}</text>\n"
    )


def _rectangle(box: Footprint, fill: str, corner: int) -> str:
    size = f'width="{box.right - box.left:g}" height="{box.bottom - box.top:g}" rx="{corner}"'
    return f'<rect x="{box.left:g}" y="{box.top:g}" {size} fill="{fill}" stroke="#222"/>\n'


def _colour(node: nk.Node) -> str:
    own = node.text("tile_color")
    if own.startswith("0x"):
        return f"#{int(own, 16) >> 8:06x}"
    return _COLOURS.get(node.class_name, _OTHER)


def _brightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Arrows


def _arrows(nodes: list[nk.Node]) -> Iterator[tuple[nk.Node, nk.Node, str]]:
    """From, to, and the name of the input, of every connection that is shown."""
    for node in nodes:
        if node.text("hide_input", "false") == "true":
            continue
        names = _input_names(node)
        for index, source in enumerate(node.inputs):
            if source is not None:
                yield source, node, names[index] if index < len(names) else ""


def _input_names(node: nk.Node) -> tuple[str, ...]:
    if node.class_name in _NAMES:
        return _NAMES[node.class_name]
    count = len(node.inputs)
    if node.class_name == "AppendClip":
        return tuple(str(index + 1) for index in range(count))
    if node.class_name == "Switch":
        return tuple(str(index) for index in range(count))
    inside = [one for one in node.nodes if one.class_name == "Input"]
    if len(inside) > 1:
        return tuple(one.name for one in sorted(inside, key=lambda one: int(one.text("number", "0"))))
    return ()


def _ends(source: nk.Node, target: nk.Node) -> tuple[float, float, float, float]:
    """Where an arrow leaves and where it arrives: on the line between the centres, at the tiles' edges."""
    a, b = _drawn(source), _drawn(target)
    start, end = _centre(a), _centre(b)
    return *_edge(a, start, end), *_edge(b, end, start)


def _centre(box: Footprint) -> tuple[float, float]:
    return (box.left + box.right) / 2, (box.top + box.bottom) / 2


def _edge(box: Footprint, inside: tuple[float, float], outside: tuple[float, float]) -> tuple[float, float]:
    dx, dy = outside[0] - inside[0], outside[1] - inside[1]
    reach = [
        half / abs(way)
        for half, way in (((box.right - box.left) / 2, dx), ((box.bottom - box.top) / 2, dy))
        if way
    ]
    share = min([1.0, *reach])
    return inside[0] + share * dx, inside[1] + share * dy


def _arrow_line(source: nk.Node, target: nk.Node, name: str) -> str:
    x1, y1, x2, y2 = _ends(source, target)
    length = max(1.0, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    head = [
        (x2, y2),
        (x2 - 11 * ux - 4 * uy, y2 - 11 * uy + 4 * ux),
        (x2 - 11 * ux + 4 * uy, y2 - 11 * uy - 4 * ux),
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in head)
    line = f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#101010" stroke-width="1.6"/>\n'
    return f'{line}<polygon points="{points}" fill="#101010"/>\n'


def _arrow_name(source: nk.Node, target: nk.Node, name: str) -> str:
    if not name:
        return ""
    x1, y1, x2, y2 = _ends(source, target)
    length = max(1.0, ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5)
    back = min(14.0 + 2 * len(name), length / 2) / length
    x, y = x2 + (x1 - x2) * back, y2 + (y1 - y2) * back
    return _text(x, y + 4, name, FONT - 1, "middle", "#f2c288").replace(
        "<text", '<text stroke="#0008" stroke-width="2" paint-order="stroke"', 1
    )


# Knobs that follow another node, and Reads of what another node writes


def _links(nodes: list[nk.Node]) -> Iterator[tuple[nk.Node, nk.Node]]:
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        found = {
            match[1]
            for knob in node.knobs.values()
            for part in _expressions(knob)
            if (match := _LINK.match(part.strip('" ')))
        }
        for name in sorted(found & set(by_name)):
            yield by_name[name], node
    written = {node.text("file"): node for node in nodes if node.class_name == "Write"}
    for node in nodes:
        if node.class_name == "Read" and node.text("file") in written:
            yield written[node.text("file")], node


def _expressions(knob: nk.Knob) -> list[str]:
    """The expressions of a knob, component by component; none of a text that is no list of values."""
    try:
        return [part.text for part in nk.components(knob.text) if isinstance(part, nk.Expression)]
    except FilmRecoveryError:
        return []


def _link_line(source: nk.Node, target: nk.Node) -> str:
    x1, y1, x2, y2 = _ends(source, target)
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    colour, width = ("#ffef9a", 2.5) if source.class_name == "Write" else ("#e08a60", 1.2)
    return f'<line {ends} stroke="{colour}" stroke-width="{width}" stroke-dasharray="6 4"/>\n'
