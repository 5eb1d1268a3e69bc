"""Frame lists and sequences: patterns, frames on disk, what is missing and how it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.sequence import Sequence, find_sequences, format_frames, parse_frames

frame_sets = st.lists(st.integers(-300, 300), max_size=40, min_size=1, unique=True).map(sorted)
words = st.text(st.sampled_from("ab_v2. -[](){}%#$d4é"), max_size=8)


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x")


@given(frame_sets)
def test_format_then_parse_gives_the_same_frames(frames: list[int]) -> None:
    assert parse_frames(format_frames(frames)) == frames


@given(st.integers(-99, 99), st.integers(1, 30), st.integers(2, 9))
def test_even_steps_become_one_item(first: int, count: int, step: int) -> None:
    frames = list(range(first, first + count * step, step))
    assert parse_frames(format_frames(frames)) == frames
    assert len(format_frames(frames).split(",")) <= 2


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("7", [7]),
        ("1-4", [1, 2, 3, 4]),
        ("1-4,20,30-40x5", [1, 2, 3, 4, 20, 30, 35, 40]),
        ("-5--3", [-5, -4, -3]),
        ("-1-1", [-1, 0, 1]),
        (" 3, 1  2,2 ", [1, 2, 3]),
        ("1-10x4", [1, 5, 9]),
    ],
)
def test_lists_are_read(text: str, frames: list[int]) -> None:
    assert parse_frames(text) == frames


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([], ""),
        ([4], "4"),
        ([1, 2], "1-2"),
        ([1, 3], "1,3"),
        ([1, 2, 3, 20], "1-3,20"),
        ([3, 1, 2, 2], "1-3"),
        ([1, 3, 5], "1-5x2"),
        ([-3, -2], "-3--2"),
    ],
)
def test_lists_are_written(frames: list[int], text: str) -> None:
    assert format_frames(frames) == text


@pytest.mark.parametrize("text", ["", ",", "a", "1-", "1-2-3", "5-1", "1-9x0", "1.5", "1-99999999999", "١-٣"])
def test_wrong_lists_are_named(text: str) -> None:
    with pytest.raises(FilmRecoveryError, match="cannot be read") as caught:
        parse_frames(text)
    assert f"“{text}”" in caught.value.message
    assert "1-10,20" in caught.value.remedy


@pytest.mark.parametrize(
    ("pattern", "frame", "path"),
    [
        ("/a/b.####.exr", 7, "/a/b.0007.exr"),
        ("/a/b.####.exr", 12345, "/a/b.12345.exr"),
        ("/a/b.%04d.exr", 7, "/a/b.0007.exr"),
        ("/a/b.%4d.exr", 7, "/a/b.0007.exr"),
        ("/a/b.#.exr", 12, "/a/b.12.exr"),
        ("/a/b.%d.exr", 12, "/a/b.12.exr"),
        ("/a/b.####.exr", -5, "/a/b.-005.exr"),
        ("/a b/c [x] (1)/100%done {q}.####.exr", 3, "/a b/c [x] (1)/100%done {q}.0003.exr"),
        ("/50%d/take#2/b.%03d.exr", 3, "/50%d/take#2/b.003.exr"),
        ("/a/100%done_####.dpx", 3, "/a/100%done_0003.dpx"),
        ("C:\\shots\\b.####.exr", 3, "C:/shots/b.0003.exr"),
        ("plain.exr", 3, "plain.exr"),
        ("####.exr", 3, "0003.exr"),
    ],
)
def test_patterns_become_paths(pattern: str, frame: int, path: str) -> None:
    assert Sequence.parse(pattern).path(frame) == Path(path)


@given(words, st.integers(1, 6), st.integers(-20, 30000))
def test_what_is_written_is_found_again(
    tmp_path_factory: pytest.TempPathFactory, head: str, padding: int, frame: int
) -> None:
    folder = tmp_path_factory.mktemp("found")
    sequence = Sequence.parse(folder / f"x{head}_%0{padding}d.exr")
    touch(folder, sequence.path(frame).name)
    assert sequence.frames() == [frame]
    assert sequence.existing_path(frame).is_file()


def test_empty_patterns_are_refused() -> None:
    for pattern in ("", "/a/", "a\\"):
        with pytest.raises(FilmRecoveryError, match="names no file"):
            Sequence.parse(pattern)


def test_frames_on_disk_are_those_of_the_pattern_only(tmp_path: Path) -> None:
    touch(tmp_path, "a.0001.exr", "a.0003.exr", "a.12345.exr", "a.-002.exr", "a.00004.exr", "a.5.exr",
          "b.0002.exr", "a.0006.exr.tmp", ".a.0007.exr", "a.x.exr", "a..exr", "a.٠٠٠٨.exr")  # fmt: skip
    sequence = Sequence.parse(tmp_path / "a.####.exr")
    assert sequence.frames() == [-2, 1, 3, 12345]
    assert Sequence.parse(tmp_path / "a.####.exr", 1, 10).frames() == [1, 3]
    assert sequence.missing(1, 4) == [2, 4]
    assert Sequence.parse(tmp_path / "a.####.exr", 1, 4).missing() == [2, 4]
    assert Sequence.parse(tmp_path / "a.#.exr").frames() == [5, 12345]


def test_a_missing_frame_is_named_with_its_neighbours(tmp_path: Path) -> None:
    touch(tmp_path, "a.0001.exr", "a.0003.exr", "a.0009.exr")
    sequence = Sequence.parse(tmp_path / "a.####.exr")
    with pytest.raises(FilmRecoveryError, match="Frame 5 of the sequence is missing") as caught:
        sequence.existing_path(5)
    assert caught.value.where == {"file": sequence.pattern, "frame": 5}
    assert "nearest on disk: 3 and 9 (there are 1,3,9)" in caught.value.remedy
    with pytest.raises(FilmRecoveryError, match="nearest on disk: 9"):
        sequence.existing_path(10)


def test_a_missing_folder_and_an_empty_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FilmRecoveryError, match="its folder holds no frame of it"):
        Sequence.parse(tmp_path / "a.####.exr").existing_path(1)
    with pytest.raises(FilmRecoveryError, match="its folder does not exist"):
        Sequence.parse(tmp_path / "no" / "a.####.exr").existing_path(1)
    assert Sequence.parse(tmp_path / "no" / "a.####.exr").frames() == []
    assert Sequence.parse(tmp_path / "a.####.exr").missing() == []
    assert Sequence.parse(tmp_path / "a.####.exr").missing(1, 2) == [1, 2]


def test_a_still_serves_every_frame(tmp_path: Path) -> None:
    still = Sequence.parse(tmp_path / "still.png", 5, 8)
    assert (still.frames(), still.missing()) == ([], [5, 6, 7, 8])
    with pytest.raises(FilmRecoveryError, match="does not exist"):
        still.existing_path(6)
    touch(tmp_path, "still.png")
    assert still.is_still
    assert (still.frames(), still.missing(), still.missing(1, 99)) == ([5, 6, 7, 8], [], [])
    assert still.existing_path(6) == tmp_path / "still.png"
    assert Sequence.parse(tmp_path / "still.png").frames() == [1]


def test_sequences_of_a_folder_are_found(tmp_path: Path) -> None:
    touch(tmp_path, "a_v2.1001.exr", "a_v2.1002.exr", "b 1.998.dpx", "b 1.1000.dpx", "shot-001.tif",
          "notes.txt", "n.-01.png", "n.002.png", "m.01.png", "m.001.png", ".hidden.1.exr")  # fmt: skip
    found = [(Path(item.pattern).name, item.first, item.last) for item in find_sequences(tmp_path)]
    assert found == [
        ("a_v2.%04d.exr", 1001, 1002),
        ("b 1.%03d.dpx", 998, 1000),
        ("m.%02d.png", 1, 1),
        ("m.%03d.png", 1, 1),
        ("n.%03d.png", -1, 2),
        ("shot-%03d.tif", 1, 1),
    ]
    for sequence in find_sequences(tmp_path):
        assert sequence.first in sequence.frames()
        assert sequence.last in sequence.frames()
