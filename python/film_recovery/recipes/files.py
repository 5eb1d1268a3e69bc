"""A recipe's YAML file as a mapping; strict. Imported when the first one is read: PyYAML takes its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from film_recovery._yaml import yaml
from film_recovery.recipes.faults import wrong


class _Loader(yaml.SafeLoader):  # type: ignore[misc,unused-ignore]
    """A safe loader that refuses a key that stands twice in one mapping (YAML itself keeps the last)."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [str(key) for key in keys if keys.count(key) > 1]
        if twice:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {twice[0]!r} stands there twice")
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def mapping(file: Path) -> dict[str, Any]:
    """What stands in ``file``. Raises FilmRecoveryError that names it where it is not a mapping in YAML."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise wrong(file, f"it cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise wrong(file, f"it is not readable YAML: {error}") from error
    if not isinstance(content, dict):
        raise wrong(file, "it is not a mapping")
    return content
