"""Image files in: EXR, DPX, TIFF, PNG and JPEG through OpenImageIO, as Frames or as headers alone.

Files count rows from the top and place their data window anywhere; a Frame counts from the bottom of its
format. An EXR whose display window does not begin at (0, 0) is shifted so that it does, data window and all
(Nuke's *offset negative display window*, on by default). Values are given as they are stored, integers as
0–1, never converted between colour spaces; NaN and infinity pass (see :func:`frame.non_finite`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import channel_names, metadata
from film_recovery.imaging.frame import Box, Format, Frame, Pixels
from film_recovery.imaging.sequence import Sequence

# File extension → the format that the file must then have.
FORMATS: Mapping[str, str] = {
    ".exr": "openexr",
    ".dpx": "dpx",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
}

_INKS = ("CMYK", "YCCK", "multi-ink", "color separated")  # what OpenImageIO calls what is no RGB


@dataclass(frozen=True)
class Header:
    """What a file says of itself. ``bit_depth``: ``half``, ``float``, ``uint8``, ``uint10``, ``uint16`` …

    ``orientation``: EXIF's 1 to 8, how the stored picture is to be turned (``read_frame`` does not). ``profile``:
    the embedded ICC profile, ``profile_name`` its description. ``inks``: the file holds CMYK or another colour
    model than RGB, by name; what is read of it is a crude conversion.
    """

    format: Format
    bbox: Box
    channels: tuple[str, ...]
    metadata: Mapping[str, Any]
    bit_depth: str
    compression: str
    orientation: int = 1
    profile: bytes = b""
    profile_name: str = ""
    inks: str = ""

    @property
    def frame_rate(self) -> float | None:
        """Frames per second, where the metadata say so: as a number, or as a fraction of two."""
        value = self.metadata.get("framesPerSecond")
        if isinstance(value, tuple) and len(value) == 2 and value[1]:
            value = value[0] / value[1]
        return float(value) if isinstance(value, (int, float)) and 0 < value < math.inf else None


def read_header(path: str | os.PathLike[str], *, frame: int | None = None) -> Header:
    """The header of a file, without its pixels. Path, frame and errors as in :func:`read_frame`."""
    file = _file(path, frame)
    with _opened(file, frame) as image:
        return _header(image.spec(), file)


def read_frame(path: str | os.PathLike[str], *, frame: int | None = None) -> Frame:
    """The picture in a file, float32, bottom row first, with Nuke's channel names.

    ``path`` is a file, or with ``frame`` also a sequence pattern. Raises FilmRecoveryError naming file,
    frame and reason when the file (or the frame of the sequence) does not exist, has an unknown extension or
    another content than that extension says, is damaged or cut short, is deep or in several parts.
    """
    file = _file(path, frame)
    with _opened(file, frame) as image:
        spec = image.spec()
        header = _header(spec, file)
        try:
            stored = image.read_image("float")
        except MemoryError as error:
            size = f"{spec.width} × {spec.height} × {spec.nchannels}"
            raise _unreadable(file, frame, f"its {size} values do not fit into memory") from error
        reason = _reason(image.geterror)
        if stored is None or reason:
            raise _unreadable(file, frame, reason or "its pixels are damaged or cut short")
        pixels = _arranged(stored, spec, channel_names.layout(spec.channelnames, file)[1])
    return Frame(pixels, header.channels, header.format, header.bbox, header.metadata)


def _arranged(stored: Pixels, spec: oiio.ImageSpec, indices: tuple[int, ...]) -> Pixels:
    """Channels in the Frame's order, bottom row first; 10- and 12-bit values on their exact places of 0–1."""
    pixels = np.asarray(stored, np.float32).reshape(spec.height, spec.width, spec.nchannels)[::-1]
    if indices != tuple(range(spec.nchannels)):
        pixels = pixels[:, :, list(indices)]
    bits = spec.getattribute("oiio:BitsPerSample") or 0
    if spec.format.basetype == oiio.UINT16 and 8 < bits < 16:
        steps = np.float32(2**bits - 1)
        pixels = np.rint(pixels * steps) / steps
    return np.ascontiguousarray(pixels)


