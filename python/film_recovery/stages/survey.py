"""What a shot looks like from frame to frame, for choosing what to look at first and for finding its joins.

One pass over the Source's frames that are to be rendered, kept by the files' names, sizes and times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from film_recovery.curation.coverage import WIDTH, describe, vectors
from film_recovery.footage.cuts import find_shots
from film_recovery.footage.runs import spread
from film_recovery.footage.signatures import signatures
from film_recovery.stages.clips import clip_of
from film_recovery.stages.remembered import remembered
from film_recovery.stages.view import View

LOOKED_AT = 240  # frames whose content is described: the choice is of a hundred frames, not of one
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Survey:
    """By frame, of the wanted frames that are on disk. ``light``: mean of encoded luma, 0–1. ``motion``: 1 − likeness
    to the frame before, 0–1. ``shots``: first and last frames. ``strange``: of the frames that were described, the
    distance to the nearest pair, by what they show; empty without pairs."""

    light: Mapping[int, float]
    motion: Mapping[int, float]
    shots: tuple[tuple[int, int], ...]
    strange: Mapping[int, float]

    def shot_of(self, frame: int) -> tuple[int, int]:
        return next(((a, b) for a, b in self.shots if a <= frame <= b), (frame, frame))


def survey(view: View, progress: Progress | None = None) -> Survey:
    """Reads the frames once; a second time only where a file changed. Errors as ``Clip.picture``."""
    kept = remembered(view.project, "survey", (), _about(view), lambda: _looked(view, progress))
    return Survey(
        {int(frame): value for frame, value in kept["light"].items()},
        {int(frame): value for frame, value in kept["motion"].items()},
        tuple((int(first), int(last)) for first, last in kept["shots"]),
        {int(frame): value for frame, value in kept["strange"].items()},
    )


def _looked(view: View, progress: Progress | None) -> dict[str, Any]:
    whole = clip_of(view, "source")
    wanted = set(view.wanted_frames)
    clip = replace(whole, frames=tuple(frame for frame in whole.frames if frame in wanted))
    tell = progress or (lambda what, done, total: None)
    known = signatures(
        clip, progress=lambda done, total, frame: tell("looking for hard moments", done, total)
    )
    shots = [(shot.first, shot.last) for shot in find_shots(known)]
    firsts = {first for first, _ in shots}
    rows = list(zip(known.frames, known.mean, known.motion, strict=True))
    return {
        "light": {str(frame): round(float(mean), 5) for frame, mean, _ in rows},
        "motion": {
            str(frame): round(float(one), 5) if frame not in firsts else 0.0 for frame, _, one in rows
        },
        "shots": shots,
        "strange": {str(frame): value for frame, value in _strange(view, clip.frames).items()},
    }


def _strange(view: View, frames: tuple[int, ...]) -> dict[int, float]:
    """How far each of the described frames is from the nearest pair, by what it shows: families and layout."""
    clip = clip_of(view, "source")
    pairs = [pair.source for pair in view.project.pairs if pair.source in set(clip.frames)]
    if not pairs:
        return {}
    numbers = sorted({*spread(frames, LOOKED_AT), *pairs})
    shown = [describe(frame, clip.small(frame, WIDTH)) for frame in numbers]
    own = vectors(shown)
    found = {}
    for frame in sorted(set(numbers) & set(frames)):
        apart = [(own[frame] - own[pair])[:-1] for pair in pairs]  # what it shows, not when
        found[frame] = round(min(float((one**2).sum() ** 0.5) for one in apart), 5)
    return found


def _about(view: View) -> list[Any]:
    """The files' names, sizes and times, how they are read, and the pairs."""
    element = view.project.source
    sequence = view.sequence("source")
    files = []
    for frame in view.wanted_frames:
        path = sequence.path(frame)
        try:
            status = path.stat()
        except OSError:
            continue
        files.append((frame, path.name, status.st_size, status.st_mtime_ns))
    pairs = [pair.source for pair in view.project.pairs]
    return [files, str(sequence.folder), element.colourspace, element.pixel_aspect, pairs]
