"""Recovered clips with known faults in a few frames: what the search for outliers is measured on.

A clip is a Source with a known past (faded or soft, grainy, weaving, flickering) and what a good recovery makes of it;
``planted`` gives a frame of it with one fault near visibility. Only the benchmark and the tests use it; the product
never does. All pictures are encoded sRGB, float32, H×W×3, top row first; what is recovered is rounded to half, as a
master is, and not limited to 0–1.

* **sharpened**: spatial. The Source's luma through the unsharp mask that serves it best; its chroma as it is.
* **restored**: spatial. The clean picture's luma with a fine grain of its own; the Source's chroma. Nothing in it
  follows the Source's grain, which is the harder case.
* **coloured**: colour. The Source's luma; chroma by the polynomial of the second degree that serves it best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from film_recovery.analysis.baselines import fit_unsharp_mask
from film_recovery.demo.degrade import Damage, Picture, damaged, weave_path
from film_recovery.imaging.luma import chroma, luma, rgb_to_ycbcr, ycbcr_to_rgb

MODES = ("sharpened", "restored", "coloured")
FLICKER = 0.012  # of the Source's own light, from frame to frame: the recovery keeps it
WEAVE = 1.0  # pixels
LED_IN = 16  # frames by which the film has been running: the weave of the first is one like any other
TRAINED = 4  # frames that a recovery is fitted to

# What is planted, near visibility.
TURN = 3.0  # degrees of hue
GAIN = 0.01  # of luma
STEP = 2 / 255  # of luma, on one side of a line
OVERSHOOT = 0.03  # of the contrast of an edge one pixel soft
GRAIN_LEFT = 0.7  # of its power
LEVELS = 64  # of 6 bit
BLEED = 2.0  # pixels of blur on chroma
STAIRS = 2  # pixels of the stairs that strong edges become
SKIN_OFF = 3 / 255  # of Cr, on what has the colour of skin
FAULTS = ("hue", "flicker", "seam", "halo", "grain", "banding", "bleed", "edges", "skin")
# What a picture must have for a fault to show.
LEAST_CHROMA = 0.015  # root mean square of Cb, Cr: 3 degrees of it are a fifth of a code
LEAST_SKIN = 0.01  # of the picture


@dataclass(frozen=True, eq=False)
class Clip:
    """One shot. ``clean``: the film as it was. ``grain``: of the Source, in density."""

    mode: str
    clean: Sequence[Picture]
    grain: float
    seed: int

    @property
    def frames(self) -> range:
        return range(1, len(self.clean) + 1)

    def source(self, frame: int) -> Picture:
        return self._scan(frame, self.grain)

    def recovered(self, frame: int) -> Picture:
        """A good recovery of ``frame``."""
        return _rounded(self._recovered(frame, 1.0))

    def planted(self, frame: int, fault: str, rng: Generator) -> Picture:
        """The same with ``fault``. Raises ValueError for one that there is not."""
        if fault == "grain":
            return _rounded(self._recovered(frame, GRAIN_LEFT**0.5))
        return _rounded(_with(self._recovered(frame, 1.0), fault, rng))

    def shows(self, frame: int, fault: str) -> bool:
        """Whether the clean ``frame`` has what ``fault`` is planted in: colour, or skin."""
        ycc = rgb_to_ycbcr(self.clean[frame - 1])
        if fault == "skin":
            return bool(_skin(ycc).mean() >= LEAST_SKIN)
        return fault not in ("hue", "bleed") or float((ycc[..., 1:] ** 2).sum(-1).mean()) >= LEAST_CHROMA**2

    def _scan(self, frame: int, grain: float) -> Picture:
        index = frame - 1
        fade = self.mode == "coloured"
        damage = Damage(fade=fade, blur=0.4 if fade else 1.0, grain=grain)
        # Grain is that of the print: it does not weave, and no interpolation softens it.
        return damaged(self._woven(self._steady(index), index), damage, index, self.seed)

    def _woven(self, picture: Picture, index: int) -> Picture:
        right, up = weave_path(LED_IN + len(self.clean), WEAVE, self.seed)[LED_IN + index]
        move = np.array([[1, 0, right], [0, 1, -up]])
        size = picture.shape[1], picture.shape[0]
        # As ``scanned``: fine detail is nearly the same at each shift.
        moved = cv2.warpAffine(picture, move, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)
        return np.clip(np.asarray(moved, np.float32), 0, 1)

    def _steady(self, index: int) -> Picture:
        """The clean frame in the light that the Source had that moment."""
        light = 1 + FLICKER * np.random.default_rng(self.seed * 7919 + index).normal()
        return np.asarray(np.clip(self.clean[index] * light, 0, 1), np.float32)

    def _recovered(self, frame: int, grain: float) -> Picture:
        source = self._scan(frame, self.grain * (1.0 if self.mode == "restored" else grain))
        if self.mode == "sharpened":
            return _mask(self).apply(source)
        if self.mode == "coloured":
            y, colours = luma(source), _features(source) @ _polynomial(self)
            return ycbcr_to_rgb(np.concatenate([y[..., None], colours.astype(np.float32)], axis=-1))
        own = Damage(grain=self.grain * 0.8 * grain)
        clean = damaged(self._woven(self._steady(frame - 1), frame - 1), own, frame - 1, self.seed + 1)
        return ycbcr_to_rgb(np.concatenate([luma(clean)[..., None], chroma(source)], axis=-1))


def _with(picture: Picture, fault: str, rng: Generator) -> Picture:
    ycc = rgb_to_ycbcr(picture)
    sign = float(rng.choice([-1.0, 1.0]))
    height, width = picture.shape[:2]
    if fault == "hue":
        turn = np.exp(1j * np.radians(sign * TURN))
        turned = (ycc[..., 1] + 1j * ycc[..., 2]) * turn
        ycc[..., 1], ycc[..., 2] = turned.real, turned.imag
    elif fault == "flicker":
        ycc[..., 0] *= 1 + sign * GAIN
    elif fault == "seam":
        if rng.random() < 0.5:
            ycc[:, int(rng.uniform(0.15, 0.85) * width) :, 0] += sign * STEP
        else:
            ycc[int(rng.uniform(0.15, 0.85) * height) :, :, 0] += sign * STEP
    elif fault == "halo":
        # An edge one pixel soft, less its blur of three pixels, peaks at a quarter of its contrast.
        wide = ycc[..., 0] - cv2.GaussianBlur(ycc[..., 0], (0, 0), 3.0)
        ycc[..., 0] += 4 * OVERSHOOT * wide * _strong(ycc[..., 0], 9)
    elif fault == "edges":
        small = cv2.resize(ycc[..., 0], (width // STAIRS, height // STAIRS), interpolation=cv2.INTER_AREA)
        stairs = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
        ycc[..., 0] += (stairs - ycc[..., 0]) * _strong(ycc[..., 0], 3)
    elif fault == "bleed":
        ycc[..., 1:] = cv2.GaussianBlur(ycc[..., 1:], (0, 0), BLEED)
    elif fault == "skin":
        ycc[..., 2] += sign * SKIN_OFF * _skin(ycc)
    elif fault == "banding":
        return np.asarray(np.round(picture * (LEVELS - 1)) / (LEVELS - 1), np.float32)
    else:
        raise ValueError(fault)
    return ycbcr_to_rgb(ycc)


def _strong(y: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """1 within ``reach`` pixels of strong edges, 0 away from them, soft between."""
    smooth = cv2.GaussianBlur(y, (0, 0), 1.5)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8
    strong = (slope > max(0.01, float(np.percentile(slope, 90)))).astype(np.uint8)
    wide = cv2.dilate(strong, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    return np.asarray(cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 1.0), np.float32)


def _skin(ycc: Picture) -> NDArray[np.float32]:
    """1 where the colour is that of light skin, by the hue of Cb, Cr, soft at its ends."""
    smooth = cv2.GaussianBlur(ycc, (0, 0), 2.0)
    angle = np.degrees(np.arctan2(smooth[..., 2], smooth[..., 1]))
    size = np.hypot(smooth[..., 1], smooth[..., 2])
    inside = (np.abs(angle - 128) < 20) & (size > 0.03) & (size < 0.2) & (smooth[..., 0] > 0.2)
    return np.asarray(cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2.0), np.float32)


@lru_cache(maxsize=64)
def _mask(clip: Clip):  # type: ignore[no-untyped-def]
    return fit_unsharp_mask(_pairs(clip))


@lru_cache(maxsize=64)
def _polynomial(clip: Clip) -> NDArray[np.float64]:
    inner: NDArray[np.float64] = np.zeros((10, 10))
    cross: NDArray[np.float64] = np.zeros((10, 2))
    for source, truth in _pairs(clip):
        x, y = _features(source).reshape(-1, 10), chroma(truth).reshape(-1, 2).astype(np.float64)
        inner, cross = inner + x.T @ x, cross + x.T @ y
    return np.asarray(np.linalg.solve(inner, cross), np.float64)


def _pairs(clip: Clip) -> list[tuple[Picture, Picture]]:
    indices = np.linspace(0, len(clip.clean) - 1, TRAINED).astype(int)
    steady = [clip._woven(clip._steady(index), index) for index in indices]
    return [(clip.source(int(index) + 1), truth) for index, truth in zip(indices, steady, strict=True)]


def _features(picture: Picture) -> NDArray[np.float64]:
    r, g, b = np.moveaxis(picture.astype(np.float64), -1, 0)
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, b * r], axis=-1)


def _rounded(picture: Picture) -> Picture:
    return picture.astype(np.float16).astype(np.float32)
