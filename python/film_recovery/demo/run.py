"""The demo, start to end: elements, graph, training, render, figures. The same calls that the commands make."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from film_recovery import engine, graph, nk, rendering
from film_recovery.comp import Evaluator
from film_recovery.demo import elements, footage, measure
from film_recovery.engine.training import train
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig

SHOTS = 3
MARKER = "made_by_film_recovery_demo.txt"

Progress = Callable[[str, int, int], None]


def run(out: Path, source: str, tell: Progress) -> dict[str, Any]:
    """Both jobs in ``out`` (emptied first, if an earlier demo made it). Gives the figures, one object a job."""
    started = time.monotonic()
    film = footage.load(source)  # first: a name that is not known empties no folder
    _fresh_folder(Path(os.path.realpath(out)))
    figures: dict[str, Any] = {}
    for recipe in graph.RECIPES:
        figures[recipe] = _job(recipe, out.resolve() / recipe, film, tell)
    figures["seconds"] = round(time.monotonic() - started, 1)
    figures["footage"] = film.name
    return figures


def _job(recipe: str, folder: Path, film: footage.Footage, tell: Progress) -> dict[str, float]:
    job = elements.make_job(
        recipe, folder, film, SHOTS, lambda done, total: tell(f"{recipe}: elements", done, total)
    )
    model = folder / "pipeline" / "03_copycat_training" / f"{recipe}.0.pt"
    script_path = folder / "nuke_base" / f"{recipe}_recovery.nk"
    script_path.parent.mkdir(parents=True)
    script_path.write_text(graph.recovery_graph(_spec(job, model)), encoding="utf-8")
    train(Evaluator(nk.load(script_path)), model=model, progress=lambda w, d, t: tell(f"{recipe}: {w}", d, t))
    evaluator = Evaluator(nk.load(script_path))
    rendering.render(
        evaluator,
        "Write_Recovered",
        job.frames,
        job=engine.model_hashes(evaluator.script, evaluator),
        progress=lambda done, total, frame, kept: tell(f"{recipe}: render", done, total),
    )
    tell(f"{recipe}: figures", 0, 1)
    config = ColourConfig.load()
    found = (measure.spatial_figures if recipe == "spatial" else measure.colour_figures)(job, config)
    measure.contact_sheet(job, config, folder / "comparison.png")
    tell(f"{recipe}: figures", 1, 1)
    return {name: round(value, 5) for name, value in found.items()}


def _spec(job: elements.Job, model: Path) -> graph.GraphSpec:
    source = graph.Element(job.pattern("source"), job.frames[0], job.frames[-1], *job.size)
    reference = graph.Element(job.pattern("reference"), job.frames[0], job.frames[-1], *job.size)
    return graph.GraphSpec(
        recipe=job.recipe,
        source=source,
        reference=reference,
        pairs=[(number, number) for number in job.pairs],
        preview=job.held_out[0],
        output=job.output,
        data_directory=str(model.parent),
        model_file=str(model.with_suffix(".cat")),
        translate=[job.shift[number] for number in job.pairs],
        live_area=job.live_area,
    )


def _fresh_folder(out: Path) -> None:
    """An empty folder for the demo; one that holds anything but an earlier demo is left alone."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out.iterdir()}
        foreign = names - {MARKER, *graph.RECIPES} if MARKER in names else names
        if foreign:
            raise FilmRecoveryError(
                f"The demo's folder holds what no demo made: {', '.join(sorted(foreign)[:3])}.",
                file=out,
                remedy="choose another with --out",
            )
        for recipe in names & set(graph.RECIPES):
            shutil.rmtree(out / recipe)
        (out / MARKER).write_text(
            "This folder was made by the demo and is replaced by the next one.\n", encoding="utf-8"
        )
    except OSError as error:
        raise FilmRecoveryError(
            f"The demo's folder cannot be used: {error.strerror or error}.",
            file=out,
            remedy="choose another with --out",
        ) from error
