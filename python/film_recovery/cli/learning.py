"""The command ``train``: what is asked, from options, a file or a run folder, and the training of it.

What a training is asked stands in the file ``training.yaml`` of its run folder, with paths relative to it, so that
``train --resume DIR`` needs nothing else. With torchrun each process runs this command; the first alone speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
import typer

from film_recovery import nk
from film_recovery._files import explained
from film_recovery.cli.report import Report, events_to
from film_recovery.comp import Evaluator
from film_recovery.datasets.folder import PicturePairs
from film_recovery.engine.run_folder import RUN_FILE
from film_recovery.engine.training_config import (
    Place,
    TrainingConfig,
    TrainingConfigError,
    dump,
    load,
    missing,
    pairs_at,
    wrong,
)
from film_recovery.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_USAGE, FilmRecoveryError, UsageError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.files import read_header
from film_recovery.learning.checkpoint import checkpoints, first_step
from film_recovery.learning.device import choose
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.settings import Settings
from film_recovery.learning.weights import check_preset
from film_recovery.learning.workers import Workers, from_environment
from film_recovery.project import lock
from film_recovery.project.leftovers import clear_unfinished_below

SHEET_EVERY = 100  # steps between two contact sheets
# What may change when a training is resumed: it decides where and how long, not which weights.
_WITH_RESUME = ("max_hours", "device")
# Options beside those of the settings that mean nothing where only the closed form is fitted.
_OF_A_NETWORK = (
    "finetune",
    "gravity",
    "max_hours",
    "device",
    "look_every",
    "sheet_every",
    "checkpoint_every",
)


@dataclass(frozen=True)
class Asked:
    """The options of ``train``; None for what was not given. ``loss``: parts ``name=weight``."""

    script: Path | None = None
    node: str | None = None
    pairs: Path | None = None
    manifest: Path | None = None
    held_out: Path | None = None
    out: Path | None = None
    model: Path | None = None
    recipe: str | None = None
    finetune: Path | None = None
    gravity: bool | None = None
    max_hours: float | None = None
    device: str | None = None
    look_every: int | None = None
    sheet_every: int | None = None
    checkpoint_every: int | None = None
    steps: int | None = None
    preset: str | None = None
    patch: int | None = None
    batch: int | None = None
    seed: int | None = None
    learning_rate: float | None = None
    loss: Sequence[str] | None = None
    ceiling: int | None = None
    amp: str | None = None
    exposure: float | None = None
    position: bool | None = None
    resume: Path | None = None
    config: Path | None = None

    @property
    def given(self) -> dict[str, Any]:
        return {
            entry.name: value
            for entry in fields(self)
            if (value := getattr(self, entry.name)) is not None and entry.name not in ("resume", "config")
        }


def train(report: Report, asked: Asked, take_over: bool = False) -> int:
    """Trains what is asked; the result names the model and its figures.

    Holds the run folder, and the project that a script belongs to, from before the first file until the end.
    """
    with from_environment() as workers, _voice(report, workers) as voice, ExitStack() as stack:
        holds = _Holds(voice, take_over, stack)
        with _first_tells(report, workers):
            config = config_of(asked)
            options = _options(voice, config, workers, holds, resume=asked.resume is not None)
            start = (_on_pairs if config.script is None else _on_script)(voice, config, options, holds)
        trained = start()
        found = {key: value for key, value in asdict(trained).items() if value is not None}
        voice.result(found, "trained")
    return EXIT_DONE


def config_of(asked: Asked) -> TrainingConfig:
    """What is to be trained. Raises FilmRecoveryError with all that the options lack or contradict."""
    if asked.resume is not None:
        return _resumed(asked, asked.resume)
    config = load(asked.config) if asked.config is not None else TrainingConfig()
    known = {entry.name for entry in fields(TrainingConfig)}
    given = asked.given
    if "loss" in given:
        given["loss"] = _weights(given["loss"])
    settings = {name: value for name, value in given.items() if name not in known}
    own = {name: value for name, value in given.items() if name in known}
    if len({"script", "pairs", "manifest"} & own.keys()) == 1:  # instead of what the file names
        config = replace(config, script=None, pairs=None, manifest=None)
    config = replace(config, **own, settings={**config.settings, **settings})
    lacks = [*missing(config), *_without_network(config, asked)]
    if problems := [*lacks, *wrong(config)]:
        error = TrainingConfigError(problems)
        if lacks:
            error.exit_code = EXIT_USAGE
        raise error
    return config


def _without_network(config: TrainingConfig, asked: Asked) -> list[str]:
    """The options of a network where none is trained, as a problem: fitting the closed form would not be what was
    meant."""
    if config.settings.get("steps"):
        return []
    names = ({entry.name for entry in fields(Settings)} | set(_OF_A_NETWORK)) - {"steps"}
    of_it = [f"--{name.replace('_', '-')}" for name in asked.given if name in names]
    if not of_it:
        return []
    why = "--steps is missing" if asked.steps is None else "--steps 0 fits the closed form only"
    what = f"{', '.join(of_it)} {'is' if len(of_it) == 1 else 'are'} for a network"
    return [f"{why}, and {what}; add --steps with how many it trains, or leave out {', '.join(of_it)}"]


def _resumed(asked: Asked, folder: Path) -> TrainingConfig:
    """What the training in ``folder`` was asked; it may go on elsewhere and for longer."""
    other = [f"--{name.replace('_', '-')}" for name in asked.given if name not in _WITH_RESUME]
    if asked.config is not None:
        other.append("--config")
    if other:
        raise UsageError(
            f"--resume goes on as the training began, so {', '.join(other)} cannot be given.",
            remedy="leave it out; to start from these weights with other settings, use --finetune",
        )
    file = folder / RUN_FILE
    if not file.is_file():
        raise FilmRecoveryError(
            f"The folder holds no {RUN_FILE}, so it is no training that can be resumed.",
            file=str(folder),
            remedy="name the folder that was given as --out, or the …_run folder beside the model",
        )
    config = load(file, unchecked=("finetune",))
    if checkpoints(folder / "checkpoints"):
        # The checkpoint has the weights; where they came from may be gone.
        config = replace(config, finetune=None)
    elif config.finetune is not None and not config.finetune.is_file():
        raise FilmRecoveryError(
            "The training ended before its first checkpoint, so it begins again, and the weights that it starts from"
            " (finetune) are gone.",
            file=str(config.finetune),
            remedy="put them back, or start a new training in another folder",
        )
    config = replace(config, **{name: asked.given[name] for name in _WITH_RESUME if name in asked.given})
    if problems := wrong(config):
        raise TrainingConfigError(problems)
    return config


def _weights(parts: Sequence[str]) -> dict[str, float]:
    """``name=weight`` parts as a table; a name alone weighs 1."""
    found: dict[str, float] = {}
    for part in parts:
        name, _, weight = part.partition("=")
        try:
            found[name] = float(weight or 1)
        except ValueError as error:
            raise UsageError(f"--loss {part}: no weight.", remedy="write it as --loss l1=1") from error
    return found


@dataclass
class _Holds:
    """What this training holds until ``stack`` is closed: its run folder, and the project of its script."""

    report: Report
    take_over: bool
    stack: ExitStack
    folders: list[lock.Held] = field(default_factory=list)

    def hold(self, folder: Path) -> None:
        """Holds the run folder; that of an ended process is taken over. Raises ProjectLocked naming who does."""
        with explained(folder, "made"):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            held = self.stack.enter_context(lock.held(folder, "film-recovery train", self.take_over))
        except lock.ProjectLocked as error:
            message = error.message.replace("works on this project", "trains in this folder")
            raise lock.ProjectLocked(message, remedy=error.remedy, **error.where) from error
        if held.taken_over:
            self.report.say(f"the training's folder is taken over from {held.taken_over}")
        self.folders.append(held)

    def confirm(self) -> None:
        """Raises ProjectLocked when somebody took the folder over by choice."""
        for held in self.folders:
            held.confirm()


@contextmanager
def _first_tells(report: Report, workers: Workers) -> Iterator[None]:
    """What any process refuses before the training ends all with one exit code, and is said once: by the first, unless
    it has nothing against it."""
    refused = None
    try:
        yield
    except FilmRecoveryError as error:
        if workers.count == 1:
            raise
        refused = error
    if not workers.any(refused is not None):
        return
    code = refused.exit_code if refused else 0
    first = int(workers.from_first(torch.tensor([code])).item())
    if refused and (workers.writes or not first):
        report.error(refused)
    workers.barrier()  # torchrun stops the others when one ends: not before it is said
    raise typer.Exit(first or code or EXIT_BAD_INPUT)


@contextmanager
def _voice(report: Report, workers: Workers) -> Iterator[Report]:
    """The first process's ``report``; the others say nothing until they fail."""
    if workers.writes:
        yield report
        return
    token = events_to.set(lambda event: None)
    try:
        with Report(as_json=True) as silent:
            yield silent
    finally:
        events_to.reset(token)


