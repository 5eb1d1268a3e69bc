"""What a training is asked for, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from film_recovery.engine.kept import Progress
from film_recovery.engine.networks import CHECKPOINT_EVERY, MILESTONE_EVERY, Events
from film_recovery.engine.scores import Measure
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.pairs import PairSource
from film_recovery.learning.settings import Settings
from film_recovery.learning.workers import ALONE, Workers


@dataclass(frozen=True)
class Trained:
    """What a training left behind, and how good it is.

    PSNR in dB on encoded values of what the recipe changes (luma, or all of RGB), over at most ``MEASURED`` pairs:
    ``psnr_input`` of the Input against the Ground Truth, ``psnr_fit`` of the closed form on its own pairs,
    ``psnr_held_out`` of the closed form on pairs that it was not fitted on: the held-out ones, or else, of a fit on
    three quarters of the pairs on the other quarter (None with fewer than two pairs). ``psnr_network``: of the network
    on its own pairs. ``steps``: of the weights that were kept, of ``steps_done``. ``loss``: what was minimised, weights
    by term.

    ``held_out``: figures (``engine.scores``) on the held-out pairs of "input", "closed_form" and "network".
    ``better``: which of the last two did better there ("" without both); the network is what was written, and the
    operator is told where the closed form is no worse.
    """

    model: Path
    recipe: str
    method: str
    curve: str
    pairs: int
    psnr_input: float
    psnr_fit: float
    psnr_held_out: float | None
    psnr_network: float | None = None
    steps: int = 0
    steps_done: int = 0
    run_folder: Path | None = None
    held_out: Mapping[str, dict[str, float]] = field(default_factory=dict)
    better: str = ""
    loss: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """What is to be trained. ``model``: the file to write. ``measure`` knows recipe and curve. ``method``: of luma.

    ``settings``: of the network, None for the closed form only; ``often``: how much each pair counts in that then.
    ``run_folder``: of the network, None for one beside the model. ``held_out``: pairs that only measure. ``film``,
    ``reel``: what the model is made for, and ``conditions``, what inference has to share: kept in its card. ``begin``:
    called before anything is written, to hold the run folder and note there what was asked; it refuses by raising.
    ``say``: told what the operator should know before the first step, and of the model in the end.
    The rest as in ``networks.Run``.
    """

    model: Path
    measure: Measure
    method: str = "matrix"
    settings: Settings | None = None
    often: tuple[int, ...] = ()
    run_folder: Path | None = None
    held_out: PairSource | None = None
    resume: bool = False
    finetune: Path | None = None
    look_every: int | None = None
    sheet_every: int = 0
    checkpoint_every: int = CHECKPOINT_EVERY
    milestone_every: int = MILESTONE_EVERY
    preview: Pixels | None = None
    film: str = ""
    reel: str = ""
    conditions: Mapping[str, Any] = field(default_factory=dict)
    workers: Workers = ALONE
    device: str = "cpu"
    hours: float | None = None
    events: Events = lambda event: None
    progress: Progress = lambda what, done, total: None
    say: Callable[[str], None] = lambda text: None
    begin: Callable[[Task], None] = lambda task: None

    @property
    def folder(self) -> Path:
        return self.run_folder or self.model.with_name(f"{self.model.name.removesuffix('.pt')}_run")
