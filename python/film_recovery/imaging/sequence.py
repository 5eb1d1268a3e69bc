"""Numbered files of one shot: from the pattern in a Read node to the file of a frame, or to what is missing.

Patterns are Nuke's: ``####`` or ``%04d`` in the file name stands for the frame number, padded with zeros to
that width; without either the path is a single file, a still that serves every frame. Only the last pattern
of the *file name* counts: a percent or hash sign elsewhere in the path is an ordinary character. Backslashes
become ``/``, as Nuke keeps its paths.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame_ranges import format_frames, parse_frames

__all__ = ["Sequence", "find_sequences", "format_frames", "parse_frames"]

_PATTERN = re.compile(r"#+|%(?:0?\d+)?d", re.ASCII)
_NUMBERED = re.compile(r"(?P<head>.*?)(?P<number>(?:(?<![^._])-)?\d+)(?P<tail>\.[^.\d][^.]*)", re.ASCII)


@dataclass(frozen=True)
class Sequence:
    """A path pattern, and the frame range that its node declares (None where nothing is declared).

    Make one with :meth:`parse`; ``pattern`` has forward slashes.
    """

    pattern: str
    first: int | None = None
    last: int | None = None

    @classmethod
    def parse(
        cls, pattern: str | os.PathLike[str], first: int | None = None, last: int | None = None
    ) -> Sequence:
        """``pattern`` as in a Read's *file* knob. Raises FilmRecoveryError for an empty one."""
        text = os.fspath(pattern).replace("\\", "/")
        if not text.rpartition("/")[2]:
            raise FilmRecoveryError(
                f"“{text}” names no file.", remedy="give a file, or a pattern such as shot.####.exr"
            )
        return cls(text, first, last)

    @property
    def is_still(self) -> bool:
        """True when the path has no frame number: one file for every frame."""
        return self._split() is None

    @property
    def folder(self) -> Path:
        return Path(self.pattern).parent

    @property
    def parts(self) -> tuple[str, int, str] | None:
        """File name as (before the number, padding, after it); None for a still."""
        return self._split()

    def path(self, frame: int) -> Path:
        """The file of ``frame``, whether it exists or not. A negative sign takes one place of the padding."""
        parts = self._split()
        if parts is None:
            return Path(self.pattern)
        head, padding, tail = parts
        return self.folder / f"{head}{frame:0{padding}d}{tail}"

    def existing_path(self, frame: int) -> Path:
        """The file of ``frame``; FilmRecoveryError naming the nearest frames when it is not on disk."""
        path = self.path(frame)
        if path.is_file():
            return path
        if self.is_still:
            raise FilmRecoveryError(
                "The file does not exist.", remedy="check the path and that its disk is mounted",
                file=self.pattern, frame=frame,
            )  # fmt: skip
        raise FilmRecoveryError(
            f"Frame {frame} of the sequence is missing.",
            remedy=self._remedy(frame),
            file=self.pattern,
            frame=frame,
        )

    def frames(self) -> list[int]:
        """Frames on disk, sorted; only those within first–last where these are given.

        An existing still gives first–last, or [1] without a declared range. A folder that does not exist
        gives an empty list; one that may not be listed raises FilmRecoveryError.
        """
        parts = self._split()
        if parts is None:
            if not Path(self.pattern).is_file():
                return []
            return [1] if self.first is None or self.last is None else list(range(self.first, self.last + 1))
        head, padding, tail = parts
        frames = []
        for name in _file_names(self.folder):
            if not (name.startswith(head) and name.endswith(tail)):
                continue
            digits = name[len(head) : len(name) - len(tail)]
            if re.fullmatch(r"-?\d+", digits, re.ASCII) and f"{int(digits):0{padding}d}" == digits:
                frames.append(int(digits))
        return sorted(frame for frame in frames if self._declared(frame))

    def missing(self, first: int | None = None, last: int | None = None) -> list[int]:
        """Frames of first–last (default: the declared range, or that on disk) which are not on disk."""
        on_disk = Sequence(self.pattern).frames()
        start = first if first is not None else self.first
        end = last if last is not None else self.last
        start = start if start is not None else min(on_disk, default=0)
        end = end if end is not None else max(on_disk, default=-1)
        wanted = range(start, end + 1)
        return [] if self.is_still and on_disk else sorted(set(wanted) - set(on_disk))

    def _declared(self, frame: int) -> bool:
        return (self.first is None or frame >= self.first) and (self.last is None or frame <= self.last)

    def _split(self) -> tuple[str, int, str] | None:
        """File name as (before the number, padding, after it), or None for a still."""
        name = self.pattern.rpartition("/")[2]
        matches = list(_PATTERN.finditer(name))
        if not matches:
            return None
        token = matches[-1]
        text = token.group()
        padding = len(text) if text.startswith("#") else int(text[1:-1] or 1)
        return name[: token.start()], padding, name[token.end() :]

    def _remedy(self, frame: int) -> str:
        present = Sequence(self.pattern).frames()
        if not present:
            where = "its folder holds no frame of it" if self.folder.is_dir() else "its folder does not exist"
            return f"{where}; check the path and that its disk is mounted"
        before = [number for number in present if number < frame][-1:]
        after = [number for number in present if number > frame][:1]
        nearest = " and ".join(str(number) for number in before + after)
        present_text = format_frames(present)
        return f"restore it or change the frame range; nearest on disk: {nearest} (there are {present_text})"


def find_sequences(folder: str | os.PathLike[str]) -> list[Sequence]:
    """The numbered sequences of ``folder`` (not below it), by pattern, each with its first and last frame.

    The frame number is the last run of digits before the extension, as in ``shot_v2.1001.exr``. Hidden files
    and files without a number are left out.
    """
    groups: dict[tuple[str, str], dict[str, int]] = {}
    for name in _file_names(Path(folder)):
        match = _NUMBERED.fullmatch(name)
        if match and not name.startswith("."):
            group = groups.setdefault((match["head"], match["tail"]), {})
            group[match["number"]] = int(match["number"])
    found = []
    for (head, tail), numbers in sorted(groups.items()):
        for padding, frames in sorted(_by_padding(numbers).items()):
            pattern = (Path(folder) / f"{head}%0{padding}d{tail}").as_posix()
            found.append(Sequence(pattern, min(frames), max(frames)))
    return found


def _by_padding(numbers: dict[str, int]) -> dict[int, list[int]]:
    """Frame numbers as written → one padding if one explains them all, else one for each width."""
    shortest = min(len(text) for text in numbers)
    if all(f"{value:0{shortest}d}" == text for text, value in numbers.items()):
        return {shortest: list(numbers.values())}
    groups: dict[int, list[int]] = {}
    for text, value in numbers.items():
        groups.setdefault(len(text), []).append(value)
    return groups


def _file_names(folder: Path) -> Iterable[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise FilmRecoveryError(
            f"The folder cannot be listed: {error.strerror}.",
            remedy="check its permissions",
            file=str(folder),
        ) from error
