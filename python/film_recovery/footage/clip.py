"""One element as stages 0 to 2 look at it: its frames, read one by one, as encoded RGB.

Everything about curation and alignment is judged on encoded values, 0–1, as the eye sees them. Nothing is kept: who
wants a frame twice reads it twice, or keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import Header, read_frame, read_header
from film_recovery.imaging.frame import Frame, Pixels
from film_recovery.imaging.sequence import Sequence

ENCODED = "color_picking"  # the role whose values are judged


@dataclass(frozen=True, eq=False)
class Clip:
    """``name``: Source or Reference. ``frames``: their numbers, ascending, at least one, each a file that exists.

    ``space``: the colour space or role that the files are in, by ``config``; empty for files that hold encoded
    values, taken as they are. ``pixel_aspect``: width of a pixel over its height, where the headers are wrong; 0:
    as the headers say.
    """

    name: str
    sequence: Sequence
    frames: tuple[int, ...]
    space: str = ""
    config: ColourConfig | None = None
    pixel_aspect: float = 0.0

    def header(self, frame: int) -> Header:
        """Errors as ``imaging.files.read_header``, naming file and frame."""
        return read_header(self.sequence.pattern, frame=None if self.sequence.is_still else frame)

    def picture(self, frame: int) -> Pixels:
        """H×W×3 float32, encoded, over the whole format, top row first; not limited to 0–1.

        Raises FilmRecoveryError naming file and frame: as ``read_frame``, and for values that are not finite.
        """
        return self.picture_of(frame, self.stored(frame))

    def stored(self, frame: int) -> Frame:
        """As the file holds it. Errors as ``read_frame``."""
        return read_frame(self.sequence.pattern, frame=None if self.sequence.is_still else frame)

    def picture_of(self, frame: int, stored: Frame) -> Pixels:
        """:meth:`picture` of what was read of ``frame``."""
        where = {"file": str(self.sequence.path(frame)), "frame": frame}
        try:
            rgb = stored.rgb(stored.format.box)[::-1]
        except FilmRecoveryError as error:
            error.where.update(where)
            raise
        # One NaN or infinity makes the sum one, which is quicker to know than which it was.
        if not np.isfinite(rgb.sum(dtype=np.float64)):
            bad = int(np.count_nonzero(~np.isfinite(rgb)))
            raise FilmRecoveryError(
                f"{bad} values of the {self.name} are NaN or infinite.",
                remedy="export the frame again",
                **where,
            )
        if self.space and self.config is not None:
            return self.config.convert(rgb, self.space, ENCODED)
        return np.ascontiguousarray(rgb)

    def aspect(self, frame: int) -> float:
        """Width of a pixel over its height."""
        return self.pixel_aspect or self.header(frame).format.pixel_aspect

    def small(self, frame: int, width: int) -> Pixels:
        """:meth:`picture` with square pixels, about ``width`` pixels wide (never enlarged), means of areas."""
        picture = self.picture(frame)
        height, full = picture.shape[:2]
        scale = min(1.0, width / full)
        size = max(1, round(full * scale)), max(1, round(height * scale / self.aspect(frame)))
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)

    def __iter__(self) -> Iterator[tuple[int, Pixels]]:
        """Frame numbers with their pictures, one at a time."""
        return ((frame, self.picture(frame)) for frame in self.frames)


def open_clip(
    name: str,
    pattern: str,
    frames: Iterable[int] | None = None,
    *,
    space: str = "",
    pixel_aspect: float = 0.0,
) -> Clip:
    """The element in the files of ``pattern``. ``frames``: None for all on disk; ``space`` by ``$OCIO``'s config.

    Raises FilmRecoveryError where no file is there, or not each of ``frames``.
    """
    sequence = Sequence.parse(pattern)
    present = sequence.frames()
    if sequence.is_still:
        present = [0] if sequence.path(0).is_file() else []
    wanted = sorted(set(present if frames is None else frames))
    if not wanted or not present:
        raise FilmRecoveryError(
            f"The {name} has no frame.",
            file=sequence.pattern,
            remedy="check the pattern; it is written as in a Read node, such as scan.####.exr",
        )
    if not sequence.is_still:
        missing = sorted(set(wanted) - set(present))
        if missing:
            sequence.existing_path(missing[0])  # raises, naming the nearest frames
    config = ColourConfig.load() if space else None
    return Clip(name, sequence, tuple(wanted), space, config, pixel_aspect)
