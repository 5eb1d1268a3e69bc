"""Trains the network on top of a fitted closed form, and keeps its run folder while doing so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from film_recovery.engine.reading import save_notes
from film_recovery.engine.run_folder import contact_sheet, write_picture
from film_recovery.engine.run_log import Log, curves_can_be_written
from film_recovery.engine.scores import Measure, applied
from film_recovery.engine.stopping import stop_signals
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.checkpoint import first_step
from film_recovery.learning.device import choose
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.settings import PUBLISHED, Settings
from film_recovery.learning.trainer import (
    MILESTONE_EVERY,
    Trainable,
    Watch,
    load_weights,
    new_model,
    pair_hashes,
    train_network,
)
from film_recovery.learning.workers import ALONE, Workers

Events = Callable[[Mapping[str, Any]], None]
CHECKPOINT_EVERY = 100
LOOKS = 5  # at the held-out pairs at least, if nobody says how often; one at every milestone besides


@dataclass(frozen=True)
class Run:
    """Where and how a network is trained. ``look_every``: steps between two looks (None: LOOKS looks or more).

    ``sheet_every``: steps between two contact sheets; those without a look show the middles of the pairs only (0: a
    sheet at every look, no more). ``checkpoint_every``: steps between two checkpoints, of which the newest stay.
    ``milestone_every``: between two that all stay, each with a look beside it.
    ``preview``: a picture (H×W×3, top row first, graph values) that is shown recovered at every look.
    ``events``: told at each step (step, total, loss, terms, learning_rate, seconds, seconds_left), at each
    look (step, held_out, contact_sheet, preview) and each other sheet (step, contact_sheet). ``finetune``: a file whose
    weights are the start (``learning.weights``). ``workers``, ``device``, ``hours``: as :func:`train_network`.
    """

    folder: Path
    measure: Measure
    resume: bool = False
    finetune: Path | None = None
    look_every: int | None = None
    sheet_every: int = 0
    checkpoint_every: int = CHECKPOINT_EVERY
    milestone_every: int = MILESTONE_EVERY
    preview: Pixels | None = None
    workers: Workers = ALONE
    device: str = "cpu"
    hours: float | None = None
    events: Events = lambda event: None
    tell: Callable[[str, int, int], None] = lambda what, done, total: None
    say: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network. ``steps``: of the weights that it holds, of ``done``. ``hashes``: of its pairs, by label."""

    model: Trainable
    steps: int
    done: int
    hashes: Mapping[str, str] = field(default_factory=dict)


def train_on_top(
    base: ClosedForm, pairs: PairSource, settings: Settings, run: Run, held_out: PairSource | None
) -> Network:
    """The trained network with ``base`` inside (nafnet32 stands on none). ``held_out`` pairs are measured at every
    look, never learnt from.

    SIGTERM or SIGINT end it after the step that is under way: its checkpoint is written and TrainingStopped
    raised. Of several processes the first alone looks and writes. Errors as :func:`train_network`.
    """
    if settings.ceiling > settings.steps and held_out is None:
        raise FilmRecoveryError(
            "A training with a ceiling goes on while held-out pairs improve, and none are held out.",
            remedy="hold pairs out (--held-out), or leave the ceiling out",
        )
    model = new_model(
        None if settings.preset == PUBLISHED else base,
        pairs,
        settings,
        recipe=run.measure.recipe,
        curve=run.measure.curve,
    )
    if run.finetune is not None:
        load_weights(model, run.finetune, settings.preset)
    folder, hashes = run.folder / "checkpoints", pair_hashes(pairs)
    first, ended = first_step(folder, run.resume), [0, 0]
    if run.workers.writes:
        save_notes(pairs, run.folder)

    def end(done: int, kept: int) -> None:
        ended[:] = done, kept

    with stop_signals() as stop:
        every = look_every(settings.steps, run)
        watch, diary = Watch(every=every, stop=stop), None
        if run.workers.writes:
            _warn(run, settings)
            diary = _Diary(run, pairs, held_out, settings, first)
            watch = Watch(diary.step, diary.look, every, diary.sheet, run.sheet_every, stop, end)
            if first == 0:
                diary.look(0, model.to(choose(run.device, run.workers)).eval())
        try:
            model = train_network(
                model,
                pairs,
                settings,
                folder,
                hashes=hashes,
                resume=run.resume,
                checkpoint_every=run.checkpoint_every,
                milestone_every=run.milestone_every,
                watch=watch,
                workers=run.workers,
                device=run.device,
                hours=run.hours,
            )
        finally:
            if diary is not None:
                diary.log.close()
    return Network(model, ended[1], ended[0], hashes)


def look_every(steps: int, run: Run) -> int:
    """Steps between two looks: as ``run`` says; else LOOKS in all, and no more rarely than the milestones."""
    return run.look_every or min(max(1, steps // LOOKS), run.milestone_every)


def _warn(run: Run, settings: Settings) -> None:
    for warning in settings.warnings(run.measure.recipe):
        run.say(warning)
    if not curves_can_be_written():
        run.say("tensorboardX is not installed, so TensorBoard has no curves; log.csv has them all")


class _Diary:
    """Keeps the run folder of a training that begins after ``first`` steps, and tells who listens."""

    def __init__(
        self,
        run: Run,
        pairs: PairSource,
        held_out: PairSource | None,
        settings: Settings,
        first: int,
    ) -> None:
        self.run, self.pairs, self.held_out, self.first = run, pairs, held_out, first
        self.ends = settings.round_ends
        self.log = Log(run.folder, first, settings.loss)
        self.started = time.monotonic()

    def total(self, step: int) -> int:
        """Where the training ends that is at ``step``, as far as is known: with its round."""
        return next((end for end in self.ends if end >= step), self.ends[-1])

    def step(self, done: int, terms: Mapping[str, float], rate: float) -> None:
        figures = {"loss": sum(terms.values()), "terms": dict(terms), "learning_rate": rate}
        self.log.write(done, **figures)
        total = self.total(done)
        left = (time.monotonic() - self.started) / (done - self.first) * (total - done)
        times = {"seconds": self.log.seconds, "seconds_left": round(left, 1)}
        self.run.events({"step": done, "total": total, **figures, **times})
        self.run.tell("network", done, total)

    def look(self, step: int, model: nn.Module) -> Mapping[str, float] | None:
        event = self._sheet(step, model, middles=False)
        if self.run.preview is not None:
            picture = self.run.folder / f"preview_{step:07d}.png"
            write_picture(self.run.measure.display(applied(model, self.run.preview)), picture)
            event["preview"] = str(picture)
        figures = None
        if self.held_out is not None:
            figures = self.run.measure.figures(self.held_out, model)
            event["held_out"] = {name: round(value, 5) for name, value in figures.items()}
            self.log.write(step, held_out=event["held_out"])
        self.run.events(event)
        return figures

    def sheet(self, step: int, model: nn.Module) -> None:
        self.run.events(self._sheet(step, model, middles=True))

    def _sheet(self, step: int, model: nn.Module, *, middles: bool) -> dict[str, Any]:
        file = self.run.folder / f"contact_sheet_{step:07d}.png"
        contact_sheet(self.pairs, model, self.run.measure, file, middles=middles)
        return {"step": step, "total": self.total(step), "contact_sheet": str(file)}
