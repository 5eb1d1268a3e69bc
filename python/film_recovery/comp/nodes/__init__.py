"""The node classes, one module for each family. Importing this package registers them all."""

from __future__ import annotations

from film_recovery.comp.nodes import (
    arithmetic,
    channels,
    colour,
    filters,
    geometry,
    group,
    io,
    merge,
    metadata,
    time,
    ui,
)

__all__ = [
    "arithmetic",
    "channels",
    "colour",
    "filters",
    "geometry",
    "group",
    "io",
    "merge",
    "metadata",
    "time",
    "ui",
]
