"""Which stage has which work. Each is imported when it is first shown: nobody waits for all of them at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from film_recovery.panel.widgets.work import Kit, Work

# Stage → module of this package, class.
WORKS: Mapping[int, tuple[str, str]] = {
    0: ("work_elements", "ElementsWork"),
    1: ("work_pairs", "PairsWork"),
    2: ("work_alignment", "AlignmentWork"),
    3: ("work_training", "TrainingWork"),
    4: ("work_render", "RenderWork"),
    5: ("work_validation", "ValidationWork"),
}


def works(kit: Kit) -> dict[int, Callable[[], Work]]:
    """Stage → what makes its work."""
    return {stage: partial(_made, kit, *names) for stage, names in WORKS.items()}


def _made(kit: Kit, module: str, name: str) -> Work:
    made = getattr(import_module(f"film_recovery.panel.widgets.{module}"), name)(kit)
    assert isinstance(made, Work)
    return made
