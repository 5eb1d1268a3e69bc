"""SHA-256 of files, remembered while they do not change."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from film_recovery import _hashes
from film_recovery._hashes import forget, sha256_of


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """As ten seconds after the files were written; one entry for each that is read."""
    found: list[int] = []
    counted = SimpleNamespace(sha256=lambda: found.append(1) or hashlib.sha256())
    monkeypatch.setattr(_hashes, "hashlib", counted)
    later = SimpleNamespace(time_ns=lambda: time.time_ns() + 10 * 10**9)
    monkeypatch.setattr(_hashes, "time", later)
    forget()
    yield found
    forget()


def test_a_file_is_read_once_while_it_does_not_change(tmp_path: Path, read: list[int]) -> None:
    file = tmp_path / "a.exr"
    file.write_bytes(b"one")
    known = sha256_of(file)
    assert known == sha256_of(file) == sha256_of(tmp_path / "." / "a.exr") and len(read) == 1
    moved = file.rename(tmp_path / "b.exr")
    assert sha256_of(moved) == known and len(read) == 2
    forget()
    assert sha256_of(moved) == known and len(read) == 3


def test_of_equal_size_and_with_its_time_put_back_it_is_read_again(tmp_path: Path, read: list[int]) -> None:
    file = tmp_path / "a.exr"
    file.write_bytes(b"one")
    before = os.stat(file)
    known = sha256_of(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert sha256_of(file) != known and len(read) == 2


def test_what_was_written_a_moment_ago_is_not_remembered(tmp_path: Path) -> None:
    """A second change within the clock of a file system has the same times."""
    file = tmp_path / "a.exr"
    file.write_bytes(b"one")
    sha256_of(file)
    assert str(file) not in _hashes._known


def test_what_cannot_be_read_is_the_system_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sha256_of(tmp_path / "none")
    with pytest.raises(OSError):
        sha256_of(tmp_path)
