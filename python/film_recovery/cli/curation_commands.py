"""From two elements to aligned pairs: ``ingest``, ``curate``, ``pairs``, ``align``.

Each takes a project, or two sequences by their patterns. Their options; what they do stands in the modules that they
call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import (
    HERE,
    By,
    Folder,
    Json,
    Named,
    Project,
    TakeOver,
    app,
    folder_of,
    guarded,
    pairs_app,
)
from film_recovery.cli.report import Report

Source = Annotated[
    str | None, typer.Option("--source", help="Instead of a project: the Source, such as scan.####.exr.")
]
Reference = Annotated[str | None, typer.Option("--reference", help="Instead of a project: the Reference.")]
Frames = Annotated[
    str | None, typer.Option("--frames", help="Source frames, such as 1001-1100; by default all.")
]
SourceSpace = Annotated[
    str,
    typer.Option(
        "--source-space",
        help="Of sequences: colour space of the Source's files; by default encoded as they are.",
    ),
]
ReferenceSpace = Annotated[
    str, typer.Option("--reference-space", help="Of sequences: colour space of the Reference's files.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for what is made; by default the project's.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write what was found into the project.")]


@app.command()
def ingest(
    folder: Folder = None,
    project: Named = None,
    source: Source = None,
    reference: Reference = None,
    source_space: SourceSpace = "",
    reference_space: ReferenceSpace = "",
    frames: Frames = None,
    most: Annotated[
        int,
        typer.Option(min=40, help="How many frames of each element are decoded, in runs; all headers are."),
    ] = 600,  # a minute or two at 2K
    every: Annotated[
        bool, typer.Option("--all", help="Decode every frame: no NaN and no repeated frame is passed over.")
    ] = False,
    json: Json = False,
) -> None:
    """Looks at both elements: headers, values, levels, repeats, cadence, interlace; each with its remedy."""
    from film_recovery.cli.ingest import ingest as look

    most_decoded = None if every else most
    with Report(json) as report:
        guarded(
            report,
            lambda: look(
                report,
                folder_of(folder, project),
                source,
                reference,
                frames,
                most_decoded,
                source_space,
                reference_space,
            ),
        )


@app.command()
def curate(
    folder: Folder = None,
    project: Named = None,
    source: Source = None,
    reference: Reference = None,
    source_space: SourceSpace = "",
    reference_space: ReferenceSpace = "",
    frames: Frames = None,
    recipe: Annotated[str, typer.Option(help="Of two sequences: spatial or colour, or a recipe's id.")] = "",
    count: Annotated[
        int | None, typer.Option(min=1, help="How many pairs; by default as the scope has it.")
    ] = None,
    more: Annotated[
        bool, typer.Option("--more", help="The next step of 4, 7, 11 pairs, when convergence stalls.")
    ] = False,
    hold_outs: Annotated[
        int | None, typer.Option(min=1, help="How many pairs are kept apart; by default by the count.")
    ] = None,
    scope: Annotated[str, typer.Option(help="shot, scene or sequence; by default the project's.")] = "",
    allow: Annotated[
        list[str] | None,
        typer.Option(help="FRAME:KIND, a fault that does not exclude its frame; repeatable."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Leave the project's own pairs out of account.")
    ] = False,
    out: Out = None,
    apply: Apply = False,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Offset, shots, faults, the Reference's worth, and pairs chosen by what they cover, each with its reason.

    --out has the table, the contact sheet and the plot; --apply writes pairs and hold-out into the project.
    """
    from film_recovery.cli.curate import curate as choose
    from film_recovery.cli.curate_task import Wanted

    wanted = Wanted(
        frames=frames,
        recipe=recipe,
        count=count,
        more=more,
        hold_outs=hold_outs,
        scope=scope,
        out=out,
        apply=apply,
        fresh=fresh,
        allow=tuple(allow or ()),
        by=by,
        take_over=take_over,
        source_space=source_space,
        reference_space=reference_space,
    )
    with Report(json) as report:
        guarded(report, lambda: choose(report, folder_of(folder, project), source, reference, wanted))


