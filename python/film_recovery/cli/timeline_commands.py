"""For the editing and grading programs: ``timeline``. Its options; what it does stands in ``cli/timelines.py``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, Json, Project, app, guarded
from film_recovery.cli.report import Report


@app.command()
def timeline(
    project: Project = HERE,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The .otio file; by default pipeline/05_validation/timeline.otio."),
    ] = None,
    absolute: Annotated[
        bool,
        typer.Option("--absolute", help="Whole addresses of the frames, not relative to the timeline."),
    ] = False,
    original: Annotated[str, typer.Option(help="Instead of a project: frames with ####.")] = "",
    recovered: Annotated[str, typer.Option(help="Their recovered frames with ####.")] = "",
    frames: Annotated[str, typer.Option(help="Of these sequences: frames, such as 1001-1100.")] = "",
    frame_rate: Annotated[float | None, typer.Option(help="Of these sequences: frames a second.")] = None,
    pairs: Annotated[str, typer.Option(help="Of these sequences: frames to mark as pairs.")] = "",
    hold_out: Annotated[str, typer.Option(help="Of these sequences: frames to mark as held out.")] = "",
    stills: Annotated[str, typer.Option(help="Of these sequences: frames to mark as stills.")] = "",
    outliers: Annotated[
        Path | None, typer.Option(help="Of these sequences: a file of outliers to mark (outliers.json).")
    ] = None,
    json: Json = False,
) -> None:
    """Writes an OpenTimelineIO timeline: Original on V1, Recovered on V2, markers on what to look at."""
    from film_recovery.cli import timelines

    sides = timelines.Sides(original, recovered, frames, frame_rate, pairs, hold_out, stills, outliers)
    with Report(json) as report:
        guarded(report, lambda: timelines.write(report, project, sides, out, absolute))
