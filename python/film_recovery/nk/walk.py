"""Walking the connections of a script: what a node depends on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from film_recovery.nk.node import Node


def upstream(node: Node) -> Iterator[Node]:
    """Every node that ``node`` depends on through its inputs, nearest first, once each. A group is one.

    For a node inside a group the walk goes on outside, through the group's Inputs.
    """
    seen: set[int] = set()
    waiting = deque(_feeding(node))
    while waiting:
        current = waiting.popleft()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting.extend(_feeding(current))


def _feeding(node: Node) -> list[Node]:
    """What is connected to ``node``; for an Input inside a group, what is connected to that pipe of the group."""
    sources = node.inputs
    if node.class_name == "Input" and node.parent is not None:
        doors = sorted((one for one in node.parent.nodes if one.class_name == "Input"), key=_pipe)
        index = next(index for index, door in enumerate(doors) if door is node)
        sources = node.parent.inputs[index : index + 1]
    return [source for source in sources if source is not None]


def _pipe(door: Node) -> tuple[int, str]:
    """Where an Input stands among those of its group: by ``number``, then by name."""
    knob = door.get("number")
    text = knob.text.strip() if knob else "0"
    return (int(text) if text.lstrip("-").isdigit() else 0), door.name
