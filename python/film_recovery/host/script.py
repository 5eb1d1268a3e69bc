"""A ``.nk`` file as a host: the same work on a script's text, where no Nuke runs.

Edits are lossless: what is not touched stays byte for byte as it was. What Nuke keeps outside a script (the
selection, the frame, the viewer) is kept in memory. Nothing of the script is ever run. ``save`` writes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.host.base import (
    FULL,
    ID_KNOB,
    INDIE,
    NON_COMMERCIAL,
    PROJECT_KNOB,
    PROJECT_LABEL,
    About,
    HostError,
    NoSuchKnob,
    NoSuchNode,
    Result,
    child,
    parent,
    plain_text,
)

_LICENCES = {".nknc": NON_COMMERCIAL, ".nkind": INDIE}
_VERSION = re.compile(r"^version[ \t]+([0-9]+)\.([0-9]+)(?:[ \t]+v([0-9]+))?", re.MULTILINE)
_NODE_KNOBS = frozenset(
    "name label xpos ypos selected disable tile_color note_font note_font_size note_font_color hide_input "
    "postage_stamp onCreate knobChanged onDestroy updateUI autolabel lifetimeStart lifetimeEnd useLifetime help".split()
)
# Classes without knobs of their own: what they have is declared in the script.
_ONLY_USER_KNOBS = frozenset({"Group", "NoOp", "Dot", "Output", "PostageStamp"})
_GROUP_KNOBS = frozenset({"mapsize"})
# The first mask input of a class, which a script counts apart (``inputs 1+1``).
_FIRST_MASK = {
    **dict.fromkeys(
        "Blur Clamp ColorMatrix Colorspace Expression Grade Laplacian Log2Lin Median OCIOColorSpace OCIODisplay "
        "Sharpen".split(),
        1,
    ),
    **dict.fromkeys("Copy Dissolve Merge2 MergeExpression".split(), 2),
}
_DEFAULTS = {1: '""', 2: '""', 3: "0", 4: "", 6: "false", 7: "0"}
_TAB, _STRING = 20, 1
_DIGITS = re.compile(r"[0-9]+\Z")


class ScriptHost:
    """Keeps the contract of :class:`~film_recovery.host.base.Host` on ``script``, an ``nk.Script`` or a file.

    ``tell`` receives messages (they are also kept in ``messages``), ``answer`` answers questions; without it
    the answer is no. After an ``undo`` that was cancelled ``script`` is another object.
    """

    def __init__(
        self,
        script: nk.Script | str | os.PathLike[str],
        *,
        tell: Callable[[str], None] | None = None,
        answer: Callable[[str], bool] | None = None,
    ) -> None:
        self.script = script if isinstance(script, nk.Script) else nk.load(script)
        self.messages: list[str] = []
        self.frame: int | None = None
        self.viewed = ""
        self._tell, self._answer = tell, answer
        self._undoing = False
        self._selection = tuple(node.path for node in self.script.nodes if _is_selected(node))

    def save(self, path: str | os.PathLike[str] = "") -> None:
        """Writes the script, whole or not at all, to ``path`` or to where it came from."""
        target = os.fspath(path) or self.script.file
        if not target:
            raise HostError("The script has no file yet.", remedy="Say where to save it.")
        nk.save(self.script, target)
        self.script.file = target

    # The whole

    def about(self) -> About:
        found = _VERSION.search(self.script.text())
        version = (int(found[1]), int(found[2])) if found else (0, 0)
        release = "{}.{}".format(*version) + (f"v{found[3]}" if found and found[3] else "") if found else ""
        licence = _LICENCES.get(os.path.splitext(self.script.file)[1].lower(), FULL)
        return About(version, release, "script", licence, gui=False)

    def script_text(self) -> str:
        return self.script.text()

    def script_file(self) -> str:
        return self.script.file.replace("\\", "/")

    def project(self) -> str:
        root = self.script.root
        return root.text(PROJECT_KNOB) if root is not None else ""

    def set_project(self, folder: str) -> None:
        root = self._root()
        if not any(knob.code == _TAB for knob in root.user_knobs):
            root.declare("{20 User}")
        root.declare(f"{{{_STRING} {PROJECT_KNOB} l {nk.quote(PROJECT_LABEL)} +INVISIBLE}}")
        root.set_text(PROJECT_KNOB, folder)

    # Reading

    def nodes(self, inside: str = "") -> tuple[str, ...]:
        return tuple(node.path for node in self._inside(inside))

    def class_of(self, path: str) -> str:
        return self._node(path).class_name

    def has_knob(self, path: str, knob: str) -> bool:
        node = self._node(path)
        return knob in _NODE_KNOBS or node.get(knob) is not None or _user_knob(node, knob) is not None

    def knob(self, path: str, knob: str) -> str:
        node, name = self._target(path, knob)
        found = node.get(name)
        if found is not None:
            return found.raw
        self._check_knob(node, path, name)
        declared = _user_knob(node, name)
        return "" if declared is None else _default(declared)

    def choices(self, path: str, knob: str) -> tuple[str, ...]:
        self.knob(path, knob)  # names a node or a knob that is not there
        return ()

    def text(self, path: str, knob: str) -> str:
        return plain_text(self.knob(path, knob) or '""', path, knob, self.class_of(path))

    def find(self, fr_id: str, inside: str = "") -> tuple[str, ...]:
        found: list[str] = []
        waiting = list(reversed(self._inside(inside)))
        while waiting:
            node = waiting.pop()
            knob = node.get(ID_KNOB)
            if knob is not None and nk.literal(knob.text) == fr_id:
                found.append(node.path)
            waiting.extend(reversed(node.nodes))
        return tuple(sorted(found))

    def inputs(self, path: str) -> tuple[str | None, ...]:
        found = [None if node is None else node.path for node in self._node(path).inputs]
        while found and found[-1] is None:
            found.pop()
        return tuple(found)

    def sample(self, path: str, channel: str, x: float, y: float) -> float:
        raise HostError(
            "A script file has no pixels.",
            remedy="Open it in Nuke, or render the node.",
            node=path,
            class_name=self.class_of(path),
        )

    # Changing

    def set_knob(self, path: str, knob: str, word: str) -> None:
        node, name = self._target(path, knob)
        if node.get(name) is None:
            self._check_knob(node, path, name)
        if name == "name":
            self._rename(node, word)
        else:
            node.set(name, word)

    def set_text(self, path: str, knob: str, value: str) -> None:
        self.set_knob(path, knob, nk.quote(value))

    def insert(self, text: str, inside: str = "") -> tuple[str, ...]:
        group = self._group(inside)
        taken = {node.name for node in self._inside(inside)}
        top = self.script.insert(unique_names(text, taken), group)
        paths = tuple(node.path for node in top)
        self.select(paths)
        return paths

    def create(
        self, class_name: str, name: str, inside: str = "", knobs: Mapping[str, str] | None = None
    ) -> str:
        text = nk.node_text(class_name, {**(knobs or {}), "name": nk.quote(name)}, inputs=0)
        if class_name == "Group":
            text += "end_group\n"
        return self.insert(text, inside)[0]

    def delete(self, path: str) -> None:
        self.script.remove(self._node(path))
        self._selection = tuple(
            one for one in self._selection if one != path and not one.startswith(path + ".")
        )

    def connect(self, path: str, index: int, to: str | None) -> None:
        node = self._node(path)
        if index < 0:
            raise HostError(f"There is no input {index}.", remedy="Inputs count from 0.", node=path)
        source = None if to is None else self._node(to)
        try:
            self.script.connect(node, index, source, _FIRST_MASK.get(node.class_name))
        except HostError:
            raise
        except FilmRecoveryError as error:
            raise HostError(error.message, remedy=error.remedy, **error.where) from error

    # Showing

    def selected(self) -> tuple[str, ...]:
        return tuple(path for path in self._selection if not parent(path))

    def select(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._node(path)
        self._selection = tuple(paths)

    def show(self, path: str) -> None:
        self.select((path,))

    def go_to(self, frame: int) -> None:
        self.frame = frame

    def view(self, path: str) -> None:
        self._node(path)
        self.viewed = path

    def open_panel(self, path: str) -> None:
        self._node(path)

    def dock(self, widget: str, title: str, id: str) -> None:
        raise HostError(
            "A file has no panes.", remedy="Open the panel on its own: film-recovery panel FOLDER."
        )

    def press(self, path: str, knob: str) -> None:
        class_name = self._node(path).class_name
        raise HostError(
            f"The button {knob} needs Nuke.",
            remedy="Open the script in NukeX and press it there.",
            node=path,
            class_name=class_name,
            knob=knob,
        )

    def message(self, text: str) -> None:
        self.messages.append(text)
        if self._tell is not None:
            self._tell(text)

    def ask(self, text: str) -> bool:
        self.messages.append(text)
        return self._answer is not None and self._answer(text)

    # Running

    @contextmanager
    def undo(self, title: str) -> Iterator[None]:
        if self._undoing:
            yield
            return
        text, selection = self.script.text(), self._selection
        self._undoing = True
        try:
            yield
        except BaseException:
            if self.script.text() != text:
                self.script = nk.parse(text, file=self.script.file)
            self._selection = selection
            raise
        finally:
            self._undoing = False

    def on_main_thread(self, function: Callable[..., Result], *arguments: Any) -> Result:
        return function(*arguments)

    # Within

    def _node(self, path: str) -> nk.Node:
        try:
            return self._root() if path.lower() == "root" else self.script.node(path)
        except FilmRecoveryError as error:
            raise NoSuchNode(path, remedy=error.remedy, **error.where) from error

    def _root(self) -> nk.Node:
        """The Root; made after the head of the file where there is none."""
        if self.script.root is None:
            text = self.script.text()
            found = _VERSION.search(text)
            end = text.find("\n", found.end()) + 1 if found else 0
            head = text[: end or None] if found else ""
            rest = text[len(head) :]
            if head and not head.endswith("\n"):
                head += "\n"
            newline = self.script.newline
            made = f"{head}Root {{{newline} inputs 0{newline}}}{newline}{rest}"
            self.script = nk.parse(made, file=self.script.file)
        assert self.script.root is not None
        return self.script.root

    def _group(self, path: str) -> nk.Node | None:
        if not path:
            return None
        group = self._node(path)
        if not group.is_group:
            raise HostError("The node is not a group.", remedy="Name a Group.", node=path)
        return group

    def _inside(self, path: str) -> list[nk.Node]:
        group = self._group(path)
        return self.script.nodes if group is None else group.nodes

    def _target(self, path: str, knob: str) -> tuple[nk.Node, str]:
        """The node and knob that ``knob`` stands for: itself, or what a link of a group leads to."""
        node = self._node(path)
        for _ in range(16):
            declared = _user_knob(node, knob)
            if declared is None or not declared.is_link or not node.is_group:
                return node, knob
            place, _, knob = declared.target.rpartition(".")
            node = self._node(child(node.path, place)) if place else node
        raise HostError(
            "The links of this knob lead in a circle.", remedy="Restore the block.", node=path, knob=knob
        )

    def _check_knob(self, node: nk.Node, path: str, knob: str) -> None:
        """Refuses a knob that the node is known not to have."""
        if (
            node.class_name not in _ONLY_USER_KNOBS
            or knob in _NODE_KNOBS
            or _user_knob(node, knob) is not None
        ):
            return
        if node.class_name == "Group" and knob in _GROUP_KNOBS:
            return
        raise NoSuchKnob(path, knob, node.class_name)

    def _rename(self, node: nk.Node, word: str) -> None:
        """As Nuke does: a name that is taken gets the next free number. The selection follows."""
        before = node.path
        taken = {one.name for one in self._inside(parent(before)) if one is not node}
        node.set("name", nk.quote(free_name(nk.decode(word), taken)))
        self._selection = tuple(node.path if one == before else one for one in self._selection)


def unique_names(text: str, taken: set[str]) -> str:
    """``text`` with a free number for every top node whose name is in ``taken`` or comes twice, and for
    every one without a name."""
    script = nk.parse(text)
    used = set(taken)
    for node in script.nodes:
        if node.clone_of is not None:
            continue
        name = node.name
        free = free_name(name, used)
        if free != name or node.get("name") is None:
            node.set("name", nk.quote(free))
        used.add(free)
    return script.text()


def free_name(name: str, taken: set[str]) -> str:
    """``name``, or with the next number that makes it one of its own: Grade1, Grade2 …"""
    if name not in taken:
        return name
    stem = _DIGITS.sub("", name)
    number = int(name[len(stem) :] or 0) + 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def _is_selected(node: nk.Node) -> bool:
    knob = node.get("selected")
    return knob is not None and knob.text == "true"


def _user_knob(node: nk.Node, name: str) -> nk.UserKnob | None:
    return next((knob for knob in node.user_knobs if knob.name == name), None)


def _default(knob: nk.UserKnob) -> str:
    """The word of a user knob that was never set; ``""`` where that is not settled for its type."""
    if knob.code == 4 and knob.items:
        return nk.stored(knob.items[0])
    return _DEFAULTS.get(knob.code, "")
