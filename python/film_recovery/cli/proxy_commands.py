"""``proxies``: its options; what it does stands in ``cli.proxies``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, By, Folder, Json, Named, TakeOver, app, folder_of, guarded
from film_recovery.cli.report import Report


@app.command()
def proxies(
    folder: Folder = None,
    project: Named = None,
    frames: Annotated[
        str, typer.Option("--frames", help="Instead of a project: frames, such as masters/shot.####.exr.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The folder; of a project pipeline/04_inference_render/proxies."),
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="h264 or prores; repeatable. Default both.")] = None,
    display: Annotated[
        str, typer.Option(help="Of the OCIO config, Rec.709 or sRGB; by default its Rec.709 display.")
    ] = "",
    view: Annotated[str, typer.Option(help="Of that display; by default its own first choice.")] = "",
    colourspace: Annotated[
        str, typer.Option(help="Of frames by pattern; by default as AP0 chromaticities in their headers say.")
    ] = "",
    frame_rate: Annotated[
        float | None,
        typer.Option(min=1, max=1000, help="Of frames by pattern; by default as their headers say."),
    ] = None,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Makes review movies of the masters, H.264 and ProRes 422, through a display of the OCIO config."""
    from film_recovery.cli import proxies as work

    asked = work.Asked(frames, out, tuple(kind or ()), display, view, colourspace, frame_rate)
    with Report(json) as report:
        guarded(report, lambda: work.make(report, folder_of(folder, project) or HERE, asked, by, take_over))
