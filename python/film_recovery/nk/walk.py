"""Walking the connections of a script: what a node depends on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from film_recovery.nk.node import Node


def upstream(node: Node) -> Iterator[Node]:
    """Every node that ``node`` depends on through its inputs, nearest first, once each. A group is one."""
    seen: set[int] = set()
    waiting = deque(source for source in node.inputs if source is not None)
    while waiting:
        current = waiting.popleft()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting.extend(source for source in current.inputs if source is not None)
