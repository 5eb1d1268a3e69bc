"""Work in the background: ``job start``, ``list``, ``follow``, ``cancel``.

Their options; what they do stands in the modules that they call.
"""

from __future__ import annotations

from typing import Annotated

import typer

from film_recovery.cli.app import HERE, Json, Project, guarded, job_app
from film_recovery.cli.report import Report


@job_app.command("start")
def job_start(
    arguments: Annotated[list[str], typer.Argument(help="The command and its options, after --.")],
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Starts a command in the background, such as: job start --project film -- run."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        guarded(report, lambda: jobs.start(report, project, arguments))


@job_app.command("list")
def job_list(project: Project = HERE, json: Json = False) -> None:
    """Every job of a project and how it is."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        guarded(report, lambda: jobs.show_all(report, project))


@job_app.command("follow")
def job_follow(
    id: Annotated[str, typer.Argument(help="The job's id.")], project: Project = HERE, json: Json = False
) -> None:
    """A job's events as they come, until it ends."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        guarded(report, lambda: jobs.follow(report, project, id))


@job_app.command("cancel")
def job_cancel(
    id: Annotated[str, typer.Argument(help="The job's id.")], project: Project = HERE, json: Json = False
) -> None:
    """Stops a job; what it finished is kept."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        guarded(report, lambda: jobs.cancel(report, project, id))
