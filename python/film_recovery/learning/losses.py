"""What a training minimises: terms of the difference between a model's result and the Ground Truth.

Measured on encoded values (``curve.py``), so that shadows count as the eye counts them, and only on what the
recipe may change: luma for spatial recovery, red, green and blue for colour recovery (whose luma is locked)
and for paired photographs. Terms are named, weighted by the settings and logged one by one.

Every term is a mean. With several processes each divides its own sum by the weight of all of them
(``workers.py``), so that the terms, and their gradients, *add up* to those of one process with all patches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from film_recovery.errors import FilmRecoveryError
from film_recovery.learning.curve import Curve
from film_recovery.learning.lock import luma
from film_recovery.learning.perceptual import Features
from film_recovery.learning.workers import ALONE, Workers

# Below this difference (encoded) Charbonnier's loss is quadratic: a quarter of an 8-bit step.
_CHARBONNIER = 1e-3
# Chroma (encoded) below which a colour counts as neutral, and its hue as noise: 2.5 steps of 8 bit.
_NEUTRAL = 0.01
# SSIM, as ``analysis.difference.ssim`` states it.
_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
# MS-SSIM's weights of its five scales, finest first (Wang, Simoncelli, Bovik, Asilomar 2003).
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Structure may be opposite (negative) at one scale; at 0, the product would silence the other scales too.
_LEAST_SIMILARITY = 1e-3
# Linear sRGB to XYZ, D65, divided by white: neutrals have a = b = 0.
_RGB_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_SRGB = Curve("srgb")


@dataclass(frozen=True, eq=False)
class Sides:
    """What a term compares: N×C×H×W encoded values, C 1 (luma, spatial recovery) or 3."""

    result: Tensor
    truth: Tensor
    difference: Tensor  # taken once, for the terms to share
    workers: Workers
    features: Features | None

    def mean(self, values: Tensor) -> Tensor:
        """The mean of ``values``, this process's share of it."""
        return values.sum() / self.workers.total(values.new_full((), values.numel()))


def absolute(sides: Sides) -> Tensor:
    """Mean absolute difference (L1)."""
    return sides.mean(sides.difference.abs())


def charbonnier(sides: Sides) -> Tensor:
    """L1 with a smooth bottom (Charbonnier et al., ICIP 1994)."""
    difference = sides.difference
    return sides.mean((difference * difference + _CHARBONNIER**2).sqrt())


def chroma_magnitude(sides: Sides) -> Tensor:
    """Mean absolute difference of chroma's length, √(u² + v²): how much colour, whichever.

    Its bottom is rounded at neutral grey, where the length has no direction to grow in.
    """
    lengths = [_vector(side)[1] for side in (sides.result, sides.truth)]
    return sides.mean((lengths[0] - lengths[1]).abs())


def chroma_angle(sides: Sides) -> Tensor:
    """Mean of 1 - cos(angle between the chroma of result and Ground Truth), weighted by the latter's length.

    Both are first joined by one short neutral component, so that the angle is defined, and its gradient
    bounded, at neutral grey, and 0 just where both chromas are alike. In patches without colour, where the
    weights are nearly nothing, the term fades instead of measuring noise.
    """
    (one, one_length), (two, two_length) = (_vector(side) for side in (sides.result, sides.truth))
    # Half the squared distance of unit vectors: 1 - cos without its cancellation.
    apart = 0.5 * (one / one_length - two / two_length).square().sum(1, keepdim=True)
    weight = (two_length - _NEUTRAL).detach()
    least = sides.workers.total(weight.new_full((), weight.numel() * 0.1 * _NEUTRAL))
    return (weight * apart).sum() / torch.max(sides.workers.total(weight.sum()), least)


def structure(sides: Sides) -> Tensor:
    """1 - SSIM: Wang et al., IEEE TIP 13(4), 2004, as :func:`similarity`, mean over the channels."""
    return sides.mean(1 - torch.mul(*similarity(sides.result, sides.truth)))


