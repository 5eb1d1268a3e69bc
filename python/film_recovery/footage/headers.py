"""All headers of an element: read in several threads, kept as facts, judged along the range.

A header takes a fraction of a millisecond; ten thousand of them are read without any pixel. What is kept of each is a
few numbers, and equal facts are kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.finding import Finding, named
from film_recovery.footage.timecode import Keycode, Timecode, keycode_of, timecode_of
from film_recovery.imaging.files import Header, read_header
from film_recovery.imaging.sequence import Sequence as FileSequence

WORKERS = 4  # opening files waits for the disk; more threads wait for one another
_AT_ONCE = 512  # headers under way
_USUAL_RATE = 24  # of film, where no header says one
_SHOWN = 4  # places that a sentence names
# Sizes of video whose pixels are not square, and width over height of one by display aspect 4:3 and 16:9: ITU-R BT.601,
# with the 702 or 704 samples of the active line as Nuke's formats have it; and 1080 and 720 lines as HDV, HDCAM and
# DVCPRO HD store them, which are 16:9 only (0: there is no such). A square picture of 4:3 may have the same size.
VIDEO_SIZES = {
    (720, 576): (1.09, 1.46),
    (704, 576): (1.09, 1.46),
    (720, 480): (0.91, 1.21),
    (720, 486): (0.91, 1.21),
    (704, 480): (0.91, 1.21),
    (1440, 1080): (1.0, 1.333),
    (960, 720): (1.0, 1.333),
    (1280, 1080): (0.0, 1.5),
}


@dataclass(frozen=True)
class Facts:
    """What a header says of the file, and what has to be the same all along an element.

    ``window``: the data window, Nuke's x y r t. ``rate``: frames per second, 0 where it is not said. ``orientation``:
    EXIF's 1 to 8.
    """

    width: int
    height: int
    pixel_aspect: float
    channels: tuple[str, ...]
    bit_depth: str
    compression: str
    window: tuple[int, int, int, int]
    rate: float
    orientation: int


@dataclass(frozen=True)
class Survey:
    """One element by its headers. ``frames``: those that were read, ascending; ``facts``, ``timecodes``, ``keycodes``:
    one for each. ``missing``: not on disk. ``unreadable``: frame, file and reason."""

    element: str
    pattern: str
    frames: tuple[int, ...]
    facts: tuple[Facts, ...]
    timecodes: tuple[Timecode | None, ...]
    keycodes: tuple[Keycode | None, ...]
    missing: tuple[int, ...]
    unreadable: tuple[tuple[int, str, str], ...]

    @property
    def rate(self) -> float:
        """Frames per second, as most headers say; 0 where none does."""
        rates = [one.rate for one in self.facts if one.rate]
        return max(set(rates), key=rates.count) if rates else 0.0

    def as_dict(self) -> dict[str, Any]:
        """JSON values: the range, and the facts of its longest part."""
        usual = max(set(self.facts), key=self.facts.count) if self.facts else None
        return {
            "pattern": self.pattern,
            "first": self.frames[0] if self.frames else None,
            "last": self.frames[-1] if self.frames else None,
            "frames": len(self.frames),
            "missing": list(self.missing),
            "facts": None if usual is None else {**vars(usual), "channels": list(usual.channels)},
            "first_timecode": _said(self.timecodes[:1]),
            "first_keycode": _said(self.keycodes[:1]),
        }


def survey(
    element: str,
    pattern: str,
    frames: Iterable[int] | None = None,
    tell: Callable[[int, int], None] | None = None,
    workers: int = WORKERS,
) -> Survey:
    """The headers of ``frames``: by default from the first on disk to the last. ``tell`` hears done and total.

    A file that is missing or cannot be read is noted, and the rest is read. Raises FilmRecoveryError where no frame is
    on disk.
    """
    sequence = FileSequence.parse(pattern)
    present = sequence.frames()
    if not present:
        remedy = "check the pattern; it is written as in a Read node, such as scan.####.exr"
        raise FilmRecoveryError(f"The {element} has no frame.", file=sequence.pattern, remedy=remedy)
    wanted = sorted(set(range(present[0], present[-1] + 1) if frames is None else frames))
    on_disk = set(wanted if sequence.is_still else present)
    reading = [frame for frame in wanted if frame in on_disk]
    kept: dict[Facts, Facts] = {}
    read: list[int] = []
    facts: list[Facts] = []
    timecodes: list[Timecode | None] = []
    keycodes: list[Keycode | None] = []
    unreadable = []
    with ThreadPoolExecutor(workers) as pool:
        for done, (frame, found) in enumerate(_headers(pool, sequence, reading), 1):
            if isinstance(found, FilmRecoveryError):
                unreadable.append((frame, str(sequence.path(frame)), found.message))
            else:
                one = _facts(found)
                read.append(frame)
                facts.append(kept.setdefault(one, one))
                timecodes.append(timecode_of(found.metadata))
                keycodes.append(keycode_of(found.metadata))
            if tell is not None and (done % _AT_ONCE == 0 or done == len(reading)):
                tell(done, len(reading))
    return Survey(
        element,
        sequence.pattern,
        tuple(read),
        tuple(facts),
        tuple(timecodes),
        tuple(keycodes),
        tuple(frame for frame in wanted if frame not in on_disk),
        tuple(unreadable),
    )


def header_findings(found: Survey) -> list[Finding]:
    """What the headers of one element say, in the order of a reader's questions."""
    return [
        *_files(found),
        *_along(found),
        *_pixels(found),
        *_windows(found),
        *_timecodes(found),
        *_keycodes(found),
    ]


