"""What a file says beside its pixels, carried over to the file that is made of it: colour profile, notes, bit count.

``writing.write_frame`` asks here where it is told which file the new one stands for. EXR files need none of it: their
metadata travel with the Frame.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio

from film_recovery.imaging.reading import read_header

# What OpenImageIO calls notes about the picture; what describes the file's structure is not carried.
_NOTES = frozenset(
    """Artist Copyright DateTime DocumentName ExposureTime FNumber FramesPerSecond HostComputer ImageDescription
    Keywords Make Model Orientation PageName ResolutionUnit XResolution YResolution""".split()
)
_PREFIXES = ("Exif:", "GPS:", "IPTC:", "XMP:", "smpte:")
_FILM = "dpx:FrameRate dpx:FramePosition dpx:SequenceLength dpx:HeldCount dpx:FrameId dpx:SlateInfo".split()
_PARTIAL_BITS = (10, 12)  # of DPX: fewer than the words that hold them
_AFTER_HEADER = 33  # bytes: the signature and IHDR of a PNG


def carry(source: str | os.PathLike[str], target: Path, spec: oiio.ImageSpec) -> None:
    """Sets on ``spec``, of the new file ``target``, what the file ``source`` says; a PNG's profile is put in later."""
    before = _spec(source)
    for attribute in before.extra_attribs:
        name = attribute.name
        if name in _NOTES or name in _FILM or name.startswith(_PREFIXES):
            if isinstance(attribute.value, int):
                spec.attribute(name, attribute.value)  # a 16-bit one is passed over where EXIF is written
            else:
                spec.attribute(name, attribute.type, attribute.value)
    bits = before.getattribute("oiio:BitsPerSample") or 0
    suffix = target.suffix.lower()
    if suffix == ".dpx" and bits in _PARTIAL_BITS:
        spec.attribute("oiio:BitsPerSample", bits)
    profile = read_header(source).profile
    if profile and suffix in (".tif", ".tiff"):
        kind = oiio.TypeDesc(f"uint8[{len(profile)}]")
        spec.attribute("ICCProfile", kind, np.frombuffer(profile, np.uint8))


def carry_profile(source: str | os.PathLike[str], png: Path) -> None:
    """Puts the profile of ``source``, as it is, into the finished file ``png`` (PNG specification, 11.3.3.3).

    OpenImageIO would ask libpng, which ends the process over a profile that it does not like.
    """
    profile = read_header(source).profile
    if not profile:
        return
    content = png.read_bytes()
    body = b"iCCP" + b"ICC profile\0\0" + zlib.compress(profile, 9)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    with png.open("wb") as stream:
        stream.write(content[:_AFTER_HEADER] + chunk + _without_colour(content[_AFTER_HEADER:]))


def lost(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> list[str]:
    """Names of what :func:`carry` gave to ``target`` and its kind of file does not hold."""
    kept = {attribute.name for attribute in _spec(target).extra_attribs}
    given = [attribute.name for attribute in _spec(source).extra_attribs]
    names = [name for name in given if (name in _NOTES or name.startswith(_PREFIXES)) and name not in kept]
    if read_header(source).profile != read_header(target).profile:
        names.append("the colour profile")
    return names


def _without_colour(chunks: bytes) -> bytes:
    """PNG chunks without those that would contradict a profile."""
    out, place = [], 0
    while place + 12 <= len(chunks):
        (length,) = struct.unpack_from(">I", chunks, place)
        end = place + 12 + length
        if chunks[place + 4 : place + 8] not in (b"sRGB", b"gAMA", b"cHRM", b"cICP", b"iCCP"):
            out.append(chunks[place:end])
        place = end
    return b"".join(out)


def _spec(file: str | os.PathLike[str]) -> oiio.ImageSpec:
    read_header(file)  # says what is wrong with a file that cannot be read
    image: Any = oiio.ImageInput.open(os.fspath(file))
    try:
        return oiio.ImageSpec(image.spec())
    finally:
        image.close()
