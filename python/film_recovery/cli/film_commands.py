"""Scripts, frames and pictures: ``render``, ``infer``, ``compare``, ``thumbnail``, ``nk``, ``demo``.

Their options; what they do stands in the modules that they call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import (
    HERE,
    AcceptMismatch,
    By,
    Json,
    Project,
    SkipShortRange,
    TakeOver,
    Workers,
    app,
    guarded,
    nk_app,
)
from film_recovery.cli.report import Report


@app.command()
def render(
    script: Annotated[Path, typer.Argument(help="The Nuke script (.nk).")],
    node: Annotated[str, typer.Argument(help="The Write node.")],
    frames: Annotated[str, typer.Option("--frames", help="Frames, such as 1001-1100 or 1-10,20.")],
    workers: Workers = 1,
    skip_short_range: SkipShortRange = "",
    accept_mismatch: AcceptMismatch = "",
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Writes the frames of a Write node; continues a render that was interrupted."""
    from film_recovery.cli import commands

    asked = commands.HowToRender(workers, skip_short_range, by, take_over, accept_mismatch)
    with Report(json) as report:
        guarded(report, lambda: commands.render(report, script, node, frames, asked))


@app.command()
def infer(
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="A model; of a project, the one of its script.")
    ] = None,
    source: Annotated[
        str | None, typer.Argument(metavar="[IN]", help="A picture, a folder, or shot.####.exr.")
    ] = None,
    out: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="The same, in another folder.")] = None,
    project: Project = HERE,
    frames: Annotated[str, typer.Option("--frames", help="Some of a project's frames; by default all.")] = "",
    short_range: Annotated[
        bool, typer.Option("--short-range", help="The project's short range alone, to be looked at.")
    ] = False,
    workers: Workers = 1,
    skip_short_range: SkipShortRange = "",
    film: Annotated[str, typer.Option(help="The film that IN is of, to be held against the model's.")] = "",
    reel: Annotated[str, typer.Option(help="Likewise its reel.")] = "",
    recipe: Annotated[
        str, typer.Option(help="Likewise what the model is for: spatial, colour or paired.")
    ] = "",
    method: Annotated[str, typer.Option(help="Likewise its definition of luma: matrix or Colorspace.")] = "",
    domain: Annotated[
        str, typer.Option(help="The colour space of IN's values, which the model gets as they are.")
    ] = "",
    prefilter: Annotated[
        str, typer.Option(help="What IN was filtered with, such as “Median 3”; none where it was not.")
    ] = "",
    crop: Annotated[
        str, typer.Option(help="What of the frame IN holds: left bottom right top; none where all of it.")
    ] = "",
    pairs: Annotated[
        Path | None, typer.Option(help="The script whose CopyCat has the pairs that the model is to be of.")
    ] = None,
    values: Annotated[
        str | None,
        typer.Option(help="What IN holds: linear or encoded; by default as their kind says."),
    ] = None,
    curve: Annotated[
        str | None, typer.Option(help="Inside a model that does not say it itself: srgb or none.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where the model runs over IN: cpu, cuda, mps, or auto.")
    ] = "cpu",
    accept_mismatch: AcceptMismatch = "",
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Renders a project's frames, the short range first; or runs MODEL over the files IN. Held to the model's card."""
    from film_recovery.cli import inferring
    from film_recovery.errors import UsageError
    from film_recovery.stages.stated import Stated

    def wanted() -> inferring.Wanted:
        said = Stated(film, reel, recipe, method, domain, prefilter, crop, pairs)
        return inferring.Wanted(
            frames, short_range, workers, skip_short_range, by, take_over, said, accept_mismatch
        )

    def work() -> int:
        if source is None:
            return inferring.of_project(report, project, model, wanted())
        if model is None or out is None:
            raise UsageError("Files are inferred from IN to OUT.", remedy="film-recovery infer MODEL IN OUT")
        return inferring.of_files(report, model, source, out, wanted(), values, curve, device)

    with Report(json) as report:
        guarded(report, work)


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
        guarded(report, work)


@app.command()
def thumbnail(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="An image, or a sequence with ####.")] = "",
    frame: Annotated[int | None, typer.Option("--frame", help="The frame of a sequence.")] = None,
    size: Annotated[int, typer.Option(min=1, max=8192, help="Longest side in pixels.")] = 320,
    colourspace: Annotated[str, typer.Option(help="What it is encoded in; default: shown as stored.")] = "",
    node: Annotated[str, typer.Option(help="Instead of FILE: a node of the project's script.")] = "",
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Makes a small PNG of a frame, or of what a node gives there, in the project's .cache/, or finds it there."""
    from film_recovery.cli import pictures
    from film_recovery.errors import UsageError

    def work() -> int:
        if bool(file) == bool(node) or (node and (colourspace or frame is None)):
            raise UsageError(
                "A thumbnail is of a file or of a node's frame.",
                remedy="thumbnail FILE [--frame N], or thumbnail --node NODE --frame N",
            )
        if node:
            return pictures.of_node(report, project, node, int(frame or 0), size)
        return pictures.thumbnail(report, project, file, frame, size, colourspace)

    with Report(json) as report:
        guarded(report, work)


@nk_app.command("check")
def nk_check(files: Annotated[list[Path], typer.Argument(help="Scripts and gizmos.")]) -> None:
    """Parses each file and writes it back: one JSON object a file."""
    from film_recovery.cli import commands

    raise typer.Exit(commands.nk_check(files))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to work in.")] = Path("demo_out"),
    footage: Annotated[str, typer.Option(help="auto, clip or photographs.")] = "auto",
    prepare: Annotated[
        str, typer.Option(metavar="RECIPE", help="spatial or colour: its film and project only, to work on.")
    ] = "",
    json: Json = False,
) -> None:
    """Takes real footage through spatial and colour recovery; the last line is one JSON object."""
    from film_recovery.cli import commands

    def work() -> int:
        if prepare:
            return commands.demo_project(report, out, prepare, footage)
        return commands.demo(report, out, footage)

    with Report(json) as report:
        guarded(report, work)
