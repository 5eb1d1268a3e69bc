"""Trains the network: pairs and settings in, weights out, never losing a step.

The final weights are a function of the closed form, the pairs and the settings, and of the number of threads
that torch computes with: on the CPU, a training that was killed and resumed ends with the same bytes as one
that ran through. So *resume* is refused when any of these changed; to start from existing weights with other
pairs or settings is *fine-tuning*, another word (``weights.py``).

Several processes (``workers.py``) share each batch and take the same steps; the first alone looks and writes.
Who looks at it (held-out figures, contact sheets, progress) stands outside: see :class:`Watch`.
"""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import device as devices
from film_recovery.learning import models
from film_recovery.learning.ahead import Ahead
from film_recovery.learning.checkpoint import first_step
from film_recovery.learning.least_squares import check_often
from film_recovery.learning.losses import loss_terms, total
from film_recovery.learning.models import Published
from film_recovery.learning.network import ClosedForm, Recovery
from film_recovery.learning.noted import notes_of
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.perceptual import Features
from film_recovery.learning.sampling import Batch, check_room, check_sides
from film_recovery.learning.settings import Settings
from film_recovery.learning.state import CHECKPOINTS_KEPT as CHECKPOINTS_KEPT
from film_recovery.learning.state import State
from film_recovery.learning.weights import load_weights as load_weights
from film_recovery.learning.workers import ALONE, Workers

Trainable = Recovery | Published

MILESTONE_EVERY = 10_000
CHECKPOINT_SECONDS = 600.0  # of work at most that a kill can cost, however slow the steps
# What a look may measure that decides anything; processes tell one another these by their place.
_FIGURES = ("psnr", "de00", "sat_ratio_60")


class TrainingStopped(FilmRecoveryError):
    """The training was asked to stop. Its last step is kept in a checkpoint; ``step`` says which."""

    exit_code = 130

    def __init__(self, step: int, path: Path, because: str = "") -> None:
        self.step = step
        super().__init__(
            f"The training was stopped after step {step}, which is kept{because and f': {because}'}.",
            remedy="resume it to go on",
            file=str(path),
        )


@dataclass(frozen=True)
class Watch:
    """Who is told, and who may stop it.

    ``step``: called after every step with its number (from 1), the terms of the loss and the learning rate.
    ``look``: called every ``every`` steps, at every milestone, at the end of every round and after the last step, with
    the step and the averaged model, on the device of the training, to be measured and pictured, not changed; gives the
    figures on held-out pairs, if there are any. ``stop``: asked after every step. ``end``: told how many steps were
    done, and of which step the weights are kept. ``sheet``: called every ``sheet_every`` steps that have no look (0:
    never), to be pictured only.
    """

    step: Callable[[int, Mapping[str, float], float], None] = lambda step, terms, rate: None
    look: Callable[[int, nn.Module], Mapping[str, float] | None] = lambda step, model: None
    every: int = 100
    sheet: Callable[[int, nn.Module], None] = lambda step, model: None
    sheet_every: int = 0
    stop: Callable[[], bool] = lambda: False
    end: Callable[[int, int], None] = lambda done, kept: None


