"""Photographs as a film: panned views of them, simulated damage, pairs. What the learning benchmarks train on.

A photograph stands for a shot; a *view* is what a camera sees that pans and zooms over it, so the views of one shot
overlap as the frames of a shot do. Blur and grain are those of the demo (``film_recovery.demo.degrade``), dust is added
to them; the *strong* fade is stronger and more uneven than the demo's (*mild*), which a cubic polynomial undoes almost
wholly:

* the dyes keep 50, 90 and 72 % of their density (cyan, magenta, yellow), each also absorbs a little of its neighbours'
  light, and the base turns yellow;
* the loss varies over the frame by about a quarter, in blotches and towards the edges: the same on every frame, while
  the camera moves, and it drifts over time by 5 %;
* one tone curve for the whole reel gives neutral greys the luma that they had, as a timed scan does; then grain.

Pictures are encoded sRGB, float32 0–1, H×W×3, top row first; pairs hold scene-linear values, as the node graph does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery import demo
from film_recovery.demo.degrade import Damage, Picture, damaged, to_encoded, to_linear, video_reference
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.luma import luma
from film_recovery.learning.pairs import Pair

OWN = Path(demo.__file__).parent / "photographs"
DAMAGE = {
    "strong": Damage(grain=0.008),  # on top of the fade that is made here
    "mild": Damage(fade=True, grain=0.008),  # the demo's
    "spatial": Damage(blur=1.1, grain=0.015),
}
LOST = np.array((0.50, 0.10, 0.28))  # share of cyan, magenta and yellow density that went
STAIN = np.array((0.0, 0.03, 0.10))  # density that the base gained in red, green and blue
ABSORBED = np.array(
    [[1.0, 0.06, 0.02], [0.10, 1.0, 0.08], [0.03, 0.12, 1.0]]
)  # of red, green, blue by each dye
UNEVEN = 0.25  # standard deviation of the loss over the frame, relative
DENSITY_MAX = 3.0
SHOT_FRAMES = 24  # the fade drifts over time: a shot is that long
SPECKS = 12  # of dust, on each frame of the spatial task
SEED = 2026

Reference = Callable[[Picture], Picture]


def read(folder: Path, names: Sequence[str]) -> list[Picture]:
    """The photographs ``names`` in ``folder``. Raises FilmRecoveryError naming one that cannot be read."""
    return [_read(folder / name) for name in names]


def view(photograph: Picture, place: float, size: tuple[int, int]) -> Picture:
    """What a camera sees (``size``: width, height) at ``place`` 0–1 of its way from one corner to the other."""
    width, height = size
    rows, columns = photograph.shape[:2]
    zoom = 1.0 + 0.06 * place
    left, top = (columns - width / zoom - 1) * place, (rows - height / zoom - 1) * (1 - place)
    matrix = np.array([[1 / zoom, 0, left], [0, 1 / zoom, top]])
    flags = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(photograph, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.clip(seen, 0, 1).astype(np.float32)


def shot_pairs(
    photographs: Sequence[Picture],
    places: Sequence[float],
    recipe: str,
    size: tuple[int, int],
    fade: str = "strong",
    furthest: float | None = None,
) -> list[Pair]:
    """A pair for each photograph and place, with the damage of ``recipe``.

    ``furthest``: the Reference is a video (:func:`worn`) that lies up to so many pixels beside; None: it is exact.
    """
    pairs = []
    for shot, photograph in enumerate(photographs):
        for place in places:
            frame = SHOT_FRAMES * shot + round((SHOT_FRAMES - 1) * place)
            reference = exact if furthest is None else worn(recipe, furthest, frame)
            pairs.append(make_pair(view(photograph, place, size), recipe, frame, reference, fade))
    return pairs


def exact(picture: Picture) -> Picture:
    """The Reference of an element that shows the same."""
    return picture


def make_pair(
    picture: Picture,
    recipe: str,
    index: int,
    reference: Reference = exact,
    fade: str = "strong",
) -> Pair:
    """``picture`` as frame ``index`` of a damaged print, and the Ground Truth of ``recipe`` made with a Reference.

    ``reference``: what the other element of the film shows where this one shows ``picture``. ``fade``: of the
    colour recipe, strong or mild.
    """
    if recipe == "spatial":
        print_ = _dusty(damaged(picture, DAMAGE[recipe], index, SEED), index)
    else:
        before = _faded(picture, index) if fade == "strong" else picture
        print_ = damaged(before, DAMAGE[fade], index, SEED)
    source, better = to_linear(print_), to_linear(reference(picture))
    apart = (luma(better) - luma(source))[..., None]
    truth = better - apart if recipe == "colour" else source + apart
    return Pair(source, np.ascontiguousarray(truth, np.float32), f"frame {index}")


def misaligned(furthest: float, seed: int) -> Reference:
    """A Reference that lies up to ``furthest`` pixels beside the Source, as far as ``seed`` says."""
    across, down = np.random.default_rng((SEED, seed)).uniform(-furthest, furthest, 2)
    matrix = np.array([[1, 0, across], [0, 1, down]])

    def reference(picture: Picture) -> Picture:
        size = picture.shape[1], picture.shape[0]
        moved = cv2.warpAffine(
            picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        return np.clip(moved, 0, 1).astype(np.float32)

    return reference


def worn(recipe: str, furthest: float, seed: int) -> Reference:
    """The Reference as films have it: beside the Source, and for colour a video's chroma and 8 bit."""
    beside = misaligned(furthest, seed)
    return (lambda same: video_reference(beside(same))) if recipe == "colour" else beside


