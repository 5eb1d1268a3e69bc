"""Docked panels: noted, not shown."""

from __future__ import annotations

from typing import Any

from nuke import Dock, emulation


class _Panel:
    def __init__(self, panel_id: str) -> None:
        self._id = panel_id

    def addToPane(self, pane: Any = None) -> None:
        if pane is not None and not isinstance(pane, Dock):
            raise TypeError(f"{pane!r} is no pane")
        emulation.shown.append(self._id)


def registerWidgetAsPanel(widget: str, name: str, id: str, create: bool = False) -> _Panel | None:
    """``widget`` is the text that gives the class, evaluated in Nuke's main module."""
    if not all(isinstance(one, str) for one in (widget, name, id)):
        raise TypeError("widget, name and id are texts")
    compile(widget, id, "eval")
    emulation.panels[id] = (widget, name)
    return _Panel(id) if create else None
