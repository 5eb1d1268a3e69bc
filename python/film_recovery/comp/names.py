"""Names in knob expressions: what ``parent.size``, ``input.width`` or ``Grade1.white.r`` stand for.

``width``, ``height``, ``format.*``, ``bbox.*`` and ``pixel_aspect`` of ``this`` node and of the groups around
it are those of their input 0 (or of the project, where there is none); of any other node, its own picture's.
A knob of several values without ``.x`` gives the component of the same index, as Nuke's linked knobs do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from film_recovery.comp.expressions import Lookup
from film_recovery.comp.place import Place
from film_recovery.comp.settings import declared, setting, user_knobs
from film_recovery.imaging.frame import Box, Format

if TYPE_CHECKING:
    from film_recovery.comp.evaluate import Evaluator

_INPUT = re.compile(r"input(\d*)$")
PICTURE = frozenset({"width", "height", "format", "bbox", "pixel_aspect", "first_frame", "last_frame"})
_BOX_NAMES = frozenset({"box", "cropbox", "area", "region", "ROI", "roi"})
_BBOX_CODE = 15
_ROOT_DEFAULTS = {"fps": 24.0, "proxy": 0.0, "lock_range": 0.0}


class UnknownName(Exception):
    """A name that means nothing here: the name, and why."""


def lookup_for(evaluator: Evaluator, place: Place, frame: float, index: int, curve: Any) -> Lookup:
    """The lookup for an expression in component ``index`` of a knob of ``place``."""

    def lookup(name: str) -> float:
        if name in ("frame", "x", "t"):
            return float(frame)
        if name == "curve" and curve is not None:
            return float(curve.at(frame))
        if name in ("true", "false"):
            return float(name == "true")
        path = name.removeprefix("value ").split(".")
        if path[0] == "root":
            return _root(evaluator, path[1:], name, frame, index)
        target, rest = find(evaluator, place, path)
        if rest and declared(evaluator.graph, target, rest[0]):
            as_text = name.startswith("value ")
            return _knob(evaluator, target, rest, frame, index, as_text, name)
        if rest and rest[0] in PICTURE:
            return _picture(evaluator, place, target, rest, frame, name)
        raise UnknownName(name, f"but {target.label} has no knob {'.'.join(rest)!r} that this engine knows.")

    return lookup


def find_knob(evaluator: Evaluator, place: Place, path: list[str]) -> tuple[Place, str]:
    """The node and knob that ``path`` names. Raises UnknownName."""
    if path[0] == "root":
        root = evaluator.graph.root
        if root is None or len(path) < 2:
            raise UnknownName(".".join(path), "but the script has no Root.")
        return root, path[1]
    target, rest = find(evaluator, place, path)
    if len(rest) != 1 or not declared(evaluator.graph, target, rest[0]):
        raise UnknownName(".".join(path), f"but {target.label} has no such knob.")
    return target, rest[0]


def find(evaluator: Evaluator, place: Place, path: list[str]) -> tuple[Place, list[str]]:
    """Walk the nodes at the head of ``path``; what is left is the knob and its component."""
    graph = evaluator.graph
    whole = ".".join(path)
    rest = list(path)
    walked = False
    step: Place | None
    while rest:
        head = rest[0]
        step = place
        if head == "parent":
            step = place.host
            if step is None:
                raise UnknownName(whole, f"but {place.path} stands in no group.")
        elif match := _INPUT.match(head):
            inputs = graph.inputs(place)
            index = int(match[1] or 0)
            step = inputs[index] if index < len(inputs) else None
            if step is None:
                raise UnknownName(whole, f"but nothing is connected to input {index} of {place.path}.")
        elif head != "this":
            if declared(graph, place, head) or head in PICTURE:
                break
            inside = graph.inside(place) if walked else graph.scope(place)
            step = inside.named(head) if inside is not None else None
            if step is None:
                break
        place, rest, walked = step, rest[1:], True
    return place, rest


def _knob(
    evaluator: Evaluator, place: Place, rest: list[str], frame: float, index: int, as_text: bool, name: str
) -> float:
    knob = rest[0]
    if as_text and len(rest) == 1:
        found = setting(evaluator.graph, place, knob)
        user = user_knobs(evaluator.graph, found.place).get(found.name)
        if user is not None and user.items:
            word = user.items[0] if found.text is None else found.text
            return _numeric(word, name)
    if len(rest) == 1:
        return evaluator.number(place, knob, frame, index)
    if len(rest) > 2:
        raise UnknownName(name, f"but {place.label} has no knob {'.'.join(rest)!r}.")
    return _part(evaluator, place, knob, rest[1], frame, name)


def _numeric(word: str, name: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UnknownName(name, f"which is the text {word!r}, not a number.") from None


def _part(evaluator: Evaluator, place: Place, knob: str, suffix: str, frame: float, name: str) -> float:
    """``translate.x``, ``white.r``, ``box.t``, ``size.w``, ``knob.1``."""
    user = user_knobs(evaluator.graph, place).get(knob)
    is_box = (user is not None and user.code == _BBOX_CODE) or (user is None and knob in _BOX_NAMES)
    if is_box and suffix in ("w", "h"):
        low, high = (0, 2) if suffix == "w" else (1, 3)
        return evaluator.number(place, knob, frame, high) - evaluator.number(place, knob, frame, low)
    orders = ("xyrt",) if is_box else ("xyzw", "rgba", "wh", "uv")
    for order in orders:
        if suffix in order and len(suffix) == 1 and not (order == "xyzw" and suffix == "w"):
            return evaluator.number(place, knob, frame, order.index(suffix))
    if suffix.isdigit():
        return evaluator.number(place, knob, frame, int(suffix))
    raise UnknownName(name, f"but knob {knob} of {place.label} has no part {suffix!r}.")


def _picture(
    evaluator: Evaluator, place: Place, target: Place, rest: list[str], frame: float, name: str
) -> float:
    around = place
    surrounds = around is target
    while not surrounds and around.host is not None:
        around = around.host
        surrounds = around is target
    source: Place | None = target
    if surrounds:
        inputs = evaluator.graph.inputs(target)
        source = inputs[0] if inputs else None
    if rest[0] in ("first_frame", "last_frame"):
        first, last = evaluator.range_of(source) if source is not None else evaluator.root.range
        return float(first if rest[0] == "first_frame" else last)
    if source is None:
        shape = evaluator.root.format
        return _shape(shape, shape.box, rest, name)
    picture = evaluator.pull(source, frame)
    return _shape(picture.format, picture.bbox, rest, name)


def _shape(shape: Format, bbox: Box, rest: list[str], name: str) -> float:
    sizes = {"width": float(shape.width), "height": float(shape.height), "pixel_aspect": shape.pixel_aspect}
    if len(rest) == 1 and rest[0] in sizes:
        return sizes[rest[0]]
    box = bbox if rest[0] == "bbox" else shape.box
    parts = {"x": box.x, "y": box.y, "r": box.r, "t": box.t, "w": box.width, "h": box.height}
    if len(rest) == 2 and rest[1] in parts:
        return float(parts[rest[1]])
    if len(rest) == 2 and rest[0] == "format" and rest[1] in sizes:
        return sizes[rest[1]]
    raise UnknownName(name, "which this engine does not know.")


def _root(evaluator: Evaluator, rest: list[str], name: str, frame: float, index: int) -> float:
    first, last = evaluator.root.range
    figures = {"first_frame": float(first), "last_frame": float(last), "frame": float(frame)}
    if len(rest) == 1 and rest[0] in figures:
        return figures[rest[0]]
    if rest and rest[0] in ("width", "height", "format", "pixel_aspect"):
        shape = evaluator.root.format
        return _shape(shape, shape.box, rest, name)
    root = evaluator.graph.root
    if root is not None and rest and declared(evaluator.graph, root, rest[0]):
        return _knob(evaluator, root, rest, frame, index, False, name)
    if len(rest) == 1 and rest[0] in _ROOT_DEFAULTS:
        return _ROOT_DEFAULTS[rest[0]]
    raise UnknownName(name, "which Root does not have.")
