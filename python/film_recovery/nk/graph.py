"""What the statements of a script mean: Nuke's stack of nodes, replayed.

A node takes its inputs off the stack, the top one first (input 0), and is then on top itself. ``push $N``
puts a node there again, ``push 0`` nothing; ``set N [stack 0]`` names the top. A group has a stack of its
own, up to ``end_group``. A pasted snippet starts on ``$cut_paste_input``, the selected node, which is nothing
here. ``inputs 2+1`` is two main inputs and a mask, the mask lying deepest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from film_recovery.nk.node import ROOT, Node
from film_recovery.nk.scan import NkSyntaxError
from film_recovery.nk.statements import CLONE, END_GROUP, NODE, PUSH, SET, Statement

if TYPE_CHECKING:
    from film_recovery.nk.script import Script

_STACK = re.compile(r"\[stack[ \t]+([0-9]{1,6})\]\Z")
_INPUTS = re.compile(r"([0-9]{1,4})(?:\+([0-9]{1,4}))?\Z")
_PASTED = "cut_paste_input"


@dataclass
class _Scope:
    group: Node | None
    nodes: list[Node]
    stack: list[Node | None] = field(default_factory=list)


@dataclass
class _Names:
    """Variables of the script (None: the stack was empty), and the handles of ``clone handle Class``."""

    variables: dict[str, Node | None] = field(default_factory=lambda: {_PASTED: None})
    handles: dict[str, Node] = field(default_factory=dict)


def link(script: Script, items: Sequence[Statement]) -> tuple[Node | None, list[Node]]:
    """Connects the nodes of ``items``, making those that are new. Returns Root and the other top nodes."""
    root: Node | None = None
    top: list[Node] = []
    scopes = [_Scope(None, top)]
    names = _Names()
    for item in items:
        scope = scopes[-1]
        if item.kind in (NODE, CLONE):
            node = _node(script, item, names)
            node.parent, node.nodes = scope.group, []
            node.input_counts = _input_counts(script, item)
            taken = min(sum(node.input_counts), len(scope.stack))
            node._connected = [scope.stack.pop() for _ in range(taken)]
            if node.class_name == ROOT and scope.group is None and root is None:
                root = node
                continue
            scope.nodes.append(node)
            scope.stack.append(node)
            if node.is_group:
                scopes.append(_Scope(node, node.nodes))
        elif item.kind == PUSH:
            scope.stack.append(_pushed(script, item, names))
        elif item.kind == SET:
            _assign(item, names, scope.stack)
        elif item.kind == END_GROUP:
            if len(scopes) == 1:
                raise _error(script, item, "end_group stands outside any group")
            scopes.pop()
    if len(scopes) > 1:
        opened = scopes[-1].group
        assert opened is not None
        raise _error(script, opened._statement, f"the {opened.class_name} has no end_group")
    return root, top


def _node(script: Script, item: Statement, names: _Names) -> Node:
    if item.node is None:
        item.node = Node(script, item)
    node = item.node
    if item.kind == CLONE:
        _find_master(script, item, node, names)
    return node


def _find_master(script: Script, item: Statement, node: Node, names: _Names) -> None:
    """``clone $C {…}`` clones the variable's node; ``clone handle Class {…}`` the handle's first."""
    if item.class_name:
        master = names.handles.setdefault(item.name, node)
        node.class_name = item.class_name
        node.clone_of = None if master is node else master
        return
    found = names.variables.get(item.name) or names.handles.get(item.name)
    if found is None:
        raise _error(script, item, f"clone of {item.name}, which names no node above it")
    node.clone_of = found.clone_of or found
    node.class_name = node.clone_of.class_name


def _pushed(script: Script, item: Statement, names: _Names) -> Node | None:
    name = item.name
    if name == "0":
        return None
    variable = name[2:-1] if name.startswith("${") else name[1:]
    if not name.startswith("$") or variable not in names.variables:
        raise _error(script, item, f"push of {name}, which names no node above it")
    return names.variables[variable]


def _assign(item: Statement, names: _Names, stack: list[Node | None]) -> None:
    found = _STACK.match(item.value)
    if found:
        depth = int(found[1])
        names.variables[item.name] = stack[-1 - depth] if depth < len(stack) else None
    else:
        names.variables.pop(item.name, None)


def _input_counts(script: Script, item: Statement) -> tuple[int, int]:
    if item.inputs is None:
        return (0, 0) if item.name == ROOT else (1, 0)
    found = _INPUTS.match(item.inputs)
    if not found:
        raise _error(script, item, f"inputs {item.inputs[:20]} is not a number of inputs")
    return int(found[1]), int(found[2] or 0)


def _error(script: Script, item: Statement, problem: str) -> NkSyntaxError:
    column = len(item.lead) - item.lead.rfind("\n")
    return NkSyntaxError(
        f"This script cannot be followed: {problem}.",
        line=item.line,
        column=column,
        file=script.file,
        remedy="Restore the file from a backup or an autosave, or correct that line in a text editor.",
    )
