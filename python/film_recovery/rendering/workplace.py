"""Where a frame is made before it is renamed into place: a hidden folder beside the frames, one for each run.

So two renders into one folder never touch each other's unfinished frames, and what a killed run leaves behind is
known by its name: the next run on that computer removes it.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from film_recovery.errors import FilmRecoveryError

_PREFIX = ".film-recovery-run-"


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A fresh folder inside ``folder``, removed at the end. Raises FilmRecoveryError when it cannot be made."""
    host = re.sub(r"[^A-Za-z0-9]", "", platform.node())
    _clear(folder, host)
    place = folder / f"{_PREFIX}{host}-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        place.mkdir()
    except OSError as error:
        raise FilmRecoveryError(
            f"The output folder cannot be written to: {error.strerror}.",
            file=str(folder),
            remedy="check its permissions and free space, or choose another",
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _clear(folder: Path, host: str) -> None:
    """Removes what runs of this computer left that were killed."""
    for left in folder.glob(f"{_PREFIX}{host}-*"):
        pid = left.name.removeprefix(f"{_PREFIX}{host}-").partition("-")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            shutil.rmtree(left, ignore_errors=True)  # never through a link: rmtree refuses those


def _runs(pid: int) -> bool:
    """Whether a process of that number may be running; on Windows it cannot be asked harmlessly."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
