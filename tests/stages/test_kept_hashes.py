"""``status`` reads each file once for its hash while it does not change; what judges reads it each time."""

from __future__ import annotations

import hashlib
import json
import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from film_recovery import _hashes, project, stages
from film_recovery._hashes import forget
from film_recovery.cli.project import status
from film_recovery.cli.report import Report, events_to
from film_recovery.stages.kept_hashes import FILE


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """As ten seconds after the files were written; one entry for each that is read."""
    found: list[int] = []
    counted = SimpleNamespace(sha256=lambda: found.append(1) or hashlib.sha256())
    monkeypatch.setattr(_hashes, "hashlib", counted)
    monkeypatch.setattr(_hashes, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 10 * 10**9))
    return found


def stands(place: Any) -> dict[str, Any]:
    events: list[Any] = []
    token = events_to.set(events.append)
    try:
        with Report(as_json=True) as report:
            status(report, place.folder)
    finally:
        events_to.reset(token)
    return dict(events[-1])


def test_what_did_not_change_is_read_once(place: Any, read: list[int]) -> None:
    place.finish()
    read.clear()
    first = stands(place)
    assert len(read) >= 16  # eight masters, and the frames of the Source that they are of
    read.clear()
    assert stands(place) == first and not read
    master = project.paths(place.project).render_pattern.as_posix().replace("####", "0003")
    before = os.stat(master)
    with open(master, "r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last[0] ^ 1]))
    os.utime(master, ns=(before.st_atime_ns, before.st_mtime_ns))
    stands(place)
    assert len(read) == 1, "of equal size and with its time put back, and read again"
    read.clear()
    stages.check(place.project)
    assert len(read) >= 16, "what judges knows nothing of it"


def test_a_damaged_table_costs_time_and_nothing_else(place: Any, read: list[int]) -> None:
    place.finish()
    first = stands(place)
    file = project.paths(place.project).cache / FILE
    whole = json.loads(file.read_text(encoding="utf-8"))
    rows = [None, 3, [[1, 2], "00"], [[1, 2, 3, 4, 5], "xyz"], [["a"] * 5, "00"], [[1] * 5, 7]]
    for text in ("", "[]", "{", json.dumps({name: rows[n % 6] for n, name in enumerate(whole)})):
        file.write_text(text, encoding="utf-8")
        read.clear()
        assert stands(place) == first and len(read) >= 16
        assert json.loads(file.read_text(encoding="utf-8")) == whole
    forget()
