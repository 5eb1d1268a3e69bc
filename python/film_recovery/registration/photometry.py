"""What differs between two aligned pictures that is not geometry: which mix of channels they share, tone, detail.

The Quality Control of the alignment uses the mixes, so that a faded or monochrome picture is measured where it still
agrees with the other, and reports the rest, so that a difference of colour is not taken for one of place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.luma import WEIGHTS

Array = NDArray[Any]
Mix = tuple[float, float, float]

SMOOTH = 1.5  # pixels: finer detail is mostly grain, and suffers first from a displacement
RIDGE = 0.03  # of the mean variance: channels that say the same are weighed alike
SHARED = 0.6  # correlation below which the mixes are chance (pictures 10 px apart reach 0.5) and luma is taken instead
_LIMIT = 8.0  # times the median magnitude


@dataclass(frozen=True)
class Photometry:
    """Encoded values, 0–1, where both pictures show the scene.

    ``difference``: mean |Reference − Source| over channels. ``gain``: contrast of the Reference's luma over the
    Source's. ``agreement``: correlation of the two best mixes of channels, of detail finer than a tile, 0–1; 1 is the
    same picture but for tone. ``source_mix``, ``reference_mix``: weights of red, green, blue in those mixes.
    """

    difference: float
    gain: float
    agreement: float
    source_mix: Mix
    reference_mix: Mix

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def mixes(source: Array, reference: Array, counts: Array, coarse: float) -> tuple[Array, Array, float]:
    """The mixes (3,), (3,) of channels in which detail of both agrees best, and that correlation.

    The first canonical correlation (Hotelling 1936) of detail between SMOOTH and ``coarse`` pixels. H×W×3, H×W bool.
    """
    first, second = (
        _band(picture, counts, coarse)[counts].astype(np.float64) for picture in (source, reference)
    )
    for values in (first, second):
        limit = _LIMIT * np.median(np.abs(values), axis=0) + 1e-6
        np.clip(values, -limit, limit, out=values)
    left, right, both = first.T @ first, second.T @ second, first.T @ second
    whiten = []
    for own in (left, right):
        own += np.eye(3) * max(np.trace(own) / 3 * RIDGE, 1e-12)
        whiten.append(np.linalg.inv(np.linalg.cholesky(own)))
    turned, strength, other = np.linalg.svd(whiten[0] @ both @ whiten[1].T)
    mine, theirs = whiten[0].T @ turned[:, 0], whiten[1].T @ other[0]
    if strength[0] < SHARED:
        return np.array(WEIGHTS), np.array(WEIGHTS), float(np.clip(strength[0], 0, 1))
    if mine.sum() < 0:
        mine, theirs = -mine, -theirs
    return mine / np.abs(mine).sum(), theirs / np.abs(theirs).sum(), float(np.clip(strength[0], 0, 1))


def photometry(
    source: Array,
    reference: Array,
    counts: Array,
    luma: tuple[Array, Array],
    mixed: tuple[Array, Array, float],
) -> Photometry:
    """The figures. ``luma``: of both, H×W; ``mixed``: as :func:`mixes` gives them."""
    spread = [float(plane[counts].std()) for plane in luma]
    return Photometry(
        difference=float(np.abs(reference - source)[counts].mean()),
        gain=spread[1] / max(spread[0], 1e-6),
        agreement=mixed[2],
        source_mix=_three(mixed[0]),
        reference_mix=_three(mixed[1]),
    )


def _three(values: Array) -> Mix:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _band(picture: Array, counts: Array, coarse: float) -> Array:
    weight = counts.astype(np.float32)
    held = np.where(counts[..., None], picture, 0).astype(np.float32)
    out = []
    for sigma in (SMOOTH, coarse):
        blurred = cv2.GaussianBlur(held, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        share = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        out.append(blurred / np.maximum(share, 1e-3)[..., None])
    return np.asarray((out[0] - out[1]) * weight[..., None])
