"""Readers: each takes a plain value and the dotted key it stands at, and gives what the key is to hold.

``schema`` puts them together. A value that does not fit raises :class:`WrongValue`; ``loading`` adds the line.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Reader = Callable[[Any, str], Any]


class WrongValue(Exception):
    """What does not fit: the dotted key, a sentence about it, and a remedy."""

    def __init__(self, key: str, message: str, remedy: str) -> None:
        self.key, self.message, self.remedy = key, message, remedy
        super().__init__(message)


def text(pattern: str = "", meaning: str = "") -> Reader:
    """Text; of the form ``pattern``, which ``meaning`` puts into words, where they are given."""

    def read(value: Any, key: str) -> str:
        if not isinstance(value, str):
            raise _wrong(key, value, "text", "put it in quotes")
        if pattern and re.fullmatch(pattern, value) is None:
            raise _wrong(key, value, meaning)
        return value

    return read


def choice(words: tuple[str, ...]) -> Reader:
    """One of ``words``."""

    def read(value: Any, key: str) -> str:
        if value not in words:
            near = difflib.get_close_matches(str(value), words, 1)
            remedy = f"did you mean {near[0]}?" if near else ""
            raise _wrong(key, value, f"one of {', '.join(words)}", remedy)
        return str(value)

    return read


def integer(minimum: int | None = None) -> Reader:
    """A whole number, not below ``minimum``."""

    def read(value: Any, key: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(key, value, "a whole number")
        if minimum is not None and value < minimum:
            raise _wrong(key, value, f"a whole number of at least {minimum}")
        return value

    return read


def boolean(value: Any, key: str) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


def number(above: float | None = None, at_least: float | None = None) -> Reader:
    """A finite number, greater than ``above``, not below ``at_least``."""

    def read(value: Any, key: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise _wrong(key, value, "a number")
        if above is not None and value <= above:
            raise _wrong(key, value, f"a number greater than {above:g}")
        if at_least is not None and value < at_least:
            raise _wrong(key, value, f"a number of at least {at_least:g}")
        return float(value)

    return read


def several(item: Reader, count: int | None = None) -> Reader:
    """A list of what ``item`` reads, of ``count`` items where given; as a tuple."""

    def read(value: Any, key: str) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise _wrong(key, value, "a list" if count is None else f"a list of {count}")
        if count is not None and len(value) != count:
            raise _wrong(key, value, f"a list of {count}")
        return tuple(item(element, f"{key}[{index}]") for index, element in enumerate(value))

    return read


def optional(reader: Reader) -> Reader:
    """What ``reader`` reads, or ``null``."""
    return lambda value, key: None if value is None else reader(value, key)


def record(cls: type, fields: Mapping[str, Reader]) -> Reader:
    """A mapping of known keys as the data class ``cls``; keys without a default must be there."""
    known = {field.name: field for field in dataclasses.fields(cls)}

    def read(value: Any, key: str) -> Any:
        mapping = known_keys(value, key, tuple(fields))
        for name in fields:
            field = known[name]
            is_required = (
                field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            )
            if is_required and name not in mapping:
                raise WrongValue(key, f"{_join(key, name)} is missing.", "add it")
        return cls(**{name: fields[name](item, _join(key, name)) for name, item in mapping.items()})

    return read


def named(fields: Mapping[str, Reader]) -> Reader:
    """A mapping that holds each key of ``fields`` and no other."""

    def read(value: Any, key: str) -> dict[str, Any]:
        mapping = known_keys(value, key, tuple(fields))
        for name in fields:
            if name not in mapping:
                raise WrongValue(key, f"{_join(key, name)} is missing.", "add it")
        return {name: fields[name](mapping[name], _join(key, name)) for name in fields}

    return read


def table(item: Reader) -> Reader:
    """A mapping of any words to what ``item`` reads."""

    def read(value: Any, key: str) -> dict[str, Any]:
        return {name: item(inner, _join(key, name)) for name, inner in _as_mapping(value, key).items()}

    return read


def by_frame(item: Reader) -> Reader:
    """A mapping of frame numbers to what ``item`` reads, in their order."""

    def read(value: Any, key: str) -> dict[int, Any]:
        found = {}
        for name, inner in _as_mapping(value, key).items():
            if re.fullmatch(r"-?\d+", str(name)) is None:
                raise _wrong(_join(key, str(name)), name, "a frame number, such as 1001")
            found[int(name)] = item(inner, _join(key, str(name)))
        return dict(sorted(found.items()))

    return read


def figure(value: Any, key: str) -> Any:
    """A tolerance's value: number, text, truth value."""
    if isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise _wrong(key, value, "a number, text, true or false")


def known_keys(value: Any, key: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    """``value`` as a mapping with no key but ``names``; another is refused with the nearest of them."""
    mapping = _as_mapping(value, key)
    for name in mapping:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            remedy = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(names)}"
            raise WrongValue(_join(key, name), f"Unknown key {_join(key, name)}.", remedy)
    return mapping


def _as_mapping(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(key, value, "a mapping of keys")
    return value


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _wrong(key: str, value: Any, expected: str, remedy: str = "") -> WrongValue:
    shown = "null" if value is None else repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return WrongValue(key, f"{key} is {shown}; expected {expected}.", remedy or f"give {expected}")
