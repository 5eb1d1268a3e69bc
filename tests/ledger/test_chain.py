"""The ledger's chain: what is appended stays, what is changed is named."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import ledger
from film_recovery.errors import FilmRecoveryError

PACKAGE = Path(ledger.__file__).resolve().parents[2]


def _filled(folder: Path, count: int = 4) -> list[bytes]:
    for number in range(count):
        ledger.append(folder, "train", {"steps": number, "title": f"Größe {number}"}, by="Ana")
    return (folder / ledger.FILE).read_bytes().splitlines(keepends=True)


def _run(program: str, *arguments: str) -> subprocess.Popen[str]:
    code = f"import sys; sys.path.insert(0, {str(PACKAGE)!r})\n{program}"
    return subprocess.Popen(
        [sys.executable, "-I", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_records_come_back_as_they_were_appended(tmp_path: Path) -> None:
    first = ledger.append(tmp_path, "train", {"steps": 10, "psnr": 31.5, "file": Path("a/b.pt")}, by="Ana")
    second = ledger.append(tmp_path, "sign", {"check": "ingest.conformed", "note": "seen"})
    book = ledger.read(tmp_path)
    assert book.records == (first, second)
    assert book.torn is None
    assert (first.index, second.index) == (1, 2)
    assert first.data == {"steps": 10, "psnr": 31.5, "file": "a/b.pt"}
    assert first.time.endswith("+00:00")
    assert second.by  # the login name
    assert book.of_kind("sign") == (second,)
    assert ledger.verify(tmp_path) == ()


def test_the_chain_is_the_sha256_of_the_previous_line(tmp_path: Path) -> None:
    lines = [line.rstrip(b"\n") for line in _filled(tmp_path)]
    for before, after in pairwise(lines):
        assert json.loads(after)["previous"] == hashlib.sha256(before).hexdigest()


def test_an_empty_folder_has_an_empty_ledger(tmp_path: Path) -> None:
    assert ledger.read(tmp_path).records == ()
    assert ledger.verify(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [0, 2, 3])
def test_an_edited_record_is_named(tmp_path: Path, number: int) -> None:
    lines = _filled(tmp_path)
    lines[number] = lines[number].replace(f'"steps": {number}'.encode(), b'"steps": 99')
    (tmp_path / ledger.FILE).write_bytes(b"".join(lines))
    (problem,) = ledger.verify(tmp_path)
    assert problem.startswith(f"record {number + 1} on line {number + 1} (train")
    assert "was edited" in problem


def test_an_edited_and_sealed_anew_record_shows_in_the_next(tmp_path: Path) -> None:
    lines = _filled(tmp_path)
    body = lines[1].replace(b'"steps": 1', b'"steps": 7').rpartition(b', "seal"')[0]
    lines[1] = body + b', "seal": "' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'
    (tmp_path / ledger.FILE).write_bytes(b"".join(lines))
    (problem,) = ledger.verify(tmp_path)
    assert problem.startswith("record 3 on line 3")


@pytest.mark.parametrize(("order", "named"), [([0, 2, 3], 3), ([1, 2, 3], 2), ([0, 2, 1, 3], 3)])
def test_a_removed_or_moved_record_is_named(tmp_path: Path, order: list[int], named: int) -> None:
    lines = _filled(tmp_path)
    (tmp_path / ledger.FILE).write_bytes(b"".join(lines[number] for number in order))
    (problem,) = ledger.verify(tmp_path)
    assert problem.startswith(f"record {named} on line {order.index(named - 1) + 1} ")
    assert "removed" in problem


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"index": "1"}'])
def test_a_line_that_is_no_record_is_named_by_number(tmp_path: Path, line: bytes) -> None:
    lines = _filled(tmp_path)
    (tmp_path / ledger.FILE).write_bytes(lines[0] + line + b"\n" + lines[1])
    (problem,) = ledger.verify(tmp_path)
    assert problem.startswith("line 2 is no record")
    with pytest.raises(FilmRecoveryError, match="Line 2 of the ledger"):
        ledger.read(tmp_path)


def test_a_torn_last_line_is_set_aside_and_reported(tmp_path: Path) -> None:
    lines = _filled(tmp_path)
    torn = lines[3][:40]
    (tmp_path / ledger.FILE).write_bytes(b"".join(lines[:3]) + torn)
    book = ledger.read(tmp_path)
    assert len(book.records) == 3
    assert book.torn == torn.decode()
    assert ledger.verify(tmp_path) == ("the last line is torn (40 bytes after record 3)",)

    ledger.append(tmp_path, "render", {"frames": "1-10"}, by="Ana")
    assert (tmp_path / "ledger.torn-1.jsonl").read_bytes() == torn + b"\n"
    repaired = ledger.read(tmp_path)
    assert [record.kind for record in repaired.records[3:]] == [ledger.TORN, "render"]
    assert repaired.records[3].data["file"] == "ledger.torn-1.jsonl"
    assert ledger.verify(tmp_path) == ()


def test_an_earlier_torn_line_is_not_overwritten(tmp_path: Path) -> None:
    for torn in (b"{one", b"{two"):
        with open(tmp_path / ledger.FILE, "ab") as stream:
            stream.write(torn)
        ledger.append(tmp_path, "train", {})
    assert (tmp_path / "ledger.torn-1.jsonl").read_bytes() == b"{one\n"
    assert (tmp_path / "ledger.torn-2.jsonl").read_bytes() == b"{two\n"
    assert ledger.verify(tmp_path) == ()


def test_processes_that_append_at_once_make_one_chain(tmp_path: Path) -> None:
    program = (
        "from film_recovery import ledger\n"
        "for number in range(25): ledger.append(sys.argv[1], 'train', {'n': number}, by=sys.argv[2])"
    )
    writers = [_run(program, str(tmp_path), name) for name in ("a", "b", "c", "d")]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    assert ledger.verify(tmp_path) == ()
    records = ledger.read(tmp_path).records
    assert len(records) == 100
    for name in ("a", "b", "c", "d"):
        assert [record.data["n"] for record in records if record.by == name] == list(range(25))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of a file to test with")
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    _filled(tmp_path)
    before = (tmp_path / ledger.FILE).read_bytes()
    program = (
        "import resource\n"
        "from film_recovery import ledger\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 50}, {len(before) + 50}))\n"
        "ledger.append(sys.argv[1], 'train', {'long': 'x' * 500})\n"
    )
    writer = _run(program, str(tmp_path))
    _, errors = writer.communicate(timeout=60)
    assert writer.returncode == 1
    assert "ledger.jsonl cannot be written" in errors
    assert "free space on its disk" in errors
    assert (tmp_path / ledger.FILE).read_bytes() == before
    ledger.append(tmp_path, "train", {})
    assert ledger.verify(tmp_path) == ()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="check the path"):
        ledger.append(tmp_path / "absent", "train", {})


def test_what_a_ledger_cannot_hold_is_named_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match=r"data\.figures\[1\] is a object"):
        ledger.append(tmp_path, "train", {"figures": [1, object()]})
    assert not (tmp_path / ledger.FILE).exists()


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.text(), st.dictionaries(st.text(), _plain, max_size=3)), min_size=1, max_size=4))
def test_any_plain_data_comes_back(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, dict[str, object]]]
) -> None:
    folder = tmp_path_factory.mktemp("project")
    for kind, data in entries:
        ledger.append(folder, kind, data, by="Ana")
    assert [(record.kind, record.data) for record in ledger.read(folder).records] == entries
    assert ledger.verify(folder) == ()


def test_infinite_figures_and_odd_file_names_are_kept_as_text(tmp_path: Path) -> None:
    record = ledger.append(tmp_path, "train", {"psnr": float("inf"), "file": "a\udcff.exr"})
    assert record.data == {"psnr": "inf", "file": "a\\udcff.exr"}
