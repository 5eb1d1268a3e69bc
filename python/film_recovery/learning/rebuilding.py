"""Models made again from weights alone: from a checkpoint of a training, and from published NAFNet weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import comb
from pathlib import Path

from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.checkpoint import Checkpoint
from film_recovery.learning.linear_filter import LumaFilter
from film_recovery.learning.models import Published, build
from film_recovery.learning.nafnet import Nafnet, load_published
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.polynomial import ColourPolynomial
from film_recovery.learning.settings import Settings
from film_recovery.learning.state import strictly

_HIGHEST_DEGREE = 8


def rebuilt(state: Checkpoint, curve: str, recipe: str | None, path: Path) -> nn.Module:
    """The network of a checkpoint with its averaged weights, its closed form inside, in evaluation.

    ``curve``: the encoding inside, which a checkpoint does not hold. ``recipe``: None for what the closed form says
    (a polynomial: colour; nafnet32, which has none: paired). ``path`` is named in errors. Raises FilmRecoveryError for
    a checkpoint that does not fit what its settings say.
    """
    base = _closed_form(state.model, curve, recipe, path)
    shown = {name: state.settings[name] for name in ("preset", "patch", "position") if name in state.settings}
    try:
        settings = Settings(1, **shown)
    except TypeError as error:
        raise _unfit(path, f"its settings are {shown}") from error
    model = build(base, settings, recipe=recipe or "paired", curve=curve)

    def take_over() -> None:
        model.load_state_dict(dict(state.model))
        model.load_state_dict({**model.state_dict(), **state.average})

    strictly(path, take_over)
    return model.eval()


def published(path: Path, curve: str, recipe: str = "paired") -> Published:
    """The published NAFNet-32 with the weights in ``path`` (.pth), pooling locally as rendering wants it.

    ``curve``: ``srgb`` where it is fed linear values, ``none`` where they are encoded. Errors as ``load_published``.
    """
    network = Nafnet(pooling="local")
    network.load_state_dict(load_published(path))
    model = Published(recipe, curve, network)
    # Its low and high stay 0 and 1: the photographs that it was trained on lie between.
    return model.eval()


def _closed_form(
    weights: Mapping[str, Tensor], curve: str, recipe: str | None, path: Path
) -> ClosedForm | None:
    """An unfitted closed form of the size that ``weights`` have; None where there is none among them."""
    kernels, polynomial = weights.get("base.kernels"), weights.get("base.weights")
    if kernels is not None and kernels.ndim == 4:
        return LumaFilter(curve, int(kernels.shape[2]), int(kernels.shape[0]))
    if polynomial is None:
        return None
    sizes = {comb(degree + 3, 3): degree for degree in range(1, _HIGHEST_DEGREE + 1)}
    degree = sizes.get(int(polynomial.shape[-1]))
    if degree is None:
        raise _unfit(path, f"its closed form has {polynomial.shape[-1]} terms")
    return ColourPolynomial(curve, degree, "paired" if recipe == "paired" else "colour")


def _unfit(path: Path, reason: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The checkpoint cannot be made into a model: {reason}.",
        remedy="use the version of film-recovery that it was made with",
        file=str(path),
    )