def structure_at_scales(sides: Sides) -> Tensor:
    """1 - MS-SSIM: Wang, Simoncelli, Bovik, Asilomar 2003, for each picture and channel.

    Between scales the mean of 2×2 pixels (an odd last row or column is left out). A patch that is too small
    for five scales uses those that fit (:func:`scales_for`), their weights scaled to a sum of 1.
    """
    one, two = sides.result, sides.truth
    count = scales_for(min(one.shape[2:]))
    weights = [weight / sum(_SCALES[:count]) for weight in _SCALES[:count]]
    product = torch.ones_like(one[:, :, 0, 0])
    for scale, weight in enumerate(weights):
        if scale:
            one, two = functional.avg_pool2d(one, 2), functional.avg_pool2d(two, 2)
        light, contrast = similarity(one, two)
        value = light * contrast if scale == count - 1 else contrast
        product = product * value.mean((2, 3)).clamp(min=_LEAST_SIMILARITY).pow(weight)
    return sides.mean(1 - product)


def lab_ab(sides: Sides) -> Tensor:
    """Mean absolute difference of CIELAB's a* and b* (D65, sRGB primaries), in hundreds."""
    return sides.mean((_ab(sides.result) - _ab(sides.truth)).abs())


def vgg(sides: Sides) -> Tensor:
    """Mean absolute difference of VGG19's last convolution (``perceptual.py``); luma as a grey picture."""
    if sides.features is None:
        raise FilmRecoveryError(
            "The loss vgg needs the weights of VGG19.",
            remedy="name their file as perceptual, or drop the loss",
        )
    features = sides.features
    seen = [side.expand(-1, 3, -1, -1) for side in (sides.result, sides.truth)]
    return sides.mean((features(seen[0]) - features(seen[1])).abs())


TERMS: Mapping[str, Callable[[Sides], Tensor]] = {
    "l1": absolute,
    "charbonnier": charbonnier,
    "chroma_magnitude": chroma_magnitude,
    "chroma_angle": chroma_angle,
    "ssim": structure,
    "ms_ssim": structure_at_scales,
    "lab_ab": lab_ab,
    "vgg": vgg,
}
# What spatial recovery cannot use: its chroma is locked.
CHROMA_TERMS = ("chroma_magnitude", "chroma_angle", "lab_ab")


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise FilmRecoveryError for a term that is unknown, weights that are not above 0, or none at all."""
    for name, weight in weights.items():
        if name not in TERMS:
            raise FilmRecoveryError(f"There is no loss {name!r}.", remedy=f"choose {' or '.join(TERMS)}")
        if not 0 < weight < float("inf"):
            raise FilmRecoveryError(f"The loss {name} has weight {weight:g}.", remedy="choose one above 0")
    if not weights:
        raise FilmRecoveryError("No loss is chosen.", remedy=f"choose {' or '.join(TERMS)}")


def check_recipe(weights: Mapping[str, float], recipe: str) -> None:
    """Raise FilmRecoveryError, by name, for terms that measure only what ``recipe`` locks."""
    useless = [name for name in weights if recipe == "spatial" and name in CHROMA_TERMS]
    if useless:
        raise FilmRecoveryError(
            f"Spatial recovery locks chroma, so the loss {' and '.join(useless)} cannot teach it anything.",
            remedy=f"choose {' or '.join(name for name in TERMS if name not in CHROMA_TERMS)}",
        )


def loss_terms(
    weights: Mapping[str, float],
    recipe: str,
    curve: Curve,
    result: Tensor,
    truth: Tensor,
    workers: Workers = ALONE,
    features: Features | None = None,
) -> dict[str, Tensor]:
    """The weighted terms by name; their sum is the loss. ``result``, ``truth``: N×3×H×W graph values.

    ``workers``: of whose patches these are a share; the terms of all of them add up. ``features``: VGG19 for
    the term vgg (``Settings.features``). Computed in float32 at least. Raises FilmRecoveryError for a term that
    ``recipe`` cannot use.
    """
    check_recipe(weights, recipe)
    with torch.autocast(result.device.type, enabled=False):
        if result.dtype != torch.float64:
            result, truth = result.float(), truth.float()
        if recipe == "spatial":
            result, truth = luma(result), luma(truth)
        result, truth = curve.encode(result), curve.encode(truth)
        sides = Sides(result, truth, result - truth, workers, features)
        return {name: weight * TERMS[name](sides) for name, weight in weights.items()}


def total(terms: Mapping[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


def scales_for(side: int) -> int:
    """How many scales of MS-SSIM, at most five, a picture has whose shorter side is ``side`` pixels."""
    return sum(side >> scale >= _WINDOW for scale in range(len(_SCALES)))


def similarity(one: Tensor, two: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM's two factors, of light and of contrast and structure, N×C×(H-10)×(W-10); white is 1.

    Gaussian window 11×11, σ 1.5, population moments, where the whole window lies inside: the convention of
    ``analysis.difference.ssim``.
    """
    # Around a common level: variances of small numbers do not drown in rounding.
    level = two.mean((2, 3), keepdim=True).detach()
    x, y = one - level, two - level
    mean_x, mean_y = _smooth(x), _smooth(y)
    variances = _smooth(x * x) - mean_x.square() + _smooth(y * y) - mean_y.square()
    covariance = _smooth(x * y) - mean_x * mean_y
    light_x, light_y = mean_x + level, mean_y + level
    light = (2 * light_x * light_y + _C1) / (light_x.square() + light_y.square() + _C1)
    return light, (2 * covariance + _C2) / (variances + _C2)


