"""Trains the network on top of a fitted closed form, and keeps its run folder while doing so."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from film_recovery.engine.run_folder import Log, contact_sheet, write_picture
from film_recovery.engine.scores import Measure, applied
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.checkpoint import first_step
from film_recovery.learning.network import ClosedForm, Recovery
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.settings import Settings
from film_recovery.learning.trainer import (
    MILESTONE_EVERY,
    Watch,
    load_weights,
    new_model,
    pair_hashes,
    train_network,
)

Events = Callable[[Mapping[str, Any]], None]
CHECKPOINT_EVERY = 100
LOOKS = 5  # at the held-out pairs at least, if nobody says how often; one at every milestone besides


@dataclass(frozen=True)
class Run:
    """Where and how a network is trained. ``look_every``: steps between two looks (None: LOOKS looks or more).

    ``checkpoint_every``: steps between two checkpoints, of which the newest stay. ``milestone_every``: between two
    that all stay, each with a look beside it.
    ``preview``: a picture (H×W×3, top row first, graph values) that is shown recovered at every look.
    ``events``: told at each step (step, total, loss, terms, learning_rate, seconds, seconds_left) and at each
    look (step, held_out, contact_sheet, preview). ``finetune``: a checkpoint whose weights are the start.
    """

    folder: Path
    measure: Measure
    resume: bool = False
    finetune: Path | None = None
    look_every: int | None = None
    checkpoint_every: int = CHECKPOINT_EVERY
    milestone_every: int = MILESTONE_EVERY
    preview: Pixels | None = None
    events: Events = lambda event: None
    tell: Callable[[str, int, int], None] = lambda what, done, total: None


def train_on_top(
    base: ClosedForm, pairs: PairSource, settings: Settings, run: Run, held_out: PairSource | None
) -> Recovery:
    """The trained network with ``base`` inside. ``held_out`` pairs are measured at every look, never learnt from.

    SIGTERM or SIGINT end it after the step that is under way: its checkpoint is written and TrainingStopped
    raised. Errors as :func:`train_network`.
    """
    model = new_model(base, pairs, settings)
    if run.finetune is not None:
        load_weights(model, run.finetune)
    folder = run.folder / "checkpoints"
    diary = _Diary(run, pairs, held_out, settings.steps, first_step(folder, run.resume))
    with _stop_signals() as stop:
        if diary.first == 0:
            diary.look(0, model.eval())
        return train_network(
            model,
            pairs,
            settings,
            folder,
            hashes=pair_hashes(pairs),
            resume=run.resume,
            checkpoint_every=run.checkpoint_every,
            milestone_every=run.milestone_every,
            watch=Watch(diary.step, diary.look, look_every(settings.steps, run), stop),
        )


def look_every(steps: int, run: Run) -> int:
    """Steps between two looks: as ``run`` says; else LOOKS in all, and no more rarely than the milestones."""
    return run.look_every or min(max(1, steps // LOOKS), run.milestone_every)


class _Diary:
    """Keeps the run folder of a training that begins after ``first`` steps, and tells who listens."""

    def __init__(
        self, run: Run, pairs: PairSource, held_out: PairSource | None, total: int, first: int
    ) -> None:
        self.run, self.pairs, self.held_out, self.total, self.first = run, pairs, held_out, total, first
        self.log = Log(run.folder / "log.jsonl", first)
        self.started = time.monotonic()

    def step(self, done: int, terms: Mapping[str, float], rate: float) -> None:
        figures = {"loss": sum(terms.values()), "terms": dict(terms), "learning_rate": rate}
        self.log.write(done, **figures)
        left = (time.monotonic() - self.started) / (done - self.first) * (self.total - done)
        times = {"seconds": self.log.seconds, "seconds_left": round(left, 1)}
        self.run.events({"step": done, "total": self.total, **figures, **times})
        self.run.tell("network", done, self.total)

    def look(self, step: int, model: Recovery) -> None:
        sheet = self.run.folder / f"contact_sheet_{step:07d}.png"
        contact_sheet(self.pairs, model, self.run.measure, sheet)
        event: dict[str, Any] = {"step": step, "total": self.total, "contact_sheet": str(sheet)}
        if self.run.preview is not None:
            picture = self.run.folder / f"preview_{step:07d}.png"
            write_picture(self.run.measure.display(applied(model, self.run.preview)), picture)
            event["preview"] = str(picture)
        if self.held_out is not None:
            figures = self.run.measure.figures(self.held_out, model)
            event["held_out"] = {name: round(value, 5) for name, value in figures.items()}
            self.log.write(step, held_out=event["held_out"])
        self.run.events(event)


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT arrived since. The second one has its usual effect, at once."""
    arrived = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield arrived.is_set  # only the main thread may listen to signals; a job always trains in it
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {int(number): signal.getsignal(number) or signal.SIG_DFL for number in numbers}

    def note(number: int, frame: FrameType | None) -> None:
        arrived.set()
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, note)
    try:
        yield arrived.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
