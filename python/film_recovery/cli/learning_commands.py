"""What learns and what it learnt: ``train``, ``watch``, ``evaluate``, ``apply``, ``export``, ``split``, ``config``.

Their options; what they do stands in the modules that they call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from film_recovery.cli.app import Json, TakeOver, app, config_app, guarded
from film_recovery.cli.report import Report


@app.command()
def train(
    script: Annotated[Path | None, typer.Option("--script", help="The Nuke script (.nk).")] = None,
    node: Annotated[str | None, typer.Option("--node", help="The CopyCat node; default CopyCat1.")] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="A folder with source/ and target/, instead of a script.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="What split has written; its val and val_colour only measure.")
    ] = None,
    held_out: Annotated[Path | None, typer.Option(help="A folder of pairs that only measure.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The training's folder.")] = None,
    model: Annotated[Path | None, typer.Option(help="The model to write (.pt); default in --out.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Network steps; 0: closed form only.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="spatial, colour or paired; by default that of FR_GroundTruth.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="small (default), medium, large, nafnet32.")] = None,
    patch: Annotated[int | None, typer.Option(help="Side of a training patch in pixels.")] = None,
    batch: Annotated[int | None, typer.Option(help="Patches a step, of all processes together.")] = None,
    seed: Annotated[int | None, typer.Option(help="Equal seeds give equal weights.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Its peak.")] = None,
    loss: Annotated[list[str] | None, typer.Option(help="name=weight; repeatable. Default l1=1.")] = None,
    gravity: Annotated[
        bool | None, typer.Option("--gravity", help="paired: up stays up, so mirror only.")
    ] = None,
    ceiling: Annotated[
        int | None, typer.Option(help="Go on while held-out pairs improve, up to so many steps.")
    ] = None,
    amp: Annotated[str | None, typer.Option(help="bf16: the network in bfloat16; default off.")] = None,
    device: Annotated[str | None, typer.Option(help="auto (default), cpu, cuda or mps.")] = None,
    max_hours: Annotated[float | None, typer.Option(help="Stop after so many hours; can be resumed.")] = None,
    look_every: Annotated[int | None, typer.Option(help="Steps between two measurements.")] = None,
    sheet_every: Annotated[
        int | None, typer.Option(help="Steps between contact sheets; 0: at looks.")
    ] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(help="Steps between checkpoints; one every 10 minutes at least.")
    ] = None,
    exposure: Annotated[
        float | None, typer.Option(help="Pairs also lighter and darker, by up to so many stops.")
    ] = None,
    position: Annotated[
        bool | None, typer.Option("--position", help="The network also sees where in the frame it is.")
    ] = None,
    finetune: Annotated[
        Path | None, typer.Option(help="Start from its weights: a .ckpt, a model .pt, published .pth.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="All of this from a YAML file.")] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Go on with the training there.")] = None,
    take_over: TakeOver = False,
    json: Json = False,
) -> None:
    """Fits a closed form on the pairs at a CopyCat node's inputs, or of a folder, and with steps, a network on top."""
    from film_recovery.cli import learning

    asked = learning.Asked(
        script=script,
        node=node,
        pairs=pairs,
        manifest=manifest,
        held_out=held_out,
        out=out,
        model=model,
        recipe=recipe,
        finetune=finetune,
        gravity=gravity,
        max_hours=max_hours,
        device=device,
        look_every=look_every,
        sheet_every=sheet_every,
        checkpoint_every=checkpoint_every,
        exposure=exposure,
        position=position,
        steps=steps,
        preset=preset,
        patch=patch,
        batch=batch,
        seed=seed,
        learning_rate=learning_rate,
        loss=loss,
        ceiling=ceiling,
        amp=amp,
        resume=resume,
        config=config,
    )
    with Report(json) as report:
        guarded(report, lambda: learning.train(report, asked, take_over))


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(help="A training's folder, or a CopyCat's data directory.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where CopyCat's contact sheets go, with differences.")
    ] = None,
    json: Json = False,
) -> None:
    """Shows how a training is: figures of each look or contact sheet, checkpoints, pictures."""
    from film_recovery.cli import watching

    with Report(json) as report:
        guarded(report, lambda: watching.watch(report, folder, out))


