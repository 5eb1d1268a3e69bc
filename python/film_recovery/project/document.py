"""The text of ``project.yaml`` as plain data: YAML without its traps, and where each key stands.

Anchors, aliases, tags, merge keys, second documents and double keys are refused by name, as are depth and size that no
project has: a project file comes from strangers, too, and nothing in it may expand, run, or hide another value.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from film_recovery._yaml import yaml
from film_recovery.errors import FilmRecoveryError

LARGEST = 128 * 1024  # bytes, read in a second; sixty-four pairs with long reasons are 20 KiB
DEEPEST = 12  # a project needs five levels


class ProjectFileError(FilmRecoveryError):
    """``project.yaml`` is not what a project file must be: where, what, and what is expected."""


@dataclass(frozen=True)
class Document:
    """``data``: the values. ``root``: the nodes they came from, with their marks in ``text``."""

    text: str
    file: str
    root: Any
    data: dict[str, Any]

    def line(self, dotted: str) -> int | None:
        """The line (from 1) of a key such as ``training.steps`` or ``pairs[2].reason``; the nearest that is there."""
        node, line = self.root, None
        for word in words(dotted):
            found = _child(node, word)
            if found is None:
                return line
            key, node = found
            line = key.start_mark.line + 1
        return line


def words(dotted: str) -> tuple[str, ...]:
    """The keys on the way to ``dotted``. The id of a check holds a dot: ``tolerances.<stage>.<name>.<figure>``."""
    parts = dotted.replace("[", ".").replace("]", "").split(".")
    if parts[0] == "tolerances" and len(parts) > 2:
        parts[1:3] = [f"{parts[1]}.{parts[2]}"]
    return tuple(parts)


def parse(text: str, file: str) -> Document:
    """Reads ``text``. Raises ProjectFileError with line and column. What is changed in ``data`` stays there."""
    root, data = _parsed(text, file)
    return Document(text, file, root, copy.deepcopy(data))


@lru_cache(maxsize=32)  # a run reads the same file at every stage
def _parsed(text: str, file: str) -> tuple[Any, dict[str, Any]]:
    """The nodes and the values of ``text``; nobody may change them."""
    try:
        _guard(text, file)
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise _error("A project file is a mapping of keys.", file, remedy="begin with: schema: 1")
        data = _value(root, loader, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _error(f"{_sentence(error.problem or error.context)}.", file, mark) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ProjectFileError(
            f"The character {error.character!r} is not allowed in YAML.",
            remedy="remove it, or write it in double quotes with a backslash",
            file=file,
            line=line,
        ) from error
    return root, data


def _guard(text: str, file: str) -> None:
    """Walks the parser's events, before anything is built of them."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _error("A project file holds one document, not several.", file, event.start_mark)
        elif isinstance(event, yaml.AliasEvent):
            raise _refused(f"*{event.anchor} is an alias", file, event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            if event.anchor is not None:
                raise _refused(f"&{event.anchor} is an anchor", file, event.start_mark)
            if event.tag is not None:
                raise _refused(f"{event.tag} is a tag", file, event.start_mark)
            depth += isinstance(event, yaml.CollectionStartEvent)
            if depth > DEEPEST:
                raise _error(
                    f"The file is nested more than {DEEPEST} levels deep; no project is.",
                    file,
                    event.start_mark,
                    "write it as the template has it",
                )


def _value(node: Any, loader: Any, file: str) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, loader, file) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, loader, file)
    try:
        return loader.construct_object(node)
    except (ValueError, OverflowError, yaml.constructor.ConstructorError) as error:
        raise _error(
            f"{node.value[:40]!r} is no value that can be read.", file, node.start_mark, "put it in quotes"
        ) from error


def _mapping(node: Any, loader: Any, file: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in node.value:
        # A key such as 16 or no is the word that stands there, not a number or a truth value.
        if not isinstance(key, yaml.ScalarNode):
            raise _error("A key is a word here, not a list or a mapping.", file, key.start_mark)
        if key.tag == "tag:yaml.org,2002:merge" and key.style is None:
            raise _refused("<< is a merge key", file, key.start_mark)
        if key.value in data:
            raise _error(
                f"The key {key.value} stands here a second time.",
                file,
                key.start_mark,
                "remove one of the two",
            )
        data[key.value] = _value(value, loader, file)
    return data


def _child(node: Any, word: str) -> tuple[Any, Any] | None:
    """The node that marks the place of ``word`` in ``node``, and its value."""
    if isinstance(node, yaml.SequenceNode) and word.isdigit() and int(word) < len(node.value):
        item = node.value[int(word)]
        return item, item
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == word), None)
    return None


def _refused(what: str, file: str, mark: Any) -> ProjectFileError:
    message = f"{what}; a project file uses none, since they can hide or multiply what is read."
    return _error(message, file, mark, "write the value out")


def _sentence(words: str | None) -> str:
    return f"This is not YAML: {words or 'it cannot be read'}"


def _error(message: str, file: str, mark: Any = None, remedy: str = "") -> ProjectFileError:
    place = {} if mark is None else {"line": mark.line + 1, "column": mark.column + 1}
    return ProjectFileError(
        message, remedy=remedy or "correct the line; strings with : or # need quotes", file=file, **place
    )