def _options(
    report: Report, config: TrainingConfig, workers: Workers, holds: _Holds, resume: bool
) -> dict[str, Any]:
    """The fields of Task that every training has."""
    every = {name: getattr(config, name) for name in ("look_every", "checkpoint_every", "milestone_every")}

    def hear(event: Mapping[str, Any]) -> None:
        if "contact_sheet" in event:
            holds.confirm()
            _tell_look(report, event)

    def warn(text: str) -> None:
        report.check("training", "warn", reason=text)

    return {
        **{name: value for name, value in every.items() if value is not None},
        "sheet_every": SHEET_EVERY if config.sheet_every is None else config.sheet_every,
        "run_folder": config.out,
        "resume": resume,
        "finetune": config.finetune,
        "hours": config.max_hours,
        "device": config.device or "auto",
        "workers": workers,
        "progress": report.progress,
        "events": hear,
        "say": warn,
        "begin": lambda task: _begin(holds, config, task),
    }


def _tell_look(report: Report, event: Mapping[str, Any]) -> None:
    if report.as_json:
        report.event("look", **event)
    elif "held_out" in event:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in event["held_out"].items())
        report.say(f"step {event['step']}, held out: {figures}")


def _on_pairs(
    report: Report, config: TrainingConfig, options: dict[str, Any], holds: _Holds
) -> Callable[[], Any]:
    """The training on pairs of pictures, ready to start: what can be checked without fitting has been."""
    from film_recovery.engine.scores import Measure
    from film_recovery.engine.training import Task, curve_display, train_pairs
    from film_recovery.protection import keep_apart

    model = _model(config)
    assert model is not None  # config_of has seen to it
    settings = config.settings_for(config.recipe)
    _check_network(config, settings, options["workers"])
    pairs, held_out = config.open_pairs(report.progress)
    for place in _folders(config.pairs) | _folders(config.held_out) | _homes(pairs) | _homes(held_out):
        for folder in {model.parent, config.out or model.parent}:
            keep_apart(folder, place, "where the pairs lie", file=str(model))
    curve = _one_curve(pairs.curve, held_out)
    if settings is not None:
        _check_pictures(pairs, settings.patch)
    if settings is not None and settings.ceiling > settings.steps and held_out is None:
        raise FilmRecoveryError(
            "A training with a ceiling goes on while held-out pairs improve, and none are held out.",
            file=str(config.manifest),
            remedy="divide the pairs with some in val or val_colour, or leave the ceiling out",
        )
    task = Task(
        model=model,
        measure=Measure(config.recipe, curve, curve_display(curve)),
        settings=settings,
        held_out=held_out,
        **options,
    )
    return lambda: train_pairs(pairs, task)


