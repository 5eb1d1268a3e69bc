"""Timecode and keycode as headers carry them: SMPTE ST 12 and ST 254, decoded, and counted.

EXR and DPX hold a timecode as two 32-bit words, the first with the time as binary coded decimals (OpenEXR,
``ImfTimeCode.h``, its packing for 60-field television); other files hold it as text. A keycode is seven numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TEXT = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")
# Where texts stand, in this order; the last is Nuke's own.
_NAMES = ("timeCode", "dpx:TimeCode", "timecode", "input/timecode")


@dataclass(frozen=True, order=True)
class Timecode:
    """Hours, minutes, seconds and frames of a clock. ``drop``: numbers are left out (29.97 frames a second)."""

    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool = False

    def __str__(self) -> str:
        mark = ";" if self.drop else ":"
        return f"{self.hours:02d}:{self.minutes:02d}:{self.seconds:02d}{mark}{self.frames:02d}"

    def count(self, rate: int) -> int:
        """Frames since midnight at ``rate`` whole frames a second, numbers that were dropped left out."""
        minutes = 60 * self.hours + self.minutes
        frames = (60 * minutes + self.seconds) * rate + self.frames
        return frames - (rate // 15) * (minutes - minutes // 10) if self.drop else frames


@dataclass(frozen=True)
class Keycode:
    """Where a frame lies on its roll. ``position``: in perforations; ``step``: perforations from frame to frame."""

    roll: tuple[int, int, int]
    position: int
    step: int

    def __str__(self) -> str:
        return "-".join(map(str, self.roll)) + f" perforation {self.position}"


def timecode_of(metadata: Mapping[str, Any]) -> Timecode | None:
    """The timecode of a header's metadata, or None: there is none, or its digits are no time."""
    for name in _NAMES:
        value = metadata.get(name)
        if isinstance(value, tuple) and value and isinstance(value[0], int):
            return _packed(value[0])
        match = _TEXT.fullmatch(value.strip()) if isinstance(value, str) else None
        if match:
            hours, minutes, seconds, mark, frames = match.groups()
            return _possible(int(hours), int(minutes), int(seconds), int(frames), mark == ";")
    return None


def keycode_of(metadata: Mapping[str, Any]) -> Keycode | None:
    """The keycode of a header's metadata, or None; zeros, as scanners without a reader write, are none."""
    value = metadata.get("keyCode")
    if not isinstance(value, tuple) or len(value) != 7 or not any(value[:5]):
        return None
    maker, film, prefix, count, offset, of_frame, of_count = (int(item) for item in value)
    return Keycode((maker, film, prefix), count * (of_count or 64) + offset, of_frame or 4)


def _packed(word: int) -> Timecode | None:
    word &= 0xFFFFFFFF  # EXR gives it signed
    pairs = [
        (word >> shift & 0xF, word >> (shift + 4) & tens)
        for shift, tens in ((24, 3), (16, 7), (8, 7), (0, 3))
    ]
    if any(units > 9 for units, _ in pairs):
        return None
    hours, minutes, seconds, frames = (10 * tens + units for units, tens in pairs)
    return _possible(hours, minutes, seconds, frames, bool(word >> 6 & 1))


def _possible(hours: int, minutes: int, seconds: int, frames: int, drop: bool) -> Timecode | None:
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return Timecode(hours, minutes, seconds, frames, drop)
