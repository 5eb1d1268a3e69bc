"""``outliers``: its options; what it does stands in ``cli.outliers``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, By, Folder, Json, Named, TakeOver, app, folder_of, guarded
from film_recovery.cli.report import Report


@app.command()
def outliers(
    folder: Folder = None,
    project: Named = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Instead of a project: the Source, such as scan.####.exr.")
    ] = None,
    recovered: Annotated[
        str | None, typer.Option("--recovered", help="Instead of a project: what was recovered of it.")
    ] = None,
    space: Annotated[
        str,
        typer.Option("--space", help="Of sequences: their colour space; by default encoded as they are."),
    ] = "",
    frames: Annotated[
        str | None,
        typer.Option("--frames", help="Frames that are looked at, such as 1001-1100; default: all."),
    ] = None,
    add: Annotated[
        int, typer.Option("--add", min=0, help="So many of the worst frames become training pairs.")
    ] = 0,
    add_frames: Annotated[
        str | None, typer.Option("--add-frames", help="These outliers become training pairs: 1004,1010.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Of sequences: folder for the list and the pictures.")
    ] = None,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Recovered frames that stand out from those around them: halos, grain, flicker, edges, hue, chroma, skin, bands,
    seams; the worst first."""
    from film_recovery.cli import outliers as command
    from film_recovery.errors import UsageError

    def work() -> int:
        of = folder_of(folder, project)
        if source is not None or recovered is not None:
            if of is not None or add or add_frames:
                raise UsageError(
                    "Two sequences have no pairs and no project.",
                    remedy="leave --add out, or give a project alone",
                )
            return command.of_sequences(report, source, recovered, frames, space, out)
        if out is not None or space:
            raise UsageError(
                "A project says where its files go and what they are in.",
                remedy="leave --out and --space out",
            )
        if add and add_frames:
            raise UsageError("--add and --add-frames choose twice.", remedy="give one of them")
        return command.of_project(report, of or HERE, frames, add, add_frames, by, take_over)

    with Report(json) as report:
        guarded(report, work)
