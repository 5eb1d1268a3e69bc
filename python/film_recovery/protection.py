"""The film is sacred: nothing is ever written into a folder that holds an element of the film.

Whatever writes (``engine`` its models, ``rendering`` its frames) asks here first. Above ``comp``, below both. Masters
are a project's own: what belongs to none stays out of the folder that it renders into.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.sequence import Sequence
from film_recovery.nk.walk import upstream
from film_recovery.project import load, lock, paths


def protect_elements(evaluator: Evaluator, folder: Path, node: nk.Node, knob: str, own: str = "") -> None:
    """Refuses a ``folder`` that is equal to, inside or around the folder of any element, links resolved.

    Elements are all Reads of the script. ``own``: the pattern that ``node`` itself writes; a Read of it shows
    those frames again and is no element, unless ``node`` depends on it. ``node`` and ``knob`` name who asks.
    """
    for path, sequence in _elements(evaluator, node, own):
        keep_apart(folder, sequence.folder, f"where {path} keeps its frames", **_asking(node, knob))


def protect_files(files: Iterable[Path], folder: Path, node: nk.Node, knob: str) -> None:
    """As :func:`protect_elements`, for the files that were read indeed: those of a gizmo's Reads too, and where
    the frames of an element are links, the folder of what they lead to."""
    for file in files:
        for home in {file.parent, Path(os.path.realpath(file)).parent}:
            keep_apart(folder, home, f"where {file.name} comes from", **_asking(node, knob))


def _asking(node: nk.Node, knob: str) -> dict[str, str]:
    return {"node": node.path, "class_name": node.class_name, "knob": knob}


def keep_apart(folder: Path, element: Path, what: str, **where: str) -> None:
    """Refuses a ``folder`` equal to, inside or around the folder ``element``; ``what`` says what lies there."""
    place, home = (Path(os.path.realpath(path)) for path in (folder, element))
    if place == home or place in home.parents or home in place.parents:
        raise FilmRecoveryError(
            f"The folder {place} is equal to, inside or around {home}, {what}. "
            "Elements of the film are never written to.",
            **where,
            remedy="write to a folder of its own, such as pipeline/04_inference_render",
        )


def keep_apart_from(files: Iterable[Path], folder: Path, what: str, **where: str) -> None:
    """As :func:`keep_apart`, for the folders of ``files`` and, where these are links, of what they lead to."""
    homes = {home for file in files for home in (file.parent, Path(os.path.realpath(file)).parent)}
    for home in sorted(homes):
        keep_apart(folder, home, what, **where)


def keep_from_masters(file: Path) -> None:
    """Refuses a ``file`` of no project in the folder, or below it, that a project renders its masters into, links
    resolved: there it would pass for one of them."""
    home = lock.project_of(file)
    if home is None:
        return
    project = load(home)
    render, place = paths(project).render.resolve(), Path(os.path.realpath(file.parent))
    if place == render or render in place.parents:
        raise FilmRecoveryError(
            f"{place} is where the project {home} ({project.title or project.film}) renders its masters.",
            remedy=f"film-recovery infer --project {home} renders these, held to its short range and its accepted "
            "masters; write files of no project to a folder of their own",
            file=str(file),
        )


def _elements(evaluator: Evaluator, node: nk.Node, own: str) -> Iterator[tuple[str, Sequence]]:
    needed = {id(source) for source in upstream(node)}
    for read in evaluator.script.all_nodes():
        if read.class_name != "Read" or read.get("file") is None:
            continue
        call = evaluator.call(read, evaluator.root.range[0])
        if not call.text("file"):
            continue
        sequence = Sequence.parse(call.path("file"))
        if sequence.pattern != own or id(read) in needed:
            yield read.path, sequence
