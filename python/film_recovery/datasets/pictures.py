"""One picture of a pair, as a network is to see it: upright, red, green and blue, at its full bit depth.

Stands between ``imaging.files`` and ``folder``. A photograph may be stored turned, with a note in its EXIF data that
says how; whoever edits it often saves it upright without that note. So each side is turned as its own note says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from film_recovery._hashes import sha256_of
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import Header, read_frame, read_header
from film_recovery.imaging.frame import Pixels, need_colours

SUFFIXES = (".exr", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".dpx")
UPRIGHT = 1
_ON_ITS_SIDE = (5, 6, 7, 8)


def is_linear(file: Path) -> bool:
    """Whether the values are scene-linear, as an EXR's are; all else holds encoded ones."""
    return file.suffix.lower() == ".exr"


def read_picture(file: Path) -> Pixels:
    """The values in ``file``, never clamped or rounded: float32, H×W×3, **top row first**, upright.

    Scene-linear in an EXR, encoded 0–1 in an integer file. Grey becomes three equal channels, alpha is left out,
    what lies outside the display window is cut off. Raises FilmRecoveryError for CMYK and for a file without
    colour.
    """
    header = read_header(file)
    if header.inks:
        raise FilmRecoveryError(
            f"The picture is in printing inks ({header.inks}), whose colours depend on paper and press.",
            file=str(file),
            remedy="convert it to RGB with its own profile, in the application that made it",
        )
    frame = read_frame(file)
    need_colours(frame, file)
    return turned(frame.rgb(frame.format.box)[::-1], header.orientation)


def turned(picture: Pixels, orientation: int) -> Pixels:
    """``picture`` (H×W×3, top row first) upright; ``orientation`` as EXIF 2.3 numbers it, 1 to 8.

    Any other number means upright, as viewers take it.
    """
    if orientation in (5, 7):
        picture = picture.swapaxes(0, 1)
    ways = {2: picture[:, ::-1], 3: picture[::-1, ::-1], 4: picture[::-1], 7: picture[::-1, ::-1]}
    if orientation in (6, 8):
        picture = np.rot90(picture, -1 if orientation == 6 else 1)
    return np.ascontiguousarray(ways.get(orientation, picture))


def upright_size(header: Header) -> tuple[int, int]:
    """Width and height of the picture when it is turned as its note says."""
    width, height = header.format.width, header.format.height
    return (height, width) if header.orientation in _ON_ITS_SIDE else (width, height)


def content_hash(file: Path) -> str:
    """SHA-256 of the file's bytes, in hex. Raises FilmRecoveryError when it cannot be read."""
    try:
        return sha256_of(file)
    except OSError as error:
        raise FilmRecoveryError(
            f"The file cannot be read: {error.strerror}.",
            file=str(file),
            remedy="check the path, its permissions and that its disk is mounted",
        ) from error
