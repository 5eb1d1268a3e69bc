"""A delivery as a bag: whole or not at all, checked by other people's tools, and every change named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from film_recovery._files import temporary_prefix
from film_recovery.errors import FilmRecoveryError
from film_recovery.provenance.bag import BagFinding, count, findings, is_inside, pack
from film_recovery.provenance.sealing import content_hash


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name in ("masters/a.1001.exr", "masters/a.1002.exr", "notes/Prüfung 100%.md", "project.yaml"):
        path = tmp_path / "film" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 1000)
        made[name] = path
    return made


@pytest.fixture
def bag(files: dict[str, Path], tmp_path: Path) -> Path:
    told: list[tuple[str, int, int]] = []
    expected = {"masters/a.1001.exr": content_hash(files["masters/a.1001.exr"])}
    info = {"Source-Organization": "The\nArchive"}
    made = pack(files, tmp_path / "out" / "bag", info, expected, lambda *now: told.append(now))
    assert told[-1] == ("deliver", 4, 4)
    return made


def test_what_was_packed_is_all_there(bag: Path, files: dict[str, Path]) -> None:
    assert findings(bag) == ()
    assert {name: (bag / "data" / name).read_bytes() for name in files} == {
        name: path.read_bytes() for name, path in files.items()
    }
    assert (bag / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    size = sum(path.stat().st_size for path in files.values())
    assert (bag / "bag-info.txt").read_text().splitlines() == [
        "Source-Organization: The Archive",
        f"Payload-Oxum: {size}.4",
    ]
    assert "data/notes/Prüfung 100%25.md" in (bag / "manifest-sha256.txt").read_text("utf-8")
    assert [path.name for path in bag.parent.iterdir()] == ["bag"]


def test_sha256sum_checks_it(files: dict[str, Path], tmp_path: Path) -> None:
    plain = {name: path for name, path in files.items() if "%" not in name}
    bag = pack(plain, tmp_path / "bag", {})
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", manifest], cwd=bag, check=True)


def test_every_change_is_named(bag: Path) -> None:
    frame = bag / "data/masters/a.1002.exr"
    frame.write_bytes(frame.read_bytes()[:-1] + b"!")
    (bag / "data/project.yaml").unlink()
    (bag / "data/masters/a.1003.exr").write_bytes(b"slipped in")
    (bag / "bag-info.txt").write_text("Source-Organization: Somebody else\n")
    assert findings(bag) == (
        BagFinding("bag-info.txt", "changed"),
        BagFinding("data/masters/a.1002.exr", "changed"),
        BagFinding("data/masters/a.1003.exr", "unknown"),
        BagFinding("data/project.yaml", "missing"),
    )


def test_a_frame_that_is_not_the_sealed_one_stops_it(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match=r"a\.1002\.exr is not the one") as caught:
        pack(files, tmp_path / "out" / "bag", {}, {"masters/a.1002.exr": "0" * 64})
    assert "verify" in caught.value.remedy
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_is_written_over_and_nothing_leaves_the_bag(bag: Path, files: dict[str, Path]) -> None:
    with pytest.raises(FilmRecoveryError, match="never changed"):
        pack(files, bag, {})
    for name in ("../outside", "/outside", ""):
        with pytest.raises(FilmRecoveryError, match="no place in a bag"):
            pack({name: files["project.yaml"]}, bag.parent / "other", {})
    assert findings(bag) == ()


def test_a_disk_too_small_is_foreseen(files: dict[str, Path], tmp_path: Path) -> None:
    huge = tmp_path / "huge.exr"
    with huge.open("wb") as stream:
        os.truncate(stream.fileno(), shutil.disk_usage(tmp_path).free)  # a hole: it takes no room
    with pytest.raises(FilmRecoveryError, match="GB are free"):
        pack({**files, "huge.exr": huge}, tmp_path / "out" / "bag", {})
    assert not (tmp_path / "out").exists()


def test_a_file_that_went_away_leaves_nothing(files: dict[str, Path], tmp_path: Path) -> None:
    files["gone.exr"] = tmp_path / "gone.exr"
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        pack(files, tmp_path / "out" / "bag", {})
    assert not (tmp_path / "out").exists()


def test_names_that_no_manifest_can_hold_are_said_before_anything_is_copied(
    files: dict[str, Path], tmp_path: Path
) -> None:
    name = os.fsdecode(b"notes/caf\xe9.md")
    with pytest.raises(FilmRecoveryError, match="no text, so no manifest") as caught:
        pack({**files, name: files["project.yaml"]}, tmp_path / "out" / "bag", {})
    assert caught.value.remedy == "rename the file" and not (tmp_path / "out").exists()
    str(caught.value).encode("utf-8")  # a terminal can show it


def test_a_name_may_hold_what_python_takes_for_the_end_of_a_line(
    files: dict[str, Path], tmp_path: Path
) -> None:
    odd = {f"notes/one{character}two.md": files["project.yaml"] for character in "\u2028\x0b\x85\r\n"}
    bag = pack({**files, **odd}, tmp_path / "bag", {})
    assert findings(bag) == ()
    assert count(bag) == len(files) + len(odd)


def test_what_a_killed_delivery_left_goes_with_the_next_one(files: dict[str, Path], tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    mine, theirs = (
        temporary_prefix().replace(str(os.getpid()), str(pid)) for pid in (ended.pid, os.getpid())
    )
    left, kept = tmp_path / f"{mine}0123456789ab", tmp_path / f"{theirs}0123456789ab"
    for place in (left, kept):
        (place / "data").mkdir(parents=True)
        (place / "data" / "a.exr").write_bytes(b"half of it")
    pack(files, tmp_path / "bag", {})
    assert not left.exists() and kept.exists()


def test_another_folder_is_no_bag(tmp_path: Path, bag: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="no BagIt bag"):
        findings(tmp_path)
    (bag / "manifest-sha256.txt").write_text("0  data/../../x\n")
    with pytest.raises(FilmRecoveryError, match="two spaces"):
        findings(bag)


def test_a_bag_that_lost_what_makes_it_one_is_not_intact(bag: Path) -> None:
    for name in ("bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"):
        content = (bag / name).read_bytes()
        (bag / name).unlink()
        assert BagFinding(name, "missing") in findings(bag), name
        assert is_inside(bag / "data/masters")
        (bag / name).write_bytes(content)
    assert findings(bag) == () and not is_inside(bag.parent)


_SLOW = """
import sys, time
from pathlib import Path
from film_recovery.provenance.bag import pack

