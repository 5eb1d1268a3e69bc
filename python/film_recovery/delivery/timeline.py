"""The edit timeline: the Original on V1, the Recovered on V2, markers on the frames to look at; one .otio file.

Pictures stay where they are: each clip refers to its numbered files, in runs without a hole, and what is missing is a
gap. Times are those of the media: a header's timecode, or the frame's number where there is none. Stages gather what
stands here; OpenTimelineIO's core writes it, and none of its plugins is asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import opentimelineio as otio

from film_recovery import __version__
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.atomic import replacement
from film_recovery.imaging.sequence import Sequence

OURS = "film_recovery"  # our key in the metadata of everything that we write
ORIGINAL, RECOVERED = "Original", "Recovered"
# What is marked, in this order where a frame is several things → the marker's colour and its word.
COLOURS: Mapping[str, str] = MappingProxyType(
    {"outlier": "RED", "hold-out": "CYAN", "pair": "GREEN", "still": "YELLOW"}
)
_NTSC = (24, 30, 48, 60, 120)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Footage:
    """Numbered files. ``frames``: those that are there, sorted. ``start``: the time of the first of them, in frames."""

    sequence: Sequence
    frames: tuple[int, ...]
    start: int

    def time_of(self, frame: int) -> int:
        """The time of ``frame``, in frames since midnight."""
        return self.start + frame - self.frames[0]


@dataclass(frozen=True)
class Mark:
    """What to look at: a frame of the Original, a word of COLOURS, a line to show, and what is known, as plain data."""

    frame: int
    kind: str
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True)
class Edit:
    """All of a timeline. ``rate``: frames a second, such as 24 or 23.976. ``facts``: of the whole, plain data."""

    title: str
    rate: float
    original: Footage
    recovered: Footage
    marks: tuple[Mark, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


def write_timeline(edit: Edit, path: Path, *, absolute: bool = False) -> Path:
    """Writes ``edit`` to ``path``, atomically; equal edits give equal bytes.

    ``absolute``: whole addresses of the pictures, for another program on this computer; otherwise they are relative
    to the file, so that it can be carried away with them. Raises FilmRecoveryError for footage that is no numbered
    sequence, for frames and marks outside the Original's, and where ``path`` holds what no timeline of ours is.
    """
    _refuse_other(path)
    made = timeline(edit, None if absolute else Path(os.path.realpath(path)).parent)
    text = made.to_json_string(indent=2)
    with replacement(path, create_directories=True) as temporary:
        temporary.write_bytes(text.encode("utf-8") + b"\n")
    return path


def timeline(edit: Edit, beside: Path | None = None) -> Any:
    """``edit`` as OpenTimelineIO's Timeline. ``beside``: the folder that addresses are relative to; None: whole."""
    rate = exact_rate(edit.rate)
    first, last = edit.original.frames[0], edit.original.frames[-1]
    _refuse_outside(edit, first, last)
    stack = otio.schema.Stack(name="tracks")
    for name, footage in ((ORIGINAL, edit.original), (RECOVERED, edit.recovered)):
        track = otio.schema.Track(name=name, kind=otio.schema.TrackKind.Video)
        track.extend(_items(name, footage, first, rate, beside))
        stack.append(track)
    order = list(COLOURS)
    marks = sorted(edit.marks, key=lambda mark: (mark.frame, order.index(mark.kind)))
    stack.markers.extend(_marker(mark, first, rate) for mark in marks)
    made = otio.schema.Timeline(
        name=edit.title,
        global_start_time=otio.opentime.RationalTime(edit.original.start, rate),
        metadata={OURS: {"version": __version__, **_plain(edit.facts)}},
    )
    made.tracks = stack
    return made


def exact_rate(rate: float) -> float:
    """``rate`` as it is meant: 23.976 and 23.98 are 24000 ÷ 1001; whole ones stay."""
    for whole in _NTSC:
        if abs(rate - whole * 1000 / 1001) < 0.005:
            return whole * 1000 / 1001
    return float(rate)


# Clips


def _items(name: str, footage: Footage, first: int, rate: float, beside: Path | None) -> Iterator[Any]:
    """Clips and the gaps before them, from the Original's ``first`` frame on."""
    place = first
    for start, end in _runs(footage.frames):
        if start > place:
            yield otio.schema.Gap(source_range=_range(0, start - place, rate))
        yield otio.schema.Clip(
            name=Path(footage.sequence.pattern).name,
            media_reference=_media(footage, rate, beside),
            source_range=_range(footage.time_of(start), end - start + 1, rate),
            metadata={OURS: {"role": name, "first": start, "last": end}},
        )
        place = end + 1


