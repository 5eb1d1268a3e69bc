"""Taking a node out of a script while every other connection stays as it was.

The stack has no command that drops a node, so there are three ways, tried in this order: leave the lines out
(its input 0 is then on top in its place); put ``push 0`` there; or push the wanted inputs afresh before the
nodes that would be wired differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from film_recovery.nk.graph import link
from film_recovery.nk.statements import CLONE, END_GROUP, NODE, PUSH, SET, Statement

if TYPE_CHECKING:
    from film_recovery.nk.node import Node
    from film_recovery.nk.script import Script

Wiring = dict[int, list["Node | None"]]


def removed(script: Script, items: list[Statement], node: Node) -> list[Statement]:
    """``items`` without ``node`` and its inside, rewired so that its input 0 takes its place."""
    start = items.index(node._statement)
    end = end_of(items, start, node)
    wanted = _wanted(items[:start] + items[end:], node)
    lead = items[start].lead
    without = _joined(items[:start], lead, items[end:])
    if _is_wired(script, without, wanted):
        return without
    nothing = _push("0", script.newline, lead[lead.rfind("\n") + 1 :])
    with_nothing = _joined([*items[:start], nothing], lead, items[end:])
    if _is_wired(script, with_nothing, wanted):
        return with_nothing
    return _rewired(script, without, wanted)


def end_of(items: Sequence[Statement], start: int, node: Node) -> int:
    """The index after the statement that ends ``node``: its own, or its group's ``end_group``."""
    if not node.is_group:
        return start + 1
    depth = 0
    for index in range(start, len(items)):
        inner = items[index].node
        if inner is not None and inner.is_group:
            depth += 1
        elif items[index].kind == END_GROUP:
            depth -= 1
            if depth == 0:
                return index + 1
    raise AssertionError("a linked group has an end_group")


def _wanted(items: Sequence[Statement], gone: Node) -> Wiring:
    source = next(iter(gone.inputs[: gone.input_counts[0]]), None)
    return {
        id(item): [source if one is gone else one for one in item.node.inputs]
        for item in items
        if item.node is not None
    }


def _joined(before: Sequence[Statement], lead: str, after: Sequence[Statement]) -> list[Statement]:
    """``before`` and ``after``, with the whole lines (comments) that stood before the removed ones kept."""
    kept = lead[: lead.rfind("\n") + 1]
    if not kept:
        return [*before, *after]
    note = Statement("other", "", kept, "", "", 0)
    return [*before, note, *after]


def _is_wired(script: Script, items: Sequence[Statement], wanted: Wiring) -> bool:
    return _first_wrong(script, items, wanted) is None


def _first_wrong(script: Script, items: Sequence[Statement], wanted: Wiring) -> int | None:
    link(script, items)
    for index, item in enumerate(items):
        if item.node is not None and item.node.inputs != wanted[id(item)]:
            return index
    return None


def _rewired(script: Script, items: list[Statement], wanted: Wiring) -> list[Statement]:
    """Pushes the wanted inputs before each node that is wired differently, from the top down."""
    while True:
        wrong = _first_wrong(script, items, wanted)
        if wrong is None:
            return items
        item = items[wrong]
        indent = item.lead[item.lead.rfind("\n") + 1 :]
        pushes = []
        for source in reversed(wanted[id(item)]):
            variable = "0" if source is None else "$" + _variable(items, source, script.newline)
            pushes.append(_push(variable, script.newline, indent))
        at = items.index(item)
        items[at:at] = pushes


def _variable(items: list[Statement], source: Node, newline: str) -> str:
    """A variable that names ``source``: one of its own made right after it, unless it is there already."""
    after = end_of(items, items.index(source._statement), source)
    if after < len(items) and items[after].kind == SET and items[after].value == "[stack 0]":
        name = items[after].name
        if (
            sum(item.kind == SET and item.name == name for item in items) == 1
        ):  # else it may name another later
            return name
    taken = {item.name for item in items if item.kind in (SET, PUSH, CLONE, NODE)}
    number = 1
    while f"Nf{number:x}" in taken:
        number += 1
    name = f"Nf{number:x}"
    lead = source._statement.lead
    indent = lead[lead.rfind("\n") + 1 :]
    named = Statement(SET, name, indent, f"set {name} [stack 0]", newline, source.line)
    named.value = "[stack 0]"
    items.insert(after, named)
    return name


def _push(variable: str, newline: str, indent: str) -> Statement:
    return Statement(PUSH, variable, indent, f"push {variable}", newline, 0)
