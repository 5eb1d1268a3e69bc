"""Values outside 0–1, not finite, and in the range of video: planted in files, and found there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.matrix import MISREAD_601, matrix_finding, mixture
from film_recovery.footage.values import levels, value_findings, values, values_of
from film_recovery.imaging.sequence import Sequence

LEGAL = 219 / 255, 16 / 255


def found(pattern: str, frames: range) -> dict[str, Any]:
    looked = values(Sequence.parse(pattern), frames)
    return {one.id: one for one in value_findings("Source", looked)}


@pytest.mark.parametrize("kind", ["exr", "png", "tif"])
def test_a_clean_element_passes(filming: Any, tmp_path: Path, kind: str) -> None:
    pattern = filming.write(tmp_path, filming.film(4), kind=kind)
    assert {one.severity for one in found(pattern, range(1001, 1005)).values()} == {"pass"}


def test_nan_and_infinity_are_named_by_frame(filming: Any, tmp_path: Path) -> None:
    frames = filming.film(4)
    frames[2][5, 6] = np.nan, 0.5, np.inf
    pattern = filming.write(tmp_path, frames)
    finite = found(pattern, range(1001, 1005))["values.finite"]
    assert (finite.severity, finite.value) == ("fail", {"1003": 2})
    assert finite.reason == (
        "2 values of the Source are NaN or infinite, in frame 1003; 4 frames were looked at."
    )
    others = values(Sequence.parse(pattern), [1003])
    assert np.isfinite([others[0].least, others[0].most]).all()


def test_values_outside_are_counted_by_pixel(filming: Any, tmp_path: Path) -> None:
    frames = filming.film(3)
    frames[1][:40, :, 0] = -0.25
    outside = found(filming.write(tmp_path, frames), range(1001, 1004))["values.outside"]
    assert (outside.severity, outside.value["frame"], outside.value["least"]) == ("warn", 1002, -0.25)
    assert outside.value["share"] == pytest.approx(40 / 160)
    assert "ODT" in outside.remedy[0]


def test_what_was_not_looked_at_is_said() -> None:
    looked = [values_of(frame, np.full((2, 2, 3), 0.5, np.float32)) for frame in (1, 2)]
    reasons = [one.reason for one in value_findings("Source", looked, 50)]
    assert len(reasons) == 3 and all("in 2 of 50 frames" in one for one in reasons)


def test_linear_plates_are_never_to_be_clamped(filming: Any, tmp_path: Path) -> None:
    bright = [4 * one**2.4 for one in filming.film(2)]
    outside = found(filming.write(tmp_path, bright), range(1001, 1003))["values.outside"]
    assert any("never clamp" in one for one in outside.remedy)


@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png"])
def test_the_range_of_video_is_suspected(filming: Any, tmp_path: Path, name: str) -> None:
    scale, lift = LEGAL
    stretched = [np.clip(1.7 * one - 0.35, 0, 1) for one in filming.film(4, name)]
    pattern = filming.write(tmp_path / "full", stretched, kind="png")
    assert found(pattern, range(1001, 1005))["levels.range"].severity == "pass"
    pattern = filming.write(tmp_path / "legal", [scale * one + lift for one in stretched], kind="png")
    range_ = found(pattern, range(1001, 1005))["levels.range"]
    assert range_.severity == "warn" and range_.value["confidence"] >= 0.7
    ends = abs(range_.value["low"] - 16 / 255), abs(range_.value["high"] - 235 / 255)
    assert min(ends) < 0.006
    assert "legal" in range_.remedy[0]


def test_a_faded_print_is_not_video(filming: Any) -> None:
    faded = [values_of(1, 0.55 * one + 0.2) for one in filming.film(3)]
    assert levels(faded).confidence == 0


def test_a_black_frame_is_no_range(filming: Any) -> None:
    assert levels([values_of(1, np.zeros((8, 8, 3), np.float32))]).confidence == 0


def test_a_picture_without_rgb_is_an_error(tmp_path: Path) -> None:
    from film_recovery.imaging.files import write_frame
    from film_recovery.imaging.frame import Frame

    mask = Frame.from_array(np.zeros((4, 4, 1), np.float32), channels=("rgba.alpha",))
    write_frame(mask, tmp_path / "scan.1001.exr", datatype="half")
    with pytest.raises(FilmRecoveryError, match="no RGB"):
        values(Sequence.parse(str(tmp_path / "scan.####.exr")), [1001])
    broken: list[FilmRecoveryError] = []
    assert values(Sequence.parse(str(tmp_path / "scan.####.exr")), [1001], unreadable=broken) == []
    assert broken[0].where["frame"] == 1001


# The matrix


def pairs(filming: Any, name: str, change: Any) -> list[Any]:
    frames = filming.film(4, name, speed=20)
    return [(frames[index], change(np.roll(frames[index], 1, 1)).astype(np.float32)) for index in range(4)]


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png"])
def test_the_wrong_matrix_is_suspected_and_the_right_one_is_not(filming: Any, name: str) -> None:
    right = mixture(pairs(filming, name, lambda rgb: rgb))
    wrong = mixture(pairs(filming, name, lambda rgb: rgb @ MISREAD_601.T))
    other = mixture(pairs(filming, name, lambda rgb: rgb @ np.linalg.inv(MISREAD_601).T))
    assert abs(right.gamma) < 0.3 and abs(wrong.gamma - 1) < 0.3 and abs(other.gamma + 1) < 0.3
    assert matrix_finding(right).severity == "pass"
    assert "Rec.601 decoded as Rec.709" in matrix_finding(wrong).reason
    assert "Rec.709 decoded as Rec.601" in matrix_finding(other).reason
    assert 0.5 < matrix_finding(wrong).value["confidence"] < 1


def test_saturation_alone_is_no_matrix(filming: Any) -> None:
    def paler(rgb: np.ndarray) -> np.ndarray:
        grey = rgb @ np.array([[0.2126], [0.7152], [0.0722]])
        return grey + 0.8 * (rgb - grey)

    found = mixture(pairs(filming, "coffee.png", paler))
    assert matrix_finding(found).severity == "pass"
    assert abs(found.gamma) < 0.35


def test_what_cannot_tell_a_matrix_says_so(filming: Any) -> None:
    few_colours_and_misaligned = mixture(pairs(filming, "astronaut.png", lambda rgb: rgb))
    assert "too unlike" in matrix_finding(few_colours_and_misaligned).reason
    grey = mixture(pairs(filming, "coffee.png", lambda rgb: rgb.mean(axis=2, keepdims=True).repeat(3, 2)))
    assert "too few colours" in matrix_finding(grey).reason
    unlike = mixture(pairs(filming, "coffee.png", lambda rgb: rgb[::-1, ::-1]))
    assert matrix_finding(unlike).severity == "info"
    assert matrix_finding(mixture([])).severity == "info"