def between(source: Survey, reference: Survey) -> list[Finding]:
    """``headers.parity``: facts in which the elements differ; ``headers.offset``: what their timecodes say of it."""
    return [*_parity(source, reference), *_offset(source, reference)]


def _headers(
    pool: ThreadPoolExecutor, sequence: FileSequence, frames: Sequence[int]
) -> Iterator[tuple[int, Header | FilmRecoveryError]]:
    """In order, a bounded number of them under way."""

    def one(frame: int) -> tuple[int, Header | FilmRecoveryError]:
        try:
            return frame, read_header(sequence.path(frame))
        except FilmRecoveryError as error:
            return frame, error

    waiting = iter(frames)
    while chunk := list(islice(waiting, _AT_ONCE)):
        yield from pool.map(one, chunk)


def _facts(header: Header) -> Facts:
    shape, box = header.format, header.bbox
    return Facts(
        shape.width,
        shape.height,
        round(shape.pixel_aspect, 5),
        header.channels,
        header.bit_depth,
        header.compression,
        (box.x, box.y, box.r, box.t),
        round(header.frame_rate or 0.0, 3),
        header.orientation,
    )


def _files(found: Survey) -> list[Finding]:
    """``headers.missing`` and ``headers.unreadable``. Values: frame numbers."""
    element = found.element
    findings = []
    if found.missing:
        reason = f"Of the {element} {named(found.missing)} {_are(found.missing)} missing."
        remedy = ("copy the missing frames again", "or give a range that is complete")
        findings.append(Finding("headers.missing", element, "fail", list(found.missing), reason, remedy))
    else:
        reason = f"The {element} has {len(found.frames) + len(found.unreadable)} frames, none is missing."
        findings.append(Finding("headers.missing", element, "pass", [], reason))
    if found.unreadable:
        frames = [frame for frame, _, _ in found.unreadable]
        _, file, why = found.unreadable[0]
        reason = f"Of the {element} {named(frames)} cannot be read; {file}: {why}"
        again = ("export or copy these files again",)
        findings.append(Finding("headers.unreadable", element, "fail", frames, reason, again))
    return findings


# What changes along an element → what that does.
_STEADY = {
    "size": ("fail", "export the whole range in one size"),
    "pixel_aspect": ("fail", "export the whole range with one pixel aspect"),
    "channels": ("fail", "export the whole range with the same channels"),
    "bit_depth": (
        "warn",
        "export the whole range with one bit depth; what was cut to fewer bits has banding",
    ),
    "rate": ("warn", "export the whole range at one frame rate"),
    "orientation": ("fail", "export the whole range upright"),
    "compression": ("warn", "export the whole range with one compression; a lossy part is another picture"),
}


def _along(found: Survey) -> list[Finding]:
    """``headers.changes``: where a fact changes along the range. Value: by fact, rows of frame, before and after."""
    changes: dict[str, list[list[Any]]] = {}
    for index in range(1, len(found.facts)):
        last, now = found.facts[index - 1], found.facts[index]
        if last is now:
            continue
        for name in _STEADY:
            before, after = _fact(last, name), _fact(now, name)
            if before != after:
                changes.setdefault(name, []).append([found.frames[index], before, after])
    if not changes:
        reason = f"Size, channels and depth stay the same all along the {found.element}."
        return [Finding("headers.changes", found.element, "pass", {}, reason)]
    told = [
        f"frame {frame} is {_shown(after)}, {_shown(before)} before ({name.replace('_', ' ')})"
        for name, rows in changes.items()
        for frame, before, after in rows[:1]
    ]
    count = sum(len(rows) for rows in changes.values())
    severity = "fail" if any(_STEADY[name][0] == "fail" for name in changes) else "warn"
    remedy = tuple(_STEADY[name][1] for name in changes)
    reason = f"The {found.element} changes {count} times along its range: {'; '.join(told[:_SHOWN])}."
    return [Finding("headers.changes", found.element, severity, changes, reason, remedy)]


