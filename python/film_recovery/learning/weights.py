"""Fine-tuning: a training begins with the weights of another, and takes nothing else from it.

The weights come from a checkpoint (.ckpt: its averaged ones), from a model of ours (.pt, verified against its
sidecar), or, for the preset nafnet32, from a published NAFNet file (.pth or .pt). Each is read without running any
code that it may hold, and has to fit name by name and shape by shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.average import Average
from film_recovery.learning.checkpoint import load_checkpoint
from film_recovery.learning.export import load_model
from film_recovery.learning.nafnet import Nafnet, load_published
from film_recovery.learning.settings import PUBLISHED
from film_recovery.learning.state import strictly


def check_preset(path: Path, preset: str) -> None:
    """Raise FilmRecoveryError where the weights in ``path`` are not of the network ``preset``, naming both."""
    if not path.is_file():
        raise FilmRecoveryError(
            "There is no such file of weights.", remedy="check the path of --finetune", file=str(path)
        )
    if path.suffix == ".ckpt":
        found = str(load_checkpoint(path).settings.get("preset", preset))
    elif path.with_suffix(".json").exists():
        found = load_model(path).card.preset
    elif preset == PUBLISHED:
        return
    else:
        raise _foreign(path)
    if found != preset:
        whose = f"of the network {found}" if found else "of a closed form, which has no network"
        choice = f"--preset {found}, or " if found else ""
        raise FilmRecoveryError(
            f"These weights are {whose}; the network that is trained is {preset}.",
            remedy=f"choose {choice}weights of {preset}",
            file=str(path),
        )


def load_weights(model: nn.Module, path: Path, preset: str = "") -> None:
    """Gives ``model``, a network ``preset`` where that is given, the weights in ``path``, closed form not included.

    Raises FilmRecoveryError for a file that is damaged, is something else, or is of a network of another size.
    """
    if preset:
        check_preset(path, preset)
    if path.suffix == ".ckpt":
        _take(model, path, load_checkpoint(path).average)
    elif path.with_suffix(".json").exists():
        _take(model, path, dict(load_model(path).module.named_parameters()))
    else:
        _take_published(model, path)


def _take(model: nn.Module, path: Path, weights: Mapping[str, Tensor]) -> None:
    average = Average(model, 0.0)
    strictly(path, lambda: average.load(weights))
    average.copy_to(model)


def _take_published(model: nn.Module, path: Path) -> None:
    network = next((part for part in model.modules() if isinstance(part, Nafnet)), None)
    if network is None:
        raise _foreign(path)
    found = load_published(path)
    strictly(path, lambda: network.load_state_dict(found))


def _foreign(path: Path) -> FilmRecoveryError:
    return FilmRecoveryError(
        "These are no weights of this project: the file is no checkpoint, and has no sidecar.",
        remedy=f"name a checkpoint (.ckpt) or a model with its .json; published weights go with --preset {PUBLISHED}",
        file=str(path),
    )
