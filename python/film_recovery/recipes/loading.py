"""From the files in ``data`` to a Recipe. Strict: an unknown field, id or value is an error that names it.

A recipe file may be ``based_on`` another one: it then says only what differs (``add`` and ``drop`` checks,
``stage_help``, ``overrides`` of single fields of checks, ``presets``). ``steps`` are the other projects of a recovery
of several steps; a step's own recipe has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from film_recovery.checks import SEVERITIES, Check
from film_recovery.errors import UsageError
from film_recovery.recipes.faults import wrong
from film_recovery.recipes.model import KINDS, STAGES, Recipe, Stage, Step

DATA = Path(__file__).with_name("data")
RECIPES = (
    "spatial-gauge",
    "spatial-generation",
    "spatial-telecine",
    "colour-reference",
    "colour-constructed",
    "combined",
)

_TEXT, _TEXTS = "a text", "a list of texts"
_MAPPING, _SCALARS = "a mapping", "a mapping of numbers, texts or switches"
_CHECK = {
    "title": _TEXT,
    "why": _TEXT,
    "severity": _TEXT,
    "remedy": _TEXTS,
    "tolerance": _SCALARS,
    "manual": "true or false",
    "help": _TEXT,
}
_OVERRIDE = {name: kind for name, kind in _CHECK.items() if name != "manual"}
_STAGE = {"id": _TEXT, "title": _TEXT, "help": _TEXT, "checks": _TEXTS}
_BOTH = {
    "id": _TEXT,
    "title": _TEXT,
    "kind": _TEXT,
    "summary": _TEXT,
    "overrides": _MAPPING,
    "presets": _SCALARS,
    "quick_reference": _TEXT,
    "steps": "a list",
}
_STEP = {name: _TEXT for name in ("name", "title", "recipe", "when", "source", "reference", "gives")}
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_BASE = {**_BOTH, "stages": "a list"}
_BASED = {**_BOTH, "based_on": _TEXT, "add": _TEXTS, "drop": _TEXTS, "stage_help": _MAPPING}


@cache
def load(id: str) -> Recipe:
    """The recipe ``id``. Raises UsageError for an unknown one, FilmRecoveryError for a file that is wrong."""
    if id not in RECIPES:
        raise UsageError(f"There is no recipe {id!r}.", remedy=f"choose one of {', '.join(RECIPES)}")
    return read(DATA, id)


def read(folder: Path, id: str) -> Recipe:
    """The recipe in ``folder/<id>.yaml`` with the checks of ``folder/checks.yaml``."""
    file = folder / f"{id}.yaml"
    content = _flat(folder, id)
    if content["id"] != id:
        raise wrong(file, f"id is {content['id']!r}, the file is called {id}.yaml")
    if content["kind"] not in KINDS:
        raise wrong(file, f"kind is {content['kind']!r}; choose one of {', '.join(KINDS)}")
    known = _checks(folder / "checks.yaml")
    overrides = content.get("overrides", {})
    stages, checks = [], []
    for number, stage in enumerate(content["stages"]):
        stages.append(Stage(number, stage["id"], stage["title"], stage["help"]))
        for check in stage["checks"]:
            if check not in known:
                raise wrong(file, f"there is no check {check!r} in checks.yaml")
            if check.partition(".")[0] != stage["id"]:
                raise wrong(file, f"{check} does not belong to the stage {stage['id']}")
            given = overrides.get(check, {})
            fields = {**known[check], **given}
            if "tolerance" in given:
                fields["tolerance"] = {**known[check].get("tolerance", {}), **given["tolerance"]}
            checks.append(_check(check, number, fields))
    ids = [check.id for check in checks]
    _refuse(file, "a check is listed twice", [id for id in ids if ids.count(id) > 1])
    _refuse(file, "overrides name checks that the recipe has not", set(overrides) - set(ids))
    return Recipe(
        id=id,
        title=content["title"],
        kind=content["kind"],
        summary=content["summary"],
        stages=tuple(stages),
        checks=tuple(checks),
        presets=MappingProxyType(content.get("presets", {})),
        quick_reference=content.get("quick_reference", ""),
        steps=_steps(folder, id, content.get("steps", [])),
    )


def _steps(folder: Path, id: str, steps: list[Any]) -> tuple[Step, ...]:
    """The steps of the recipe ``id``, each complete and possible."""
    file = folder / f"{id}.yaml"
    found = []
    for number, step in enumerate(steps, 1):
        where = f"step {number}: "
        if not isinstance(step, dict):
            raise wrong(file, f"{where}it is not a mapping")
        _shape(file, where, step, _STEP, tuple(name for name in _STEP if name != "gives"))
        if not _NAME.fullmatch(step["name"]):
            raise wrong(file, f"{where}name is {step['name']!r}; small letters, digits and - make one")
        before = step["when"] == "before"
        elements = ("source", "reference") if before else ("source", "reference", "master", "own")
        _one_of(file, f"{where}when", step["when"], ("before", "after"))
        for element in ("source", "reference"):
            _one_of(file, f"{where}{element}", step[element], elements)
        if before or "gives" in step:
            _one_of(file, f"{where}gives", step.get("gives"), ("source", "reference") if before else ())
        if not (folder / f"{step['recipe']}.yaml").is_file():
            raise wrong(file, f"{where}there is no recipe {step['recipe']!r}")
        if step["recipe"] == id or _flat(folder, step["recipe"]).get("steps"):
            raise wrong(file, f"{where}the recipe {step['recipe']!r} has steps of its own")
        found.append(Step(**step))
    names = [step.name for step in found]
    _refuse(file, "a step is listed twice", [name for name in names if names.count(name) > 1])
    return tuple(found)


def _one_of(file: Path, where: str, word: Any, words: tuple[str, ...]) -> None:
    if word not in words:
        raise wrong(file, f"{where} is {word!r}; {', '.join(words) or 'only a step before'} is needed")


def _flat(folder: Path, id: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The content of a recipe file with all that it is based on, its shape checked."""
    file = folder / f"{id}.yaml"
    content = _mapping(file)
    if "based_on" not in content:
        _shape(file, "", content, _BASE, ("id", "title", "kind", "summary", "stages"))
        _check_stages(file, content["stages"])
        _check_overrides(file, content)
        return content
    _shape(file, "", content, _BASED, ("id", "title", "summary"))
    _check_overrides(file, content)
    parent = content["based_on"]
    if parent in (id, *above):
        raise wrong(file, f"it is based on itself through {parent!r}")
    base = _flat(folder, parent, (id, *above))
    stages = [{**stage, "checks": list(stage["checks"])} for stage in base["stages"]]
    _change(file, stages, content)
    overrides = {check: fields for check, fields in base.get("overrides", {}).items()}
    for check, fields in content.get("overrides", {}).items():
        overrides[check] = {**overrides.get(check, {}), **fields}
    for check in content.get("drop", ()):
        overrides.pop(check, None)
    own = {name: value for name, value in content.items() if name in _BOTH}
    presets = {**base.get("presets", {}), **content.get("presets", {})}
    return {**base, **own, "stages": stages, "overrides": overrides, "presets": presets}


