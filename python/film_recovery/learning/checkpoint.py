"""Checkpoints: all that a training needs to go on as if it had never stopped.

One file a checkpoint, ``checkpoints/step_0000400.ckpt``: tensors and plain values only, written whole or not
at all and flushed to disk. It is loaded with ``weights_only`` (no code runs), its records' checksums are
verified, and it holds what it belongs to: settings and pairs. A damaged one is an error, never a fresh start.

The newest few are kept to go on from, and milestones to choose from: the best weights need not be the last.
``best.ckpt`` is the one whose look had the best figure so far on held-out pairs; ``best`` in it names the figure.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.learning.device import on_cpu

SCHEMA = "film-recovery-checkpoint/1"
BEST = "best.ckpt"
_NAME = re.compile(r"step_(\d{7,})\.ckpt")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """``step``: how many are done. ``settings``: plain values that determine the weights. ``pairs``: label →
    SHA-256. ``model``, ``average``: weights by name. ``optimiser``: state dict of AdamW. ``best``: of the looks so
    far, the step, the metric that chose it, and the figures; empty before the first. ``history``: step and figures of
    each round end, and ``kept`` the averaged weights of the best of them; empty without a ceiling. ``trained_for``:
    recipe and curve, which the weights alone do not say; empty in checkpoints of earlier versions. ``milestones``: the
    intervals of steps at which checkpoints were kept so far; empty in those of earlier versions, too."""

    step: int
    settings: Mapping[str, Any]
    pairs: Mapping[str, str]
    model: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    optimiser: Mapping[str, Any]
    best: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = ()
    kept: Mapping[str, Tensor] = field(default_factory=dict)
    trained_for: Mapping[str, str] = field(default_factory=dict)
    milestones: Sequence[int] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.step, int):
            raise TypeError("its step is no number")
        for entry in fields(self):
            if entry.name not in ("step", "history", "milestones") and not isinstance(
                getattr(self, entry.name), Mapping
            ):
                raise TypeError(f"its {entry.name} is no table")


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in ``folder``, oldest first; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=step_of)


def step_of(checkpoint: Path) -> int:
    """How many steps are done in a checkpoint, as its name says."""
    return int(checkpoint.stem.removeprefix("step_"))


def first_step(folder: Path, resume: bool) -> int:
    """How many steps of the training in ``folder`` are done: 0 where there is no checkpoint.

    Raises FilmRecoveryError for a folder that holds some and is not to be resumed: nothing is overwritten.
    """
    found = checkpoints(folder)
    if found and not resume:
        raise FilmRecoveryError(
            "The folder holds the checkpoints of a training.",
            remedy="resume it, or choose another folder",
            file=str(found[-1]),
        )
    return step_of(found[-1]) if found else 0


def save_checkpoint(folder: Path, state: Checkpoint, keep: int) -> Path:
    """Writes ``state`` into ``folder``; of the others the newest ``keep`` in all stay, and every milestone.

    A milestone is a checkpoint whose step is a multiple of one of the ``state``'s intervals: a training that was
    resumed with another interval keeps what it kept before.

    Raises FilmRecoveryError when the folder cannot be written to or its disk is full; the older ones then are
    still there.
    """
    path = folder / f"step_{state.step:07d}.ckpt"
    with _before_it_unharmed(path):
        _write(path, state)
        for old in checkpoints(folder)[:-keep]:
            if all(step_of(old) % every for every in state.milestones):
                old.unlink()
    return path


def save_best(folder: Path, state: Checkpoint) -> Path:
    """Writes ``state``, whose look was the best so far, in the place of the one before it. Errors as above."""
    path = folder / BEST
    with _before_it_unharmed(path):
        _write(path, state)
    return path


def _write(path: Path, state: Checkpoint) -> None:
    buffer = io.BytesIO()
    content = {entry.name: on_cpu(getattr(state, entry.name)) for entry in fields(Checkpoint)}
    torch.save({"schema": SCHEMA, **content}, buffer)
    with replacement(path, create_directories=True) as temporary, open(temporary, "wb") as file:
        file.write(buffer.getbuffer())
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _before_it_unharmed(path: Path) -> Iterator[None]:
    try:
        yield
    except FilmRecoveryError as error:
        raise FilmRecoveryError(
            f"{error.message} The checkpoint before it is unharmed.", remedy=error.remedy, file=str(path)
        ) from error
    except OSError as error:
        raise FilmRecoveryError(
            f"The checkpoint cannot be written: {error.strerror}. The one before it is unharmed.",
            remedy="free space on its disk, then resume",
            file=str(path),
        ) from error


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in ``path``. Raises FilmRecoveryError when it is damaged, cut short or something else."""
    try:
        data = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"its record {damaged} is damaged")
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or content.pop("schema", None) != SCHEMA:
            raise ValueError(f"it is no {SCHEMA}")
        return Checkpoint(**content)
    except (OSError, ValueError, TypeError, RuntimeError, EOFError) as error:
        raise _unusable(path, str(error).partition("\n")[0]) from error
    except (zipfile.BadZipFile, pickle.UnpicklingError, NotImplementedError) as error:
        raise _unusable(path, "it is damaged, cut short, or holds more than weights") from error


def _unusable(path: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The checkpoint cannot be used: {reason}.",
        remedy="put back an intact copy, or move it away to go on from the checkpoint before it",
        file=str(path),
    )
