"""A photograph under a camera that pans, with the grain of each frame; what a telecine does to it; and files of it.

Frames are float32, 0–1, top row first. Used by the tests of stage 0's measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from film_recovery import demo
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

PHOTOGRAPHS = Path(demo.__file__).parent / "photographs"
SIZE = (208, 160)
Pictures = list[np.ndarray]


@cache
def photograph(name: str) -> np.ndarray:
    return cv2.imread(str(PHOTOGRAPHS / name))[..., ::-1].astype(np.float32) / 255


def film(count: int, name: str = "coffee.png", *, grain: float = 0.02, speed: float = 2.0) -> Pictures:
    """``speed``: pixels that the camera moves a frame, back and forth."""
    rng = np.random.default_rng(count)
    frames = []
    for number in range(count):
        swing = 40 * np.sin(number * speed / 40)
        matrix = np.array([[1, 0, 100 + swing], [0, 1, 60 + 0.4 * swing]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(photograph(name), matrix, SIZE, flags=flags)
        noise = cv2.GaussianBlur(rng.normal(0, 2 * grain, SIZE[::-1]).astype(np.float32), (0, 0), 0.8)
        frames.append(np.clip(seen + noise[..., None], 0, 1).astype(np.float32))
    return frames


def copied(frames: Sequence[np.ndarray], noise: float = 0.003) -> Pictures:
    """As a video machine copies: with noise of its own on each frame."""
    rng = np.random.default_rng(7)
    return [np.clip(one + rng.normal(0, noise, one.shape), 0, 1).astype(np.float32) for one in frames]


def woven(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    frame = upper.copy()
    frame[1::2] = lower[1::2]
    return frame


def pulldown(frames: Sequence[np.ndarray]) -> Pictures:
    """2:3: four frames of film in five of video, two of these with fields of two frames."""
    found: Pictures = []
    for first in range(0, len(frames) - 3, 4):
        a, b, c, d = frames[first : first + 4]
        found += [a, b, woven(b, c), woven(c, d), d]
    return found


def blended_pulldown(frames: Sequence[np.ndarray]) -> Pictures:
    found: Pictures = []
    for first in range(0, len(frames) - 3, 4):
        a, b, c, d = frames[first : first + 4]
        found += [a, b, (b + c) / 2, (c + d) / 2, d]
    return found


def at_rate(frames: Sequence[np.ndarray], to: int, of: int) -> Pictures:
    """``of`` frames a second become ``to``, by frames repeated or left out."""
    return [frames[int(index * of / to)] for index in range(len(frames) * to // of)]


def write(
    folder: Path, frames: Sequence[np.ndarray], *, name: str = "scan", kind: str = "exr", **more: object
) -> str:
    """Frames 1001 and on; the pattern."""
    for number, pixels in enumerate(frames, 1001):
        write_one(folder, number, pixels, name=name, kind=kind, **more)
    return str(folder / f"{name}.####.{kind}")


def write_one(
    folder: Path, number: int, pixels: np.ndarray, *, name: str = "scan", kind: str = "exr", **more: object
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.{number}.{kind}"
    if kind == "exr":
        write_frame(Frame.from_array(pixels, top_down=True, **more), path, datatype="half")
    else:
        depth = {"png": (np.uint8, 255), "tif": (np.uint16, 65535)}[kind]
        stored = np.rint(pixels * depth[1]).astype(depth[0])
        cv2.imwrite(str(path), stored[..., ::-1])
    return path