def _on_script(
    report: Report, config: TrainingConfig, options: dict[str, Any], holds: _Holds
) -> Callable[[], Any]:
    """The training on a CopyCat's pairs, ready to start; its project is held by the first of several processes."""
    from film_recovery.cli.commands import project_held
    from film_recovery.engine.asked import curve_of, recipe_of
    from film_recovery.engine.training import train_script

    assert config.script is not None
    if options["workers"].writes:
        project = project_held(report, config.script, lock.held, f"train {config.node}", holds.take_over)
        holds.stack.enter_context(project)
        _tell_flags(report, config.script)
    evaluator = Evaluator(nk.load(config.script))
    node = evaluator.script.node(config.node)
    recipe, _ = recipe_of(evaluator, node, config.recipe or None)
    settings = config.settings_for(recipe)
    _check_network(config, settings, options["workers"])
    held_out = None if config.held_out is None else pairs_at(config.held_out)
    _one_curve(curve_of(evaluator, node), held_out)
    script = config.script
    return lambda: train_script(
        evaluator,
        config.node,
        settings=settings,
        recipe=recipe,
        model=_model(config),
        held_out=held_out,
        **_of_project(report, script),
        **options,
    )


def _of_project(report: Report, script: Path) -> dict[str, Any]:
    """Film, reel and conditions for the model's card, where ``script`` is the script of a project."""
    from film_recovery import project
    from film_recovery.stages.conditions import trained_under
    from film_recovery.stages.view import NotYet, View

    folder = lock.project_of(script)
    if folder is None:
        return {}
    try:
        of = project.load(folder)
        if project.paths(of).script.resolve() != script.resolve():
            return {"film": of.film, "reel": of.reel}
        return {"film": of.film, "reel": of.reel, "conditions": trained_under(View(of))}
    except (FilmRecoveryError, NotYet) as error:  # trained all the same; the card then says less
        reason = f"What the model is trained under is not known and will not be in its card: {error}"
        report.check("inference.as_trained", "warn", reason=reason, remedy=getattr(error, "remedy", ""))
        return {}


