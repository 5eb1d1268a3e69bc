"""What leaves the house, and whether it is still what left it: ``deliver``, ``verify``.

Their options; what they do stands in ``cli/delivering.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, Json, Project, TakeOver, app, guarded
from film_recovery.cli.report import Report


@app.command()
def deliver(
    out: Annotated[Path | None, typer.Argument(help="The new folder of the delivery, a BagIt bag.")] = None,
    project: Project = HERE,
    terms: Annotated[
        bool, typer.Option("--terms", help="Show IPTC's terms for what the masters may be said to be.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who delivers; by default the login name.")] = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Packs masters, provenance, notes, report, model and script, each bound by its SHA-256."""
    from film_recovery.cli import delivering

    with Report(json) as report:
        if terms:
            guarded(report, lambda: delivering.show_terms(report))
        guarded(report, lambda: delivering.deliver(report, project, out, by, take_over))


@app.command()
def verify(
    folder: Annotated[
        Path, typer.Argument(help="A project, a folder of masters, a provenance sidecar, or a delivery.")
    ] = HERE,
    json: Json = False,
) -> None:
    """Reads all frames again and names what changed: frame, model, script or pair."""
    from film_recovery.cli import delivering

    with Report(json) as report:
        guarded(report, lambda: delivering.verify(report, folder))
