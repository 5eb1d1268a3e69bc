"""The demo's two jobs as folders of EXR: a damaged Source, a better Reference, and the truth to measure against.

Everything is written as the workflow recommends for training pairs: encoded 0–1, RGB without alpha, half, ZIP.
The truth is the clean frame under the same weave; it is never shown to the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from film_recovery.demo.degrade import (
    MARGIN,
    Damage,
    damaged,
    letterboxed,
    scanned,
    video_reference,
    weave_path,
)
from film_recovery.demo.footage import Footage, Picture
from film_recovery.imaging.files import write_frame
from film_recovery.imaging.frame import Frame

FIRST_FRAME = 1001
INSET = 6  # pixels of the picture left out of the live area: weave and filters leave traces there
PAIRS_A_SHOT = 5
SEED = 2026
JOBS = {
    "spatial": Damage(blur=1.1, grain=0.015),
    "colour": Damage(fade=True, grain=0.008),
}


@dataclass(frozen=True)
class Job:
    """One recovery of the demo. Frame numbers count from FIRST_FRAME; ``shift``: weave of each frame, right and up."""

    recipe: str
    folder: Path
    frames: tuple[int, ...]
    pairs: tuple[int, ...]
    held_out: tuple[int, ...]
    shift: dict[int, tuple[float, float]]
    size: tuple[int, int]

    def pattern(self, element: str) -> str:
        return str(self.folder / "elements" / element / f"{element}.####.exr")

    @property
    def live_area(self) -> tuple[int, int, int, int]:
        columns, rows = (side + INSET for side in MARGIN)
        return columns, rows, self.size[0] - columns, self.size[1] - rows


def make_job(
    recipe: str, folder: Path, footage: Footage, shots: int, tell: Callable[[int, int], None]
) -> Job:
    """Writes the three elements of one job for the last ``shots`` full shots of the footage."""
    chosen = [shot for shot in footage.shots if shot[1] - shot[0] >= 2 * PAIRS_A_SHOT][-shots:]
    indices = [index for first, last in chosen for index in range(first, last + 1)]
    path = weave_path(len(footage.pictures), 1.5, SEED)
    height, width = footage.pictures[0].shape[:2]
    job = Job(
        recipe=recipe,
        folder=folder,
        frames=tuple(FIRST_FRAME + index for index in indices),
        pairs=tuple(FIRST_FRAME + index for first, last in chosen for index in _spread(first, last)),
        held_out=tuple(FIRST_FRAME + index for first, last in chosen for index in _between(first, last)),
        shift={FIRST_FRAME + index: (float(path[index][0]), float(path[index][1])) for index in indices},
        size=(width + 2 * MARGIN[0], height + 2 * MARGIN[1]),
    )
    for name in ("source", "reference", "truth"):
        Path(job.pattern(name)).parent.mkdir(parents=True, exist_ok=True)
    for done, index in enumerate(indices, 1):
        picture, number = footage.pictures[index], FIRST_FRAME + index
        print_ = damaged(picture, JOBS[recipe], index, SEED)
        _write(job, "source", number, scanned(print_, job.shift[number]))
        better = picture if recipe == "spatial" else video_reference(picture)
        _write(job, "reference", number, letterboxed(better))
        _write(job, "truth", number, scanned(picture, job.shift[number]))
        tell(done, len(indices))
    return job


def _spread(first: int, last: int) -> list[int]:
    """Training moments of a shot: evenly spread, ends included."""
    return [round(float(moment)) for moment in np.linspace(first, last, PAIRS_A_SHOT)]


def _between(first: int, last: int) -> list[int]:
    """Held-out moments: half-way between two training moments."""
    moments = _spread(first, last)
    return [(a + b) // 2 for a, b in pairwise(moments)]


def _write(job: Job, element: str, number: int, picture: Picture) -> None:
    path = Path(job.pattern(element).replace("####", f"{number:04d}"))
    write_frame(Frame.from_array(picture, top_down=True), path, datatype="half", compression="zips")
