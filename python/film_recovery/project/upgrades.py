"""Older project files: one function a schema, each taking the plain data to the next schema.

They change the data that is read, never the file; ``editing`` rewrites the file when something is to be changed in it,
and keeps the old one. An upgrade, once released, is not edited: golden files in the tests hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from film_recovery.project.model import SCHEMA
from film_recovery.project.readers import WrongValue

Upgrade = Callable[[Mapping[str, Any]], dict[str, Any]]


def upgraded(data: Mapping[str, Any], schema: int) -> dict[str, Any]:
    """``data`` of ``schema`` as data of the present schema, without the key ``schema``.

    Raises WrongValue for a value that cannot be taken over.
    """
    result = {key: value for key, value in data.items() if key != "schema"}
    for step in range(schema, SCHEMA):
        result = UPGRADES[step](result)
    return result


def _from_0(data: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 0, before the first release: frames, size and pairs as lists of numbers, one preview frame for a hold-out.

    ``elements.*.frames: [first, last]``, ``.size: [width, height]``, ``.colorspace``; ``pairs: [[1001, 2001]]``;
    ``preview: [1012, 2012]``; ``engine``, ``steps`` at the top.
    """
    result = dict(data)
    elements = _mapping(result, "elements")
    result["elements"] = {name: _element_from_0(elements, name) for name in elements}
    pairs = result.get("pairs", [])
    if not isinstance(pairs, list):
        raise WrongValue(
            "pairs", f"pairs is {pairs!r}; expected a list.", "give a list of [source, reference]"
        )
    result["pairs"] = [_pair_from_0(pair, f"pairs[{index}]") for index, pair in enumerate(pairs)]
    if "preview" in result:
        result["hold_out"] = [_pair_from_0(result.pop("preview"), "preview")]
    training = {key: result.pop(key) for key in ("engine", "steps") if key in result}
    if training:
        result["training"] = training
    return result


def _element_from_0(elements: Mapping[str, Any], name: str) -> dict[str, Any]:
    element = dict(_mapping(elements, name, "elements."))
    for old, first, second in (("frames", "first", "last"), ("size", "width", "height")):
        if old in element:
            element[first], element[second] = _two(element.pop(old), f"elements.{name}.{old}")
    if "colorspace" in element:
        element["colourspace"] = element.pop("colorspace")
    return element


def _pair_from_0(pair: Any, key: str) -> dict[str, Any]:
    source, reference = _two(pair, key)
    return {"source": source, "reference": reference}


def _two(value: Any, key: str) -> tuple[Any, Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise WrongValue(key, f"{key} is {value!r}; expected a list of 2.", "give two numbers")
    return value[0], value[1]


def _mapping(data: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
    value = data.get(key)
    if not isinstance(value, Mapping):
        raise WrongValue(
            f"{prefix}{key}", f"{prefix}{key} is {value!r}; expected a mapping of keys.", "add it"
        )
    return value


UPGRADES: dict[int, Upgrade] = {0: _from_0}
