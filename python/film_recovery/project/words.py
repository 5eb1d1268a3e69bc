"""Plain values as YAML text that reads back as exactly these values: what ``writing`` and ``editing`` are made of."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery._yaml import yaml
from film_recovery.errors import FilmRecoveryError

# Words that nothing in YAML gives a meaning to, wherever they stand. Everything else is quoted.
_PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./#+()×-]*( [A-Za-z0-9_/.+()×-][A-Za-z0-9_./+()×-]*)*")
_ESCAPED = re.compile('[\\x00-\\x1f"\\\\\\x7f-\\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def plain(value: Any) -> Any:
    """``value`` as lists, mappings and scalars. Data classes become mappings of the fields that are not default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        }
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return value.as_posix()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise FilmRecoveryError(
        f"A {type(value).__name__} has no place in a project file.",
        remedy="give text, numbers, lists or mappings",
    )


def inline(value: Any) -> str:
    """A plain value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(key)}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else quoted(value)
    if isinstance(value, float):
        mantissa, e, exponent = repr(value).partition("e")
        # Without a point, YAML 1.1 takes 1e-05 for text.
        return f"{mantissa}{e and ('' if '.' in mantissa else '.0')}{e}{exponent}"
    return {None: "null", True: "true", False: "false"}[value] if not _is_number(value) else str(value)


def quoted(text: str) -> str:
    """Any text in double quotes."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def body(value: Any, indent: int, *, literal: bool = True) -> tuple[str, str]:
    """``value`` as what follows a key's colon: the rest of its line, and the lines below, each with its line feed.

    ``indent``: column of the key. ``literal``: whether text of several lines may stand as it is, after ``|``.
    """
    space = " " * (indent + 2)
    if isinstance(value, dict) and value:
        return "", "".join(entry(key, item, indent + 2, literal=literal) for key, item in value.items())
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "", "".join(f"{space}- {inline(item)}\n" for item in value)
    if literal and isinstance(value, str) and _is_readable(value):
        lines = "".join(f"{space}{line}\n" if line else "\n" for line in value.rstrip("\n").split("\n"))
        return (" |" if value.endswith("\n") else " |-"), lines
    return f" {inline(value)}", ""


def entry(key: str, value: Any, indent: int, *, literal: bool = True) -> str:
    """``key: value`` as whole lines at column ``indent``."""
    head, lines = body(value, indent, literal=literal)
    return f"{' ' * indent}{inline(key)}:{head}\n{lines}"


def _is_plain(text: str) -> bool:
    if _PLAIN.fullmatch(text) is None:
        return False
    resolved = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))
    return bool(resolved == "tag:yaml.org,2002:str")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_readable(text: str) -> bool:
    """Whether ``text`` is several lines that a literal block gives back: no spaces at their ends or before them."""
    lines = text[:-1].split("\n") if text.endswith("\n") else text.split("\n")
    return (
        len(lines) > 1
        and bool(lines[0])
        and bool(lines[-1])
        and not lines[0].startswith(" ")
        and all(line == line.rstrip() for line in lines)
        and _ESCAPED.search(text.replace("\n", "").replace('"', "").replace("\\", "")) is None
    )


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if "\ud800" <= character <= "\udfff":
        raise FilmRecoveryError(
            "Text for the project file holds a byte that is no text.",
            remedy="rename the file, or retype the text",
        )
    return _SHORT.get(character) or f"\\u{ord(character):04x}"
