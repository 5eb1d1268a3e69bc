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
from film_recovery.learning.state import strictly


def load_weights(model: nn.Module, path: Path) -> None:
    """Gives ``model`` the weights in ``path``, closed form not included.

    Raises FilmRecoveryError for a file that is damaged, is something else, or is of a network of another size.
    """
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
        raise FilmRecoveryError(
            "These are no weights of this project: the file is no checkpoint, and has no sidecar.",
            remedy="name a checkpoint (.ckpt) or a model with its .json; published weights go with --preset nafnet32",
            file=str(path),
        )
    found = load_published(path)
    strictly(path, lambda: network.load_state_dict(found))