Pair = Annotated[str, typer.Argument(metavar="FRAME[:REFERENCE]", help="Source frame, and the Reference's.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the table of pairs.")]
Shot = Annotated[str, typer.Option("--shot", help="The shot that it is of.")]


@pairs_app.command("add")
def pairs_add(
    pair: Pair,
    reason: Reason = "",
    shot: Shot = "",
    project: Project = HERE,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Adds a pair to the training pairs; a hold-out becomes one."""
    from film_recovery.cli import pairs

    with Report(json) as report:
        guarded(
            report,
            lambda: pairs.add(report, project, pair, reason=reason, shot=shot, by=by, take_over=take_over),
        )


@pairs_app.command("remove")
def pairs_remove(
    pair: Pair,
    reason: Reason = "",
    project: Project = HERE,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Takes a pair or hold-out out."""
    from film_recovery.cli import pairs

    with Report(json) as report:
        guarded(
            report, lambda: pairs.remove(report, project, pair, reason=reason, by=by, take_over=take_over)
        )


@pairs_app.command("holdout")
def pairs_holdout(
    pair: Pair,
    reason: Reason = "",
    shot: Shot = "",
    project: Project = HERE,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Keeps a pair apart: it never enters training; a training pair leaves it."""
    from film_recovery.cli import pairs

    with Report(json) as report:
        guarded(
            report,
            lambda: pairs.holdout(
                report, project, pair, reason=reason, shot=shot, by=by, take_over=take_over
            ),
        )


@pairs_app.command("flag")
def pairs_flag(
    pair: Pair,
    text: Annotated[str, typer.Argument(help="What was seen and stays, such as “parallax: the mast”.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="In place of the flags that it has.")] = False,
    project: Project = HERE,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Flags a pair: its fault is known, it is kept, and training, report and note name it."""
    from film_recovery.cli import pairs

    with Report(json) as report:
        guarded(
            report,
            lambda: pairs.flag(report, project, pair, text, clear=clear, by=by, take_over=take_over),
        )


@app.command()
def align(
    folder: Folder = None,
    project: Named = None,
    source: Source = None,
    reference: Reference = None,
    frames: Frames = None,
    offset: Annotated[int, typer.Option(help="Reference frame minus Source frame.")] = 0,
    source_space: SourceSpace = "",
    reference_space: ReferenceSpace = "",
    source_aspect: Annotated[
        float, typer.Option(help="Pixel aspect of the Source, where its headers are wrong.")
    ] = 0.0,
    reference_aspect: Annotated[float, typer.Option(help="Pixel aspect of the Reference, likewise.")] = 0.0,
    weave: Annotated[
        str,
        typer.Option(
            help="each: every frame as solved. Shot by shot: kept (outliers repaired), removed, constant. Of a "
            "project with --frames; constant over its pairs too."
        ),
    ] = "each",
    mesh: Annotated[
        bool,
        typer.Option("--mesh", help="The residual warp (lens, shrinkage) as STMaps too; needs a folder."),
    ] = False,
    out: Out = None,
    apply: Apply = False,
    by: By = "",
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Solves where the Reference lies on the Source, and measures what is left, by other means.

    --out has align.json, heat-maps and FR_Align.nk; --apply writes the solutions and the live area into the project.
    """
    from film_recovery.cli.align import Asked, align_command

    asked = Asked(
        source=source,
        reference=reference,
        frames=frames,
        offset=offset,
        source_space=source_space,
        reference_space=reference_space,
        source_aspect=source_aspect,
        reference_aspect=reference_aspect,
        weave=weave,
        mesh=mesh,
        out=out,
        apply=apply,
    )
    with Report(json) as report:
        guarded(report, lambda: align_command(report, folder_of(folder, project), asked, by, take_over))
