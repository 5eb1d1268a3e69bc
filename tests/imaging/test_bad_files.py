"""Bad input is named: every file that cannot be read gives file, frame, reason and remedy, never black."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import Frame

MakeFrame = Callable[..., Frame]


def fails(path: Path | str, reason: str, frame: int | None = None) -> FilmRecoveryError:
    with pytest.raises(FilmRecoveryError, match=reason) as caught:
        read_frame(path, frame=frame)
    assert caught.value.remedy
    assert caught.value.exit_code == 3
    return caught.value


def test_missing_files_folders_and_unknown_kinds(tmp_path: Path) -> None:
    assert fails(tmp_path / "no.exr", "does not exist").where == {"file": str(tmp_path / "no.exr")}
    assert fails(tmp_path / "no.exr", "does not exist", 12).where["frame"] == 12
    fails(tmp_path, "is a folder")
    (tmp_path / "folder.exr").mkdir()
    fails(tmp_path / "folder.exr", "is a folder")
    (tmp_path / "a.exr").write_bytes(b"x")
    fails(tmp_path / "a.exr" / "b.exr", "cannot be opened: Not a directory")
    for name in ("a.psd", "a", "a.mov"):
        (tmp_path / name).write_bytes(b"x")
        assert ".exr" in fails(tmp_path / name, "are not read").remedy


@pytest.mark.parametrize("extension", [".exr", ".png", ".tif", ".dpx", ".jpg"])
def test_empty_files_and_texts(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    path.write_bytes(b"")
    fails(path, "empty")
    path.write_text("This is a text.\n" * 100)
    assert fails(path, "cannot be read").where["file"] == str(path)
    with pytest.raises(FilmRecoveryError, match="cannot be read"):
        read_header(path)


@pytest.mark.parametrize("compression", ["none", "zips", "zip", "piz", "rle", "b44", "dwaa", "dwab"])
def test_truncated_exr_files(
    tmp_path: Path, photographs: Path, compression: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.exr"
    write_frame(read_frame(photographs / "coffee.png"), path, compression=compression)
    whole = path.read_bytes()
    for length in (3, 10, 100, 300, 350, 1000, len(whole) // 2, len(whole) - 1000, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert fails(path, "cannot be read", 7).where == {"file": str(path), "frame": 7}
    assert len(capfd.readouterr().err.splitlines()) < 5  # not one line for each damaged block


@pytest.mark.parametrize("extension", [".png", ".tif", ".dpx", ".jpg"])
def test_other_truncated_files(tmp_path: Path, photographs: Path, extension: str) -> None:
    path = tmp_path / f"a{extension}"
    if extension == ".jpg":
        path.write_bytes((photographs / "rocket.jpg").read_bytes())
    else:
        write_frame(read_frame(photographs / "coffee.png"), path)
    whole = path.read_bytes()
    for length in (10, 200, len(whole) // 2, len(whole) - 2000, len(whole) - 100):
        path.write_bytes(whole[:length])
        fails(path, "cannot be read")


def test_every_damaged_byte_of_a_header_is_an_error_or_a_picture(tmp_path: Path, noise: MakeFrame) -> None:
    """Whatever is damaged, reading answers with a Frame or with FilmRecoveryError; it never crashes."""
    path = tmp_path / "a.exr"
    write_frame(noise(note="x"), path)
    whole = path.read_bytes()
    refused = 0
    for position in range(0, 400, 3):
        damaged = bytearray(whole)
        damaged[position] ^= 0x15
        path.write_bytes(damaged)
        try:
            read_frame(path)
        except FilmRecoveryError:
            refused += 1
    assert refused > 20


def test_a_name_that_lies_about_its_content(tmp_path: Path, noise: MakeFrame) -> None:
    write_frame(noise(), tmp_path / "a.png")
    os.rename(tmp_path / "a.png", tmp_path / "a.exr")
    fails(tmp_path / "a.exr", "cannot be read")


def test_several_parts_are_refused(tmp_path: Path) -> None:
    parts = [
        OpenEXR.Part({"name": name, "type": OpenEXR.scanlineimage}, {"Y": np.zeros((4, 4), np.float16)})
        for name in ("a", "b")
    ]
    OpenEXR.File(parts).write(str(tmp_path / "a.exr"))
    fails(tmp_path / "a.exr", "several parts")


def test_integer_channels_are_refused(tmp_path: Path) -> None:
    channels = {"R": np.zeros((4, 4), np.float16), "id": np.ones((4, 4), np.uint32)}
    OpenEXR.File({"type": OpenEXR.scanlineimage}, channels).write(str(tmp_path / "a.exr"))
    fails(tmp_path / "a.exr", "32-bit integers")


def test_a_missing_frame_of_a_sequence(tmp_path: Path, noise: MakeFrame) -> None:
    for number in (1, 3, 4):
        write_frame(noise(), tmp_path / f"shot.{number:04d}.exr")
    pattern = str(tmp_path / "shot.####.exr")
    assert np.array_equal(read_frame(pattern, frame=3).pixels, noise().pixels)
    assert read_header(pattern, frame=3).channels == noise().channels
    error = fails(pattern, "Frame 2 of the sequence is missing", 2)
    assert error.where == {"file": pattern, "frame": 2}
    assert "nearest on disk: 1 and 3" in error.remedy
    (tmp_path / "shot.0002.exr").write_bytes((tmp_path / "shot.0001.exr").read_bytes()[:500])
    assert fails(pattern, "cannot be read", 2).where == {"file": str(tmp_path / "shot.0002.exr"), "frame": 2}


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path, noise: MakeFrame) -> None:
    path = tmp_path / "take#2 [a] 100%d.exr"
    write_frame(noise(), path)
    assert np.array_equal(read_frame(path, frame=7).pixels, noise().pixels)


def test_names_that_are_not_utf_8(tmp_path: Path, noise: MakeFrame) -> None:
    write_frame(noise(), tmp_path / "a.exr")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.exr"))
    os.rename(tmp_path / "a.exr", odd)
    fails(odd, "not valid UTF-8")
    with pytest.raises(FilmRecoveryError, match="folder is not valid UTF-8"):
        write_frame(noise(), odd.with_suffix("") / "a.exr", create_directories=True)


def test_texts_that_are_not_utf_8_do_not_hide_the_picture(tmp_path: Path, noise: MakeFrame) -> None:
    path = tmp_path / "a.exr"
    write_frame(noise(note="Kopie aus MXnchen", reel="3"), path)
    path.write_bytes(path.read_bytes().replace(b"MXnchen", b"M\xfcnchen"))
    frame = read_frame(path)
    assert dict(frame.metadata) == {"reel": "3"}
    assert np.array_equal(frame.pixels, noise().pixels)


def test_a_header_is_read_without_the_pixels(tmp_path: Path, noise: MakeFrame) -> None:
    path = tmp_path / "a.exr"
    write_frame(noise(), path, compression="none")
    whole = read_header(path)
    path.write_bytes(path.read_bytes()[:-200])
    assert read_header(path) == whole
    with pytest.raises(FilmRecoveryError):
        read_frame(path)
