"""What killed processes left unfinished in a project's folders, removed by whoever holds the project next.

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
            for place, _, names in os.walk(root / top):
                found += (Path(place, name) for name in names)
    left = [path for path in found if _is_left(path)]
    for path in left:
        with explained(path, "removed"):
            path.unlink(missing_ok=True)
    return tuple(left)


def _is_left(path: Path) -> bool:
    maker = maker_of(path.name)
    return maker is not None and not alive(maker, "") and path.is_file() and not path.is_symlink()
