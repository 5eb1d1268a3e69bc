"""The program that the commands belong to: its groups, the options that many share, and how a command ends.

Exit codes: 0 done, 1 a check failed, 2 usage, 3 bad input, 130 stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from film_recovery import __version__
from film_recovery._hashes import forget
from film_recovery.cli.report import Report
from film_recovery.errors import FilmRecoveryError, UsageError

app = typer.Typer(
    name="film-recovery",
    help="Reference-based recovery of damaged or faded film: trains, renders and measures Nuke node graphs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
job_app = typer.Typer(help="Long runs that go on without a screen.", no_args_is_help=True)
app.add_typer(job_app, name="job")
pairs_app = typer.Typer(help="Single pairs of a project.", no_args_is_help=True)
app.add_typer(pairs_app, name="pairs")
nk_app = typer.Typer(help="Nuke scripts as text.", no_args_is_help=True)
app.add_typer(nk_app, name="nk")
config_app = typer.Typer(
    help="Files that say how to train; the OCIO config of a project.", no_args_is_help=True
)
app.add_typer(config_app, name="config")

Json = Annotated[bool, typer.Option("--json", help="JSON lines instead of text.")]
TakeOver = Annotated[bool, typer.Option("--take-over", help="Take the project from whoever holds it.")]
By = Annotated[str, typer.Option("--by", help="Who works; by default the login name.")]
Workers = Annotated[
    int, typer.Option("--workers", min=1, help="Processes that render, each frames of its own.")
]
SkipShortRange = Annotated[
    str,
    typer.Option(
        "--skip-short-range", metavar="WHY", help="Render all without a look at the short range; recorded."
    ),
]
AcceptMismatch = Annotated[
    str,
    typer.Option(
        "--accept-mismatch", metavar="WHY", help="Use the model otherwise than it was trained; recorded."
    ),
]
AcceptUnmeasured = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-unmeasured",
        metavar="[own=|steps.NAME=]WHY",
        help="Go on to the end where something that has to hold was not measured; recorded. With own= or "
        "steps.NAME= in that project of a chain alone. Repeatable.",
    ),
]
Project = Annotated[Path, typer.Option("--project", help="The project's folder; by default this one.")]
Folder = Annotated[Path | None, typer.Argument(metavar="[PROJECT]", help="The project's folder.")]
Named = Annotated[Path | None, typer.Option("--project", help="The project's folder; by default this one.")]
HERE = Path(".")


def folder_of(folder: Path | None, named: Path | None) -> Path | None:
    """The project's folder, given as an argument or as ``--project``. Raises UsageError for two unlike ones."""
    if folder is not None and named is not None and folder.resolve() != named.resolve():
        raise UsageError(
            f"Two projects are named: {folder} and {named}.", remedy="give one of them, or --project alone"
        )
    return named if folder is None else folder


def _version(wanted: bool) -> None:
    if wanted:
        print(f"film-recovery {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Reference-based recovery of damaged or faded film: trains, renders and measures Nuke node graphs."""


def guarded(report: Report, work: Callable[[], int]) -> None:
    """Runs ``work``; turns its number into the exit code, and an error into a message and its exit code."""
    from film_recovery.cli import commands

    forget()  # what an earlier command of this process knew of files
    try:
        code = work()
    except FilmRecoveryError as error:
        report.error(error)
        raise typer.Exit(error.exit_code) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        refused = commands.named(error)
        report.error(refused)
        raise typer.Exit(refused.exit_code) from error
    except KeyboardInterrupt as stop:
        report.say("stopped; what was finished is kept, run the command again to continue")
        raise typer.Exit(130) from stop
    if code:
        raise typer.Exit(code)
