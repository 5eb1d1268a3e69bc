"""The demo: two projects, created, signed and run as an operator would, then measured against the truth."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from film_recovery import ledger, project, recipes
from film_recovery.checks import Outcome
from film_recovery.demo import elements, footage, measure
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.project import Alignment, Draft, Element, Inference, PairOf, Project, Training
from film_recovery.stages.checking import SIGN
from film_recovery.stages.closed_form import closed_form_file, with_model
from film_recovery.stages.run import run as take_through
from film_recovery.stages.view import View

# What the operator of the demo asks for; a real film takes the recipe's preset and tens of thousands of steps.
TRAINING = Training(size="small", patch=48, batch=16, steps=800, seed=0)
RECIPES = {"spatial": "spatial-generation", "colour": "colour-reference"}
OPERATOR = "demo"
REPORT = "pipeline/05_validation/report.html"
SHOTS = 3
MARKER = "made_by_film_recovery_demo.txt"

Progress = Callable[[str, int, int], None]


class _Listener:
    """Passes a run's progress on; outcomes of checks are in the report."""

    def __init__(self, recipe: str, tell: Progress) -> None:
        self.recipe, self.tell = recipe, tell

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.tell(f"{self.recipe}: {what}", done, total)

    def outcome(self, outcome: Outcome) -> None:
        pass


def run(out: Path, source: str, tell: Progress) -> dict[str, Any]:
    """Both jobs in ``out`` (emptied first, if an earlier demo made it). Gives the figures, one object a job."""
    started = time.monotonic()
    film = footage.load(source)  # first: a name that is not known empties no folder
    _fresh_folder(Path(os.path.realpath(out)))
    figures: dict[str, Any] = {}
    for recipe in RECIPES:
        figures[recipe] = _job(recipe, out.resolve() / recipe, film, tell)
    figures["seconds"] = round(time.monotonic() - started, 1)
    figures["footage"] = film.name
    return figures


def prepare(out: Path, recipe: str, source: str, tell: Progress) -> Project:
    """The film of one job and its project in ``out`` (emptied first, if an earlier demo made it), nothing signed and
    nothing trained: what an operator has on the first day."""
    film = footage.load(source)
    place = Path(os.path.realpath(out))
    _fresh_folder(place)
    return _made(recipe, place / recipe, film, tell)[1]


def report_of(out: Path, recipe: str) -> Path:
    """Where the report of one job lies."""
    return Path(os.path.abspath(out)) / recipe / REPORT


def _made(recipe: str, folder: Path, film: footage.Footage, tell: Progress) -> tuple[elements.Job, Project]:
    """The elements of a job, and its project."""
    job = elements.make_job(
        recipe, folder, film, SHOTS, lambda done, total: tell(f"{recipe}: elements", done, total)
    )
    return job, project.create(folder, _draft(job, film.name))


def _job(recipe: str, folder: Path, film: footage.Footage, tell: Progress) -> dict[str, Any]:
    job, made = _made(recipe, folder, film, tell)
    for check in recipes.load(made.recipe).checks:
        if check.manual:
            ledger.append(folder, SIGN, {"check": check.id, "note": "simulated film"}, OPERATOR)
    take_through(folder, _Listener(recipe, tell), by=OPERATOR)
    config = ColourConfig.load()
    masters = str(project.paths(made).render_pattern)
    tell(f"{recipe}: figures", 0, 2)
    delivered = measure.from_masters(job, masters, config)
    found: dict[str, Any] = measure.figures(job, delivered)
    found.update(measure.identity_of(job, masters, config))
    measure.contact_sheet(job, delivered, folder / "comparison.png")
    tell(f"{recipe}: figures", 1, 2)
    baseline = measure.figures(job, _closed_form(made, job, config))
    found["closed_form"] = {
        name: value for name, value in baseline.items() if name not in measure.OF_THE_SOURCE
    }
    tell(f"{recipe}: figures", 2, 2)
    return _rounded(found)


def _closed_form(made: Project, job: elements.Job, config: ColourConfig) -> measure.Recovered:
    """What the closed form alone would have delivered, frame by frame."""
    view = View(made)
    model = closed_form_file(view)
    assert model is not None  # the demo trains a network, which stands on one
    evaluator = with_model(view, model)

    def recovered(number: int) -> measure.Pixels:
        picture = evaluator.frame(view.write.path, number).rgb()[::-1]
        return config.convert(picture, evaluator.root.working_space, measure.ENCODED)

    return recovered


def _draft(job: elements.Job, title: str) -> Draft:
    """The project as its operator describes it."""
    spatial = job.recipe == "spatial"
    source = Element(
        "elements/source/source.####.exr",
        job.frames[0],
        job.frames[-1],
        *job.size,
        title=f"{title}, damaged",
        frame_rate=25.0,
        gauge="35 mm",
        generation="print",
        type="print",
        quality="complete",
        holder="demo",
        authorisation="simulated film",
        provenance=title,
    )
    reference = replace(
        source,
        file="elements/reference/reference.####.exr",
        title=f"{title}, better",
        generation="negative" if spatial else "video",
        type="internegative" if spatial else "DVD",
        quality="better in detail" if spatial else "better in colour",
    )
    return Draft(
        film=title,
        title=f"{title}: {job.recipe} recovery",
        recipe=RECIPES[job.recipe],
        reel="1",
        shot=job.recipe,
        scope="scene",
        elements={"source": source, "reference": reference},
        pairs=tuple(PairOf(n, n, "evenly spread over its shot") for n in job.pairs),
        hold_out=tuple(PairOf(n, n, "half-way between two pairs") for n in job.held_out),
        alignment=Alignment(
            tuple(job.shift[n] for n in job.pairs), job.live_area, tuple(job.shift[n] for n in job.held_out)
        ),
        training=TRAINING,
        inference=Inference(compression="zip"),
        reasoning=f"A demonstration: {job.recipe} recovery of simulated damage, whose truth is known.",
    )


def _rounded(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _rounded(value) if isinstance(value, dict) else round(float(value), 5)
        for name, value in found.items()
    }


def _fresh_folder(out: Path) -> None:
    """An empty folder for the demo; one that holds anything but an earlier demo is left alone."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        names = {path.name for path in out.iterdir()}
        foreign = names - {MARKER, *RECIPES} if MARKER in names else names
        if foreign:
            raise FilmRecoveryError(
                f"The demo's folder holds what no demo made: {', '.join(sorted(foreign)[:3])}.",
                file=out,
                remedy="choose another with --out",
            )
        for recipe in names & set(RECIPES):
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
