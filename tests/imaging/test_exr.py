"""EXR files: windows, values, channels, metadata and compressions, held against an independent library."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import (
    AP0_CHROMATICITIES,
    COMPRESSIONS,
    read_frame,
    read_header,
    write_frame,
)
from film_recovery.imaging.frame import RGB, Box, Format, Frame

MakeFrame = Callable[..., Frame]
LAYERS = (*RGB, "rgba.alpha", "depth.Z", "forward.u")  # the order of a file: RGBA, then by name
FORMAT = Format(24, 16, 2.0)
WINDOWS = {
    "format": Box(0, 0, 24, 16),
    "inside": Box(3, 2, 20, 9),
    "outside": Box(-4, -3, 31, 22),
    "beside": Box(30, 20, 34, 23),
    "lower left": Box(-4, -3, 5, 4),
    "one pixel": Box(23, 15, 24, 16),
}


@pytest.mark.parametrize("bbox", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("datatype", ["half", "float"])
def test_frames_come_back_as_they_were(tmp_path: Path, noise: MakeFrame, bbox: Box, datatype: str) -> None:
    frame = noise(bbox, FORMAT, LAYERS, note="kept", count=3, gain=0.1)
    write_frame(frame, tmp_path / "a.exr", datatype=datatype)
    back = read_frame(tmp_path / "a.exr")
    assert (back.bbox, back.channels, dict(back.metadata)) == (bbox, LAYERS, dict(frame.metadata))
    assert back.format == FORMAT
    assert np.array_equal(back.pixels, frame.pixels)
    header = read_header(tmp_path / "a.exr")
    assert (header.bbox, header.format, header.channels) == (bbox, FORMAT, LAYERS)
    assert (header.bit_depth, header.compression) == (datatype, "zip")
    assert dict(header.metadata) == dict(frame.metadata)


def written_by_openexr(path: Path, pixels: dict[str, NDArray[np.generic]], **header: object) -> None:
    """The independent writer; it takes contiguous arrays only (others it writes wrongly, with no error)."""
    arrays = {name: np.ascontiguousarray(values) for name, values in pixels.items()}
    full = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    OpenEXR.File(full, arrays).write(str(path))


def window(x0: int, y0: int, x1: int, y1: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array([x0, y0], np.int32), np.array([x1, y1], np.int32)


@pytest.mark.parametrize("bbox", WINDOWS.values(), ids=WINDOWS)
def test_an_independent_reader_sees_the_same_windows_and_values(
    tmp_path: Path, noise: MakeFrame, bbox: Box
) -> None:
    frame = noise(bbox, FORMAT, LAYERS, note="kept", count=3)
    write_frame(frame, tmp_path / "a.exr")
    with OpenEXR.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        header, channels = file.header(), file.channels()
        low, high = header["dataWindow"]
        assert (low.tolist(), high.tolist()) == (
            [bbox.x, FORMAT.height - bbox.t],
            [bbox.r - 1, FORMAT.height - bbox.y - 1],
        )
        assert [corner.tolist() for corner in header["displayWindow"]] == [[0, 0], [23, 15]]
        assert header["pixelAspectRatio"] == 2.0
        assert (header["note"], header["count"]) == ("kept", 3)
        assert "capDate" not in header
        assert set(channels) == {"R", "G", "B", "A", "forward.u", "depth.Z"}
        for name, shown in zip(("R", "G", "B", "A", "depth.Z", "forward.u"), LAYERS, strict=True):
            assert channels[name].pixels.dtype == np.float16
            assert np.array_equal(channels[name].pixels[::-1], frame.channel(shown))


@pytest.mark.parametrize("shift", [(0, 0), (-10, -6), (7, 5)])
@pytest.mark.parametrize("bbox", WINDOWS.values(), ids=WINDOWS)
def test_files_of_an_independent_writer_are_placed_as_in_nuke(
    tmp_path: Path, noise: MakeFrame, bbox: Box, shift: tuple[int, int]
) -> None:
    """A display window that does not begin at (0, 0) is shifted there, and the data window with it."""
    frame = noise(bbox, FORMAT, (*RGB, "forward.u"))
    dx, dy = shift
    top, bottom = FORMAT.height - bbox.t, FORMAT.height - bbox.y - 1
    values = frame.top_down()
    written_by_openexr(
        tmp_path / "a.exr",
        {
            "R": values[..., 0].astype(np.float16),
            "G": values[..., 1].astype(np.float16),
            "B": values[..., 2].astype(np.float16),
            "forward.u": values[..., 3],
        },
        dataWindow=window(bbox.x + dx, top + dy, bbox.r - 1 + dx, bottom + dy),
        displayWindow=window(dx, dy, FORMAT.width - 1 + dx, FORMAT.height - 1 + dy),
        pixelAspectRatio=2.0,
    )
    back = read_frame(tmp_path / "a.exr")
    assert (back.bbox, back.format, back.channels) == (bbox, FORMAT, frame.channels)
    assert np.array_equal(back.pixels, frame.pixels)
    write_frame(back, tmp_path / "b.exr")
    with OpenEXR.File(str(tmp_path / "b.exr")) as file:
        assert [corner.tolist() for corner in file.header()["displayWindow"]] == [[0, 0], [23, 15]]


def test_a_luminance_file_is_red_green_and_blue(tmp_path: Path, noise: MakeFrame) -> None:
    grey = noise().top_down()[..., 0]
    written_by_openexr(tmp_path / "a.exr", {"Y": grey.astype(np.float16)})
    frame = read_frame(tmp_path / "a.exr")
    assert frame.channels == RGB
    for name in RGB:
        assert np.array_equal(frame.channel(name), grey[::-1])


def test_crops_and_reversed_views_are_written_right(tmp_path: Path, noise: MakeFrame) -> None:
    whole = noise(Box(0, 0, 40, 30), Format(40, 30)).pixels
    for view in (whole[5:21, 7:31], whole[::-1, ::-1][:16, :24], whole.transpose(1, 0, 2)[:16, :24]):
        frame = Frame(view, RGB, Format(24, 16), Box(0, 0, 24, 16))
        write_frame(frame, tmp_path / "a.exr")
        assert np.array_equal(read_frame(tmp_path / "a.exr").pixels, view)


def test_equal_frames_give_equal_bytes_at_any_time(tmp_path: Path, noise: MakeFrame) -> None:
    def write(name: str) -> list[bytes]:
        result = []
        for compression in ("zip", "piz", "dwaa:45"):
            path = tmp_path / name / "a.exr"
            write_frame(noise(note="x"), path, compression=compression, create_directories=True)
            result.append(path.read_bytes())
        return result

    first = write("one")
    time.sleep(1.1)  # a date in the file would now be another
    assert write("two") == first


@pytest.mark.parametrize("token", COMPRESSIONS)
def test_every_compression_of_the_write_node(tmp_path: Path, photographs: Path, token: str) -> None:
    frame = read_frame(photographs / "chelsea.png").cropped(Box(100, 80, 228, 208))
    write_frame(frame, tmp_path / "a.exr", compression=token)
    back = read_frame(tmp_path / "a.exr")
    lossy = COMPRESSIONS[token][:3] in ("b44", "dwa")
    expected = frame.pixels.astype(np.float16)
    assert read_header(tmp_path / "a.exr").compression == COMPRESSIONS[token]
    assert np.array_equal(back.pixels, expected) is not lossy
    assert np.abs(back.pixels - expected).max() < 0.05


def test_dwa_levels_trade_size_for_error(tmp_path: Path, photographs: Path) -> None:
    frame = read_frame(photographs / "coffee.png")
    sizes, errors = [], []
    for level in ("dwaa:10", "DWAA", "dwaa:200"):
        write_frame(frame, tmp_path / "a.exr", compression=level)
        sizes.append((tmp_path / "a.exr").stat().st_size)
        errors.append(np.abs(read_frame(tmp_path / "a.exr").pixels - frame.pixels).mean())
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)
    with pytest.raises(FilmRecoveryError, match="“zip:3” is not known"):
        write_frame(frame, tmp_path / "a.exr", compression="zip:3")
    with pytest.raises(FilmRecoveryError, match="“ZIPX” is not known") as caught:
        write_frame(frame, tmp_path / "a.exr", compression="ZIPX")
    assert "Zip (1 scanline)" in caught.value.remedy


def test_half_rounds_as_ieee_754_does(tmp_path: Path) -> None:
    """Round to nearest, ties to even, subnormal numbers included: numpy's conversion is the oracle."""
    values = np.random.default_rng(3).standard_normal((64, 64, 3)).astype(np.float32)
    values *= np.float32(10) ** np.random.default_rng(4).integers(-8, 4, values.shape).astype(np.float32)
    values[0, 0] = (65504.0, -65504.0, 2.0**-24)
    values[0, 1] = (1 + 2.0**-11, 1 + 3 * 2.0**-11, 2.0**-25)
    write_frame(Frame.from_array(values), tmp_path / "a.exr")
    assert np.array_equal(read_frame(tmp_path / "a.exr").pixels, values.astype(np.float16))