def _pixels(found: Survey) -> list[Finding]:
    """``headers.pixel_aspect``, ``headers.orientation``: of the first frame. Values: the figure; [size, usual ones]."""
    if not found.facts:
        return []
    first, element = found.facts[0], found.element
    size, aspect = (first.width, first.height), first.pixel_aspect
    findings = []
    if size in VIDEO_SIZES and aspect == 1:
        normal, wide = VIDEO_SIZES[size]
        reason = (
            f"The {element} has a size of video, {_shown(size)}, whose pixels are not square, "
            "but says pixel aspect 1."
        )
        set_to = f"set its pixel aspect to {normal:g} for a 4:3 picture, or {wide:g} for 16:9"
        if normal == 1:
            set_to = f"leave it for a 4:3 picture, or set its pixel aspect to {wide:g} for 16:9"
        elif not normal:
            set_to = f"set its pixel aspect to {wide:g}"
        remedy = (set_to, "in the project and in the export, which has to say it too")
        value: Any = {
            "size": list(size),
            "pixel_aspect": aspect,
            "usual": [one for one in (normal, wide) if one],
        }
        findings.append(Finding("headers.pixel_aspect", element, "warn", value, reason, remedy))
    elif aspect != 1:
        reason = f"The pixels of the {element} are {aspect:g} times as wide as high."
        respected = ("the alignment respects it; for pairs reformat both elements to the same pixel aspect",)
        findings.append(Finding("headers.pixel_aspect", element, "info", aspect, reason, respected))
    else:
        reason = f"The pixels of the {element} are square, {_shown(size)} of them."
        findings.append(Finding("headers.pixel_aspect", element, "pass", aspect, reason))
    if first.orientation != 1:
        reason = (
            f"Frame {found.frames[0]} of the {element} says that it is to be turned "
            f"(orientation {first.orientation})."
        )
        upright = ("export it upright: Nuke and the engine read the pixels as they are stored",)
        findings.append(Finding("headers.orientation", element, "warn", first.orientation, reason, upright))
    return findings


def _windows(found: Survey) -> list[Finding]:
    """``headers.data_window``: frames whose data window is not their format. Value: count and the first."""
    other = [
        (frame, facts.window)
        for frame, facts in zip(found.frames, found.facts, strict=True)
        if facts.window != (0, 0, facts.width, facts.height)
    ]
    if not other:
        reason = f"Every frame of the {found.element} fills its format."
        return [Finding("headers.data_window", found.element, "pass", {"frames": 0}, reason)]
    frame, window = other[0]
    reason = (
        f"In {len(other)} frames of the {found.element} the data window is not the format: "
        f"frame {frame} has {' '.join(map(str, window))} (x y r t)."
    )
    remedy = ("export with the data window equal to the format; black is read where data ends",)
    value = {"frames": len(other), "first": frame, "window": list(window)}
    return [Finding("headers.data_window", found.element, "info", value, reason, remedy)]


def _timecodes(found: Survey) -> list[Finding]:
    """``headers.timecode``: jumps and repeats. Value: rows of frame, timecode and how far off."""
    rate = round(found.rate) or max(_USUAL_RATE, *(one.frames + 1 for one in found.timecodes if one), 0)
    rows = [(f, t) for f, t in zip(found.frames, found.timecodes, strict=True) if t is not None]
    element = found.element
    if not rows:
        return [Finding("headers.timecode", element, "info", None, f"The {element} has no timecode.")]
    jumps: list[tuple[int, str, int]] = []
    for (last, before), (frame, now) in pairwise(rows):
        wrong = now.count(rate) - before.count(rate) - (frame - last)
        if wrong:
            jumps.append((frame, str(now), wrong))
    lacking = len(found.frames) - len(rows)
    if not jumps and not lacking:
        reason = f"The timecode of the {element} runs through, from {rows[0][1]} to {rows[-1][1]}."
        return [Finding("headers.timecode", element, "pass", [], reason)]
    told = "; ".join(f"frame {frame} has {text}, {_off(wrong)}" for frame, text, wrong in jumps[:_SHOWN])
    reason = f"The timecode of the {element} jumps {len(jumps)} times: {told}." if jumps else ""
    if lacking:
        reason = f"{reason} {lacking} frames of the {element} have none.".strip()
    remedy = ("look whether frames were cut, dropped or repeated there", "match by picture, not by timecode")
    return [Finding("headers.timecode", element, "warn", [list(row) for row in jumps], reason, remedy)]


