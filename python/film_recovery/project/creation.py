"""A new project: the folders of the workflow and its ``project.yaml``."""

from __future__ import annotations

import os
from pathlib import Path

from film_recovery._files import explained, write_whole
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import loading
from film_recovery.project.document import ProjectFileError, parse
from film_recovery.project.folders import FILE, FOLDERS
from film_recovery.project.lock import held
from film_recovery.project.model import Draft, Project
from film_recovery.project.writing import written


def create(folder: Path | str, draft: Draft) -> Project:
    """Makes ``folder`` a project: the workflow's folders, and the file. What lies in the folder stays as it is.

    Raises FilmRecoveryError when ``folder`` is a project already or cannot be written to, and for a draft that a
    project file cannot hold; then nothing is made.
    """
    root = Path(os.path.abspath(folder))
    text = written(draft)
    try:
        project = loading.project_of(parse(text, str(root / FILE)), root)
    except ProjectFileError as error:  # the line is one that nobody has seen
        raise ProjectFileError(error.message, remedy=error.remedy) from error
    with explained(root, "made"):
        root.mkdir(parents=True, exist_ok=True)
    with held(root, "makes the project"):
        if (root / FILE).exists():
            raise FilmRecoveryError(
                f"{root} is a project already.",
                remedy=f"choose another folder, or change its {FILE}",
                file=str(root / FILE),
            )
        for name in FOLDERS:
            with explained(root / name, "made"):
                (root / name).mkdir(parents=True, exist_ok=True)
        write_whole(root / FILE, text)
    return project
