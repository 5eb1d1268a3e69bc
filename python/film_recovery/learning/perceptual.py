"""What VGG19 sees in a picture: the features that the loss ``vgg`` compares.

VGG19 (Simonyan, Zisserman, ICLR 2015, arXiv:1409.1556) with the weights that the user brings as a file, a state
dict with the names that torchvision publishes (``features.0.weight`` …). Nothing is downloaded. The file is data:
loaded with ``weights_only``, strictly by name and shape; the training's settings hold its SHA-256. Used in training
only, never a part of a model.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from film_recovery._hashes import sha256_of
from film_recovery.errors import FilmRecoveryError

# Channels of the convolutions between poolings.
_STAGES = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
# The classifier, which the published file holds besides, and which is left alone.
_CLASSIFIER = {f"classifier.{place}.{kind}" for place in (0, 3, 6) for kind in ("weight", "bias")}
# Mean and spread of red, green and blue that the published weights were trained with.
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Features(nn.Module):
    """N×3×H×W encoded colours, H and W 16 or more → N×512×H/16×W/16: conv5_4, before its ReLU. Never trained."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for stage in _STAGES:
            for channels in stage:
                layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU()]
                before = channels
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-2])
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("spread", torch.tensor(_SPREAD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def forward(self, encoded: Tensor) -> Tensor:
        found: Tensor = self.features((encoded - self.mean) / self.spread)
        return found


def load_features(path: Path, sha256: str = "") -> Features:
    """VGG19 with the weights in ``path``.

    Raises FilmRecoveryError for a file that is missing, is not the one with ``sha256``, holds something else than
    tensors by name, or whose names or shapes are not those of VGG19.
    """
    found = file_sha256(path)
    if sha256 and found != sha256:
        raise FilmRecoveryError(
            "VGG19's weights are not those that this training began with (SHA-256 differs).",
            remedy="restore the file, or start a new training",
            file=str(path),
        )
    features = Features()
    wanted = features.state_dict()
    state = _tensors(path)
    foreign = sorted(state.keys() - wanted.keys() - _CLASSIFIER)
    missing = [name for name in wanted if name not in state]
    wrong = [
        f"{name} is {_shape(state[name])} instead of {_shape(value)}"
        for name, value in wanted.items()
        if name in state and state[name].shape != value.shape
    ]
    if foreign or missing or wrong:
        found_out = [f"{name} is not of it" for name in foreign] + [f"{name} is missing" for name in missing]
        raise _refused(path, "; ".join([*found_out, *wrong][:3]))
    features.load_state_dict({name: state[name] for name in wanted})
    return features.eval()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file. Raises FilmRecoveryError for one that cannot be read."""
    try:
        return sha256_of(path)
    except OSError as error:
        raise FilmRecoveryError(
            f"The weights of VGG19 cannot be read: {error.strerror}.",
            remedy="name the file with torchvision's VGG19 weights, or drop the loss vgg",
            file=str(path),
        ) from error


def _tensors(path: Path) -> Mapping[str, Tensor]:
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise _refused(path, "it is damaged, or holds more than tensors") from error
    if not isinstance(state, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    ):
        raise _refused(path, "it holds no tensors by name")
    return state


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape))


def _refused(path: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The file does not hold the weights of VGG19: {reason}.",
        remedy="name the file that torchvision publishes for VGG19 (without batch normalisation)",
        file=str(path),
    )
