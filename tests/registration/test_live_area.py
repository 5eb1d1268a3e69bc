"""Borders, perforations, mattes and subtitles, planted around photographs, and found again."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.demo import degrade, footage
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Box
from film_recovery.registration.live_area import Border, largest_box, live_area, without
from film_recovery.registration.overlays import Overlay, overlay

Picture = Any
COLUMNS, ROWS = degrade.MARGIN
SLACK = 6  # pixels that may be taken off beside the border: soft edge and weave


@pytest.fixture(scope="module")
def shots() -> list[list[Picture]]:
    film = footage.load("photographs")
    return [[film.pictures[index] for index in range(first, last + 1, 6)] for first, last in film.shots]


def borders_of(pictures: list[Picture]) -> tuple[Border, ...]:
    """Left, bottom, right, top of an element that is laid on itself."""
    return live_area((n, picture, picture, None) for n, picture in enumerate(pictures)).borders["Source"]


def widths(pictures: list[Picture]) -> list[int]:
    return [border.width for border in borders_of(pictures)]


def titled(picture: Picture, words: str = "So this is the end.") -> Picture:
    out = np.ascontiguousarray(np.clip(picture * 255, 0, 255).astype(np.uint8))
    for colour, thick in ((0, 4), (240, 1)):
        cv2.putText(out, words, (110, 232), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (colour,) * 3, thick, cv2.LINE_AA)
    return (out / 255).astype(np.float32)


def padded(
    picture: Picture, left: int, bottom: int, right: int, top: int, colour: tuple[float, ...]
) -> Picture:
    height, width = picture.shape[:2]
    out = np.empty((height + bottom + top, width + left + right, 3), np.float32)
    out[:] = colour
    out[top : top + height, left : left + width] = picture
    return out


def near(found: list[int], planted: list[int]) -> bool:
    """All of the border is off, and at most SLACK of the picture."""
    return all(0 <= have - want <= SLACK for have, want in zip(found, planted, strict=True))


@pytest.mark.parametrize("shot", range(4))
def test_scan_with_perforations_against_letterboxed_reference(shots: list[list[Picture]], shot: int) -> None:
    damage = degrade.Damage(fade=True, grain=0.05)
    pairs = [
        (
            index,
            degrade.scanned(degrade.damaged(picture, damage, index, 1), (0.5, -0.7)),
            degrade.letterboxed(picture),
        )
        for index, picture in enumerate(shots[shot])
    ]
    found = live_area((index, source, reference, None) for index, source, reference in pairs)
    for name in ("Source", "Reference"):
        assert near([border.width for border in found.borders[name]], [COLUMNS, ROWS, COLUMNS, ROWS]), name
    height, width = pairs[0][1].shape[:2]
    assert found.box.x >= COLUMNS and found.box.r <= width - COLUMNS
    assert found.box.y >= ROWS and found.box.t <= height - ROWS
    assert found.borders["Source"][0].what == "perforations"
    assert found.borders["Reference"][0].what == "a black border or matte"
    assert not found.animated and not any(found.overlays.values())


@pytest.mark.parametrize("shot", range(4))
@pytest.mark.parametrize("light", (1.0, 0.12))
def test_picture_without_border_keeps_its_edges(shots: list[list[Picture]], shot: int, light: float) -> None:
    assert widths([picture * np.float32(light) for picture in shots[shot]]) == [0, 0, 0, 0]


def test_sides_are_told_apart_in_nukes_convention(shots: list[list[Picture]]) -> None:
    pictures = [padded(picture, 10, 20, 30, 40, (0, 0, 0)) for picture in shots[2]]
    assert near(widths(pictures), [10, 20, 30, 40])
    found = live_area((index, picture, picture, None) for index, picture in enumerate(pictures))
    assert abs(found.box.x - 10) <= SLACK and abs(found.box.y - 20) <= SLACK
    assert abs(found.box.width - shots[2][0].shape[1]) <= 2 * SLACK


def test_night_scene_is_no_border_once_frames_are_combined(shots: list[list[Picture]]) -> None:
    picture = shots[2][0]
    dark = np.array(picture) * np.float32(0.3)
    dark[:, :150] = 0.004
    lit = padded(picture * np.float32(0.5), 24, 0, 0, 0, (0.01, 0.01, 0.01))
    night = padded(dark, 24, 0, 0, 0, (0.01, 0.01, 0.01))
    assert near(widths([night, lit, night]), [24, 0, 0, 0])


@pytest.mark.parametrize(
    "colour", ((0.05, 0.04, 0.03), (0.12, 0.08, 0.06), (0.45, 0.3, 0.2), (0.95, 0.95, 0.9))
)
def test_faded_coloured_soft_and_uneven_borders(
    shots: list[list[Picture]], colour: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(1)
    pictures = []
    for picture in shots[0]:
        # Away from the border's own level, or there is no edge to see.
        bordered = padded(0.3 * picture + (0.6 if max(colour) < 0.5 else 0.0), 26, 0, 26, 0, colour)
        soft = cv2.GaussianBlur(bordered, (0, 0), 1.5)
        uneven = soft * np.linspace(0.96, 1.04, soft.shape[0], dtype=np.float32)[:, None, None]
        grain = rng.normal(0, 0.01, uneven.shape)
        pictures.append(np.clip(uneven + grain, 0, 1).astype(np.float32))
    left, bottom, right, top = widths(pictures)
    assert 26 <= left <= 36 and 26 <= right <= 36
    assert (bottom, top) == (0, 0)


def test_sound_strip_lies_outside_of_the_picture(shots: list[list[Picture]]) -> None:
    rng = np.random.default_rng(3)
    pictures = []
    for picture in shots[2]:
        bordered = padded(picture, 40, 0, 0, 0, (0.02, 0.02, 0.02))
        for row in range(bordered.shape[0]):
            bordered[row, 8 : 8 + int(rng.integers(12, 24))] = 0.9
        pictures.append(bordered)
    border = borders_of(pictures)[0]
    assert 40 <= border.width <= 40 + SLACK
    assert border.what == "a sound strip"


def test_places_without_reference_are_outside(shots: list[list[Picture]]) -> None:
    picture = shots[2][0]
    mask = np.zeros(picture.shape[:2], bool)
    mask[10:-20, 30:-5] = True
    found = live_area([(1, picture, np.where(mask[..., None], picture, 0), mask)])
    assert found.box.x >= 30 and found.box.r <= picture.shape[1] - 5
    assert found.box.y >= 20 and found.box.t <= picture.shape[0] - 10


@pytest.mark.parametrize("shot", (0, 1, 2))
@pytest.mark.parametrize("swapped", (False, True))
def test_subtitles_are_boxed_in_their_frames_only(
    shots: list[list[Picture]], shot: int, swapped: bool
) -> None:
    frames = []
    for index, picture in enumerate(shots[shot]):
        source = degrade.scanned(
            degrade.damaged(picture, degrade.Damage(fade=True, grain=0.03), index, 1), (0, 0)
        )
        reference = degrade.letterboxed(picture)
        if index % 2:
            source, reference = (titled(source), reference) if swapped else (source, titled(reference))
        frames.append((100 + index, source, reference, None))
    found = live_area(frames)
    height = frames[0][1].shape[0]
    for frame, overlays in found.overlays.items():
        assert bool(overlays) == bool(frame % 2), frame
        for one in overlays:
            assert one.on == ("Source" if swapped else "Reference")
            assert one.box.x <= 113 and one.box.r >= 235
            assert one.box.y <= height - 231 and one.box.t >= height - 221
    assert found.animated
    assert found.keyed[100] == found.box
    assert found.keyed[101].y > found.box.y  # cut off from below
    assert json.loads(json.dumps(found.as_dict()))["animated"] is True


def test_same_lettering_on_both_is_no_overlay(shots: list[list[Picture]]) -> None:
    picture = titled(shots[2][0])
    counts = np.ones(picture.shape[:2], bool)
    assert overlay(picture, cv2.GaussianBlur(picture, (0, 0), 0.8), counts) == ()


def test_overlay_is_cut_off_where_least_is_lost() -> None:
    box = Box(0, 0, 400, 200)
    assert without(box, [Overlay("Reference", Box(100, 20, 300, 40))]) == Box(0, 40, 400, 200)
    assert without(box, [Overlay("Reference", Box(360, 20, 390, 190))]) == Box(0, 0, 360, 200)
    assert without(box, []) == box


def test_largest_box_is_the_largest() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        inside = rng.random((7, 9)) > 0.3
        best = 0
        for x in range(9):
            for y in range(7):
                for r in range(x + 1, 10):
                    for t in range(y + 1, 8):
                        if inside[y:t, x:r].all():
                            best = max(best, (r - x) * (t - y))
        x, y, r, t = largest_box(inside)
        assert inside[y:t, x:r].all() and (r - x) * (t - y) == best


def test_bad_input_is_named(shots: list[list[Picture]]) -> None:
    with pytest.raises(FilmRecoveryError, match="no frame"):
        live_area([])
    picture = shots[0][0]
    with pytest.raises(FilmRecoveryError, match="shape"):
        live_area([(1, picture, picture, None), (2, picture[:50], picture[:50], None)])
    with pytest.raises(FilmRecoveryError, match="no live area"):
        live_area([(1, picture, picture, np.zeros(picture.shape[:2], bool))])
