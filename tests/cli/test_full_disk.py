"""A run on a disk that fills up, at every kind of file: it is said, nothing half-written is taken for whole, and with
room made a rerun gives the same frames and weights as a run that was never disturbed. Real processes, real disks.

The disk is a tmpfs in a mount namespace of its own. Where the system allows neither, and everywhere else too, a limit
on the size of files stands for it: writes beyond it fail in the same way.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from film_recovery import ledger, project
from film_recovery.learning.checkpoint import BEST
from film_recovery.project import lock

PYTHON = Path(__file__).resolve().parents[2] / "python"
RUN = [sys.executable, "-m", "film_recovery.cli.main", "run", "--json", "--project"]
SIZE = 24 << 20  # of the disk, in bytes
PAGE = 4096

# What the disk is too small for, by the pattern of its path.
TARGETS = {
    "ledger": "ledger.jsonl",
    "contact sheet": "contact_sheet_0000001.png",
    "checkpoint": "checkpoints/*.ckpt",
    "model": "03_copycat_training/*.pt",
    "frame": "04_inference_render/*.1006.exr",
    "report": "report.html",
}
# Largest size of a file in bytes → what is then the first that is larger.
LIMITS = {
    100: lock.FILE,
    20_000: "nuke_base/*.nk",
    300_000: "contact_sheet_0000000.png",
    1_150_000: "checkpoints/*.ckpt",
}


class Disk:
    """A small disk in the place of the folder ``place``; ``seen`` is where it can be seen from out here."""

    def __init__(self, place: Path) -> None:
        mount = f'mount -t tmpfs -o size={SIZE} small "$0" && echo ready && exec cat'
        self.process = subprocess.Popen(
            [*_apart(), "sh", "-c", mount, str(place)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.place, self.seen = place, Path(f"/proc/{self.process.pid}/root{place}")
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        self.enter = ["nsenter", "-t", str(self.process.pid), "-m", *user]

    def leave_free(self, size: int) -> None:
        """Fills the disk up to ``size`` bytes, rounded down to pages."""
        status = os.statvfs(self.seen)
        filler = status.f_bavail * status.f_frsize - size // PAGE * PAGE
        (self.seen / "filler").write_bytes(bytes(filler))

    def empty(self) -> None:
        for path in self.seen.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def run(self) -> subprocess.CompletedProcess[str]:
        return called([*self.enter, *RUN, str(self.place)])


def _apart() -> list[str]:
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]


def disk_can_be_made() -> bool:
    """Whether this system lets us mount one; in many containers nobody may."""
    if not all(map(shutil.which, ("unshare", "nsenter", "mount"))):
        return False
    line = [*_apart(), "mount", "-t", "tmpfs", "small", "/tmp"]
    return subprocess.run(line, capture_output=True).returncode == 0


def called(line: Sequence[str], **more: Any) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": str(PYTHON), "OMP_NUM_THREADS": "1"}
    return subprocess.run(line, capture_output=True, text=True, env=variables, timeout=120, **more)


def made(film: Path) -> dict[str, str]:
    """SHA-256 of every frame, model and checkpoint, by path; but the best so far, which may not be the best at last."""
    files = [file for ending in ("exr", "pt", "ckpt") for file in film.rglob(f"pipeline/**/*.{ending}")]
    return {
        str(file.relative_to(film)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.name != BEST
    }


def finishes(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "Traceback" not in done.stderr


def stops_at(
    done: subprocess.CompletedProcess[str], target: str, film: Path, expected: Mapping[str, str]
) -> None:
    """The one error says what, where and what to do; what is there is whole, and so is the ledger."""
    assert done.returncode == 3, done.stdout[-2000:] + done.stderr
    assert "Traceback" not in done.stderr
    errors = [json.loads(line) for line in done.stdout.splitlines() if '"error"' in line]
    assert len(errors) == 1, errors
    assert Path(errors[0]["file"]).match(target), (target, errors)
    assert "space" in errors[0]["remedy"], errors
    assert ledger.verify(film) == ()
    assert made(film).items() <= expected.items(), "something half-written, or of another run"
    left = [
        path
        for path in film.rglob(".film-recovery*")
        if path.name not in (lock.GUARD, ".film-recovery.jsonl")
    ]
    assert left == []


@pytest.fixture
def trained_film(film: Path) -> Path:
    """The small film with a network of one step, ready to run: the best checkpoint so far is written once, so that no
    room comes free on the way."""
    project.update(
        film,
        {
            "training.steps": 1,
            "training.patch": 32,
            "training.batch": 2,
            "tolerances": {"validation.hue": {"mean": 180.0, "p95": 180.0}},  # which one step does not reach
        },
    )
    return film


@pytest.mark.slow
def test_files_that_may_not_grow(trained_film: Path) -> None:
    """One limit after the other, each run going on from what the one before it left, and at last none."""
    pristine = trained_film.with_name("pristine")
    shutil.copytree(trained_film, pristine)
    finishes(called([*RUN, str(trained_film)]))
    expected = made(trained_film)
    shutil.rmtree(trained_film)
    shutil.copytree(pristine, trained_film)
    for limit, target in LIMITS.items():
        done = called([*RUN, str(trained_film)], preexec_fn=limited(limit))
        stops_at(done, target, trained_film, expected)
    finishes(called([*RUN, str(trained_film)]))
    assert made(trained_film) == expected
    assert ledger.verify(trained_film) == ()


def limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture
def disk(trained_film: Path) -> Iterator[Disk]:
    """A small disk in the film's place; the film as it was is beside it, in ``pristine``."""
    trained_film.rename(trained_film.with_name("pristine"))
    trained_film.mkdir()
    made_disk = Disk(trained_film)
    yield made_disk
    made_disk.process.communicate()


