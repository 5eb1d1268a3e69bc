"""The render loop: evaluate, check, convert, write, one frame after the other.

A frame that is complete already is kept; so a render that was killed continues, and gives the same bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_recovery import __version__
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import RGB, Frame
from film_recovery.imaging.writing import AP0_CHROMATICITIES, write_frame
from film_recovery.nk.walk import upstream
from film_recovery.protection import protect_elements
from film_recovery.rendering.output import Output, write_output
from film_recovery.rendering.record import Record, sha256

# Of what the Read knew of its file, only this goes on into the master.
KEPT_METADATA = (
    "smpte:TimeCode",
    "timeCode",
    "FramesPerSecond",
    "framesPerSecond",
    "keyCode",
    "smpte:KeyCode",
)

Progress = Callable[[int, int, int, bool], None]


@dataclass(frozen=True)
class Rendered:
    """What a render did. ``values_outside``: samples of the written frames outside 0–1, in the graph's domain."""

    written: tuple[int, ...]
    kept: tuple[int, ...]
    values_outside: int
    files: tuple[Path, ...]


def render(
    evaluator: Evaluator, node: str, frames: Sequence[int], *, job: str = "", progress: Progress | None = None
) -> Rendered:
    """Writes ``frames`` of the Write ``node``; frames that are complete already are kept.

    ``job``: whatever else the pixels depend on (hashes of models). ``progress(done, total, frame, kept)``.
    Raises FilmRecoveryError for an output folder of an element, a file that is not ours, NaN, and whatever
    evaluating or writing raises. Frames written before the error stay.
    """
    output = write_output(evaluator, node)
    protect_elements(evaluator, output.folder, output.call.node, "file", own=output.sequence.pattern)
    output.prepare_folder()
    record = Record(output.folder)
    key = _job_key(evaluator, output, job)
    written: list[int] = []
    kept: list[int] = []
    outside = 0
    for done, number in enumerate(frames, 1):
        path = output.sequence.path(number)
        complete = record.is_complete(path, key)
        if not complete:
            record.refuse_foreign(path, number)
            outside += _render_one(evaluator, output, number, record, key)
        (kept if complete else written).append(number)
        if progress:
            progress(done, len(frames), number, complete)
    return Rendered(tuple(written), tuple(kept), outside, tuple(output.sequence.path(n) for n in frames))


def _render_one(evaluator: Evaluator, output: Output, number: int, record: Record, key: str) -> int:
    """Evaluates, checks and writes one frame. Gives how many of its samples lie outside 0–1."""
    frame = evaluator.frame(output.call.node, number)
    sources = evaluator.sources(output.call.node, number)
    _refuse_non_finite(evaluator, output, frame, number, sources)
    colours = frame.select([name for name in frame.channels if name in RGB])
    path = output.sequence.path(number)
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    is_master = output.colourspace == evaluator.root.config.resolve("aces_interchange")
    is_exr = path.suffix.lower() == ".exr"
    try:
        write_frame(
            _converted(evaluator, frame, output),
            part,
            datatype=output.datatype,
            compression=output.compression,
            chromaticities=AP0_CHROMATICITIES if is_master and is_exr else None,
        )
        record.add(path, sha256(part), key, sources)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return int(np.count_nonzero((colours < 0) | (colours > 1)))


def _converted(evaluator: Evaluator, frame: Frame, output: Output) -> Frame:
    """The channels that are written, in the Write's colour space."""
    wanted = output.call.channels("channels", frame.channels)
    picture = frame.with_pixels(frame.select(wanted), wanted)
    if output.colourspace and all(name in wanted for name in RGB):
        rgb = evaluator.root.config.convert(
            picture.select(RGB), evaluator.root.working_space, output.colourspace
        )
        picture = picture.with_channels(RGB, rgb)
    metadata = {key: frame.metadata[key] for key in KEPT_METADATA if key in frame.metadata}
    return Frame(picture.pixels, picture.channels, picture.format, picture.bbox, metadata)


def _refuse_non_finite(
    evaluator: Evaluator, output: Output, frame: Frame, number: int, sources: Sequence[Path]
) -> None:
    """Raises FilmRecoveryError when ``frame`` holds NaN or Inf, naming the node where they begin, and its files."""
    bad = int(np.count_nonzero(~np.isfinite(frame.pixels)))
    if not bad:
        return
    origin = output.call.node
    for node in upstream(output.call.node):  # nearest first: the last one found is where they begin
        if not np.isfinite(evaluator.frame(node, number).pixels).all():
            origin = node
    raise FilmRecoveryError(
        f"{bad} values are not finite (NaN or infinite).",
        frame=number,
        node=origin.path,
        class_name=origin.class_name,
        file=", ".join(map(str, sources)) or None,
        remedy="repair the plate, or replace the values upstream with an Expression node",
    )


def _job_key(evaluator: Evaluator, output: Output, job: str) -> str:
    """Everything but the element's files that the bytes of a frame depend on."""
    parts = (__version__, evaluator.script.text(), evaluator.root.config.name, output.call.place.path, job)
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
