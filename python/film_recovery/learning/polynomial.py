"""Colour recovery in closed form: a polynomial from faded to recovered colour, pixel by pixel.

For paired photographs the same polynomial without the lock: luma may change too.

Fitted on pairs by regularised least squares in float64, between encoded values (``curve.py``); used as the
stage-0 model, as preview, and as the bar that a network has to beat. Cubic fits without position reach what
short network trainings do when the fade is a smooth function of colour; they cannot follow one that varies
over the frame.

What is fitted is the *change* Ground Truth - Source. Its prior is zero: where the pairs say nothing, the
model changes nothing. Outside the colours seen in training a cubic would run away; there the change is frozen
at the border of what was seen and the excess is kept (``encoded + change(nearest seen colour)``), so bright
and dark pixels keep their distance. *Seen* is a box in red, green, blue and a second box along the principal
axes of the training colours, of which the first follows the (faded) neutral axis and the others the chroma.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.curve import Curve
from film_recovery.learning.least_squares import (
    check_settings,
    counted,
    fit_ridge,
    one_thread,
    share_of,
    times_of,
)
from film_recovery.learning.lock import change_all, change_chroma
from film_recovery.learning.pairs import PairSource, checked

Array = NDArray[np.float64]

# Share of the training pixels left outside at each end when the seen range is measured: dust and noise.
_OUTLIERS = 1e-4
# Training colours that spread less than this along an axis say nothing about it (encoded units).
_FLAT = 1e-5


class ColourPolynomial(nn.Module):
    """N×3×H×W graph values → same shape; luma unchanged, unless the recipe is paired. Made by
    :func:`fit_colour_polynomial`."""

    def __init__(self, curve: str, degree: int, recipe: str = "colour") -> None:
        """A polynomial that changes nothing; the fit fills the buffers (all float32).

        ``low``, ``high`` (3): seen range of encoded red, green, blue. ``centre`` (3), ``axes`` (3×3, rows):
        principal axes, scaled so that the seen range is -1 … 1. ``weights`` (3 × monomials): the change.
        """
        super().__init__()
        if degree < 1:
            raise FilmRecoveryError(f"A polynomial of degree {degree} maps nothing.", remedy="choose 1 to 4")
        if recipe not in ("colour", "paired"):
            raise FilmRecoveryError(
                f"The recipe {recipe!r} changes no colour.", remedy="choose colour or paired"
            )
        self.recipe = recipe
        self.channels = 3
        self.radius = 0
        self.curve = Curve(curve)
        # Monomial m > 0 is monomial parents[m - 1] times axis factors[m - 1]; monomial 0 is 1.
        self.parents, self.factors = _products(degree)
        self.low = nn.Buffer(torch.zeros(3))
        self.high = nn.Buffer(torch.ones(3))
        self.centre = nn.Buffer(torch.zeros(3))
        self.axes = nn.Buffer(torch.eye(3))
        self.weights = nn.Buffer(torch.zeros(3, len(self.parents) + 1))

    def monomials(self, encoded: Tensor) -> Tensor:
        """Encoded colours N×3×H×W, brought into the seen range → N×M×H×W monomials."""
        shape = [1, 3, 1, 1]
        seen = torch.max(torch.min(encoded, self.high.view(shape)), self.low.view(shape))
        place = torch.conv2d(seen - self.centre.view(shape), self.axes.view([3, 3, 1, 1])).clamp(-1.0, 1.0)
        terms = [torch.ones_like(place[:, 0:1])]
        for index in range(len(self.parents)):
            factor = self.factors[index]
            terms.append(terms[self.parents[index]] * place[:, factor : factor + 1])
        return torch.cat(terms, 1)

    def values(self, rgb: Tensor) -> Tensor:
        """What the polynomial works on: encoded colours, N×3×H×W."""
        return self.curve.encode(rgb)

    def step(self, encoded: Tensor) -> Tensor:
        """The change of ``encoded``: same shape."""
        return torch.conv2d(self.monomials(encoded), self.weights[:, :, None, None])

    def changed(self, rgb: Tensor, change: Tensor) -> Tensor:
        """``rgb`` with the chroma of a ``change``, graph values: the lock. Paired: with all of it."""
        if self.recipe == "paired":
            return change_all(rgb, change)
        return change_chroma(rgb, change)

    def forward(self, rgb: Tensor) -> Tensor:
        encoded = self.values(rgb)
        after = encoded + self.step(encoded)
        return self.changed(rgb, self.curve.decode(after) - self.curve.decode(encoded))


def _products(degree: int) -> tuple[list[int], list[int]]:
    """How each monomial of three variables up to ``degree``, in graded order, follows from an earlier one."""
    names = [m for d in range(degree + 1) for m in combinations_with_replacement(range(3), d)]
    return [names.index(m[:-1]) for m in names[1:]], [m[-1] for m in names[1:]]


@one_thread()
def fit_colour_polynomial(
    pairs: PairSource,
    *,
    recipe: str = "colour",
    degree: int = 3,
    ridge: float = 1e-4,
    curve: str = "srgb",
    samples_per_pair: int = 100_000,
    seed: int = 0,
    often: Sequence[int] = (),
) -> ColourPolynomial:
    """The polynomial of that ``degree`` which carries Source to Ground Truth with the least squared error.

    ``recipe``: colour, or paired, which locks nothing. ``pairs``: graph values; of each, ``samples_per_pair``
    pixels drawn with ``seed`` take part (all, if it has no more; of more than 64
    pairs fewer each, ``share_of``). ``ridge``: how much a change has to earn, relative
    to the mean square of each monomial. ``often``: each pair counts as if it came so
    many times. Equal input gives equal weights.
    Raises FilmRecoveryError for bad pairs or settings.
    """
    model = ColourPolynomial(curve, degree, recipe)
    check_settings(ridge, samples_per_pair)
    share = share_of(samples_per_pair, len(pairs))
    samples = [
        _sample(model.curve, pair.input, pair.truth, share, np.random.default_rng((seed, index)))
        for index, pair in enumerate(checked(pairs))
    ]
    _set_seen_range(model, np.concatenate([encoded for encoded, _ in samples]))
    exact = copy.deepcopy(model).double()  # the basis as stored (float32), evaluated in float64
    blocks = (
        block
        for (encoded, change), times in zip(samples, times_of(often, len(samples)), strict=True)
        for block in counted([(_monomials(exact, encoded), torch.from_numpy(change))], times)
    )
    model.weights.copy_(fit_ridge(blocks, ridge).T)
    return model


def _monomials(exact: ColourPolynomial, encoded: Array) -> Tensor:
    """Of colours N×3, N×M."""
    return exact.monomials(torch.from_numpy(encoded.T[None, :, :, None]))[0, :, :, 0].T


def _sample(
    curve: Curve, source: Pixels, truth: Pixels, count: int, random: np.random.Generator
) -> tuple[Array, Array]:
    """Encoded colours of drawn pixels (N×3) and by how much the Ground Truth differs there (N×3)."""
    colours, targets = source.reshape(-1, 3), truth.reshape(-1, 3)
    if count < len(colours):
        drawn = random.choice(len(colours), count, replace=False, shuffle=False)
        colours, targets = colours[drawn], targets[drawn]
    encoded = curve.encode_array(colours)
    return encoded, curve.encode_array(targets) - encoded


def _set_seen_range(model: ColourPolynomial, encoded: Array) -> None:
    """Fill ``low``, ``high``, ``centre`` and ``axes`` from the training colours (N×3, encoded)."""
    low, high = np.quantile(encoded, [_OUTLIERS, 1 - _OUTLIERS], axis=0)
    inside = np.clip(encoded, low, high)
    spread = inside - inside.mean(axis=0)
    _, vectors = np.linalg.eigh(spread.T @ spread)
    axes = vectors.T[::-1]  # widest first
    start, end = np.quantile(inside @ axes.T, [_OUTLIERS, 1 - _OUTLIERS], axis=0)
    half = (end - start) / 2
    scale = np.divide(1.0, half, out=np.zeros(3), where=half > _FLAT)
    for name, value in (
        ("low", low),
        ("high", high),
        ("centre", ((start + end) / 2) @ axes),
        ("axes", axes * scale[:, None]),
    ):
        model.get_buffer(name).copy_(torch.from_numpy(np.ascontiguousarray(value)))
