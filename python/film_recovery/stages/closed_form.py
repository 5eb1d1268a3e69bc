"""What the closed form alone would deliver: the project's script with that model in place of the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import Project, paths
from film_recovery.stages.done import last_work
from film_recovery.stages.view import View

# What the card of a model calls it.
NETWORK, CLOSED_FORMS = "Recovery", ("ColourPolynomial", "LumaFilter")


def last_training(project: Project) -> Mapping[str, Any]:
    """What the ledger says of the last training; nothing before the first."""
    return last_work(project, 3)


def trained_here(view: View) -> bool:
    """Whether the model that the script names is that of the ledger's last training."""
    return bool(view.card.sha256) and last_training(view.project).get("sha256") == view.card.sha256


def is_closed_form(view: View) -> bool:
    """Whether the model that the script names is a closed form, delivered as it is."""
    return view.card.kind in CLOSED_FORMS


def closed_form_file(view: View) -> Path | None:
    """The closed form that the delivered network stands on; None where no training of ours put a network on one.

    Raises FilmRecoveryError when the training left one, and it is not there any more.
    """
    from film_recovery.engine.run_folder import CLOSED_FORM

    if view.card.kind != NETWORK or not trained_here(view):
        return None
    file = paths(view.project).training / str(last_training(view.project)["run"]) / CLOSED_FORM
    if not file.exists():
        raise FilmRecoveryError(
            "The closed form beside the network is not there, so the two cannot be compared.",
            remedy=f"put it back; or move {view.model_file.name} away and run the project again: the training goes "
            "on from its last checkpoint and writes both",
            file=str(file),
        )
    return file


def with_model(view: View, model: Path) -> Evaluator:
    """The project's script with ``model`` in its Inference, which itself stays as it is."""
    script = nk.load(view.paths.script)
    nodes = {node.path: node for node in script.all_nodes()}
    inference, host = view.inference, view.inference.host
    node = nodes.get(inference.path)
    if (
        node is None and host is not None
    ):  # a gizmo's inside is not in the script; its instance passes the knob on
        node = nodes.get(host.path)
    if node is None:
        raise inference.error("Its model cannot be replaced.", remedy="use FR_Inference as a Group")
    node.set_text("modelFile", model.as_posix())
    return Evaluator(script)
