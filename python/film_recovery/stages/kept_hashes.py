"""For ``status``: the hashes of a project's files as its last one knew them, kept in ``.cache/``.

Masters are known by their bytes: who looks at how a project stands would read all of them, and the scans, each time. A
file whose size, times, inode and disk are those of last time is taken for unchanged. That is enough to tell how far
things are, and not to vouch for them: whatever judges, records, seals or delivers reads the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from film_recovery._hashes import forget, known, take
from film_recovery.project import Project, paths
from film_recovery.stages.remembered import keep, recalled

FILE = "hashes.json"
_LARGEST = 1 << 26  # bytes: of the 200 000 files that are known at most


@contextmanager
def kept_hashes(project: Project) -> Iterator[None]:
    """While it lasts, files that did not change since the last time are not read for their hash."""
    file = paths(project).cache / FILE
    before = recalled(file, _LARGEST) or {}
    forget()
    take(before)
    try:
        yield
        found = known()
        if found != before:
            keep(file, found)
    finally:
        forget()
