"""Which stage has which work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from film_recovery.panel.widgets.work import Kit, Work
from film_recovery.panel.widgets.work_pairs import PairsWork
from film_recovery.panel.widgets.work_render import RenderWork
from film_recovery.panel.widgets.work_validation import ValidationWork

_WORKS: Mapping[int, type[Work]] = {1: PairsWork, 4: RenderWork, 5: ValidationWork}


def works(kit: Kit) -> dict[int, Callable[[], Work]]:
    """Stage → what makes its work, when it is first shown."""
    return {stage: lambda kind=kind: kind(kit) for stage, kind in _WORKS.items()}  # type: ignore[misc]