def _change(file: Path, stages: list[dict[str, Any]], content: Mapping[str, Any]) -> None:
    """Adds and drops checks and replaces help, in ``stages``."""
    by_id = {stage["id"]: stage for stage in stages}
    for check in content.get("drop", ()):
        stage = by_id.get(check.partition(".")[0])
        if stage is None or check not in stage["checks"]:
            raise wrong(file, f"drop: the recipe that it is based on has no {check!r}")
        stage["checks"].remove(check)
    for check in content.get("add", ()):
        stage = by_id.get(check.partition(".")[0])
        if stage is None:
            raise wrong(file, f"add: {check!r} belongs to no stage")
        stage["checks"].append(check)
    for stage_id, text in content.get("stage_help", {}).items():
        if stage_id not in by_id or not isinstance(text, str):
            raise wrong(file, f"stage_help: {stage_id!r} is no stage with a text")
        by_id[stage_id]["help"] = text


def _check_stages(file: Path, stages: list[Any]) -> None:
    for index, stage in enumerate(stages):
        if not isinstance(stage, dict):
            raise wrong(file, f"stage {index} is not a mapping")
        _shape(file, f"stage {index}: ", stage, _STAGE, tuple(_STAGE))
    ids = tuple(stage["id"] for stage in stages)
    if ids != STAGES:
        raise wrong(file, f"the stages are {', '.join(ids)}; they are {', '.join(STAGES)}")