def said(what, done, total):
    if done == 1:
        print(Path(sys.argv[2]).name, flush=True)
        sys.stdin.readline()

pack({"a": Path(sys.argv[1]), "b": Path(sys.argv[1])}, Path(sys.argv[2]), {}, progress=said)
"""


def test_a_delivery_at_work_is_not_cleared_away_whatever_its_number_is(
    files: dict[str, Path], tmp_path: Path
) -> None:
    """As from another container of the same name, where the process that makes it has another number."""
    out = tmp_path / "out"
    command = [sys.executable, "-c", _SLOW, str(files["project.yaml"]), str(out / "theirs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as at_work:
        assert at_work.stdout is not None and at_work.stdin is not None
        assert at_work.stdout.readline() == "theirs\n"
        ended = subprocess.Popen(["true"])
        ended.wait()
        for place in list(out.iterdir()):
            place.rename(place.with_name(place.name.replace(f"-{at_work.pid}-", f"-{ended.pid}-")))
        pack(files, out / "ours", {})
        (left,) = (place for place in out.iterdir() if place.is_dir() and place.name.startswith("."))
        assert (left / "data/a").is_file()
        for place in list(out.iterdir()):
            place.rename(place.with_name(place.name.replace(f"-{ended.pid}-", f"-{at_work.pid}-")))
        at_work.communicate("\n")
    assert at_work.returncode == 0 and findings(out / "theirs") == ()


def test_a_delivery_that_was_cleared_away_meanwhile_is_not_published(
    files: dict[str, Path], tmp_path: Path
) -> None:
    def clear(what: str, done: int, total: int) -> None:
        if done == 3:
            (place,) = (place for place in (tmp_path / "out").iterdir() if place.is_dir())
            (place / "data/masters/a.1001.exr").unlink()

    with pytest.raises(FilmRecoveryError, match=r"a\.1001\.exr was copied, and is not in the delivery"):
        pack(files, tmp_path / "out" / "bag", {}, progress=clear)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_cannot_be_made_is_told_as_that(files: dict[str, Path], tmp_path: Path) -> None:
    """And not as a frame of the film that cannot be read."""
    name = f"notes/{'n' * 300}.md"
    with pytest.raises(FilmRecoveryError, match="cannot be written: File name too long") as caught:
        pack({name: files["project.yaml"]}, tmp_path / "out" / "bag", {})
    assert caught.value.where["file"].endswith(f"{'n' * 300}.md")
