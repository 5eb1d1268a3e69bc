"""Channel names: what files call them, and Nuke's full names (``rgba.red``, ``depth.Z``, ``forward.u``).

Follows Nuke's exrReader as published with the NDK examples (ExrChannelNameToNuke): all spellings of R, G, B
and A become red, green, blue and alpha; parts of a layer's name are joined by ``_``; characters other than
letters and digits become ``_``; digits at the start of a part go. A luminance file (a channel ``Y`` and no
colour) gives three equal channels, red, green and blue, as a Read without *raw data* does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import ALPHA, RGB

_SPELLINGS = {
    spelling: name
    for name in ("red", "green", "blue", "alpha")
    for spelling in (name, name.title(), name.upper(), name[0], name[0].upper())
}
_FILE_NAMES = {**dict(zip(RGB, "RGB", strict=True)), ALPHA: "A"}
_LUMINANCE = ("Y", "y", "I")  # I: what OpenImageIO calls the channel of some one-channel formats


def nuke_name(file_name: str) -> str:
    """Nuke's full name of a file channel: ``R`` → ``rgba.red``, ``Z`` → ``depth.Z``, ``x`` → ``other.x``."""
    words = [re.sub(r"^\d+", "", part) for part in file_name.split(".", 2)]
    words = [re.sub(r"[^A-Za-z0-9]", "_", word) for word in words if word]
    *layers, channel = words or ["unnamed"]
    channel = _SPELLINGS.get(channel, channel)
    layer = "_".join(layers)
    if layer in ("", "Ci"):  # Ci is the main layer of RenderMan files
        layer = "rgba" if channel in _SPELLINGS else "depth" if channel == "Z" else "other"
    return f"{layer}.{channel}"


def file_name(name: str) -> str:
    """The name that an EXR file gets: ``R G B A`` for the main layer, the full name for everything else."""
    return _FILE_NAMES.get(name, name)


def layout(file_names: Sequence[str], file: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Nuke's names of a file's channels, and for each the index of the file's channel that it shows.

    Raises FilmRecoveryError when two channels of the file would get the same name.
    """
    names: list[str] = []
    indices: list[int] = []
    has_colour = any(nuke_name(name) in RGB for name in file_names)
    for index, channel in enumerate(file_names):
        shown = RGB if channel in _LUMINANCE and not has_colour else (nuke_name(channel),)
        names.extend(shown)
        indices.extend([index] * len(shown))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise FilmRecoveryError(
            f"Two channels would both be {', '.join(repeated)}; the file holds {', '.join(file_names)}.",
            remedy="rename one of them in the application that wrote the file",
            file=file,
        )
    return tuple(names), tuple(indices)