def _smooth(planes: Tensor) -> Tensor:
    """Gaussian mean at the places where the window fits."""
    reach = torch.arange(_WINDOW, dtype=torch.float64) - _WINDOW // 2
    taps = torch.exp(-reach.square() / (2 * _SIGMA**2))
    taps = (taps / taps.sum()).to(planes)
    # Every plane as a channel of its own, which torch's CPU kernels do 20 times as fast as planes of one channel.
    count = planes.shape[0] * planes.shape[1]
    flat = planes.reshape(1, count, *planes.shape[2:])
    columns, rows = (
        taps.view(1, 1, -1, 1).expand(count, -1, -1, -1),
        taps.view(1, 1, 1, -1).expand(count, -1, -1, -1),
    )
    flat = functional.conv2d(functional.conv2d(flat, columns, groups=count), rows, groups=count)
    return flat.view(*planes.shape[:2], *flat.shape[2:])


def _vector(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Chroma with the short neutral component, (u, v, 0.01), and its length: N×3×H×W, N×1×H×W.

    u = Cb - 0.5, v = Cr - 0.5 of Rec.709 on encoded values.
    """
    y = luma(rgb)
    u, v = (rgb[:, 2:3] - y) / 1.8556, (rgb[:, 0:1] - y) / 1.5748
    length = (u.square() + v.square() + _NEUTRAL**2).sqrt()
    return torch.cat([u, v, torch.full_like(u, _NEUTRAL)], 1), length


def _ab(encoded: Tensor) -> Tensor:
    """a* and b* of encoded sRGB colours, in hundreds: N×2×H×W."""
    matrix = torch.tensor(_RGB_TO_XYZ, dtype=torch.float64)
    matrix = (matrix / matrix.sum(1, keepdim=True)).to(encoded)
    xyz = functional.conv2d(_SRGB.decode(encoded), matrix[:, :, None, None])
    knee = (6 / 29) ** 3
    root = xyz.clamp(min=knee).pow(1 / 3)
    f = torch.where(xyz > knee, root, xyz * ((29 / 6) ** 2 / 3) + 4 / 29)
    x, y, z = f[:, 0:1], f[:, 1:2], f[:, 2:3]
    return torch.cat([5 * (x - y), 2 * (y - z)], 1)
