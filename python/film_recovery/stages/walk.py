"""Walking a node graph as the evaluator sees it: through groups and gizmos, past what is disabled.

``nk.walk`` knows connections only; here a group is its inside, and the questions of the checks are answered: which
nodes work on the picture that arrives here, which frames stand in this stack, where does this knob get its value.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from film_recovery import nk
from film_recovery.comp import Evaluator, NodeCall
from film_recovery.comp.names import UnknownName, find_knob
from film_recovery.comp.place import Place
from film_recovery.comp.settings import setting

# ``LiveAreaCrop.box.x`` or ``parent.box.x``: a knob that follows another one, component by component.
_LINK = re.compile(r"!?(?P<path>[A-Za-z_][\w.]*?)(?:\.[xyrt])?\Z")


def upstream(
    evaluator: Evaluator, start: Place, frames: Iterable[float] = (1,), stop: Place | None = None
) -> Iterator[Place]:
    """``start`` and every node that works on its picture at any of ``frames``, nearest first, once each.

    Disabled nodes are passed by; groups are entered, and given themselves too. Nothing beyond ``stop`` is given.
    """
    moments = tuple(frames)
    seen: set[Place] = set()
    waiting: deque[Place | None] = deque([start])
    while waiting:
        place = waiting.popleft()
        if place is None or place in seen or place is stop:
            continue
        seen.add(place)
        if active(evaluator, place, moments):
            yield place
            waiting.extend(feeds(evaluator, place))
        else:
            waiting.extend(evaluator.graph.inputs(place)[:1])


def everything_upstream(evaluator: Evaluator, start: Place) -> list[Place]:
    """``start`` and every node upstream, switched on or off."""
    seen: dict[Place, None] = {}
    waiting: deque[Place | None] = deque([start])
    while waiting:
        place = waiting.popleft()
        if place is not None and place not in seen:
            seen[place] = None
            waiting.extend(feeds(evaluator, place))
    return list(seen)


def feeds(evaluator: Evaluator, place: Place) -> list[Place | None]:
    """What ``place`` takes its picture from: its inputs, a group's Output, or what feeds the group around an Input.

    Of a CopyBBox only input 0: the other one gives a box, no picture.
    """
    if place.node.class_name == "Input":
        return [evaluator.outer_input(place)]
    if place.node.class_name == "CopyBBox":
        return evaluator.graph.inputs(place)[:1]
    inside = evaluator.graph.inside(place)
    return list(evaluator.graph.inputs(place)) if inside is None else list(inside.of_class("Output"))


def active(evaluator: Evaluator, place: Place, frames: Iterable[float]) -> bool:
    """Whether the node is switched on at any of ``frames``."""
    for frame in frames:
        call = NodeCall(evaluator, place, float(frame))
        if not call.is_set("disable") or not call.boolean("disable"):
            return True
    return False


def of_class(places: Iterable[Place], classes: str) -> list[Place]:
    """Those of ``places`` whose class is one of the words of ``classes``."""
    words = frozenset(classes.split())
    return [place for place in places if place.node.class_name in words]


def block(evaluator: Evaluator, places: Iterable[Place], fr_id: str) -> Place | None:
    """The first of ``places`` that is the Film Recovery block ``fr_id``."""
    for place in places:
        if evaluator.graph.inside(place) is None:
            continue
        call = NodeCall(evaluator, place, 1.0)
        if call.is_set("fr_id") and call.text("fr_id") == fr_id:
            return place
    return None


def held_frames(evaluator: Evaluator, place: Place | None) -> list[int]:
    """The frames that the FrameHolds behind a stack hold, in the order in which AppendClip joins them."""
    while place is not None:
        if place.node.class_name == "FrameHold":
            call = NodeCall(evaluator, place, 1.0)
            old = call.is_set("first_frame") and not call.is_set("firstFrame")
            return [call.integer("first_frame" if old else "firstFrame")]
        sources = feeds(evaluator, place)
        if place.node.class_name == "AppendClip":
            return [frame for source in sources for frame in held_frames(evaluator, source)]
        place = next(iter(sources), None)
    return []


def followed(evaluator: Evaluator, place: Place, knob: str) -> Place:
    """The node whose ``knob`` this one shows: through links, clones and expressions, itself where it is not linked."""
    seen: set[tuple[Place, str]] = set()
    while (place, knob) not in seen:
        seen.add((place, knob))
        master = place.node.clone_of
        if master is not None:
            place = evaluator.graph.scope(place).place(master)
        found = setting(evaluator.graph, place, knob)
        place, knob = found.place, found.name
        target = _target(evaluator, place, found.text)
        if target is None:
            return place
        place, knob = target
    return place


def _target(evaluator: Evaluator, place: Place, text: str | None) -> tuple[Place, str] | None:
    """Where every component of the knob's ``text`` leads, if they all are links to one knob."""
    if text is None:
        return None
    targets: set[tuple[Place, str]] = set()
    for component in nk.components(text):
        if not isinstance(component, nk.Expression):
            return None
        match = _LINK.match(component.text.strip())
        try:
            path = match["path"].split(".") if match else []
            targets.add(find_knob(evaluator, place, path) if path else (place, ""))
        except UnknownName:
            return None
    found = targets.pop() if len(targets) == 1 else None
    return found if found is not None and found[1] else None
