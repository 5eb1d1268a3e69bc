"""Which stage has which work. It is imported and made when it is first shown, in two pieces, so that neither lasts."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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


class Maker:
    """Makes the work of a stage: ``name`` in ``module`` of this package."""

    def __init__(self, kit: Kit, module: str, name: str) -> None:
        self._kit, self._name = kit, name
        self._module = f"film_recovery.panel.widgets.{module}"

    @property
    def is_imported(self) -> bool:
        """Whether ``make`` has nothing to import."""
        return self._module in sys.modules

    def load(self) -> None:
        """Imports it."""
        import_module(self._module)

    def make(self) -> Work:
        """The work."""
        made = getattr(import_module(self._module), self._name)(self._kit)
        assert isinstance(made, Work)
        return made


def works(kit: Kit) -> dict[int, Maker]:
    """Stage → what makes its work."""
    return {stage: Maker(kit, *names) for stage, names in WORKS.items()}
