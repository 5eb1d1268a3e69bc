"""``project.yaml`` → :class:`Project`: read, brought up to the present schema, every key checked."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

from film_recovery._files import read_text
from film_recovery.errors import FilmRecoveryError
from film_recovery.project.document import LARGEST, Document, ProjectFileError, parse
from film_recovery.project.folders import FILE, paths
from film_recovery.project.model import SCHEMA, Draft, Project
from film_recovery.project.readers import WrongValue
from film_recovery.project.schema import read_draft
from film_recovery.project.upgrades import upgraded


def load(folder: Path | str) -> Project:
    """The project in ``folder``. ``Project.schema`` is that of the file; older files are upgraded in memory.

    Raises FilmRecoveryError (ProjectFileError for the content) naming the key, its line and what is expected.
    """
    root = Path(os.path.abspath(folder))
    return project_of(read(root), root)


def read(folder: Path) -> Document:
    """The project file of ``folder`` as text and plain data; its content is not checked yet."""
    path = folder / FILE
    if not path.is_file():
        raise FilmRecoveryError(
            f"{folder} is no project: it holds no {FILE}.",
            remedy="name the project's folder, or make one with film-recovery new",
            file=str(path),
        )
    return parse(read_text(path, LARGEST), str(path))


def project_of(document: Document, folder: Path) -> Project:
    """The project that ``document`` describes."""
    schema = schema_of(document)
    try:
        draft: Draft = read_draft(upgraded(document.data, schema), "")
    except WrongValue as error:
        raise ProjectFileError(
            error.message, remedy=error.remedy, file=document.file, line=document.line(error.key)
        ) from error
    values = {field.name: getattr(draft, field.name) for field in fields(Draft)}
    project = Project(**values, folder=folder, schema=schema)
    try:
        paths(project)  # refuses what leaves the folder
    except FilmRecoveryError as error:
        line = document.line("inference.folder") if "inference.folder" in error.message else None
        raise ProjectFileError(error.message, remedy=error.remedy, file=document.file, line=line) from error
    return project


def schema_of(document: Document) -> int:
    """The schema that the file says it has. Raises ProjectFileError when this version does not know it."""
    schema = document.data.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 0:
        shown = "missing" if schema is None else f"{schema!r}"
        raise ProjectFileError(
            f"schema is {shown}; expected a whole number.",
            remedy=f"begin the file with: schema: {SCHEMA}",
            file=document.file,
            line=document.line("schema"),
        )
    if schema > SCHEMA:
        raise ProjectFileError(
            f"The project has schema {schema}; this version of Film Recovery reads schemas 0 to {SCHEMA}.",
            remedy="update Film Recovery, or open the project with the version that wrote it",
            file=document.file,
            line=document.line("schema"),
        )
    return schema
