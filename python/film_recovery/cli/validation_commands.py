"""The proof of a recovery: ``validate``, ``report``.

Their options; what they do stands in ``cli/validating.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import HERE, By, Json, Project, TakeOver, app, guarded
from film_recovery.cli.report import Report

Source = Annotated[
    str, typer.Option("--source", help="Instead of a project: frames of the Source, such as scan.####.exr.")
]
Recovered = Annotated[str, typer.Option("--recovered", help="With --source: the recovered frames.")]
Reference = Annotated[
    str, typer.Option("--reference", help="With --source: a Reference that lies on the Source.")
]
Kind = Annotated[str, typer.Option("--kind", help="With --source: what was recovered, spatial or colour.")]
Frames = Annotated[
    str, typer.Option("--frames", help="With --source: which, such as 1001-1100; by default all in common.")
]
Space = Annotated[
    str,
    typer.Option("--space", help="With --source: colour space of all three, or three, separated by commas."),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="With --source: a folder for measures.json and report.html.")
]


@app.command()
def validate(
    project: Project = HERE,
    source: Source = "",
    recovered: Recovered = "",
    reference: Reference = "",
    kind: Kind = "spatial",
    frames: Frames = "",
    space: Space = "",
    out: Out = None,
    composite: Annotated[
        bool, typer.Option("--composite", help="Of a project: also write the final plate's frames.")
    ] = False,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Measures every recovered frame, over time and against baselines, and judges by the workflow's criteria."""
    from film_recovery.cli import validating

    asked = validating.Asked(source, recovered, reference, kind, frames, space, out)
    with Report(json) as report:
        guarded(report, lambda: validating.validate(report, project, asked, composite, by, take_over))


@app.command("report")
def write_report(
    project: Project = HERE,
    source: Source = "",
    recovered: Recovered = "",
    reference: Reference = "",
    kind: Kind = "spatial",
    frames: Frames = "",
    space: Space = "",
    out: Out = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print it to PDF too, with a Chromium on this machine.")
    ] = False,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Writes the report of a project, or of two sequences: one HTML file, and a PDF on demand."""
    from film_recovery.cli import validating

    asked = validating.Asked(source, recovered, reference, kind, frames, space, out)
    with Report(json) as report:
        guarded(report, lambda: validating.report_of(report, project, asked, pdf, by, take_over))
