"""Nodes, groups and gizmos: classes and knobs from the facts, an inside, inputs, a place in a group."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ._facts import FACTS, nk
from ._knobs import Knob, Link_Knob, declaration, of_declaration, of_fact
from ._session import SESSION

_DIGITS = re.compile(r"[0-9]+\Z")


class Node:
    """A node of the emulated script. Made by ``make``; equal to nothing but itself."""

    _is_instance = False

    def __init__(self, class_name: str, knobs: dict[str, Any], most: int | None, mask: int | None) -> None:
        self._class = class_name
        self._knobs: dict[str, Knob] = {}
        for name, fact in knobs.items():
            self._put(of_fact(name, fact))
        self._most, self._mask = most, mask
        self._inputs: list[Node | None] = []
        self._parent: Any = None
        self._user: list[tuple[str, Knob | None]] = []  # declarations in order
        self._gone = False

    def __repr__(self) -> str:
        return f"<{self._class} {self.fullName()}>"

    # What it is

    def Class(self) -> str:
        self._check_alive()
        return self._class

    def name(self) -> str:
        return "root" if self._parent is None and self._class == "Root" else self._knobs["name"]._held()

    def fullName(self) -> str:
        if self._parent is None or self._parent._class == "Root":
            return self.name()
        return f"{self._parent.fullName()}.{self.name()}"

    def setName(self, name: str, uncollide: bool = True, updateExpressions: bool = False) -> None:
        if not isinstance(name, str) or not name:
            raise ValueError(f"{name!r} is not a name")
        taken = {one.name() for one in self._parent._children if one is not self}
        if name in taken and not uncollide:
            raise ValueError(f"there is another {name}")
        self._knobs["name"]._word = nk.stored(free_name(name, taken))

    def parent(self) -> Any:
        return self._parent

    # Knobs

    def knob(self, p: str, follow_link: bool = True) -> Knob | None:
        self._check_alive()
        if not isinstance(p, str):
            raise TypeError("the emulation finds knobs by name only")
        return self._knobs.get(p)

    def knobs(self) -> dict[str, Knob]:
        return dict(self._knobs)

    def __getitem__(self, name: str) -> Knob:
        knob = self.knob(name)
        if knob is None:
            raise NameError(f"knob {name} does not exist")
        return knob

    def addKnob(self, knob: Knob) -> None:
        if not isinstance(knob, Knob) or not knob.code:
            raise TypeError(f"{knob!r} is no user knob")
        if knob._name in self._knobs:
            raise ValueError(f"{self.fullName()} has a knob {knob._name} already")
        self._put(knob)
        self._user.append(("", knob))

    def removeKnob(self, knob: Knob) -> None:
        if all(one is not knob for _, one in self._user):
            raise ValueError("only user knobs can be removed")
        self._user = [pair for pair in self._user if pair[1] is not knob]
        del self._knobs[knob._name]

    # Inputs

    def inputs(self) -> int:
        return len(self._inputs)

    def maxInputs(self) -> int:
        return self._input_limit()

    def input(self, index: int) -> Node | None:
        self._check_alive()
        if not isinstance(index, int):
            raise TypeError("an input is a number")
        return self._inputs[index] if 0 <= index < len(self._inputs) else None

    def canSetInput(self, i: int, node: Node | None) -> bool:
        return 0 <= i < self._input_limit() and (node is None or node._parent is self._parent)

    def setInput(self, i: int, node: Node | None) -> bool:
        self._check_alive()
        if node is not None and not isinstance(node, Node):
            raise TypeError(f"{node!r} is no node")
        if not 0 <= i < self._input_limit():
            raise IndexError(
                f"{self.fullName()} ({self._class}) has no input {i}; it has {self._input_limit()}"
            )
        if node is not None and node._parent is not self._parent:
            raise RuntimeError(f"{node.fullName()} is not in the group of {self.fullName()}")
        if node is not None and (node is self or self in _above(node)):
            raise RuntimeError(f"{node.fullName()} into {self.fullName()} would be a loop")
        self._inputs += [None] * (i + 1 - len(self._inputs))
        self._inputs[i] = node
        while self._inputs and self._inputs[-1] is None:
            self._inputs.pop()
        return True

    def connectInput(self, i: int, node: Node | None) -> bool:
        return self.setInput(i, node)

    # In the graph

    def isSelected(self) -> bool:
        return self._knobs["selected"]._held() == "true"

    def setSelected(self, selected: bool) -> None:
        self._check_alive()
        self._knobs["selected"]._word = "true" if selected else None

    def selectOnly(self) -> None:
        for one in self._parent._children:
            one.setSelected(one is self)

    def xpos(self) -> int:
        return int(self._knobs["xpos"]._held() or 0)

    def ypos(self) -> int:
        return int(self._knobs["ypos"]._held() or 0)

    def setXYpos(self, x: int, y: int) -> None:
        self._knobs["xpos"]._word, self._knobs["ypos"]._word = nk.number(x), nk.number(y)

    def setXpos(self, x: int) -> None:
        self._knobs["xpos"]._word = nk.number(x)

    def setYpos(self, y: int) -> None:
        self._knobs["ypos"]._word = nk.number(y)

    def screenWidth(self) -> int:
        return 80

    def screenHeight(self) -> int:
        return 18

    def showControlPanel(self, forceFloat: bool = False) -> None:
        SESSION.shown.append(self.fullName())

    # For the emulation

    def _put(self, knob: Knob) -> None:
        knob._node = self
        self._knobs[knob._name] = knob

    def _input_limit(self) -> int:
        return 0 if self._most is None else self._most

    def _below(self, path: str) -> Node | None:
        return None

    def _check_alive(self) -> None:
        if self._gone:
            raise ValueError("A PythonObject is not attached to a node")


class Group(Node):
    """A node with an inside; ``with group:`` makes nodes there."""

    def __init__(self, class_name: str, knobs: dict[str, Any]) -> None:
        super().__init__(class_name, knobs, None, None)
        self._children: list[Node] = []

    def nodes(self) -> list[Node]:
        return self._children[: SESSION.listed]

    def node(self, s: str) -> Node | None:
        return self._below(s)

    def numNodes(self) -> int:
        return len(self._children)

    def selectedNodes(self) -> list[Node]:
        return [node for node in self._children if node.isSelected()]

    def begin(self) -> Group:
        SESSION.group.append(self)
        return self

    def end(self) -> None:
        if not SESSION.group or SESSION.group[-1] is not self:
            raise RuntimeError("end of a group that was not begun")
        SESSION.group.pop()

    def __enter__(self) -> Group:
        return self.begin()

    def __exit__(self, *exception: object) -> None:
        self.end()

    def _below(self, path: str) -> Node | None:
        for one in self._children:
            name = one.name()
            if path == name:
                return one
            if path.startswith(name + ".") and isinstance(one, Group):
                found = one._below(path[len(name) + 1 :])
                if found is not None:
                    return found
        return None

    def _input_limit(self) -> int:
        return sum(one._class == "Input" for one in self._children)


class Gizmo(Group):
    """An instance of a ``.gizmo`` file that holds a Gizmo: its inside is the file's, and is not saved."""

    _is_instance = True

    def filename(self) -> str:
        return self._file

    def __init__(self, class_name: str, knobs: dict[str, Any], file: str) -> None:
        super().__init__(class_name, knobs)
        self._file = file