def shown(picture: Picture) -> Picture:
    """Scene-linear values as a display shows them: encoded sRGB, limited to 0–1."""
    return to_encoded(picture)


def _faded(picture: Picture, index: int) -> Picture:
    """The faded print of frame ``index``, timed so that greys have the luma that they had when new."""
    density = -np.log10(np.maximum(to_linear(picture), 10**-DENSITY_MAX))
    drift = 1 + 0.05 * np.sin(2 * np.pi * index / 90)
    light = _printed(density, _unevenness(picture.shape[:2])[..., None] * drift)
    greys = np.linspace(DENSITY_MAX, 0, 256)
    grey_light = _printed(np.repeat(greys[:, None], 3, axis=1), np.ones((256, 1)))
    y = luma(light)
    wanted = np.interp(y, luma(grey_light), 10.0**-greys)
    return to_encoded((light * (wanted / np.maximum(y, 1e-6))[..., None]).astype(np.float32))


def _printed(density: NDArray[np.float64], loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light through dyes of ``density`` (…, 3) when they have faded by ``loss`` (…, 1; 1 is the average)."""
    faded = density * (1 - LOST * loss)
    light: NDArray[np.float64] = 10.0 ** -(faded @ (ABSORBED / ABSORBED.sum(1, keepdims=True)).T + STAIN)
    return light


def _unevenness(shape: tuple[int, int]) -> NDArray[np.float64]:
    """How fast each place of the frame fades, H×W: blotches an eighth of the width wide, mean 1."""
    height, width = shape
    noise = np.random.default_rng(SEED).normal(0, 1, (12, 16))
    blotches = cv2.resize(
        cv2.GaussianBlur(noise, (0, 0), 1.0), (width, height), interpolation=cv2.INTER_CUBIC
    )
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    field = blotches / blotches.std() + 1.5 * (0.7 * x**2 + 0.3 * y**2)
    return 1 + UNEVEN * (field - field.mean()) / field.std()


def _dusty(picture: Picture, index: int) -> Picture:
    """Soft white and black specks, one to four pixels wide, elsewhere on every frame."""
    random = np.random.default_rng((SEED, index))
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out = picture.copy()
    for _ in range(SPECKS):
        down, across, radius = random.uniform(0, height), random.uniform(0, width), random.uniform(0.5, 2.0)
        colour = 0.95 if random.random() < 0.5 else 0.03
        cover = np.clip(radius + 0.5 - np.hypot(y - down, x - across), 0, 1)[..., None]
        out += cover * (np.float32(colour) - out)
    return out


def _read(path: Path) -> Picture:
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        raise FilmRecoveryError(
            "A photograph cannot be read.", file=str(path), remedy="give the folder that holds it"
        )
    return (cv2.cvtColor(stored, cv2.COLOR_BGR2RGB) / np.float32(255)).astype(np.float32)
