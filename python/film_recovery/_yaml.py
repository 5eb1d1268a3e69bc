"""PyYAML, wherever it is: the copy that the installer vendored for NukeX, else the installed package."""

from __future__ import annotations

try:
    from film_recovery._vendor import yaml  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    import yaml

__all__ = ["yaml"]
