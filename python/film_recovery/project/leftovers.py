"""What killed processes left unfinished in the folders of a project or a training, removed by whoever holds it next.

Such a file has a name of ours with the process in it (``_files.temporary_prefix``); it never took its place, so nothing
refers to it. Unfinished frames lie in a folder of their own, which the next render of that folder removes.
"""

from __future__ import annotations

import os
from pathlib import Path

from film_recovery._files import explained, maker_of
from film_recovery._process import alive
from film_recovery.project.folders import FOLDERS


def clear_unfinished(folder: Path | str) -> tuple[Path, ...]:
    """Removes the unfinished files of ended processes of this computer, and gives them. Call it under the lock.

    Looks into the project folder itself and, whole, into the folders that every project has; no link is followed. A
    file with any other name stays, and so does one whose process number is in use again.
    """
    root = Path(folder).resolve()
    tops = sorted({name.split("/")[0] for name in FOLDERS} - {""})
    found = [root / name for name in os.listdir(root)]
    for top in tops:
        if not (root / top).is_symlink():
            found += _below(root / top)
    return _removed(found)


def clear_unfinished_below(folder: Path) -> tuple[Path, ...]:
    """As :func:`clear_unfinished`, of everything below ``folder``, which is one of ours alone: a training's."""
    return _removed(_below(folder.resolve()))


def _below(folder: Path) -> list[Path]:
    return [Path(place, name) for place, _, names in os.walk(folder) for name in names]


def _removed(found: list[Path]) -> tuple[Path, ...]:
    left = [path for path in found if _is_left(path)]
    for path in left:
        with explained(path, "removed"):
            path.unlink(missing_ok=True)
    return tuple(left)


def _is_left(path: Path) -> bool:
    maker = maker_of(path.name)
    return maker is not None and not alive(maker, "") and path.is_file() and not path.is_symlink()
