"""What ``curate`` is asked, and of which two elements: a project's, or two sequences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from film_recovery.curation.reference import COLOUR, SPATIAL
from film_recovery.errors import UsageError
from film_recovery.footage.clip import Clip, open_clip
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.project import PairOf, Project


@dataclass(frozen=True)
class Wanted:
    """What is asked for. ``frames``: such as ``1001-1100``, of the Source. ``allow``: ``FRAME:KIND`` of faults that are
    overridden. ``more``: the next step of 4, 7, 11 beside the project's own pairs. ``fresh``: these are not kept.
    ``source_space``, ``reference_space``: of two sequences, what their files are in; empty: encoded as they are."""

    frames: str | None = None
    recipe: str = ""
    count: int | None = None
    more: bool = False
    hold_outs: int | None = None
    scope: str = ""
    out: Path | None = None
    apply: bool = False
    fresh: bool = False
    allow: tuple[str, ...] = ()
    by: str = ""
    take_over: bool = False
    source_space: str = ""
    reference_space: str = ""


@dataclass(frozen=True)
class Task:
    source: Clip
    reference: Clip
    kind: str  # spatial or colour
    scope: str
    out: Path
    title: str
    pairs: tuple[PairOf, ...]  # the operator's own
    hold_out: tuple[PairOf, ...]
    project: Project | None
    fps: float = 24.0

    @property
    def clips(self) -> tuple[tuple[str, Clip], tuple[str, Clip]]:
        """Both elements, with their names in words."""
        return ("Source", self.source), ("Reference", self.reference)


def task_of(folder: Path | None, source: str | None, reference: str | None, wanted: Wanted) -> Task:
    """What ``wanted`` is about. Raises UsageError for neither a project nor two sequences, for sequences without a
    folder, and for a project with spaces, which it says itself."""
    numbers = None if wanted.frames is None else tuple(parse_frames(wanted.frames))
    if source is None and reference is None:
        refuse_spaces(wanted.source_space, wanted.reference_space)
        return _of_project(folder or Path("."), numbers, wanted)
    if folder is not None or source is None or reference is None:
        raise UsageError(
            "curate takes a project, or two sequences.", remedy="give a project, or --source and --reference"
        )
    if wanted.out is None:
        raise UsageError("Two sequences need a folder for what is made.", remedy="give it with --out")
    first = open_clip("Source", source, numbers, space=wanted.source_space)
    return Task(
        first,
        open_clip("Reference", reference, space=wanted.reference_space),
        COLOUR if wanted.recipe.startswith(COLOUR) else SPATIAL,
        "",
        wanted.out,
        first.sequence.path(first.frames[0]).name,
        (),
        (),
        None,
    )


def refuse_spaces(source_space: str, reference_space: str) -> None:
    """Raises UsageError where either is given, which is of two sequences."""
    for option, given in (("--source-space", source_space), ("--reference-space", reference_space)):
        if given:
            raise UsageError(
                f"A project says what its elements are in, so {option} cannot be given.",
                remedy="leave it out; where it is wrong, set the element's colourspace in project.yaml",
            )


def _of_project(folder: Path, numbers: tuple[int, ...] | None, wanted: Wanted) -> Task:
    from film_recovery import project
    from film_recovery.stages.clips import clip_of
    from film_recovery.stages.view import NotYet, View

    loaded = project.load(folder)
    view = View(loaded)
    try:
        source, reference = clip_of(view, "source"), clip_of(view, "reference")
    except NotYet as reason:
        raise UsageError(
            f"Not yet: {reason}.", remedy="film-recovery run, for that project first"
        ) from reason
    if numbers is not None:
        source = replace(source, frames=tuple(frame for frame in source.frames if frame in set(numbers)))
        if not source.frames:
            raise UsageError(
                f"No frame of {wanted.frames} is a frame of the Source.", remedy="look at its range"
            )
    kind = (wanted.recipe or loaded.recipe).partition("-")[0]
    return Task(
        source,
        reference,
        COLOUR if kind == COLOUR else SPATIAL,
        loaded.scope,
        wanted.out or project.paths(loaded).curation,
        loaded.title or loaded.film,
        loaded.pairs,
        loaded.hold_out,
        loaded,
        loaded.source.frame_rate,
    )
