"""Unfinished files of killed processes: these go, everything else stays."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from film_recovery import project
from film_recovery._files import maker_of, temporary_prefix, write_whole
from film_recovery.project.leftovers import clear_unfinished

PACKAGE = Path(project.__file__).resolve().parents[2]
KILLED = f"""
import os, signal, sys
sys.path.insert(0, {str(PACKAGE)!r})
from pathlib import Path
from film_recovery import _files, nk
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)  # the moment before the file takes its place
if sys.argv[1].endswith(".nk"):
    nk.save(nk.parse("NoOp {{\\n}}\\n"), sys.argv[1])
else:
    _files.write_whole(Path(sys.argv[1]), "text")
"""


def killed_while_writing(path: Path) -> None:
    done = subprocess.run([sys.executable, "-I", "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def of_process(pid: int) -> str:
    return re.sub(r"-\d+-\Z", f"-{pid}-", temporary_prefix())


@pytest.mark.parametrize(
    "name", ["project.yaml", "notes/experiments.md", "nuke_base/a.nk", "runs/x/job.json"]
)
def test_what_a_killed_process_left_is_removed(made: project.Project, name: str) -> None:
    path = made.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("as it was", encoding="utf-8")
    before = sorted(made.folder.rglob("*"))
    killed_while_writing(path)
    (left,) = set(made.folder.rglob("*")) - set(before)
    assert clear_unfinished(made.folder) == (left.resolve(),)
    assert sorted(made.folder.rglob("*")) == before
    assert path.read_text(encoding="utf-8") == "as it was"


def test_everything_else_stays(made: project.Project, tmp_path: Path) -> None:
    dead = of_process(ended_process())
    names = (
        f"{temporary_prefix()}0123456789ab.exr",  # of a process that runs
        f"{of_process(os.getppid())}0123456789ab.exr",
        f".film-recovery-elsewhere-{dead.split('-')[-2]}-0123456789ab.exr",  # of another computer
        f"{dead}0123456789ab.tar.gz",
        f"{dead}",
        f"{dead}UPPERCASE.exr",
        f"x{dead}0123456789ab.exr",
        ".film-recovery.jsonl",
        ".film-recovery-0123456789ab.exr",
        "shot.1001.exr",
        ".hidden",
    )
    training = made.folder / "pipeline" / "03_copycat_training"
    for name in names:
        (training / name).write_bytes(b"kept")
    (training / f"{dead}aaaaaaaa").mkdir()
    (training / f"{dead}aaaaaaab").symlink_to(training / "shot.1001.exr")
    (made.folder / "scans").mkdir()
    (made.folder / "scans" / f"{dead}0123456789ab.exr").write_bytes(b"not in a folder of ours")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / f"{dead}0123456789ab.exr").write_bytes(b"behind a link")
    (training / "linked").symlink_to(tmp_path / "outside")
    before = sorted([*made.folder.rglob("*"), *tmp_path.rglob("*")])
    assert clear_unfinished(made.folder) == ()
    assert sorted([*made.folder.rglob("*"), *tmp_path.rglob("*")]) == before
    left = training / f"{dead}0123456789ab.ckpt"
    left.write_bytes(b"half")
    assert clear_unfinished(made.folder) == (left.resolve(),)


def test_a_name_says_who_makes_it(tmp_path: Path) -> None:
    assert maker_of(f"{temporary_prefix()}abcdefgh.exr") == os.getpid()
    for name in ("", ".film-recovery.lock", f"{temporary_prefix()}", f"{temporary_prefix()}abcdefgh.exr\n"):
        assert maker_of(name) is None
    write_whole(tmp_path / "a", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
