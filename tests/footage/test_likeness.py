"""Long elements: found near a few offsets what comparing every frame with every other finds, at a fraction of it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from film_recovery.footage import matching
from film_recovery.footage.likeness import BAND, Likeness, around, likeness
from film_recovery.footage.matching import best_path, searched
from film_recovery.footage.offset import match
from film_recovery.footage.placement import Placement
from film_recovery.footage.signatures import Signatures

FRAMES, SHOT, SIZE = 640, 40, (28, 20)  # in all, of a shot; width and height of a thumbnail


def moments(photograph: Any, frames: int, turning: float, seed: int) -> np.ndarray:
    """Shots of a camera that moves over a photograph, each somewhere else. ``turning``: radians a frame."""
    plane = cv2.resize(photograph("coffee.png")[..., 1], (150, 100), interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(frames // SHOT):
        x, y, turn, way = rng.uniform((30, 25, 0, 0), (115, 70, 6.28, 6.28))
        for step in range(SHOT):
            angle = turn + turning * step
            cosine, sine = 1.2 * np.cos(angle), 1.2 * np.sin(angle)
            centre = np.array([x + 0.5 * step * np.cos(way), y + 0.5 * step * np.sin(way)])
            matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0]])
            matrix[:, 2] = centre - matrix[:, :2] @ (np.array(SIZE) / 2)
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            found.append(cv2.warpAffine(plane, matrix, SIZE, flags=flags, borderMode=cv2.BORDER_REFLECT))
    return np.stack(found).astype(np.float32)


def known(frames: list[int], planes: np.ndarray, seed: int) -> Signatures:
    rng = np.random.default_rng(seed)
    planes = (planes + rng.normal(0, 0.005, planes.shape)).astype(np.float32)
    nothing = np.zeros(len(planes), np.float32)
    moving = np.full(len(planes), 0.1, np.float32)
    return Signatures(tuple(frames), planes, nothing, nothing, nothing, moving, nothing)


@pytest.fixture(scope="module")
def elements(photograph: Any) -> tuple[Signatures, Signatures, dict[int, int | None]]:
    """A Source whose last quarter stands near the beginning, one frame dropped, three of another film; the truth."""
    clean = moments(photograph, FRAMES, 0.03, 300)
    order: list[int] = [*range(100), *range(480, 640), *range(100, 300), *range(301, 480)]
    order[600:600] = [-1, -1, -1]
    foreign = np.random.default_rng(301).uniform(0, 1, SIZE[::-1]).astype(np.float32)
    planes = np.stack([0.7 * clean[at] + 0.2 if at >= 0 else foreign for at in order])
    source = known([1001 + row for row in range(len(order))], planes, 302)
    reference = known([3 + row for row in range(FRAMES)], clean, 303)
    truth = {frame: 3 + at if at >= 0 else None for frame, at in zip(source.frames, order, strict=True)}
    return source, reference, truth


def test_near_a_few_offsets_the_same_is_found(elements: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source, reference, truth = elements
    monkeypatch.setattr(matching, "CELLS", 2**30)
    every = match(source, reference, placement=Placement())
    assert every.frames == truth
    monkeypatch.setattr(matching, "CELLS", 0)
    near = match(source, reference, placement=Placement())
    assert near.as_dict() == {**every.as_dict(), "runs": [run.as_dict() for run in near.runs]}
    for one, other in zip(near.runs, every.runs, strict=True):
        assert (one.first, one.last, one.offset, one.alike) == (other.first, other.last, other.offset, ())
        assert one.margin == pytest.approx(other.margin, abs=1e-6)


def test_only_what_is_near_is_compared(elements: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source, reference, _ = elements
    offsets = np.arange(reference.frames[0] - source.frames[-1], reference.frames[-1] - source.frames[0] + 1)
    monkeypatch.setattr(matching, "CELLS", 0)
    like, path = searched(source, reference, Placement(), offsets)
    assert like.values.shape[1] < len(offsets) / 3
    assert len(like.offsets) >= len(np.unique(path.offsets)) and like.values.dtype == np.float32


def test_what_no_sample_saw_is_looked_for_again(elements: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source, reference, truth = elements
    monkeypatch.setattr(matching, "CELLS", 0)
    monkeypatch.setattr(
        "film_recovery.footage.likeness.SAMPLES", (3, 3)
    )  # none where the last quarter stands
    assert match(source, reference, placement=Placement()).frames == truth


def test_likeness_has_nothing_where_a_frame_is_missing() -> None:
    planes = np.random.default_rng(304).uniform(0, 1, (6, 12, 16)).astype(np.float32)
    source, reference = known([1, 2, 3], planes[:3], 305), known([11, 12, 14], planes[[0, 1, 3]], 306)
    like = likeness(source, reference, Placement(), np.array([8, 10, 11]))
    assert np.isnan(like.values).tolist() == [[True, False, False], [True, False, True], [False, True, False]]
    assert like.values[0, 1] > 0.9 and like.values[1, 1] > 0.9
    assert np.isnan(like.at(np.arange(3), 9)).all() and like.at(np.array([0]), 10) == like.values[0, 1]
    assert best_path(like).offsets.tolist() == [10, 10, 10]
    assert best_path(like).unlike.tolist() == [False, False, True]
    nothing = Likeness(np.array([5]), np.full((2, 1), np.nan, np.float32))
    assert nothing.usual == 0 and best_path(nothing).unlike.all()


def test_offsets_around() -> None:
    assert around(np.array([7, 7, 20]), np.arange(0, 100), 2).tolist() == [5, 6, 7, 8, 9, 18, 19, 20, 21, 22]
    assert around(np.array([-90]), np.arange(-100, 0)).tolist() == list(range(-100, -90 + min(BAND, 89) + 1))


def test_a_placement_that_one_shot_misled_is_put_right(
    photograph: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A camera that moves steadily: the moment before looks like this one, put elsewhere, in each shot its own way.
    clean = moments(photograph, 400, 0.0, 310)
    numbers = list(range(1, 401))
    elements = known(numbers, 0.7 * clean + 0.2, 311), known(numbers, clean, 312)
    found = match(*elements)
    assert found.frames == {frame: frame for frame in numbers} and found.offset == 0
    monkeypatch.setattr("film_recovery.footage.offset.REFINEMENTS", 1)
    assert match(*elements).frames != found.frames


def test_what_only_a_rough_placement_ruled_out_is_looked_for_at_last(
    photograph: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last shot is fine and stands elsewhere in the Source: laid over roughly it resembles nothing anywhere, while
    # the others do, and make the placement finer.
    rng = np.random.default_rng(330)
    noise = rng.normal(0, 1, (SHOT, SIZE[1], SIZE[0])).astype(np.float32)
    fine = np.stack([0.5 + 0.2 * cv2.GaussianBlur(plane, (0, 0), 0.6) for plane in noise])
    coarse = moments(photograph, 120, 0.03, 331)
    order = [*range(120, 160), *range(120)]
    clean = np.concatenate([coarse, fine])
    source = known([1001 + row for row in range(160)], 0.7 * clean[order] + 0.2, 332)
    reference = known(list(range(1, 161)), clean, 333)
    truth = {1001 + row: 1 + at for row, at in enumerate(order)}
    monkeypatch.setattr(matching, "CELLS", 0)
    monkeypatch.setattr("film_recovery.footage.offset.place", lambda *_: Placement(right=1.5 / SIZE[0]))
    found = match(source, reference)
    assert abs(found.placement.right) < 0.01 and found.frames == truth
