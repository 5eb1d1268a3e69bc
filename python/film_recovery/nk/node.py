"""Nodes and knobs: one block of a script, read lazily and edited in place.

A :class:`Node` keeps its block as text. Reading a knob scans that block; an edit replaces only the knob's own
lines in it, in the newline style of the file. Connections are filled in by ``graph``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.block import Entry, entries, with_line, with_value, without
from film_recovery.nk.statements import Statement, read_inputs
from film_recovery.nk.userknobs import UserKnob, read_user_knob
from film_recovery.nk.words import checked, decode, literal, quote

if TYPE_CHECKING:
    from film_recovery.nk.script import Script

GROUP_CLASSES = frozenset({"Group", "Gizmo", "LiveGroup"})
ROOT = "Root"
# A clone's own; every other knob of a clone is its master's.
_OWN_KNOBS = frozenset({"inputs", "name", "xpos", "ypos", "selected"})
_NOT_KNOBS = frozenset({"inputs", "addUserKnob"})


@dataclass(frozen=True)
class Knob:
    """A knob that a block sets. ``raw`` is the word as written; ``line``, from 1, as the file was read."""

    name: str
    raw: str
    line: int

    @property
    def text(self) -> str:
        """The word decoded once: braces or quotes off, backslashes resolved. Not evaluated."""
        return decode(self.raw)


class Node:
    """A node of a script. Made by parsing only; see :class:`~film_recovery.nk.script.Script`."""

    def __init__(self, script: Script, statement: Statement) -> None:
        self._script = script
        self._statement = statement
        self._own: list[Entry] | None = None
        self.class_name = statement.name
        self.parent: Node | None = None
        self.clone_of: Node | None = None
        self.nodes: list[Node] = []
        self._connected: list[Node | None] = []
        self.input_counts = (1, 0)

    def __repr__(self) -> str:
        return f"<{self.class_name} {self.name!r}, line {self.line}>"

    # What it is

    @property
    def line(self) -> int:
        """The line where its block starts, as the file was read (edits do not renumber)."""
        return self._statement.line

    @property
    def is_group(self) -> bool:
        """Whether it has an inside of its own in this script."""
        return self.class_name in GROUP_CLASSES and self.clone_of is None

    @property
    def name(self) -> str:
        """Its name; for a block without one, the name Nuke would give it (class and number, *inferred*)."""
        return self._script.name_of(self)

    @property
    def path(self) -> str:
        """Names from the outermost group inwards: ``Group1.Grade1``."""
        names = []
        node: Node | None = self
        while node is not None:
            names.append(node.name)
            node = node.parent
        return ".".join(reversed(names))

    @property
    def inputs(self) -> list[Node | None]:
        """What it is connected to: main inputs from 0 up, then masks. None where nothing is connected."""
        missing = sum(self.input_counts) - len(self._connected)
        return self._connected + [None] * missing

    # What it holds

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The knobs set in its block, in order, the last of equal names; a clone's include its master's."""
        found: dict[str, Knob] = {}
        if self.clone_of is not None:
            found.update((name, knob) for name, knob in self.clone_of.knobs.items() if name not in _OWN_KNOBS)
        for entry in self.entries():
            if entry.name not in _NOT_KNOBS:
                found[entry.name] = self._knob(entry)
        return MappingProxyType(found)

    def get(self, name: str) -> Knob | None:
        """The knob ``name`` as this block sets it, or None where it is left at its default."""
        if name in _NOT_KNOBS:
            return None
        for entry in reversed(self.entries()):
            if entry.name == name:
                return self._knob(entry)
        if self.clone_of is not None and name not in _OWN_KNOBS:
            return self.clone_of.get(name)
        return None

    def text(self, name: str, default: str = "") -> str:
        """What the string knob ``name`` shows, its escapes resolved: the inverse of :meth:`set_text`.

        Raises :class:`FilmRecoveryError` where the knob holds live Tcl, since that is never run here.
        """
        knob = self.get(name)
        if knob is None:
            return default
        value = literal(knob.text)
        if value is None:
            raise FilmRecoveryError(
                f"The knob holds Tcl that only Nuke can evaluate: {knob.text[:80]!r}.",
                remedy="Replace it with plain text.",
                file=self._script.file or None,
                line=knob.line,
                node=self.path,
                class_name=self.class_name,
                knob=name,
            )
        return value

    @property
    def user_knobs(self) -> list[UserKnob]:
        """The knobs that its block declares with ``addUserKnob``, in order, tabs and dividers included."""
        own = [read_user_knob(decode(entry.raw)) for entry in self.entries() if entry.name == "addUserKnob"]
        return own or ([] if self.clone_of is None else self.clone_of.user_knobs)

    # Edits

    def set(self, name: str, word: str) -> None:
        """Sets the knob to ``word``, one word of a script (``nk.quote``, ``nk.numbers``, ``nk.curve``).

        A knob that the block does not set yet gets a line before ``name``, a user knob one at the end. A
        clone shares its knobs: they are set on its master.
        """
        if name == "addUserKnob" or not name:
            raise self._refused(name, "is no knob that can be set")
        if self.clone_of is not None and name not in _OWN_KNOBS:
            self.clone_of.set(name, word)
            return
        if self.class_name == ROOT and name == "inputs":
            raise self._refused(name, "cannot be set on Root")
        is_user_knob = any(knob.name == name for knob in self.user_knobs)
        code, newline = self._statement.code, self._script.newline
        self._replace(with_value(code, name, checked(word), newline, at_end=is_user_knob), name)

    def set_text(self, name: str, value: str) -> None:
        """Sets a string or file knob so that it shows exactly ``value``; nothing in it can run."""
        self.set(name, quote(value))

    def declare(self, declaration: str) -> None:
        """Adds a user knob; ``declaration`` is one word as scripts have it: ``{1 fr_project l Project}``.

        Does nothing if one of that name is there.
        """
        knob = read_user_knob(decode(checked(declaration)))
        if any(one.name == knob.name for one in self.user_knobs):
            return
        code, newline = self._statement.code, self._script.newline
        self._replace(with_line(code, f"addUserKnob {declaration}", newline), knob.name)

    def unset(self, name: str) -> None:
        """Takes the knob's lines out, so that it has its default. Does nothing if it is not set."""
        if name == "addUserKnob":
            raise self._refused(name, "is no knob that can be unset")
        if self.clone_of is not None and name not in _OWN_KNOBS:
            self.clone_of.unset(name)
            return
        self._replace(without(self._statement.code, name), name)

    # For the script and the graph

    def entries(self) -> list[Entry]:
        """Every pair of words in its own block, ``inputs`` and ``addUserKnob`` included."""
        if self._own is None:
            self._own = entries(self._statement.code)
        return self._own

    def _knob(self, entry: Entry) -> Knob:
        return Knob(entry.name, entry.raw, self.line + entry.line)

    def _replace(self, code: str, name: str) -> None:
        """Puts ``code`` in place of the block after an edit of ``name``, or leaves all as it was."""
        before = self._statement.code
        if code == before:
            return
        self._write(code)
        try:
            self._script.edited(relink=name == "inputs")
        except FilmRecoveryError:
            self._write(before)
            self._script.edited(relink=True)
            raise

    def _write(self, code: str) -> None:
        self._statement.code, self._own = code, None
        self._statement.inputs = read_inputs(code, code.index("{") + 1, len(code) - 1)

    def _refused(self, name: str, why: str) -> FilmRecoveryError:
        return FilmRecoveryError(
            f"{name!r} {why}.",
            remedy="Edit the script's text for that.",
            node=self.path,
            class_name=self.class_name,
        )
