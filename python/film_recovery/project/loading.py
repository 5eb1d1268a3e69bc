"""``project.yaml`` → :class:`Project`: read, brought up to the present schema, every key checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

from film_recovery._files import read_text
from film_recovery.errors import FilmRecoveryError
from film_recovery.project.chained import followed, master_folder
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


def project_of(
    document: Document,
    folder: Path,
    others: Mapping[Path, Document] | None = None,
    above: tuple[Path, ...] = (),
) -> Project:
    """The project that ``document`` describes.

    ``others``: projects of the chain that are not on disk yet. ``above``: those whose masters are being looked up.
    """
    project = _bare(document, folder)
    elements = dict(project.elements)
    for name, element in project.elements.items():
        if not element.master_of:
            continue
        of = _master_project(project, name, document, others or {}, (*above, folder))
        elements[name] = followed(element, of, folder)
        if name == "source" and not project.inference.frames:  # all of the Source: all that it has
            inference = replace(project.inference, frames=of.inference.frames)
            project = replace(project, inference=inference)
    return replace(project, elements=elements)


def _master_project(
    project: Project,
    name: str,
    document: Document,
    others: Mapping[Path, Document],
    above: tuple[Path, ...],
) -> Project:
    """The project whose master the element ``name`` is."""
    key = f"elements.{name}.master_of"
    master_of = project.elements[name].master_of
    place = {"file": document.file, "line": document.line(key)}
    try:
        folder = master_folder(project.folder, master_of)
    except FilmRecoveryError as error:
        raise ProjectFileError(f"elements.{name}: {error.message}", remedy=error.remedy, **place) from error
    if folder in above:
        raise ProjectFileError(
            f"{key} {master_of!r} leads back to this project: neither can be rendered before the other.",
            remedy="let the first step of the chain begin with a scan",
            **place,
        )
    if folder not in others and not (folder / FILE).is_file():
        raise ProjectFileError(
            f"{key} is {master_of!r}, and {folder} is no project: it holds no {FILE}.",
            remedy="bring the folder back, or give the element its own files instead of master_of",
            **place,
        )
    return project_of(others[folder] if folder in others else read(folder), folder, others, above)


def _bare(document: Document, folder: Path) -> Project:
    """What stands in the file, without what follows from other projects."""
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
        keys = ("inference.folder", "training.initial")
        line = next((document.line(key) for key in keys if error.message.startswith(f"{key}:")), None)
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
