"""What consecutive frames show: faults put into one frame are found there, motion, cuts and gaps are none."""

from __future__ import annotations

import numpy as np

from film_recovery.analysis.flicker import block_means
from film_recovery.validation.course import over_time, shots
from film_recovery.validation.frame import FrameMeasures

WIDE = 0.2 + 0.5 * np.random.default_rng(9).random((64, 400)).astype(np.float32)
OTHER = 0.2 + 0.5 * np.random.default_rng(10).random((64, 400)).astype(np.float32)


def one(number: int, *, gain: float = 1.0, wide: np.ndarray = WIDE, **values: float) -> FrameMeasures:
    plane = wide[:, 2 * number : 2 * number + 128]
    grids = {
        "source": block_means(plane).tolist(),
        "recovered": block_means(plane * np.float32(gain)).tolist(),
    }
    usual = {"detail": 1.3, "grain_source": 0.02, "grain": 0.01, "blocks": 100.0}
    colours = {"7": [0.5, 1.0, 2.0, 3.0], "9": [0.3, 0.0, 1.0, 0.0]}
    return FrameMeasures({**usual, **values}, grids, {}, colours)


def course(**changed: FrameMeasures) -> dict[int, FrameMeasures]:
    return {**{n: one(n) for n in range(10)}, **{int(name[1:]): frame for name, frame in changed.items()}}


def test_a_frame_that_is_lighter_flickers_and_no_other_does_as_much() -> None:
    found = over_time(course(f5=one(5, gain=1.02)))
    size = {frame: abs(values["flicker"]) for frame, values in found.items() if "flicker" in values}
    assert 0.017 < found[5]["flicker"] < 0.022 and max(size, key=lambda frame: size[frame]) == 5
    assert max(abs(found[frame]["flicker"]) for frame in (1, 2, 3, 7, 8)) < 0.001
    assert "flicker" not in found[0] and "flicker" not in found[9], "the ends have one neighbour only"


def test_detail_and_grain_that_come_and_go_are_found_where_they_do() -> None:
    found = over_time(course(f4=one(4, detail=0.9), f7=one(7, grain=0.01 * 0.7**0.5)))
    assert found[4]["detail_jump"] == round(0.9 / 1.3 - 1, 6)
    assert found[7]["grain_jump"] == round(0.7 - 1, 6)
    assert found[2]["detail_jump"] == 0 and found[2]["grain_jump"] == 0


def test_grain_that_follows_the_source_is_no_fault_and_small_pictures_say_nothing() -> None:
    found = over_time(course(f7=one(7, grain=0.02, grain_source=0.04)))
    assert abs(found[7]["grain_jump"]) < 1e-9
    small = over_time({n: one(n, blocks=6.0, detail=1.0 + n % 3) for n in range(10)})
    assert not any("detail_jump" in values for values in small.values())


def test_nothing_is_compared_over_a_cut_or_a_gap() -> None:
    after = {n: one(n, wide=OTHER, gain=1.2) for n in range(5, 10)}
    cut = {**course(), **after}
    assert shots(cut) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert max(abs(values.get("flicker", 0)) for values in over_time(cut).values()) < 0.001
    gap = course()
    del gap[5]
    assert shots(gap) == [[0, 1, 2, 3, 4], [6, 7, 8, 9]]


def test_a_colour_that_becomes_another_than_usual_wanders() -> None:
    odd = one(6)
    odd.colours["7"] = [0.5, 1.0, 2.0, 8.0]
    found = over_time(course(f6=odd))
    assert found[6]["wander"] == round(0.5 * 5 / 0.8, 4)
    assert found[5]["wander"] == 0