def fills_up(disk: Disk) -> None:
    """At each target from a fresh start: a run, room, another run."""
    film, pristine = disk.seen, disk.place.with_name("pristine")
    shutil.copytree(pristine, film, dirs_exist_ok=True)
    before = set(film.rglob("*"))
    finishes(disk.run())
    expected = made(film)
    # Four frames, checkpoint, closed form, model, its copy, and two baselines of the held-out frame.
    assert len(expected) == 10, sorted(expected)
    used = [(path, path.stat()) for path in film.rglob("*") if path.is_file() and path not in before]
    for target in TARGETS.values():
        needed = room_before(used, target)
        disk.empty()
        shutil.copytree(pristine, film, dirs_exist_ok=True)
        if target == ledger.FILE:
            fill_last_page(film)
            needed = PAGE  # for the lock
        disk.leave_free(needed)
        stops_at(disk.run(), target, film, expected)
        (film / "filler").unlink()
        finishes(disk.run())
        assert made(film) == expected, target
        assert ledger.verify(film) == ()


def room_before(used: Sequence[tuple[Path, os.stat_result]], target: str) -> int:
    """Bytes that are taken when half of the first file that matches ``target`` is written."""
    in_order = sorted(used, key=lambda item: item[1].st_mtime_ns)
    place = next((n for n, (path, _) in enumerate(in_order) if path.match(target)), 0)
    return sum(512 * status.st_blocks for _, status in in_order[:place]) + 256 * in_order[place][1].st_blocks


def fill_last_page(film: Path) -> None:
    """Brings the ledger to the end of a page, so that its next line needs another one."""
    sizes = []
    for _ in range(2):
        ledger.append(film, "note", {"what": ""}, "tester")
        sizes.append((film / ledger.FILE).stat().st_size)
    one = sizes[1] - sizes[0]
    ledger.append(film, "note", {"what": "x" * (-(sizes[1] + one) % PAGE)}, "tester")
    assert -(film / ledger.FILE).stat().st_size % PAGE < 10


# Where no disk can be made, the limits above are the test: nothing is skipped.
if disk_can_be_made():

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    def test_a_disk_that_fills_up(disk: Disk) -> None:
        fills_up(disk)
