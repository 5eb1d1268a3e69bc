"""Where a node lies in the node graph, and to which project a script belongs."""

from __future__ import annotations

import math

from film_recovery.host.base import Host
from film_recovery.project.lock import project_of


def place_of(host: Host, path: str) -> tuple[int, int]:
    """x and y of the node in DAG units; 0 for a side that was never set."""
    return _whole(host.knob(path, "xpos")), _whole(host.knob(path, "ypos"))


def project_folder(host: Host) -> str:
    """The project that was set for the script, or else the one that the script's file lies in; "" for none."""
    folder, file = host.project(), host.script_file()
    if folder or not file:
        return folder
    found = project_of(file)
    return "" if found is None else found.as_posix()


def _whole(word: str) -> int:
    try:
        value = float(word)
    except ValueError:  # Nuke gives an empty list for a node that was never placed
        return 0
    return int(value) if math.isfinite(value) else 0
