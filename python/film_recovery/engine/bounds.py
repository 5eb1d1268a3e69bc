"""What a model is judged by: limits for its figures, and margins by which it may fall behind a baseline.

The defaults are data, ``bounds.yaml`` beside this module; an operator's file changes entries of it. Strict: an entry,
a figure or a value that is not known is an error that names it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery._files import read_text
from film_recovery._yaml import yaml
from film_recovery.analysis.figures import NAMES
from film_recovery.errors import FilmRecoveryError

DEFAULTS = Path(__file__).with_name("bounds.yaml")
BETTER = ("higher", "lower", "one", "zero")
_LARGEST = 64 * 1024  # bytes


@dataclass(frozen=True)
class Bound:
    """``figure`` lies between ``at_least`` and ``at_most``, or ``why`` does not hold."""

    figure: str
    at_least: float = -math.inf
    at_most: float = math.inf
    why: str = ""

    def holds(self, value: float) -> bool:
        return self.at_least <= value <= self.at_most

    @property
    def words(self) -> str:
        """The limits in words."""
        if math.isinf(self.at_least):
            return f"at most {self.at_most:g}"
        if math.isinf(self.at_most):
            return f"at least {self.at_least:g}"
        return f"{self.at_least:g} to {self.at_most:g}"


@dataclass(frozen=True)
class Margin:
    """By how much ``figure`` may fall behind the baseline's. ``better``: one of BETTER."""

    figure: str
    better: str
    margin: float
    why: str = ""

    def behind(self, value: float, baseline: float) -> float:
        """By how much ``value`` is worse than ``baseline``; negative where it is better."""
        if self.better == "higher":
            return baseline - value
        if self.better == "lower":
            return value - baseline
        right = 1.0 if self.better == "one" else 0.0
        return abs(value - right) - abs(baseline - right)


@dataclass(frozen=True)
class Judgement:
    """All that a verdict is given by."""

    bounds: tuple[Bound, ...]
    worse: tuple[Margin, ...]


def load(file: Path | None = None) -> Judgement:
    """The defaults, with the entries of ``file`` in their place. Raises FilmRecoveryError naming what is wrong."""
    content = _content(DEFAULTS)
    if file is not None:
        own = _content(file)
        content = {part: {**content[part], **own[part]} for part in ("bounds", "worse")}
    return Judgement(
        tuple(Bound(name, **entry) for name, entry in content["bounds"].items() if entry is not None),
        tuple(Margin(name, **entry) for name, entry in content["worse"].items() if entry is not None),
    )


def _content(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = yaml.safe_load(read_text(file, _LARGEST))
    except yaml.YAMLError as error:
        reason = str(error).partition("\n")[0]
        raise _wrong(file, f"it is not YAML: {reason}") from error
    content = {} if content is None else content
    if not isinstance(content, dict) or content.keys() - {"bounds", "worse"}:
        raise _wrong(file, "it holds other things than bounds and worse")
    parts: dict[str, dict[str, Any]] = {}
    for part, keys in (("bounds", {"at_least", "at_most"}), ("worse", {"margin"})):
        entries = {} if content.get(part) is None else content[part]
        if not isinstance(entries, dict):
            raise _wrong(file, f"{part} is no list of figures")
        parts[part] = {
            str(name): None if entry is None else _entry(file, part, str(name), entry, keys)
            for name, entry in entries.items()
        }
    return parts


def _entry(file: Path, part: str, name: str, entry: Any, numbers: set[str]) -> Mapping[str, Any]:
    if name not in NAMES:
        raise _wrong(file, f"{part} has {name}, and there is no such figure")
    if not isinstance(entry, dict):
        raise _wrong(file, f"{part}.{name} is {entry!r}")
    known = {*numbers, "why", *(["better"] if part == "worse" else [])}
    unknown = [str(key) for key in entry if key not in known]
    if unknown:
        raise _wrong(file, f"{part}.{name} has {', '.join(unknown)}; it may have {', '.join(sorted(known))}")
    for key in numbers & entry.keys():
        value = entry[key]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise _wrong(file, f"{part}.{name}.{key} is {value!r}, not a number")
    if part == "bounds" and not numbers & entry.keys():
        raise _wrong(file, f"{part}.{name} has neither at_least nor at_most")
    if entry.get("at_least", -math.inf) > entry.get("at_most", math.inf):
        raise _wrong(file, f"{part}.{name} has no value between its limits")
    if part == "worse" and (entry.get("better") not in BETTER or entry.get("margin", -1) < 0):
        raise _wrong(file, f"{part}.{name} needs better ({', '.join(BETTER)}) and a margin of 0 or more")
    return {key: str(value) if key == "why" else value for key, value in entry.items()}


def _wrong(file: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The bounds cannot be used: {reason}.",
        file=str(file),
        remedy="correct the file; bounds.yaml shows the form",
    )
