"""The register of measuring functions: one for each check that is not signed.

``@measures("ingest.size_parity")`` marks the function of a check; ``checking`` calls it with a View of the project and
the Check, whose tolerance is the recipe's with the project's own in it. No figure to judge by stands in code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from film_recovery.checks import Check, Outcome
from film_recovery.stages.view import View

Measure = Callable[[View, Check], Outcome]

_FUNCTIONS: dict[str, Measure] = {}
FUNCTIONS: Mapping[str, Measure] = MappingProxyType(_FUNCTIONS)


def measures(id: str) -> Callable[[Measure], Measure]:
    """Marks the function that measures the check ``id``. A second one for the same check is an error."""

    def mark(function: Measure) -> Measure:
        if id in _FUNCTIONS:
            raise ValueError(f"{id} is measured twice: {_FUNCTIONS[id].__name__} and {function.__name__}")
        _FUNCTIONS[id] = function
        return function

    return mark
