"""Which frames a project renders, and which of them lie in its folder. No Qt; read off the main thread."""

from __future__ import annotations

import os
import re
from pathlib import Path

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph import GraphSpec
from film_recovery.project import Project, paths

_ITEM = re.compile(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?")
_MASTERS = "Write_Recovered"  # the node of the project's script that writes them


def frames_of(text: str) -> tuple[int, ...]:
    """The frames of a list such as ``1-10,20,30-40x2``, ascending; what is no such item is the engine's to refuse."""
    found: set[int] = set()
    for item in text.replace(",", " ").split():
        match = _ITEM.fullmatch(item)
        if match is not None:
            first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
            found.update(range(first, last + 1, max(1, step)))
    return tuple(sorted(found))


def wanted(project: Project) -> tuple[int, ...]:
    """The frames that are to be rendered: those that the project names, else all of the Source."""
    source = project.source
    return frames_of(project.inference.frames) or tuple(range(source.first, source.last + 1))


def written(pattern: Path) -> tuple[int, ...]:
    """The frames of ``name.####.exr`` that are in their folder, ascending: one listing, no file is touched.

    Raises FilmRecoveryError for a folder that cannot be listed.
    """
    before, _, after = pattern.name.partition("####")
    name = re.compile(f"{re.escape(before)}(-?\\d+){re.escape(after)}")
    try:
        with os.scandir(pattern.parent) as entries:
            matches = [name.fullmatch(entry.name) for entry in entries]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise FilmRecoveryError(
            f"The folder of the render cannot be listed: {error.strerror}.",
            file=str(pattern.parent),
            remedy="check that its disk is mounted and may be read",
        ) from error
    return tuple(sorted(int(match[1]) for match in matches if match is not None))


def file_of(pattern: Path, frame: int) -> Path:
    """The file of one frame."""
    return pattern.with_name(pattern.name.replace("####", f"{frame:04d}"))


def space_of(project: Project) -> str:
    """The colour space of the masters, as the script's Write says it; else the one that a new script gets."""
    script = paths(project).script
    if not script.is_file():
        return GraphSpec.write_colourspace
    named = next((node for node in nk.load(script).all_nodes() if node.name == _MASTERS), None)
    said = "" if named is None else named.text("colorspace")
    return said if said not in ("", "default") else GraphSpec.write_colourspace
