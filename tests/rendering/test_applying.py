"""A model over files: everything but red, green and blue stays, and nothing of the input is ever written to."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest
from PIL import ImageCms

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, read_header, write_frame
from film_recovery.imaging.frame import ALPHA, RGB, Box, Format, Frame, Pixels
from film_recovery.rendering.applying import apply, jobs
from film_recovery.rendering.record import Record

RANDOM = np.random.default_rng(8)


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
TIME_CODE = (18429719, 1)


def brighter(picture: Pixels) -> Pixels:
    return picture * np.float32(1.5) - np.float32(0.1)


def stored(path: Path, shape: tuple[int, ...], kind: str, **attributes: object) -> Path:
    """A file as another program writes it, with its own notes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = oiio.ImageSpec(shape[1], shape[0], shape[2], kind)
    spec.attribute("oiio:UnassociatedAlpha", 1)
    for name, value in attributes.items():
        spec.attribute(name.replace("__", ":"), value)
    if path.suffix == ".dpx":
        spec.attribute("smpte:TimeCode", oiio.TypeTimeCode, TIME_CODE)
    if path.suffix == ".tif":
        spec.attribute(
            "ICCProfile", oiio.TypeDesc(f"uint8[{len(PROFILE)}]"), np.frombuffer(PROFILE, np.uint8)
        )
    image = oiio.ImageOutput.create(str(path))
    values = np.random.default_rng(1).random(shape).astype(np.float32)
    assert image.open(str(path), spec) and image.write_image(values) and image.close()
    return path


def with_profile(png: Path) -> Path:
    """The PNG with an iCCP chunk, put there by hand."""
    content = png.read_bytes()
    body = b"iCCP" + b"mine\0\0" + zlib.compress(PROFILE)
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    png.write_bytes(content[:33] + chunk + content[33:])
    return png


@pytest.mark.parametrize("kind", ["half", "float"])
def test_an_exr_keeps_all_but_its_colours(tmp_path: Path, kind: str) -> None:
    values = RANDOM.uniform(-1, 30, (9, 11, 5)).astype(np.float16).astype(np.float32)
    frame = Frame(
        values,
        (*RGB, ALPHA, "depth.Z"),
        Format(20, 16, 2.0),
        Box(3, 2, 14, 11),
        {"timeCode": (1, 2), "owner": "archive", "framesPerSecond": (24, 1)},
    )
    source = tmp_path / "in" / "a.exr"
    write_frame(frame, source, datatype=kind, compression="piz", create_directories=True)
    before = source.read_bytes()
    done = apply(brighter, "model", jobs(str(source), tmp_path / "out" / "b.exr"))
    made, header = read_frame(tmp_path / "out" / "b.exr"), read_header(tmp_path / "out" / "b.exr")
    np.testing.assert_allclose(made.select(RGB), brighter(frame.select(RGB)), rtol=1e-3, atol=1e-4)
    assert made.select(RGB).max() > 20 and made.select(RGB).min() < -0.5  # never clamped
    np.testing.assert_array_equal(made.select((ALPHA, "depth.Z")), frame.select((ALPHA, "depth.Z")))
    assert (made.format, made.bbox) == (Format(20, 16, 2.0), frame.bbox)
    assert (header.bit_depth, header.compression) == (kind, "piz")
    assert dict(made.metadata) == dict(read_frame(source).metadata)
    assert source.read_bytes() == before
    assert done.values_outside > 100 and not done.notes