def _check_overrides(file: Path, content: Mapping[str, Any]) -> None:
    for check, fields in content.get("overrides", {}).items():
        if not isinstance(fields, dict):
            raise wrong(file, f"overrides: {check} is not a mapping")
        _shape(file, f"overrides of {check}: ", fields, _OVERRIDE, ())
        _severity(file, check, fields)


def _checks(file: Path) -> dict[str, dict[str, Any]]:
    """The fields of every check, by id. Every recipe names checks of one file, so it is read once while it stays."""
    return _checks_read(file, file.stat().st_mtime_ns if file.is_file() else 0)


@lru_cache(maxsize=4)
def _checks_read(file: Path, changed: int) -> dict[str, dict[str, Any]]:
    content = _mapping(file)
    for id, fields in content.items():
        if not isinstance(id, str) or id.partition(".")[0] not in STAGES or not id.partition(".")[2]:
            raise wrong(file, f"{id!r} is not called after a stage ({', '.join(STAGES)})")
        if not isinstance(fields, dict):
            raise wrong(file, f"{id} is not a mapping")
        _shape(file, f"{id}: ", fields, _CHECK, ("title", "why", "severity", "remedy"))
        _severity(file, id, fields)
    return content


def _check(id: str, stage: int, fields: Mapping[str, Any]) -> Check:
    return Check(
        id=id,
        stage=stage,
        title=fields["title"],
        why=fields["why"],
        severity=fields["severity"],
        remedy=tuple(fields["remedy"]),
        tolerance=MappingProxyType(dict(fields.get("tolerance", {}))),
        manual=fields.get("manual", False),
        help=fields.get("help", ""),
    )


def _severity(file: Path, id: str, fields: Mapping[str, Any]) -> None:
    if fields.get("severity", "shall") not in SEVERITIES:
        raise wrong(file, f"{id}: severity is {fields['severity']!r}; choose one of {', '.join(SEVERITIES)}")


def _shape(
    file: Path, where: str, content: Mapping[str, Any], allowed: Mapping[str, str], needed: tuple[str, ...]
) -> None:
    """Raises FilmRecoveryError for an unknown or missing field, or one of the wrong kind."""
    _refuse(file, f"{where}unknown field", set(map(str, content)) - set(allowed))
    _refuse(file, f"{where}missing field", set(needed) - set(content))
    for name, value in content.items():
        if not _fits(value, allowed[name]):
            raise wrong(file, f"{where}{name} is {value!r:.60}; {allowed[name]} is needed")


def _fits(value: Any, kind: str) -> bool:
    if kind == _TEXT:
        return isinstance(value, str) and bool(value.strip())
    if kind == _TEXTS:
        return isinstance(value, list) and all(_fits(item, _TEXT) for item in value)
    if kind == "a list":
        return isinstance(value, list)
    if kind == "true or false":
        return isinstance(value, bool)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return False
    return kind == _MAPPING or all(isinstance(item, (bool, int, float, str)) for item in value.values())


def _mapping(file: Path) -> dict[str, Any]:
    from film_recovery.recipes.files import mapping

    return mapping(file)


def _refuse(file: Path, problem: str, names: Any) -> None:
    if names:
        raise wrong(file, f"{problem}: {', '.join(sorted(set(names)))}")
