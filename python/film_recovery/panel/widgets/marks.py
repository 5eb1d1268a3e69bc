"""The marks of outcomes and stages: a shape and a colour each, so that neither is needed alone."""

from __future__ import annotations

from film_recovery.panel.qt import QtGui
from film_recovery.panel.widgets import icons

SIZE = icons.SIZE
_KNOWN = ("pass", "signed", "warn", "fail", "info", "running")


def icon(state: str, colour: str, size: int = SIZE) -> QtGui.QIcon:
    """The mark of ``state`` (an outcome, ``signed``, ``running`` or ``not run``)."""
    return icons.icon(_name(state), colour, size=size)


def pixmap(state: str, colour: str, size: int = SIZE, ratio: float = 1) -> QtGui.QPixmap:
    """As a picture of ``size`` pixels, ``ratio`` times as fine."""
    return icons.pixmap(_name(state), colour, size, ratio)


def _name(state: str) -> str:
    return state if state in _KNOWN else "not run"
