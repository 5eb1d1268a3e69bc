"""Reels with a known past, made from the free photographs: when each frame was shot, where it is cut, what ails it.

Curation's tests and benchmark are measured on these; the product never uses them. Pictures are encoded sRGB, float32
0–1, H×W×3, top row first. A reel holds them in memory and reads like a ``footage.clip.Clip``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from film_recovery.demo.degrade import Damage, Picture, damaged, weave_path
from film_recovery.demo.footage import PHOTOGRAPHS

SIZE = (320, 224)
UNHARMED = Damage(weave=0.0)
ROOM = 1.08  # the film's picture is that much larger than what either element shows


@dataclass(frozen=True, eq=False)
class Reel:
    """``pictures`` by their place in ``frames``."""

    pictures: Sequence[Picture]
    frames: tuple[int, ...]

    def picture(self, frame: int) -> Picture:
        return self.pictures[self.frames.index(frame)]

    def aspect(self, frame: int) -> float:
        return 1.0

    def small(self, frame: int, width: int) -> Picture:
        picture = self.picture(frame)
        height, full = picture.shape[:2]
        scale = min(1.0, width / full)
        size = max(1, round(full * scale)), max(1, round(height * scale))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True)
class Look:
    """What an element does to the film: ``zoom`` above 1 crops, ``shift`` in pixels; ``weave`` in pixels."""

    damage: Damage = UNHARMED
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    weave: float = 0.0
    monochrome: bool = False
    flicker: float = 0.0
    border: int = 0  # pixels of black around the picture


def faded_print(rng: Generator) -> Look:
    """A Source: faded dyes, grain, weave and flicker, a little of the surround."""
    damage = Damage(fade=True, blur=float(rng.uniform(0.3, 0.8)), grain=float(rng.uniform(0.02, 0.05)))
    shift = float(rng.uniform(-5, 5)), float(rng.uniform(-4, 4))
    return Look(damage, float(rng.uniform(0.93, 1.0)), shift, 0.5, bool(rng.random() < 0.3), 0.02, 0)


def safety_copy(rng: Generator) -> Look:
    """A Reference: sharp, fine grain, cropped, perhaps letterboxed."""
    shift = float(rng.uniform(-3, 3)), float(rng.uniform(-3, 3))
    return Look(
        Damage(grain=0.008, blur=0.0),
        float(rng.uniform(1.0, 1.08)),
        shift,
        0.1,
        False,
        0.0,
        int(rng.integers(0, 9)),
    )


def film(shots: Sequence[int], seed: int, *, still: Sequence[int] = ()) -> list[Picture]:
    """Clean frames: one shot after another, as long as ``shots`` says, each filmed differently; neighbours differ.

    A camera that wanders and zooms, and something that moves through the picture; nothing moves in the shots whose
    index is in ``still``.
    """
    rng = np.random.default_rng(seed)
    pictures: list[Picture] = []
    subject = int(rng.integers(4))
    for index, length in enumerate(shots):
        subject = (subject + int(rng.integers(1, 4))) % 4
        pictures += _shot(subject, length, rng, moving=index not in still)
    return pictures


def element(pictures: Sequence[Picture], look: Look, seed: int, first: int = 1) -> Reel:
    """What ``look`` makes of ``pictures``: numbered from ``first``."""
    rng = np.random.default_rng(seed)
    path = weave_path(len(pictures), look.weave, seed)
    made = []
    for index, picture in enumerate(pictures):
        light = 1 + look.flicker * rng.normal()
        made.append(_seen(picture * np.float32(light), look, path[index], index, seed))
    return Reel(made, tuple(range(first, first + len(made))))


@cache
def _photograph(name: str) -> Picture:
    read = cv2.imread(str(Path(__file__).parent / "photographs" / name), cv2.IMREAD_COLOR)
    assert read is not None, name
    return (read[..., ::-1] / 255.0).astype(np.float32)


def _shot(subject: int, length: int, rng: Generator, *, moving: bool) -> list[Picture]:
    photograph = _photograph(PHOTOGRAPHS[subject])
    other = _photograph(PHOTOGRAPHS[(subject + 2) % 4])
    mirrored = bool(rng.random() < 0.5)
    if mirrored:
        photograph = np.ascontiguousarray(photograph[:, ::-1])
    size = round(SIZE[0] * ROOM), round(SIZE[1] * ROOM)
    closest = max(size[0] / photograph.shape[1], size[1] / photograph.shape[0])
    zoom = closest * (1 + rng.uniform(0.05, 0.5))
    camera = _wander(length, rng) * (1.0 if rng.random() < 0.6 else 0.05)
    drift = rng.uniform(-0.004, 0.004)
    across = _wander(length, rng) * 2.5
    patch = other[60:150, 80:200]
    made = []
    for step in range(length):
        now = step if moving else 0
        scale = max(closest * 1.01, zoom * (1 + drift * now))
        made.append(_filmed(photograph, size, scale, camera[now]))
        _put(made[-1], patch, 0.5 + across[now, 0] * 0.3, 0.5 + across[now, 1] * 0.3)
    return made


def _wander(length: int, rng: Generator) -> Picture:
    """A smooth path within −1 to 1, length×2."""
    time = np.arange(length)[:, None] / 24
    phase, speed = rng.uniform(0, 2 * np.pi, (3, 1, 2)), rng.uniform(0.6, 3.0, (3, 1, 2))
    return np.asarray(np.mean(np.sin(phase + speed * time), axis=0), np.float32)


def _filmed(photograph: Picture, size: tuple[int, int], scale: float, camera: Picture) -> Picture:
    rows, columns = photograph.shape[:2]
    room = columns - size[0] / scale, rows - size[1] / scale
    left, top = (max(0.0, room[axis]) * (0.5 + 0.45 * float(camera[axis])) for axis in (0, 1))
    matrix = np.array([[1 / scale, 0, left], [0, 1 / scale, top]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(photograph, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.clip(seen, 0, 1)


def _put(picture: Picture, patch: Picture, x: float, y: float) -> None:
    """``patch`` as a disc over ``picture``, at a place in 0–1, finer than a pixel."""
    height, width = picture.shape[:2]
    rows, columns = patch.shape[:2]
    move = np.array([[1, 0, x * width - columns / 2], [0, 1, y * height - rows / 2]])
    disc = np.zeros((rows, columns), np.float32)
    cv2.circle(disc, (columns // 2, rows // 2), rows // 2 - 8, 1.0, -1)
    cover = cv2.GaussianBlur(cv2.warpAffine(disc, move, (width, height)), (0, 0), 1.0)[..., None]
    picture += cover * (cv2.warpAffine(patch, move, (width, height)) - picture)


def _seen(picture: Picture, look: Look, weave: Sequence[float], index: int, seed: int) -> Picture:
    width, height = SIZE
    rows, columns = picture.shape[:2]
    zoom = 1 / look.zoom
    left = (columns - 1) / 2 + look.shift[0] + weave[0] - zoom * (width - 1) / 2
    top = (rows - 1) / 2 + look.shift[1] + weave[1] - zoom * (height - 1) / 2
    matrix = np.array([[zoom, 0, left], [0, zoom, top]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(picture, matrix, SIZE, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    seen = damaged(np.clip(seen, 0, 1), look.damage, index, seed)
    if look.monochrome:
        seen = np.repeat(seen.mean(axis=-1, keepdims=True), 3, axis=-1)
    edge = look.border
    if edge:
        inside = seen[edge:-edge, edge:-edge].copy()
        seen = np.zeros_like(seen)
        seen[edge:-edge, edge:-edge] = inside
    return np.ascontiguousarray(seen, np.float32)


PLANTED = (
    "flash",
    "splice",
    "instability",
    "dirt",
    "scratch",
    "motion blur",
    "occlusion",
    "subtitle or logo",
)


def plant(picture: Picture, kind: str, rng: Generator) -> Picture:
    """``picture`` with a fault, of a strength that an operator would leave the frame out for."""
    made = picture.copy()
    height, width = made.shape[:2]
    if kind == "flash":
        made = made * np.float32(rng.uniform(1.3, 1.8)) + np.float32(rng.uniform(0.05, 0.2))
    elif kind == "splice":
        top, thick = int(rng.choice([0.02, 0.08, 0.85, 0.93]) * height), int(rng.integers(4, 12))
        made[top : top + thick] += np.float32(rng.choice([-0.35, 0.35]))
    elif kind == "instability":
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.012, 0.03) * width
        made = _displaced(made, far * np.cos(angle), far * np.sin(angle))
    elif kind == "dirt":
        for _ in range(int(rng.integers(40, 80))):
            place = int(rng.integers(width)), int(rng.integers(height))
            axes = int(rng.integers(1, 5)), int(rng.integers(1, 3))
            tone = float(rng.choice([0.03, 0.97]))
            cv2.ellipse(made, place, axes, float(rng.uniform(0, 180)), 0, 360, (tone,) * 3, -1)
    elif kind == "scratch":
        column = int(rng.integers(20, width - 20))
        made[:, column : column + int(rng.integers(1, 3))] += np.float32(rng.choice([-0.3, 0.3]))
    elif kind == "motion blur":
        made = _smeared(made, int(rng.integers(7, 13)), float(rng.uniform(0, 180)))
    elif kind == "occlusion":
        place = int(rng.uniform(0.25, 0.75) * width), int(rng.uniform(0.3, 0.7) * height)
        radius = int(rng.uniform(0.16, 0.25) * height)
        cv2.ellipse(made, place, (radius, int(1.4 * radius)), 20, 0, 360, (0.08, 0.07, 0.06), -1)
    elif kind == "subtitle or logo":
        words = str(rng.choice(["I have never seen it.", "Where were you?", "Come back, please!"]))
        place = int(rng.uniform(0.08, 0.2) * width), int(rng.uniform(0.82, 0.93) * height)
        for thickness, colour in ((4, (0.0, 0.0, 0.0)), (1, (1.0, 1.0, 0.9))):
            ink = np.zeros((height, width), np.uint8)
            cv2.putText(
                ink, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.002 * width, 255, thickness, cv2.LINE_AA
            )
            made += (ink[..., None] / np.float32(255)) * (np.asarray(colour, np.float32) - made)
    else:
        raise ValueError(kind)
    return np.clip(made, 0, 1)


def _displaced(picture: Picture, right: float, down: float) -> Picture:
    move = np.array([[1, 0, right], [0, 1, down]])
    size = picture.shape[1], picture.shape[0]
    return np.asarray(cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _smeared(picture: Picture, length: int, angle: float) -> Picture:
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), angle, 1)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), np.float32)
    return np.asarray(cv2.filter2D(picture, -1, turned / turned.sum()), np.float32)


def compressed(picture: Picture, quality: int) -> Picture:
    """As JPEG of ``quality`` 1–100 keeps it: blocks of 8 × 8."""
    whole = np.round(picture[..., ::-1] * 255).astype(np.uint8)
    done, data = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert done and read is not None
    return (read[..., ::-1] / 255.0).astype(np.float32)


def banded(picture: Picture, levels: int) -> Picture:
    """Rounded to ``levels`` tones, after a blur that leaves gradients only."""
    return np.round(cv2.GaussianBlur(picture, (0, 0), 6) * (levels - 1)) / np.float32(levels - 1)
