"""Putting nodes into a script, and feeding an input from another node, while every other connection stays as it was.

Both say which node is to feed which (*the wiring*), then push afresh before whatever the stack would feed
differently (``removal``). A node that is to be fed by one that stands below it moves below that one, with all
that it feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.block import with_value
from film_recovery.nk.graph import link
from film_recovery.nk.node import ROOT, Node
from film_recovery.nk.removal import Wiring, _rewired, end_of
from film_recovery.nk.statements import OTHER, PUSH, SET, Statement, read_inputs, statements
from film_recovery.nk.walk import upstream

if TYPE_CHECKING:
    from film_recovery.nk.script import Script

_PASTED = "cut_paste_input"
_HEADER = frozenset({"version", "define_window_layout", "define_window_layout_xml"})
_HARMLESS = frozenset({"add_layer", "add_layer_alias"})


def inserted(
    script: Script, items: list[Statement], text: str, group: Node | None
) -> tuple[list[Statement], list[Node]]:
    """``items`` with the statements of ``text`` last in ``group`` (or in the script), and their top nodes.

    They are connected among themselves only. Raises :class:`FilmRecoveryError` for a Root or a command.
    """
    added = _pasted(script, text)
    _, top = link(script, added)
    wanted = _wiring(added)
    link(script, items)
    wanted.update(_wiring(items))
    at = len(items) if group is None else end_of(items, items.index(group._statement), group) - 1
    return _rewired(script, [*items[:at], *added, *items[at:]], wanted), top


def connected(
    script: Script, items: list[Statement], node: Node, index: int, source: Node | None, mask: int | None
) -> list[Statement]:
    """``items`` with input ``index`` of ``node`` fed by ``source``; inputs from ``mask`` on are mask inputs.

    Writes the node's ``inputs`` line where it has too few. Raises :class:`FilmRecoveryError` for a loop or a
    node of another group.
    """
    _check(node, source)
    wanted = _wiring(items)
    own = wanted[id(node._statement)]
    if index >= len(own):
        own += [None] * (index + 1 - len(own))
        _write_inputs(script, node, len(own), mask)
    own[index] = source
    if source is not None and items.index(source._statement) > items.index(node._statement):
        items = _moved_below(items, node, source, wanted)
    return _rewired(script, items, wanted)


def _pasted(script: Script, text: str) -> list[Statement]:
    """The statements of ``text`` without the head of a file or a snippet."""
    if script.newline == "\r\n" and "\r\n" not in text:
        text = text.replace("\n", "\r\n")
    if text and not text.endswith("\n"):
        text += script.newline
    kept = []
    for item in statements(text)[0]:
        if item.name == ROOT and item.kind != OTHER:
            raise FilmRecoveryError(
                "The text to insert holds a Root, which would edit the project settings of the script.",
                remedy="Take the Root out of it.",
                line=item.line,
            )
        if item.kind == OTHER and item.name not in _HEADER | _HARMLESS:
            raise FilmRecoveryError(
                f"The text to insert holds a command, {item.name!r}; only nodes can be inserted.",
                remedy="Take it out of the text.",
                line=item.line,
            )
        is_head = item.kind == OTHER and item.name in _HEADER
        is_place = _PASTED in (item.name, item.name.lstrip("$"))
        if not is_head and not (item.kind in (SET, PUSH) and is_place):
            item.lead = item.lead[item.lead.rfind("\n") + 1 :] if "#!" in item.lead else item.lead
            kept.append(item)
    return kept


def _wiring(items: Sequence[Statement]) -> Wiring:
    return {id(item): list(item.node.inputs) for item in items if item.node is not None}


def _check(node: Node, source: Node | None) -> None:
    if source is None:
        return
    if source.parent is not node.parent:
        raise FilmRecoveryError(
            f"{source.path} and {node.path} are not in the same group.",
            remedy="Connect nodes of one group; an Input node brings a picture in.",
            node=node.path,
        )
    if source is node or any(one is node for one in upstream(source)):
        raise FilmRecoveryError(
            f"{node.path} feeds {source.path}, so feeding it back would be a loop.",
            remedy="Connect another node.",
            node=node.path,
        )


def _write_inputs(script: Script, node: Node, count: int, mask: int | None) -> None:
    main = count if mask is None else min(count, mask)
    masks = count - main
    statement = node._statement
    statement.code = with_value(
        statement.code, "inputs", f"{main}+{masks}" if masks else str(main), script.newline
    )
    statement.inputs = read_inputs(statement.code, statement.code.index("{") + 1, len(statement.code) - 1)
    node._own = None


def _moved_below(items: list[Statement], node: Node, source: Node, wanted: Wiring) -> list[Statement]:
    """``items`` with ``node``, and all that it feeds above ``source``, after ``source``, in the same order."""
    start = items.index(node._statement)
    end = _block_end(items, items.index(source._statement), source)
    moving = {id(node)}
    kept: list[Statement] = []
    moved: list[Statement] = []
    at = start
    while at < end:
        item = items[at]
        one = item.node
        if one is None:
            kept += _without_push(item)
            at += 1
            continue
        after = _block_end(items, at, one)
        if id(one) in moving or any(id(fed) in moving for fed in wanted[id(item)]):
            moving.add(id(one))
            moved += items[at:after]
        else:
            kept += items[at:after]
        at = after
    return [*items[:start], *kept, *moved, *items[end:]]


def _block_end(items: Sequence[Statement], at: int, node: Node) -> int:
    """The index after a node's block, its inside and the variables that name it."""
    end = end_of(items, at, node)
    while end < len(items) and items[end].kind == SET and items[end].value == "[stack 0]":
        end += 1
    return end


def _without_push(item: Statement) -> list[Statement]:
    """A push is written afresh where it is needed; a comment before it stays."""
    if item.kind != PUSH:
        return [item]
    return [Statement(OTHER, "", item.lead, "", "\n", item.line)] if item.lead.strip() else []
