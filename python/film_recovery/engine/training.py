"""Training: pairs in, a model with its sidecar out.

First a closed form; with ``steps``, a network on top of it (``networks``), and the closed form as a model of its
own in the run folder, to compare with. :func:`train` takes its pairs from a CopyCat node, :func:`train_pairs` from
anywhere, such as ``datasets.folder``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.comp import Evaluator
from film_recovery.engine.asked import curve_of, model_path, preview_of, recipe_of
from film_recovery.engine.fitting import better, cross_score, fit, fitted_before
from film_recovery.engine.kept import Kept, Progress, Subset
from film_recovery.engine.model_file import refuse_foreign
from film_recovery.engine.networks import CHECKPOINT_EVERY, MILESTONE_EVERY, Events, Run, train_on_top
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.engine.reading import well_read
from film_recovery.engine.run_folder import CLOSED_FORM
from film_recovery.engine.scores import Measure
from film_recovery.engine.task import Task as Task
from film_recovery.engine.task import Trained as Trained
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning import export
from film_recovery.learning.checkpoint import first_step
from film_recovery.learning.curve import Curve
from film_recovery.learning.device import choose
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.sampling import check_size
from film_recovery.learning.settings import PUBLISHED, Settings, for_recipe
from film_recovery.learning.trainer import pair_hashes
from film_recovery.protection import protect_elements, protect_files

MEASURED = 64  # pairs at most, spread evenly, that figures on the training's own pairs are taken of


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
    conditions: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    events: Events | None = None,
    begin: Callable[[Task], None] = lambda task: None,
) -> Trained:
    """Fits the closed form on the pairs of a CopyCat node, trains a network on top, and writes the model.

    ``steps``: of the network; 0 fits the closed form only. ``options``: further fields of ``Settings``; what is left
    out is as the recipe has it. Recipe and luma method are those of the FR_GroundTruth upstream, unless ``recipe``
    says otherwise.
    ``model``: the file to write; by default ``<node>_<recipe>.0.pt`` in the CopyCat's data directory.
    ``run_folder``: log, contact sheets, previews, checkpoints, the closed form; by default beside the model.
    ``held_out``: pairs that are measured every ``look_every`` steps, never learnt from. ``milestone_every``: steps
    between two checkpoints that stay, each with a look. ``resume``: go on from the newest checkpoint. ``finetune``: a
    checkpoint to start from, with other pairs or settings. ``conditions``: what inference has to share, for the card.
    ``begin``: called once the pairs are known to be fit to train on, before anything is written.
    Raises TrainingStopped after SIGTERM, and FilmRecoveryError for anything that cannot be trained on.
    """
    given = {"patch": patch, "batch": batch, **(options or {})}
    known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    chosen, _ = recipe_of(evaluator, evaluator.script.node(node), recipe)
    settings = for_recipe(chosen, steps, preset=preset, seed=seed, **known) if steps else None
    return train_script(
        evaluator,
        node,
        settings=settings,
        often=tuple(known.get("often", ())),
        recipe=recipe,
        model=model,
        run_folder=run_folder,
        held_out=held_out,
        resume=resume,
        finetune=finetune,
        look_every=look_every,
        checkpoint_every=checkpoint_every,
        milestone_every=milestone_every,
        film=film,
        reel=reel,
        conditions=dict(conditions or {}),
        progress=progress or (lambda what, done, total: None),
        events=events or (lambda event: None),
        begin=begin,
    )


def train_script(
    evaluator: Evaluator,
    node: str,
    *,
    settings: Settings | None,
    recipe: str | None = None,
    model: Path | None = None,
    **options: Any,
) -> Trained:
    """:func:`train` with ``settings`` as they are; ``options`` are further fields of Task."""
    copycat = evaluator.script.node(node)
    pairs = CopyCatPairs(evaluator, copycat)
    chosen, method = recipe_of(evaluator, copycat, recipe)
    curve = curve_of(evaluator, copycat)
    task = Task(
        model=model or model_path(evaluator, copycat, chosen),
        measure=Measure(chosen, curve, lambda picture: _displayed(evaluator, curve, picture)),
        method=method,
        settings=settings,
        preview=preview_of(evaluator, copycat) if settings else None,
        **options,
    )
    folders = [task.model.parent, task.folder] if settings else [task.model.parent]
    for folder in folders:
        protect_elements(evaluator, folder, copycat, "dataDirectory")
    if task.workers.writes:
        refuse_foreign(task.model)
    kept = Kept(pairs, task.progress)
    try:
        for index in range(len(kept)):
            pair = kept[index]
            if settings is not None:
                check_size(pair, settings.patch)
        for folder in folders:
            protect_files(evaluator.files_read, folder, copycat, "dataDirectory")
        return train_pairs(kept, task)
    except FilmRecoveryError as error:
        if "file" not in error.where:
            error.where.setdefault("node", copycat.path)
        raise


def train_pairs(pairs: PairSource, task: Task) -> Trained:
    """Fits, trains, measures and writes the model of ``task``. Errors as :func:`train`.

    Of several processes the first alone measures and writes; what the others give has no figures (NaN).
    """
    folder = task.folder if task.settings is not None else None
    with well_read(pairs, task.held_out, folder, resume=task.resume, tell=task.progress) as read:
        return _trained(read, task)


def _trained(pairs: PairSource, task: Task) -> Trained:
    """:func:`train_pairs`, on pairs of which notes are taken."""
    measure, settings = task.measure, task.settings
    if settings is not None:
        task.workers.share(settings.batch)  # refused before anything is written
        choose(task.device, task.workers)
    if not task.workers.writes:
        return _assisted(pairs, task)
    refuse_foreign(task.model)
    if settings is not None:
        refuse_foreign(task.folder / CLOSED_FORM)
        task.begin(task)
        first_step(task.folder / "checkpoints", task.resume)
    closed, shown = _closed_form(pairs, task), _spread(pairs)
    trained = Trained(
        task.model,
        measure.recipe,
        task.method,
        measure.curve,
        len(pairs),
        measure.figures(shown, None)["psnr"],
        measure.figures(shown, closed, partial(task.progress, "measuring the closed form"))["psnr"],
        cross_score(measure, shown) if task.held_out is None else None,
    )
    held_out = None if task.held_out is None else Kept(task.held_out, task.progress, "held-out pairs")
    if held_out is not None:
        found = {"input": measure.figures(held_out, None), "closed_form": measure.figures(held_out, closed)}
        trained = replace(trained, held_out=found, psnr_held_out=found["closed_form"]["psnr"])
    if settings is None:
        _write(task, task.model, closed, trained, pair_hashes(pairs))
        return trained
    # The trainer rearranges the weights in memory, and so in the file.
    fitted, alone = deepcopy(closed), trained
    network = train_on_top(closed, pairs, settings, _run(task), held_out)
    trained = replace(
        trained, steps=network.steps, steps_done=network.done, run_folder=task.folder, loss=settings.loss
    )
    # Only now: what an earlier training left in its folder is replaced when the trainer has found it to be the same.
    _write(task, task.folder / CLOSED_FORM, fitted, alone, network.hashes)
    # Before it is measured, which takes a while: killed meanwhile, the training leaves a model that can be used.
    _write(task, task.model, network.model, trained, network.hashes)
    trained = _measured(task, trained, network.model, shown, held_out)
    export.renew_card(task.model, _card(task, task.model, network.model, trained, network.hashes))
    _warn(task, trained)
    return trained


def _measured(
    task: Task, trained: Trained, network: Any, shown: PairSource, held_out: PairSource | None
) -> Trained:
    """``trained`` with the figures of the ``network``, taken where it was trained."""
    placed = deepcopy(network).to(choose(task.device, task.workers))

    def figures(pairs: PairSource, what: str) -> dict[str, float]:
        return task.measure.figures(pairs, placed, partial(task.progress, what))

    trained = replace(trained, psnr_network=figures(shown, "measuring the network")["psnr"])
    if held_out is None:
        return trained
    found = {**trained.held_out, "network": figures(held_out, "measuring the network on held-out pairs")}
    return replace(trained, held_out=found, better=better(found["closed_form"], found["network"]))


def _warn(task: Task, trained: Trained) -> None:
    """Says so where the network, which was written, is no better than the closed form beside it."""
    if trained.held_out:
        closed, network = (trained.held_out[who] for who in ("closed_form", "network"))
        name, where = ("de00" if "de00" in closed else "psnr"), "held-out pairs"
        worse, found = trained.better == "closed_form", (network.get(name, nan), closed[name])
    else:
        assert trained.psnr_network is not None
        name, where, found = "psnr", "its own pairs", (trained.psnr_network, trained.psnr_fit)
        worse = not found[0] >= found[1]
    if worse:
        word = {"de00": "{:.3f} ΔE00", "psnr": "PSNR {:.2f} dB"}[name]
        task.say(
            f"On {where} the network is no better than its closed form: {word.format(found[0])} against "
            f"{word.format(found[1])}. The network was written all the same; compare it with "
            f"{task.folder / CLOSED_FORM}, or train for longer."
        )


def _assisted(pairs: PairSource, task: Task) -> Trained:
    """What another process than the first does: its share of every step."""
    if task.settings is not None:
        train_on_top(_closed_form(pairs, task), pairs, task.settings, _run(task), task.held_out)
    return Trained(
        task.model, task.measure.recipe, task.method, task.measure.curve, len(pairs), nan, nan, None
    )


def _closed_form(pairs: PairSource, task: Task) -> ClosedForm:
    """What the network stands on: fitted, or on resume as its checkpoint holds it.

    nafnet32 stands on none and is only compared with one: that is fitted on MEASURED pairs at most.
    """
    if task.settings is None:
        return fit(task.measure, pairs, task.often)
    if task.settings.preset == PUBLISHED:
        return fit(task.measure, _spread(pairs))
    before = fitted_before(task.measure, task.folder / "checkpoints") if task.resume else None
    return fit(task.measure, pairs, task.settings.often) if before is None else before


def _run(task: Task) -> Run:
    return Run(
        task.folder,
        task.measure,
        resume=task.resume,
        finetune=task.finetune,
        look_every=task.look_every,
        sheet_every=task.sheet_every,
        checkpoint_every=task.checkpoint_every,
        milestone_every=task.milestone_every,
        preview=task.preview,
        workers=task.workers,
        device=task.device,
        hours=task.hours,
        events=task.events,
        tell=task.progress,
        say=task.say,
    )


def _spread(pairs: PairSource) -> PairSource:
    """The pairs, or MEASURED of them, spread evenly."""
    if len(pairs) <= MEASURED:
        return pairs
    return Subset(pairs, [round(place * (len(pairs) - 1) / (MEASURED - 1)) for place in range(MEASURED)])


def _write(task: Task, file: Path, model: Any, trained: Trained, hashes: Mapping[str, str]) -> None:
    export.save_model(model, file, _card(task, file, model, trained, hashes))
    if file == task.model:
        task.progress("model", 1, 1)


def _card(
    task: Task, file: Path, model: Any, trained: Trained, hashes: Mapping[str, str]
) -> export.ModelCard:
    """What ``model`` is, with the figures that are known by now."""
    names = ("psnr_input", "psnr_fit", "psnr_held_out", "psnr_network")
    figures = {name: getattr(trained, name) for name in names if getattr(trained, name) is not None}
    for who, found in trained.held_out.items():
        figures.update({f"held_out_{who}_{name}": value for name, value in found.items()})
    is_network = file == task.model and task.settings is not None
    return export.card_for(
        model,
        pairs=list(hashes),
        figures=figures,
        luma_method=task.method,
        film=task.film,
        reel=task.reel,
        preset=task.settings.preset if task.settings and is_network else "",
        patch=task.settings.patch if task.settings and is_network else 0,
        steps=trained.steps if is_network else 0,
        pair_hashes=hashes,
        # A model that looks at the whole picture is never cut; any other's tiles overlap by its reach.
        conditions={**task.conditions, "tile": "None" if getattr(model, "whole", False) else "any"},
    )


def _displayed(evaluator: Evaluator, curve: str, picture: Pixels) -> Pixels:
    """Graph values as encoded sRGB: through the script's OCIO config, or as they are where the graph is not linear."""
    if curve == "none":
        return picture
    return evaluator.root.config.convert(picture, evaluator.root.working_space, "color_picking")


def curve_display(curve: str) -> Callable[[Pixels], Pixels]:
    """The display of pairs without a script: ``srgb`` encodes scene-linear sRGB, ``none`` leaves values as they are."""
    encode = Curve(curve).encode_array
    return lambda picture: encode(picture).astype(np.float32)
