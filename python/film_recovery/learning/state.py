"""Where a training stands: all that its next step depends on, as a checkpoint holds it, and how it comes back."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning import extension
from film_recovery.learning.average import Average
from film_recovery.learning.checkpoint import (
    Checkpoint,
    checkpoints,
    load_checkpoint,
    save_best,
    save_checkpoint,
)
from film_recovery.learning.extension import RoundEnd
from film_recovery.learning.models import Published
from film_recovery.learning.network import Recovery
from film_recovery.learning.settings import Settings

CHECKPOINTS_KEPT = 3  # the newest; milestones stay besides


class State:
    """Model, average, optimiser, and what was found on the way; ``step`` of them are done."""

    def __init__(
        self,
        model: Recovery | Published,
        settings: Settings,
        hashes: Mapping[str, str],
        folder: Path,
        milestone_every: int,
    ) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.hashes, self.milestones = dict(hashes), {milestone_every}
        self.average = Average(model, settings.average)
        self.optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
        )
        self.trained_for = {"recipe": model.recipe, "curve": model.curve.name}
        self.step = 0
        self.best: dict[str, Any] = {}
        self.history: list[RoundEnd] = []
        self.kept: dict[str, Tensor] = {}

    @property
    def goal(self) -> int:
        """The step at which the training ends, as far as is known."""
        return extension.goal(self.settings, self.history)

    def end_round(self, figures: Mapping[str, float]) -> None:
        """Notes the figures at a round end, and the weights if they are the best so far."""
        self.history.append(RoundEnd(self.step, dict(figures)))
        if extension.best(self.history).step == self.step:
            self.kept = {name: value.clone() for name, value in self.average.weights.items()}

    def is_best(self, figures: Mapping[str, float]) -> bool:
        """Whether a look with ``figures`` is the best so far; it is noted then."""
        if not extension.ahead(figures, self.best.get("figures", {})):
            return False
        self.best = {
            "step": self.step,
            "metric": extension.metric(figures),
            "figures": dict(figures),
        }
        return True

    def last_weights(self) -> int:
        """Gives the model the weights that the training ends with; the step that they are of."""
        if self.kept:
            self.average.load(self.kept)
        self.average.copy_to(self.model)
        return extension.best(self.history).step if self.history else self.step

    def save(self) -> Path:
        return save_checkpoint(self.folder, self._content(), CHECKPOINTS_KEPT)

    def save_best(self) -> Path:
        return save_best(self.folder, self._content())

    def _content(self) -> Checkpoint:
        return Checkpoint(
            self.step,
            self.settings.decisive(),
            self.hashes,
            self.model.state_dict(),
            self.average.weights,
            self.optimiser.state_dict(),
            self.best,
            [{"step": end.step, "figures": dict(end.figures)} for end in self.history],
            self.kept,
            self.trained_for,
            sorted(self.milestones),
        )

    def restore(self) -> None:
        """Takes over the newest checkpoint. Raises FilmRecoveryError for one that is damaged or of another training."""
        path = checkpoints(self.folder)[-1]
        content = load_checkpoint(path)
        self._check_belongs(path, content)
        strictly(path, lambda: self._take_over(content))

    def _take_over(self, content: Checkpoint) -> None:
        fixed = {name: value.clone() for name, value in self.model.named_buffers()}
        self.model.load_state_dict(dict(content.model))
        if any(not torch.equal(value, fixed[name]) for name, value in self.model.named_buffers()):
            raise RuntimeError("its closed form differs")
        self.average.load(content.average)
        self.optimiser.load_state_dict(dict(content.optimiser))
        self.step, self.best = content.step, dict(content.best)
        self.milestones |= {int(every) for every in content.milestones}
        self.history = [RoundEnd(int(end["step"]), dict(end["figures"])) for end in content.history]
        place = next(self.model.parameters()).device
        self.kept = {name: value.to(place) for name, value in content.kept.items()}

    def _check_belongs(self, path: Path, content: Checkpoint) -> None:
        now = {**self.settings.decisive(), **self.trained_for}
        # A checkpoint of an earlier version does not have all.
        then = {**_before_it_existed(), **self.trained_for, **content.settings, **content.trained_for}
        changed = [
            f"{name} {then.get(name)} → {now.get(name)}"
            for name in sorted({*then, *now})
            if then.get(name) != now.get(name)
        ]
        if changed:
            raise _refused(path, f"The settings changed: {', '.join(changed)}.")
        pairs = [
            label
            for label in {**content.pairs, **self.hashes}
            if content.pairs.get(label) != self.hashes.get(label)
        ]
        if pairs:
            raise _refused(
                path, f"The pairs changed: {', '.join(pairs[:5])}{' …' if len(pairs) > 5 else ''}."
            )


def _before_it_existed() -> dict[str, Any]:
    """What each setting amounts to where nobody could choose it yet: its default."""
    return {name: value for name, value in Settings(1).decisive().items() if name != "steps"}


def strictly(path: Path, take_over: Callable[[], Any]) -> None:
    """``take_over``, with what torch says about weights that do not match turned into a message."""
    try:
        take_over()
    except (KeyError, ValueError, RuntimeError, TypeError, AttributeError) as error:
        raise FilmRecoveryError(
            f"The checkpoint does not fit this network: {_short(str(error))}.",
            remedy="use the preset, the pairs and the version of film-recovery that it was made with",
            file=str(path),
        ) from error


def _short(text: str) -> str:
    """The last line of what torch says, cut off where it begins to name every weight."""
    return textwrap.shorten(text.strip().splitlines()[-1].strip(" '"), 160, placeholder=" …")


def _refused(path: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"This training cannot be resumed. {reason}",
        remedy="put back what changed; or start a new training, or fine-tune from this checkpoint, in another folder",
        file=str(path),
    )