def new_model(
    base: ClosedForm | None,
    pairs: PairSource,
    settings: Settings,
    *,
    recipe: str = "paired",
    curve: str = "none",
) -> Trainable:
    """An untrained network on ``base``: weights drawn with the settings' seed, range of what it sees from the pairs.

    ``recipe``, ``curve``: of nafnet32 without a ``base``. Raises FilmRecoveryError for pairs that cannot be used, or
    are smaller than a patch, and as :func:`models.build`.
    """
    model = models.build(base, settings, recipe=recipe, curve=curve)
    lowest, highest = float("inf"), -float("inf")
    for label, note in notes_of(pairs):
        check_room(label, note.height, note.width, settings.patch)
        lowest, highest = min(lowest, note.lowest), max(highest, note.highest)
    model.low.copy_(model.curve.encode(torch.tensor([lowest])))
    model.high.copy_(model.curve.encode(torch.tensor([highest])))
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def train_network(
    model: Trainable,
    pairs: PairSource,
    settings: Settings,
    folder: Path,
    *,
    hashes: Mapping[str, str],
    resume: bool = False,
    checkpoint_every: int = 100,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    milestone_every: int = MILESTONE_EVERY,
    watch: Watch = Watch(),
    workers: Workers = ALONE,
    device: str = "cpu",
    hours: float | None = None,
) -> Trainable:
    """Trains ``model`` (from :func:`new_model`) to its last step; it then holds the averaged weights, on the CPU.

    The last step is the settings', or with a ceiling, the end of a later round (``extension.py``). A checkpoint is
    written every ``checkpoint_every`` steps, and ``checkpoint_seconds`` after the last; of these the newest
    CHECKPOINTS_KEPT stay. Another every ``milestone_every`` steps, which all stay, each with a look beside it: the
    operator chooses among them. The one with the best look stays besides.

    ``folder``: where checkpoints go; all processes can read it. ``hashes``: of the pairs, from :func:`pair_hashes`.
    ``resume``: go on from the newest checkpoint there, or from the start if none was reached; without it, a folder that
    holds some is refused. ``device``: of DEVICES. ``hours``: stop, as when asked to, after so many.
    Raises TrainingStopped when ``watch.stop`` says so in any process or the hours are over, and FilmRecoveryError for a
    checkpoint that is damaged or belongs to other settings or pairs, a full disk, a loss that is not finite, a batch
    that cannot be shared, another process that ended.
    """
    if hours is not None and not 0 < hours < float("inf"):
        raise FilmRecoveryError(f"A training of {hours:g} hours.", remedy="choose more than 0")
    steps = _Steps(model, pairs, settings, workers, device)
    state = State(model, settings, hashes, folder, milestone_every)
    clock = _Clock(hours)
    if first_step(folder, resume):
        state.restore()
    _check_alike(workers, state, (watch.every, milestone_every))
    saved = time.monotonic()
    with closing(steps.batches):
        while state.step < state.goal:
            terms = steps.take(state)
            state.step += 1
            done = state.step
            if workers.writes:
                watch.step(done, terms, settings.rate(done - 1))
            milestone, round_end = done % milestone_every == 0, done == state.goal
            if (settings.ceiling and round_end) or ((milestone or done % watch.every == 0) and not round_end):
                # Before the checkpoint: after a kill in between, this is done again.
                figures = _look(state, watch, workers)
                if round_end:
                    state.end_round(_needed(figures))
            elif watch.sheet_every and done % watch.sheet_every == 0 and not round_end and workers.writes:
                watch.sheet(done, _averaged(state))
            last = done == state.goal
            stopped = workers.any(watch.stop() or clock.over) and not last
            path = folder
            # The clock of the first process alone decides, and no weight depends on it.
            due = done % checkpoint_every == 0 or time.monotonic() - saved >= checkpoint_seconds
            if (stopped or milestone or due or round_end) and workers.writes:
                path = state.save()
                saved = time.monotonic()
            if stopped:
                workers.barrier()  # whoever ended before the first has saved would take it along
                raise TrainingStopped(done, path, clock.word)
    kept = state.last_weights()
    if workers.writes:
        watch.end(state.step, kept)
    if not settings.ceiling:
        _look(state, watch, workers)
    model.cpu().eval()
    return model


def pair_hashes(pairs: PairSource) -> dict[str, str]:
    """SHA-256 of each pair's pixels by its label; of a Noted source those that are noted."""
    return {label: note.sha256 for label, note in notes_of(pairs)}