def test_values_beyond_half_are_an_error_that_names_the_largest(tmp_path: Path) -> None:
    values = np.zeros((4, 4, 3), np.float32)
    values[1, 2] = (1.0, -70000.0, np.inf)
    with pytest.raises(FilmRecoveryError, match=r"largest value, 70000, is beyond 65504"):
        write_frame(Frame.from_array(values), tmp_path / "a.exr")
    assert list(tmp_path.iterdir()) == []
    write_frame(Frame.from_array(values), tmp_path / "a.exr", datatype="float")
    assert read_frame(tmp_path / "a.exr").pixels.min() == -70000


@pytest.mark.parametrize("datatype", ["half", "float"])
def test_nan_and_infinity_pass_as_they_are(tmp_path: Path, datatype: str) -> None:
    values = np.zeros((4, 4, 3), np.float32)
    values[1, 2] = (np.nan, np.inf, -np.inf)
    write_frame(Frame.from_array(values), tmp_path / "a.exr", datatype=datatype)
    assert np.array_equal(read_frame(tmp_path / "a.exr").pixels, values, equal_nan=True)


def test_an_empty_bbox_is_written_as_one_black_pixel(tmp_path: Path) -> None:
    frame = Frame(np.zeros((0, 0, 3), np.float32), RGB, Format(8, 4), Box(3, 3, 3, 3))
    write_frame(frame, tmp_path / "a.exr")
    back = read_frame(tmp_path / "a.exr")
    assert (back.format, back.bbox.width, back.bbox.height) == (Format(8, 4), 1, 1)
    assert not back.pixels.any()