class Root(Group):
    """The script."""


def make_root() -> Root:
    root = Root("Root", dict(FACTS.classes["Root"].knobs))
    root._knobs["name"]._default = ""
    return root


def make(class_name: str) -> Node:
    """A fresh node of the class, in no group yet. A class that neither the facts nor a gizmo know is an error."""
    if class_name in ("Group", "Gizmo", "LiveGroup", "Root"):
        if class_name != "Group":
            raise RuntimeError(f"{class_name} is not made by name")
        return Group("Group", dict(FACTS.classes["Group"].knobs))
    fact = FACTS.classes.get(class_name)
    if fact is None:
        raise RuntimeError(f"{class_name}: Unknown command")
    node = Node(class_name, dict(fact.knobs), fact.count[1] if fact.count else 0, fact.mask)
    for (of, name), value in SESSION.defaults.items():
        if of == class_name:
            node[name]._default = value
    return node


def gizmo_file(class_name: str) -> Path | None:
    for folder in SESSION.plugin_path:
        file = Path(folder, f"{class_name}.gizmo")
        if file.is_file():
            return file
    return None


def adopt(group: Group, node: Node, name: str) -> None:
    """Puts the node into the group, under a name of its own."""
    node._parent = group
    group._children.append(node)
    taken = {one.name() for one in group._children if one is not node}
    node._knobs["name"]._word = nk.stored(free_name(name, taken))


def declare(node: Node, text: str, declared: Any) -> None:
    """An ``addUserKnob`` line of a script."""
    knob = of_declaration(declared, text) if declared.name else None
    if knob is not None:
        if knob._name in node._knobs:
            raise RuntimeError(f"{node._class} has a knob {knob._name} already")
        node._put(knob)
    node._user.append((text, knob))


def declared_as(text: str, knob: Knob | None) -> str:
    """The word that declares a user knob in a script."""
    return text if text or knob is None else declaration(knob)


def default_name(class_name: str) -> str:
    return f"{_DIGITS.sub('', class_name.rpartition('.')[2])}1"


def free_name(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    stem = _DIGITS.sub("", name)
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def is_link(knob: Knob | None) -> bool:
    return isinstance(knob, Link_Knob)


def _above(node: Node) -> set[Node]:
    found: set[Node] = set()
    waiting = [node]
    while waiting:
        for one in waiting.pop()._inputs:
            if one is not None and one not in found:
                found.add(one)
                waiting.append(one)
    return found
