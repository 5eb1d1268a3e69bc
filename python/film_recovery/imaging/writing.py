"""Frames out: EXR masters and working files, TIFF, PNG and DPX, through OpenImageIO, atomically.

Equal input gives equal bytes: no date, host or user is added. After writing, the header is read back and
compared, so that nothing asked for is lost in silence. JPEG is read only: it is lossy, and its library ends
the process when the disk is full.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging import channel_names
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.carrying import carry, carry_profile
from film_recovery.imaging.frame import ALPHA, RGB, Box, Frame, Pixels
from film_recovery.imaging.metadata import lost, to_spec
from film_recovery.imaging.reading import is_utf8, read_header

# ACES2065-1 (AP0) primaries and white as x, y of red, green, blue, white: SMPTE ST 2065-1:2012.
AP0_CHROMATICITIES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)

HALF_MAX = 65504.0

# Extension → data types that the file can hold; the first is the default.
DATATYPES: Mapping[str, tuple[str, ...]] = {
    ".exr": ("half", "float"),
    ".dpx": ("uint16", "uint8"),
    ".tif": ("uint16", "uint8", "float"),
    ".tiff": ("uint16", "uint8", "float"),
    ".png": ("uint16", "uint8"),
}
# What the Write node calls an EXR compression, and OpenImageIO's name, → OpenImageIO's name.
COMPRESSIONS: Mapping[str, str] = {
    "none": "none",
    "Zip (1 scanline)": "zips",
    "Zip (16 scanlines)": "zip",
    "PIZ Wavelet (32 scanlines)": "piz",
    "RLE": "rle",
    "B44": "b44",
    "B44A": "b44a",
    "DWAA": "dwaa",
    "DWAB": "dwab",
    **{name: name for name in ("zips", "zip", "piz", "rle", "b44", "b44a", "dwaa", "dwab")},
}
_PNG_END = b"IEND\xaeB`\x82"


def write_frame(
    frame: Frame,
    path: str | os.PathLike[str],
    *,
    datatype: str | None = None,
    compression: str | None = None,
    channels: tuple[str, ...] | None = None,
    metadata: Mapping[str, Any] | None = None,
    chromaticities: tuple[float, ...] | None = None,
    like: str | os.PathLike[str] | None = None,
    create_directories: bool = False,
) -> None:
    """Writes ``frame``; the values are stored as they are, clamped to 0–1 and rounded in integer files.

    ``datatype``: one of DATATYPES (None: the first there). ``channels``: full names (None: all). Only for
    EXR: ``compression``, a name of COMPRESSIONS (None: ``zip``), ``dwaa`` and ``dwab`` also with a level
    (``dwaa:45``); ``metadata``, in place of the frame's own; ``chromaticities``, eight numbers, such as
    AP0_CHROMATICITIES for an ACES2065-1 master. An EXR file keeps format and bbox (its display window begins
    at (0, 0); an empty bbox becomes one black pixel). Other files hold the format's area and no metadata, unless
    ``like`` names the file that they stand for: then its colour profile and notes go on (``carrying.carry``).

    Raises FilmRecoveryError for a folder that does not exist or cannot be written to, a full disk, a value
    beyond the half range, NaN or infinity in an integer file, unknown data types, compressions and channels,
    and metadata that the file cannot hold. The file then is what it was before.
    """
    target = Path(path)
    kind = _datatype(target, datatype)
    names = _channels(frame, target, channels)
    is_exr = target.suffix.lower() == ".exr"
    if not is_exr and (compression, metadata, chromaticities) != (None, None, None):
        raise FilmRecoveryError(
            f"A {target.suffix} file takes no compression, metadata or chromaticities.",
            remedy="leave them out, or write EXR",
            file=str(target),
        )
    shown = frame.cropped(_data_window(frame) if is_exr else frame.format.box)
    values = shown.top_down() if names == shown.channels else np.ascontiguousarray(shown.select(names)[::-1])
    _check_values(values, kind, target)
    spec = _spec(shown, names, kind)
    wanted = dict(frame.metadata if metadata is None else metadata)
    if chromaticities is not None:
        wanted["chromaticities"] = tuple(chromaticities)
    if is_exr:
        spec.attribute("compression", _compression(compression, target))
        to_spec(wanted, spec)
    elif like is not None:
        carry(like, target, spec)
    with replacement(target, create_directories=create_directories) as temporary:
        _write(temporary, spec, values, target)
        if like is not None and target.suffix.lower() == ".png":
            carry_profile(like, temporary)
        _refuse_cut_short(temporary, target)
        if is_exr:
            _verify(temporary, shown, wanted, target)


def _write(temporary: Path, spec: oiio.ImageSpec, values: Pixels, target: Path) -> None:
    if not is_utf8(temporary):
        raise _unwritten(target, "the name of its folder is not valid UTF-8")
    image = oiio.ImageOutput.create(str(temporary))
    if image is None:
        raise _unwritten(target, oiio.geterror())
    written = image.open(str(temporary), spec) and image.write_image(values)
    closed = image.close()
    if not (written and closed):
        raise _unwritten(target, image.geterror().replace(str(temporary), target.name))
    if target.suffix.lower() == ".png" and not _ends_with(temporary, _PNG_END):
        raise _unwritten(target, "the end of the file is missing")  # OpenImageIO does not report it for PNG
    if target.suffix.lower() == ".dpx":
        _clear_name(temporary)


def _refuse_cut_short(temporary: Path, target: Path) -> None:
    """A full disk can swallow the end of a file without a word; so its last rows are read once."""
    image = oiio.ImageInput.open(str(temporary))
    if image is None:
        raise _unwritten(target, oiio.geterror().replace(str(temporary), target.name))
    spec = image.spec()
    end = spec.y + spec.height
    rows = image.read_scanlines(0, 0, end - 1, end, 0, 0, spec.nchannels, oiio.FLOAT)
    reason = image.geterror().replace(str(temporary), target.name)
    image.close()
    if rows is None or reason:
        raise _unwritten(target, f"its end is missing on disk: {reason}")


def _clear_name(dpx: Path) -> None:
    """Empties the field that holds the file's own name (SMPTE 268M, 100 bytes at 36): the temporary one."""
    with dpx.open("r+b") as stream:
        stream.seek(36)
        stream.write(bytes(100))


