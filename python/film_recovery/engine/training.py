"""Training: pairs in, a model with its sidecar out.

First a closed form; with ``steps``, a network on top of it (``networks``), and the closed form as a model of its
own in the run folder, to compare with. :func:`train` takes its pairs from a CopyCat node, :func:`train_pairs` from
anywhere, such as ``pair_folder``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.comp import Evaluator
from film_recovery.engine.asked import curve_of, model_path, preview_of, recipe_of
from film_recovery.engine.kept import Kept, Progress, Subset
from film_recovery.engine.model_file import refuse_foreign
from film_recovery.engine.networks import CHECKPOINT_EVERY, MILESTONE_EVERY, Events, Run, train_on_top
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.run_folder import CLOSED_FORM
from film_recovery.engine.scores import Measure
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning import export
from film_recovery.learning.curve import Curve
from film_recovery.learning.linear_filter import fit_linear_filter
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.learning.settings import Settings
from film_recovery.protection import protect_elements, protect_files

HELD_OUT_EVERY = 4  # of the pairs, one in four scores a fit on the other three


@dataclass(frozen=True)
class Trained:
    """What a training left behind, and how good it is.

    PSNR in dB on encoded values of what the recipe changes (luma, or all of RGB): ``psnr_input`` of the Input
    against the Ground Truth, ``psnr_fit`` of the closed form on its own pairs, ``psnr_held_out`` of the closed
    form on pairs that it was not fitted on: the held-out ones, or else, of a fit on three quarters of the pairs
    on the other quarter (None with fewer than two pairs). ``psnr_network``: of the network on its own pairs.

    ``held_out``: figures (``engine.scores``) on the held-out pairs of "input", "closed_form" and "network".
    ``better``: which of the last two did better there ("" without both); the network is what was written.
    """

    model: Path
    recipe: str
    method: str
    curve: str
    pairs: int
    psnr_input: float
    psnr_fit: float
    psnr_held_out: float | None
    psnr_network: float | None = None
    steps: int = 0
    run_folder: Path | None = None
    held_out: Mapping[str, dict[str, float]] = field(default_factory=dict)
    better: str = ""


@dataclass(frozen=True)
class Task:
    """What is to be trained. ``model``: the file to write. ``measure`` knows recipe and curve. ``method``: of luma.

    ``settings``: of the network, None for the closed form only. ``run_folder``: of the network, None for one
    beside the model. ``held_out``: pairs that only measure. ``film``, ``reel``: what the model is made for, kept
    in its card. The rest as in ``networks.Run``.
    """

    model: Path
    measure: Measure
    method: str = "matrix"
    settings: Settings | None = None
    run_folder: Path | None = None
    held_out: PairSource | None = None
    resume: bool = False
    finetune: Path | None = None
    look_every: int | None = None
    checkpoint_every: int = CHECKPOINT_EVERY
    milestone_every: int = MILESTONE_EVERY
    preview: Pixels | None = None
    film: str = ""
    reel: str = ""
    events: Events = lambda event: None
    progress: Progress = lambda what, done, total: None

    @property
    def folder(self) -> Path:
        return self.run_folder or self.model.with_name(f"{self.model.name.removesuffix('.pt')}_run")


def train(
    evaluator: Evaluator,
    node: str = "CopyCat1",
    *,
    steps: int = 0,
    preset: str = "small",
    seed: int = 0,
    patch: int | None = None,
    batch: int | None = None,
    options: Mapping[str, Any] | None = None,
    recipe: str | None = None,
    model: Path | None = None,
    run_folder: Path | None = None,
    held_out: PairSource | None = None,
    resume: bool = False,
    finetune: Path | None = None,
    look_every: int | None = None,
    checkpoint_every: int = CHECKPOINT_EVERY,
    milestone_every: int = MILESTONE_EVERY,
    film: str = "",
    reel: str = "",
    progress: Progress | None = None,
    events: Events | None = None,
) -> Trained:
    """Fits the closed form on the pairs of a CopyCat node, trains a network on top, and writes the model.

    ``steps``: of the network; 0 fits the closed form only. ``options``: further fields of ``Settings``. The
    recipe and the luma method are those of the FR_GroundTruth upstream, unless ``recipe`` says otherwise.
    ``model``: the file to write; by default ``<node>_<recipe>.0.pt`` in the CopyCat's data directory.
    ``run_folder``: log, contact sheets, previews, checkpoints, the closed form; by default beside the model.
    ``held_out``: pairs that are measured every ``look_every`` steps, never learnt from. ``milestone_every``: steps
    between two checkpoints that stay, each with a look. ``resume``: go on from the newest checkpoint. ``finetune``: a
    checkpoint to start from, with other pairs or settings.
    Raises TrainingStopped after SIGTERM, and FilmRecoveryError for anything that cannot be trained on.
    """
    copycat = evaluator.script.node(node)
    pairs = CopyCatPairs(evaluator, copycat)
    chosen, method = recipe_of(evaluator, copycat, recipe)
    curve = curve_of(evaluator, copycat)
    given = {"patch": patch, "batch": batch, **(options or {})}
    known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    settings = Settings(steps, preset, seed=seed, **known) if steps else None
    task = Task(
        model=model or model_path(evaluator, copycat, chosen),
        measure=Measure(chosen, curve, lambda picture: _displayed(evaluator, curve, picture)),
        method=method,
        settings=settings,
        run_folder=run_folder,
        held_out=held_out,
        resume=resume,
        finetune=finetune,
        look_every=look_every,
        checkpoint_every=checkpoint_every,
        milestone_every=milestone_every,
        preview=preview_of(evaluator, copycat) if settings else None,
        film=film,
        reel=reel,
        events=events or (lambda event: None),
        progress=progress or (lambda what, done, total: None),
    )
    folders = [task.model.parent, task.folder] if settings else [task.model.parent]
    for folder in folders:
        protect_elements(evaluator, folder, copycat, "dataDirectory")
    refuse_foreign(task.model)
    kept = Kept(pairs, task.progress)
    try:
        for index in range(len(kept)):
            kept[index]
        for folder in folders:
            protect_files(evaluator.files_read, folder, copycat, "dataDirectory")
        return train_pairs(kept, task)
    except FilmRecoveryError as error:
        if "file" not in error.where:
            error.where.setdefault("node", copycat.path)
        raise


def train_pairs(pairs: PairSource, task: Task) -> Trained:
    """Fits, trains, measures and writes the model of ``task``. Errors as :func:`train`."""
    refuse_foreign(task.model)
    if task.settings is not None:
        refuse_foreign(task.folder / CLOSED_FORM)
    measure = task.measure
    closed = _fit(task, pairs)
    trained = Trained(
        task.model,
        measure.recipe,
        task.method,
        measure.curve,
        len(pairs),
        measure.figures(pairs, None)["psnr"],
        measure.figures(pairs, closed)["psnr"],
        _cross_score(task, pairs) if task.held_out is None else None,
    )
    held_out = None if task.held_out is None else Kept(task.held_out, task.progress, "held-out pairs")
    if held_out is not None:
        found = {"input": measure.figures(held_out, None), "closed_form": measure.figures(held_out, closed)}
        trained = replace(trained, held_out=found, psnr_held_out=found["closed_form"]["psnr"])
    if task.settings is None:
        _write(task, task.model, closed, trained, pairs)
        return trained
    fitted, alone = (
        deepcopy(closed),
        trained,
    )  # the trainer rearranges the weights in memory, and so in the file
    run = Run(
        task.folder,
        measure,
        resume=task.resume,
        finetune=task.finetune,
        look_every=task.look_every,
        checkpoint_every=task.checkpoint_every,
        milestone_every=task.milestone_every,
        preview=task.preview,
        events=task.events,
        tell=task.progress,
    )
    network = train_on_top(closed, pairs, task.settings, run, held_out)
    trained = replace(
        trained,
        steps=task.settings.steps,
        run_folder=task.folder,
        psnr_network=measure.figures(pairs, network)["psnr"],
    )
    if held_out is not None:
        found = {**trained.held_out, "network": measure.figures(held_out, network)}
        trained = replace(trained, held_out=found, better=_better(found["closed_form"], found["network"]))
    # Only now: what an earlier training left in its folder is replaced when the trainer has found it to be the same.
    _write(task, task.folder / CLOSED_FORM, fitted, alone, pairs)
    _write(task, task.model, network, trained, pairs)
    return trained


def _write(task: Task, file: Path, model: Any, trained: Trained, pairs: PairSource) -> None:
    names = ("psnr_input", "psnr_fit", "psnr_held_out", "psnr_network")
    figures = {name: getattr(trained, name) for name in names if getattr(trained, name) is not None}
    for who, found in trained.held_out.items():
        figures.update({f"held_out_{who}_{name}": value for name, value in found.items()})
    labels = [pairs[index].label for index in range(len(pairs))]
    card = export.card_for(
        model,
        pairs=labels,
        figures=figures,
        luma_method=task.method,
        film=task.film,
        reel=task.reel,
    )
    export.save_model(model, file, card)
    if file == task.model:
        task.progress("model", 1, 1)


def _fit(task: Task, pairs: PairSource) -> ClosedForm:
    if task.measure.recipe == "spatial":
        return fit_linear_filter(pairs, curve=task.measure.curve)
    return fit_colour_polynomial(pairs, curve=task.measure.curve)


def _cross_score(task: Task, pairs: PairSource) -> float | None:
    """PSNR of the closed form on a quarter of the pairs, fitted on the others; None with too few."""
    held_out = [index for index in range(len(pairs)) if index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    others = [index for index in range(len(pairs)) if index not in held_out]
    if not held_out or not others:
        return None
    return task.measure.figures(Subset(pairs, held_out), _fit(task, Subset(pairs, others)))["psnr"]


def _better(closed: Mapping[str, float], network: Mapping[str, float]) -> str:
    """Which is better on held-out pairs: by ΔE00 where it is measured, else by PSNR. A tie goes to the simpler."""
    if "de00" in closed:
        return "network" if network["de00"] < closed["de00"] else "closed_form"
    return "network" if network["psnr"] > closed["psnr"] else "closed_form"


def _displayed(evaluator: Evaluator, curve: str, picture: Pixels) -> Pixels:
    """Graph values as encoded sRGB: through the script's OCIO config, or as they are where the graph is not linear."""
    if curve == "none":
        return picture
    return evaluator.root.config.convert(picture, evaluator.root.working_space, "color_picking")


def curve_display(curve: str) -> Callable[[Pixels], Pixels]:
    """The display of pairs without a script: ``srgb`` encodes scene-linear sRGB, ``none`` leaves values as they are."""
    encode = Curve(curve).encode_array
    return lambda picture: encode(picture).astype(np.float32)
