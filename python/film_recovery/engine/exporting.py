"""A model into Nuke: TorchScript with its sidecar, proved in a fresh process, the nodes that take it, a Cattery folder.

What is written loads in the PyTorch 1.12 that NukeX 14 embeds (a slow test does). Nuke alone makes the ``.cat``, by
CatFileCreator's button; the files here are what it asks for.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from film_recovery._files import write_whole
from film_recovery.engine.model_file import refuse_foreign
from film_recovery.engine.opening import Opened
from film_recovery.errors import FilmRecoveryError
from film_recovery.graph.model_script import model_script
from film_recovery.learning.export import ModelCard, save_model, save_script

AGREEMENT = 1e-4  # graph values: the most by which a fresh process may differ
SIZES = (
    (1, 1),
    (2, 3),
    (17, 33),
    (64, 96),
    (75, 130),
)  # height, width: tiny, odd, a network's grid and beside it
# As numbers that Nuke's own Cattery compares: the first Nuke that embeds PyTorch 1.12.
MINIMUM_NUKE = 14.0
CATEGORY = "Restoration"
_TAKES = {
    "linear": "scene-linear values, as a Read gives them in an OCIO script; its curve is inside",
    "encoded": "values as they were in training, which has no curve inside: as a rule encoded sRGB",
}
_PROOF = """
import sys, torch
module = torch.jit.load(sys.argv[1], map_location="cpu").eval()
given = torch.load(sys.argv[2], weights_only=True)
with torch.no_grad():
    torch.save([module(one) for one in given], sys.argv[3])
"""


@dataclass(frozen=True)
class Exported:
    """The files that were written, and ``agreement``: the largest difference of graph values between the model here and
    the file in a fresh process, over SIZES. ``cattery``: the model's folder in the Cattery, if one was asked for."""

    model: Path
    sidecar: Path
    script: Path
    agreement: float
    card: ModelCard
    cattery: Path | None = None


def export(model: Opened, out: Path, *, cattery: Path | None = None, name: str = "") -> Exported:
    """Writes ``out`` (.pt), ``out``.json and ``out``.nk. ``cattery``: also a folder in this one, named after the model.

    ``name``: of the model in Nuke, by default the file's. A model that is a ``.pt`` already is written byte for byte.
    Raises FilmRecoveryError for another suffix, a file in the way that is not ours, a folder that cannot be written,
    and a file that does not give in a fresh process what the model gives here; it is removed then.
    """
    if out.suffix != ".pt":
        raise FilmRecoveryError(
            "A model is exported as a .pt file.", file=str(out), remedy="name it MODEL.pt"
        )
    _refuse_itself(model, out)
    refuse_foreign(out)
    script = out.with_suffix(".nk")
    _refuse_foreign_script(script)
    name = name or out.stem
    card = _write(model, out)
    agreement = _proved(model, out)
    _write_script(script, out.resolve(), name, model.takes)
    folder = _cattery(model, cattery, name, out, card) if cattery is not None else None
    return Exported(out, out.with_suffix(".json"), script, agreement, card, folder)


def _write(model: Opened, out: Path) -> ModelCard:
    if model.path.suffix == ".pt":
        try:
            data = model.path.read_bytes()
        except OSError as error:
            raise FilmRecoveryError(
                f"The model cannot be read: {error.strerror}.",
                file=str(model.path),
                remedy="check its permissions",
            ) from error
        return save_script(data, out, replace(model.card, cat_sha256=""))
    return save_model(model.module, out, model.card)


def _proved(model: Opened, out: Path) -> float:
    """Runs the file in a fresh process. Raises, and removes it, where that fails or differs by more than AGREEMENT."""
    random = torch.Generator().manual_seed(0)
    given = [torch.rand(1, 3, *size, generator=random) * 1.2 - 0.1 for size in SIZES]
    with torch.no_grad():
        expected = [model.module(one) for one in given]
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "given.pt", Path(folder) / "made.pt"
        torch.save(given, asked)
        arguments = [sys.executable, "-I", "-c", _PROOF, str(out), str(asked), str(answered)]
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace"
        )
        reason = (
            (done.stderr.strip().splitlines() or ["it ended without a word"])[-1] if done.returncode else ""
        )
        made = [] if reason else torch.load(answered, weights_only=True)
    worst = max((_apart(a, b) for a, b in zip(made, expected, strict=True)), default=0.0) if made else 0.0
    if not reason and not worst <= AGREEMENT:
        reason = f"it differs by {worst:.3g}, {AGREEMENT:g} is allowed"
    if reason:
        for file in (out, out.with_suffix(".json")):
            file.unlink(missing_ok=True)
        raise FilmRecoveryError(
            f"The exported model does not work in a fresh process: {reason}.",
            file=str(out),
            remedy="report it, with the model; the file was removed",
        )
    return worst


def _apart(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max()) if a.shape == b.shape else float(np.inf)


def _write_script(script: Path, model: Path, name: str, takes: str) -> None:
    write_whole(script, model_script(model, model.with_suffix(".cat"), name, _TAKES[takes]))


def _cattery(model: Opened, cattery: Path, name: str, out: Path, card: ModelCard) -> Path:
    """The model's folder: files, nodes and the ``cat.json`` that Nuke's Cattery looks for.

    Nuke pastes name and path into a script as they are, so both have to be plain words.
    """
    word = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "Model"
    folder = cattery / word
    _refuse_foreign_cattery(folder)
    copy = folder / f"{word}.pt"
    refuse_foreign(copy)
    save_script(out.read_bytes(), copy, card)
    _write_script(folder / f"{word}.nk", copy.resolve(), name, model.takes)
    what = " ".join(filter(None, (card.film, card.recipe, "recovery")))
    content = {
        "minimum_nuke_version_required": MINIMUM_NUKE,
        "version": 1,
        "category": CATEGORY,
        "description": f"{what} - made by {card.created_by}",
        "cats": [{"filepath": f"{word}.cat", "name": word}],
    }
    write_whole(folder / "cat.json", json.dumps(content, indent=4, ensure_ascii=False) + "\n")
    return folder


def _refuse_itself(model: Opened, out: Path) -> None:
    if out.exists() and model.path.exists() and out.samefile(model.path):
        raise FilmRecoveryError(
            "The model would be written over itself.", file=str(out), remedy="choose another name with --out"
        )


def _refuse_foreign_script(script: Path) -> None:
    if script.exists() and "CatFileCreator_FR" not in script.read_text(encoding="utf-8", errors="replace"):
        raise FilmRecoveryError(
            "A Nuke script that is not ours is in the way.",
            file=str(script),
            remedy="move it away, or choose another name with --out",
        )


def _refuse_foreign_cattery(folder: Path) -> None:
    """A folder that holds somebody else's model is left alone."""
    there = folder / "cat.json"
    ours = there.exists() and "made by film-recovery" in there.read_text(encoding="utf-8", errors="replace")
    if folder.is_dir() and any(folder.iterdir()) and not ours:
        raise FilmRecoveryError(
            "The folder in the Cattery holds something else.",
            file=str(folder),
            remedy="choose another name with --name, or another Cattery folder",
        )