@pytest.mark.parametrize(("kind", "step"), [("uint16", 1 / 65535), ("uint8", 1 / 255)])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_integer_files_keep_depth_alpha_profile_and_notes(
    tmp_path: Path, suffix: str, kind: str, step: float
) -> None:
    source = stored(
        tmp_path / "in" / f"a{suffix}", (6, 7, 4), kind, Copyright="archive", XResolution=300.0, YResolution=300.0,
        ResolutionUnit="in", Exif__ExposureProgram=2, Orientation=6,
    )  # fmt: skip
    if suffix == ".png":
        with_profile(source)
    done = apply(lambda picture: picture * np.float32(0.5), "model", jobs(str(source), tmp_path / "out"))
    (path,) = done.written
    before, made, header = read_frame(source), read_frame(path), read_header(path)
    assert path.name == source.name and header.bit_depth == kind
    np.testing.assert_allclose(made.select(RGB), before.select(RGB) * 0.5, atol=0.51 * step)
    np.testing.assert_array_equal(made.channel(ALPHA), before.channel(ALPHA))
    assert header.profile == PROFILE == read_header(source).profile
    assert header.orientation == 6
    spec = oiio.ImageInput.open(str(path)).spec()
    assert spec.getattribute("Copyright") == "archive" and spec.getattribute("XResolution") == 300
    assert spec.getattribute("Exif:ExposureProgram") == 2
    assert done.notes == ()


def test_ten_bit_film_stays_ten_bit(tmp_path: Path) -> None:
    source = stored(tmp_path / "in" / "a.0001.dpx", (6, 8, 3), "uint16", oiio__BitsPerSample=10)
    assert read_header(source).bit_depth == "uint10"
    apply(lambda picture: picture, "model", jobs(str(source), tmp_path / "out"))
    made = tmp_path / "out" / "a.0001.dpx"
    assert read_header(made).bit_depth == "uint10"
    assert read_header(made).metadata["timeCode"] == TIME_CODE
    np.testing.assert_array_equal(read_frame(made).pixels, read_frame(source).pixels)


def test_a_sixteen_bit_picture_passes_every_code_value(tmp_path: Path) -> None:
    """An identity changes no code value of 65536."""
    codes = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    source = tmp_path / "in" / "a.png"
    source.parent.mkdir()
    cv2.imwrite(str(source), np.dstack([codes] * 3))
    apply(lambda picture: picture, "model", jobs(str(source), tmp_path / "out"))
    made = cv2.imread(str(tmp_path / "out" / "a.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(made[..., 0], codes)


def folder_of(folder: Path, names: tuple[str, ...] = ("b.png", "a.png", "c.png")) -> Path:
    for index, name in enumerate(names):
        picture = np.full((4, 5, 3), 0.1 * (index + 1), np.float32)
        write_frame(Frame.from_array(picture), folder / name, create_directories=True)
    return folder


def test_a_folder_becomes_a_folder(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in")
    (folder / "notes.txt").write_text("x")
    told: list[tuple[int, int, str, bool]] = []

    def tell(number: int, total: int, file: Path, kept: bool) -> None:
        told.append((number, total, file.name, kept))

    done = apply(brighter, "model", jobs(str(folder), tmp_path / "out"), progress=tell)
    assert told == [(1, 3, "a.png", False), (2, 3, "b.png", False), (3, 3, "c.png", False)]
    assert len(done.written) == 3 and not done.kept


def test_a_sequence_becomes_a_sequence(tmp_path: Path) -> None:
    folder_of(tmp_path / "in", ("s.0998.png", "s.0999.png", "other.png"))
    found = jobs(str(tmp_path / "in" / "s.####.png"), tmp_path / "out" / "v2.%05d.png")
    assert [job.target.name for job in found] == ["v2.00998.png", "v2.00999.png"]
    kept_names = jobs(str(tmp_path / "in" / "s.####.png"), tmp_path / "out")
    assert [job.target.name for job in kept_names] == ["s.0998.png", "s.0999.png"]


def test_photographs_become_png_and_that_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), RANDOM.integers(0, 255, (8, 8, 3), np.uint8))
    done = apply(brighter, "model", jobs(str(folder), tmp_path / "out"))
    assert [path.name for path in done.written] == ["a.png"]
    assert read_header(done.written[0]).bit_depth == "uint8"
    assert any("JPEG" in note for note in done.notes)


def test_a_second_run_keeps_what_is_there_until_something_changes(tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path / "in"), tmp_path / "out"
    calls: list[int] = []

    def counted(picture: Pixels) -> Pixels:
        calls.append(1)
        return brighter(picture)

    apply(counted, "model", jobs(str(folder), out))
    (out / "b.png").unlink()  # as if killed before it
    again = apply(counted, "model", jobs(str(folder), out))
    assert (len(again.written), len(again.kept), len(calls)) == (1, 2, 4)
    write_frame(Frame.from_array(np.full((4, 5, 3), 0.9, np.float32)), folder / "c.png")
    assert [path.name for path in apply(counted, "model", jobs(str(folder), out)).written] == ["c.png"]
    assert len(apply(counted, "another model", jobs(str(folder), out)).written) == 3
    assert not [path for path in out.iterdir() if path.is_dir()]


def test_what_is_not_ours_is_never_overwritten(tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path / "in"), tmp_path / "out"
    write_frame(Frame.from_array(np.zeros((4, 5, 3), np.float32)), out / "b.png", create_directories=True)
    mine = (out / "b.png").read_bytes()
    with pytest.raises(FilmRecoveryError, match="did not write") as caught:
        apply(brighter, "model", jobs(str(folder), out))
    assert caught.value.where["file"].endswith("b.png")
    assert (out / "b.png").read_bytes() == mine


@pytest.mark.parametrize("out", ["in", "in/out", ".", "link"])
def test_the_input_s_folder_is_never_written_to(tmp_path: Path, out: str) -> None:
    folder = folder_of(tmp_path / "in")
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    before = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}
    with pytest.raises(FilmRecoveryError, match="equal to, inside or around"):
        jobs(str(folder), tmp_path / out)
    with pytest.raises(FilmRecoveryError, match="equal to, inside or around"):
        jobs(str(folder / "a.png"), tmp_path / out / "new.png")
    assert before == {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}


