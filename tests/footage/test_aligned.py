"""A clip moment by moment: shots apart from one another, and no more in memory than a moment needs."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery import demo
from film_recovery.footage.aligned import align, find_live_area, shots_of
from film_recovery.footage.clip import Clip
from film_recovery.imaging.sequence import Sequence

WIDTH, HEIGHT = 128, 96
PHOTOGRAPHS = Path(demo.__file__).parent / "photographs"
FLAT = np.full((HEIGHT, WIDTH, 3), 0.4, np.float32)
Live = list[int]  # how many pictures somebody holds, each time that one is read


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    picture = cv2.imread(str(PHOTOGRAPHS / "coffee.png"))[..., ::-1].astype(np.float32) / 255
    return cv2.resize(picture, (WIDTH + 16, HEIGHT + 16), interpolation=cv2.INTER_AREA)


def seen(scene: np.ndarray, right: int) -> np.ndarray:
    """The scene from ``right`` pixels further to the right."""
    return scene[8 : 8 + HEIGHT, 8 + right : 8 + right + WIDTH].copy()


def filmed(frames: list[int], picture_of: Callable[[int], np.ndarray], live: Live | None = None) -> Clip:
    """A clip whose frames are made when they are read. ``live`` gets one more item a reading."""
    held = [0]

    def let_go() -> None:
        held[0] -= 1

    class Filmed(Clip):
        def picture(self, frame: int) -> np.ndarray:
            made = picture_of(frame).copy()
            held[0] += 1
            weakref.finalize(made, let_go)
            if live is not None:
                live.append(held[0])
            return made

        def aspect(self, frame: int) -> float:
            return 1.0

    return Filmed("Source", Sequence.parse("film.####.exr"), tuple(frames))


def test_smoothing_never_crosses_a_cut(scene: np.ndarray) -> None:
    shifts = {1: 2, 2: -3, 3: -3}  # the telecine moved between two shots
    source = filmed(list(shifts), lambda frame: seen(scene, 0))
    reference = filmed(list(shifts), lambda frame: seen(scene, shifts[frame]))
    moments = [(frame, frame) for frame in shifts]
    for shots, wanted in (([(1, 1), (2, 3)], [2, -3, -3]), ((), [-3] * 3)):
        found = list(align(source, reference, moments[::-1], weave="constant", shots=shots))
        assert [one.frame for one in found] == list(shifts)
        assert [round(one.solution.matrix[0, 2], 1) for one in found] == wanted
    # As one shot the path is wrong in the frame of the shorter one, and the measurement says so.
    assert [one.verdict for one in found] == ["fail", "pass", "pass"]


def test_a_shot_that_cannot_be_solved_says_so_and_the_others_stand(scene: np.ndarray) -> None:
    source = filmed([1, 2, 3], lambda frame: FLAT if frame == 1 else seen(scene, 0))
    reference = filmed([1, 2, 3], lambda frame: seen(scene, 1))
    found = list(align(source, reference, [(n, n) for n in (1, 2, 3)], weave="kept", shots=[(1, 1), (2, 3)]))
    assert [one.verdict for one in found] == ["cannot tell", "pass", "pass"]
    assert "texture" in found[0].reason and not found[0].solution.solved


def test_shots_are_measured_on_every_frame_between_the_moments(scene: np.ndarray) -> None:
    other = cv2.imread(str(PHOTOGRAPHS / "astronaut.png"))[..., ::-1].astype(np.float32) / 255
    other = cv2.resize(other, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    source = filmed(list(range(1, 13)), lambda frame: seen(scene, frame % 2) if frame < 7 else other)
    assert shots_of(source, [(2, 2), (11, 11)]) == [(2, 6), (7, 11)]


@pytest.mark.parametrize("weave", ["each", "kept"])
def test_a_long_clip_holds_the_pictures_of_one_moment(scene: np.ndarray, weave: str) -> None:
    """Forty moments, of which three have texture: those are solved, measured and looked at for the live area."""
    textured = (3, 20, 38)
    live: Live = []
    clips = [
        filmed(list(range(1, 41)), lambda frame: seen(scene, 0) if frame in textured else FLAT, live)
        for _ in range(2)
    ]
    moments = [(number, number) for number in range(1, 41)]
    shots = [(1, 2), (3, 3), (4, 19), (20, 20), (21, 37), (38, 38), (39, 40)]
    found = [one.brief() for one in align(*clips, moments, weave=weave, shots=shots)]
    find_live_area(*clips, found)
    assert len(live) >= 80 and max(live) <= 2  # of either clip: the next is read while the last goes
    assert tuple(one.frame for one in found if one.residual) == textured
    assert not any(one.residual.tiles for one in found if one.residual)
