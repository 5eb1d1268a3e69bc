"""The project lock, with real processes."""

from __future__ import annotations

import fcntl
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
with getattr(lock, sys.argv[2])(sys.argv[1], *sys.argv[3:]):
    print("held", flush=True)
    sys.stdin.read()
"""


class Other:
    """Another process that holds the lock until it is told to end."""

    def __init__(self, folder: Path, *way: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", HOLDER, str(folder), *(way or ("held", "trains the model"))],
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


# Shared: renders side by side


def test_many_share_it_and_keep_out_whoever_wants_it_alone(tmp_path: Path) -> None:
    others = [Other(tmp_path, "shared", f"renders {number}") for number in (1, 2)]
    with lock.shared(tmp_path, "renders 3"):
        pass
    found = lock.holder(tmp_path)
    assert found is not None and found.pid in [other.process.pid for other in others]
    with pytest.raises(project.ProjectLocked, match="renders"), lock.held(tmp_path, "trains"):
        pass
    others[0].end()
    with pytest.raises(project.ProjectLocked, match="renders 2"), lock.held(tmp_path, "trains"):
        pass
    others[1].end()
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path, "trains") as mine:
        assert mine.taken_over == ""
    assert [path.name for path in tmp_path.iterdir()] == [lock.GUARD]


def test_whoever_holds_it_alone_keeps_out_those_who_would_share(tmp_path: Path) -> None:
    other = Other(tmp_path)
    with pytest.raises(project.ProjectLocked, match="trains the model"), lock.shared(tmp_path, "renders"):
        pass
    with lock.shared(tmp_path, "renders", take_over=True) as mine:
        assert "trains the model" in mine.taken_over and "by choice" in mine.taken_over
        other.end()
        found = lock.holder(tmp_path)
        assert found is not None and found.pid == os.getpid()


def test_a_killed_render_keeps_nobody_out(tmp_path: Path) -> None:
    Other(tmp_path, "shared", "renders").end(kill=True)
    assert list(tmp_path.glob(".film-recovery.render-*"))
    (tmp_path / ".film-recovery.render-torn").write_text('{"owner"', encoding="utf-8")
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path, "trains") as mine:
        assert mine.taken_over == ""
    assert [path.name for path in tmp_path.iterdir()] == [lock.GUARD]


def test_a_render_leaves_a_dead_lock_to_whoever_works_next(tmp_path: Path) -> None:
    Other(tmp_path).end(kill=True)
    with lock.shared(tmp_path, "renders") as mine:
        assert mine.taken_over == ""
    with lock.held(tmp_path, "trains") as mine:
        assert "trains the model" in mine.taken_over


def test_live_renders_are_taken_over_by_choice_all_of_them(tmp_path: Path) -> None:
    others = [Other(tmp_path, "shared", f"renders {number}") for number in (1, 2)]
    with lock.held(tmp_path, "trains", take_over=True) as mine:
        assert "renders 1" in mine.taken_over and "renders 2" in mine.taken_over
        for other in others:
            other.end()
        assert _content(tmp_path)["pid"] == os.getpid()
    assert all(other.process.returncode == 0 for other in others)


def test_sharing_within_what_one_holds_alone_and_the_other_way_round(tmp_path: Path) -> None:
    with lock.held(tmp_path, "runs") as outer, lock.shared(tmp_path, "renders") as inner:
        assert inner is outer
    with lock.shared(tmp_path, "renders"), lock.held(tmp_path, "fixes"):
        assert _content(tmp_path)["what"] == "fixes"
        another = [sys.executable, "-I", "-c", HOLDER, str(tmp_path), "shared", "renders"]
        assert b"ProjectLocked" in subprocess.run(another, capture_output=True, input=b"").stderr
    assert [path.name for path in tmp_path.iterdir()] == [lock.GUARD]


# For a moment


def test_for_a_moment_nobody_is_refused_but_waits(tmp_path: Path) -> None:
    with lock.briefly(tmp_path) as other_holder:
        assert other_holder is None
        waiting = subprocess.Popen(
            [sys.executable, "-I", "-c", HOLDER, str(tmp_path), "held", "trains"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert lock.holder(tmp_path) is None
        with open(tmp_path / lock.GUARD, "r+b") as guard, pytest.raises(BlockingIOError):
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert waiting.communicate(timeout=30)[0] == "held\n"
    assert waiting.returncode == 0


def test_for_a_moment_too_one_is_told_who_holds_it(tmp_path: Path) -> None:
    other = Other(tmp_path)
    with lock.briefly(tmp_path) as found:
        assert found is not None and found.pid == other.process.pid
    other.end(kill=True)
    with lock.briefly(tmp_path) as found:
        assert found is None
    with lock.held(tmp_path, "mine"), lock.briefly(tmp_path) as found:
        assert found is None
    render = Other(tmp_path, "shared", "renders")
    with lock.briefly(tmp_path) as found:
        assert found is None
    render.end()


# What belongs to a project


def test_the_project_of_a_file(made: project.Project, tmp_path: Path) -> None:
    script = made.folder / "nuke_base" / "shots" / "a.nk"
    assert lock.project_of(script) == made.folder.resolve()
    assert lock.project_of(made.folder / "project.yaml") == made.folder.resolve()
    assert lock.project_of(tmp_path / "a.nk") is None
    (tmp_path / "link.nk").symlink_to(script)
    assert lock.project_of(tmp_path / "link.nk") == made.folder.resolve()
    (tmp_path / "loop.nk").symlink_to(tmp_path / "loop.nk")
    assert lock.project_of(tmp_path / "loop.nk") is None
