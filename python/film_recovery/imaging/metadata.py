"""Metadata between a Frame (bare EXR names, plain values) and OpenImageIO (its own names, typed values).

A Frame's metadata maps text to str, int, float or a tuple of one of these. Names are those that an EXR file
holds (``capDate``, ``owner``, ``timeCode``, and any name of one's own), whichever format the file has. What
describes the file rather than the picture (windows, compression, line order …) is not metadata: see
``reading.Header``. Floats are 32-bit in a file; they are given as the shortest decimal that is the same
32-bit number, so 0.1 comes back as 0.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import OpenImageIO as oiio

from film_recovery.errors import FilmRecoveryError

# What OpenImageIO calls these attributes of an EXR file; in writing it takes the EXR names as well.
_EXR_NAMES = {
    "DateTime": "capDate",
    "Copyright": "owner",
    "ImageDescription": "comments",
    "ExposureTime": "expTime",
    "FNumber": "aperture",
    "FramesPerSecond": "framesPerSecond",
    "smpte:TimeCode": "timeCode",
    "smpte:KeyCode": "keyCode",
}
_STRUCTURE = frozenset(
    """channels compression dataWindow displayWindow lineOrder pixelAspectRatio PixelAspectRatio
    screenWindowCenter screenWindowWidth tiles type name version chunkCount view multiView planarconfig
    Orientation xDensity XResolution YResolution ResolutionUnit ICCProfile Software""".split()
)
_STRUCTURE_PREFIXES = ("oiio:", "openexr:", "tiff:", "jpeg:", "png:", "ICCProfile:")
_TYPES = {
    (float, 2): oiio.TypeDesc("float2"),
    (float, 3): oiio.TypeVector,
    (float, 9): oiio.TypeMatrix33,
    (float, 16): oiio.TypeMatrix44,
    (int, 2): oiio.TypeVector2i,
    (int, 3): oiio.TypeVector3i,
}
# From here on a number is rounded to infinity in 32 bits. The largest that is not, written in the fewest digits, as it
# comes from a file, lies a little above the largest of 32 bits.
_INFINITE = (2 - 2**-24) * 2.0**127
_NAMED_TYPES = {
    "timeCode": oiio.TypeTimeCode,
    "keyCode": oiio.TypeKeyCode,
    "framesPerSecond": oiio.TypeRational,
    "chromaticities": oiio.TypeDesc("float[8]"),
}


def from_spec(spec: oiio.ImageSpec) -> dict[str, Any]:
    """The metadata of a file.

    What an EXR file could not hold (blobs, EXIF arrays …) and texts that are not UTF-8 are left out.
    """
    found = {}
    for attribute in spec.extra_attribs:
        name = _EXR_NAMES.get(attribute.name, attribute.name)
        value = _plain(_decoded(attribute))
        if not _obstacle(name, value):
            found[name] = _shortest(value)
    return found


def to_spec(metadata: Mapping[str, Any], spec: oiio.ImageSpec) -> None:
    """Sets ``metadata`` on an EXR file's ``spec``; FilmRecoveryError for what an EXR file cannot hold.

    Empty texts are left out: an EXR file written through OpenImageIO holds none.
    """
    for name, given in metadata.items():
        value = _plain(given)
        obstacle = _obstacle(name, value)
        if obstacle:
            raise FilmRecoveryError(
                f"The metadata “{name}” cannot be written: {obstacle}.",
                remedy="remove or rename it with a ModifyMetaData node before the Write",
            )
        if isinstance(value, tuple):
            spec.attribute(name, _type(name, value), value)
        elif value != "":
            spec.attribute(name, value)


def lost(wanted: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    """Names of ``wanted`` whose values a file does not give back (floats compared as 32-bit numbers)."""
    values = {name: _shortest(_plain(value)) for name, value in wanted.items()}
    return [name for name, value in values.items() if value != "" and repr(value) != repr(kept.get(name))]


def _obstacle(name: str, value: Any) -> str:
    """Why an EXR file cannot hold the plain ``value`` under ``name``; empty when it can."""
    if not name or name in _STRUCTURE or name.startswith(_STRUCTURE_PREFIXES):
        return "the name is reserved for the file's structure"
    items = value if isinstance(value, tuple) else (value,)
    if None in items or not items:
        return "only texts, numbers and lists of one of them have a place in an EXR file"
    if isinstance(value, tuple) and isinstance(value[0], int) and _type(name, value) == oiio.TypeUnknown:
        return "lists of whole numbers have two or three items"
    if any(isinstance(item, int) and not -(2**31) <= item < 2**31 for item in items):
        return "a number does not fit into 32 bits"
    if any(isinstance(item, float) and math.isfinite(item) and abs(item) >= _INFINITE for item in items):
        return "a number does not fit into 32 bits"
    if any(isinstance(item, str) and not _is_unicode(item) for item in (name, *items)):
        return "the text is not valid Unicode"
    return ""


def _decoded(attribute: oiio.ParamValue) -> Any:
    try:
        return attribute.value
    except UnicodeDecodeError:  # old scanners write Latin-1; the picture is good all the same
        return None


def _is_unicode(text: str) -> bool:
    return text.encode("utf-8", "replace").decode("utf-8") == text


def _plain(value: Any) -> Any:
    """A str, int, float or a tuple of one of them; None for anything else."""
    if isinstance(value, (bool, np.bool_, int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, list)):
        items = tuple(_plain(item) for item in value)
        kinds = {type(item) for item in items}
        if kinds == {int, float}:
            return tuple(float(item) for item in items)
        return items if len(kinds) == 1 and kinds <= {int, float, str} else None
    return None


def _shortest(value: Any) -> Any:
    """Floats, also in a tuple, as the shortest decimal that is the same 32-bit number."""
    if isinstance(value, tuple):
        return tuple(_shortest(item) for item in value)
    return float(str(np.float32(value))) if isinstance(value, float) else value


def _type(name: str, values: tuple[Any, ...]) -> oiio.TypeDesc:
    """How an EXR file holds a list; TypeUnknown when it cannot."""
    kind, count = type(values[0]), len(values)
    if name in _NAMED_TYPES:
        return _NAMED_TYPES[name]
    if kind is int:
        return _TYPES.get((int, count), oiio.TypeUnknown)
    return _TYPES.get((kind, count)) or oiio.TypeDesc(f"{'float' if kind is float else 'string'}[{count}]")
