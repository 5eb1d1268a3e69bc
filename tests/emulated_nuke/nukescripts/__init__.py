"""The few calls of nukescripts that the plugin may make; what is not here does not exist."""

from __future__ import annotations

from . import panels
from .panels import registerWidgetAsPanel

__all__ = ["panels", "registerWidgetAsPanel"]
