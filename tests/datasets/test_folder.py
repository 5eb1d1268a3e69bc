"""Pairs in folders: every kind of file at its full depth, upright, read when asked for."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from film_recovery.datasets.folder import FolderPairs, PicturePairs
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Box, Format, Frame
from film_recovery.learning.pairs import PairSource, checked


def one_pair(
    files, folder: Path, source: np.ndarray, target: np.ndarray, suffix: str, **attributes: object
) -> PicturePairs:
    files.write(folder / "source" / f"a{suffix}", source, **attributes)
    files.write(folder / "target" / f"a{suffix}", target, **attributes)
    return FolderPairs(folder)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_stay_sixteen_bits(files, tmp_path: Path, suffix: str) -> None:
    codes = np.arange(64 * 64 * 3, dtype=np.uint16).reshape(64, 64, 3) * 5 + 7
    pair = one_pair(files, tmp_path, codes, codes[::-1], suffix, profile=files.icc())[0]
    assert len(np.unique(pair.input)) == 64 * 64 * 3
    np.testing.assert_array_equal(np.rint(pair.input.astype(np.float64) * 65535), codes)
    np.testing.assert_array_equal(np.rint(pair.truth.astype(np.float64) * 65535), codes[::-1])


@pytest.mark.parametrize("datatype", ["float", "half"])
def test_floating_point_is_not_clamped(tmp_path: Path, datatype: str) -> None:
    values = np.linspace(-0.5, 12, 24 * 32 * 3, dtype=np.float32).reshape(24, 32, 3)
    for side in ("source", "target"):
        path = tmp_path / side / "a.exr"
        write_frame(Frame.from_array(values, top_down=True), path, datatype=datatype, create_directories=True)
    pairs = FolderPairs(tmp_path)
    expected = values if datatype == "float" else values.astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(pairs[0].input, expected)
    assert pairs.curve == "srgb"


def test_a_floating_point_tiff_is_not_clamped(files, tmp_path: Path) -> None:
    values = np.linspace(-0.5, 12, 24 * 32 * 3, dtype=np.float32).reshape(24, 32, 3)
    pair = one_pair(files, tmp_path, values, values, ".tif")[0]
    np.testing.assert_array_equal(pair.input, values)


def test_a_jpeg_reads_as_other_readers_read_it(files, tmp_path: Path, crops: list[np.ndarray]) -> None:
    pairs = one_pair(
        files, tmp_path, files.encoded(crops[0], "uint8"), files.encoded(crops[1], "uint8"), ".jpg"
    )
    other = cv2.imread(str(tmp_path / "source" / "a.jpg"))[..., ::-1]
    assert np.abs(np.rint(pairs[0].input * 255) - other).max() <= 1
    assert pairs.curve == "none"
    np.testing.assert_allclose(pairs[0].input, crops[0], atol=0.15)


def test_an_exr_is_read_within_its_format(tmp_path: Path) -> None:
    values = np.full((10, 12, 3), 0.5, np.float32)
    part = Frame(values, ("rgba.red", "rgba.green", "rgba.blue"), Format(32, 24), Box(4, 6, 16, 16))
    for side in ("source", "target"):
        write_frame(part, tmp_path / side / "a.exr", datatype="float", create_directories=True)
    picture = FolderPairs(tmp_path)[0].input
    assert picture.shape == (24, 32, 3)
    assert picture[24 - 16 : 24 - 6, 4:16].min() == 0.5
    assert picture.sum() == values.sum()


def test_lq_and_gt_are_a_layout_too(files, tmp_path: Path, crops: list[np.ndarray]) -> None:
    files.write(tmp_path / "lq" / "x.png", files.encoded(crops[0], "uint8"))
    files.write(tmp_path / "gt" / "x.JPEG", files.encoded(crops[0], "uint8"))
    pairs: PairSource = FolderPairs(tmp_path)
    assert [pair.label for pair in checked(pairs)] == ["x"]
    files.write(tmp_path / "source" / "x.png", files.encoded(crops[0], "uint8"))
    with pytest.raises(FilmRecoveryError, match="two sets of pairs"):
        FolderPairs(tmp_path)


def test_a_missing_side_an_empty_one_and_strangers(tmp_path: Path) -> None:
    (tmp_path / "gt").mkdir()
    with pytest.raises(FilmRecoveryError, match="no folder lq"):
        FolderPairs(tmp_path)
    (tmp_path / "lq").mkdir()
    (tmp_path / "lq" / "notes.txt").write_text("x")
    (tmp_path / "lq" / ".hidden.png").touch()
    (tmp_path / "lq" / "folder.png").mkdir()
    with pytest.raises(FilmRecoveryError, match="no pictures"):
        FolderPairs(tmp_path)


def test_grey_is_three_equal_channels_and_alpha_is_left_out(
    files, tmp_path: Path, crops: list[np.ndarray]
) -> None:
    grey = files.encoded(crops[0][..., :1], "uint16")
    alpha = np.concatenate(
        [files.encoded(crops[0], "uint16"), np.full((*grey.shape[:2], 1), 9000, np.uint16)], axis=-1
    )
    files.write(tmp_path / "source" / "a.png", grey)
    files.write(tmp_path / "target" / "a.png", alpha)
    pair = FolderPairs(tmp_path)[0]
    np.testing.assert_array_equal(pair.input, np.repeat(pair.input[..., :1], 3, axis=-1))
    np.testing.assert_array_equal(np.rint(pair.input[..., :1].astype(np.float64) * 65535), grey)
    # What alpha covers is not multiplied away.
    np.testing.assert_array_equal(np.rint(pair.truth.astype(np.float64) * 65535), alpha[..., :3])


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_printing_inks_are_refused_by_name(
    files, tmp_path: Path, crops: list[np.ndarray], suffix: str
) -> None:
    files.write_cmyk(tmp_path / "source" / f"a{suffix}", files.encoded(crops[0], "uint8"))
    files.write(tmp_path / "target" / f"a{suffix}", files.encoded(crops[0], "uint8"))
    with pytest.raises(FilmRecoveryError, match=rf"CMYK.*source/a\{suffix}") as refused:
        FolderPairs(tmp_path)[0]
    assert "convert it to RGB" in refused.value.remedy


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_is_upright(
    files, tmp_path: Path, crops: list[np.ndarray], orientation: int
) -> None:
    stored = files.encoded(crops[0][:64], "uint8")
    files.write(tmp_path / "source" / "a.jpg", stored, Orientation=orientation)
    with Image.open(tmp_path / "source" / "a.jpg") as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    files.write(tmp_path / "target" / "a.png", upright)  # an editor saved it upright, without the note
    pair = FolderPairs(tmp_path)[0]
    assert pair.input.shape == upright.shape
    assert np.abs(pair.input - pair.truth).max() <= 1.5 / 255


def test_a_lost_orientation_is_a_message_that_says_so(files, tmp_path: Path, crops: list[np.ndarray]) -> None:
    stored = files.encoded(crops[0][:64], "uint8")
    files.write(tmp_path / "source" / "a.jpg", stored, Orientation=6)
    files.write(tmp_path / "target" / "a.jpg", stored)
    with pytest.raises(FilmRecoveryError) as refused:
        FolderPairs(tmp_path)[0]
    assert "source/a.jpg is 64 × 96, target/a.jpg is 96 × 64" in refused.value.message
    assert "a.jpg was turned as its EXIF orientation says" in refused.value.message


def test_five_thousand_pairs_are_listed_without_opening_one(tmp_path: Path) -> None:
    for side in ("source", "target"):
        (tmp_path / side).mkdir()
        for number in range(5000):
            (tmp_path / side / f"{number:05}.jpg").touch()  # no picture: reading one would be an error
    pairs = FolderPairs(tmp_path)
    assert len(pairs) == 5000
    assert pairs.labels[4999] == "04999"
    with pytest.raises(FilmRecoveryError, match=r"empty \(0 bytes\)"):
        pairs[4999]


def test_memory_is_bounded_and_what_is_kept_is_not_read_again(folder, crops: list[np.ndarray]) -> None:
    path = folder(count=4)
    size = 2 * crops[0].nbytes
    pairs = FolderPairs(path, room=2 * size + 100)
    before = [pairs[index] for index in range(4)]
    for index in range(4):
        np.testing.assert_array_equal(pairs[index].input, before[index].input)
    for side in ("source", "target"):
        for file in (path / side).iterdir():
            file.unlink()
    for index in (0, 1):
        np.testing.assert_array_equal(pairs[index].truth, before[index].truth)
    for index in (2, 3):
        with pytest.raises(FilmRecoveryError, match="does not exist"):
            pairs[index]


def test_scene_linear_beside_encoded_is_refused(files, tmp_path: Path, crops: list[np.ndarray]) -> None:
    files.write(tmp_path / "source" / "a.exr", crops[0])
    files.write(tmp_path / "target" / "a.png", files.encoded(files.edited(crops[0]), "uint16"))
    with pytest.raises(FilmRecoveryError, match=r"a\.exr holds scene-linear values, a\.png encoded ones"):
        _ = FolderPairs(tmp_path).curve
