"""What leaves the house, and whether it is still what left it: ``provenance``, ``deliver``, ``verify``.

Their options; what they do stands in ``cli/delivering.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, Json, Project, TakeOver, app, guarded
from film_recovery.cli.report import Report


@app.command()
def provenance(
    project: Project = HERE,
    by: Annotated[str, typer.Option("--by", help="Who asks; by default the login name.")] = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Shows what the masters' headers will say, and writes nuke_base/provenance.nk, the node that says it in NukeX."""
    from film_recovery.cli import delivering

    with Report(json) as report:
        guarded(report, lambda: delivering.provenance(report, project, by, take_over))


@app.command()
def deliver(
    out: Annotated[Path | None, typer.Argument(help="The new folder of the delivery, a BagIt bag.")] = None,
    project: Project = HERE,
    frames: Annotated[
        str,
        typer.Option(
            "--frames",
            metavar="PATTERN",
            help="Frames of no project, such as masters/shot.####.exr: they alone are delivered.",
        ),
    ] = "",
    source_type: Annotated[
        str,
        typer.Option(
            "--source-type", metavar="TERM", help="With --frames: IPTC's term, where no header says it."
        ),
    ] = "",
    terms: Annotated[
        bool, typer.Option("--terms", help="Show IPTC's terms for what the masters may be said to be.")
    ] = False,
    accept_foreign: Annotated[
        str,
        typer.Option(
            "--accept-foreign",
            metavar="WORDS",
            help="Deliver frames that another program such as NukeX rendered too; the words go into the provenance.",
        ),
    ] = "",
    accept_failing: Annotated[
        str,
        typer.Option(
            "--accept-failing",
            metavar="WORDS",
            help="Deliver a project although checks fail; they and the words go into the ledger.",
        ),
    ] = "",
    by: Annotated[str, typer.Option("--by", help="Who delivers; by default the login name.")] = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Packs masters, provenance, notes, report, model and script, each bound by its SHA-256."""
    from film_recovery.cli import delivering

    with Report(json) as report:
        if terms:
            guarded(report, lambda: delivering.show_terms(report))
            return
        if frames:
            guarded(
                report,
                lambda: delivering.deliver_frames(
                    report, frames, out, source_type, accept_foreign=accept_foreign, by=by
                ),
            )
            return
        guarded(
            report,
            lambda: delivering.deliver(
                report,
                project,
                out,
                accept_foreign=accept_foreign,
                accept_failing=accept_failing,
                by=by,
                take_over=take_over,
            ),
        )


@app.command()
def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            help="A project, a folder of masters, their pattern (shot.####.exr), a provenance sidecar, or a delivery."
        ),
    ] = HERE,
    json: Json = False,
) -> None:
    """Reads all frames again and names what changed: frame, model, script or pair."""
    from film_recovery.cli import delivering

    with Report(json) as report:
        guarded(report, lambda: delivering.verify(report, folder))
