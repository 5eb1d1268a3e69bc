"""How fine a picture resolves and how much grain it has, told apart: power spectra of its blocks.

Grain lies over the whole picture, detail only where there is some. So the blocks with least content say what the grain
looks like (its power at each frequency), and that is taken off the spectrum of the blocks with most: what is left is
detail. Two elements are judged on the same blocks, each against its own strength at low frequencies, so that neither
grain nor contrast nor fading counts as sharpness. The places need not coincide to the pixel: no phases are compared.

Planes are encoded luma, H×W float32, 0–1. Frequencies are in cycles per pixel of the common grid, 0–0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

Plane = NDArray[np.float32]
Curve = NDArray[np.float64]

BLOCK = 32  # pixels: eight cycles of the frequencies where films differ, and enough blocks in a small picture
BANDS = 16  # of frequency, each a 32nd of a cycle per pixel wide
_STEP = 16
_MOST_BLOCKS = 4000  # of large pictures: enough for the means, and some 100 MB
_QUIET, _RICH = 0.15, 0.30  # shares of the blocks that are taken for grain alone, and for detail
_CLIPPED = (0.03, 0.97)  # encoded luma outside which grain is crushed, so that such blocks say nothing of it
_LOW = slice(
    1, 3
)  # the bands that a picture's strength is measured in: 1/32–3/32 cycles, which every element keeps
_LEAST_BLOCKS = 24
_ALONE = (
    1.3  # detail shows where power is that much above grain's: two errors of its mean over some 100 blocks
)


@dataclass(frozen=True)
class Spectrum:
    """Of one picture. ``detail``: amplitude of detail by band, over that at low frequencies; NaN where grain hides it.

    ``grain``: standard deviation of encoded luma in quiet places. ``relative_grain``: the same over the amplitude of
    detail at low frequencies, so that contrast does not count. ``coarseness``: mean frequency of the grain's power.
    ``noise``: the grain's power by band, encoded luma squared; the lowest three bands hold shading too. ``power``: that
    of everything, over all blocks that are neither black nor white: the radial power spectrum.
    """

    detail: Curve
    grain: float
    relative_grain: float
    coarseness: float
    noise: Curve
    power: Curve


def frequencies() -> tuple[float, ...]:
    """The middle of each band, cycles per pixel."""
    return tuple((band + 0.5) / (2 * BANDS) for band in range(BANDS))


class TooLittle(FilmRecoveryError):
    """A picture has too little to judge its sharpness by."""


def spectra(source: Plane, reference: Plane) -> tuple[Spectrum, Spectrum]:
    """Of two pictures of one moment on one grid. Raises TooLittle where they have no content to judge by."""
    blocks = [_blocks(plane) for plane in (source, reference)]
    power = [_power(one) for one in blocks]
    fit = np.ones(len(blocks[0]), bool)
    for one in blocks:
        mean = one.mean(axis=(1, 2))
        fit &= (mean > _CLIPPED[0]) & (mean < _CLIPPED[1])
    if np.count_nonzero(fit) < _LEAST_BLOCKS:
        raise TooLittle(
            "Too little of the picture is neither black nor white to judge its sharpness.",
            remedy="look at another frame",
        )
    # By content at low and middle frequencies of both, each against its own, so both have the same say.
    content = sum(
        (one[fit, 1:5].sum(axis=1) / max(float(one[fit, 1:5].sum()), 1e-20) for one in power), np.zeros(1)
    )
    order = np.argsort(content, kind="stable")
    quiet = order[: max(_LEAST_BLOCKS // 3, int(_QUIET * len(order)))]
    rich = order[-max(_LEAST_BLOCKS // 3, int(_RICH * len(order))) :]
    first, second = (_spectrum(one[fit], quiet, rich) for one in power)
    return first, second


def relative_detail(source: Spectrum, reference: Spectrum) -> Curve:
    """Amplitude of the Reference's detail over the Source's, by band; NaN where either is hidden by grain."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return reference.detail / source.detail


