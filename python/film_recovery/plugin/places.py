"""Where a node lies in the node graph."""

from __future__ import annotations

import math

from film_recovery.host.base import Host


def place_of(host: Host, path: str) -> tuple[int, int]:
    """x and y of the node in DAG units; 0 for a side that was never set."""
    return _whole(host.knob(path, "xpos")), _whole(host.knob(path, "ypos"))


def _whole(word: str) -> int:
    try:
        value = float(word)
    except ValueError:  # Nuke gives an empty list for a node that was never placed
        return 0
    return int(value) if math.isfinite(value) else 0
