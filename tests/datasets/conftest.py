"""Pairs as real files: crops of free photographs, edited the same way, written by the libraries that people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest
from PIL import Image, ImageCms

from film_recovery.imaging.files import read_frame

PHOTOGRAPHS = Path(__file__).resolve().parents[2] / "python" / "film_recovery" / "demo" / "photographs"
SIZE = 96
_TYPES = {"uint8": "uint8", "uint16": "uint16", "float32": "float"}


def icc(name: str = "sRGB built-in") -> bytes:
    """A real ICC profile, as LittleCMS makes it; under another name also another profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    old, new = ("sRGB built-in".encode("utf-16-be"), name.ljust(13)[:13].encode("utf-16-be"))
    assert profile.count(old) == 1
    return profile.replace(old, new)


def write(file: Path, picture: np.ndarray, **attributes: object) -> Path:
    """``picture`` (H×W×C, top row first) in its own data type. ``profile``, ``Orientation``: what the file says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = np.ascontiguousarray(picture)
    spec = oiio.ImageSpec(picture.shape[1], picture.shape[0], picture.shape[2], _TYPES[str(picture.dtype)])
    spec.attribute("oiio:UnassociatedAlpha", 1)  # alpha beside the colours, not multiplied into them
    for name, value in attributes.items():
        if name == "profile":
            assert isinstance(value, bytes)
            spec.attribute(
                "ICCProfile", oiio.TypeDesc(f"uint8[{len(value)}]"), np.frombuffer(value, np.uint8)
            )
        else:
            spec.attribute(name, value)
    if file.suffix == ".jpg":
        spec.attribute("Compression", "jpeg:98")
    image = oiio.ImageOutput.create(str(file))
    assert image.open(str(file), spec), image.geterror()
    assert image.write_image(picture), image.geterror()
    image.close()
    return file


def write_cmyk(file: Path, picture: np.ndarray) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    inks = np.concatenate([255 - picture, np.zeros_like(picture[..., :1])], axis=-1)
    Image.fromarray(np.ascontiguousarray(inks), "CMYK").save(file)
    return file


def encoded(picture: np.ndarray, datatype: str) -> np.ndarray:
    """0–1 values as codes of ``datatype``; floats as they are."""
    if datatype == "float32":
        return picture.astype(np.float32)
    return np.rint(np.clip(picture, 0, 1) * np.iinfo(datatype).max).astype(datatype)


@pytest.fixture(scope="session")
def crops() -> list[np.ndarray]:
    """Sixteen different pieces of photographs, encoded 0–1."""
    found = []
    for file in sorted(path for path in PHOTOGRAPHS.iterdir() if path.suffix in (".png", ".jpg")):
        picture = read_frame(file).rgb()[::-1]
        for y in (20, 150):
            for x in (20, 200):
                found.append(cv2.resize(picture[y : y + 140, x : x + 140], (SIZE, SIZE)).clip(0, 1))
    return found


def edited(picture: np.ndarray) -> np.ndarray:
    """One preset: warmer, brighter, more colour."""
    brighter = picture**0.85 * np.array([1.02, 1.0, 0.97], np.float32)
    grey = brighter.mean(axis=-1, keepdims=True)
    return np.clip(grey + 1.25 * (brighter - grey), 0, 1).astype(np.float32)


Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, crops: list[np.ndarray]) -> Folder:
    """Makes a folder of pairs. ``change``: by number, (source, target) in place of those."""

    def make(
        name: str = "pairs",
        count: int = 12,
        suffix: str = ".png",
        datatype: str = "uint16",
        change: Mapping[int, tuple[np.ndarray, np.ndarray]] | None = None,
        first: int = 0,
        **attributes: object,
    ) -> Path:
        attributes = {"profile": icc(), **attributes} if suffix != ".exr" else attributes
        for number in range(first, first + count):
            pair = (change or {}).get(number, (crops[number], edited(crops[number])))
            for side, picture in zip(("source", "target"), pair, strict=True):
                write(
                    tmp_path / name / side / f"wall_{number:02}{suffix}",
                    encoded(picture, datatype),
                    **attributes,
                )
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def files() -> SimpleNamespace:
    """The functions above, for the tests."""
    return SimpleNamespace(icc=icc, write=write, write_cmyk=write_cmyk, encoded=encoded, edited=edited)