def test_chosen_channels_only(tmp_path: Path, noise: MakeFrame) -> None:
    frame = noise(channels=LAYERS)
    write_frame(frame, tmp_path / "a.exr", channels=("forward.u", "rgba.red"))
    assert set(read_frame(tmp_path / "a.exr").channels) == {"rgba.red", "forward.u"}
    with pytest.raises(FilmRecoveryError, match=r"no channel depth\.W"):
        write_frame(frame, tmp_path / "a.exr", channels=("depth.W",))
    with pytest.raises(FilmRecoveryError, match="no channel to write"):
        write_frame(frame, tmp_path / "a.exr", channels=())


def test_aces_masters_carry_the_ap0_chromaticities(tmp_path: Path, noise: MakeFrame) -> None:
    write_frame(noise(note="x"), tmp_path / "a.exr", chromaticities=AP0_CHROMATICITIES)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        assert file.header()["chromaticities"] == pytest.approx(AP0_CHROMATICITIES)
    metadata = dict(read_frame(tmp_path / "a.exr").metadata)
    assert metadata == {"chromaticities": AP0_CHROMATICITIES, "note": "x"}
    write_frame(noise(), tmp_path / "b.exr", metadata=metadata)
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
    write_frame(noise(), tmp_path / "c.exr")
    assert "chromaticities" not in read_header(tmp_path / "c.exr").metadata


