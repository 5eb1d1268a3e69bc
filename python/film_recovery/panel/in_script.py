"""*Build in script*: the project's graph in the script that is open, from the panel. No Qt.

What is inserted, and how a second time brings it up to date, is ``plugin.building``'s; here it is decided whether it
may be, and the stage's part of the graph is shown.
"""

from __future__ import annotations

import os
from pathlib import Path

from film_recovery.host.base import Host
from film_recovery.plugin.places import project_folder
from film_recovery.project.lock import project_of

# The part of the graph that a stage is worked in.
_PARTS = (
    "Backdrop_Source",
    "Backdrop_Source",
    "Backdrop_Alignment",
    "Backdrop_Training",
    "Backdrop_Inference",
    "Backdrop_Inference",
)


NO_NUKE = "Graphs are built in NukeX: open the panel there. On its own, the run writes the project’s script."


def hindrance(host: Host | None, folder: Path) -> str:
    """Why nothing can be built, for a tooltip; empty when it can."""
    if host is None:
        return NO_NUKE
    return of_another(project_folder(host), folder)


def said_by(host: Host) -> tuple[str, str]:
    """What decides to which project the open script belongs, besides folders on a disk: asked of Nuke alone."""
    return host.project(), host.script_file()


def project_said(said: tuple[str, str]) -> str:
    """The project's folder, as ``plugin.places.project_folder`` finds it. Looks at folders: not on a main thread."""
    folder, file = said
    if folder or not file:
        return folder
    found = project_of(file)
    return "" if found is None else found.as_posix()


def of_another(found: str, folder: Path) -> str:
    """Why nothing is built in a script of the project ``found``; empty where it is that in ``folder``, or none."""
    if found and os.path.realpath(found) != os.path.realpath(folder):
        return (
            f"The script that is open belongs to another project, {found}. Open this project’s, or a new one."
        )
    return ""


def build(host: Host, folder: Path, stage: int) -> list[str]:
    """Builds or updates the graph of the project in ``folder``, one undo step, and shows the part of ``stage``.

    Gives what was done, for the log. A script without a project becomes this one's. Raises FilmRecoveryError as
    ``plugin.building.build``; the script is then as it was.
    """
    from film_recovery.plugin import building, colour_names  # much, and only when it is wanted

    with host.undo("Film Recovery: build"):
        if not project_folder(host):
            host.set_project(folder.as_posix())
        built = building.build(host)
        problems = colour_names.set_names(host, built.new)
    part = host.find(_PARTS[stage])
    if part:
        host.show(part[0])
    return [*built.told().splitlines(), *problems, *_of_colour(host)]


def _of_colour(host: Host) -> list[str]:
    """What has to be said of the script's own colour management, which is the operator's to choose."""
    managed = host.knob("root", "colorManagement")
    if managed == "OCIO":
        return []
    return [
        f"The script’s colour management is {managed or 'Nuke'}, and the graph names roles of an OCIO config: set "
        "Project Settings > Color > color management to OCIO, and the project’s config there."
    ]
