"""The other projects of a recovery of several steps: where they lie, how far they are, what still has to be rendered.

``run`` takes them through, the checks of ``steps`` judge them, a View asks here whether a master is there yet.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from film_recovery import ledger, recipes
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.frame_ranges import parse_frames
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import (
    FILE,
    STEPS,
    Element,
    Project,
    load,
    master_folder,
    name_of,
    paths,
    root_of,
    step_folder,
)
from film_recovery.recipes import Step

COURSE = ("started", "stopped", "finished", "aborted")  # the kinds of record that say how a run went


@dataclass(frozen=True)
class Link:
    """A step of a project's recipe, and the folder that its project lies in or would lie in."""

    step: Step
    folder: Path

    @property
    def name(self) -> str:
        return f"{STEPS}/{self.step.name}"

    @property
    def is_made(self) -> bool:
        return (self.folder / FILE).is_file()


def links(project: Project) -> tuple[Link, ...]:
    """The steps of ``project``, in the order of its recipe."""
    steps = recipes.load(project.recipe).steps
    return tuple(Link(step, step_folder(project.folder, step.name)) for step in steps)


def parent_of(folder: Path) -> tuple[Project, Step] | None:
    """The project that a project in ``folder`` would be a step of, and which; None where that is none."""
    root = root_of(folder)
    if root == folder or not (root / FILE).is_file():
        return None
    parent = load(root)
    step = next((one for one in recipes.load(parent.recipe).steps if one.name == folder.name), None)
    return None if step is None else (parent, step)


def refuse_unlinked(project: Project, link: Link) -> None:
    """Raises CheckFailed when the step is not there, is of another kind, or works on other frames than it should."""
    if not link.is_made:
        raise CheckFailed(
            f"{link.name} is no project yet, so nothing does the step “{link.step.title}”.",
            remedy=f"film-recovery new {link.folder} --reference FRAMES",
            file=str(link.folder),
        )
    made = load(link.folder)
    kind = recipes.load(link.step.recipe).kind
    if recipes.load(made.recipe).kind != kind:
        raise CheckFailed(
            f"{link.name} is a {recipes.load(made.recipe).kind} project, where a {kind} one is needed.",
            remedy=f"set its recipe to {link.step.recipe}",
            file=str(made.folder / FILE),
        )
    after = link.step.when == "after"
    has, name, of = (made, "source", project) if after else (project, link.step.gives, made)
    if master_of(has, name) != of.folder:
        wanted = "../.." if after else link.name
        raise CheckFailed(
            f"The {name.capitalize()} of {name_of(has.folder)} is not what {name_of(of.folder)} renders.",
            remedy=f"write master_of: {wanted} into elements.{name}, in place of its file and format",
            file=str(has.folder / FILE),
        )


def is_finished(folder: Path) -> bool:
    """Whether the last run of the project in ``folder`` came to its end."""
    course = [record.kind for record in ledger.read(folder).records if record.kind in COURSE]
    return course[-1:] == ["finished"]


def master_of(project: Project, element: str) -> Path | None:
    """The folder of the project whose master the element is; None for a scan."""
    word = project.elements[element].master_of
    return master_folder(project.folder, word) if word else None


def scan_behind(project: Project, element: str) -> tuple[Project, Element]:
    """The scan that the element goes back to, through the Sources of other steps; and the project that reads it."""
    folder = master_of(project, element)
    return (project, project.elements[element]) if folder is None else scan_behind(load(folder), "source")


def wanted_frames(project: Project) -> list[int]:
    """The frames that ``project`` renders."""
    text, source = project.inference.frames, project.source
    return parse_frames(text) if text else list(range(source.first, source.last + 1))


def not_rendered(project: Project, element: str) -> str:
    """What the other project still has to render of the element, in a few words; empty for a scan."""
    folder = master_of(project, element)
    if folder is None:
        return ""
    of = load(folder)
    wanted = wanted_frames(of)
    there = set(wanted) & set(Sequence.parse(paths(of).render_pattern.as_posix()).frames())
    if len(there) == len(wanted):
        return ""
    some = f"in whole: {len(there)} of {len(wanted)} frames are there" if there else ""
    return f"{name_of(of.folder)} has not been rendered {some}".strip()


def refuse_unrendered(project: Project) -> None:
    """Raises CheckFailed when an element is a master that has not been rendered: there is nothing to work on."""
    for element in project.elements:
        missing = not_rendered(project, element)
        folder = master_of(project, element)
        if missing and folder is not None:
            raise CheckFailed(
                f"The {element.capitalize()} of {name_of(project.folder)} is the master of {name_of(folder)}, and "
                f"{missing}.",
                remedy=f"film-recovery run --project {root_of(project.folder)}",
                file=str(project.folder / FILE),
            )


def standing(link: Link) -> str:
    """How a step is, in a line for a table."""
    if not link.is_made:
        return "not made yet"
    if is_finished(link.folder):
        return "finished"
    try:
        made = load(link.folder)
    except FilmRecoveryError as error:
        return error.message
    missing = [text for name in made.elements for text in [not_rendered(made, name)] if text]
    return f"not finished; {missing[0]}" if missing else "not finished"


def reports(project: Project) -> dict[str, str]:
    """The steps that have a report, in words, and the link to it from the report of ``project``."""
    here = paths(project).report.parent
    found = {}
    for link in links(project):
        report = paths(load(link.folder)).report if link.is_made else None
        if report is not None and report.is_file():
            place = Path(os.path.relpath(report, here)).as_posix()
            found[f"{link.step.title} ({link.name})"] = quote(place)
    return found
