"""The commands ``job start``, ``list``, ``follow`` and ``cancel``. One function a command; each gives its exit code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from film_recovery import jobs
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE
from film_recovery.project import load


def start(report: Report, folder: Path, arguments: Sequence[str]) -> int:
    """Starts ``arguments`` in the background of the project in ``folder``.

    The job runs in the project's folder; a project that ``arguments`` name is meant from where we are.
    """
    asked = list(arguments)
    for index, word in enumerate(asked[:-1]):
        if word == "--project":
            asked[index + 1] = os.path.abspath(asked[index + 1])
    job = jobs.start(load(folder).folder, asked)
    report.result(job.as_dict(), "job")
    return EXIT_DONE


def show_all(report: Report, folder: Path) -> int:
    """One result a job, the newest last; jobs that died are noted as dead."""
    root = load(folder).folder
    jobs.settle(root)
    for job in jobs.all(root):
        report.result(job.as_dict(), job.id)
    return EXIT_DONE


def follow(report: Report, folder: Path, id: str) -> int:
    """Passes a job's events on; the exit code is the job's own, and 1 of one that died without any."""
    code = EXIT_DONE
    for event in jobs.follow(load(folder).folder, id):
        kind = str(event.get("event"))
        more = {key: value for key, value in event.items() if key != "event"}
        if report.as_json:
            report.event(kind, **more)
        elif kind == "progress":
            report.progress(str(more.pop("what")), int(more.pop("done")), int(more.pop("total")))
        elif kind in ("result", "error", "end"):
            report.result(more, kind)
        if kind == "end":
            code = int(event.get("code") or (EXIT_DONE if event["state"] == "done" else EXIT_CHECK_FAILED))
    return code


def cancel(report: Report, folder: Path, id: str) -> int:
    """Stops a job and says how it ended."""
    report.result(jobs.cancel(load(folder).folder, id).as_dict(), "cancelled")
    return EXIT_DONE