def _runs(frames: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run without a hole."""
    start = end = None
    for frame in frames:
        if start is None or end is None:
            start = frame
        elif frame != end + 1:
            yield start, end
            start = frame
        end = frame
    if start is not None and end is not None:
        yield start, end


def _media(footage: Footage, rate: float, beside: Path | None) -> Any:
    """The numbered files of ``footage``; a still, or a name that OpenTimelineIO would spell otherwise, is refused."""
    sequence, first, last = footage.sequence, footage.frames[0], footage.frames[-1]
    parts = sequence.parts
    if parts is None:
        raise FilmRecoveryError(
            "A timeline is made of numbered frames, and this is one file for all of them.",
            remedy="give a pattern such as scan.####.exr",
            file=sequence.pattern,
        )
    head, padding, tail = parts
    base = _folder_url(sequence.folder, beside)
    made = otio.schema.ImageSequenceReference(
        target_url_base=base,
        name_prefix=_escaped(head),
        name_suffix=_escaped(tail),
        start_frame=first,
        frame_step=1,
        rate=rate,
        frame_zero_padding=padding,
        missing_frame_policy=otio.schema.ImageSequenceReference.MissingFramePolicy.error,
        available_range=_range(footage.start, last - first + 1, rate),
    )
    for frame in (first, last):
        if made.target_url_for_image_number(frame - first) != base + _escaped(sequence.path(frame).name):
            raise FilmRecoveryError(
                f"The file of frame {frame} has a number that no timeline can name.",
                remedy="rename the frames to positive numbers of one width",
                file=str(sequence.path(frame)),
                frame=frame,
            )
    return made


def _folder_url(folder: Path, beside: Path | None) -> str:
    """The address of ``folder``, with a slash at its end."""
    if beside is None:
        return Path(os.path.abspath(folder)).as_uri().rstrip("/") + "/"
    try:
        relative = os.path.relpath(os.path.realpath(folder), beside)
    except ValueError as error:  # another drive of Windows
        raise FilmRecoveryError(
            f"{folder} lies on another drive than the timeline, so nothing leads from one to the other.",
            remedy="write whole addresses with --absolute, or write the timeline to that drive",
            file=str(folder),
        ) from error
    return _escaped(Path(relative).as_posix()).rstrip("/") + "/"


def _escaped(text: str) -> str:
    """``text`` as part of an address: whatever a name may hold, and bytes that are no text, are escaped."""
    return quote(os.fsencode(text), safe="/")


def _range(start: int, count: int, rate: float) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, rate), time(count, rate))


# Markers


def _marker(mark: Mark, first: int, rate: float) -> Any:
    """On the timeline, not on a clip; its note also where DaVinci Resolve keeps the notes of its own markers."""
    return otio.schema.Marker(
        name=f"{mark.kind.capitalize()} {mark.frame}",
        marked_range=_range(mark.frame - first, 1, rate),
        color=COLOURS[mark.kind],
        comment=mark.note,
        metadata={
            OURS: {"kind": mark.kind, "frame": mark.frame, **_plain(mark.facts)},
            "Resolve_OTIO": {"Keywords": [mark.kind], "Note": mark.note},
        },
    )


# Refusals


def _refuse_outside(edit: Edit, first: int, last: int) -> None:
    recovered = edit.recovered.frames
    for frame in (recovered[0], recovered[-1]):
        if not first <= frame <= last:
            raise FilmRecoveryError(
                f"The Recovered has frame {frame}, the Original only {first}–{last}.",
                remedy="give both with the same numbers",
                file=str(edit.recovered.sequence.path(frame)),
                frame=frame,
            )
    for mark in edit.marks:
        if not first <= mark.frame <= last:
            raise FilmRecoveryError(
                f"Frame {mark.frame} ({mark.kind}) is to be marked, but the Original has only {first}–{last}.",
                remedy="mark frames of the Original",
                frame=mark.frame,
            )


def _refuse_other(path: Path) -> None:
    """A file that is there is replaced only if it is a timeline of ours."""
    if not path.exists():
        return
    try:
        found = json.loads(path.read_bytes())
        ours = OURS in found["metadata"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        ours = False
    if not ours:
        raise FilmRecoveryError(
            "What stands in the place of the timeline was not written by Film Recovery.",
            remedy="choose another name, or move it away",
            file=str(path),
        )


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """As OpenTimelineIO takes it: text, numbers, lists and mappings; paths and whatever else as text."""
    return dict(json.loads(json.dumps(dict(facts), default=str)))