def _verify(temporary: Path, frame: Frame, wanted: Mapping[str, Any], target: Path) -> None:
    """The header on disk holds the windows and the metadata that were asked for."""
    header = read_header(temporary)
    changed = lost(wanted, header.metadata)
    if changed:
        raise FilmRecoveryError(
            f"An EXR file does not keep the metadata {', '.join(changed)} as given.",
            remedy="rename it, or make it a text, with a ModifyMetaData node before the Write",
            file=str(target),
        )
    if header.bbox != frame.bbox or not header.format.same_shape(frame.format):
        raise _unwritten(target, f"it holds {header.format} {header.bbox}, not {frame.format} {frame.bbox}")


def _spec(frame: Frame, names: tuple[str, ...], kind: str) -> oiio.ImageSpec:
    """Size, place and channels; the data window counted from the top of the display window."""
    spec = oiio.ImageSpec(frame.bbox.width, frame.bbox.height, len(names), kind)
    spec.x, spec.y = frame.bbox.x, frame.format.height - frame.bbox.t
    spec.full_x, spec.full_y = 0, 0
    spec.full_width, spec.full_height = frame.format.width, frame.format.height
    spec.channelnames = tuple(channel_names.file_name(name) for name in names)
    spec.attribute("PixelAspectRatio", frame.format.pixel_aspect)
    spec.attribute("oiio:UnassociatedAlpha", 1)  # store values as they are: no division by alpha
    spec.attribute("DateTime", "")  # or OpenImageIO adds the time of writing (capDate)
    return spec


def _data_window(frame: Frame) -> Box:
    return Box(0, 0, 1, 1) if frame.bbox.empty else frame.bbox


def _datatype(target: Path, wanted: str | None) -> str:
    known = DATATYPES.get(target.suffix.lower())
    if known is None:
        raise FilmRecoveryError(
            f"Files of type “{target.suffix}” are not written.",
            remedy=f"choose one of: {' '.join(DATATYPES)}",
            file=str(target),
        )
    if wanted is not None and wanted not in known:
        raise FilmRecoveryError(
            f"A {target.suffix} file does not hold the data type “{wanted}”.",
            remedy=f"choose one of: {', '.join(known)}",
            file=str(target),
        )
    return wanted or known[0]


def _compression(wanted: str | None, target: Path) -> str:
    name, colon, level = (wanted or "zip").partition(":")
    known = COMPRESSIONS.get(name)
    if known is None or (colon and not (known.startswith("dwa") and re.fullmatch(r"\d+(\.\d+)?", level))):
        raise FilmRecoveryError(
            f"The EXR compression “{wanted}” is not known.",
            remedy=f"choose one of: {', '.join(COMPRESSIONS)}",
            file=str(target),
        )
    return known + colon + level


def _channels(frame: Frame, target: Path, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    names = frame.channels if wanted is None else tuple(wanted)
    if not names:
        raise FilmRecoveryError(
            "There is no channel to write.", remedy="choose channels in the Write", file=str(target)
        )
    if target.suffix.lower() != ".exr" and names not in (RGB, (*RGB, ALPHA)) and len(names) != 1:
        raise FilmRecoveryError(
            f"A {target.suffix} file holds RGB, RGBA or one channel, not {', '.join(names)}.",
            remedy="choose the channels rgb or rgba, or write EXR",
            file=str(target),
        )
    return names


def _check_values(values: Pixels, kind: str, target: Path) -> None:
    """Nothing may turn into something else in silence: half overflow, NaN as a whole number."""
    limit = HALF_MAX if kind == "half" else np.inf
    if values.size == 0 or kind == "float" or (values.min() >= -limit and values.max() <= limit < np.inf):
        return
    finite = np.isfinite(values)
    if kind.startswith("uint"):
        count = int(values.size - np.count_nonzero(finite))
        if count:
            raise FilmRecoveryError(
                f"{count} values are NaN or infinite; a {target.suffix} file cannot hold them.",
                remedy="find the node that makes them, or write EXR",
                file=str(target),
            )
        return
    largest = float(np.max(np.abs(values), where=finite, initial=0))
    if largest > limit:
        raise FilmRecoveryError(
            f"The largest value, {largest:g}, is beyond {limit:g}, the largest of a 16-bit half file.",
            remedy="write 32-bit float, or clamp before the Write",
            file=str(target),
        )


def _ends_with(path: Path, end: bytes) -> bool:
    with path.open("rb") as stream:
        stream.seek(-min(len(end), path.stat().st_size), os.SEEK_END)
        return stream.read() == end


def _unwritten(target: Path, reason: str) -> FilmRecoveryError:
    try:
        free = f"{shutil.disk_usage(target.parent).free / 1e6:.0f} MB are free there"
    except OSError as error:
        free = f"its free space cannot be told: {error.strerror}"
    lines = list(dict.fromkeys(reason.strip().splitlines()))
    return FilmRecoveryError(
        f"The image could not be written: {'; '.join(lines[:3]) or 'unknown reason'}.",
        remedy=f"free space on the disk of {target.parent}, or check its permissions and quota ({free})",
        file=str(target),
    )
