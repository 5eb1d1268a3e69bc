"""Cuts are found to the frame on worn elements; flashes, foreign frames, damage and fast cameras are none."""

from __future__ import annotations

import numpy as np
import pytest

from film_recovery.demo.degrade import Damage
from film_recovery.demo.reels import Look, Reel, element, faded_print, film, plant, safety_copy
from film_recovery.footage.cuts import cut_scores, find_shots
from film_recovery.footage.signatures import signatures


def first_frames(reel: Reel) -> list[int]:
    return [shot.first for shot in find_shots(signatures(reel))]


@pytest.mark.parametrize("seed", [230, 231, 232])
def test_cuts_to_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = [int(length) for length in rng.integers(6, 22, 5)]
    clean = film(lengths, seed)
    wanted = [1, *(int(first) + 1 for first in np.cumsum(lengths)[:-1])]
    for look in (faded_print(rng), safety_copy(rng)):
        reel = element(clean, look, seed)
        assert first_frames(reel) == wanted
        across, within = cut_scores(signatures(reel))
        rows = [first - 1 for first in wanted[1:]]
        assert across[rows].max() < 0.4 < within[rows].min()
        assert across[0] == within[0] == 1


def test_damage_is_no_cut() -> None:
    rng = np.random.default_rng(233)
    reel = element(film((40,), 233), faded_print(rng), 233)
    pictures = list(reel.pictures)
    for at, kind in enumerate(("flash", "splice", "dirt", "instability", "motion blur", "occlusion")):
        pictures[4 + 6 * at] = plant(pictures[4 + 6 * at], kind, rng)
    pictures[7] = np.ones_like(pictures[7])
    pictures[20] = film((1,), 999)[0][:224, :320]
    assert first_frames(Reel(pictures, reel.frames)) == [1]


def test_flicker_is_no_cut() -> None:
    reel = element(film((30,), 234), Look(Damage(fade=True, grain=0.05), flicker=0.25), 234)
    assert first_frames(reel) == [1]


def test_a_fade_is_named() -> None:
    reel = element(film((20, 20), 235), Look(Damage(grain=0.01)), 235)
    light = np.ones(40)
    light[12:20], light[20:28] = np.linspace(1, 0, 8), np.linspace(0, 1, 8)
    pictures = [picture * np.float32(value) for picture, value in zip(reel.pictures, light, strict=True)]
    shots = find_shots(signatures(Reel(pictures, reel.frames)))
    assert [shot.as_dict() for shot in shots] == [
        {"first": 1, "last": shots[0].last, "begins": "", "ends": "fade"},
        {"first": shots[0].last + 1, "last": 40, "begins": "fade", "ends": ""},
    ]
    assert 18 <= shots[0].last <= 22


def test_one_frame_is_one_shot() -> None:
    reel = element(film((1,), 236), Look(), 236)
    shots = [shot.as_dict() for shot in find_shots(signatures(reel))]
    assert shots == [{"first": 1, "last": 1, "begins": "", "ends": ""}]
