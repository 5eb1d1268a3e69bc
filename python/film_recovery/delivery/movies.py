"""Review movies: H.264 for every player, ProRes 422 for editing, both with their colour tags. Of pictures as displayed.

The encoder is an optional package (PyAV). Pictures come one by one, so one is in memory at a time; a movie takes its
name when all of it is there, and what is said of it has been written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from film_recovery.delivery.timeline import exact_rate
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.frame import Pixels

BT709, SRGB = 1, 13  # ITU-T H.273, transfer characteristics
_PRIMARIES, _MATRIX = 1, 1  # ITU-T H.273: those of BT.709


@dataclass(frozen=True)
class Kind:
    """How a movie is encoded. ``options``: the encoder's; ``container``: the muxer's name."""

    name: str
    suffix: str
    container: str
    encoder: str
    pixels: str
    options: Mapping[str, str]
    muxing: Mapping[str, str]


H264 = Kind(
    "h264", ".mp4", "mp4", "libx264", "yuv420p", {"crf": "16", "preset": "medium"}, {"movflags": "+faststart"}
)
PRORES = Kind("prores", ".mov", "mov", "prores_ks", "yuv422p10le", {"profile": "2", "vendor": "apl0"}, {})
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (H264, PRORES)}


@dataclass(frozen=True)
class Shape:
    """Of every picture: pixels, both even (:func:`even`), and their shape. ``rate``: frames a second. ``transfer``:
    BT709 or SRGB, by the display that the pictures are for; primaries and matrix are those of BT.709."""

    width: int
    height: int
    rate: Fraction
    transfer: int = BT709
    pixel_aspect: float = 1.0


def even(size: int) -> int:
    """The next size that chroma of half the width or height has."""
    return size + size % 2


def exact(rate: float) -> Fraction:
    """``rate`` as it is meant: 23.976 and 23.98 are 24000 ÷ 1001."""
    return Fraction(exact_rate(rate)).limit_denominator(1001)


def library() -> Any:
    """PyAV. Raises FilmRecoveryError where it is not installed."""
    try:
        import av
    except ImportError as error:
        raise FilmRecoveryError(
            "Review movies need the package av (PyAV), which is not installed.",
            remedy="pip install film-recovery[review]",
        ) from error
    return av


def write_movies(
    files: Mapping[Path, Kind],
    pictures: Iterable[Pixels],
    shape: Shape,
    about: Mapping[str, str],
    whole: Callable[[Path, Path], None] = lambda file, made: None,
) -> int:
    """Writes ``files``, each of its kind, from one pass over ``pictures``; gives how many there were.

    A picture: H×W×3, top row first, as displayed, 0–1; what lies beyond is clipped. One that is smaller by a row or a
    column than ``shape`` gets a black one. ``about``: metadata of the container. ``whole``: called with each of
    ``files`` and where all of it lies, before it takes its name. Raises FilmRecoveryError without the package, for an
    encoder that it was built without, and for what the encoder refuses.
    """
    av = library()
    count = 0
    with ExitStack() as stack:
        movies = [
            stack.enter_context(_movie(av, file, kind, shape, about, whole)) for file, kind in files.items()
        ]
        for picture in pictures:
            codes = _codes(picture, shape)
            for movie in movies:
                movie.add(codes, count)
            count += 1
        for movie in movies:
            movie.end()
    return count


@dataclass(frozen=True, eq=False)
class _Movie:
    av: Any
    kind: Kind
    shape: Shape
    container: Any
    stream: Any

    def add(self, codes: NDArray[np.uint16], number: int) -> None:
        frame = self.av.VideoFrame.from_ndarray(codes, format="rgb48le")
        # Without a matrix the library takes that of standard definition.
        shown = frame.reformat(format=self.kind.pixels, dst_colorspace="ITU709", dst_color_range="MPEG")
        shown.color_primaries, shown.color_trc = (
            _PRIMARIES,
            self.shape.transfer,
        )  # ProRes has them in each frame
        shown.pts, shown.time_base = number, 1 / self.shape.rate
        self.container.mux(self.stream.encode(shown))

    def end(self) -> None:
        self.container.mux(self.stream.encode(None))


@contextmanager
def _movie(
    av: Any,
    file: Path,
    kind: Kind,
    shape: Shape,
    about: Mapping[str, str],
    whole: Callable[[Path, Path], None],
) -> Iterator[_Movie]:
    with replacement(file, create_directories=True) as temporary:
        try:
            with av.open(str(temporary), "w", format=kind.container, options=dict(kind.muxing)) as container:
                container.metadata.update(about)
                stream = container.add_stream(kind.encoder, rate=shape.rate, options=dict(kind.options))
                stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, kind.pixels
                context = stream.codec_context
                context.time_base = 1 / shape.rate
                context.color_primaries, context.colorspace = _PRIMARIES, _MATRIX
                context.color_trc, context.color_range = shape.transfer, av.video.reformatter.ColorRange.MPEG
                if shape.pixel_aspect != 1:
                    context.sample_aspect_ratio = Fraction(shape.pixel_aspect).limit_denominator(1000)
                yield _Movie(av, kind, shape, container, stream)
        except (av.FFmpegError, ValueError) as error:
            raise FilmRecoveryError(
                f"The movie cannot be made: {error}.",
                remedy="check the free space on the disk; pip install --upgrade av, if its encoder is missing",
                file=str(file),
            ) from error
        whole(file, temporary)


def _codes(picture: Pixels, shape: Shape) -> NDArray[np.uint16]:
    codes = np.round(np.clip(picture, 0, 1) * np.float32(65535)).astype(np.uint16)
    rows, columns = shape.height - codes.shape[0], shape.width - codes.shape[1]
    return np.ascontiguousarray(
        np.pad(codes, ((0, rows), (0, columns), (0, 0))) if rows or columns else codes
    )
