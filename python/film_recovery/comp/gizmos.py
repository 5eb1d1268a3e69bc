"""Gizmos by class name: ``FR_GroundTruth { … }`` is evaluated by the inside of ``FR_GroundTruth.gizmo``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError

_CLASS = re.compile(r"[A-Za-z_]\w*")


def default_folders(script_file: str) -> list[Path]:
    """The repository's ``gizmos`` folder beside the package, then the folder of the script."""
    folders = [Path(__file__).resolve().parents[3] / "gizmos"]
    return [*folders, Path(script_file).resolve().parent] if script_file else folders


class GizmoFiles:
    """The gizmo files of some folders, each read once."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._known: dict[str, nk.Node | None] = {}

    def definition(self, class_name: str) -> nk.Node | None:
        """The Gizmo or Group node of ``<class_name>.gizmo``, or None where no folder has such a file."""
        if class_name not in self._known:
            self._known[class_name] = self._read(class_name)
        return self._known[class_name]

    def _read(self, class_name: str) -> nk.Node | None:
        if not _CLASS.fullmatch(class_name):
            return None
        for folder in self.folders:
            path = folder / f"{class_name}.gizmo"
            if path.is_file():
                nodes = nk.load(path).nodes
                if not nodes or not nodes[0].is_group:
                    raise FilmRecoveryError(
                        "The gizmo file does not begin with a Gizmo or Group node.",
                        remedy="export the gizmo again",
                        file=str(path),
                    )
                return nodes[0]
        return None
