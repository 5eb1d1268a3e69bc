"""Which stage has which work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from film_recovery.panel.widgets.work import Kit, Work
from film_recovery.panel.widgets.work_alignment import AlignmentWork
from film_recovery.panel.widgets.work_elements import ElementsWork
from film_recovery.panel.widgets.work_pairs import PairsWork

_WORKS: Mapping[int, type[Work]] = {0: ElementsWork, 1: PairsWork, 2: AlignmentWork}


def works(kit: Kit) -> dict[int, Callable[[], Work]]:
    """Stage → what makes its work, when it is first shown."""
    return {stage: lambda kind=kind: kind(kit) for stage, kind in _WORKS.items()}  # type: ignore[misc]
