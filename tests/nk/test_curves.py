"""Animation curves: grammar, interpolation, writing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError


def curve(text: str) -> nk.Curve:
    [found] = nk.components(f"{{curve {text}}}")
    assert isinstance(found, nk.Curve)
    return found


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("x1 0 x10 1", [1, 10]),
        ("x1 0 1 4", [1, 2, 3]),
        ("x1001 5 6 x1010 7 8", [1001, 1002, 1010, 1018]),
        ("C x-10 0 x0 1 0", [-10, 0, 10]),
        ("0 1", [0, 1]),
        ("x-1 0.5 0.5 x6 0.5", [-1, 0, 6]),
        ("i x1.5 0", [1.5]),
        ("", []),
    ],
)
def test_frames_left_out_go_on_evenly(text: str, frames: list[float]) -> None:
    assert [key.frame for key in curve(text).keys] == frames


def test_letters_hold_for_the_keys_after_them() -> None:
    keys = curve("L x1 0 x2 1 K x3 2 R x4 3 S x5 4").keys
    assert [key.interpolation for key in keys] == ["L", "L", "K", "R", "S"]


def test_tangents_belong_to_their_key() -> None:
    first, second = curve("x1 0 s2 t-1 u0.5 v2 l x5 1 s0").keys
    assert (first.left_slope, first.right_slope, first.left_handle, first.right_handle) == (2, -1, 0.5, 2)
    assert (second.left_slope, second.right_slope, second.linear_extrapolation) == (0, None, True)


@pytest.mark.parametrize(
    "text", ["x1 0 q5", "x1", "s1 x1 0", "x1 0 u4", "x5 0 x5 1", "x5 0 x4 1", "x1 nan", "Z x1 0"]
)
def test_what_is_no_curve_is_refused(text: str) -> None:
    with pytest.raises(FilmRecoveryError, match="curve token"):
        curve(text)


def test_constant_and_linear() -> None:
    held = curve("K x1 5 x10 7")
    assert [held.at(frame) for frame in (-3, 1, 9.9, 10, 50)] == [5, 5, 5, 7, 7]
    straight = curve("L x0 0 x10 20 x20 20")
    assert [straight.at(frame) for frame in (-5, 2.5, 10, 15, 99)] == [0, 5, 20, 20, 20]
    endless = curve("L l x0 0 l x10 20")
    assert [endless.at(frame) for frame in (-1, 11)] == [-2, 22]


def test_smooth_is_level_at_its_ends_and_peaks() -> None:
    ease = curve("x0 0 x10 1")
    assert ease.at(5) == pytest.approx(0.5)
    assert ease.at(2.5) == pytest.approx(3 * 0.25**2 - 2 * 0.25**3)
    peak = curve("x0 0 x10 1 x20 0")
    assert peak.at(9) == pytest.approx(peak.at(11)) and peak.at(9) < 1


def test_catmull_rom_goes_parallel_to_its_neighbours() -> None:
    found = curve("R x0 0 x1 0 x3 4 x4 4")
    slope = 4 / 3  # from the first key to the third, and from the second to the last
    t, width = 0.25, 2.0
    hermite = (
        (t**3 - 2 * t**2 + t) * width * slope + (-2 * t**3 + 3 * t**2) * 4 + (t**3 - t**2) * width * slope
    )
    assert found.at(1.5) == pytest.approx(hermite)


def test_set_slopes_and_handles_win() -> None:
    assert curve("x0 0 s1 x10 10 s1").at(3) == pytest.approx(3)
    early = curve("x0 0 s0 v3 x10 10 s0 u0.1").at(5)
    late = curve("x0 0 s0 v0.1 x10 10 s0 u3").at(5)
    assert early < 5 < late


def test_cubic_is_refused_only_where_it_is_needed() -> None:
    assert curve("C x0 0 x10 1").at(5) == pytest.approx(0.5)
    with pytest.raises(FilmRecoveryError, match="Cubic interpolation at frame 10"):
        curve("C x0 0 x10 1 x20 5").at(5)


REALS = st.floats(-1e4, 1e4)


@given(st.lists(REALS, min_size=2, max_size=6), st.floats(0, 1))
def test_smooth_stays_between_its_keys(values: list[float], part: float) -> None:
    found = curve(" ".join(f"x{index * 10} {nk.number(value)}" for index, value in enumerate(values)))
    for index, (left, right) in enumerate(pairwise(values)):
        value = found.at((index + part) * 10)
        slack = 1e-9 * (1 + abs(left) + abs(right))
        assert min(left, right) - slack <= value <= max(left, right) + slack


@given(st.dictionaries(REALS, REALS, min_size=1, max_size=8), st.sampled_from("SLK"))
def test_what_is_written_is_read_and_passes_through_its_keys(keys: dict[float, float], letter: str) -> None:
    [found] = nk.components(nk.decode(nk.curve(keys, letter)))
    assert isinstance(found, nk.Curve)
    assert {key.frame: key.value for key in found.keys} == keys
    assert {key.interpolation for key in found.keys} == {letter}
    assert [found.at(frame) for frame in keys] == list(keys.values())


def test_writing() -> None:
    assert nk.curve({10: 1, 1: 0}) == "{{curve x1 0 x10 1}}"
    assert nk.curve({1: 0.5}, "linear") == "{{curve L x1 0.5}}"
    assert nk.curves([{1: 0}, {1: 2}], "K") == "{{curve K x1 0} {curve K x1 2}}"
    with pytest.raises(FilmRecoveryError, match="interpolation"):
        nk.curve({1: 0}, "bouncy")
    with pytest.raises(FilmRecoveryError, match="without keys"):
        nk.curve({})
    with pytest.raises(FilmRecoveryError, match="nan"):
        nk.curve({1: float("nan")})
