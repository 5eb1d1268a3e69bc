"""Jobs with real processes: started, followed, cancelled, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from film_recovery import _process, jobs, ledger
from film_recovery._process import started
from film_recovery.errors import FilmRecoveryError
from film_recovery.jobs.record import save
from film_recovery.project import lock

Start = Callable[..., jobs.Job]


def _end(folder: Path, job: jobs.Job) -> list[dict[str, object]]:
    """All events of ``job``, once it has ended."""
    return list(jobs.follow(folder, job.id, poll=0.02))


def _wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_job_is_followed_from_its_first_event_to_its_end(start: Start, tmp_path: Path) -> None:
    job = start("count", "20", by="Ana")
    assert job.state == "running"
    assert job.pid > 0
    events = _end(tmp_path, job)
    assert [event.get("done") for event in events] == [*range(1, 21), None]
    assert events[0]["what"] == "Größe"
    assert events[-1] == {"event": "end", "state": "done", "code": 0, "problem": ""}
    assert _end(tmp_path, job) == events  # and again, afterwards
    after = jobs.get(tmp_path, job.id)
    assert (after.state, after.code, after.has_ended) == ("done", 0, True)
    assert after.arguments == ("count", "20", "--json")
    assert after.began < after.ended
    (record,) = ledger.read(tmp_path).records
    assert (record.kind, record.by, record.data["job"], record.data["state"]) == (
        "job",
        "Ana",
        job.id,
        "done",
    )


def test_nothing_of_nukes_environment_reaches_it(
    start: Start, tmp_path: Path, poisoned: dict[str, str]
) -> None:
    for program in ("python", "start.py", "encodings.py", "libc.so.6"):
        (tmp_path / program).write_text("raise SystemExit('poisoned')", encoding="utf-8")
    job = start("environment", environment=poisoned, ocio="/configs/film.ocio")
    seen, process, _ = _end(tmp_path, job)
    environment = seen["environment"]
    assert isinstance(environment, dict)
    assert [name for name in environment if name.startswith(("PYTHON", "LD_", "DYLD_", "QT_"))] == []
    assert environment["OCIO"] == "/configs/film.ocio"
    assert environment["PATH"] == os.environ["PATH"]
    assert seen["isolated"] == 1
    assert str(tmp_path) not in seen["path"]  # type: ignore[operator]
    assert seen["cwd"] == str(tmp_path)
    assert process == {"event": "result", "stdin": "", "session": job.pid, "pid": job.pid}


def test_it_outlives_whoever_started_it(engine: Path, tmp_path: Path) -> None:
    program = (
        "import os; from film_recovery import jobs\n"
        f"print(jobs.start({str(tmp_path)!r}, ['count', '40'], program='tiny').id, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    starter = subprocess.run(
        [str(engine), "-I", "-c", program], capture_output=True, encoding="utf-8", timeout=30
    )
    assert starter.returncode == -signal.SIGKILL, starter.stderr
    (job,) = jobs.all(tmp_path)
    assert job.id == starter.stdout.strip()
    assert _end(tmp_path, job)[-1]["state"] == "done"


@pytest.mark.parametrize(
    ("arguments", "state", "code"),
    [(["exit", "0"], "done", 0), (["exit", "3"], "failed", 3), (["words"], "failed", 1)],
)
def test_the_exit_code_says_how_it_ended(
    start: Start, tmp_path: Path, arguments: list[str], state: str, code: int
) -> None:
    last = _end(tmp_path, start(*arguments))[-1]
    assert (last["state"], last["code"]) == (state, code)


def test_a_defect_is_an_event_and_its_trace_is_in_the_log(start: Start, tmp_path: Path) -> None:
    job = start("break")
    *events, last = _end(tmp_path, job)
    text = "".join(str(event) for event in events)
    assert "half a line" in text
    assert "The command stopped unexpectedly: broken" in text
    assert f"runs/{job.id}/log.txt" in text
    assert (last["state"], last["code"]) == ("failed", 1)
    assert "ValueError: broken" in (job.place / "log.txt").read_text(encoding="utf-8")


def test_a_cancelled_job_gives_its_lock_back(start: Start, tmp_path: Path) -> None:
    job = start("wait")
    assert next(jobs.follow(tmp_path, job.id))["event"] == "progress"
    assert lock.holder(tmp_path) is not None
    cancelled = jobs.cancel(tmp_path, job.id, by="Ben")
    assert (cancelled.state, cancelled.code) == ("cancelled", 130)
    assert not (tmp_path / lock.FILE).exists()
    assert {"event": "result", "kept": "all that was finished"} in _end(tmp_path, job)
    with pytest.raises(FilmRecoveryError, match="cannot be cancelled: it is cancelled"):
        jobs.cancel(tmp_path, job.id)
    assert ledger.read(tmp_path).records[-1].data["state"] == "cancelled"


def test_whoever_follows_can_leave_before_the_end(start: Start, tmp_path: Path) -> None:
    job = start("wait")
    looks: list[int] = []
    events = list(jobs.follow(tmp_path, job.id, wanted=lambda: looks.append(1) or len(looks) < 20))
    assert [event["event"] for event in events] == ["progress"]
    assert jobs.cancel(tmp_path, job.id).state == "cancelled"


def test_a_job_that_does_not_stop_is_killed_with_all_its_processes(start: Start, tmp_path: Path) -> None:
    job = start("stubborn")
    child = next(jobs.follow(tmp_path, job.id))["child"]
    assert started(child) is not None
    cancelled = jobs.cancel(tmp_path, job.id, grace=0.2, by="Ben")
    assert (cancelled.state, cancelled.code) == ("cancelled", None)
    assert jobs.get(tmp_path, job.id).state == "cancelled"
    _wait(lambda: started(child) is None)
    record = ledger.read(tmp_path).records[-1]
    assert (record.by, record.data["state"]) == ("Ben", "cancelled")


def test_a_killed_job_is_dead_and_settled_once(start: Start, tmp_path: Path) -> None:
    job = start("wait")
    _wait(lambda: lock.holder(tmp_path) is not None)
    os.kill(job.pid, signal.SIGKILL)
    last = _end(tmp_path, job)[-1]
    assert last["state"] == "dead"
    assert "killed" in str(last["problem"])
    (settled,) = jobs.settle(tmp_path)
    assert settled.state == "dead"
    assert jobs.settle(tmp_path) == ()
    assert jobs.get(tmp_path, job.id) == settled
    assert ledger.read(tmp_path).records[-1].data["state"] == "dead"
    with lock.held(tmp_path, "goes on") as mine:
        assert "has ended" in mine.taken_over


def test_a_process_with_the_same_number_is_not_the_job(start: Start, tmp_path: Path) -> None:
    job = start("exit", "0")
    _end(tmp_path, job)
    save(replace(job, pid=os.getpid(), start="another/1", state="running", code=None, ended=""))
    assert jobs.get(tmp_path, job.id).state == "dead"


def test_of_another_computers_job_nothing_is_claimed(start: Start, tmp_path: Path) -> None:
    job = start("exit", "0")
    _end(tmp_path, job)
    save(replace(job, host="elsewhere", state="running"))
    there = jobs.get(tmp_path, job.id)
    assert (there.state, there.problem) == ("unknown", "it runs, or ran, on elsewhere")
    assert _end(tmp_path, job)[-1]["state"] == "unknown"
    assert jobs.settle(tmp_path) == ()
    with pytest.raises(FilmRecoveryError, match="cancel it on elsewhere"):
        jobs.cancel(tmp_path, job.id)


def test_ids_are_in_the_order_of_time(start: Start, tmp_path: Path) -> None:
    assert jobs.all(tmp_path) == ()
    ids = [start("exit", "0").id for _ in range(3)]
    assert sorted(ids) == ids
    assert [job.id for job in jobs.all(tmp_path)] == ids
    with pytest.raises(FilmRecoveryError, match=ids[-1]):
        jobs.get(tmp_path, "20200101T000000.000000-abcd")
    with pytest.raises(FilmRecoveryError, match="There is no job"):
        jobs.get(tmp_path, "../runs")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "running"}', "null"])
def test_a_damaged_file_does_not_hide_the_others(start: Start, tmp_path: Path, content: str) -> None:
    first, second = start("exit", "0"), start("exit", "0")
    _end(tmp_path, first)
    _end(tmp_path, second)
    (first.place / "job.json").write_text(content, encoding="utf-8")
    damaged, whole = jobs.all(tmp_path)
    assert (damaged.state, whole.state) == ("unknown", "done")
    assert "job.json is damaged" in damaged.problem
    assert _end(tmp_path, first)[-1]["state"] == "unknown"


def test_lines_that_are_no_events_are_given_as_they_are(start: Start, tmp_path: Path) -> None:
    job = start("exit", "0")
    _end(tmp_path, job)
    (job.place / "events.jsonl").write_bytes(b'plain\n\n[1]\n{"event": "x"}\r\n\xff{"torn": ')
    assert _end(tmp_path, job)[:-1] == [
        {"event": "output", "text": "plain"},
        {"event": "output", "text": "[1]"},
        {"event": "x"},
        {"event": "output", "text": '\ufffd{"torn": '},
    ]


def test_an_event_comes_while_the_job_runs_and_never_in_half(start: Start, tmp_path: Path) -> None:
    job = start("wait")
    events = jobs.follow(tmp_path, job.id, poll=0.01)
    assert next(events)["event"] == "progress"
    assert jobs.get(tmp_path, job.id).state == "running"
    with open(job.place / "events.jsonl", "ab") as stream:
        stream.write(json.dumps({"event": "long", "text": "x" * 200_000}).encode() + b"\n")
    assert len(next(events)["text"]) == 200_000
    jobs.cancel(tmp_path, job.id)
    assert [event["event"] for event in events] == ["result", "end"]


# What a job is started with


def test_an_engine_without_film_recovery_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = next(path for path in (bare / "bin/python", bare / "Scripts/python.exe") if path.exists())
    monkeypatch.setenv(jobs.ENGINE, str(python))
    with pytest.raises(FilmRecoveryError, match=r"did not start.*No module named 'film_recovery'"):
        jobs.start(tmp_path, ["doctor"])
    (job,) = jobs.all(tmp_path)
    assert job.state == "failed"


@pytest.mark.parametrize("named", ["/absent/python3", "NukeX15.1"])
def test_what_is_no_python_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    program = tmp_path / named
    if not program.is_absolute() or named == "NukeX15.1":
        program.write_text("", encoding="utf-8")
    monkeypatch.setenv(jobs.ENGINE, str(program))
    with pytest.raises(FilmRecoveryError, match=f"set {jobs.ENGINE}"):
        jobs.start(tmp_path, ["doctor"])
    assert not (tmp_path / "runs").exists()


def test_a_program_that_hosts_python_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nuke = tmp_path / "Nuke15.1"
    nuke.write_text("", encoding="utf-8")
    monkeypatch.delenv(jobs.ENGINE, raising=False)
    monkeypatch.setattr(sys, "executable", str(nuke))
    with pytest.raises(FilmRecoveryError, match=r"Nuke15\.1 is no Python"):
        jobs.engine()


def test_a_ledger_that_cannot_be_written_does_not_hide_the_end(start: Start, tmp_path: Path) -> None:
    (tmp_path / ledger.FILE).mkdir()
    last = _end(tmp_path, start("exit", "0"))[-1]
    assert last["state"] == "done"
    assert "ledger.jsonl cannot be opened" in str(last["problem"])


def test_a_runs_folder_that_leads_out_is_refused(engine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "film"
    folder.mkdir()
    (folder / "runs").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(FilmRecoveryError, match="leaves the project folder"):
        jobs.start(folder, ["count", "1"], program="tiny")


def test_where_windows_reaches_no_console_the_processes_are_still_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process without a shown window has a console of its own, to which nobody else's Ctrl-Break goes."""

    def refused(pid: int, event: int) -> None:
        raise OSError(6, "The handle is invalid")

    monkeypatch.setattr(_process, "os", SimpleNamespace(name="nt", kill=refused))
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", 1, raising=False)
    _process.tell(4711, "SIGTERM", "CTRL_BREAK_EVENT")  # whoever calls goes on to kill
