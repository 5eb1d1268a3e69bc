"""Where a knob's value stands: in the node, in a gizmo's file, or on a link of a group around it.

A link (user knob of code 41) mirrors a knob further inside. A value set on the link reaches the inner knob,
and reading the link reads the inner knob. Expressions see the names of the node that their text stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from film_recovery import nk
from film_recovery.comp import registry
from film_recovery.comp.place import Graph, Place

LINK = 41
ENUMERATIONS = (4, 68, 83)
TEXTS = (1, 2, 43)
_MOST_LINKS = 100
# Knobs that every node has, and what they are where no script says anything.
EVERYWHERE = {"disable": False}


@dataclass(frozen=True)
class Setting:
    """A knob at the end of all links. ``text``: the decoded word in the script; None: the default holds."""

    place: Place
    name: str
    text: str | None


def setting(graph: Graph, place: Place, name: str) -> Setting:
    """The value that knob ``name`` of ``place`` has, links followed in both directions."""
    start = place, name
    for _ in range(_MOST_LINKS):
        found = _set_value(graph, place, name)
        if found is not None:
            return found
        target = link_target(graph, place, name)
        if target is None:
            return Setting(place, name, None)
        place, name = target
    raise start[0].error("The link knob leads back to itself.", knob=start[1], remedy="relink it")


def user_knobs(graph: Graph, place: Place) -> dict[str, nk.UserKnob]:
    """The user knobs of a node; for a gizmo instance those of its gizmo too."""
    if place not in graph.users:
        found = {knob.name: knob for knob in place.node.user_knobs}
        definition = graph.definition(place)
        if definition is not None and definition is not place.node:
            found = {knob.name: knob for knob in definition.user_knobs} | found
        graph.users[place] = found
    return graph.users[place]


def declared(graph: Graph, place: Place, name: str) -> bool:
    """Whether the node has such a knob as far as this engine knows: set, registered or a user knob."""
    known = registry.known(place.node.class_name)
    if name in EVERYWHERE or (known is not None and name in known.knobs):
        return True
    return place.node.get(name) is not None or name in user_knobs(graph, place)


def default(graph: Graph, found: Setting) -> Any:
    """The default behind a Setting without text: of the class, or of the kind of user knob; else None."""
    known = registry.known(found.place.node.class_name)
    if known is not None and found.name in known.knobs:
        return known.knobs[found.name]
    if found.name in EVERYWHERE:
        return EVERYWHERE[found.name]
    user = user_knobs(graph, found.place).get(found.name)
    if user is None:
        return None
    if user.code in ENUMERATIONS:
        return user.items[0] if user.items else ""
    return "" if user.code in TEXTS else 0.0


def link_target(graph: Graph, place: Place, name: str) -> tuple[Place, str] | None:
    """The inner node and knob that link ``name`` of a group mirrors; None if it is no link or is broken."""
    user = user_knobs(graph, place).get(name)
    if user is None or user.code != LINK:
        return None
    return _inner(graph, place, user.target)


def _inner(graph: Graph, place: Place, target: str) -> tuple[Place, str] | None:
    parts = target.split(".")
    inside = graph.inside(place)
    found = None
    while inside is not None and len(parts) > 1:
        node = inside.named(parts[0])
        if node is None:
            break
        found = node
        parts = parts[1:]
        inside = graph.inside(node)
    return (found, ".".join(parts)) if found is not None else None


def _set_value(graph: Graph, place: Place, name: str) -> Setting | None:
    """What a script says of the knob: on a link of a group around, else in the node's own block."""
    host = place.host
    while host is not None:
        for link in _links_to(graph, host, place, name):
            found = _set_value(graph, host, link)
            if found is not None:
                return found
        host = host.host
    knob = place.node.get(name)
    if knob is None:
        definition = graph.definition(place)
        knob = definition.get(name) if definition is not None else None
    return None if knob is None else Setting(place, name, knob.text)


def _links_to(graph: Graph, host: Place, place: Place, name: str) -> list[str]:
    index: dict[tuple[Place, str], list[str]] | None = graph.links.get(host)
    if index is None:
        index = graph.links[host] = {}
        for link in user_knobs(graph, host):
            target = link_target(graph, host, link)
            if target is not None:
                index.setdefault(target, []).append(link)
    return index.get((place, name), [])
