"""Which class of recovery a recipe is, and where that division stands: the same words in note, report and docs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from film_recovery._files import read_text
from film_recovery._yaml import yaml
from film_recovery.errors import UsageError

_FILE = Path(__file__).with_name("classification.yaml")
_LIMIT = 1 << 16


@dataclass(frozen=True)
class Citation:
    """``text``: author, title, where published. ``where``: its address. ``says``: what it is cited for."""

    text: str
    where: str
    says: str


@dataclass(frozen=True)
class Classification:
    """``changes``, ``keeps``: luma or chroma, in words. ``after``: what the model learns from."""

    title: str
    changes: str
    keeps: str
    after: str
    sources: tuple[Citation, ...]

    @property
    def statement(self) -> str:
        """In a sentence or two: the class, what it may change, what it keeps, and after what."""
        return f"{self.title}. It may change {self.changes} and keeps {self.keeps}, after {self.after}."


def classification(recipe: str) -> Classification:
    """The class of the recipe ``recipe``. Raises UsageError for an unknown one."""
    found = _content()["classes"].get(recipe)
    if found is None:
        known = ", ".join(_content()["classes"])
        raise UsageError(f"There is no recipe {recipe!r}.", remedy=f"choose one of {known}")
    cited = _content()["sources"]
    return Classification(
        found["title"],
        found["changes"],
        found["keeps"],
        found["after"],
        tuple(Citation(**cited[name]) for name in found["sources"]),
    )


def recovery(passed: Collection[str], *, own_training: bool) -> str:
    """What all classes share: that it is recovery, not enhancement; or, where that is not shown, what is not known.

    ``passed``: the ids of the checks that passed. ``own_training``: whether the model is the project's own."""
    content = _content()
    unknown = [] if own_training else [str(content["own_training"])]
    unknown += [str(one["shows"]) for one in content["proof"] if not set(one["checks"]) & set(passed)]
    return f"{content['unproven']} {'; '.join(unknown)}." if unknown else str(content["recovery"])


def proof() -> tuple[tuple[str, ...], ...]:
    """The checks that show that it is recovery: of each group one has to pass."""
    return tuple(tuple(one["checks"]) for one in _content()["proof"])


@cache
def _content() -> dict[str, Any]:
    return dict(yaml.safe_load(read_text(_FILE, _LIMIT)))
