"""``film-recovery``: the commands and their options; what they do stands in the modules that they call.

Exit codes: 0 done, 1 a check failed, 2 usage, 3 bad input.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from film_recovery import __version__
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED, FilmRecoveryError

app = typer.Typer(
    name="film-recovery",
    help="Reference-based recovery of damaged or faded film: trains, renders and measures Nuke node graphs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
job_app = typer.Typer(help="Long runs that go on without a screen.", no_args_is_help=True)
app.add_typer(job_app, name="job")
nk_app = typer.Typer(help="Nuke scripts as text.", no_args_is_help=True)
app.add_typer(nk_app, name="nk")

Json = Annotated[bool, typer.Option("--json", help="JSON lines instead of text.")]
TakeOver = Annotated[bool, typer.Option("--take-over", help="Take the project from whoever holds it.")]
Project = Annotated[Path, typer.Option("--project", help="The project's folder; by default this one.")]
HERE = Path(".")


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


@app.command()
def train(
    script: Annotated[Path | None, typer.Option("--script", help="The Nuke script (.nk).")] = None,
    node: Annotated[str, typer.Option("--node", help="The CopyCat node.")] = "CopyCat1",
    pairs: Annotated[
        Path | None, typer.Option(help="A folder with source/ and target/, instead of a script.")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", help="Network steps; 0 fits the closed form only.")] = 0,
    recipe: Annotated[
        str | None, typer.Option(help="spatial or colour; by default that of FR_GroundTruth.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="The model file to write (.pt).")] = None,
    preset: Annotated[str, typer.Option(help="Size of the network: small, medium or large.")] = "small",
    patch: Annotated[int | None, typer.Option(help="Side of a training patch in pixels.")] = None,
    batch: Annotated[int | None, typer.Option(help="Patches a step.")] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal weights.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Fits a closed form on the pairs at a CopyCat node's inputs, and with steps, a network on top of it."""
    from film_recovery.cli import commands

    settings = {"preset": preset, "patch": patch, "batch": batch, "seed": seed, "resume": resume}
    with Report(json) as report:
        _guarded(
            report,
            lambda: commands.train(
                report, script, node, steps, recipe, model, settings, pairs, take_over=take_over
            ),
        )


