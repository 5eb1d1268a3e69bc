"""Lettering that both pictures carry: found where it was planted, and nowhere else.

    python benchmarks/bench_burned_in.py [--seeds 30] [--first-seed 500]

Reels of three shots of 40 frames (``film_recovery.demo.reels``), of which up to fourteen frames are looked at, as pairs
aligned within a quarter of a pixel: a faded, blurred, grainy Source, a third of them monochrome, against a clean
Reference. Planted before either is made: nothing; a subtitle over 30 to 70 frames; a logo in all frames or from the
second shot on; and, on one side only, a subtitle in about half of the frames. The demo's photographs and clip have
none. The seeds are none that a threshold was chosen on. Prints one line a subject: frames found of those planted,
frames named of those without, and as whose.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from film_recovery.demo import footage, reels
from film_recovery.demo.degrade import Damage, damaged
from film_recovery.registration.burned_in import BOTH
from film_recovery.registration.live_area import live_area

Picture = Any
Pair = tuple[int, Picture, Picture, Picture]
SHOTS = (40, 40, 40)
SUBTITLES = ("I have never seen it.", "Where were you?", "Come back, please!", "So this is the end.")
LOGOS = ("FILM 1", "RTV", "NEWS 24", "ARCHIVE")
PLANTED = ("none", "subtitle", "logo", "one side")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=500)
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    for kind in (*PLANTED, "photographs", "clip"):
        measured(kind, [reel(seed, kind) if kind in PLANTED else clip(seed, kind) for seed in seeds])


def measured(kind: str, cases: list[tuple[list[Pair], set[int]]]) -> None:
    planted = found = without = named = as_both = 0
    for pairs, have in cases:
        overlays = live_area(pairs).overlays
        told = {frame for frame, ones in overlays.items() if ones}
        as_both += sum(any(one.on == BOTH for one in ones) for ones in overlays.values())
        planted, found = planted + len(have), found + len(have & told)
        without, named = without + len(pairs) - len(have), named + len(told - have)
    print(
        f"{kind}: {found} of {planted} found, {named} of {without} without one named; {as_both} told as of both",
        flush=True,
    )


def reel(seed: int, kind: str) -> tuple[list[Pair], set[int]]:
    rng = np.random.default_rng(seed)
    still = [index for index in range(len(SHOTS)) if rng.random() < 0.4]
    pictures = reels.film(SHOTS, seed, still=still)
    length = sum(SHOTS)
    spread = {int(value) for value in np.linspace(1, length - 2, 8)}
    numbers = sorted(spread | {int(value) for value in rng.choice(length, 6, replace=False)})
    words, place = str(rng.choice(SUBTITLES)), (float(rng.uniform(0.08, 0.2)), float(rng.uniform(0.82, 0.9)))
    have: set[int] = set()
    if kind == "subtitle":
        stands = int(rng.integers(30, 70))
        first = int(rng.integers(0, length - stands))
        have = {number for number in numbers if first <= number < first + stands}
    if kind == "logo":
        words, place = str(rng.choice(LOGOS)), (float(rng.uniform(0.05, 0.7)), float(rng.choice([0.1, 0.93])))
        have = set(numbers) if rng.random() < 0.5 else {number for number in numbers if number >= SHOTS[0]}
    shown = {n: titled(pictures[n], words, place) if n in have else pictures[n] for n in numbers}
    pairs = list(elements(shown, seed))
    return one_sided(pairs, seed) if kind == "one side" else (pairs, have)


def clip(seed: int, name: str) -> tuple[list[Pair], set[int]]:
    pictures = footage.load(name).pictures
    numbers = sorted(int(n) for n in np.random.default_rng(seed).choice(len(pictures), 14, replace=False))
    return list(elements({n: np.asarray(pictures[n], np.float32) for n in numbers}, seed)), set()


def one_sided(pairs: list[Pair], seed: int) -> tuple[list[Pair], set[int]]:
    rng = np.random.default_rng(seed)
    have = {pair[0] for pair in pairs if rng.random() < 0.5}
    made = []
    for number, *pictures, counts in pairs:
        if number in have:
            pictures[seed % 2] = titled(pictures[seed % 2], SUBTITLES[0], (0.12, 0.87))
        made.append((number, pictures[0], pictures[1], counts))
    return made, have


def titled(picture: Picture, words: str, place: tuple[float, float]) -> Picture:
    height, width = picture.shape[:2]
    made, corner = picture.copy(), (int(place[0] * width), int(place[1] * height))
    for thick, colour in ((4, (0.0, 0.0, 0.0)), (1, (1.0, 1.0, 0.9))):
        ink = np.zeros((height, width), np.uint8)
        cv2.putText(ink, words, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.002 * width, 255, thick, cv2.LINE_AA)
        made += (ink[..., None] / np.float32(255)) * (np.asarray(colour, np.float32) - made)
    return np.clip(made, 0, 1).astype(np.float32)


def elements(pictures: dict[int, Picture], seed: int) -> Iterator[Pair]:
    """Source and Reference of each picture, and where both count."""
    rng = np.random.default_rng(seed + 999)
    print_ = Damage(fade=True, blur=float(rng.uniform(0.3, 1.0)), grain=float(rng.uniform(0.01, 0.05)))
    monochrome = rng.random() < 0.3
    for number, picture in pictures.items():
        light = np.float32(1 + 0.02 * rng.normal())
        source = damaged(np.clip(picture * light, 0, 1), print_, number, seed)
        if monochrome:
            source = np.repeat(source.mean(-1, keepdims=True), 3, -1)
        move = np.array([[1, 0, rng.uniform(-0.25, 0.25)], [0, 1, rng.uniform(-0.25, 0.25)]], np.float32)
        reference = cv2.warpAffine(
            damaged(picture, Damage(grain=0.008), number, seed + 1),
            move,
            picture.shape[1::-1],
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        )
        counts = np.ones(picture.shape[:2], bool)
        yield number, source.astype(np.float32), reference.astype(np.float32), counts


if __name__ == "__main__":
    main()