@app.command()
def evaluate(
    models: Annotated[
        list[Path], typer.Argument(metavar="MODEL...", help="A .pt, .ckpt or .pth; of a run folder, all.")
    ],
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="A folder with source/ and target/.")],
    baseline: Annotated[
        Path | None, typer.Option(help="A model: pictures that became worse are listed.")
    ] = None,
    bounds: Annotated[Path | None, typer.Option(help="YAML with other bounds than the usual ones.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for figures and the worst pictures.")] = None,
    worst: Annotated[int, typer.Option(help="How many of the worst pictures are shown.")] = 8,
    by: Annotated[str | None, typer.Option(help="The figure that says which are the worst.")] = None,
    values: Annotated[
        str | None,
        typer.Option(help="What the files hold: linear or encoded; by default as their kind says."),
    ] = None,
    curve: Annotated[
        str | None, typer.Option(help="Inside a model that does not say it itself: srgb or none.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where models run: cpu, cuda, mps, or auto.")] = "cpu",
    json: Json = False,
) -> None:
    """Measures models on pairs, picture by picture: all figures, the worst, and a verdict by bounds."""
    from film_recovery.cli import evaluation

    with Report(json) as report:
        guarded(
            report,
            lambda: evaluation.evaluate(
                report, models, pairs, baseline, bounds, out, worst, by, values, curve, device
            ),
        )


@app.command()
def apply(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .pt, .ckpt, .pth or a run folder.")],
    source: Annotated[str, typer.Argument(metavar="IN", help="A picture, a folder, or shot.####.exr.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The same, in another folder.")],
    values: Annotated[
        str | None,
        typer.Option(help="What the files hold: linear or encoded; by default as their kind says."),
    ] = None,
    curve: Annotated[
        str | None, typer.Option(help="Inside a model that does not say it itself: srgb or none.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="Where the model runs: cpu (as a render), cuda, mps, or auto.")
    ] = "cpu",
    json: Json = False,
) -> None:
    """Runs a model over pictures; bit depth, alpha and metadata stay. Continues what was interrupted."""
    from film_recovery.cli import evaluation

    with Report(json) as report:
        guarded(report, lambda: evaluation.apply(report, model, source, out, values, curve, device))


@app.command()
def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .pt, .ckpt, .pth or a run folder.")],
    out: Annotated[Path, typer.Option(help="The TorchScript file to write (.pt).")],
    cattery: Annotated[Path | None, typer.Option(help="A Cattery: the model gets a folder there.")] = None,
    name: Annotated[str, typer.Option(help="The model's name in Nuke; by default the file's.")] = "",
    curve: Annotated[
        str | None, typer.Option(help="Inside a model that does not say it itself: srgb or none.")
    ] = None,
    json: Json = False,
) -> None:
    """Writes a model for Nuke: TorchScript, sidecar, and the nodes that make and run its .cat."""
    from film_recovery.cli import evaluation

    with Report(json) as report:
        guarded(report, lambda: evaluation.export(report, model, out, cattery, name, curve))


@app.command()
def split(
    folder: Annotated[Path, typer.Argument(help="Pairs: source/ and target/, or lq/ and gt/.")],
    out: Annotated[Path | None, typer.Option("--out", help="The manifest to write (.json).")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only the preflight; writes nothing.")] = False,
    val: Annotated[
        Path | None, typer.Option(help="The regression set, never changed: a list of names, or its folder.")
    ] = None,
    failures: Annotated[
        Path | None, typer.Option(help="Names of up to 15 failures to follow, one a line.")
    ] = None,
    extend: Annotated[
        Path | None, typer.Option(help="A manifest whose sets stay; only new pairs are divided.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds and pictures give equal sets.")] = 0,
    val_colour: Annotated[int | None, typer.Option(min=0, help="Pairs of the stress set.")] = None,
    test: Annotated[int | None, typer.Option(min=0, help="Pairs of the test set.")] = None,
    json: Json = False,
) -> None:
    """Checks a folder of pairs and divides it into train, val_colour and test."""
    from film_recovery.cli import datasets

    asked = datasets.Asked(out, check, val, failures, extend, seed, val_colour, test)
    with Report(json) as report:
        guarded(report, lambda: datasets.split(report, folder, asked))


@config_app.command("import")
def config_import(
    options: Annotated[Path, typer.Argument(metavar="FILE", help="Options of a NAFNet training (.yml).")],
    out: Annotated[Path, typer.Option("--out", help="The file to write (.yaml), for train --config.")],
    json: Json = False,
) -> None:
    """Converts a BasicSR options file of NAFNet, and names what has no counterpart."""
    from film_recovery.cli import datasets

    with Report(json) as report:
        guarded(report, lambda: datasets.config_import(report, options, out))
