"""A whole script: its statements, its nodes by name, and edits that add or remove nodes.

``parse`` is the way in, ``Script.text`` the way out. An unedited script gives back its text byte for byte.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.graph import link
from film_recovery.nk.node import Node
from film_recovery.nk.removal import end_of, removed
from film_recovery.nk.statements import CLONE, NODE, statements
from film_recovery.nk.wiring import connected, inserted
from film_recovery.nk.words import decode

_DIGITS_AT_END = re.compile(r"[0-9]+\Z")


class Script:
    """The nodes of a script and its exact text. ``file`` is where it came from, or empty."""

    def __init__(self, text: str, file: str = "") -> None:
        self.file = file
        self._source: str | None = text
        self._items, self._tail = statements(text, file)
        first = text.find("\n")
        self.newline = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
        self._names: dict[int, dict[str, list[Node]]] = {}
        self._given: dict[int, str] = {}
        self.root: Node | None
        self.nodes: list[Node]
        self.root, self.nodes = link(self, self._items)

    def text(self) -> str:
        """The script's text; untouched parts as they were read."""
        if self._source is None:
            self._source = "".join(item.text for item in self._items) + self._tail
        return self._source

    def all_nodes(self) -> Iterator[Node]:
        """Every node but Root, in file order, those inside groups included."""
        return (item.node for item in self._items if item.node is not None and item.node is not self.root)

    @property
    def block_count(self) -> int:
        """How many blocks the text holds: nodes, clones and Root."""
        return sum(item.kind in (NODE, CLONE) for item in self._items)

    def node(self, path: str) -> Node:
        """The node at ``path`` (``Grade1``, ``Group1.Grade1``; ``root`` is Root).

        Raises :class:`FilmRecoveryError` naming the nearest names, or the lines of nodes that share the name.
        A clone without a name of its own shares its master's; the master is meant.
        """
        if path.lower() == "root" and self.root is not None:
            return self.root
        node: Node | None = None
        parts = path.split(".")
        at = 0
        while at < len(parts):
            name = self._next_name(node, parts, at)
            node = self._child(node, name, path)
            at += name.count(".") + 1
        assert node is not None
        return node

    def text_of(self, node: Node) -> str:
        """The text of ``node`` exactly as it stands, a group's with its inside; its connections are not in it."""
        self._check_own(node)
        start = self._items.index(node._statement)
        inside = self._items[start + 1 : end_of(self._items, start, node)]
        return node._statement.code + node._statement.trail + "".join(item.text for item in inside)

    def append(self, text: str) -> list[Node]:
        """Adds the statements of ``text`` at the end, on the stack as it is, and returns their nodes."""
        if self.newline == "\r\n" and "\r\n" not in text:
            text = text.replace("\n", "\r\n")
        if text and not text.endswith("\n"):
            text += self.newline
        added, tail = statements(text, self.file)
        before_items, before_tail = self._items, self._tail
        before = self.text()
        gap = self._tail
        if before and not before.endswith("\n"):
            gap += self.newline
        lines = (before + gap[len(self._tail) :]).count("\n")
        for item in added:
            item.line += lines
        if added:
            added[0].lead = gap + added[0].lead
        self._items = [*before_items, *added]
        self._tail = tail if added else gap + tail
        try:
            self.edited(relink=True)
        except FilmRecoveryError:
            self._items, self._tail = before_items, before_tail
            self.edited(relink=True)
            raise
        return [item.node for item in added if item.node is not None]

    def remove(self, node: Node) -> None:
        """Takes ``node`` out (a group with its inside). What it fed is then fed by its input 0, as in Nuke.

        Raises :class:`FilmRecoveryError` for a node of another script, Root, or the master of clones.
        Expressions that name the node are not rewritten.
        """
        if node._script is not self or node._statement not in self._items or node is self.root:
            raise FilmRecoveryError("Only this script's nodes can be removed, and not Root.", node=node.path)
        gone = _with_inside(node)
        clones = [one for one in self.all_nodes() if id(one.clone_of) in gone and id(one) not in gone]
        if clones:
            lines = ", ".join(str(clone.line) for clone in clones)
            raise FilmRecoveryError(
                f"There are clones (line {lines}) that take their knobs from what would be removed.",
                remedy="Remove the clones first.",
                node=node.path,
                class_name=node.class_name,
            )
        try:
            self._items = removed(self, self._items, node)
        finally:
            self.edited(relink=True)

    def insert(self, text: str, group: Node | None = None) -> list[Node]:
        """Adds the nodes of ``text`` at the end of ``group``, or of the script, connected among themselves only.

        Returns its top nodes. The head of a snippet or a file is left out. Raises :class:`FilmRecoveryError`
        for a Root or a command in ``text``; the script is then as it was.
        """
        self._check_own(group)
        before = self._items
        top: list[Node] = []
        try:
            if before and not self.text().endswith("\n"):
                before[-1].trail += self._tail + self.newline
                self._tail = ""
            self._items, top = inserted(self, list(before), text, group)
        except FilmRecoveryError:
            self._items = before
            raise
        finally:
            self.edited(relink=True)
        return top

    def connect(self, node: Node, index: int, source: Node | None, mask: int | None = None) -> None:
        """Feeds input ``index`` of ``node`` from ``source``, or from nothing; all else stays as it is.

        Inputs from ``mask`` on are written as mask inputs (``inputs 1+1``). Raises :class:`FilmRecoveryError`
        for a loop or a node of another group; the script is then as it was.
        """
        self._check_own(node)
        self._check_own(source)
        before, code = list(self._items), node._statement.code
        try:
            self._items = connected(self, list(before), node, index, source, mask)
        except FilmRecoveryError:
            self._items = before
            node._write(code)
            raise
        finally:
            self.edited(relink=True)

    # For nodes

    def edited(self, *, relink: bool) -> None:
        """Forgets what an edit made untrue; ``relink`` replays the stack as well."""
        self._source = None
        self._names.clear()
        self._given.clear()
        if relink:
            self.root, self.nodes = link(self, self._items)

    def name_of(self, node: Node) -> str:
        """The name of ``node`` in its scope: its own, its master's, or the one Nuke would give it."""
        if node is self.root:
            return "root"
        own = _own_name(node)
        if own is not None:
            return own
        master = node.clone_of or node
        own = _own_name(master)
        if own is not None:
            return own
        if id(master) not in self._given:
            self._masters(master.parent)
        return self._given[id(master)]

    def _check_own(self, node: Node | None) -> None:
        if node is not None and (node._script is not self or node._statement not in self._items):
            raise FilmRecoveryError("The node is not of this script.", node=node.name)

    def _next_name(self, parent: Node | None, parts: list[str], at: int) -> str:
        """The name that ``parts[at:]`` starts with. A name may hold dots: the shortest that exists is meant."""
        scope = self._scope(parent)
        name = parts[at]
        longest = max(map(len, scope), default=0)
        following = at + 1
        while name not in scope and len(name) < longest and following < len(parts):
            name = f"{name}.{parts[following]}"
            following += 1
        return name if name in scope else parts[at]

    def _child(self, parent: Node | None, name: str, path: str) -> Node:
        scope = self._scope(parent)
        found = scope.get(name, [])
        found = [node for node in found if node.clone_of is None] or found
        if len(found) == 1:
            return found[0]
        if found:
            lines = " and ".join(str(node.line) for node in found)
            raise FilmRecoveryError(
                f"{len(found)} nodes are called {name!r}, on lines {lines}.",
                remedy="Give each its own name.",
                file=self.file or None,
            )
        near = difflib.get_close_matches(name, scope, 3) or sorted(scope)[:3]
        where = f" in {parent.path}" if parent is not None else ""
        raise FilmRecoveryError(
            f"There is no node {path!r}: nothing is called {name!r}{where}.",
            remedy=f"The nearest names are {', '.join(near)}." if near else "There are no nodes at all.",
            file=self.file or None,
        )

    def _scope(self, parent: Node | None) -> dict[str, list[Node]]:
        """The nodes of a scope by name, clones after the others."""
        if id(parent) not in self._names:
            names = dict(self._masters(parent))
            for node in self._nodes_in(parent):
                if node.clone_of is not None:
                    name = self.name_of(node)
                    names[name] = [*names.get(name, []), node]
            self._names[id(parent)] = names
        return self._names[id(parent)]

    def _masters(self, parent: Node | None) -> dict[str, list[Node]]:
        """The nodes of a scope but clones, by name; those without one are numbered after those with one."""
        names: dict[str, list[Node]] = {}
        unnamed = []
        for node in self._nodes_in(parent):
            own = _own_name(node)
            if node.clone_of is None and own is None:
                unnamed.append(node)
            elif node.clone_of is None and own is not None:
                names.setdefault(own, []).append(node)
        counts: dict[str, int] = {}
        for node in unnamed:
            stem = _DIGITS_AT_END.sub("", node.class_name)
            number = counts.get(stem, 0) + 1
            while f"{stem}{number}" in names:
                number += 1
            counts[stem] = number
            self._given[id(node)] = f"{stem}{number}"
            names[f"{stem}{number}"] = [node]
        return names

    def _nodes_in(self, parent: Node | None) -> list[Node]:
        return self.nodes if parent is None else parent.nodes


def parse(text: str, *, file: str = "") -> Script:
    """Reads script or gizmo text. Raises :class:`NkSyntaxError` with line and column if it is malformed."""
    return Script(text, file)


def _with_inside(node: Node) -> set[int]:
    """The identities of ``node`` and of all that a group holds."""
    found: set[int] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        found.add(id(current))
        waiting.extend(current.nodes)
    return found


def _own_name(node: Node) -> str | None:
    for entry in reversed(node.entries()):
        if entry.name == "name":
            return decode(entry.raw)
    return None
