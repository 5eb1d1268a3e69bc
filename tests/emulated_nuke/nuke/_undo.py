"""Undo: the whole script as it was, put back node by node, so that what holds a node still holds it."""

from __future__ import annotations

from typing import Any

from ._nodes import Group, Node
from ._session import SESSION


class Undo:
    """Blocks of changes. Within a block others belong to it."""

    def __init__(self, *title: str) -> None:
        self._title = title[0] if title else ""

    @classmethod
    def begin(cls, title: str = "") -> None:
        SESSION.undo_open.append((title, _snapshot()))

    @classmethod
    def end(cls) -> None:
        if not SESSION.undo_open:
            raise RuntimeError("no undo block is open")
        block = SESSION.undo_open.pop()
        if not SESSION.undo_open:
            SESSION.undone.append(block)

    @classmethod
    def cancel(cls) -> None:
        if not SESSION.undo_open:
            raise RuntimeError("no undo block is open")
        _restore(SESSION.undo_open.pop()[1])

    @classmethod
    def undo(cls) -> None:
        if not SESSION.undone:
            raise RuntimeError("there is nothing to undo")
        _restore(SESSION.undone.pop()[1])

    @classmethod
    def name(cls) -> str:
        return SESSION.undone[-1][0] if SESSION.undone else ""

    def __enter__(self) -> Undo:
        self.begin(self._title)
        return self

    def __exit__(self, *exception: object) -> None:
        self.end()


def _snapshot() -> list[tuple[Node, dict[str, Any]]]:
    from . import root

    kept: list[tuple[Node, dict[str, Any]]] = []
    waiting: list[Node] = [root()]
    while waiting:
        node = waiting.pop()
        state = {
            "_knobs": dict(node._knobs),
            "_user": list(node._user),
            "_inputs": list(node._inputs),
            "_parent": node._parent,
            "words": [(knob, knob._word) for knob in node._knobs.values()],
        }
        if isinstance(node, Group):
            state["_children"] = list(node._children)
            waiting += node._children
        kept.append((node, state))
    return kept


def _restore(kept: list[tuple[Node, dict[str, Any]]]) -> None:
    from . import _all_below, root

    for node in _all_below(root()):
        node._gone = True
    for node, state in kept:
        node._gone = False
        for knob, word in state["words"]:
            knob._word = word
        for name in ("_knobs", "_user", "_inputs", "_parent"):
            setattr(node, name, state[name])
        if "_children" in state:
            node._children = state["_children"]  # type: ignore[attr-defined]
