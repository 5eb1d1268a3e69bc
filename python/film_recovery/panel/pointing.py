"""*Show me*: brings the operator to the node, the frame or the file that a check is about. No Qt.

What was measured of the written frames is also put into the script's FR_IdentityCheck, whose knob ``maximum`` waits
for somebody who measures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery import nk
from film_recovery.host.base import Host
from film_recovery.panel.checklist import Item
from film_recovery.plugin.places import project_folder

IDENTITY = "validation.identity"
_BLOCK, _KNOB = "FR_IdentityCheck", "maximum"


def hindrance(host: Host | None, folder: Path, show: Mapping[str, Any]) -> str:
    """Why this place cannot be shown, for a tooltip; empty when it can."""
    return "" if has_file(folder, show) else _away(host, folder)


def _away(host: Host | None, folder: Path) -> str:
    """Why the node graph cannot show anything of this project."""
    if host is None:
        return _NO_NUKE
    if not _is_of(host, folder):
        return "The script that is open in Nuke is not this project’s. Open the project’s script."
    return ""


_NO_NUKE = "Nodes and frames are shown in NukeX: open the panel there, in the project’s script."


def show(host: Host | None, folder: Path, item: Item) -> list[str]:
    """Shows the place of a check in ``host``; what was done, as lines for the log. None where the host cannot.

    Raises FilmRecoveryError where the node is gone.
    """
    said: list[str] = []
    if host is None or _away(host, folder):
        return said
    frame, node = item.show.get("frame"), item.show.get("node")
    if frame is not None:
        host.go_to(int(frame))
        said.append(f"frame {frame}")
    if node:
        host.show(str(node))
        host.view(str(node))
        said.append(f"node {node}")
    if item.check.id == IDENTITY:
        said += _tell_identity(host, item.value)
    return said


def has_file(folder: Path, show: Mapping[str, Any]) -> bool:
    """Whether there is a file that can be opened."""
    return bool(show.get("file") or show.get("picture")) and file_of(folder, show).exists()


def file_of(folder: Path, show: Mapping[str, Any]) -> Path:
    """The file of a place, from the project's folder."""
    return folder / str(show.get("picture") or show.get("file") or "")


def _is_of(host: Host, folder: Path) -> bool:
    found = project_folder(host)
    return bool(found) and os.path.realpath(found) == os.path.realpath(folder)


def _tell_identity(host: Host, value: Any) -> list[str]:
    """Puts the measured maximum into every FR_IdentityCheck of the script."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return []
    blocks = host.find(_BLOCK)
    with host.undo("Film Recovery: measured identity"):
        for path in blocks:
            host.set_knob(path, _KNOB, nk.numbers([float(value)]))
    return [f"{path}: {_KNOB} {value:.4g}, the largest difference of the written frames" for path in blocks]
