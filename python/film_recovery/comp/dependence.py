"""What the picture of a node depends on in the script: nodes, and knobs elsewhere that theirs follow.

Nothing is evaluated, so every way is gone: of a Switch all inputs, of a disabled node what it would use. What is not
found here changes no pixel of that node: another branch, a note, a backdrop. A place in the graph, a label, a colour
(``LOOKS``) change none either. Used for a render's job key and for what a signature of rendered frames is of.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from film_recovery.comp import registry
from film_recovery.comp.evaluate import Evaluator
from film_recovery.comp.names import PICTURE, UnknownName, find, find_knob
from film_recovery.comp.place import Graph, Place
from film_recovery.comp.settings import declared, default, setting, user_knobs

# No pixel depends on these knobs; Inference's state of its buttons is one of them.
LOOKS = registry.COSMETIC - {"useLifetime", "lifetimeStart", "lifetimeEnd"} | {"serialiseKnob"}
_SHAPE = frozenset({"width", "height", "pixel_aspect"})
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


@dataclass(frozen=True)
class Behind:
    """``places``: the node itself, what its picture may come from, and the groups around. ``values``: knobs that one
    of these follows by an expression or ``[value …]``, of whatever node."""

    places: tuple[Place, ...]
    values: tuple[tuple[Place, str], ...]


def behind(evaluator: Evaluator, start: Place, without: Collection[str] = LOOKS) -> Behind:
    """What the picture of ``start`` depends on. ``without``: knobs that are not looked into for what they follow.

    Raises FilmRecoveryError for a gizmo that cannot be read.
    """
    graph = evaluator.graph
    places: dict[Place, None] = {}  # looked into: their knobs count
    pictures: set[Place] = set()
    values: dict[tuple[Place, str], None] = {}
    waiting: deque[Place] = deque([start])
    reading: deque[tuple[Place, str]] = deque()
    while waiting or reading:
        if waiting:
            place = waiting.popleft()
            if place in pictures:
                continue
            pictures.add(place)
            waiting.extend(_sources(evaluator, place))
            read = [one for one in (place, *_around(place)) if one not in places]
            places.update(dict.fromkeys(read))
            texts = [(one, text) for one in read for _, text in knobs_of(graph, one, without)]
        else:
            found = setting(graph, *reading.popleft())
            key = (found.place, found.name)
            if key in values:
                continue
            values[key] = None
            texts = [(found.place, found.text or "")]
        for one, text in texts:
            for target, knob in _followed(evaluator, one, text):
                if target is graph.root:
                    reading.extend((target, name) for name in _of_root(knob) if declared(graph, target, name))
                elif knob in PICTURE and not declared(graph, target, knob):
                    waiting.extend(_pictured(evaluator, one, target))
                else:
                    reading.append((target, knob))
    return Behind(tuple(places), tuple(values))


def knobs_of(graph: Graph, place: Place, without: Collection[str] = LOOKS) -> list[tuple[str, str]]:
    """Name and decoded text of every knob that is set, by its gizmo's file too; those of ``without`` left out."""
    definition = graph.definition(place)
    found = {} if definition is None else dict(definition.knobs)
    found.update(place.node.knobs)
    return sorted((name, knob.text) for name, knob in found.items() if name not in without)


def described(graph: Graph, place: Place, without: Collection[str] = LOOKS) -> list[Any]:
    """JSON values of a node: its name, class, what it is wired to, its knobs, and those that it declares."""
    wired = [None if source is None else source.unique for source in graph.inputs(place)]
    if place.node.class_name == "Input" and place.host is not None:
        wired.append(str(graph.group_inputs(place.host).index(place)))
    declares = sorted(
        (name, knob.code, list(knob.items), knob.target)
        for name, knob in user_knobs(graph, place).items()
        if name not in without
    )
    return [place.unique, place.node.class_name, wired, knobs_of(graph, place, without), declares]


def described_value(graph: Graph, place: Place, knob: str) -> list[Any]:
    """JSON values of a knob that others follow: its node, name, text, and what counts where it has none."""
    found = setting(graph, place, knob)
    menu = user_knobs(graph, place).get(knob)
    return [
        place.unique,
        knob,
        found.text,
        str(default(graph, found)),
        [] if menu is None else list(menu.items),
    ]


def _sources(evaluator: Evaluator, place: Place) -> Iterator[Place]:
    """What ``place`` may take its picture from; a disabled group passes its first input on."""
    graph = evaluator.graph
    inside = graph.inside(place)
    found = graph.inputs(place) if inside is None else [*graph.inputs(place)[:1], *inside.of_class("Output")]
    if place.node.class_name == "Input":
        found = [evaluator.outer_input(place)]
    yield from (one for one in found if one is not None)


def _pictured(evaluator: Evaluator, place: Place, target: Place) -> Iterator[Place]:
    """Whose picture a name such as ``parent.width``, in a knob of ``place``, is of (see ``names``)."""
    if target in (place, *_around(place)):
        yield from (one for one in evaluator.graph.inputs(target)[:1] if one is not None)
    else:
        yield target


def _followed(evaluator: Evaluator, place: Place, text: str) -> Iterator[tuple[Place, str]]:
    """Node and knob of every name in ``text`` that means one; a word that only looks like one does no harm."""
    for name in dict.fromkeys(_PATH.findall(text)):
        path = name.split(".")
        try:
            if path[0] == "root":
                yield find_knob(evaluator, place, path)
                continue
            target, rest = find(evaluator, place, path)
        except UnknownName:
            continue
        if rest and (rest[0] in PICTURE or declared(evaluator.graph, target, rest[0])):
            yield target, rest[0]


def _of_root(knob: str) -> tuple[str, ...]:
    """Which knob of Root a name is about; ``root.frame`` is the frame that is made, whatever was looked at last."""
    return () if knob == "frame" else ("format",) if knob in _SHAPE else (knob,)


def _around(place: Place) -> Iterator[Place]:
    while place.host is not None:
        place = place.host
        yield place