def _keycodes(found: Survey) -> list[Finding]:
    """``headers.keycode``: where the roll does not run through: splices, or frames not scanned. Value: as timecode."""
    rows = [(f, k) for f, k in zip(found.frames, found.keycodes, strict=True) if k is not None]
    element = found.element
    if not rows:
        return [Finding("headers.keycode", element, "info", None, f"The {element} has no keycode.")]
    jumps = []
    for (last, before), (frame, now) in pairwise(rows):
        wrong = now.position - before.position - (frame - last) * before.step
        if wrong or now.roll != before.roll:
            jumps.append([frame, str(now), wrong / before.step if now.roll == before.roll else None])
    if not jumps:
        reason = f"The keycode of the {element} runs through, from {rows[0][1]}."
        return [Finding("headers.keycode", element, "pass", [], reason)]
    told = "; ".join(f"frame {frame} has {text}" for frame, text, _ in jumps[:_SHOWN])
    reason = f"The keycode of the {element} jumps {len(jumps)} times: {told}."
    remedy = ("expect a splice there: it is another shot, or frames are missing",)
    return [Finding("headers.keycode", element, "info", jumps, reason, remedy)]


# Facts that both elements share → what to do where they do not.
_SHARED = {
    "size": "export both elements from one timeline, in one resolution; the alignment takes other sizes too",
    "pixel_aspect": "export both elements with the same pixel aspect; the alignment respects it too",
    "channels": "export both elements as RGB without alpha",
    "rate": "conform both elements to one timeline",
    "bit_depth": "export both with the same depth, 16-bit half is enough",
}


def _parity(source: Survey, reference: Survey) -> list[Finding]:
    both = "both"
    if not source.facts or not reference.facts:
        return []
    ones = source.facts[0], reference.facts[0]
    pairs = {name: [_fact(one, name) for one in ones] for name in _SHARED}
    # A header that does not say its rate contradicts nothing.
    different = {
        name: pair
        for name, pair in pairs.items()
        if pair[0] != pair[1] and not (name == "rate" and 0 in pair)
    }
    count = [len(source.frames), len(reference.frames)]
    if not different:
        reason = "Both elements have the same size, pixel aspect, channels, rate and depth."
        return [Finding("headers.parity", both, "pass", {"frames": count}, reason)]
    told = "; ".join(
        f"{name.replace('_', ' ')} {_shown(a)} and {_shown(b)}" for name, (a, b) in different.items()
    )
    severity = "info" if set(different) == {"bit_depth"} else "warn"
    remedy = tuple(_SHARED[name] for name in different)
    value = {**{name: [_plain(a), _plain(b)] for name, (a, b) in different.items()}, "frames": count}
    reason = f"Source and Reference differ: {told}."
    return [Finding("headers.parity", both, severity, value, reason, remedy)]


def _offset(source: Survey, reference: Survey) -> list[Finding]:
    """Frames that have the same timecode: their numbers' difference, Reference minus Source."""
    rate = round(source.rate or reference.rate) or _USUAL_RATE
    ones = [
        {t.count(rate): f for f, t in zip(s.frames, s.timecodes, strict=True) if t}
        for s in (source, reference)
    ]
    if not all(ones):
        return []
    shared = ones[0].keys() & ones[1].keys()
    offsets = sorted({ones[1][count] - ones[0][count] for count in shared})
    value = {"frames": len(shared), "offsets": offsets}
    if not shared:
        reason = "No timecode of the Source is one of the Reference."
        return [
            Finding("headers.offset", "both", "info", value, reason, ("match by picture, not by timecode",))
        ]
    if offsets == [0]:
        reason = f"{len(shared)} frames have the same timecode and the same number in both elements."
        return [Finding("headers.offset", "both", "pass", value, reason)]
    told = ", ".join(f"{offset:+d}" for offset in offsets[:_SHOWN])
    reason = f"By timecode a frame of the Source is the Reference's {told} ({len(shared)} frames share one)."
    return [
        Finding("headers.offset", "both", "info", value, reason, ("hold it against the measured offset",))
    ]


def _fact(facts: Facts, name: str) -> Any:
    return (facts.width, facts.height) if name == "size" else getattr(facts, name)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, tuple) and value and isinstance(value[0], int):
        return "×".join(map(str, value))
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _off(wrong: int) -> str:
    return f"{abs(wrong)} too {'many' if wrong > 0 else 'few'}"


def _are(frames: Sequence[int]) -> str:
    return "is" if len(frames) == 1 else "are"


def _said(codes: Sequence[object]) -> str | None:
    return str(codes[0]) if codes and codes[0] is not None else None