letters = st.characters(codec="ascii", categories=("L", "N"))
names = st.text(letters, min_size=1, max_size=12).map("k_{}".format)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)
plain = st.one_of(
    texts,
    st.integers(-(2**31), 2**31 - 1),
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: float(str(np.float32(x)))),
)


@settings(max_examples=60, deadline=None)
@example({"k_0": 3.4028235e38})  # the largest of 32 bits, in the fewest digits
@given(st.lists(st.tuples(names, plain), max_size=6, unique_by=lambda item: item[0].lower()).map(dict))
def test_any_metadata_comes_back_under_its_own_name(
    tmp_path_factory: pytest.TempPathFactory, metadata: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("metadata") / "a.exr"
    frame = Frame.from_array(np.zeros((1, 1, 3)))
    write_frame(frame, path, metadata=metadata)
    assert dict(read_header(path).metadata) == metadata


def test_metadata_of_film_scans_and_nuke_comes_back(tmp_path: Path, noise: MakeFrame) -> None:
    metadata = {
        "owner": "Archive", "comments": "Rolle 3 — Kopie", "capDate": "2001:01:01 10:00:00", "expTime": 0.5,
        "aperture": 2.8, "timeCode": (16909060, 0), "keyCode": (1, 2, 3, 4, 5, 4, 64),
        "framesPerSecond": (24, 1), "adoptedNeutral": (0.3, 0.4), "matrix": tuple(map(float, range(16))),
        "colorInteropID": "lin_ap1_scene", "nuke/node_hash": "a1", "exr/reel": "3", "filmrecovery:model": "x",
        "views": ("left", "right"), "curve": (1.0, 2.0, 3.0, 4.0, 5.0), "offset": (3, -4),
        "with space": "é—字\n[x]",
    }  # fmt: skip
    write_frame(noise(), tmp_path / "a.exr", metadata=metadata)
    back = read_frame(tmp_path / "a.exr")
    assert dict(back.metadata) == metadata
    write_frame(back, tmp_path / "b.exr")
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        header = file.header()
        assert set(metadata) <= set(header)
        assert header["capDate"] == "2001:01:01 10:00:00"


def test_empty_texts_are_left_out(tmp_path: Path, noise: MakeFrame) -> None:
    write_frame(noise(), tmp_path / "a.exr", metadata={"note": "", "kept": "x"})
    assert dict(read_header(tmp_path / "a.exr").metadata) == {"kept": "x"}


@pytest.mark.parametrize(
    ("metadata", "named"),
    [
        ({"compression": "zip"}, "compression"),
        ({"oiio:ColorSpace": "x"}, "oiio:ColorSpace"),
        ({"": "x"}, "“”"),
        ({"big": 2**40}, "big"),
        ({"huge": 1e300}, "huge"),
        ({"thing": {"a": 1}}, "thing"),
        ({"none": None}, "none"),
        ({"mixed": ("a", 1)}, "mixed"),
        ({"torn": "\udc80"}, "torn"),
        ({"Note": "a", "note": "b"}, "Note"),
        ({"counts": (1, 2, 3, 4, 5)}, "counts"),
        ({"capdate": "x", "DateTime": "y"}, "DateTime"),
    ],
)
def test_metadata_that_a_file_cannot_hold_is_named(
    tmp_path: Path, noise: MakeFrame, metadata: dict[str, object], named: str
) -> None:
    with pytest.raises(FilmRecoveryError, match="metadata") as caught:
        write_frame(noise(), tmp_path / "a.exr", metadata=metadata)
    assert named in caught.value.message
    assert list(tmp_path.iterdir()) == []
