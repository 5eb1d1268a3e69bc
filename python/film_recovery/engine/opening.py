"""Models of every kind under one door: what ``evaluate``, ``apply`` and ``export`` run.

A model is a ``.pt`` of ours with its sidecar (or the ``.cat`` made from it), a checkpoint of a training, a run folder
(its finished model, or else its best checkpoint, or else its newest), or published NAFNet weights (``.pth``). Published
weights and old checkpoints do not say how their values are encoded; whoever opens them does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from film_recovery._hashes import sha256_of
from film_recovery.engine.run_folder import CLOSED_FORM
from film_recovery.engine.scores import run_whole
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.checkpoint import BEST, checkpoints, load_checkpoint, step_of
from film_recovery.learning.curve import CURVES, Curve
from film_recovery.learning.export import ModelCard, card_for, load_model, read_card
from film_recovery.learning.rebuilding import published, rebuilt

VALUES = ("linear", "encoded")
KINDS = (".pt", ".cat", ".ckpt", ".pth")
_TAKES = {"srgb": "linear", "none": "encoded"}  # a model's curve → what it takes and gives


@dataclass(frozen=True, eq=False)
class Opened:
    """A model that runs. ``name``: for tables. ``module``: N×3×H×W → same, graph values. ``card``: what it is, also
    where no sidecar says so. ``identity``: a hash of what decides its pixels. ``step``: of a checkpoint."""

    name: str
    path: Path
    module: Any
    card: ModelCard
    identity: str
    step: int | None = None

    @property
    def takes(self) -> str:
        """One of VALUES: a model with a curve inside takes scene-linear values, one without takes encoded ones."""
        return _TAKES[self.card.curve]

    def on(self, device: torch.device) -> Opened:
        """The same model, computing on ``device``."""
        return replace(self, module=self.module.to(device))

    def run(self, picture: Pixels, values: str) -> Pixels:
        """``picture`` (H×W×3, top row first; ``values`` says linear or encoded) through the model, in the same domain.

        Where the model takes the other one, sRGB's curve (``learning.curve``) leads there and back; nothing is
        clamped. Raises FilmRecoveryError for values that are not finite.
        """
        if values == self.takes:
            return run_whole(self.module, picture, self.card.radius)
        there, back = (_decoded, _encoded) if values == "encoded" else (_encoded, _decoded)
        return back(run_whole(self.module, there(picture), self.card.radius))


def open_model(path: Path, curve: str | None = None) -> Opened:
    """The model at ``path``, of any kind. ``curve``: of a file that does not say it itself (``learning.curve.CURVES``);
    one that does is taken at its word.

    Raises FilmRecoveryError for a file that is none of these, damaged, or without a curve.
    """
    if curve is not None and curve not in CURVES:
        raise FilmRecoveryError(f"There is no curve {curve!r}.", remedy=f"choose {' or '.join(CURVES)}")
    if path.is_dir():
        path = finished(path)
    if path.suffix == ".ckpt":
        return _checkpoint(path, curve)
    if path.suffix == ".pth":
        return _published(path, curve)
    if path.suffix not in (".pt", ".cat"):
        raise _no_model(path)
    loaded = load_model(path)
    return Opened(_name(path), loaded.path, loaded.module, loaded.card, loaded.card.sha256)


def finished(folder: Path) -> Path:
    """What a training in ``folder`` has to show for itself: its model, else its best checkpoint, else its newest."""
    return models_in(folder)[-1]


def models_in(folder: Path) -> list[Path]:
    """All models of the run ``folder``, from the closed form over the checkpoints that are kept to the finished model.

    The finished one lies beside the folder: ``colour.pt`` and ``colour_run``. Raises FilmRecoveryError without any.
    """
    kept = folder / "checkpoints" if (folder / "checkpoints").is_dir() else folder
    model = folder.with_name(f"{folder.name.removesuffix('_run')}.pt")
    own = sorted(path for path in folder.glob("*.pt") if path.name != CLOSED_FORM)
    found = [folder / CLOSED_FORM, *checkpoints(kept), kept / BEST, *own]
    if folder.name.endswith("_run"):
        found.append(model)
    there = [path for path in found if path.exists()]
    if not there:
        raise FilmRecoveryError(
            "The folder holds no model and no checkpoint.",
            file=str(folder),
            remedy="name the run folder of a training, a .pt, a .ckpt or published .pth weights",
        )
    return there


def values_of(file: Path, given: str | None = None) -> str:
    """What ``file`` holds, ``linear`` or ``encoded``: as ``given``, else by its kind.

    EXR files are scene-linear, PNG, TIFF and JPEG encoded; DPX may be either, or a log scan, so somebody has to say.
    """
    if given is not None:
        if given not in VALUES:
            raise FilmRecoveryError(f"Values cannot be {given!r}.", remedy=f"choose {' or '.join(VALUES)}")
        return given
    if file.suffix.lower() == ".dpx":
        raise FilmRecoveryError(
            "A DPX file does not say whether its values are linear, encoded or logarithmic.",
            file=str(file),
            remedy="add --values linear or --values encoded; render log scans through a Nuke script instead",
        )
    return "linear" if file.suffix.lower() == ".exr" else "encoded"


def _checkpoint(path: Path, curve: str | None) -> Opened:
    state = load_checkpoint(path)
    beside = _closed_form_of(path)
    said = {**({"recipe": beside.recipe, "curve": beside.curve} if beside else {}), **state.trained_for}
    chosen = said.get("curve", curve)
    if chosen is None:
        raise FilmRecoveryError(
            "The checkpoint does not say how its values are encoded, and there is no finished training beside it.",
            file=str(path),
            remedy="add --curve srgb (pairs were scene-linear, as EXR) or --curve none (they were encoded)",
        )
    module = rebuilt(state, chosen, said.get("recipe"), path)
    card = card_for(
        module,
        luma_method=beside.luma_method if beside else "matrix",
        pairs=tuple(state.pairs),
        pair_hashes=state.pairs,
        film=beside.film if beside else "",
        reel=beside.reel if beside else "",
        preset=str(state.settings.get("preset", "")),
        patch=int(state.settings.get("patch", 0)),
        steps=state.step,
    )
    name = "best" if path.name == BEST else f"step {step_of(path)}"
    return Opened(name, path, module, card, sha256_of(path) + chosen, state.step)


def _published(path: Path, curve: str | None) -> Opened:
    if curve is None:
        raise FilmRecoveryError(
            "Published weights do not say what they are fed: they take encoded values, a node graph has linear ones.",
            file=str(path),
            remedy="add --curve srgb for Nuke and EXR (encodes inside), or --curve none for encoded pictures",
        )
    module = published(path, curve)
    card = card_for(module, preset="nafnet32", patch=256)
    return Opened(_name(path), path, module, card, sha256_of(path) + curve)


def _closed_form_of(checkpoint: Path) -> ModelCard | None:
    """The card of what the training stands on, or of what it ended with."""
    folder = checkpoint.parent.parent if checkpoint.parent.name == "checkpoints" else checkpoint.parent
    for sidecar in (folder / CLOSED_FORM, folder.with_name(f"{folder.name.removesuffix('_run')}.pt")):
        if sidecar.with_suffix(".json").exists():
            return read_card(sidecar.with_suffix(".json"))
    return None


def _name(path: Path) -> str:
    return path.stem.replace("_", " ")


def _encoded(values: Pixels) -> Pixels:
    return _through(Curve("srgb").encode, values)


def _decoded(values: Pixels) -> Pixels:
    return _through(Curve("srgb").decode, values)


def _through(function: Any, values: Pixels) -> Pixels:
    """In float64, so that there and back again is the same float32 number, or its neighbour."""
    changed: Pixels = function(torch.from_numpy(np.array(values, np.float64))).numpy().astype(np.float32)
    return changed


def _no_model(path: Path) -> FilmRecoveryError:
    return FilmRecoveryError(
        "This is no model." if path.exists() else "There is no such model.",
        file=str(path),
        remedy=f"name a run folder, or a file of one of these kinds: {' '.join(KINDS)}",
    )
