"""The script of a project: its elements, pairs and settings as a recovery graph in ``nuke_base/``.

The same project gives the same text. A script that an operator has changed since is kept beside the new one.
"""

from __future__ import annotations

from pathlib import Path

from film_recovery import graph, nk
from film_recovery.project import Project, paths
from film_recovery.project.specification import COMPRESSIONS, DATATYPES, spec_of
from film_recovery.stages.backup import backed_up
from film_recovery.stages.reads import set_colour

__all__ = ["COMPRESSIONS", "DATATYPES", "build_script", "script_text", "spec_of"]


def build_script(project: Project) -> Path:
    """Writes the script of ``project`` and gives its path.

    A file with other content that is there already is kept as ``<name>.bak-<n>``; one with equal content is left
    alone. Raises FilmRecoveryError without pairs or a hold-out, or when the file cannot be written.
    """
    path = paths(project).script
    text = script_text(project)
    if path.exists():
        if nk.load(path).text() == text:
            return path
        backed_up(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    nk.save(nk.parse(text), path)
    return path


def script_text(project: Project) -> str:
    """The recovery graph of ``project`` with its colour set-up."""
    script = nk.parse(graph.recovery_graph(spec_of(project)))
    set_colour(script, project)
    return script.text()