def resolution(spectrum: Spectrum, other: Spectrum) -> float:
    """Cycles per pixel up to which a picture keeps half of the detail that the other one has, 0–0.5.

    What was in front of the camera is not known, so one is the measure of the other; 0.5 for a picture that is nowhere
    worse. Where grain hides one of them first, what it loses until there is carried on as a blur would: grain is no
    blur. Of a blur whose half is known, 6 % high (σ 0.8 pixels) to 19 % (σ 1.5: its low end is blurred too).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = spectrum.detail / other.detail
    known = int(np.argmax(np.isnan(kept))) if np.isnan(kept).any() else BANDS
    for band in range(known):
        if kept[band] < 0.5:
            before = float(kept[band - 1]) if band else 1.0
            return float((band - 0.5 + (before - 0.5) / (before - kept[band])) / (2 * BANDS))
    if known == BANDS or known < 2:
        return 0.5
    frequency = known - 0.5  # of the last two bands together, in bands
    lost = -float(np.log(min(1.0, np.sqrt(kept[known - 1] * kept[known - 2]))))
    return min(0.5, (frequency - 0.5) * float(np.sqrt(np.log(2) / max(lost, 1e-9))) / (2 * BANDS))


def _spectrum(power: NDArray[np.float64], quiet: NDArray[np.intp], rich: NDArray[np.intp]) -> Spectrum:
    grain = np.median(power[quiet], axis=0) / np.log(2) ** (
        1 / 3
    )  # power is skewed: its mean from its median
    both = power[rich].mean(axis=0)
    detail = np.maximum(both - grain, 0.0)
    low = max(float(np.sqrt(detail[_LOW].mean())), 1e-9)
    shown = np.where(both > _ALONE * grain, np.sqrt(detail) / low, np.nan)
    weights = _weights()
    # Only what lies above low frequencies: shading is no grain.
    noise = grain[3:] * weights[3:]
    level = float(np.sqrt(noise.sum() / weights[3:].sum()))
    frequency = (np.arange(BANDS) + 0.5)[3:] / (2 * BANDS)
    coarseness = float((frequency * noise).sum() / max(float(noise.sum()), 1e-20))
    return Spectrum(shown, level, level / low, coarseness, grain, power.mean(axis=0))


def _blocks(plane: Plane) -> NDArray[np.float64]:
    height, width = plane.shape
    step = max(_STEP, round((height * width / _MOST_BLOCKS) ** 0.5))
    rows, columns = range(0, height - BLOCK + 1, step), range(0, width - BLOCK + 1, step)
    if not rows or not columns:
        raise TooLittle(
            f"A picture of {width} × {height} pixels is too small to judge.", remedy="give whole frames"
        )
    return np.stack(
        [plane[y : y + BLOCK, x : x + BLOCK] for y in rows for x in columns],
        dtype=np.float64,
        casting="unsafe",
    )


def _power(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power of each block by band, such that white noise of deviation s has s² in each. Linear slopes go first."""
    ramp = np.linspace(-1, 1, BLOCK)
    flat = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    for axis in (1, 2):
        along = ramp[:, None] if axis == 1 else ramp[None, :]
        flat = flat - (flat * along).mean(axis=(1, 2), keepdims=True) / (along**2).mean() * along
    window = np.outer(np.hanning(BLOCK), np.hanning(BLOCK))
    transformed = np.abs(np.fft.fft2(flat * window)) ** 2 / (window**2).sum()
    within = (_bands()[:, None] == np.arange(BANDS)).astype(np.float64)
    return np.asarray(transformed.reshape(len(blocks), -1) @ within) / _weights()


def _bands() -> NDArray[np.intp]:
    frequency = np.fft.fftfreq(BLOCK)
    radius = np.hypot(frequency[:, None], frequency[None, :])
    return np.minimum(radius * 2 * BANDS, BANDS).astype(np.intp).ravel()


def _weights() -> NDArray[np.float64]:
    """How many of a block's coefficients are in each band."""
    return np.bincount(_bands(), minlength=BANDS + 1)[:BANDS].astype(np.float64)


def blockiness(plane: Plane, size: int = 8) -> float:
    """How much stronger the steps at the seams of ``size`` × ``size`` blocks are than those within them; 0: not at all.

    The largest over all places of the grid, the weaker of both directions; relative to the picture's own fine steps.
    A picture that was enlarged after its compression has wider blocks: not seen here. On the free photographs:
    0.01–0.14 (one is a JPEG of good quality), 0.8–1.9 at JPEG quality 20.
    """
    found = []
    for turned in (plane, plane.T):
        # The second difference leaves out slopes; a seam is a step between two smooth sides.
        step = np.abs(turned[:, 1:-2] - turned[:, 2:-1]) - 0.5 * (
            np.abs(turned[:, :-3] - turned[:, 1:-2]) + np.abs(turned[:, 2:-1] - turned[:, 3:])
        )
        column = np.median(cv2.blur(step, (1, 5)), axis=0) + step.mean(axis=0)
        own = float(np.abs(turned[:, 1:] - turned[:, :-1]).mean()) + 1e-6
        # A median over the seams: one border between two pictures is no grid.
        folded = np.array([np.median(column[phase::size]) for phase in range(size)])
        found.append(float(folded.max() - np.median(folded)) / own)
    return round(max(0.0, min(found)), 6)
