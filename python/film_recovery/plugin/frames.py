"""Frame numbers as operators write them into a knob, and the timecode of a frame. Plain functions."""

from __future__ import annotations

import re

from film_recovery.errors import UsageError

MOST_FRAMES = 1000  # of one knob: more than any film needs, and a slip of the keyboard must not stop Nuke
_NUMBER = re.compile(r"-?[0-9]{1,9}\Z")
_TIMECODE = re.compile(r"([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])[:;.]([0-9]{2})\Z")


def parse_frames(text: str, node: str, knob: str) -> tuple[int, ...]:
    """``471 478, 492`` → (471, 478, 492), in that order. Errors name ``node`` and ``knob``."""
    frames: list[int] = []
    for word in text.replace(",", " ").split():
        if not _NUMBER.match(word):
            raise UsageError(
                f"{word[:40]!r} is not a frame number.",
                remedy="write whole numbers with spaces or commas between them, such as 471 478 492 499",
                node=node,
                knob=knob,
            )
        if int(word) in frames:
            raise UsageError(
                f"Frame {int(word)} stands there twice.",
                remedy="give every pair a frame of its own",
                node=node,
                knob=knob,
            )
        frames.append(int(word))
    if len(frames) > MOST_FRAMES:
        raise UsageError(
            f"{len(frames)} frames are too many.",
            remedy=f"choose at most {MOST_FRAMES}; a shot needs 4 to 9",
            node=node,
            knob=knob,
        )
    return tuple(frames)


def frames_text(frames: tuple[int, ...]) -> str:
    """The inverse of :func:`parse_frames`."""
    return " ".join(map(str, frames))


def timecode(frame: int, start: str, start_frame: int, fps: float, node: str, knob: str) -> str:
    """``hh:mm:ss:ff`` of ``frame``, where ``start_frame`` has ``start``; ``""`` without ``start``.

    Counted at the whole rate next to ``fps`` (24 for 23.976), without drop frames; it wraps at 24 hours.
    """
    if not start.strip():
        return ""
    rate = round(fps)
    if rate < 1:
        raise UsageError(
            f"{fps:g} frames a second cannot be counted.", remedy="use 1 or more", node=node, knob="fps"
        )
    found = _TIMECODE.match(start.strip())
    if not found or int(found[4]) >= rate:
        raise UsageError(
            f"{start[:20]!r} is not a timecode at {rate} frames a second.",
            remedy="write hh:mm:ss:ff, or leave the knob empty",
            node=node,
            knob=knob,
        )
    hours, minutes, seconds, rest = (int(part) for part in found.groups())
    count = ((hours * 60 + minutes) * 60 + seconds) * rate + rest + frame - start_frame
    count %= 24 * 3600 * rate
    whole, rest = divmod(count, rate)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{rest:02d}"
