"""One brightness for two stocks: the Reference's colours mixed and bent until they look like the Source's.

Unlike tone curves shift the apparent place of a soft edge, and channels that faded unlike carry unlike grain. So the
Source is taken in the mixture of its channels in which it agrees best with the Reference, and the Reference in the
polynomial of its channels that foretells that mixture. Both are least squares on roughly aligned pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.luma import WEIGHTS
from film_recovery.registration.normalise import Mask, Plane, band

_ROUNDS = 3
_CUT = 3.0  # robust standard deviations beyond which a pixel is dirt and takes no part
_RIDGE = 1e-3  # of the power of a channel: equal channels (monochrome) have no mixture of their own
_MOST = 60_000  # pixels: enough for nine numbers


@dataclass(frozen=True)
class Tone:
    """``terms``: one number for each of :func:`terms` of the Reference. ``source``: for each channel of the Source."""

    terms: tuple[float, ...]
    source: tuple[float, ...]

    def of_reference(self, picture: NDArray[Any]) -> Plane:
        made = np.zeros(picture.shape[:2], np.float32)
        for weight, term in zip(self.terms, terms(picture), strict=True):
            made += np.float32(weight) * term
        return made

    def of_source(self, picture: NDArray[Any]) -> Plane:
        weights = np.array(self.source, np.float32)
        return np.ascontiguousarray(picture.reshape(*picture.shape[:2], -1) @ weights)


def terms(picture: NDArray[Any]) -> list[Plane]:
    """Channels, their squares and products: nine of H×W×3, two of one channel."""
    channels = [picture] if picture.ndim == 2 else [picture[..., n] for n in range(picture.shape[2])]
    pairs = [(a, b) for a in range(len(channels)) for b in range(a, len(channels))]
    return [np.asarray(c, np.float32) for c in channels] + [
        np.asarray(channels[a] * channels[b], np.float32) for a, b in pairs
    ]


def agreed(
    reference: NDArray[Any], source: NDArray[Any], mask: Mask, fine: float, wide: float
) -> Tone | None:
    """The tone of two pictures that lie on one another (H×W or H×W×3); None where they do not agree in the least.

    ``mask``: where both are picture; ``fine``, ``wide``: the band, in their pixels.
    """
    step = max(1, int(np.count_nonzero(mask)) // _MOST)
    told = np.stack([band(term, mask, fine, wide)[mask][::step] for term in terms(reference)], 1).astype(
        np.float64
    )
    flat = source.reshape(*source.shape[:2], -1)
    channels = [np.ascontiguousarray(flat[..., n]) for n in range(flat.shape[2])]
    wanted = np.stack([band(channel, mask, fine, wide)[mask][::step] for channel in channels], 1).astype(
        np.float64
    )
    size = np.asarray(np.sqrt((told**2).mean(0)) + 1e-9)
    told /= size
    counts: NDArray[np.float64] = np.ones(len(told))
    for _ in range(_ROUNDS):
        weighted = told * counts[:, None]
        normal = weighted.T @ told
        normal += np.eye(len(normal)) * _RIDGE * counts.sum()
        solved = np.linalg.solve(normal, weighted.T @ wanted)
        left = wanted - told @ solved
        spread = np.asarray(1.4826 * np.median(np.abs(left), axis=0) + 1e-9)
        counts = np.asarray((np.abs(left) < _CUT * spread).all(axis=1), np.float64)
    foretold = (told @ solved)[counts > 0]
    mixture = _mixture(foretold, left[counts > 0])
    if mixture is None:
        return None
    return Tone(tuple((solved @ mixture / size).tolist()), tuple(mixture.tolist()))


def _mixture(foretold: NDArray[np.float64], left: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The channels' weights for which what is foretold is largest beside what is left; their sum of squares is 1."""
    signal, noise = foretold.T @ foretold, left.T @ left
    noise = noise + np.eye(len(noise)) * 1e-2 * np.trace(noise) / len(noise)
    if not np.trace(signal) > 0:
        return None
    values, vectors = np.linalg.eig(np.linalg.solve(noise, signal))
    weights = np.real(vectors[:, int(np.argmax(np.real(values)))])
    usual = np.array(WEIGHTS) if len(weights) == 3 else np.ones(1)
    weights = weights / np.linalg.norm(weights)
    return weights * (1.0 if weights @ usual >= 0 else -1.0)
