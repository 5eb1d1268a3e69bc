"""Duplicates, telecine cadences, combing, blending and retimes: planted in files, named with phase and remedy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.cadence import cadences
from film_recovery.footage.clip import open_clip
from film_recovery.footage.finding import Finding
from film_recovery.footage.movement import Step, steps
from film_recovery.footage.repeats import repeats
from film_recovery.footage.retimes import retime, retime_finding
from film_recovery.footage.runs import consecutive, spread, spread_runs

PHOTOGRAPHS = ("coffee.png", "astronaut.png")


def looked(pattern: str) -> list[list[Step]]:
    clip = open_clip("Source", pattern)
    return steps(clip, consecutive(clip.frames))


@pytest.fixture
def judged(filming: Any, tmp_path: Path) -> Callable[..., list[Finding]]:
    def make(frames: list[np.ndarray], kind: str = "exr") -> list[Finding]:
        return repeats("Source", looked(filming.write(tmp_path, frames, kind=kind)))

    return make


def cadence(findings: list[Finding]) -> Finding:
    (found,) = [one for one in findings if one.id.startswith("cadence.")]
    return found


def of(findings: list[Finding], id: str) -> Finding:
    (found,) = [one for one in findings if one.id == id]
    return found


# Clean clips


@pytest.mark.parametrize("kind", ["exr", "png", "tif"])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_clean_clip_gives_no_warning(judged: Any, filming: Any, name: str, kind: str) -> None:
    found = judged(filming.film(24, name), kind)
    assert {one.severity for one in found} <= {"pass", "info"}
    assert cadence(found).severity == "pass"


@pytest.mark.parametrize(("grain", "speed"), [(0.0, 2.0), (0.0, 0.3), (0.04, 0.3), (0.02, 0.0)])
def test_neither_grain_nor_slow_movement_is_a_cadence(
    judged: Any, filming: Any, grain: float, speed: float
) -> None:
    found = judged(filming.film(30, grain=grain, speed=speed))
    assert {one.severity for one in found} <= {"pass", "info"}


def test_white_noise_is_not_combing(judged: Any, filming: Any) -> None:
    found = judged(filming.copied(filming.film(16, "astronaut.png", grain=0, speed=4), 0.08))
    assert of(found, "interlace.combed").severity == "pass"


def test_what_does_not_move_is_called_a_still_and_no_telecine(judged: Any, filming: Any) -> None:
    still = filming.film(1)[0]
    found = judged([still] * 12)
    assert {one.severity for one in found} <= {"pass", "info"}
    assert of(found, "repeats.equal").value["held"] == [[1001, 1012]]
    assert "Too little moves" in cadence(found).reason


def test_a_still_under_video_noise_is_no_telecine(judged: Any, filming: Any) -> None:
    found = judged(filming.copied([filming.film(1)[0]] * 20))
    assert {one.severity for one in found} <= {"pass", "info"}


def test_a_cut_is_no_cadence(judged: Any, filming: Any) -> None:
    found = judged([*filming.film(13), *filming.film(11, "astronaut.png"), *filming.film(12, "chelsea.png")])
    assert {one.severity for one in found} <= {"pass", "info"}


# Cadences


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_three_two_pulldown_in_fields(judged: Any, filming: Any, name: str, cut: int) -> None:
    """``cut``: frames that are missing at the beginning, which moves the phase."""
    found = cadence(judged(filming.copied(filming.pulldown(filming.film(24, name)))[cut:]))
    assert (found.id, found.severity) == ("cadence.repeated_fields", "warn")
    assert "3:2 pulldown in fields" in found.reason
    assert found.value["period"] == 5
    # The third frame of five repeats the upper field of the second, the fifth the lower one of the fourth.
    assert found.value["evidence"]["upper_phase"] == (1003 - cut) % 5
    assert found.value["evidence"]["lower_phase"] == (1005 - cut) % 5
    assert found.value["confidence"] > 0.7
    assert "inverse telecine" in found.remedy[0]


def test_sixteen_frames_are_enough_for_a_pulldown(judged: Any, filming: Any) -> None:
    """As many as the checks of a project look at."""
    found = cadence(judged(filming.copied(filming.pulldown(filming.film(16)))[2:18]))
    assert found.id == "cadence.repeated_fields" and found.value["confidence"] >= 0.5


def test_the_combed_frames_of_a_pulldown_are_explained_by_it(judged: Any, filming: Any) -> None:
    found = of(
        judged(filming.copied(filming.pulldown(filming.film(24, "astronaut.png")))), "interlace.combed"
    )
    assert found.severity == "info"
    # Where the camera moves enough to tell, and only where two frames of film are woven: the third and fourth of five.
    assert found.value and {frame % 5 for frame in found.value} <= {1003 % 5, 1004 % 5}


def test_three_two_pulldown_with_blended_fields(judged: Any, filming: Any) -> None:
    found = cadence(judged(filming.copied(filming.blended_pulldown(filming.film(24)))))
    assert found.id == "cadence.blended" and "3:2 pulldown with blended fields" in found.reason
    assert found.value["phases"] == sorted((1003 % 5, 1004 % 5))


def test_one_blended_frame_in_five(judged: Any, filming: Any) -> None:
    frames = filming.film(24)
    mixed = []
    for first in range(0, 24, 4):
        a, b, c, d = frames[first : first + 4]
        mixed += [a, b, (b + c) / 2, c, d]
    found = cadence(judged(filming.copied(mixed)))
    assert found.id == "cadence.blended"
    assert (found.value["period"], found.value["phases"]) == (5, [1003 % 5])


@pytest.mark.parametrize(
    ("to", "of_", "period", "repeated", "words"),
    [
        (24, 12, 2, 1, "2:2, each frame twice"),
        (24, 16, 3, 1, "16 to 24 frames a second"),
        (24, 8, 3, 2, "8 to 24 frames a second"),
        (24, 18, 4, 1, "18 to 24 frames a second"),
        (30, 24, 5, 1, "24 to 30 frames a second"),
        (60, 24, 5, 3, "24 to 60 frames a second"),
    ],
)
def test_repeated_frames(
    judged: Any, filming: Any, to: int, of_: int, period: int, repeated: int, words: str
) -> None:
    frames = filming.copied(filming.at_rate(filming.film(16), to, of_))
    found = cadence(judged(frames))
    assert (found.id, found.severity) == ("cadence.repeated_frames", "warn")
    assert (found.value["period"], len(found.value["phases"])) == (period, repeated)
    assert words in found.reason and "film's own rate" in found.remedy[0]


def test_every_25th_frame_repeats(judged: Any, filming: Any) -> None:
    found = cadence(judged(filming.copied(filming.at_rate(filming.film(72), 25, 24))))
    assert (found.value["period"], "24 to 25 frames a second" in found.reason) == (25, True)


def test_every_25th_frame_is_left_out(judged: Any, filming: Any) -> None:
    wall = filming.photograph("astronaut.png")
    frames = filming.copied([wall[100:292, 2 * x : 2 * x + 240] for x in range(100)])
    found = cadence(judged([one for index, one in enumerate(frames) if index % 25 != 7]))
    assert found.id == "cadence.left_out" and "25 to 24" in found.reason
    assert found.value["phases"] == [(1001 + 7) % 24]


@pytest.mark.parametrize("late", ["upper", "lower"])
def test_fields_one_frame_apart(judged: Any, filming: Any, late: str) -> None:
    frames = filming.film(16, "astronaut.png", speed=4)
    shifted = [filming.woven(*((a, b) if late == "upper" else (b, a))) for a, b in pairwise(frames)]
    found = cadence(judged(filming.copied(shifted)))
    assert found.id == "cadence.shifted_fields" and f"the {late} field is one frame late" in found.reason


def test_interlaced_video(judged: Any, filming: Any) -> None:
    frames = filming.film(32, "astronaut.png", speed=4)
    found = judged(
        filming.copied([filming.woven(a, b) for a, b in zip(frames[::2], frames[1::2], strict=True)])
    )
    assert cadence(found).id == "cadence.interlaced"
    assert "progressive" in cadence(found).remedy[0]
    assert of(found, "interlace.combed").severity == "info"


def test_a_single_combed_frame_is_named(judged: Any, filming: Any) -> None:
    frames = filming.film(16, "astronaut.png", speed=4)
    frames[6] = filming.woven(frames[6], frames[7])
    found = of(judged(frames), "interlace.combed")
    assert (found.severity, found.value) == ("warn", [1007])


def test_a_cadence_that_breaks_is_told_part_by_part(judged: Any, filming: Any) -> None:
    one = filming.at_rate(filming.film(48), 30, 24)
    other = filming.film(60, "astronaut.png")
    found = [one for one in judged(filming.copied([*one, *other])) if one.id.startswith("cadence.")]
    assert [(one.value["first"], one.value["last"], one.value["period"]) for one in found] == [
        (1001, 1060, 5)
    ]


# Duplicates


@pytest.mark.parametrize("kind", ["exr", "png"])
def test_a_copied_frame_is_named(judged: Any, filming: Any, kind: str) -> None:
    frames = filming.film(16)
    frames[9] = frames[8]
    found = of(judged(frames, kind), "repeats.equal")
    assert (found.severity, found.value["equal_to_the_last"]) == ("warn", [1010])
    assert "frame 1010 equal the frame before" in found.reason


def test_content_counts_and_not_the_file(filming: Any, tmp_path: Path) -> None:
    from film_recovery.imaging.files import read_frame, write_frame

    pattern = filming.write(tmp_path, filming.film(14))
    copy = read_frame(tmp_path / "scan.1006.exr")
    write_frame(copy, tmp_path / "scan.1007.exr", datatype="half", compression="piz")
    assert (tmp_path / "scan.1006.exr").read_bytes() != (tmp_path / "scan.1007.exr").read_bytes()
    found = of(repeats("Source", looked(pattern)), "repeats.equal")
    assert found.value["equal_to_the_last"] == [1007]


def test_a_part_that_comes_again_is_named(judged: Any, filming: Any) -> None:
    frames = filming.film(12)
    found = of(judged([*frames, *frames[3:6]]), "repeats.again")
    assert found.value == [[1013, 1004], [1014, 1005], [1015, 1006]]


def test_black_frames_may_come_again(judged: Any, filming: Any) -> None:
    black = np.zeros((160, 208, 3), np.float32)
    frames = filming.film(14)
    found = judged([black, *frames[:7], black, *frames[7:], black])
    assert not [one for one in found if one.id == "repeats.again"]


def test_a_copy_under_noise_is_told(judged: Any, filming: Any) -> None:
    frames = filming.film(16)
    frames[9] = frames[8]
    found = of(judged(filming.copied(frames)), "repeats.near")
    assert (found.severity, found.value) == ("info", [1010])


# Frames that cannot be read, and which are looked at


def test_a_frame_that_cannot_be_judged_parts_the_run(filming: Any, tmp_path: Path) -> None:
    frames = filming.film(12)
    frames[5][3, 3] = np.nan
    clip = open_clip("Source", filming.write(tmp_path, frames))
    with pytest.raises(FilmRecoveryError, match=r"NaN"):
        steps(clip, [clip.frames])
    broken: list[FilmRecoveryError] = []
    runs = steps(clip, [clip.frames], unreadable=broken)
    assert [(run[0].frame, run[-1].frame) for run in runs] == [(1001, 1005), (1007, 1012)]
    assert [error.where["frame"] for error in broken] == [1006]


def test_numbers_in_steps_follow_one_another() -> None:
    runs = spread_runs(range(1001, 3001, 2), 600, 60)
    assert [len(run) for run in runs] == [60] * 10 and (runs[0][0], runs[-1][-1]) == (1001, 2919)
    assert {later - frame for run in runs for frame, later in pairwise(run)} == {2}
    assert consecutive([1, 3, 5, 9, 11]) == [[1, 3, 5], [9, 11]]
    assert consecutive([1, 500]) == [[1], [500]]
    assert consecutive([1, 2, 9, 30]) == [[1, 2], [9], [30]]
    # Without any rule, single frames, as many as are asked for.
    squares = [number**2 for number in range(1, 100)]
    assert sum(map(len, spread_runs(squares, 60, 20))) == 60


def test_a_cadence_of_numbers_in_steps_is_told() -> None:
    runs = [Step(1001 + 2 * n, str(n // 2), moved=0.02 * (n % 2 == 0)) for n in range(48)]
    (found,) = cadences(runs)
    assert (found.kind, found.period, found.phases) == ("repeated_frames", 4, (3,))
    equal = of(repeats("Source", [runs]), "repeats.equal")
    assert equal.severity == "info" and equal.value["of_a_cadence"] == 24


def test_long_elements_are_looked_at_in_runs() -> None:
    assert consecutive([5, 1, 2, 3, 8, 9]) == [[1, 2, 3], [5], [8, 9]]
    assert spread_runs(range(10), 20, 5) == [list(range(10))]
    runs = spread_runs(range(1000), 60, 20)
    assert [len(run) for run in runs] == [20, 20, 20]
    assert (runs[0][0], runs[-1][-1]) == (0, 999)
    assert spread_runs([*range(7), *range(9, 60)], 20, 20) == [list(range(29, 49))]
    assert spread(range(10), 4) == [0, 3, 6, 9]
    assert spread([1, 2], 5) == [1, 2]


# Retimes


@pytest.fixture(scope="module")
def lively(filming: Any) -> list[np.ndarray]:
    """150 frames that move by fits and starts, with two cuts."""
    rng = np.random.default_rng(11)
    found = []
    for name in ("coffee.png", "astronaut.png", "chelsea.png"):
        way = np.cumsum(np.repeat(rng.uniform(0, 5, 10), 5)) % 60
        for x in way:
            row, column = 20 + int(x) // 3, 30 + int(x)
            found.append(filming.photograph(name)[row : row + 64, column : column + 96])
    return found


@pytest.fixture(scope="module")
def source_steps(
    filming: Any, lively: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> list[Step]:
    return looked(filming.write(tmp_path_factory.mktemp("source"), lively))[0]


@pytest.mark.parametrize(
    ("to", "of_", "rate"),
    [(24, 24, 1.0), (25, 24, 25 / 24), (24, 25, 24 / 25), (30, 24, 1.25), (16, 24, 2 / 3)],
)
def test_a_retime_against_the_other_element(
    filming: Any,
    tmp_path: Path,
    lively: list[np.ndarray],
    source_steps: list[Step],
    to: int,
    of_: int,
    rate: float,
) -> None:
    soft = [0.7 * one + 0.1 for one in filming.copied(lively, 0.01)]
    reference = looked(filming.write(tmp_path, filming.at_rate(soft, to, of_)))[0]
    found = retime_finding(retime(source_steps, reference))
    assert found.value["rate"] == pytest.approx(rate)
    assert found.severity == ("pass" if rate == 1 else "warn"), found


def test_another_film_is_no_retime(filming: Any, tmp_path: Path, source_steps: list[Step]) -> None:
    other = looked(filming.write(tmp_path, filming.film(80, "chelsea.png")))[0]
    assert retime_finding(retime(source_steps, other)).severity != "warn"


def test_too_little_to_tell_a_retime(filming: Any, tmp_path: Path) -> None:
    run = looked(filming.write(tmp_path, filming.film(20)))[0]
    assert retime(run, run) is None
    assert retime_finding(None).severity == "info"


def test_a_rate_that_so_few_frames_cannot_tell_is_not_passed(source_steps: list[Step]) -> None:
    found = retime_finding(retime(source_steps[:60], source_steps[:60]))
    assert found.severity == "info" and "25/24" in found.reason and found.remedy