def test_a_frame_that_a_script_rendered_is_never_overwritten(tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path / "in", ("a.png",)), tmp_path / "out"
    (rendered,) = folder_of(out, ("a.png",)).iterdir()
    before = rendered.read_bytes()
    Record(out).add(rendered, 1, hashlib.sha256(before).hexdigest(), "job-of-a-script-1", {})
    with pytest.raises(FilmRecoveryError, match="rendered from a script is in the way"):
        apply(brighter, "model", jobs(str(folder), out))
    assert rendered.read_bytes() == before


def test_a_link_to_a_picture_protects_where_it_leads(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "film")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").symlink_to(folder / "a.png")
    with pytest.raises(FilmRecoveryError, match="equal to, inside or around"):
        jobs(str(tmp_path / "in"), folder)


def test_what_cannot_be_done_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "in")
    with pytest.raises(FilmRecoveryError, match="no such file"):
        jobs(str(tmp_path / "absent.png"), tmp_path / "out")
    with pytest.raises(FilmRecoveryError, match="cannot all become"):
        jobs(str(folder), tmp_path / "out" / "one.png")
    with pytest.raises(FilmRecoveryError, match="JPEG is read only"):
        jobs(str(folder / "a.png"), tmp_path / "out" / "a.jpg")
    with pytest.raises(FilmRecoveryError, match=r"\.png file does not become a \.exr"):
        jobs(str(folder / "a.png"), tmp_path / "out" / "a.exr")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FilmRecoveryError, match="no picture"):
        jobs(str(tmp_path / "empty"), tmp_path / "out")
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(FilmRecoveryError, match=r"would both become a\.png"):
        jobs(str(folder), tmp_path / "out")


def test_errors_name_the_picture_and_leave_nothing_behind(tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path / "in"), tmp_path / "out"

    def broken(picture: Pixels) -> Pixels:
        raise FilmRecoveryError("The image holds 3 values that are not finite.")

    with pytest.raises(FilmRecoveryError) as caught:
        apply(broken, "model", jobs(str(folder), out))
    assert caught.value.where["file"] == str(folder / "a.png")
    assert not list(out.glob("*.png"))
