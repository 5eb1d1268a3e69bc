"""Simulated damage, seeded: what time and copying do to a film, applied to clean frames.

Only the demo and the tests use it; the product never does. All pictures are encoded sRGB, float32 0–1, H×W×3,
top row first. The models are simple on purpose, each stated where it stands:

* **dye fade**: optical density of each dye layer is scaled (cyan loses most, magenta least) and the base gains a
  yellow stain; the loss is stronger towards the edges of the frame and drifts over time. The scan is timed: one
  tone curve for the whole reel gives a neutral grey scale its right luma again, but not its colour.
* **generation loss**: Gaussian blur in linear light, as each optical printing adds one.
* **grain**: noise in density, slightly blurred, mostly common to the three layers.
* **gate weave**: the picture wanders by up to a few pixels, in 1/32-pixel steps.
* **overscan**: the scan shows film base and perforations around the picture.
* **video reference**: chroma at half resolution and 8-bit levels, as on a DVD.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.imaging.luma import luma

Picture = NDArray[np.float32]

MARGIN = (32, 24)  # overscan on each side: columns, rows
DENSITY_MAX = 3.0
KEPT = (0.60, 0.93, 0.80)  # share of cyan, magenta and yellow dye density that is left
STAIN = (0.0, 0.01, 0.06)  # density gained by the base in red, green and blue
EDGE_LOSS = 0.12  # further loss of cyan and yellow at the frame's edge
DRIFT = 0.05  # slow change of the loss over time
DRIFT_PERIOD = 90.0  # frames
WEAVE_STEP = 1 / 32  # pixels


@dataclass(frozen=True)
class Damage:
    """How much of each; zero or False leaves it out. ``blur`` in pixels, ``grain`` in density, ``weave`` in pixels."""

    fade: bool = False
    blur: float = 0.0
    grain: float = 0.0
    weave: float = 1.5


def to_linear(encoded: Picture) -> Picture:
    """sRGB (IEC 61966-2-1) to linear light."""
    low = encoded / 12.92
    high = ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high).astype(np.float32)


def to_encoded(linear: Picture) -> Picture:
    """Linear light to sRGB, limited to 0–1."""
    linear = np.clip(linear, 0, 1)
    high = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, high).astype(np.float32)


def weave_path(frames: int, amplitude: float, seed: int) -> NDArray[np.float64]:
    """Displacement of each frame, (frames, 2): to the right and up, in pixels, multiples of 1/32."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 1, (frames, 2))
    path = np.zeros((frames, 2))
    for index in range(1, frames):
        path[index] = 0.7 * path[index - 1] + steps[index]
    path *= amplitude / max(1.0, float(np.abs(path).max()))
    return np.round(path / WEAVE_STEP) * WEAVE_STEP


def damaged(picture: Picture, damage: Damage, index: int, seed: int) -> Picture:
    """The frame ``index`` of the damaged print, before it is scanned."""
    linear = to_linear(picture)
    if damage.blur:
        cv2.GaussianBlur(linear, (0, 0), damage.blur, dst=linear, borderType=cv2.BORDER_REFLECT_101)
    density = -np.log10(np.maximum(linear, 10**-DENSITY_MAX))
    if damage.fade:
        density = density * _kept(picture.shape[:2], index) + np.asarray(STAIN, np.float32)
    if damage.grain:
        density = density + _grain(picture.shape, damage.grain, seed * 100_003 + index)
    light = (10.0**-density).astype(np.float32)
    return to_encoded(_timed(light) if damage.fade else light)


def scanned(picture: Picture, shift: tuple[float, float]) -> Picture:
    """The picture in its film surround, displaced by ``shift`` (right, up) as the gate weaves."""
    columns, rows = MARGIN
    height, width = picture.shape[0] + 2 * rows, picture.shape[1] + 2 * columns
    placed = cv2.copyMakeBorder(picture, rows, rows, columns, columns, cv2.BORDER_REPLICATE)
    move = np.array([[1, 0, shift[0]], [0, 1, -shift[1]]], np.float64)
    moved = cv2.warpAffine(
        placed, move, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
    )
    scan = _surround(height, width)
    inside = (slice(rows, height - rows), slice(columns, width - columns))
    scan[inside] = np.clip(moved, 0, 1)[inside]
    return scan


def letterboxed(picture: Picture) -> Picture:
    """The picture on black, at the place and in the size of :func:`scanned`, as editors export a Reference."""
    columns, rows = MARGIN
    return np.pad(picture, ((rows, rows), (columns, columns), (0, 0)))


def video_reference(picture: Picture) -> Picture:
    """The same frame as a DVD keeps it: good colour at half chroma resolution, 8-bit levels."""
    ycc = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
    height, width = picture.shape[:2]
    small = cv2.resize(ycc[..., 1:], (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    ycc[..., 1:] = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    rgb = cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)
    return (np.round(np.clip(rgb, 0, 1) * 255) / 255).astype(np.float32)


def _kept(shape: tuple[int, int], index: int) -> NDArray[np.float32]:
    """Share of each dye that is left, H×W×3."""
    height, width = shape
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    edge = np.clip(0.7 * x**2 + 0.3 * y**2, 0, 1)
    drift = DRIFT * np.sin(2 * np.pi * index / DRIFT_PERIOD)
    loss = (1 - EDGE_LOSS * edge) * (1 - drift)
    layers = [KEPT[0] * loss, np.full_like(loss, KEPT[1]), KEPT[2] * loss]
    return np.stack(layers, axis=-1).astype(np.float32)


def _timed(light: Picture) -> Picture:
    """The faded print's light, exposed and graded so that neutral greys have the luma that they had when new."""
    greys = np.linspace(DENSITY_MAX, 0, 256)
    faded = 10.0 ** -(greys[:, None] * np.asarray(KEPT) + np.asarray(STAIN))
    y = luma(light)
    wanted = np.interp(y, luma(faded), 10.0**-greys)
    return light * (wanted / np.maximum(y, 1e-6))[..., None].astype(np.float32)


def _grain(shape: tuple[int, ...], strength: float, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 1, shape[:2])[..., None]
    layers = rng.normal(0, 1, shape)
    noise = cv2.GaussianBlur((0.9 * common + 0.45 * layers).astype(np.float32), (0, 0), 0.6)
    return noise * np.float32(strength / noise.std())


def _surround(height: int, width: int) -> Picture:
    """Film base with perforations at the left, as an overscan shows them."""
    scan = np.full((height, width, 3), 0.06, np.float32)
    scan[..., 0] += 0.02
    hole, pitch = max(4, height // 12), max(8, height // 6)
    for top in range(pitch // 3, height - hole, pitch):
        scan[top : top + hole, 6 : MARGIN[0] - 8] = 0.9
    return scan
