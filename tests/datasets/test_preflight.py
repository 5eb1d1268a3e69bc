"""Every check of the preflight on real files: passes on a sound folder, finds what was broken in it, and names it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from film_recovery.checks import Outcome
from film_recovery.datasets import preflight as preflights
from film_recovery.datasets.folder import FolderPairs
from film_recovery.datasets.preflight import checks, preflight


def outcomes(folder: Path) -> dict[str, Outcome]:
    return {outcome.check: outcome for outcome in preflight(FolderPairs(folder)).outcomes}


def test_every_check_has_a_function_and_a_sound_folder_passes_them_all(folder) -> None:
    assert {check.id for check in checks()} == set(preflights._JUDGES)
    told: list[tuple[str, int, int]] = []
    found = preflight(FolderPairs(folder()), lambda *what: told.append(what))
    assert {outcome.check: outcome.reason for outcome in found.outcomes if outcome.outcome != "pass"} == {}
    assert found.worst == "pass"
    assert told[-1] == ("pairs looked at", 12, 12)
    profile = next(outcome for outcome in found.outcomes if outcome.check == "pairs.profile")
    assert profile.value["source"] == profile.value["target"]
    assert next(iter(profile.value["source"])).startswith("sRGB built-in (")


def test_a_folder_of_exr_needs_no_profile(folder, crops: list[np.ndarray]) -> None:
    linear = {number: (crops[number] ** 2.2, (crops[number] * 0.9 + 0.05) ** 2.2) for number in range(12)}
    found = outcomes(folder(suffix=".exr", datatype="float32", change=linear))
    assert found["pairs.profile"].outcome == "pass"
    assert found["pairs.domain"].reason == "all values are scene-linear"


def test_mixed_domains_stop_the_work(folder, files, crops: list[np.ndarray]) -> None:
    path = folder()
    (path / "target" / "wall_03.png").unlink()
    files.write(path / "target" / "wall_03.exr", crops[3])
    found = preflight(FolderPairs(path))
    domain = next(outcome for outcome in found.outcomes if outcome.check == "pairs.domain")
    assert (domain.outcome, domain.value) == ("fail", {"scene-linear": 1, "encoded": 23})
    assert "wall_03.exr" in domain.reason
    assert found.stops


def test_bit_depths_of_both_sides(folder, files, crops: list[np.ndarray]) -> None:
    path = folder()
    files.write(path / "source" / "wall_02.png", files.encoded(crops[2], "uint8"), profile=files.icc())
    found = outcomes(path)["pairs.bit_depth"]
    assert found.outcome == "warn"
    assert found.value == {"source": {"uint16": 11, "uint8": 1}, "target": {"uint16": 12}}
    assert "the sides differ in 1 pairs: wall_02" in found.reason


def test_profiles_missing_mixed_and_different_on_the_sides(folder, files, crops: list[np.ndarray]) -> None:
    path = folder()
    files.write(path / "source" / "wall_01.png", files.encoded(crops[1], "uint16"))
    files.write(
        path / "target" / "wall_04.png", files.encoded(crops[4], "uint16"), profile=files.icc("Wide Gamut")
    )
    found = outcomes(path)
    assert found["pairs.profile"].outcome == "warn"
    assert "1 files have none: wall_01.png" in found["pairs.profile"].reason
    assert "1 × Wide Gamut (" in found["pairs.profile"].reason
    assert found["pairs.profile_sides"].outcome == "fail"
    assert (
        "1 of 12 pairs have different profiles on their sides (1 × sRGB"
        in found["pairs.profile_sides"].reason
    )


def test_no_profile_anywhere_is_said_too(folder, files, crops: list[np.ndarray]) -> None:
    for number in range(2):
        for side in ("source", "target"):
            picture = files.encoded(crops[number], "uint8")
            files.write(folder(count=0).parent / "bare" / side / f"{number}.jpg", picture)
    found = outcomes(folder(count=0).parent / "bare")["pairs.profile"]
    assert found.outcome == "warn"
    assert found.value["source"] == {"none": 2}


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_profiles_are_read_from_every_kind_of_file(folder, suffix: str) -> None:
    found = outcomes(folder(suffix=suffix, datatype="uint8"))
    assert found["pairs.profile"].outcome == "pass"
    assert "sRGB built-in" in found["pairs.profile"].reason


def test_unreadable_pictures_and_sizes_are_named(folder, files, crops: list[np.ndarray]) -> None:
    path = folder()
    damaged = path / "target" / "wall_00.png"
    damaged.write_bytes(damaged.read_bytes()[:400])
    for side in ("source", "target"):
        (path / side / "wall_01.png").unlink()
    files.write_cmyk(path / "source" / "wall_01.jpg", files.encoded(crops[1], "uint8"))
    files.write(path / "target" / "wall_01.jpg", files.encoded(crops[1], "uint8"))
    files.write(path / "source" / "wall_02.png", files.encoded(crops[2][:80], "uint16"))
    found = outcomes(path)
    assert (found["pairs.readable"].outcome, found["pairs.readable"].value) == ("fail", 2)
    assert "wall_00: target/wall_00.png: The image cannot be read" in found["pairs.readable"].reason
    assert "source/wall_01.jpg: The picture is in printing inks (CMYK)" in found["pairs.readable"].reason
    assert found["pairs.size"].outcome == "fail"
    assert "wall_02: its source is 96 × 80, its target 96 × 96" in found["pairs.size"].reason


def test_values_that_are_not_finite(folder, crops: list[np.ndarray]) -> None:
    broken = crops[3].copy()
    broken[4, 5, 1] = np.nan
    found = outcomes(folder(suffix=".exr", datatype="float32", change={3: (broken, crops[3])}))
    assert "wall_03: it holds 1 values that are not finite" in found["pairs.readable"].reason


def test_orientation_on_one_side_only(folder, files, crops: list[np.ndarray]) -> None:
    path = folder(suffix=".jpg", datatype="uint8")
    # Stored lying, with a note that nobody kept on the other side: the same size, another picture.
    files.write(
        path / "source" / "wall_05.jpg", files.encoded(crops[5], "uint8"), Orientation=6, profile=files.icc()
    )
    found = outcomes(path)
    assert found["pairs.orientation"].outcome == "warn"
    assert found["pairs.orientation"].reason.endswith("on one side only: wall_05")
    assert (
        "turned, mirrored or of different pictures (likeness): wall_05 (" in found["pairs.alignment"].reason
    )


def test_grey_and_alpha(folder, files, crops: list[np.ndarray]) -> None:
    path = folder()
    files.write(path / "source" / "wall_01.png", files.encoded(crops[1][..., :1], "uint16"))
    alpha = np.concatenate([crops[2], np.ones_like(crops[2][..., :1])], axis=-1)
    files.write(path / "target" / "wall_02.png", files.encoded(alpha, "uint16"), profile=files.icc())
    found = outcomes(path)["pairs.channels"]
    assert (found.outcome, found.value) == ("warn", {"grey": 1, "alpha": 1})
    assert "1 files are grey: wall_01.png" in found.reason
    assert "an alpha, which is left out: wall_02.png" in found.reason


def test_a_shift_is_measured(folder, files, crops: list[np.ndarray]) -> None:
    source, target = (cv2.resize(side, (240, 240)) for side in (crops[6], files.edited(crops[6])))
    shifted = {6: (source[10:210, 10:210], target[13:213, 14:214])}
    found = outcomes(folder(change=shifted))["pairs.alignment"]
    assert (found.outcome, found.value) == ("warn", {"shifted": 1, "unlike": 0})
    assert "wall_06 (5." in found.reason or "wall_06 (4.9" in found.reason


def test_another_picture_as_target(folder, files, crops: list[np.ndarray]) -> None:
    found = outcomes(folder(change={7: (crops[7], files.edited(crops[13]))}))["pairs.alignment"]
    assert found.outcome == "warn"
    assert found.value == {"shifted": 0, "unlike": 1}
    assert "wall_07" in found.reason


def test_duplicates_by_content_and_equal_sides(folder) -> None:
    path = folder()
    for side in ("source", "target"):
        content = (path / side / "wall_01.png").read_bytes()
        (path / side / "again.png").write_bytes(content)
    (path / "target" / "wall_09.png").write_bytes((path / "source" / "wall_09.png").read_bytes())
    found = outcomes(path)
    assert found["pairs.duplicates"].outcome == "warn"
    assert found["pairs.duplicates"].reason == "1 groups of pairs share a file: again = wall_01"
    assert found["pairs.change"].reason == "1 of 13 pairs have the same file on both sides: wall_09"


def test_targets_without_colour_and_duller_than_their_sources(folder, crops: list[np.ndarray]) -> None:
    def faded(picture: np.ndarray, share: float) -> np.ndarray:
        grey = picture.mean(axis=-1, keepdims=True)
        return (grey + share * (picture - grey)).astype(np.float32)

    dull = outcomes(folder("dull", change={n: (crops[n], faded(crops[n], 0.05)) for n in range(12)}))
    assert dull["pairs.saturated_targets"].outcome == "warn"
    assert dull["pairs.saturated_targets"].value < 0.01
    assert dull["pairs.saturation_kept"].outcome == "warn"
    assert dull["pairs.saturation_kept"].value["median"] < 0.2
    few = outcomes(folder("few", change={n: (crops[n], faded(crops[n], 0.6)) for n in (2, 5)}))
    assert few["pairs.saturated_targets"].outcome == "pass"
    assert few["pairs.saturation_kept"].outcome == "warn"
    assert "2 of 12 pairs are below 0.9: wall_0" in few["pairs.saturation_kept"].reason


def test_an_edit_unlike_the_others_is_named(folder, files, crops: list[np.ndarray]) -> None:
    cold = np.clip(crops[8] * np.array([0.7, 1.0, 1.4], np.float32), 0, 1)
    dark = (files.edited(crops[3]) * 0.4).astype(np.float32)
    found = outcomes(folder(change={8: (crops[8], cold), 3: (crops[3], dark)}))["pairs.editing_style"]
    assert found.outcome == "warn"
    assert found.reason.startswith("2 pairs are edited unlike the others")
    assert "wall_08 (chroma" in found.reason
    assert "wall_03 (lightness" in found.reason


def test_few_pairs_have_no_style(folder) -> None:
    found = outcomes(folder(count=3))["pairs.editing_style"]
    assert (found.outcome, found.value) == ("pass", None)
