"""``film-recovery``: puts the commands together, and starts.

Each module that is imported here adds its commands to the program, in the order in which ``--help`` shows them.
"""

from __future__ import annotations

import io
import os
import sys

from film_recovery.cli import (
    credential_commands,
    curation_commands,
    delivery_commands,
    film_commands,
    job_commands,
    learning_commands,
    outlier_commands,
    project_commands,
    proxy_commands,
    timeline_commands,
    validation_commands,
)
from film_recovery.cli.app import Json, app, guarded
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED

__all__ = [
    "app",
    "credential_commands",
    "curation_commands",
    "delivery_commands",
    "film_commands",
    "job_commands",
    "learning_commands",
    "main",
    "outlier_commands",
    "project_commands",
    "proxy_commands",
    "timeline_commands",
    "validation_commands",
]


@app.command()
def serve() -> None:
    """Answers short commands, as JSON lines on standard input, until that ends."""
    from film_recovery.cli.serve import serve as answer

    with Report(as_json=False) as report:
        guarded(report, lambda: answer(app))


@app.command()
def doctor(json: Json = False) -> None:
    """Says what this installation has, and what is missing with the command that installs it."""
    from film_recovery.cli.doctor import doctor as examine

    with Report(json) as report:
        guarded(report, lambda: examine(report))


def main() -> None:
    """Console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of a file may hold what they cannot
    try:
        app()
    except SystemExit as end:
        _end(end)
    except BrokenPipeError:
        sys.exit(EXIT_CHECK_FAILED)
    except OSError as error:  # standard output itself, for instance on a full disk
        print(f"film-recovery: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


def _end(end: SystemExit) -> None:
    """Ends as ``end`` says; a process of a training of several ends at once."""
    code = end.code or 0
    if isinstance(code, int) and os.environ.get("WORLD_SIZE", "1") != "1":
        from film_recovery.learning.workers import leave

        leave(code)
    raise end


if __name__ == "__main__":
    main()
