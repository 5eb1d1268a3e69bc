"""Stage 3 at work: the model of a project, trained on its pairs, measured on its hold-out.

What a model depends on is its key: the pixels of the pairs as CopyCat sees them, recipe, luma method, curve and the
settings. Nothing else: a node that was moved, a file that was copied, another compression of the masters train nothing
anew. The run folder carries the key in its name, and keeps the model that was made in it. So a training that was
killed goes on from its checkpoint, and one whose pairs or settings changed begins anew beside it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery import __version__, nk
from film_recovery._files import write_whole
from film_recovery._hashes import sha256_of
from film_recovery.comp import Evaluator
from film_recovery.curation.choosing import drawn_often
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import FILE, Project, Training, paths
from film_recovery.stages.conditions import trained_under
from film_recovery.stages.done import digest, last_work
from film_recovery.stages.flagged import flags_of
from film_recovery.stages.held_out import pairs_of
from film_recovery.stages.view import View

if TYPE_CHECKING:
    from film_recovery.stages.run import Listener

COPYCAT = "CopyCat1"
ENGINE = "open"
ASKED = "asked.json"  # in the run folder: the settings, for whoever watches it while there is no model yet
_CAME_LATER = {
    "flip": True,
    "exposure": 0.0,
    "ceiling": 0,
    "loss": {},
}  # and what each is where it is left out


def teach(project: Project, listener: Listener) -> dict[str, Any] | None:
    """Trains, and gives what the ledger keeps: settings, figures by contender, the model's name and hash.

    None when the last training is of the same key and its model is there. Raises CheckFailed for a project that trains
    in NukeX, FilmRecoveryError as ``engine.training.train`` does.
    """
    from film_recovery.engine.training import train
    from film_recovery.learning.export import load_model

    settings, places = project.training, paths(project)
    quick = quick_key(project)
    last = _last(project)
    if last.get("quick") == quick and _is_last(places.model, last):
        return None
    if settings.engine != ENGINE:
        raise CheckFailed(
            f"This project trains in NukeX (training.engine is {settings.engine}), which run cannot do.",
            remedy="train at the script's CopyCat node, or set training.engine to open",
            file=str(project.folder / FILE),
        )
    evaluator = Evaluator(nk.load(places.script))
    key = training_key(project, evaluator)
    if last.get("key") == key and _is_last(places.model, last):
        return {**last, "quick": quick, "what": "Nothing that the model depends on has changed."}
    folder = run_folder(project, key)
    trained = train(
        evaluator,
        COPYCAT,
        steps=settings.steps,
        preset=settings.size,
        seed=settings.seed,
        patch=settings.patch,
        batch=settings.batch,
        options=_options(project),
        model=places.model,
        run_folder=folder if settings.steps else None,
        held_out=pairs_of(project),
        milestone_every=settings.checkpoints,
        resume=(folder / "checkpoints").is_dir(),
        finetune=initial_weights(project),
        film=project.film,
        reel=project.reel,
        conditions=trained_under(View(project)),
        progress=listener.progress,
        begin=lambda task: _note(task.folder, settings),
    )
    _keep(places.model, folder)
    flags = flags_of(project)
    return {
        "key": key,
        "quick": quick,
        "engine": f"film-recovery {__version__}",
        "model": places.model.name,
        "sha256": load_model(places.model).card.sha256,
        "run": folder.name if settings.steps else "",
        "settings": {**asdict(settings), "loss": dict(trained.loss), **_often(project)},
        "figures": {
            f"{contender} {name}": value
            for contender, figures in trained.held_out.items()
            for name, value in figures.items()
        },
        "better": trained.better,
        **({"flags": flags} if flags else {}),
    }


def run_folder(project: Project, key: str) -> Path:
    """Where log, contact sheets, checkpoints and the model of the work ``key`` lie."""
    return paths(project).training / f"run_{key[:12]}"


def training_key(project: Project, evaluator: Evaluator) -> str:
    """SHA-256 of everything that the model of ``project`` depends on; evaluates every pair of the script."""
    from film_recovery.engine.asked import curve_of, recipe_of
    from film_recovery.engine.pairs import CopyCatPairs
    from film_recovery.learning.trainer import pair_hashes

    node = evaluator.script.node(COPYCAT)
    hashes = pair_hashes(CopyCatPairs(evaluator, node))
    graph = (*recipe_of(evaluator, node, None), curve_of(evaluator, node))
    return digest((list(hashes.items()), graph, _settings(project)))


def _options(project: Project) -> dict[str, Any]:
    """What the open engine is told beyond CopyCat's own settings; a loss that is left out is the recipe's."""
    settings = project.training
    given = {"flip": settings.flip, "exposure": settings.exposure, "ceiling": settings.ceiling}
    return {**given, **_often(project), **({"loss": dict(settings.loss)} if settings.loss else {})}


def _often(project: Project) -> dict[str, Any]:
    """How often each pair is drawn, where curation measured what each of them stands for."""
    often = drawn_often([pair.stands_for for pair in project.pairs])
    return {"often": often} if often else {}


def initial_weights(project: Project) -> Path | None:
    """The checkpoint that the project's training starts from; None for a fresh start.

    Raises FilmRecoveryError for one that is missing or is not a checkpoint of a training.
    """
    checkpoint = paths(project).initial
    if checkpoint is not None and (checkpoint.suffix != ".ckpt" or not checkpoint.is_file()):
        raise FilmRecoveryError(
            f"training.initial: {project.training.initial} is no checkpoint that a training of this project left.",
            remedy="name one of pipeline/03_copycat_training/run_…/checkpoints/*.ckpt, or none",
            file=str(project.folder / FILE),
        )
    return checkpoint


def quick_key(project: Project) -> str:
    """What can change the training key, cheap to look at: unequal when in doubt."""
    files = []
    for name in ("source", "reference"):
        element = project.elements[name]
        sequence = Sequence.parse(project.file_of(name), element.first, element.last)
        for pair in project.pairs:
            path = sequence.path(getattr(pair, name))
            status = path.stat() if path.exists() else None
            files.append((path.name, status.st_size if status else -1, status.st_mtime_ns if status else -1))
    return digest((nk.load(paths(project).script).text(), _settings(project), files))


def _settings(project: Project) -> dict[str, Any]:
    """The settings as the key has them: initial weights by their content; what came later, where it is used."""
    settings = {**asdict(project.training), **_often(project)}
    del settings["checkpoints"]  # no weight depends on how many are kept
    for name, left_out in _CAME_LATER.items():
        if settings[name] == left_out:
            del settings[name]  # a project that never asked for it keeps the key, and the model, that it has
    checkpoint = initial_weights(project)
    if checkpoint is not None:
        settings["initial"] = sha256_of(checkpoint)
    return settings


def _last(project: Project) -> dict[str, Any]:
    """What the ledger says of the last training, without what every stage's record has."""
    return {k: v for k, v in last_work(project, 3).items() if k not in ("stage", "name", "checks")}


def _is_last(model: Path, last: dict[str, Any]) -> bool:
    """Whether the file is the model of the ``last`` training, not one that a killed training has left since."""
    return model.is_file() and sha256_of(model) == last.get("sha256")


def _note(folder: Path, settings: Training) -> None:
    """What the training in ``folder`` was asked for, before its first step."""
    if settings.steps:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / ASKED, json.dumps(asdict(settings), indent=1) + "\n")


def _keep(model: Path, folder: Path) -> None:
    """The model and its sidecar in its run folder too, where the next training does not replace them."""
    for file in (model.with_suffix(".json"), model):
        with replacement(folder / file.name, create_directories=True) as temporary:
            temporary.write_bytes(file.read_bytes())
