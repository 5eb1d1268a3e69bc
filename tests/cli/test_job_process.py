"""The real command line as a job: started with NukeX's environment, followed to its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from film_recovery import jobs, ledger, project


def test_doctor_runs_as_a_job_in_a_poisoned_environment(tmp_path: Path) -> None:
    poison = {
        "PYTHONHOME": "/nuke",
        "PYTHONPATH": "/nuke",
        "LD_LIBRARY_PATH": "/nuke",
        "QT_PLUGIN_PATH": "/nuke",
    }
    job = jobs.start(tmp_path, ["doctor"], environment={**os.environ, **poison})
    *events, last = jobs.follow(tmp_path, job.id)
    log = (job.place / "log.txt").read_text(encoding="utf-8")
    assert (last["state"], log) == ("done", ""), events
    assert [event for event in events if event["event"] in ("error", "output")] == []
    assert events


@pytest.mark.slow
def test_a_training_that_is_cancelled_is_a_cancelled_job_and_goes_on_when_run_again(film: Path) -> None:
    project.update(film, {"training.steps": 3000, "training.patch": 16, "training.batch": 1})
    job = jobs.start(film, ["run"])
    for event in jobs.follow(film, job.id):
        if event.get("what") == "network" and event["done"] >= 3:
            ended = jobs.cancel(film, job.id)
            break
    assert (ended.state, ended.code) == ("cancelled", 130)
    assert project.lock.holder(film) is None
    assert ledger.read(film).records[-1].data["state"] == "cancelled"
    project.update(film, {"inference.frames": "1004"})
    again = jobs.start(film, ["run"])
    steps = (event for event in jobs.follow(film, again.id) if event.get("what") == "network")
    assert next(steps)["done"] > 3, "it goes on from its checkpoint"
    jobs.cancel(film, again.id)


@pytest.mark.slow
def test_a_job_that_died_is_no_success(film_recovery: Callable[..., Any], film: Path) -> None:
    project.update(film, {"training.steps": 3000, "training.patch": 16, "training.batch": 1})
    said = film_recovery(
        "job", "start", "--project", film, "--json", "--", "run", "--project", os.path.relpath(film)
    )
    assert said.code == 0, (said.lines, said.text)
    job = jobs.get(film, said.result["id"])
    for event in jobs.follow(film, job.id):
        if event.get("what") == "network":
            os.kill(job.pid, signal.SIGKILL)
            break
    followed = film_recovery("job", "follow", job.id, "--project", film, "--json")
    assert (followed.lines[-1]["state"], followed.code) == ("dead", 1)


def test_bad_input_is_an_error_event_and_a_failed_job(tmp_path: Path) -> None:
    job = jobs.start(tmp_path, ["render", "absent.nk", "Write1", "--frames", "1"])
    *_, error, last = jobs.follow(tmp_path, job.id)
    assert error["event"] == "error"
    assert "cannot be read" in error["message"]
    assert (last["state"], last["code"]) == ("failed", 3)