class _Steps:
    """Takes the steps of a training: what stays the same from one to the next."""

    def __init__(
        self, model: Trainable, pairs: PairSource, settings: Settings, workers: Workers, device: str
    ) -> None:
        self.model, self.settings, self.workers = model, settings, workers
        places = workers.share(settings.batch)
        self.device = devices.choose(device, workers)
        settings.check_recipe(model.recipe)
        check_sides(settings.sampling)
        check_often(settings.often, len(pairs))
        self.features: Features | None = settings.features()
        if self.features is not None:
            self.features.to(self.device)
        model.to(self.device)
        workers.take_from_first(model)
        self.batches = Ahead(pairs, settings.sampling, places)

    def take(self, state: State) -> dict[str, float]:
        """The step after ``state.step``; its terms of the loss."""
        self.model.train()
        for group in state.optimiser.param_groups:
            group["lr"] = self.settings.rate(state.step)
        terms = self._terms(state.step)
        figures = self._figures(terms)
        if not all(map(math.isfinite, figures.values())):
            raise FilmRecoveryError(
                f"The loss is not finite at step {state.step + 1}.",
                remedy="choose a lower learning rate, and look for extreme values in the pairs",
            )
        state.optimiser.zero_grad(set_to_none=True)
        total(terms).backward()
        self.workers.add_gradients(self.model.parameters())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        state.optimiser.step()
        state.average.update(self.model, state.step)
        return figures

    def _terms(self, step: int) -> dict[str, Tensor]:
        batch = self.batches.take(step)
        where = None if batch.coordinates is None else batch.coordinates.to(self.device)
        batch = Batch(batch.given.to(self.device), batch.truth.to(self.device), where)
        with devices.mixed(self.model.network, self.device, self.settings.amp):
            result = models.run(self.model, batch)
        return loss_terms(
            self.settings.loss,
            self.model.recipe,
            self.model.curve,
            result,
            batch.truth,
            self.workers,
            self.features,
        )

    def _figures(self, terms: Mapping[str, Tensor]) -> dict[str, float]:
        """The terms of the whole batch, as numbers."""
        whole = self.workers.total(torch.stack([term.detach() for term in terms.values()]))
        return dict(zip(terms, whole.tolist(), strict=True))


class _Clock:
    """How long a training may go on: ``hours`` from now, or for ever."""

    def __init__(self, hours: float | None) -> None:
        self.hours = hours
        self.end = float("inf") if hours is None else time.monotonic() + 3600 * hours

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.end

    @property
    def word(self) -> str:
        return f"its {self.hours:g} hours are over" if self.over else ""


def _look(state: State, watch: Watch, workers: Workers) -> dict[str, float]:
    """The figures of a look, which the first process takes and keeps if it is the best; the same in every process."""
    figures: Mapping[str, float] = {}
    if workers.writes:
        figures = watch.look(state.step, _averaged(state)) or {}
    told = torch.tensor([figures.get(name, float("nan")) for name in _FIGURES], dtype=torch.float64)
    found = zip(_FIGURES, workers.from_first(told).tolist(), strict=True)
    known = {name: value for name, value in found if value == value}
    if state.is_best(known) and workers.writes:
        state.save_best()
    return known


def _averaged(state: State) -> nn.Module:
    """A second model with the averaged weights; the first trains on."""
    second = copy.deepcopy(state.model)
    state.average.copy_to(second)
    return second.eval()


def _needed(figures: dict[str, float]) -> dict[str, float]:
    if not figures:
        raise FilmRecoveryError(
            "A training with a ceiling goes on by its figures on held-out pairs, and there are none.",
            remedy="hold pairs out, or leave the ceiling out",
        )
    return figures


def _check_alike(workers: Workers, state: State, looks: tuple[int, int]) -> None:
    """Raise FilmRecoveryError where this process would train on something else than the first."""
    settings = sorted(state.settings.decisive().items())
    content = repr((sorted(state.hashes.items()), settings, state.step, looks))
    own = torch.tensor(list(hashlib.sha256(content.encode()).digest()), dtype=torch.int64)
    if workers.any(not torch.equal(own, workers.from_first(own))):
        raise FilmRecoveryError(
            "The processes of this training do not have the same pairs, settings and checkpoints.",
            remedy="start all with the same command, on folders that all can read",
        )
