"""A new project: the folders of the workflow and its ``project.yaml``; of a chain, those of its steps with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery._files import explained, write_whole
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import loading
from film_recovery.project.chained import step_folder
from film_recovery.project.document import Document, ProjectFileError, parse
from film_recovery.project.editing import edited
from film_recovery.project.folders import FILE, FOLDERS
from film_recovery.project.lock import held
from film_recovery.project.model import Draft, Project
from film_recovery.project.readers import WrongValue
from film_recovery.project.schema import read_draft
from film_recovery.project.writing import written


def drafted(draft: Draft, values: Mapping[str, Any]) -> Draft:
    """``draft`` with dotted keys set, as ``editing.update`` sets them in a file. Nothing is read or written.

    Raises ProjectFileError for a key or value that a project cannot have.
    """
    try:
        text = edited(parse(written(draft), FILE), values)
        data = dict(parse(text, FILE).data)
        data.pop("schema")
        found: Draft = read_draft(data, "")
    except WrongValue as error:
        raise ProjectFileError(error.message, remedy=error.remedy) from error
    except ProjectFileError as error:
        raise _unseen(error) from error
    return found


def create(folder: Path | str, draft: Draft, steps: Mapping[str, Draft] | None = None) -> Project:
    """Makes ``folder`` a project: the workflow's folders, and the file. What lies in the folder stays as it is.

    ``steps``: the other projects of its chain, by name; each is made in ``steps/<name>/``. Raises FilmRecoveryError
    when one of the folders is a project already or cannot be written to, and for a draft that a project file cannot
    hold; then nothing is made.
    """
    root = Path(os.path.abspath(folder))
    drafts = {step_folder(root, name): step for name, step in (steps or {}).items()}
    drafts[root] = draft  # last: whoever finds it finds its steps
    documents = {place: parse(written(one), str(place / FILE)) for place, one in drafts.items()}
    try:
        projects = [loading.project_of(documents[place], place, documents) for place in drafts]
    except ProjectFileError as error:
        raise _unseen(error) from error
    for place in drafts:
        _refuse_existing(place)
    with explained(root, "made"):
        root.mkdir(parents=True, exist_ok=True)
    with held(root, "makes the project"):
        for place in drafts:
            _make(place, documents[place])
    return projects[-1]


def _make(place: Path, document: Document) -> None:
    _refuse_existing(place)
    for name in FOLDERS:
        with explained(place / name, "made"):
            (place / name).mkdir(parents=True, exist_ok=True)
    write_whole(place / FILE, document.text)


def _refuse_existing(place: Path) -> None:
    if (place / FILE).exists():
        raise FilmRecoveryError(
            f"{place} is a project already.",
            remedy=f"choose another folder, or change its {FILE}",
            file=str(place / FILE),
        )


def _unseen(error: ProjectFileError) -> ProjectFileError:
    """The error without its line, which is one that nobody has seen."""
    return ProjectFileError(error.message, remedy=error.remedy)
