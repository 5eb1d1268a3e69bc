"""Stage 3 at work: the model of a project, trained on its pairs, measured on its hold-out.

The run folder carries the work's key in its name. So a training that was killed goes on from its checkpoint, and one
whose pairs, graph or settings changed begins anew beside it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.project import Project, paths
from film_recovery.stages.held_out import pairs_of

if TYPE_CHECKING:
    from film_recovery.stages.run import Listener


def run_folder(project: Project, key: str) -> Path:
    """Where log, contact sheets and checkpoints of the work ``key`` lie."""
    return paths(project).training / f"run_{key[:12]}"


def teach(project: Project, key: str, listener: Listener) -> dict[str, Any]:
    """Trains, and gives what the ledger keeps: settings, figures by contender, the model's name and hash."""
    from film_recovery.engine.training import train
    from film_recovery.learning.export import load_model

    places = paths(project)
    folder = run_folder(project, key)
    settings = project.training
    trained = train(
        Evaluator(nk.load(places.script)),
        "CopyCat1",
        steps=settings.steps,
        preset=settings.size,
        seed=settings.seed,
        patch=settings.patch,
        batch=settings.batch,
        model=places.model,
        run_folder=folder if settings.steps else None,
        held_out=pairs_of(project),
        resume=(folder / "checkpoints").is_dir(),
        film=project.film,
        reel=project.reel,
        progress=listener.progress,
    )
    return {
        "model": places.model.name,
        "sha256": load_model(places.model).card.sha256,
        "run": folder.name if settings.steps else "",
        "settings": asdict(settings),
        "figures": {
            f"{contender} {name}": value
            for contender, figures in trained.held_out.items()
            for name, value in figures.items()
        },
        "better": trained.better,
    }
