"""What determines the weights that a training ends with, and the presets of it.

The augmentation follows the recipe (:func:`for_recipe`): film keeps its own geometry and is only mirrored,
photographs are also turned upside down and transposed, unless gravity counts. Nothing is changed silently:
values that cannot work are refused, those that work badly are named by :meth:`Settings.warnings`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.lock import RECIPES
from film_recovery.learning.losses import check_recipe, check_weights, scales_for
from film_recovery.learning.network import SHAPES
from film_recovery.learning.perceptual import Features, file_sha256, load_features
from film_recovery.learning.sampling import Sampling

PUBLISHED = "nafnet32"
PRESETS = (*SHAPES, PUBLISHED)
AMP = ("off", "bf16")

_FILM = ("colour", "spatial")
_LEAST = {
    "steps": 1,
    "patch": 16,
    "batch": 1,
    "seed": 0,
    "warm_up": 0,
    "ceiling": 0,
    "round_steps": 0,
}
# Largest value of what must not be below 0. A shift and a scale are small: film keeps its geometry.
_MOST = {
    "exposure": 4.0,
    "shift": 64.0,
    "scale": 0.25,
    "jitter": 1.0,
    "jitter_exposure": 4.0,
    "jitter_contrast": 0.9,
    "weight_decay": 1.0,
}


@dataclass(frozen=True)
class Settings:
    """``preset``: the network, a name of PRESETS. ``patch``: side in pixels. ``learning_rate``: its peak.
    ``warm_up``: steps until then, at most a tenth of all. ``average``: share kept by the moving average of
    the weights. ``clip``: largest norm of a gradient. ``loss``: weights of the terms.

    ``flip`` … ``jitter_contrast``, ``position``, ``often``: as in Sampling. ``amp``: "bf16" computes in bfloat16 where
    torch holds that safe, "off" in float32. ``ceiling``: the largest number of steps of a training that goes
    on while the held-out pairs still improve (0: it ends after ``steps``). ``round_steps``: by how many steps
    it goes on at a time (0: a quarter of ``steps``). ``perceptual``: file with the weights of VGG19, for the
    loss vgg, and ``perceptual_sha256``, taken from the file when left out.
    """

    steps: int
    preset: str = "small"
    patch: int = 48
    batch: int = 16
    seed: int = 0
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.9)
    warm_up: int = 200
    average: float = 0.99
    clip: float = 1.0
    loss: Mapping[str, float] = field(default_factory=lambda: {"l1": 1.0})
    flip: bool = True
    exposure: float = 0.0
    vflip: bool = False
    transpose: bool = False
    shift: float = 0.0
    scale: float = 0.0
    jitter: float = 0.0
    jitter_exposure: float = 0.0
    jitter_contrast: float = 0.0
    position: bool = False
    often: tuple[int, ...] = ()
    amp: str = "off"
    ceiling: int = 0
    round_steps: int = 0
    perceptual: str = ""
    perceptual_sha256: str = ""

    def __post_init__(self) -> None:
        _check_choice("network", self.preset, PRESETS)
        _check_choice("amp", self.amp, AMP)
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise FilmRecoveryError(
                    f"The training's {name} is {getattr(self, name)}.", remedy=f"choose {least} or more"
                )
        for name in ("learning_rate", "clip"):
            if not 0 < getattr(self, name) < math.inf:
                raise FilmRecoveryError(
                    f"The training's {name} is {getattr(self, name):g}.", remedy="choose a number above 0"
                )
        for name, most in _MOST.items():
            if not 0 <= getattr(self, name) <= most:
                raise FilmRecoveryError(
                    f"The training's {name} is {getattr(self, name):g}.", remedy=f"choose 0 to {most:g}"
                )
        object.__setattr__(self, "often", tuple(self.often))
        if any(not isinstance(times, int) or times < 1 for times in self.often):
            raise FilmRecoveryError(
                f"The training draws its pairs {', '.join(map(str, self.often))} times a round.",
                remedy="choose whole numbers of 1 or more, one a pair",
            )
        check_weights(self.loss)
        self._check_together()

    def _check_together(self) -> None:
        """Values that are good alone, and not beside one another."""
        if 0 < self.ceiling < self.steps:
            raise FilmRecoveryError(
                f"The training's ceiling of {self.ceiling} steps lies below its {self.steps} steps.",
                remedy=f"choose {self.steps} or more, or 0 for none",
            )
        if bool(self.jitter) != bool(self.jitter_exposure or self.jitter_contrast):
            raise FilmRecoveryError(
                f"Jitter on {self.jitter:g} of the samples, by {self.jitter_exposure:g} stops and"
                f" {self.jitter_contrast:g} of contrast, changes nothing.",
                remedy="set jitter (the share) and jitter_exposure or jitter_contrast, or none of them",
            )
        if "ms_ssim" in self.loss and scales_for(self.patch) < 2:
            raise FilmRecoveryError(
                f"The loss ms_ssim needs two scales, and a patch of {self.patch} pixels has one.",
                remedy="choose a patch of 22 or more, or the loss ssim",
            )
        if self.position and self.preset == PUBLISHED:
            raise FilmRecoveryError(
                f"{PUBLISHED} has the published inputs, which are red, green and blue: no position.",
                remedy=f"choose {', '.join(SHAPES)}, or leave position off",
            )
        if bool(self.perceptual) != ("vgg" in self.loss):
            raise FilmRecoveryError(
                f"The loss vgg and a file of VGG19's weights go together; {self.perceptual or 'no file'} is given.",
                remedy="name the file as perceptual and weight the loss vgg, or leave both out",
            )
        if self.perceptual and not self.perceptual_sha256:
            object.__setattr__(self, "perceptual_sha256", file_sha256(Path(self.perceptual)))

    def check_recipe(self, recipe: str) -> None:
        """Raise FilmRecoveryError for what a training of ``recipe`` cannot use, by name."""
        check_recipe(self.loss, recipe)
        if self.jitter and recipe in _FILM:
            raise FilmRecoveryError(
                f"Jitter changes the Input only, and so what the recipe {recipe} locks.",
                remedy="set jitter to 0; exposure changes both sides alike",
            )

    def warnings(self, recipe: str = "") -> list[str]:
        """What the trainer tells the operator before the first step: allowed, and seldom meant."""
        found = []
        if self.clip <= 0.01:
            found.append(
                f"clipping at {self.clip:g} starves the weights: in every run that compared them it ended below"
                " clip 1, in PSNR and in saturation"
            )
        if recipe in _FILM and (self.vflip or self.transpose):
            found.append("film turned upside down or transposed: grain, weave and light have a direction")
        if self.jitter > 0.2:
            found.append(
                f"jitter on {self.jitter:.0%} of the samples: more than 20 % teaches doubt of colour"
            )
        if "ms_ssim" in self.loss and scales_for(self.patch) < 3:
            found.append(
                f"ms_ssim on {scales_for(self.patch)} of its 5 scales: a patch of {self.patch} pixels has no"
                " more (44 has three, on which it was measured; 176 has all)"
            )
        if self.position:
            found.append(
                "the model learns where in the format it is: it must be given whole frames of that format"
            )
        return found

    @property
    def sampling(self) -> Sampling:
        return Sampling(**{entry.name: getattr(self, entry.name) for entry in fields(Sampling)})

    @property
    def round_length(self) -> int:
        """Steps of a round past ``steps``."""
        return self.round_steps or max(1, self.steps // 4)

    @property
    def round_ends(self) -> tuple[int, ...]:
        """Steps after which a training may end: ``steps``, then the end of each round, the last at the ceiling."""
        later = range(self.steps + self.round_length, self.ceiling, self.round_length)
        return (self.steps, *later, self.ceiling) if self.ceiling > self.steps else (self.steps,)

    def rate(self, step: int) -> float:
        """Learning rate at ``step`` (from 0): a linear warm-up, then half a cosine down to a thousandth.

        Past ``steps``, each round is half a cosine from half of the peak; a last round that the ceiling cuts
        short comes down by then. Nothing before ``steps`` depends on whether the training goes on.
        """
        if step >= self.steps:
            return self._later_rate(step)
        warm_up = min(self.warm_up, self.steps // 10)
        if step < warm_up:
            return self.learning_rate * (step + 1) / warm_up
        done = (step - warm_up) / max(1, self.steps - warm_up)
        return self.learning_rate * max(1e-3, 0.5 * (1 + math.cos(math.pi * done)))

    def _later_rate(self, step: int) -> float:
        length = self.round_length
        done = (step - self.steps) % length
        start = step - done
        if start < self.ceiling:
            length = min(length, self.ceiling - start)
        return self.learning_rate * max(1e-3, 0.25 * (1 + math.cos(math.pi * done / length)))

    def features(self) -> Features | None:
        """VGG19 for the loss vgg, from the file, verified by its hash; None without that loss."""
        return load_features(Path(self.perceptual), self.perceptual_sha256) if self.perceptual else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON and checkpoints hold them."""
        lists = {"betas": list(self.betas), "often": list(self.often)}
        return {**asdict(self), **lists, "loss": dict(self.loss)}

    def decisive(self) -> dict[str, Any]:
        """What a resumed training must share: all but the place of VGG19's file, which its hash stands for."""
        return {name: value for name, value in self.as_dict().items() if name != "perceptual"}


def for_recipe(recipe: str, steps: int, *, gravity: bool = False, **options: Any) -> Settings:
    """Settings with the augmentation of ``recipe``; ``options`` are further fields of Settings and win.

    ``gravity``: photographs in which up stays up are mirrored, not turned upside down or transposed. Raises
    FilmRecoveryError for an unknown recipe, unknown options, and what Settings or the recipe refuse.
    """
    _check_choice("recipe", recipe, RECIPES)
    turned = recipe == "paired" and not gravity
    known = {entry.name for entry in fields(Settings)} - {"steps"}
    unknown = sorted(options.keys() - known)
    if unknown:
        raise FilmRecoveryError(
            f"The training has no setting {', '.join(unknown)}.",
            remedy=f"choose from {', '.join(sorted(known))}",
        )
    settings = Settings(steps, **{"flip": True, "vflip": turned, "transpose": turned, **options})
    settings.check_recipe(recipe)
    return settings


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise FilmRecoveryError(f"There is no {what} {value!r}.", remedy=f"choose {', '.join(choices)}")
