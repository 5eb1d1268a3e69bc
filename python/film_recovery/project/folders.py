"""The places of a project: where the workflow keeps what, and the wall around all that is written.

Elements may lie anywhere and are only read. Every path that the project writes comes from :func:`paths` or
passes :func:`inside`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.project.model import RENDER_FOLDER, Project

FILE = "project.yaml"
FOLDERS = (
    "nuke_base",
    "pipeline/01_dataset_curation",
    "pipeline/02_alignment",
    "pipeline/03_copycat_training",
    RENDER_FOLDER,
    "pipeline/05_validation",
    "notes",
    "runs",
)


@dataclass(frozen=True)
class Paths:
    """Absolute paths. ``model``: the TorchScript file. ``render_pattern``: frames as ``name.####.exr``.

    ``initial``: the checkpoint that training starts from; None for a fresh start.
    """

    script: Path
    curation: Path
    alignment: Path
    training: Path
    model: Path
    initial: Path | None
    render: Path
    render_pattern: Path
    validation: Path
    report: Path
    notes: Path
    cache: Path
    runs: Path


def paths(project: Project) -> Paths:
    """Where everything of ``project`` lies. Raises FilmRecoveryError where a path leaves the folder.

    Names follow the workflow: shot, version, model and checkpoint.
    """
    folder = project.folder
    shot = plain_name(project.shot or project.film)
    model = f"{project.recipe}_{project.training.size}-{project.training.steps}"
    render = inside(folder, project.inference.folder, key="inference.folder")
    validation = inside(folder, "pipeline/05_validation")
    training = inside(folder, "pipeline/03_copycat_training")
    initial = project.training.initial
    return Paths(
        script=inside(folder, f"nuke_base/{project.kind}_recovery.nk"),
        curation=inside(folder, "pipeline/01_dataset_curation"),
        alignment=inside(folder, "pipeline/02_alignment"),
        training=training,
        model=training / f"{shot}_{model}.pt",
        initial=None if initial == "none" else inside(folder, initial, key="training.initial"),
        render=render,
        render_pattern=render / f"{shot}_{project.inference.version}_{model}.####.exr",
        validation=validation,
        report=validation / "report.html",
        notes=inside(folder, "notes"),
        cache=inside(folder, ".cache"),
        runs=inside(folder, "runs"),
    )


def inside(folder: Path, path: str, *, key: str | None = None) -> Path:
    """``path`` in ``folder``, absolute; links are followed to see that it does not lead out.

    Raises FilmRecoveryError naming the path (and ``key`` of project.yaml) when it is absolute or leads out.
    """
    place = folder / path
    # Backslashes and drive letters separate on Windows only; a project is carried between systems.
    foreign = "\\" in path or re.match(r"[A-Za-z]:", path) is not None
    root = folder.resolve()
    if foreign or root not in (place.resolve(), *place.resolve().parents):
        named = f"{key}: " if key else ""
        raise FilmRecoveryError(
            f"{named}{path!r} leaves the project folder; what a project writes stays inside it.",
            remedy="give a path relative to the project folder, with forward slashes, without .. and without links out",
            file=str(folder / FILE),
        )
    return place


def plain_name(text: str) -> str:
    """``text`` as part of a file name: letters, digits, ``.``, ``-``; everything else becomes ``_``."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._-")[:80] or "untitled"
