"""Trains the network: pairs and settings in, weights out, never losing a step.

The final weights are a function of the closed form, the pairs and the settings, and of the number of threads
that torch computes with: on the CPU, a training that was killed and resumed ends with the same bytes as one
that ran through. So *resume* is refused when any of these changed; to start from existing weights with other
pairs or settings is *fine-tuning*, another word (:func:`load_weights`).

Who looks at it (held-out figures, contact sheets, progress) stands outside: see :class:`Watch`.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.average import Average
from film_recovery.learning.checkpoint import (
    Checkpoint,
    checkpoints,
    first_step,
    load_checkpoint,
    save_checkpoint,
)
from film_recovery.learning.losses import loss_terms, total
from film_recovery.learning.network import SHAPES, ClosedForm, Recovery
from film_recovery.learning.pairs import PairSource, checked
from film_recovery.learning.sampling import check_size, draw_batch
from film_recovery.learning.settings import Settings

CHECKPOINTS_KEPT = 3  # the newest; milestones stay besides
MILESTONE_EVERY = 10_000


class TrainingStopped(FilmRecoveryError):
    """The training was asked to stop. Its last step is kept in a checkpoint; ``step`` says which."""

    exit_code = 130

    def __init__(self, step: int, path: Path) -> None:
        self.step = step
        super().__init__(
            f"The training was stopped after step {step}, which is kept.",
            remedy="resume it to go on",
            file=str(path),
        )


@dataclass(frozen=True)
class Watch:
    """Who is told, and who may stop it.

    ``step``: called after every step with its number (from 1), the terms of the loss and the learning rate.
    ``look``: called every ``every`` steps, at every milestone and after the last step, with the step and the
    averaged model, to be measured and pictured, not changed. ``stop``: asked after every step.
    """

    step: Callable[[int, Mapping[str, float], float], None] = lambda step, terms, rate: None
    look: Callable[[int, Recovery], None] = lambda step, model: None
    every: int = 100
    stop: Callable[[], bool] = lambda: False


def new_model(base: ClosedForm, pairs: PairSource, settings: Settings) -> Recovery:
    """An untrained network on ``base``: weights drawn with the settings' seed, range of what it sees from the pairs.

    Raises FilmRecoveryError for pairs that cannot be used, or are smaller than a patch.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = Recovery(base, SHAPES[settings.preset])
    lowest, highest = float("inf"), -float("inf")
    for pair in checked(pairs):
        check_size(pair, settings.patch)
        for side in (pair.input, pair.truth):
            lowest, highest = min(lowest, float(side.min())), max(highest, float(side.max()))
    model.low.copy_(model.curve.encode(torch.tensor([lowest])))
    model.high.copy_(model.curve.encode(torch.tensor([highest])))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def train_network(
    model: Recovery,
    pairs: PairSource,
    settings: Settings,
    folder: Path,
    *,
    hashes: Mapping[str, str],
    resume: bool = False,
    checkpoint_every: int = 100,
    milestone_every: int = MILESTONE_EVERY,
    watch: Watch = Watch(),
) -> Recovery:
    """Trains ``model`` (from :func:`new_model`) to the settings' last step; it then holds the averaged weights.

    A checkpoint is written every ``checkpoint_every`` steps, of which the newest CHECKPOINTS_KEPT stay, and every
    ``milestone_every`` steps, which all stay, each with a look beside it: the operator chooses among them.

    ``folder``: where checkpoints go. ``hashes``: of the pairs, from :func:`pair_hashes`. ``resume``: go on from
    the newest checkpoint there, or from the start if none was reached; without it, a folder that holds some is
    refused. Raises TrainingStopped when ``watch.stop`` says so, and FilmRecoveryError for a checkpoint that is
    damaged or belongs to other settings or pairs, a full disk, a loss that is not finite.
    """
    parameters = list(model.parameters())
    optimiser = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, betas=settings.betas, weight_decay=settings.weight_decay
    )
    average = Average(model, settings.average)
    state = _State(model, average, optimiser, settings, hashes, folder, milestone_every)
    first = state.restore() if first_step(folder, resume) else 0
    for step in range(first, settings.steps):
        terms = _one_step(model, optimiser, average, pairs, settings, step)
        done = step + 1
        watch.step(done, terms, settings.rate(step))
        milestone = done % milestone_every == 0
        if (milestone or done % watch.every == 0) and done < settings.steps:
            # Before the checkpoint: after a kill in between, this is done again.
            watch.look(done, _averaged(model, average))
        stopped = watch.stop() and done < settings.steps
        if stopped or milestone or done % checkpoint_every == 0 or done == settings.steps:
            path = state.save(done)
        if stopped:
            raise TrainingStopped(done, path)
    average.copy_to(model)
    model.eval()
    watch.look(settings.steps, model)
    return model


