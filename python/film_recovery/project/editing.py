"""Single values of ``project.yaml``, changed where they stand: comments, order, quotes and all other lines stay.

The new text is read and checked like any project file before it replaces the old one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery._files import explained, write_whole
from film_recovery.project import loading
from film_recovery.project.document import Document, ProjectFileError, parse, words
from film_recovery.project.folders import FILE
from film_recovery.project.lock import held
from film_recovery.project.model import SCHEMA, Project
from film_recovery.project.splicing import spliced
from film_recovery.project.words import plain
from film_recovery.project.writing import written


def update(folder: Path | str, values: Mapping[str, Any], *, backup: bool = False) -> Project:
    """Sets dotted keys, such as ``{"training.steps": 1000, "pairs": [...]}``, and gives the project as it is now.

    Values are plain data or the project's own data classes; a mapping or list replaces the one that is there. With
    ``backup`` the file as it was stays as ``project.backup-N.yaml``; a file of an older schema is rewritten whole
    in the present one and always kept. Holds the project lock. Raises ProjectFileError for a key or value that a
    project cannot have, ProjectLocked; the file is then as it was.
    """
    root = Path(os.path.abspath(folder))
    with held(root, "changes project.yaml"):
        old = loading.read(root)
        schema = loading.schema_of(old)
        current = old
        if schema < SCHEMA:
            kept = _unused(root, f"project.schema-{schema}")
            note = f"Brought from schema {schema} to {SCHEMA}; as it was: {kept.name}"
            current = parse(written(loading.project_of(old, root), note), old.file)
        text = edited(current, values)
        project = _checked(text, root, current)
        if text == old.text:
            return project
        if schema < SCHEMA:
            write_whole(kept, old.text)
        elif backup:
            write_whole(_unused(root, "project.backup"), old.text)
        write_whole(root / FILE, text)
    return project


def edited(document: Document, values: Mapping[str, Any]) -> str:
    """The text of ``document`` with ``values`` set. Raises ProjectFileError where that cannot be done."""
    line_feed = "\r\n" if "\r\n" in document.text else "\n"
    text = document.text.replace("\r\n", "\n")
    data = document.data
    for dotted, value in values.items():
        path, new = words(dotted), plain(value)
        data = _with(data, path, new)
        if _same(data, parse(text, document.file).data):
            continue
        # A comment below that is indented further would become part of a literal text: then quotes.
        for literal in (True, False):
            candidate = spliced(text, path, new, literal=literal)
            if _reads_as(candidate, data, document.file):
                break
        else:
            raise ProjectFileError(
                f"{dotted} cannot be changed where it stands.",
                remedy=f"set it in {FILE} by hand, or put the lines around it in the template's form",
                file=document.file,
                line=document.line(dotted),
            )
        text = candidate
    return text.replace("\n", line_feed)


def _checked(text: str, root: Path, before: Document) -> Project:
    """The project that ``text`` describes. An error names the line as the operator sees it: in the file on disk."""
    try:
        return loading.project_of(parse(text, before.file), root)
    except ProjectFileError as error:
        place = {} if text != before.text else {"line": error.where.get("line")}
        raise ProjectFileError(error.message, remedy=error.remedy, file=before.file, **place) from error


def _with(data: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """``data`` with ``value`` at ``path``."""
    word, *rest = path
    if not rest:
        return {**data, word: value}
    inner = data.get(word)
    return {**data, word: _with(inner if isinstance(inner, Mapping) else {}, tuple(rest), value)}


def _reads_as(text: str, data: Mapping[str, Any], file: str) -> bool:
    try:
        return _same(parse(text, file).data, data)
    except ProjectFileError:
        return False


def _same(a: Any, b: Any) -> bool:
    """Equal in value and type: 1, 1.0 and true differ."""
    return json.dumps(a, sort_keys=True, default=repr) == json.dumps(b, sort_keys=True, default=repr)


def _unused(root: Path, stem: str) -> Path:
    """A file of the project folder that is not there yet: ``stem-N.yaml``."""
    number = 1
    with explained(root, "read"):
        while (root / f"{stem}-{number}.yaml").exists():
            number += 1
    return root / f"{stem}-{number}.yaml"
