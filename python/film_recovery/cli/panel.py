"""``film-recovery panel``: the panel in a window of its own."""

from __future__ import annotations

from pathlib import Path

from film_recovery.errors import UsageError
from film_recovery.project import FILE


def open_panel(folder: Path | None) -> int:
    """Opens it, on the project in ``folder`` if one is named; ends when it is closed.

    Raises UsageError for a folder without a project, FilmRecoveryError where no Qt is installed.
    """
    if folder is not None and not (folder / FILE).is_file():
        raise UsageError(
            f"There is no project in {folder}.",
            remedy="name the folder of a project.yaml, or none to choose there",
        )
    from film_recovery.panel.widgets.window import run

    return run("" if folder is None else str(folder.absolute()))
