"""PNG, TIFF, DPX and JPEG: values as they are stored, on the scale 0–1, the format's area, no surprises."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest
import tifffile

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import DATATYPES, read_frame, read_header, write_frame
from film_recovery.imaging.frame import RGB, Box, Format, Frame

MakeFrame = Callable[..., Frame]
RGBA = (*RGB, "rgba.alpha")
WRITABLE = [
    (extension, kind) for extension, kinds in DATATYPES.items() if extension != ".exr" for kind in kinds
]


@pytest.mark.parametrize(("extension", "kind"), WRITABLE)
@pytest.mark.parametrize("channels", [RGB, RGBA], ids=["rgb", "rgba"])
def test_values_come_back_to_half_a_step(
    tmp_path: Path, noise: MakeFrame, extension: str, kind: str, channels: tuple[str, ...]
) -> None:
    frame = noise(channels=channels)
    path = tmp_path / f"a{extension}"
    write_frame(frame, path, datatype=kind)
    back = read_frame(path)
    step = {"uint8": 1 / 255, "uint16": 1 / 65535, "float": 0}[kind]
    assert (back.channels, back.bbox, back.format) == (channels, frame.bbox, frame.format)
    assert np.abs(back.pixels - frame.pixels).max() <= step * 0.501
    assert read_header(path).bit_depth == kind


def test_alpha_neither_multiplies_nor_divides(tmp_path: Path) -> None:
    values = np.zeros((2, 2, 4), np.float32)
    values[:] = (1.0, 0.6, 0.2, 0.4)
    values[0, 0, 3] = 0
    for extension in (".png", ".tif", ".dpx", ".exr"):
        write_frame(Frame.from_array(values, channels=RGBA), tmp_path / f"a{extension}")
        assert np.abs(read_frame(tmp_path / f"a{extension}").pixels - values).max() < 2e-4


def test_photographs_are_what_another_library_reads(photographs: Path) -> None:
    for path in sorted(photographs.glob("*.png")):
        expected = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB).astype(np.float32) / 255
        frame = read_frame(path)
        assert np.allclose(frame.top_down(), expected, atol=1e-7)
    rocket = read_frame(photographs / "rocket.jpg")
    expected = cv2.imread(str(photographs / "rocket.jpg"), cv2.IMREAD_COLOR_RGB)
    assert np.abs(rocket.top_down() * 255 - expected).max() <= 2  # decoders of JPEG may differ a little


def test_metadata_of_photographs_goes_into_an_exr(tmp_path: Path, photographs: Path) -> None:
    for path in sorted(photographs.glob("*.*g")):
        frame = read_frame(path)
        write_frame(frame, tmp_path / "a.exr")
        assert read_header(tmp_path / "a.exr").metadata == frame.metadata
    assert read_header(photographs / "coffee.png").metadata["capDate"] == "2013:08:05 14:15:34"


def test_another_library_reads_what_is_written(tmp_path: Path, noise: MakeFrame) -> None:
    frame = noise()
    expected = np.rint(frame.top_down().astype(np.float64) * 65535)
    write_frame(frame, tmp_path / "a.png", datatype="uint16")
    write_frame(frame, tmp_path / "a.tif", datatype="uint16")
    write_frame(frame, tmp_path / "f.tif", datatype="float")
    png = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    tif = cv2.imread(str(tmp_path / "a.tif"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    floats = cv2.imread(str(tmp_path / "f.tif"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert np.array_equal(png, expected)
    assert np.array_equal(tif, expected)
    assert np.array_equal(floats, frame.top_down())


def test_grey_files_are_red_green_and_blue(tmp_path: Path, noise: MakeFrame) -> None:
    grey = (noise().top_down()[..., 0] * 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    tifffile.imwrite(tmp_path / "a.tif", grey)
    for name in ("a.png", "a.tif"):
        frame = read_frame(tmp_path / name)
        assert frame.channels == RGB
        assert np.array_equal(np.rint(frame.top_down() * 255), np.repeat(grey[..., None], 3, axis=2))


def dpx_10_bit(values: np.ndarray) -> bytes:
    """An RGB 10-bit DPX file by SMPTE 268M, big-endian, filled method A, without the help of a library."""
    height, width, _ = values.shape
    header = bytearray(2048)
    struct.pack_into(">4sI8sII", header, 0, b"SDPX", 2048, b"V1.0\0\0\0\0", 2048 + 4 * width * height, 1)
    struct.pack_into(">HHII", header, 768, 0, 1, width, height)
    struct.pack_into(">IIfIfBBBBHHI", header, 780, 0, 0, 0.0, 1023, 2.047, 50, 1, 1, 10, 1, 0, 2048)
    words = values.astype(np.uint32)
    packed = (words[..., 0] << 22) | (words[..., 1] << 12) | (words[..., 2] << 2)
    return bytes(header) + packed.astype(">u4").tobytes()


def test_ten_bit_dpx_scans_are_read_exactly(tmp_path: Path) -> None:
    codes = np.arange(1024).repeat(3).reshape(32, 32, 3)
    codes[..., 1] = codes[::-1, :, 1]
    (tmp_path / "scan.dpx").write_bytes(dpx_10_bit(codes))
    frame = read_frame(tmp_path / "scan.dpx")
    assert read_header(tmp_path / "scan.dpx").bit_depth == "uint10"
    assert np.array_equal(frame.top_down(), (codes / np.float32(1023)).astype(np.float32))


def test_the_formats_area_is_written(tmp_path: Path, noise: MakeFrame) -> None:
    frame = noise(Box(-3, 4, 10, 30), Format(24, 16))
    expected = frame.cropped(Box(0, 0, 24, 16))
    for extension in (".png", ".tif", ".dpx"):
        write_frame(frame, tmp_path / f"a{extension}")
        back = read_frame(tmp_path / f"a{extension}")
        assert (back.bbox, back.format.width, back.format.height) == (Box(0, 0, 24, 16), 24, 16)
        assert np.abs(back.pixels - expected.pixels).max() < 1e-5


def test_equal_frames_give_equal_bytes_at_any_time(tmp_path: Path, noise: MakeFrame) -> None:
    for extension, kind in WRITABLE:
        write_frame(noise(note="x"), tmp_path / f"{kind}{extension}", datatype=kind)
    time.sleep(1.1)  # a date in the file would now be another
    for extension, kind in WRITABLE:
        write_frame(noise(note="x"), tmp_path / f"again{extension}", datatype=kind)
        first, second = tmp_path / f"{kind}{extension}", tmp_path / f"again{extension}"
        assert first.read_bytes() == second.read_bytes(), (extension, kind)


def test_integers_are_clamped_and_nan_is_refused(tmp_path: Path) -> None:
    values = np.array([[[-1.0, 0.5, 7.0]]], np.float32)
    write_frame(Frame.from_array(values), tmp_path / "a.png", datatype="uint8")
    assert read_frame(tmp_path / "a.png").pixels.ravel().tolist() == [0, np.float32(128 / 255), 1]
    for bad in (np.nan, np.inf):
        values[0, 0, 0] = bad
        with pytest.raises(FilmRecoveryError, match="1 values are NaN or infinite"):
            write_frame(Frame.from_array(values), tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path, noise: MakeFrame) -> None:
    with pytest.raises(FilmRecoveryError, match="holds RGB, RGBA or one channel"):
        write_frame(noise(channels=(*RGB, "depth.Z")), tmp_path / "a.png")
    with pytest.raises(FilmRecoveryError, match="does not hold the data type “half”") as caught:
        write_frame(noise(), tmp_path / "a.png", datatype="half")
    assert "uint16, uint8" in caught.value.remedy
    with pytest.raises(FilmRecoveryError, match="takes no compression"):
        write_frame(noise(), tmp_path / "a.tif", compression="zip")
    for name in ("a.jpg", "a", "a.txt"):
        with pytest.raises(FilmRecoveryError, match="are not written"):
            write_frame(noise(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_tiff_is_compressed_without_loss(tmp_path: Path) -> None:
    write_frame(Frame.from_array(np.zeros((64, 64, 3))), tmp_path / "a.tif")
    assert read_header(tmp_path / "a.tif").compression == "zip"
    assert oiio.ImageInput.open(str(tmp_path / "a.tif")).spec().getattribute("Software") is None
