"""A project from its start to its report: ``new``, ``set``, ``config colourspaces``, ``status``, ``check``, ``sign``,
``fix``, ``run``, ``panel``.

Their options; what they do stands in the modules that they call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import (
    HERE,
    AcceptUnmeasured,
    By,
    Json,
    Project,
    SkipShortRange,
    TakeOver,
    Workers,
    app,
    config_app,
    guarded,
)
from film_recovery.cli.report import Report


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The project's folder.")],
    reference: Annotated[str, typer.Option(help="Frames of the Reference.")],
    film: Annotated[
        str | None, typer.Option(help="Title of the film; needed, but for a step of a project.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Frames of the Source, such as scan.####.exr; needed, but for a step.")
    ] = None,
    colour_element: Annotated[
        str | None, typer.Option(help="combined: frames of a third element, which kept the colour.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="A recipe's id; by default chosen from the answers.")
    ] = None,
    intra_frame: Annotated[
        bool, typer.Option(help="Damage within frames: scratches, grain, lost detail.")
    ] = False,
    inter_frame: Annotated[
        bool, typer.Option(help="Faded dyes, colour that differs between scenes.")
    ] = False,
    better_in_detail: Annotated[str, typer.Option(help="none, gauge, generation or telecine.")] = "none",
    colour_reference: Annotated[bool, typer.Option(help="A DVD, telecine or print kept the colour.")] = False,
    black_and_white: Annotated[bool, typer.Option(help="A black-and-white film is to be coloured.")] = False,
    enlarge: Annotated[bool, typer.Option(help="A larger picture than any element holds is wanted.")] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="key=value in project.yaml, or steps.NAME.key=value; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Makes a project: its folders, project.yaml, ledger; in PROJECT/steps/NAME, a step of that project."""
    from film_recovery.cli import project
    from film_recovery.recipes import Answers

    answers = Answers(intra_frame, inter_frame, better_in_detail, colour_reference, black_and_white, enlarge)
    elements = project.Elements(source, reference, colour_element)
    with Report(json) as report:
        guarded(
            report,
            lambda: project.new(report, folder, film, elements, recipe, answers, set_ or []),
        )


@app.command("set")
def set_values(
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY=VALUE...", help='Of project.yaml, such as elements.source.gauge="16 mm".'
        ),
    ],
    project: Project = HERE,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Sets values in project.yaml; all of them, or none where one is wrong. Recorded with what stood there."""
    from film_recovery.cli import settings

    with Report(json) as report:
        guarded(report, lambda: settings.set_values(report, project, values, by=by, take_over=take_over))


@config_app.command("colourspaces")
def config_colourspaces(project: Project = HERE, json: Json = False) -> None:
    """The roles and colour spaces of a project's OCIO config, and what the project's own names stand for."""
    from film_recovery.cli import settings

    with Report(json) as report:
        guarded(report, lambda: settings.colour_spaces(report, project))


@app.command()
def status(
    project: Project = HERE,
    checks: Annotated[bool, typer.Option("--checks", help="Every check too; nothing is recorded.")] = False,
    json: Json = False,
) -> None:
    """Every stage of a project, what stops the work, and whether the ledger holds."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        guarded(report, lambda: commands.status(report, project, checks))


@app.command()
def check(
    stage: Annotated[str | None, typer.Argument(help="0 to 5, or its name; by default all.")] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Measures the checks of a project."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        guarded(report, lambda: commands.check(report, project, stage))


@app.command()
def sign(
    check: Annotated[str, typer.Argument(help="The check's id.")],
    by: Annotated[str, typer.Option("--by", help="Who signs.")],
    note: Annotated[str, typer.Option("--note", help="What was seen.")] = "",
    project: Project = HERE,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Signs a check that nothing can measure; the signature holds for the project as it is now."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        guarded(report, lambda: commands.sign(report, project, check, by, note, take_over))


@app.command()
def fix(
    check: Annotated[str, typer.Argument(help="The check's id.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Make the change; a copy of what was is kept.")
    ] = False,
    project: Project = HERE,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Shows the repair of a check, and makes it with --apply."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        guarded(report, lambda: commands.fix(report, project, check, apply, take_over))


@app.command()
def run(
    project: Project = HERE,
    workers: Workers = 1,
    skip_short_range: SkipShortRange = "",
    accept_unmeasured: AcceptUnmeasured = None,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Takes a project through all stages; stops where a check fails, continues when run again."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        guarded(
            report,
            lambda: commands.run(
                report, project, by, take_over, workers, skip_short_range, accept_unmeasured or ()
            ),
        )


@app.command()
def panel(
    folder: Annotated[
        Path | None, typer.Argument(help="The project's folder; by default chosen there.")
    ] = None,
) -> None:
    """Opens the panel in a window of its own: stages, checks, signatures and runs of a project."""
    from film_recovery.cli.panel import open_panel

    with Report(as_json=False) as report:
        guarded(report, lambda: open_panel(folder))