@app.command()
def render(
    script: Annotated[Path, typer.Argument(help="The Nuke script (.nk).")],
    node: Annotated[str, typer.Argument(help="The Write node.")],
    frames: Annotated[str, typer.Option("--frames", help="Frames, such as 1001-1100 or 1-10,20.")],
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Writes the frames of a Write node; continues a render that was interrupted."""
    from film_recovery.cli import commands

    with Report(json) as report:
        _guarded(report, lambda: commands.render(report, script, node, frames, take_over))


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="The result: an image, or a sequence with ####.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The truth: an image, or a sequence with ####.")],
    frames: Annotated[
        str | None, typer.Option("--frames", help="Frames; by default all that both have.")
    ] = None,
    colourspace_a: Annotated[
        str, typer.Option(help="What A is encoded in; default: encoded sRGB as it is.")
    ] = "",
    colourspace_b: Annotated[
        str, typer.Option(help="What B is encoded in; default: encoded sRGB as it is.")
    ] = "",
    box: Annotated[str | None, typer.Option(help="Only this area: left,bottom,right,top.")] = None,
    identity: Annotated[str | None, typer.Option(help="Fail unless luma or chroma is identical.")] = None,
    tolerance: Annotated[float, typer.Option(help="Largest difference that counts as identical.")] = 1e-3,
    json: Json = False,
) -> None:
    """Measures A against B: PSNR, SSIM, ΔE00, saturation, largest luma and chroma difference."""
    from film_recovery.cli import commands

    def work() -> int:
        return commands.compare(
            report, a, b, frames, (colourspace_a, colourspace_b), box, identity, tolerance
        )

    with Report(json) as report:
        _guarded(report, work)


@nk_app.command("check")
def nk_check(files: Annotated[list[Path], typer.Argument(help="Scripts and gizmos.")]) -> None:
    """Parses each file and writes it back: one JSON object a file."""
    from film_recovery.cli import commands

    raise typer.Exit(commands.nk_check(files))


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
        _guarded(
            report,
            lambda: project.new(report, folder, film, elements, recipe, answers, set_ or []),
        )


@app.command()
def status(project: Project = HERE, json: Json = False) -> None:
    """Every stage of a project, what stops the work, and whether the ledger holds."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        _guarded(report, lambda: commands.status(report, project))


@app.command()
def check(
    stage: Annotated[str | None, typer.Argument(help="0 to 5, or its name; by default all.")] = None,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Measures the checks of a project."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        _guarded(report, lambda: commands.check(report, project, stage))


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
        _guarded(report, lambda: commands.sign(report, project, check, by, note, take_over))


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
        _guarded(report, lambda: commands.fix(report, project, check, apply, take_over))


@app.command()
def run(
    project: Project = HERE,
    by: Annotated[str, typer.Option("--by", help="Who works; by default the login name.")] = "",
    take_over: Annotated[bool, typer.Option(help="Take the project from whoever holds it.")] = False,
    json: Json = False,
) -> None:
    """Takes a project through all stages; stops where a check fails, continues when run again."""
    from film_recovery.cli import project as commands

    with Report(json) as report:
        _guarded(report, lambda: commands.run(report, project, by, take_over))


@job_app.command("start")
def job_start(
    arguments: Annotated[list[str], typer.Argument(help="The command and its options, after --.")],
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Starts a command in the background, such as: job start --project film -- run."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        _guarded(report, lambda: jobs.start(report, project, arguments))


@job_app.command("list")
def job_list(project: Project = HERE, json: Json = False) -> None:
    """Every job of a project and how it is."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        _guarded(report, lambda: jobs.show_all(report, project))


@job_app.command("follow")
def job_follow(
    id: Annotated[str, typer.Argument(help="The job's id.")], project: Project = HERE, json: Json = False
) -> None:
    """A job's events as they come, until it ends."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        _guarded(report, lambda: jobs.follow(report, project, id))


@job_app.command("cancel")
def job_cancel(
    id: Annotated[str, typer.Argument(help="The job's id.")], project: Project = HERE, json: Json = False
) -> None:
    """Stops a job; what it finished is kept."""
    from film_recovery.cli import jobs

    with Report(json) as report:
        _guarded(report, lambda: jobs.cancel(report, project, id))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to work in.")] = Path("demo_out"),
    footage: Annotated[str, typer.Option(help="auto, clip or photographs.")] = "auto",
    json: Json = False,
) -> None:
    """Takes real footage through spatial and colour recovery; the last line is one JSON object."""
    from film_recovery.cli import commands

    with Report(json) as report:
        _guarded(report, lambda: commands.demo(report, out, footage))


@app.command()
def thumbnail(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An image, or a sequence with ####.")],
    frame: Annotated[int | None, typer.Option("--frame", help="The frame of a sequence.")] = None,
    size: Annotated[int, typer.Option(min=1, max=8192, help="Longest side in pixels.")] = 320,
    colourspace: Annotated[str, typer.Option(help="What it is encoded in; default: shown as stored.")] = "",
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Makes a small PNG of a frame in the project's .cache/, or finds the one that is there."""
    from film_recovery.cli import pictures

    with Report(json) as report:
        _guarded(report, lambda: pictures.thumbnail(report, project, file, frame, size, colourspace))


@app.command()
def serve() -> None:
    """Answers short commands, as JSON lines on standard input, until that ends."""
    from film_recovery.cli.serve import serve as answer

    with Report(as_json=False) as report:
        _guarded(report, lambda: answer(app))


@app.command()
def doctor(json: Json = False) -> None:
    """Says what this installation has, and what is missing with the command that installs it."""
    from film_recovery.cli.doctor import doctor as examine

    with Report(json) as report:
        _guarded(report, lambda: examine(report))


def _guarded(report: Report, work: object) -> None:
    """Runs ``work``; turns its number into the exit code, and an error into a message and its exit code."""
    from film_recovery.cli import commands

    assert callable(work)
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


def main() -> None:
    """Console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of a file may hold what they cannot
    try:
        app()
    except BrokenPipeError:
        sys.exit(EXIT_CHECK_FAILED)
    except OSError as error:  # standard output itself, for instance on a full disk
        print(f"film-recovery: {error}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
