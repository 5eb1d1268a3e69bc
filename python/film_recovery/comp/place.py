"""Where a node lives: the same group inside may stand in a graph many times, once for each instance.

A :class:`Place` is a node together with the group, gizmo instance or clone around it. Everything the
evaluator keeps (frames, timings, cycle checks) is kept by place, never by node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError


@dataclass(frozen=True, eq=False)
class Place:
    """``node`` inside ``host`` (None at the top level). ``path`` names it for people: ``Group1.Grade1``. ``unique`` is
    of no other place of the script: a clone without a name, which has its master's, is ``Grade1#1`` there."""

    node: nk.Node
    host: Place | None
    path: str
    unique: str
    _inside: list[Inside] = field(default_factory=list, repr=False)

    @property
    def label(self) -> str:
        return f"{self.path} ({self.node.class_name})"

    def error(self, message: str, *, remedy: str = "", **where: object) -> FilmRecoveryError:
        """An error that names this node."""
        return FilmRecoveryError(
            message, remedy=remedy, node=self.path, class_name=self.node.class_name, **where
        )


class Inside:
    """The nodes of one scope (the script's top level, or one instance of a group) as places."""

    def __init__(self, host: Place | None, nodes: list[nk.Node]) -> None:
        self.host = host
        self.nodes = nodes
        self._places: dict[int, Place] = {}
        self._by_name: dict[str, nk.Node] = {}
        self._before: dict[int, int] = {}
        alike: Counter[str] = Counter()
        for node in nodes:
            self._before[id(node)] = alike[node.name]
            alike[node.name] += 1
        for node in sorted(nodes, key=lambda node: node.clone_of is not None):
            self._by_name.setdefault(node.name, node)  # a clone without a name shares its master's

    def place(self, node: nk.Node) -> Place:
        """The place of ``node``, always the same object for the same node."""
        known = self._places.get(id(node))
        if known is None:
            path = f"{self.host.path}.{node.name}" if self.host else node.name
            unique = f"{self.host.unique}.{node.name}" if self.host else node.name
            before = self._before[id(node)]
            unique += f"#{before}" if before else ""
            known = self._places[id(node)] = Place(node, self.host, path, unique)
        return known

    def named(self, name: str) -> Place | None:
        node = self._by_name.get(name)
        return None if node is None else self.place(node)

    def of_class(self, class_name: str) -> list[Place]:
        return [self.place(node) for node in self.nodes if node.class_name == class_name]


Definition = Callable[[Place], "nk.Node | None"]


class Graph:
    """All places of one script. ``definition(place)`` gives the node whose inside a group-like place has."""

    def __init__(self, script: nk.Script, definition: Definition) -> None:
        self.script = script
        self.top = Inside(None, list(script.nodes))
        self.root = None if script.root is None else Place(script.root, None, "Root", "Root")
        # Kept by settings.py:
        self.users: dict[Place, dict[str, nk.UserKnob]] = {}
        self.links: dict[Place, dict[tuple[Place, str], list[str]]] = {}
        self._definition = definition

    def definition(self, place: Place) -> nk.Node | None:
        """The Group or Gizmo node that says what is inside ``place``; None for a plain node."""
        return self._definition(place)

    def inside(self, place: Place) -> Inside | None:
        """The scope inside ``place``, or None for a plain node."""
        if not place._inside:
            node = self.definition(place)
            if node is None:
                return None
            self._refuse_itself(place, node)
            place._inside.append(Inside(place, list(node.nodes)))
        return place._inside[0]

    def _refuse_itself(self, place: Place, definition: nk.Node) -> None:
        if any(self.definition(host) is definition for host in _around(place)):
            raise place.error(
                f"{place.node.class_name} contains itself.", remedy="remove the inner one from the group"
            )

    def scope(self, place: Place) -> Inside:
        """The scope that ``place`` stands in."""
        inside = self.top if place.host is None else self.inside(place.host)
        assert inside is not None
        return inside

    def of_node(self, node: nk.Node) -> Place:
        """The place of a node of the script itself (not of one inside a gizmo's file)."""
        chain = [node]
        while chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        inside: Inside | None = self.top
        place = None
        for step in reversed(chain):
            if inside is None or not any(step is other for other in inside.nodes):
                raise FilmRecoveryError(f"{node.path} is not a node of this script.", node=node.path)
            place = inside.place(step)
            inside = self.inside(place)
        assert place is not None
        return place

    def inputs(self, place: Place) -> list[Place | None]:
        """The places at its inputs, index 0 first; None where nothing is connected."""
        scope = self.scope(place)
        return [None if node is None else scope.place(node) for node in place.node.inputs]

    def named(self, path: str) -> Place:
        """The place called ``path`` (``Group1.Grade1``); FilmRecoveryError when there is none."""
        place = None
        inside: Inside | None = self.top
        for name in path.split("."):
            place = inside.named(name) if inside is not None else None
            if place is None:
                break
            inside = self.inside(place)
        if place is None or all(host.node.is_group for host in _around(place)):
            return self.of_node(self.script.node(path))  # raises for unknown and for ambiguous names
        return place

    def group_inputs(self, place: Place) -> list[Place]:
        """The Input nodes inside a group, in the order of its pipes: by ``number``, then by name."""
        inside = self.inside(place)
        return [] if inside is None else sorted(inside.of_class("Input"), key=_pipe)


def shown(frame: float) -> float:
    """A frame number for people: whole ones as int."""
    return int(frame) if float(frame).is_integer() else frame


def _around(place: Place) -> list[Place]:
    hosts = []
    while place.host is not None:
        place = place.host
        hosts.append(place)
    return hosts


def _pipe(place: Place) -> tuple[int, str]:
    knob = place.node.get("number")
    text = knob.text.strip() if knob else "0"
    if not text.lstrip("-").isdigit():
        raise place.error(f"The pipe number {text!r} is not a whole number.", knob="number")
    return int(text), place.node.name
