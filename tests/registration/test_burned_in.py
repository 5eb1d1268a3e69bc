"""Lettering that both pictures carry, planted and found by frame; signs of the scene and plain pictures are none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.demo import footage
from film_recovery.demo.degrade import Damage, damaged
from film_recovery.registration.burned_in import BOTH
from film_recovery.registration.live_area import LiveArea, live_area

Picture = Any
TITLE = Damage(fade=True, blur=0.6, grain=0.02)
WORDS = "So this is the end."


@pytest.fixture(scope="module")
def shots() -> list[list[Picture]]:
    film = footage.load("photographs")
    return [[film.pictures[index] for index in range(first, last + 1, 8)] for first, last in film.shots]


def titled(picture: Picture, words: str = WORDS, place: tuple[int, int] = (110, 204)) -> Picture:
    out = np.ascontiguousarray(np.clip(picture * 255, 0, 255).astype(np.uint8))
    for colour, thick in ((0, 4), (240, 1)):
        cv2.putText(out, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (colour,) * 3, thick, cv2.LINE_AA)
    return (out / 255).astype(np.float32)


def looked_at(pictures: list[Picture]) -> LiveArea:
    """A faded, grainy Source and a clean Reference of ``pictures``, numbered from 1."""
    return live_area((n, damaged(one, TITLE, n, 1), one, None) for n, one in enumerate(pictures, 1))


def on_both(found: LiveArea) -> list[int]:
    assert all(one.on == BOTH for overlays in found.overlays.values() for one in overlays)
    return [frame for frame, overlays in found.overlays.items() if overlays]


def test_a_subtitle_of_both_is_told_and_boxed_where_it_stands(shots: list[list[Picture]]) -> None:
    first, second = shots[0], shots[2]
    found = looked_at([first[0], titled(first[1]), titled(first[2]), titled(second[0]), second[1]])
    assert on_both(found) == [2, 3, 4] and found.animated
    assert found.keyed[1] == found.keyed[5] == found.box
    height = first[0].shape[0]
    for frame in (2, 3, 4):
        (one,) = found.overlays[frame]
        assert one.box.x <= 113 and 235 <= one.box.r <= 320
        assert one.box.y <= height - 203 and height - 190 <= one.box.t <= height - 180
        assert found.keyed[frame].y > found.box.y  # cut off from below
    assert "Lettering that both have stands in 3 of 5 frames, first in 2." in found.reasons()


def test_a_logo_that_is_always_there_is_told_in_all_frames(shots: list[list[Picture]]) -> None:
    pictures = [titled(shot[1], "ARCHIVE 24", (20, 40)) for shot in shots[:3]]
    assert on_both(looked_at(pictures)) == [1, 2, 3]


def test_what_comes_and_goes_over_one_picture_is_told(shots: list[list[Picture]]) -> None:
    for picture in (shots[2][0], shots[3][0]):
        assert on_both(looked_at([picture, titled(picture), picture])) == [2]


def test_lettering_of_the_scene_is_not_told(shots: list[list[Picture]]) -> None:
    sign = titled(shots[2][0])
    moves = [np.array([[1.0, 0, step], [0, 1, step / 2]]) for step in (0, 12, 24)]
    panned = [cv2.warpAffine(sign, move, sign.shape[1::-1], borderMode=cv2.BORDER_REFLECT) for move in moves]
    assert on_both(looked_at([*panned, shots[0][0], shots[1][0]])) == []
    assert on_both(looked_at([sign, sign, sign])) == []  # a shop sign, as far as these frames say


def test_a_fence_that_repeats_is_no_lettering(shots: list[list[Picture]]) -> None:
    pictures = [np.array(shot[0]) for shot in shots[:2]]
    for picture in pictures:
        picture[186:206, 100:240] *= 0.2
        for column in range(102, 238, 7):
            picture[188:204, column : column + 2] = 0.9
    assert on_both(looked_at(pictures)) == []


def test_photographs_without_titles_have_none(shots: list[list[Picture]]) -> None:
    assert on_both(looked_at([picture for shot in shots for picture in shot[::2]])) == []


@pytest.mark.slow
def test_small_and_large_pictures_say_the_same(shots: list[list[Picture]]) -> None:
    size = shots[0][0].shape[1] * 5 // 2, shots[0][0].shape[0] * 5 // 2
    pictures = [
        cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
        for picture in (titled(shots[0][1]), titled(shots[2][1]), shots[2][0])
    ]
    weaving = [
        cv2.warpAffine(picture, np.array([[1.0, 0, step], [0, 1, -step]]), size)
        for picture, step in zip(pictures, (0, 2, 0), strict=True)
    ]
    found = looked_at(weaving)
    assert on_both(found) == [1, 2]
    assert found.keyed[1].y > 60
