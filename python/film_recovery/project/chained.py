"""Chains of projects: a recovery of several steps is a project, and a project in ``steps/<name>/`` for each other step.

Each is an ordinary project. What ties them is ``master_of`` of an element: it is then the frames that another project
of the chain renders, and where they lie, which they are and how they are encoded follows from that project.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from film_recovery.errors import FilmRecoveryError
from film_recovery.graph import GraphSpec
from film_recovery.project.folders import inside, paths
from film_recovery.project.model import PLACEHOLDERS, Colour, Draft, Element, Project
from film_recovery.recipes.model import Step

STEPS = "steps"
_FRAMES = re.compile(r"(-?\d+)(?:-(-?\d+))?")


def root_of(folder: Path) -> Path:
    """The folder of the chain that ``folder`` belongs to: that of the project whose steps the others are."""
    return folder.parent.parent if folder.parent.name == STEPS else folder


def step_folder(folder: Path, name: str) -> Path:
    """Where the step ``name`` of the project in ``folder`` lies. FilmRecoveryError when a link leads out of it."""
    return inside(folder, f"{STEPS}/{name}")


def name_of(folder: Path) -> str:
    """A project of a chain for a sentence: ``steps/colour``, or the folder's own name."""
    return f"{STEPS}/{folder.name}" if folder.parent.name == STEPS else folder.name


def master_folder(folder: Path, master_of: str) -> Path:
    """The project that ``master_of`` names, seen from the project in ``folder``.

    Raises FilmRecoveryError, which names it, unless it is another project of the same chain, links resolved.
    """
    root = root_of(folder)
    place = Path(os.path.normpath(folder / master_of))
    home, here, there = root.resolve(), folder.resolve(), place.resolve()
    foreign = "\\" in master_of or re.match(r"/|[A-Za-z]:", master_of) is not None
    outside = any(one != home and one.parent != home / STEPS for one in (here, there))
    if foreign or outside or here == there:
        raise FilmRecoveryError(
            f"master_of {master_of!r} is no other project of this chain, whose folder is {root}.",
            remedy=f"give ../.. for the first project, {STEPS}/NAME or ../NAME for a step; links must not lead out",
        )
    return place


def master(master_of: str) -> Element:
    """An element that is the master of another project; what follows from that is filled in when it is loaded."""
    return Element(master_of=master_of, **PLACEHOLDERS)


def followed(element: Element, of: Project, folder: Path) -> Element:
    """``element`` of the project in ``folder`` as the frames that ``of`` renders; its own words stay.

    Those words that are empty are taken from the Source that was recovered. It is authorised when both elements of
    ``of`` are.
    """
    source = of.source
    first, last = _ends(of.inference.frames) or (source.first, source.last)
    words = {name: getattr(source, name) for name in ("title", "gauge", "generation", "holder")}
    words["type"] = "master"
    words["quality"] = f"recovered ({of.recipe})"
    words["provenance"] = f"rendered by {name_of(of.folder)}"
    given = [of.elements[name].authorisation.strip() for name in ("source", "reference")]
    words["authorisation"] = "; ".join(dict.fromkeys(given)) if all(given) else ""
    return replace(
        element,
        file=Path(os.path.relpath(paths(of).render_pattern, folder)).as_posix(),
        first=first,
        last=last,
        width=source.width,
        height=source.height,
        pixel_aspect=source.pixel_aspect,
        frame_rate=source.frame_rate,
        colourspace=GraphSpec.write_colourspace,
        **{name: word for name, word in words.items() if not getattr(element, name).strip()},
    )


def step_draft(parent: Draft, folder: Path, step: Step, own: Element | None) -> Draft:
    """A project for ``step`` of the project ``parent`` in ``folder``. ``own``: the element that only the step has.

    Film, reel, shot, scope, licence, colour set-up and who answers for the masters are the parent's, the rest is the
    operator's to say.
    """
    place = step_folder(folder, step.name)
    known = {**parent.elements, "master": master("../..")}
    if own is not None:
        known["own"] = _carried(own, folder, place)
    elements = {}
    for name, word in (("source", step.source), ("reference", step.reference)):
        element = known[word]
        elements[name] = element if word in ("master", "own") else _carried(element, folder, place)
    colour = parent.colour
    if colour.config and (folder / colour.config).is_file():
        colour = Colour(_from(place, folder / colour.config), colour.working_space)
    return Draft(
        film=parent.film,
        recipe=step.recipe,
        elements=elements,
        title=parent.title,
        reel=parent.reel,
        shot=parent.shot,
        scope=parent.scope,
        tier=parent.tier,
        colour=colour,
        method=parent.method,
        delivery=parent.delivery,
    )


def _carried(element: Element, folder: Path, place: Path) -> Element:
    """An element of the project in ``folder`` as the one in ``place`` names its file."""
    if element.master_of or Path(element.file).is_absolute():
        return element
    return replace(element, file=_from(place, folder / element.file))


def _from(place: Path, path: Path) -> str:
    return Path(os.path.relpath(path, place)).as_posix()


def _ends(frames: str) -> tuple[int, int] | None:
    """First and last of a list such as ``1001-1100,1105``; None for an empty one and for one that is none."""
    numbers: list[int] = []
    for item in frames.replace(",", " ").split():
        match = _FRAMES.match(item)
        if match is None:
            return None
        numbers += [int(number) for number in match.groups() if number is not None]
    return (min(numbers), max(numbers)) if numbers else None
