"""What a shot looks like from frame to frame, for choosing what to look at first and for finding its joins.

One pass over the Source's frames that are to be rendered. It is kept by the files' sizes and times, and holds as long
as they do: for other pairs, and for fewer frames, nothing is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from film_recovery import __version__
from film_recovery.curation.coverage import WIDTH, Shown, describe, vectors
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import Clip
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import signatures
from film_recovery.stages.clips import clip_of
from film_recovery.stages.done import digest
from film_recovery.stages.remembered import keep, recalled, remembered
from film_recovery.stages.view import NotYet, View

LOOKED_AT = 240  # frames whose content is described: the choice is of a hundred frames, not of one
AT_ONCE = 100  # frames that a check reads by itself; more are read where somebody is told how far it is
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Survey:
    """By frame, of the wanted frames that are on disk. ``light``: mean of encoded luma, 0–1. ``motion``: 1 − likeness
    to the frame before, 0–1. ``shots``: first and last frames."""

    light: Mapping[int, float]
    motion: Mapping[int, float]
    shots: tuple[tuple[int, int], ...]

    def shot_of(self, frame: int) -> tuple[int, int]:
        return next(((a, b) for a, b in self.shots if a <= frame <= b), (frame, frame))


def survey(view: View, progress: Progress | None = None) -> Survey:
    """Reads the frames once; a second time only where a file changed. Errors as ``Clip.picture``."""
    files = _files(view)
    found = _kept(view, files)
    if found is None:
        found = {"files": {str(frame): stamp for frame, stamp in files.items()}, **_looked(view, progress)}
        keep(_file(view), found)
    return _of(found, files)


def known(view: View) -> Survey:
    """As :func:`survey`, for who tells nobody how far it is: raises NotYet where more than a few frames are unread."""
    files = _files(view)
    found = _kept(view, files)
    if found is None and len(files) > AT_ONCE:
        raise NotYet(
            f"nobody has looked for the joins of these {len(files)} frames, which run, infer and validate do",
            "film-recovery validate",
        )
    return survey(view) if found is None else _of(found, files)


def look_ahead(view: View, progress: Progress) -> None:
    """Surveys for the checks, telling how far it is. What cannot be read is left to them, who say so in their words."""
    with suppress(NotYet, FilmRecoveryError):
        survey(view, progress)


def strange(view: View, progress: Progress | None = None) -> dict[int, float]:
    """Some of the wanted frames, spread over them → how far each is from the nearest pair, by what it shows (families
    and layout). Empty without pairs. Each frame is described once."""
    clip = clip_of(view, "source")
    pairs = [pair.source for pair in view.project.pairs if pair.source in set(clip.frames)]
    if not pairs:
        return {}
    wanted = set(view.wanted_frames)
    frames = spread([frame for frame in clip.frames if frame in wanted], LOOKED_AT)
    numbers = sorted({*frames, *pairs})
    shown = []
    for done, frame in enumerate(numbers, 1):
        shown.append(_described(view, clip, frame))
        if progress:
            progress("looking for hard moments", done, len(numbers))
    own = vectors(shown)
    found = {}
    for frame in frames:
        apart = [(own[frame] - own[pair])[:-1] for pair in pairs]  # what it shows, not when
        found[frame] = round(min(float((one**2).sum() ** 0.5) for one in apart), 5)
    return found


def _described(view: View, clip: Clip, frame: int) -> Shown:
    def make() -> dict[str, Any]:
        found = describe(frame, clip.small(frame, WIDTH))
        return {"shares": dict(found.shares), "layout": list(found.layout)}

    kept = remembered(
        view.project, "shown", (), [frame, _stamp(clip.sequence.path(frame)), *_reading(view)], make
    )
    return Shown(frame, kept["shares"], tuple(kept["layout"]))


def _looked(view: View, progress: Progress | None) -> dict[str, Any]:
    whole = clip_of(view, "source")
    wanted = set(view.wanted_frames)
    clip = replace(whole, frames=tuple(frame for frame in whole.frames if frame in wanted))
    tell = progress or (lambda what, done, total: None)
    seen = signatures(clip, progress=lambda done, total, frame: tell("looking for hard moments", done, total))
    rows = list(zip(seen.frames, seen.mean, seen.motion, strict=True))
    return {
        "light": {str(frame): round(float(mean), 5) for frame, mean, _ in rows},
        "motion": {str(frame): round(float(one), 5) for frame, _, one in rows},
        "shots": [(shot.first, shot.last) for shot in find_shots(seen)],
    }


def _of(found: Mapping[str, Any], files: Mapping[int, Any]) -> Survey:
    """Of those frames that are wanted now; the first of a shot has nothing before it."""
    shots = []
    for first, last in found["shots"]:
        inside = [frame for frame in files if first <= frame <= last]
        shots += [(inside[0], inside[-1])] if inside else []
    firsts = {first for first, _ in shots}
    light = {frame: found["light"][str(frame)] for frame in files}
    motion = {frame: 0.0 if frame in firsts else found["motion"][str(frame)] for frame in files}
    return Survey(light, motion, tuple(shots))


def _kept(view: View, files: Mapping[int, Any]) -> dict[str, Any] | None:
    """What was found before, of the files as they are."""
    found = recalled(_file(view))
    if found is None or not files:
        return None
    of = found.get("files")
    same = isinstance(of, dict) and all(of.get(str(frame)) == stamp for frame, stamp in files.items())
    return found if same else None


def _file(view: View) -> Path:
    return view.paths.cache / f"survey-{digest([__version__, *_reading(view)])[:32]}.json"


def _reading(view: View) -> list[Any]:
    """Which files the Source's are, and how they are read."""
    element = view.project.source
    return [view.sequence("source").pattern, element.colourspace, element.pixel_aspect]


def _files(view: View) -> dict[int, list[int]]:
    """The wanted frames that are on disk, ascending, with what tells that a file changed."""
    sequence = view.sequence("source")
    stamps = ((frame, _stamp(sequence.path(frame))) for frame in view.wanted_frames)
    return {frame: stamp for frame, stamp in sorted(stamps) if stamp}


def _stamp(path: Path) -> list[int]:
    """Size and time of change; empty for a file that is not there."""
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
