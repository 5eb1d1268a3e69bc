"""Every header of an element: what is missing, broken, changed along the range, and where codes jump."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.finding import Finding
from film_recovery.footage.headers import between, header_findings, survey
from film_recovery.footage.timecode import Keycode, Timecode, keycode_of, timecode_of
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame

BLACK = np.zeros((6, 8, 3), np.float32)


def packed(hours: int, minutes: int, seconds: int, frames: int, drop: bool = False) -> tuple[int, int]:
    """A timecode as EXR holds it: binary coded decimals in a signed word, and user bits."""
    word = 0
    for shift, number in ((24, hours), (16, minutes), (8, seconds), (0, frames)):
        word |= (number // 10 << 4 | number % 10) << shift
    word |= drop << 6
    return (word - 2**32 if word >= 2**31 else word, 0)


def of(findings: list[Finding], id: str) -> Finding:
    (found,) = [one for one in findings if one.id == id]
    return found


@pytest.fixture
def judged(filming: Any, tmp_path: Path) -> Any:
    """Writes frames 1001 and on, each as given, and gives the findings of their headers."""

    def make(*frames: Any, kind: str = "exr", name: str = "scan") -> list[Finding]:
        for number, one in enumerate(frames, 1001):
            if one is not None:
                pixels, more = one if isinstance(one, tuple) else (one, {})
                filming.write_one(tmp_path, number, pixels, kind=kind, name=name, **more)
        return header_findings(survey("Source", str(tmp_path / f"{name}.####.{kind}")))

    return make


@pytest.mark.parametrize("kind", ["exr", "png", "tif"])
def test_a_clean_element_gives_no_warning(judged: Any, kind: str) -> None:
    found = judged(*[BLACK] * 5, kind=kind)
    assert {one.severity for one in found} <= {"pass", "info"}
    assert of(found, "headers.missing").reason == "The Source has 5 frames, none is missing."


def test_missing_frames_are_named(judged: Any) -> None:
    found = of(judged(BLACK, None, None, BLACK, BLACK, None, BLACK), "headers.missing")
    assert (found.severity, found.value) == ("fail", [1002, 1003, 1006])
    assert "frames 1002-1003,1006 are missing" in found.reason


def test_a_damaged_header_is_named_and_the_rest_is_read(judged: Any, tmp_path: Path) -> None:
    judged(*[BLACK] * 4)
    (tmp_path / "scan.1003.exr").write_bytes(b"no picture")
    looked = survey("Source", str(tmp_path / "scan.####.exr"))
    found = of(header_findings(looked), "headers.unreadable")
    assert looked.frames == (1001, 1002, 1004)
    assert (found.severity, found.value) == ("fail", [1003])
    assert "scan.1003.exr" in found.reason


@pytest.mark.parametrize(
    ("other", "fact", "words"),
    [
        ((np.zeros((6, 10, 3), np.float32), {}), "size", "frame 1003 is 10×6, 8×6 before (size)"),
        ((BLACK, {"format": Format(8, 6, 2.0)}), "pixel_aspect", "frame 1003 is 2, 1 before (pixel aspect)"),
        (
            (np.zeros((6, 8, 4), np.float32), {"channels": (*RGB, ALPHA)}),
            "channels",
            "rgba.red, rgba.green, rgba.blue before (channels)",
        ),
    ],
)
def test_a_change_along_the_range_fails(judged: Any, other: Any, fact: str, words: str) -> None:
    found = of(judged(BLACK, BLACK, other, BLACK), "headers.changes")
    assert found.severity == "fail" and found.remedy
    assert [row[0] for row in found.value[fact]] == [1003, 1004]
    assert words in found.reason


def test_a_frame_of_other_depth_warns(judged: Any, tmp_path: Path) -> None:
    judged(*[BLACK] * 3)
    stored = oiio.ImageOutput.create(str(tmp_path / "scan.1004.exr"))
    stored.open(str(tmp_path / "scan.1004.exr"), oiio.ImageSpec(8, 6, 3, "float"))
    stored.write_image(BLACK)
    stored.close()
    found = of(header_findings(survey("Source", str(tmp_path / "scan.####.exr"))), "headers.changes")
    assert (found.severity, found.value["bit_depth"]) == ("warn", [[1004, "half", "float"]])


def test_the_data_window_is_told(judged: Any, tmp_path: Path) -> None:
    judged(*[BLACK] * 3)
    small = Frame(np.zeros((4, 8, 3), np.float32), RGB, Format(8, 6), Box(0, 1, 8, 5))
    write_frame(small, tmp_path / "scan.1002.exr", datatype="half")
    found = of(header_findings(survey("Source", str(tmp_path / "scan.####.exr"))), "headers.data_window")
    assert found.value == {"frames": 1, "first": 1002, "window": [0, 1, 8, 5]}
    assert "0 1 8 5" in found.reason


@pytest.mark.parametrize(
    ("size", "aspect", "severity", "words"),
    [
        ((720, 576), 1.0, "warn", "1.09 for a 4:3 picture, or 1.46"),
        ((720, 480), 1.0, "warn", "0.91 for a 4:3 picture, or 1.21"),
        ((720, 576), 1.09, "info", "the alignment respects it"),
        ((1440, 1080), 1.0, "warn", "leave it for a 4:3 picture, or set its pixel aspect to 1.333 for 16:9"),
        ((960, 720), 1.0, "warn", "leave it for a 4:3 picture, or set its pixel aspect to 1.333"),
        ((1280, 1080), 1.0, "warn", "set its pixel aspect to 1.5 in the project"),
        ((1440, 1080), 1.333, "info", "the alignment respects it"),
        ((720, 540), 1.0, "pass", ""),
    ],
)
def test_the_pixels_of_video(
    tmp_path: Path, size: tuple[int, int], aspect: float, severity: str, words: str
) -> None:
    small = Frame(np.zeros((4, 8, 3), np.float32), RGB, Format(*size, aspect), Box(0, 1, 8, 5))
    write_frame(small, tmp_path / "scan.1001.exr", datatype="half")
    found = of(header_findings(survey("Source", str(tmp_path / "scan.####.exr"))), "headers.pixel_aspect")
    assert found.severity == severity
    assert words in " ".join(found.remedy)


# Timecode and keycode


def with_codes(*codes: tuple[int, int] | None, rate: int = 24) -> list[Any]:
    return [
        (BLACK, {"metadata": {"framesPerSecond": (rate, 1), **({"timeCode": one} if one else {})}})
        for one in codes
    ]


def test_a_timecode_is_decoded() -> None:
    assert str(timecode_of({"timeCode": packed(23, 59, 47, 19)})) == "23:59:47:19"
    assert timecode_of({"timeCode": packed(1, 2, 3, 4, drop=True)}) == Timecode(1, 2, 3, 4, True)
    assert timecode_of({"timeCode": "10:11:12:13"}) == Timecode(10, 11, 12, 13)
    assert str(timecode_of({"timeCode": "10:11:12;13"})) == "10:11:12;13"
    assert timecode_of({"timeCode": (-1, -1)}) is None  # as scanners write that there is none
    assert timecode_of({"timeCode": "25:00:00:00"}) is None
    assert timecode_of({}) is None


def test_a_timecode_is_counted() -> None:
    assert Timecode(1, 0, 0, 0).count(24) == 86_400
    # SMPTE ST 12: an hour of drop frame has 107 892 frames; 00:00:59;29 is followed by 00:01:00;02.
    assert Timecode(1, 0, 0, 0, True).count(30) == 107_892
    assert Timecode(0, 1, 0, 2, True).count(30) - Timecode(0, 0, 59, 29, True).count(30) == 1


def test_a_keycode_is_decoded() -> None:
    assert keycode_of({"keyCode": (1, 2, 3, 4, 5, 4, 64)}) == Keycode((1, 2, 3), 4 * 64 + 5, 4)
    assert keycode_of({"keyCode": (0, 0, 0, 0, 0, 4, 64)}) is None


def test_a_timecode_that_runs_through_passes(judged: Any) -> None:
    found = of(
        judged(*with_codes(*[packed(0, 59, 59, 22 + n) for n in (0, 1)], packed(1, 0, 0, 0))),
        "headers.timecode",
    )
    assert (found.severity, found.reason) == (
        "pass",
        "The timecode of the Source runs through, from 00:59:59:22 to 01:00:00:00.",
    )


def test_the_rate_in_the_header_is_what_a_second_has(judged: Any) -> None:
    found = judged(*with_codes(packed(0, 0, 0, 24), packed(0, 0, 1, 0), rate=25))
    assert of(found, "headers.timecode").severity == "pass"


def test_jumps_and_repeats_of_the_timecode_are_named(judged: Any) -> None:
    codes = [packed(1, 0, 0, n) for n in (0, 1, 7, 8, 8, 9)]
    found = of(judged(*with_codes(*codes)), "headers.timecode")
    assert (found.severity, found.value) == ("warn", [[1003, "01:00:00:07", 5], [1005, "01:00:00:08", -1]])
    assert "frame 1003 has 01:00:00:07, 5 too many; frame 1005 has 01:00:00:08, 1 too few" in found.reason


def test_a_gap_in_the_files_is_no_jump_of_the_timecode(judged: Any) -> None:
    frames = with_codes(*[packed(1, 0, 0, n) for n in range(5)])
    frames[2] = None
    assert of(judged(*frames), "headers.timecode").severity == "pass"


def test_frames_without_timecode_are_counted(judged: Any) -> None:
    found = of(judged(*with_codes(packed(1, 0, 0, 0), None, packed(1, 0, 0, 2))), "headers.timecode")
    assert found.severity == "warn" and "1 frames of the Source have none" in found.reason


def test_a_splice_shows_in_the_keycode(judged: Any) -> None:
    def coded(prefix: int, offset: int) -> Any:
        return BLACK, {"metadata": {"keyCode": (1, 2, prefix, 100, offset, 4, 64)}}

    found = of(judged(coded(7, 0), coded(7, 4), coded(7, 12), coded(8, 0), coded(8, 4)), "headers.keycode")
    assert [row[0] for row in found.value] == [1003, 1004]
    assert (found.value[0][2], found.value[1][2]) == (1.0, None)


# Two elements


def test_elements_are_held_against_each_other(filming: Any, tmp_path: Path) -> None:
    one = filming.write(tmp_path / "a", [BLACK] * 3)
    two = filming.write(tmp_path / "b", [np.zeros((4, 8, 3), np.float32)] * 3)
    same = between(survey("Source", one), survey("Reference", one))
    assert [finding.severity for finding in same] == ["pass"]
    other = of(between(survey("Source", one), survey("Reference", two)), "headers.parity")
    assert (other.severity, other.value["size"]) == ("warn", [[8, 6], [8, 4]])


def test_equal_timecodes_give_the_offset(filming: Any, tmp_path: Path) -> None:
    for folder, first in (("a", 5), ("b", 2)):
        for number, (pixels, more) in enumerate(
            with_codes(*[packed(1, 0, 0, first + n) for n in range(8)]), 1001
        ):
            filming.write_one(tmp_path / folder, number, pixels, **more)
    ones = [
        survey(name, str(tmp_path / f / "scan.####.exr")) for name, f in (("Source", "a"), ("Reference", "b"))
    ]
    found = of(between(*ones), "headers.offset")
    assert found.value == {"frames": 5, "offsets": [3]}
    assert "the Reference's +3" in found.reason


def test_no_frame_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match=r"The Source has no frame.*scan\.####\.exr"):
        survey("Source", str(tmp_path / "scan.####.exr"))


def test_many_headers_in_several_threads_keep_their_order(judged: Any, tmp_path: Path) -> None:
    judged(*with_codes(*[packed(1, 0, n // 24, n % 24) for n in range(530)]))
    looked = survey("Source", str(tmp_path / "scan.####.exr"), workers=8)
    assert looked.frames == tuple(range(1001, 1531))
    assert [one.count(24) for one in looked.timecodes if one] == [86_400 + n for n in range(530)]
    assert len({id(one) for one in looked.facts}) == 1  # equal facts are kept once
