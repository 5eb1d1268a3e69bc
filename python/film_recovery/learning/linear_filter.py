"""Spatial recovery in closed form: a small bank of linear filters on luma, fitted by least squares.

The stage-0 model of spatial recovery, and the bar that a network has to beat: the best size × size kernels,
in the sense of least squares, from the Source's encoded luma to the Ground Truth's. One kernel for the whole
picture has to choose between sharpening edges and calming grain; so there are a few, for quiet to busy
places, blended by the local contrast. This stays linear in what is fitted, and gains 0.7 to 1.3 dB over one
kernel on held-out pictures with simulated blur and grain. (The idea of filters chosen by local structure:
Romano, Isidoro, Milanfar, "RAISR", IEEE TCI 3(1), 2017.)

What is fitted is the *change* of luma; its prior is zero, so that without evidence the picture stays. It is
limited to the size of the changes that the pairs asked for: next to a highlight brighter than any in
training, a filter would otherwise ring in proportion to it. (Limiting the *result* to the range of the
neighbourhood would also end halos, but cost up to 0.2 dB of recovered detail.)
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma as luma_of
from film_recovery.learning.curve import Curve
from film_recovery.learning.least_squares import (
    check_settings,
    counted,
    fit_ridge,
    one_thread,
    share_of,
    times_of,
)
from film_recovery.learning.lock import change_luma, luma
from film_recovery.learning.pairs import Pair, PairSource, checked

Array = NDArray[np.float64]

# Image rows turned into windows at a time: bounds the memory of the fit.
_ROWS = 16
# Contrast quantiles of the training pictures at which the first and the last kernel act alone.
_QUIETEST, _BUSIEST = 0.05, 0.98
# Two contrast levels are at least this far apart (natural logarithm): where all contrast is alike, rounding
# must not decide between kernels.
_CLOSEST = 0.1
# Share of the training pixels whose change may lie above the limit: dust and misfits, not recovery.
_OUTLIERS = 1e-3
# Keeps the generator of what is seen of each of many pairs apart from others.
_CROWDED = 0xC0DE


class LumaFilter(nn.Module):
    """N×3×H×W graph values → same shape, chroma unchanged. Border pixels are repeated outwards."""

    def __init__(self, curve: str, size: int, levels: int) -> None:
        """``levels`` kernels that change nothing; the fit fills the buffers (float32).

        ``kernels`` (levels × 1 × size × size) and ``offsets`` (levels): the change. ``knots`` (levels): the
        contrast at which each kernel acts alone. ``limit`` (1): the largest change of encoded luma.
        """
        super().__init__()
        if size < 1 or size % 2 == 0:
            raise FilmRecoveryError(f"A filter of size {size} has no centre.", remedy="choose an odd size")
        if levels < 1:
            raise FilmRecoveryError(f"A bank of {levels} filters is none.", remedy="choose 1 to 5 levels")
        self.recipe = "spatial"
        self.channels = 1
        self.levels = levels
        self.reach = size // 2
        self.radius = max(self.reach, 4)
        self.curve = Curve(curve)
        self.kernels = nn.Buffer(torch.zeros(levels, 1, size, size))
        self.offsets = nn.Buffer(torch.zeros(levels))
        self.knots = nn.Buffer(torch.arange(levels).float())
        self.limit = nn.Buffer(torch.zeros(1))

    def contrast(self, encoded: Tensor) -> Tensor:
        """Logarithm of how far pixels are from the mean of their 5 × 5 box (root mean square over another
        such box, plus 0.005); N×1×H×W → same shape."""
        # Deviations are squared, not squares subtracted: in quiet places rounding would count for contrast.
        wide = functional.pad(encoded, [4, 4, 4, 4], "replicate")
        deviation = wide[:, :, 2:-2, 2:-2] - functional.avg_pool2d(wide, 5, 1)
        return (functional.avg_pool2d(deviation * deviation, 5, 1).sqrt() + 0.005).log()

    def shares(self, encoded: Tensor) -> Tensor:
        """How much each kernel counts at each pixel: N×levels×H×W, sums to 1; only neighbours overlap."""
        contrast = self.contrast(encoded)
        place = torch.zeros_like(contrast)
        for level in range(1, self.levels):
            below = self.knots[level - 1]
            place = place + ((contrast - below) / (self.knots[level] - below)).clamp(0.0, 1.0)
        return torch.cat([(1.0 - (place - level).abs()).clamp(min=0.0) for level in range(self.levels)], 1)

    def values(self, rgb: Tensor) -> Tensor:
        """What the filter works on: encoded luma, N×1×H×W."""
        return self.curve.encode(luma(rgb))

    def step(self, encoded: Tensor) -> Tensor:
        """The change of ``encoded``: same shape."""
        wide = functional.pad(encoded, [self.reach, self.reach, self.reach, self.reach], "replicate")
        steps = torch.conv2d(wide, self.kernels, self.offsets)
        step = (steps * self.shares(encoded)).sum(1, keepdim=True)
        return torch.max(torch.min(step, self.limit), -self.limit)

    def changed(self, rgb: Tensor, change: Tensor) -> Tensor:
        """``rgb`` with a ``change`` of luma, graph values: the lock."""
        return change_luma(rgb, change)

    def forward(self, rgb: Tensor) -> Tensor:
        encoded = self.values(rgb)
        after = encoded + self.step(encoded)
        return self.changed(rgb, self.curve.decode(after) - self.curve.decode(encoded))


@one_thread()
def fit_linear_filter(
    pairs: PairSource,
    *,
    size: int = 9,
    levels: int = 3,
    ridge: float = 1e-6,
    curve: str = "srgb",
    samples_per_pair: int = 60_000,
    often: Sequence[int] = (),
) -> LumaFilter:
    """The filters that carry Source luma to Ground Truth luma with the least squared error.

    ``pairs``: graph values, at least 9 × 9 and as large as the filter; of each, evenly spaced rows with about
    ``samples_per_pair`` pixels take part (of more than 64 pairs fewer each,
    ``share_of``). ``levels``: how many kernels, 1 for a plain linear filter.
    ``ridge``: how much a change has to earn, relative to the mean square of the luma. ``often``: each pair counts as
    if it came so many times. Equal input gives equal weights. Raises FilmRecoveryError for bad pairs or settings.
    """
    model = LumaFilter(curve, size, levels)
    check_settings(ridge, samples_per_pair)
    share = share_of(samples_per_pair, len(pairs))
    samples = [
        _sample(model, pair, samples_per_pair)
        if share == samples_per_pair
        else _part(model, pair, share, index)
        for index, pair in enumerate(checked(pairs))
    ]
    _set_knots(model, [bands for bands, _ in samples])
    exact = copy.deepcopy(model).double()  # the bank as stored (float32), evaluated in float64
    blocks = (
        block
        for (bands, change), times in zip(samples, times_of(often, len(samples)), strict=True)
        for block in counted(_windows(exact, bands, change), times)
    )
    weights = fit_ridge(blocks, ridge).view(levels, -1)
    model.kernels.copy_(weights[:, :-1].reshape(levels, 1, size, size))
    model.offsets.copy_(weights[:, -1])
    changes = np.concatenate([np.abs(change).ravel() for _, change in samples])
    model.limit.fill_(float(np.quantile(changes, 1 - _OUTLIERS)))
    return model


def _sample(model: LumaFilter, pair: Pair, count: int) -> tuple[Array, Array]:
    """Encoded luma around evenly spaced rows, as far as the model reaches (rows × (2·radius+1) × W), and by
    how much the Ground Truth differs on those rows (rows × W). About ``count`` pixels."""
    height, width = pair.input.shape[:2]
    reach = model.radius
    _check_reach(model, pair)
    rows = np.unique(np.linspace(reach, height - reach - 1, max(1, count // width)).astype(int))
    around = rows[:, None] + np.arange(-reach, reach + 1)
    bands = model.curve.encode_array(luma_of(pair.input)[around])
    return bands, model.curve.encode_array(luma_of(pair.truth)[rows]) - bands[:, reach]


def _part(model: LumaFilter, pair: Pair, count: int, index: int) -> tuple[Array, Array]:
    """As :func:`_sample`, of a few rows at random heights, and of a row longer than ``count`` a part."""
    _check_reach(model, pair)
    height, width = pair.input.shape[:2]
    reach, random = model.radius, np.random.default_rng((_CROWDED, index))
    across = min(width, count + 2 * reach)
    left = int(random.integers(width - across + 1))
    number = min(max(1, count // width), height - 2 * reach)
    rows = reach + np.sort(random.choice(height - 2 * reach, number, replace=False))
    around = rows[:, None] + np.arange(-reach, reach + 1)
    columns = slice(left, left + across)
    bands = model.curve.encode_array(luma_of(pair.input[:, columns][around]))
    return bands, model.curve.encode_array(luma_of(pair.truth[rows, columns])) - bands[:, reach]


def _check_reach(model: LumaFilter, pair: Pair) -> None:
    height, width = pair.input.shape[:2]
    if min(height, width) < 2 * model.radius + 1:
        raise FilmRecoveryError(
            f"{pair.label}: {width} × {height} is smaller than the filter reaches ({2 * model.radius + 1}).",
            remedy="use larger frames or a smaller filter",
        )


def _set_knots(model: LumaFilter, samples: list[Array]) -> None:
    contrast = np.concatenate(
        [model.contrast(torch.from_numpy(bands)[:, None])[:, 0, model.radius].flatten() for bands in samples]
    )
    knots = np.quantile(contrast, np.linspace(_QUIETEST, _BUSIEST, model.levels))
    for level in range(1, model.levels):
        knots[level] = max(knots[level], knots[level - 1] + _CLOSEST)
    model.knots.copy_(torch.from_numpy(knots))


def _windows(exact: LumaFilter, bands: Array, change: Array) -> Iterator[tuple[Tensor, Tensor]]:
    """Blocks of (features: N × levels·(size²+1), change at the windows' centres: N×1), float64.

    Features are a window of luma and a 1, once for each level, times that level's share at the centre.
    """
    reach, size = exact.reach, 2 * exact.reach + 1
    middle = slice(exact.radius - reach, exact.radius + reach + 1)
    inside = slice(reach, bands.shape[2] - reach)
    for start in range(0, len(bands), _ROWS):
        block = bands[start : start + _ROWS]
        views = sliding_window_view(block[:, middle], (size, size), axis=(1, 2))[:, 0]
        windows = np.ones((*views.shape[:2], 1, size * size + 1))
        windows[..., 0, :-1] = views.reshape(*views.shape[:2], -1)
        shares = exact.shares(torch.from_numpy(block)[:, None])[:, :, exact.radius, inside]
        features = torch.from_numpy(windows) * shares.permute(0, 2, 1)[..., None]
        targets = torch.from_numpy(change[start : start + _ROWS, inside])
        yield features.flatten(2).flatten(0, 1), targets.reshape(-1, 1)
