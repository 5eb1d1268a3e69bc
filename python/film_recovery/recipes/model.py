"""What a recipe is: plain data, made by ``loading`` from the files in ``data``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from film_recovery.checks import Check
from film_recovery.errors import UsageError

# The stages of the workflow, numbered from 0; the word is the first part of every check's id.
STAGES = ("ingest", "curation", "alignment", "training", "inference", "validation")
KINDS = ("spatial", "colour", "combined")


@dataclass(frozen=True)
class Stage:
    """One stage of a recipe. ``id``: a word of STAGES, ``number``: its place there."""

    number: int
    id: str
    title: str
    help: str


@dataclass(frozen=True)
class Step:
    """A project beside the recipe's own, in ``steps/<name>/``: what else a recovery of several steps takes.

    ``recipe``: of that project. ``when``: it runs ``before`` or ``after`` the recipe's own. ``source``, ``reference``:
    what its elements are, ``source`` or ``reference`` as they were given for the recovery, ``master`` (the frames that
    the recipe's own project renders), or ``own``, an element that only the step has. ``gives``: the element of the
    recipe's own project that the step's master becomes; empty for a step that runs after it.
    """

    name: str
    title: str
    recipe: str
    when: str
    source: str
    reference: str
    gives: str = ""


@dataclass(frozen=True)
class Recipe:
    """One way to recover a film.

    ``checks``: in the order in which they are shown. ``presets``: settings by name (``patch``, ``steps`` …).
    ``quick_reference``: one page of help, lines of text. ``steps``: the other projects of a recovery of several steps.
    """

    id: str
    title: str
    kind: str
    summary: str
    stages: tuple[Stage, ...]
    checks: tuple[Check, ...]
    presets: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    quick_reference: str = ""
    steps: tuple[Step, ...] = ()

    def has(self, id: str) -> bool:
        """Whether there is a check of that name."""
        return id in self._by_id

    def check(self, id: str) -> Check:
        """The check ``id``; UsageError naming the nearest ones when the recipe has none of that name."""
        if self.has(id):
            return self._by_id[id]
        import difflib

        near = difflib.get_close_matches(id, [check.id for check in self.checks], n=3, cutoff=0.4)
        raise UsageError(
            f"The recipe {self.id} has no check {id!r}.",
            remedy=f"choose one that it has{', such as ' + ', '.join(near) if near else ''}",
        )

    def for_stage(self, number: int) -> tuple[Check, ...]:
        """The checks of one stage, in order."""
        return tuple(check for check in self.checks if check.stage == number)

    @cached_property
    def _by_id(self) -> Mapping[str, Check]:
        return {check.id: check for check in self.checks}