def pair_hashes(pairs: PairSource) -> dict[str, str]:
    """SHA-256 of each pair's pixels by its label."""
    found: dict[str, str] = {}
    for pair in checked(pairs):
        digest = hashlib.sha256(repr(pair.input.shape).encode())
        for side in (pair.input, pair.truth):
            digest.update(side.tobytes())
        found[pair.label] = digest.hexdigest()
    return found


def load_weights(model: Recovery, path: Path) -> None:
    """Fine-tuning: takes over the averaged weights of a checkpoint, and nothing else, closed form included.

    Raises FilmRecoveryError for a checkpoint that is damaged or of a network of another size.
    """
    state = load_checkpoint(path)
    average = Average(model, 0.0)
    _strictly(path, lambda: average.load(state.average))
    average.copy_to(model)


def _one_step(
    model: Recovery,
    optimiser: torch.optim.Optimizer,
    average: Average,
    pairs: PairSource,
    settings: Settings,
    step: int,
) -> dict[str, float]:
    model.train()
    for group in optimiser.param_groups:
        group["lr"] = settings.rate(step)
    given, truth = draw_batch(pairs, settings.sampling, step)
    terms = loss_terms(settings.loss, model.recipe, model.curve, model(given), truth)
    loss = total(terms)
    figures = {name: float(term.detach()) for name, term in terms.items()}
    if not torch.isfinite(loss):
        raise FilmRecoveryError(
            f"The loss is not finite at step {step + 1}.",
            remedy="choose a lower learning rate, and look for extreme values in the pairs",
        )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    optimiser.step()
    average.update(model, step)
    return figures


def _averaged(model: Recovery, average: Average) -> Recovery:
    """A second model with the averaged weights; the first trains on."""
    second = copy.deepcopy(model)
    average.copy_to(second)
    return second.eval()


class _State:
    """What a checkpoint holds, and how it comes back."""

    def __init__(
        self,
        model: Recovery,
        average: Average,
        optimiser: torch.optim.Optimizer,
        settings: Settings,
        hashes: Mapping[str, str],
        folder: Path,
        milestone_every: int,
    ) -> None:
        self.model, self.average, self.optimiser = model, average, optimiser
        self.settings, self.hashes, self.folder = settings.as_dict(), dict(hashes), folder
        self.milestone_every = milestone_every

    def save(self, step: int) -> Path:
        state = Checkpoint(
            step,
            self.settings,
            self.hashes,
            self.model.state_dict(),
            self.average.weights,
            self.optimiser.state_dict(),
        )
        return save_checkpoint(self.folder, state, CHECKPOINTS_KEPT, self.milestone_every)

    def restore(self) -> int:
        """Takes over the newest checkpoint; the number of steps that are done."""
        path = checkpoints(self.folder)[-1]
        state = load_checkpoint(path)
        self._check_belongs(path, state)
        _strictly(path, lambda: self._take_over(state))
        return state.step

    def _take_over(self, state: Checkpoint) -> None:
        base = {name: value.clone() for name, value in self.model.base.state_dict().items()}
        self.model.load_state_dict(dict(state.model))
        self.average.load(state.average)
        self.optimiser.load_state_dict(dict(state.optimiser))
        if any(not torch.equal(value, self.model.base.state_dict()[name]) for name, value in base.items()):
            raise RuntimeError("its closed form differs")

    def _check_belongs(self, path: Path, state: Checkpoint) -> None:
        changed = [
            f"{name} {state.settings.get(name)} → {self.settings.get(name)}"
            for name in sorted({*state.settings, *self.settings})
            if state.settings.get(name) != self.settings.get(name)
        ]
        if changed:
            raise _refused(path, f"The settings changed: {', '.join(changed)}.")
        pairs = [
            label
            for label in {**state.pairs, **self.hashes}
            if state.pairs.get(label) != self.hashes.get(label)
        ]
        if pairs:
            raise _refused(
                path, f"The pairs changed: {', '.join(pairs[:5])}{' …' if len(pairs) > 5 else ''}."
            )


def _refused(path: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"This training cannot be resumed. {reason}",
        remedy="put back what changed; or start a new training, or fine-tune from this checkpoint, in another folder",
        file=str(path),
    )


def _strictly(path: Path, take_over: Callable[[], Any]) -> None:
    """``take_over``, with what torch says about weights that do not match turned into a message."""
    try:
        take_over()
    except (KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise FilmRecoveryError(
            f"The checkpoint does not fit this network: {str(error).strip().splitlines()[-1].strip()}.",
            remedy="use the preset, the pairs and the version of film-recovery that it was made with",
            file=str(path),
        ) from error