def _tell_flags(report: Report, script: Path) -> None:
    """Says which pairs carry flags, where ``script`` is a project's: as ``run`` does before it trains."""
    from film_recovery import project
    from film_recovery.cli.project import show
    from film_recovery.stages.flagged import when_training

    folder = lock.project_of(script)
    if folder is None:
        return
    try:
        outcome = when_training(project.load(folder))
    except FilmRecoveryError as error:  # the script trains without its project; what is not known is said
        reason = f"Whether its pairs carry flags is not known: {error.message}"
        report.check("training.flags", "warn", reason=reason, remedy=error.remedy)
        return
    if outcome is not None:
        show(report, outcome)


def _check_network(config: TrainingConfig, settings: Settings | None, workers: Workers) -> None:
    """Raise TrainingConfigError with all that this computer, or these weights, cannot do for the network."""
    if settings is None:
        return
    preset = settings.preset
    problems = []
    for work in (
        lambda: workers.share(settings.batch),
        lambda: choose(config.device or "auto", workers),
        lambda: check_preset(config.finetune, preset) if config.finetune else None,
    ):
        try:
            work()
        except FilmRecoveryError as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise TrainingConfigError([str(problem) for problem in problems])


def _check_pictures(pairs: PicturePairs, patch: int) -> None:
    """Raise FilmRecoveryError, by the headers, where a patch does not fit or the sides of a pair differ in size."""
    for index, files in enumerate(pairs.files):
        sizes = [sorted((header.format.width, header.format.height)) for header in map(read_header, files)]
        if sizes[0] != sizes[1]:
            pairs[index]  # says which, and how large
        if sizes[0][0] < patch:
            raise FilmRecoveryError(
                f"{pairs.labels[index]}: a patch of {patch} × {patch} does not fit into {sizes[0][1]} × {sizes[0][0]}.",
                remedy=f"choose a patch of at most {sizes[0][0]} pixels",
                file=str(files[0]),
            )


def _model(config: TrainingConfig) -> Path | None:
    return config.model or (config.out / "model.pt" if config.out else None)


def _homes(pairs: PicturePairs | None) -> set[Path]:
    """The folders of the pictures, to which nothing is written."""
    return {file.parent for files in pairs.files for file in files} if pairs is not None else set()


def _folders(place: Place) -> set[Path]:
    if place is None:
        return set()
    return {place} if isinstance(place, Path) else set(place)


def _one_curve(curve: str, held_out: PairSource | None) -> str:
    """``curve``, which the held-out pairs share."""
    other = getattr(held_out, "curve", curve)
    if other != curve:
        words = {"srgb": "scene-linear", "none": "encoded"}
        raise FilmRecoveryError(
            f"The held-out pairs are {words[other]}, those that are learnt from {words[curve]}.",
            remedy="hold out pairs of the same domain",
        )
    return curve


def _begin(holds: _Holds, config: TrainingConfig, task: Any) -> None:
    """Holds the run folder, then notes there what was asked. Raises FilmRecoveryError where another training is."""
    holds.hold(task.folder)
    clear_unfinished_below(task.folder)
    first_step(task.folder / "checkpoints", task.resume)
    if not task.resume:
        _note(config, task)


def _note(config: TrainingConfig, task: Any) -> None:
    """Writes what was asked into the run folder, all defaults spelled out: later versions may have others."""
    settings = task.settings.as_dict() if task.settings else {}
    whole = replace(config, out=task.folder, model=task.model, recipe=task.measure.recipe, settings=settings)
    file = task.folder / RUN_FILE
    with replacement(file, create_directories=True) as temporary:
        temporary.write_text(dump(whole, file), encoding="utf-8")
