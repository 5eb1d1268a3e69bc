"""The real command line as a job: started with NukeX's environment, followed to its end."""

from __future__ import annotations

import os
from pathlib import Path

from film_recovery import jobs


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


def test_bad_input_is_an_error_event_and_a_failed_job(tmp_path: Path) -> None:
    job = jobs.start(tmp_path, ["render", "absent.nk", "Write1", "--frames", "1"])
    *_, error, last = jobs.follow(tmp_path, job.id)
    assert error["event"] == "error"
    assert "cannot be read" in error["message"]
    assert (last["state"], last["code"]) == ("failed", 3)