def _header(spec: oiio.ImageSpec, file: str) -> Header:
    aspect = float(spec.getattribute("PixelAspectRatio") or 1.0)
    top = spec.full_height - (spec.y - spec.full_y)
    left = spec.x - spec.full_x
    bits = spec.getattribute("oiio:BitsPerSample")
    depth = str(spec.format)
    return Header(
        Format(spec.full_width, spec.full_height, aspect),
        Box(left, top - spec.height, left + spec.width, top),
        channel_names.layout(spec.channelnames, file)[0],
        metadata.from_spec(spec),
        f"uint{bits}" if bits and depth.startswith("uint") else depth,
        str(spec.getattribute("compression") or "none"),
        int(spec.getattribute("Orientation") or 1),
        _profile(spec),
        str(spec.getattribute("ICCProfile:profile_description") or "").strip("\0 "),
        _inks(spec),
    )


def _profile(spec: oiio.ImageSpec) -> bytes:
    stored = spec.getattribute("ICCProfile")
    return b"" if stored is None else bytes(bytearray(np.asarray(stored, np.uint8).ravel()))


def _inks(spec: oiio.ImageSpec) -> str:
    names = (str(spec.getattribute(f"{kind}:ColorSpace") or "") for kind in ("jpeg", "tiff"))
    return next((name for name in names if name in _INKS), "")


def _file(path: str | os.PathLike[str], frame: int | None) -> str:
    """The one file that is meant. A path that exists as it is written is never taken for a pattern."""
    if frame is None or Path(path).exists():
        return os.fspath(path)
    return str(Sequence.parse(path).existing_path(frame))


@contextmanager
def _opened(file: str, frame: int | None) -> Iterator[oiio.ImageInput]:
    """An open image whose content is what its name says, closed at the end."""
    _check_file(Path(file), frame)
    hints = oiio.ImageSpec()
    hints.attribute("oiio:UnassociatedAlpha", 1)  # values as they are stored: no multiplication by alpha
    image = oiio.ImageInput.open(file, hints)
    if image is None:
        raise _unreadable(file, frame, _reason(oiio.geterror))
    try:
        _check_content(image, file, frame)
        yield image
    except UnicodeDecodeError as error:
        raise _unreadable(file, frame, "names in its header are not valid UTF-8") from error
    finally:
        image.close()


def _check_file(path: Path, frame: int | None) -> None:
    place = {"file": str(path), "frame": frame}
    if path.is_dir():
        raise FilmRecoveryError("This is a folder, not an image file.", remedy="name a file in it", **place)
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        remedy = "check the path and that its disk is mounted"
        raise FilmRecoveryError("The file does not exist.", remedy=remedy, **place) from error
    except OSError as error:
        remedy = "check the path and its permissions"
        raise FilmRecoveryError(
            f"The file cannot be opened: {error.strerror}.", remedy=remedy, **place
        ) from error
    if path.suffix.lower() not in FORMATS:
        raise FilmRecoveryError(
            f"Files of type “{path.suffix}” are not read.",
            remedy=f"convert it to one of: {' '.join(FORMATS)}",
            **place,
        )
    if not is_utf8(path):
        raise _unreadable(str(path), frame, "its name is not valid UTF-8")
    if size == 0:
        raise _unreadable(str(path), frame, "it is empty (0 bytes)")


def _check_content(image: oiio.ImageInput, file: str, frame: int | None) -> None:
    expected, spec = FORMATS[Path(file).suffix.lower()], image.spec()
    if image.format_name() != expected:
        raise _unreadable(file, frame, f"its name says {expected}, its content is {image.format_name()}")
    if spec.deep:
        raise _unreadable(file, frame, "it is a deep image, which is not supported")
    if expected == "openexr" and (spec.getattribute("oiio:subimages") or 1) > 1:
        raise _unreadable(
            file, frame, "it has several parts (write it with interleave “channels, layers and views”)"
        )
    if any(kind.basetype == oiio.UINT32 for kind in (spec.format, *spec.channelformats)):
        raise _unreadable(file, frame, "it has channels of 32-bit integers, which are not supported")


def _reason(geterror: Callable[[], str]) -> str:
    """What OpenImageIO says went wrong; a damaged header can make that text itself unreadable."""
    try:
        return geterror()
    except UnicodeDecodeError:
        return "its header is damaged"


def is_utf8(path: Path) -> bool:
    """Whether OpenImageIO can be told this path at all."""
    return str(path).encode("utf-8", "replace") == os.fsencode(path)


def _unreadable(file: str, frame: int | None, reason: str) -> FilmRecoveryError:
    lines = list(dict.fromkeys(reason.replace(file, "file").strip().splitlines()))
    return FilmRecoveryError(
        f"The image cannot be read: {'; '.join(lines[:3]) or 'unknown reason'}.",
        remedy="export or copy this file again; it is damaged, incomplete or of an unsupported kind",
        file=file,
        frame=frame,
    )
