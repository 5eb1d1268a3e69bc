"""The command ``train``: what is asked, from options, a file or a run folder, and the training of it.

What a training is asked stands in the file ``training.yaml`` of its run folder, with paths relative to it, so that
``train --resume DIR`` needs nothing else. With torchrun each process runs this command; the first alone speaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from film_recovery import nk
from film_recovery.cli.report import Report, events_to
from film_recovery.comp import Evaluator
from film_recovery.datasets.folder import PicturePairs
from film_recovery.engine.training_config import Place, TrainingConfig, dump, load, pairs_at
from film_recovery.errors import EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.imaging.atomic import replacement
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.workers import Workers, from_environment
from film_recovery.project import lock

RUN_FILE = "training.yaml"
SHEET_EVERY = 100  # steps between two contact sheets
# What may change when a training is resumed: it decides where and how long, not which weights.
_WITH_RESUME = ("max_hours", "device")


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
    steps: int | None = None
    preset: str | None = None
    patch: int | None = None
    batch: int | None = None
    seed: int | None = None
    learning_rate: float | None = None
    loss: Sequence[str] | None = None
    ceiling: int | None = None
    amp: str | None = None
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
    """Trains what is asked; the result names the model and its figures. Holds the project that a script belongs to."""
    config = config_of(asked)
    with from_environment() as workers, _voice(report, workers) as voice:
        options = _options(voice, config, workers, resume=asked.resume is not None)
        if config.script is None:
            trained = _on_pairs(voice, config, options)
        else:
            trained = _on_script(voice, config, options, take_over)
        found = {key: value for key, value in asdict(trained).items() if value is not None}
        voice.result(found, "trained")
    return EXIT_DONE


def config_of(asked: Asked) -> TrainingConfig:
    """What is to be trained. Raises FilmRecoveryError for options that contradict one another or say too little."""
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
    named = [name for name in ("pairs", "manifest", "script") if getattr(config, name) is not None]
    if len(named) != 1:
        raise UsageError(
            f"{' and '.join(named)} are two things to train on."
            if named
            else "There is nothing to train on.",
            remedy="name a script with --script, --pairs FOLDER, --manifest FILE, --config FILE or --resume FOLDER",
        )
    if config.script is None and (not config.recipe or (config.model is None and config.out is None)):
        raise UsageError(
            "Pairs of pictures do not say what is recovered, nor where the model goes.",
            remedy="add --recipe spatial, colour or paired, and --out FOLDER (or --model FILE.pt)",
        )
    return config


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
    return replace(load(file), **{name: asked.given[name] for name in _WITH_RESUME if name in asked.given})


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


def _options(report: Report, config: TrainingConfig, workers: Workers, resume: bool) -> dict[str, Any]:
    """The fields of Task that every training has."""
    every = {name: getattr(config, name) for name in ("look_every", "checkpoint_every", "milestone_every")}

    def hear(event: Mapping[str, Any]) -> None:
        if "contact_sheet" in event:
            _tell_look(report, event)

    def warn(text: str) -> None:
        report.check("training.settings", "warn", reason=text)

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
    }


def _tell_look(report: Report, event: Mapping[str, Any]) -> None:
    if report.as_json:
        report.event("look", **event)
    elif "held_out" in event:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in event["held_out"].items())
        report.say(f"step {event['step']}, held out: {figures}")


def _on_pairs(report: Report, config: TrainingConfig, options: dict[str, Any]) -> Any:
    from film_recovery.engine.scores import Measure
    from film_recovery.engine.training import Task, curve_display, train_pairs
    from film_recovery.protection import keep_apart

    model = _model(config)
    assert model is not None  # config_of has seen to it
    pairs, held_out = config.open_pairs(report.progress)
    for place in _folders(config.pairs) | _folders(config.held_out) | _homes(pairs) | _homes(held_out):
        for folder in {model.parent, config.out or model.parent}:
            keep_apart(folder, place, "where the pairs lie", file=str(model))
    curve = _one_curve(pairs.curve, held_out)
    task = Task(
        model=model,
        measure=Measure(config.recipe, curve, curve_display(curve)),
        settings=config.settings_for(config.recipe),
        held_out=held_out,
        begin=lambda task: _note(config, task),
        **options,
    )
    return train_pairs(pairs, task)


def _on_script(report: Report, config: TrainingConfig, options: dict[str, Any], take_over: bool) -> Any:
    from film_recovery.cli.commands import project_held
    from film_recovery.engine.asked import curve_of, recipe_of
    from film_recovery.engine.training import train_script

    assert config.script is not None
    with project_held(report, config.script, lock.held, f"train {config.node}", take_over):
        evaluator = Evaluator(nk.load(config.script))
        node = evaluator.script.node(config.node)
        recipe, _ = recipe_of(evaluator, node, config.recipe or None)
        held_out = None if config.held_out is None else pairs_at(config.held_out)
        _one_curve(curve_of(evaluator, node), held_out)
        return train_script(
            evaluator,
            config.node,
            settings=config.settings_for(recipe),
            recipe=recipe,
            model=_model(config),
            held_out=held_out,
            begin=lambda task: _note(config, task),
            **options,
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


def _note(config: TrainingConfig, task: Any) -> None:
    """Writes what was asked into the run folder, all defaults spelled out: later versions may have others."""
    if task.resume or not task.workers.writes:
        return
    settings = task.settings.as_dict() if task.settings else {}
    whole = replace(config, out=task.folder, model=task.model, recipe=task.measure.recipe, settings=settings)
    file = task.folder / RUN_FILE
    with replacement(file, create_directories=True) as temporary:
        temporary.write_text(dump(whole, file), encoding="utf-8")
