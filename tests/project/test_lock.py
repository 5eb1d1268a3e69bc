"""The project lock, with real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from film_recovery import project
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import lock

PACKAGE = Path(project.__file__).resolve().parents[2]
HOLDER = f"""
import sys
sys.path.insert(0, {str(PACKAGE)!r})
from film_recovery.project import lock
with lock.held(sys.argv[1], "trains the model"):
    print("held", flush=True)
    sys.stdin.read()
"""


class Other:
    """Another process that holds the lock until it is told to end."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", HOLDER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def end(self, *, kill: bool = False) -> None:
        if kill:
            self.process.kill()
        self.process.communicate(timeout=30)


def _content(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / lock.FILE).read_text(encoding="utf-8"))
    return content


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    other = Other(tmp_path)
    with pytest.raises(project.ProjectLocked) as caught, lock.held(tmp_path, "renders"):
        pass
    message = str(caught.value)
    for word in ("trains the model", socket.gethostname(), str(other.process.pid), "less than a minute"):
        assert word in message
    assert "--take-over" in caught.value.remedy
    other.end()
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path, "renders") as mine:
        assert mine.taken_over == ""
        assert _content(tmp_path)["pid"] == os.getpid()
    assert not (tmp_path / lock.FILE).exists()


def test_the_lock_of_a_killed_process_is_taken_over_and_said(tmp_path: Path) -> None:
    other = Other(tmp_path)
    other.end(kill=True)
    assert (tmp_path / lock.FILE).exists()
    with lock.held(tmp_path, "renders") as mine:
        assert "trains the model" in mine.taken_over
        assert "has ended" in mine.taken_over


def test_a_process_with_the_same_number_is_not_the_holder(tmp_path: Path) -> None:
    with lock.held(tmp_path, "x"):
        content = _content(tmp_path)
    (tmp_path / lock.FILE).write_text(json.dumps({**content, "start": "another/1"}), encoding="utf-8")
    with lock.held(tmp_path, "x") as mine:
        assert "has ended" in mine.taken_over


def test_the_lock_of_another_computer_is_only_taken_over_by_choice(tmp_path: Path) -> None:
    with lock.held(tmp_path, "x"):
        content = _content(tmp_path)
    foreign = {**content, "host": "elsewhere", "since": "2020-01-01T00:00:00+00:00"}
    (tmp_path / lock.FILE).write_text(json.dumps(foreign), encoding="utf-8")
    with (
        pytest.raises(project.ProjectLocked, match=r"elsewhere, process \d+, for \d+ days"),
        lock.held(tmp_path, "x"),
    ):
        pass
    with lock.held(tmp_path, "x", take_over=True) as mine:
        assert "by choice" in mine.taken_over


def test_a_live_lock_is_taken_over_by_choice_and_not_removed_by_the_loser(tmp_path: Path) -> None:
    other = Other(tmp_path)
    with lock.held(tmp_path, "renders", take_over=True) as mine:
        assert "by choice" in mine.taken_over
        other.end()
        assert _content(tmp_path)["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", '{"owner": "x"}', "[]", "null", '{"pid": 1}', "\x00\x00"])
def test_a_torn_lock_is_taken_over_and_said(tmp_path: Path, content: str) -> None:
    (tmp_path / lock.FILE).write_text(content, encoding="utf-8")
    with lock.held(tmp_path, "x") as mine:
        assert mine.taken_over


def test_it_is_held_again_within_one_process(tmp_path: Path) -> None:
    with lock.held(tmp_path, "outer") as outer:
        with lock.held(tmp_path / "." / "", "inner") as inner:
            assert inner == outer
        assert _content(tmp_path)["what"] == "outer"
        seen: list[str] = []

        def work() -> None:
            with lock.held(tmp_path, "thread") as mine:
                seen.append(mine.holder.what)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == ["outer"]
    assert not (tmp_path / lock.FILE).exists()


def test_it_is_given_back_on_errors(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lock.held(tmp_path, "x"):
        raise KeyboardInterrupt
    assert not (tmp_path / lock.FILE).exists()


def test_of_many_processes_one_at_a_time_takes_a_dead_lock_over(tmp_path: Path) -> None:
    Other(tmp_path).end(kill=True)
    program = f"""
import os, sys, time
sys.path.insert(0, {str(PACKAGE)!r})
from film_recovery.project import ProjectLocked, lock
done = 0
while done < 5:
    try:
        with lock.held(sys.argv[1], "x"):
            os.mkdir(sys.argv[1] + "/alone")
            time.sleep(0.002)
            os.rmdir(sys.argv[1] + "/alone")
            done += 1
    except ProjectLocked:
        time.sleep(0.001)
"""
    many = [subprocess.Popen([sys.executable, "-I", "-c", program, str(tmp_path)]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in many] == [0, 0, 0, 0]


def test_a_read_only_project_is_said(tmp_path: Path, read_only: Callable[[Path], None]) -> None:
    read_only(tmp_path)
    with (
        pytest.raises(FilmRecoveryError, match="cannot be written to: Permission denied"),
        lock.held(tmp_path, "x"),
    ):
        pass


def test_a_change_to_a_project_that_another_holds_is_refused(made: project.Project) -> None:
    other = Other(made.folder)
    with pytest.raises(project.ProjectLocked):
        project.update(made.folder, {"training.steps": 1})
    other.end()
    assert project.update(made.folder, {"training.steps": 1}).training.steps == 1


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows stops no process")
def test_a_stopped_process_still_holds_it(tmp_path: Path) -> None:
    other = Other(tmp_path)
    other.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(project.ProjectLocked), lock.held(tmp_path, "x"):
            pass
    finally:
        other.process.send_signal(signal.SIGCONT)
        other.end()
