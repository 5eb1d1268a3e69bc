"""Whether an element was decoded with the wrong YCbCr matrix: Rec.601 as Rec.709, or the other way round.

Seen only beside the other element, and only suspected. Matched frames are reduced to patches. Each channel of the
Reference is explained by that channel of the Source with a gain and an offset (so much, fading may do), by a change of
saturation, and by *γ* times what a wrong matrix would have changed: γ is 0 where the matrix is right, 1 where Rec.601
was decoded as Rec.709, −1 in the opposite case. Measured on panned photographs and a clip: within 0.15 of these,
within 0.45 when the Source's channels faded by different powers too.

Rec.601: ITU-R BT.601-7 §2.5.1, luma 0.299 R + 0.587 G + 0.114 B; Rec.709: ``imaging.luma``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.footage.finding import Finding
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import RGB_TO_YCBCR, WEIGHTS, YCBCR_TO_RGB

_R, _G, _B = 0.299, 0.587, 0.114
_TO_601 = np.array([[_R, _G, _B], [-_R / 1.772, -_G / 1.772, 0.5], [0.5, -_G / 1.402, -_B / 1.402]])
MISREAD_601 = (
    np.asarray(YCBCR_TO_RGB) @ _TO_601
)  # RGB as it should be → as Rec.709 decodes what Rec.601 encoded
_CHANGE = MISREAD_601 - np.eye(3)
_PATCHES = 24  # columns of patches: large enough that some pixels of misalignment do not count
_PARTS = 12  # each left out once, for the spread of γ (jackknife)
# Standard deviation of the patches' chroma in its weaker direction. A picture of one hue (0.0024) cannot tell a matrix
# from a change of saturation; others had 0.008 to 0.03.
_VARIED = 0.005
_LIKE = 0.3  # residual over colour, above which the frames do not match: γ was off by 0.5 at 0.37, by 0.15 below 0.25
_SURE = 0.45  # how far γ may be from ±1
_SPREAD = 0.2


@dataclass(frozen=True)
class Mixture:
    """``gamma`` as above, with its standard error ``spread``. ``residual``: RMS of what stays unexplained, ``colour``:
    RMS distance of the Reference's patches from grey, ``variety``: of their chroma in its weaker direction; encoded."""

    gamma: float
    spread: float
    residual: float
    colour: float
    variety: float


def mixture(pairs: Iterable[tuple[Pixels, Pixels]]) -> Mixture | None:
    """From Source and Reference of matched moments, encoded, H×W×3; None without any pair."""
    rows = [(_patches(source), _patches(reference)) for source, reference in pairs]
    if not rows:
        return None
    source, reference = (np.concatenate(side) for side in zip(*rows, strict=True))
    gamma, residual = _fit(source, reference)
    parts = np.arange(len(source)) * _PARTS // len(source)
    left_out = [_fit(source[parts != part], reference[parts != part])[0] for part in range(_PARTS)]
    spread = float(np.sqrt((_PARTS - 1) / _PARTS * np.sum((np.array(left_out) - np.mean(left_out)) ** 2)))
    chroma = reference @ np.asarray(RGB_TO_YCBCR)[1:].T
    variety = float(np.sqrt(max(0.0, np.linalg.eigvalsh(np.cov(chroma.T))[0])))
    colour = float(np.sqrt(np.mean((reference - reference.mean(axis=1, keepdims=True)) ** 2)))
    return Mixture(gamma, spread, residual, colour, variety)


def matrix_finding(found: Mixture | None) -> Finding:
    """``levels.matrix``, of the Reference against the Source. Value: the figures of the mixture."""
    element = "Reference"
    if found is None:
        reason = "Without matched frames nothing is told of the matrix of the Reference."
        return Finding("levels.matrix", element, "info", None, reason)
    value = {name: round(one, 4) for name, one in asdict(found).items()}
    if found.variety < _VARIED or found.spread > _SPREAD or found.residual > _LIKE * found.colour:
        few = found.variety < _VARIED
        why = "the matched frames have too few colours" if few else "the elements' colours are too unlike"
        reason = f"The matrix of the Reference cannot be told: {why}."
        return Finding("levels.matrix", element, "info", value, reason)
    if 1 - abs(found.gamma) > _SURE or abs(found.gamma) - 1 > _SURE:
        reason = f"Nothing speaks for a wrong matrix of the Reference (γ {found.gamma:.2f}; 1 or −1 would)."
        return Finding("levels.matrix", element, "pass", value, reason)
    fault = "Rec.601 decoded as Rec.709" if found.gamma > 0 else "Rec.709 decoded as Rec.601"
    confidence = max(0.0, 1 - abs(abs(found.gamma) - 1)) * (1 - found.spread)
    reason = (
        f"The colours of the Reference are those of {fault}, held against the Source (γ {found.gamma:.2f} ± "
        f"{found.spread:.2f}); a suspicion, confidence {confidence:.2f}: the Source may be the wrong one, or faded so."
    )
    remedy = (
        "decode the element with the matrix of its standard (Rec.601 for standard definition) and export again",
        "hold a known colour against it before",
    )
    return Finding(
        "levels.matrix", element, "warn", {**value, "confidence": round(confidence, 3)}, reason, remedy
    )


def _patches(picture: Pixels) -> NDArray[np.float64]:
    """Means over a coarse grid that is the same for both elements, N×3."""
    small = cv2.resize(picture, (_PATCHES, _PATCHES * 3 // 4), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64).reshape(-1, 3)


def _fit(source: NDArray[np.float64], reference: NDArray[np.float64]) -> tuple[float, float]:
    """γ and the RMS residual."""
    count = len(source)
    changed = reference @ _CHANGE.T
    saturated = reference - (reference @ np.asarray(WEIGHTS))[:, None]
    known = np.zeros((3, count, 8))
    for channel in range(3):
        known[channel, :, channel] = source[:, channel]
        known[channel, :, 3 + channel] = 1
    known[:, :, 6], known[:, :, 7] = saturated.T, changed.T
    rows, wanted = known.reshape(-1, 8), reference.T.reshape(-1)
    fit, *_ = np.linalg.lstsq(rows, wanted, rcond=None)
    return float(fit[7]), float(np.sqrt(np.mean(np.square(wanted - rows @ fit))))
