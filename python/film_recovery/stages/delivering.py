"""The delivery of a project: everything is judged first, then sealed, then packed as a BagIt bag.

Of a recovery of several steps the bag holds all of them, each where it lies in the project.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from film_recovery import __version__, ledger
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.project import FILE, Project, load, name_of, root_of
from film_recovery.protection import keep_apart
from film_recovery.provenance.bag import pack
from film_recovery.provenance.sealing import JSON, content_hash, disagreements, read_seal, stem_of, write_seal
from film_recovery.rendering.record import FOREIGN
from film_recovery.rendering.render import today
from film_recovery.stages import chain
from film_recovery.stages.provenance import Master, Progress, card_of, masters, refuse_others, sealed
from film_recovery.stages.view import NotYet, View

_NAMED = 5


@dataclass(frozen=True)
class Accepted:
    """The choice to deliver frames that another program rendered: who made it, and why."""

    by: str
    why: str


@dataclass(frozen=True)
class Delivered:
    """``bag``: absolute. ``foreign``: how many frames of other programs are in it. ``unsaid``: the attributes of a
    header that nobody filled in, of the project itself."""

    bag: Path
    foreign: int
    unsaid: tuple[str, ...]


def deliver(
    project: Project, out: Path, accepted: Accepted | None = None, progress: Progress | None = None
) -> Delivered:
    """The delivery of ``project`` and its steps as the new bag ``out``.

    It holds masters, provenance, notes, report, model and script of each, and all that the stages left for a reader.
    Raises CheckFailed, and writes nothing, where a step is not done, frames are missing, are not what the present
    state of the project renders, say something else than it, or are not those of an earlier provenance; where no
    source type was chosen. FilmRecoveryError as ``provenance.bag.pack``, for a folder in a project or where an element
    lies, and for links that lead out of the project.
    """
    out = Path(os.path.abspath(out))
    projects = [project, *(load(link.folder) for link in _steps(project))]
    views = [View(one) for one in projects]
    for view in views:
        _refuse_place(out, view)
        _refuse_unfinished(view)
    found = {}
    for view in views:
        found[view.project.folder] = _judged(view, accepted, progress)
    files: dict[str, Path] = {}
    expected: dict[str, str] = {}
    words = (accepted.by, accepted.why) if accepted else None
    seals = [sealed(view, found[view.project.folder], words) for view in views]
    for view, seal in zip(views, seals, strict=True):
        frames = found[view.project.folder]
        sidecars = write_seal(seal, view.output.folder)
        for file in (*sidecars, *(one.file for one in frames), *_beside(view)):
            files[_name(file, project.folder)] = file
        expected |= {_name(file, project.folder): content_hash(file) for file in sidecars}
        expected |= {_name(one.file, project.folder): one.sha256 for one in frames}
    foreign = sum(one.state == FOREIGN for frames in found.values() for one in frames)
    bag = pack(files, out, _about(views[0]), expected, progress)
    return Delivered(bag, foreign, seals[0].origin.unsaid)


def _steps(project: Project) -> Iterator[chain.Link]:
    """The other projects of the recovery. Raises CheckFailed for one that is not there, or works on other frames."""
    for link in chain.links(project):
        chain.refuse_unlinked(project, link)
        yield link


def _refuse_place(out: Path, view: View) -> None:
    """A delivery lies neither with an element nor in the project, whose next delivery it would be a part of."""
    home = root_of(view.project.folder).resolve()
    place = out.resolve()
    if place == home or home in place.parents or place in home.parents:
        raise FilmRecoveryError(
            f"The delivery would lie in the project {home}, or around it.",
            remedy="name a folder outside of the project",
            file=str(out),
        )
    for name in ("source", "reference"):
        keep_apart(out, view.sequence(name).folder, f"where the {name.capitalize()} lies", file=str(out))


def _refuse_unfinished(view: View) -> None:
    project = view.project
    where, whose = str(project.folder / FILE), name_of(project.folder)
    if not project.delivery.source_type:
        raise CheckFailed(
            f"Nobody has chosen what the masters of {whose} are said to be (IPTC's Digital Source Type).",
            remedy="film-recovery deliver --terms shows the terms; write yours to delivery.source_type in project.yaml",
            file=where,
        )
    try:
        missing = sorted(set(view.wanted_frames) - set(view.written))
    except NotYet as reason:
        raise CheckFailed(
            f"There is nothing to deliver of {whose}: {reason}.", remedy="film-recovery run", file=where
        ) from reason
    if missing:
        raise CheckFailed(
            f"Frames of {whose} are missing: {format_frames(missing)}.",
            remedy="film-recovery run",
            file=where,
        )


def _judged(view: View, accepted: Accepted | None, progress: Progress | None) -> tuple[Master, ...]:
    """The masters, which an earlier provenance may not contradict."""
    found = masters(view, progress)
    refuse_others(view, found, accepted is not None)
    folder = view.output.folder
    sidecar = folder / f"{stem_of(Path(view.output.sequence.pattern).name)}{JSON}"
    if sidecar.is_file():
        others = disagreements(read_seal(sidecar), {one.file.name: one.sha256 for one in found}, folder)
        if others:
            named = ", ".join(others[:_NAMED]) + (
                f" and {len(others) - _NAMED} more" * (len(others) > _NAMED)
            )
            raise CheckFailed(
                f"The provenance that lies there is of other frames: {named}.",
                remedy="film-recovery run writes it anew for what it has rendered; of frames of another program: put "
                "those back that it is of, or move it away",
                file=str(sidecar),
            )
    return found


def _beside(view: View) -> Iterator[Path]:
    """What goes with the masters of a project: the model with its sidecar and the .cat that Nuke made of it, and all
    that the stages left for a reader."""
    project, places = view.project, view.paths
    yield from (project.folder / FILE, project.folder / ledger.FILE, places.script)
    suffixes = (".pt", ".json", ".cat") if card_of(view) else (view.model_file.suffix,)
    yield from (file for file in map(view.model_file.with_suffix, suffixes) if file.is_file())
    for folder in (places.notes, places.curation, places.alignment, places.validation):
        yield from _below(folder)


def _below(folder: Path) -> Iterator[Path]:
    """Every file below ``folder`` that is not hidden. Raises FilmRecoveryError for a link to a folder."""
    for place, folders, names in os.walk(folder):
        for name in sorted(folders):
            if (Path(place) / name).is_symlink():
                raise _is_link(Path(place) / name)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _name(file: Path, folder: Path) -> str:
    """The file's name in the bag: as in the project. A link inside the project is delivered as what it leads to;
    FilmRecoveryError for one that leads out, or nowhere."""
    if not file.is_file() or folder.resolve() not in file.resolve().parents:
        raise _is_link(file)
    return Path(os.path.relpath(os.path.abspath(file), os.path.abspath(folder))).as_posix()


def _is_link(file: Path) -> FilmRecoveryError:
    target = os.path.realpath(file)
    return FilmRecoveryError(
        f"{file.name} leads to {target}; a delivery holds the files of its project, and no links.",
        remedy="put what it leads to in its place, or take it away",
        file=str(file),
    )


def _about(view: View) -> dict[str, str]:
    """What bag-info.txt says, in the words that RFC 8493 has for it."""
    project = view.project
    return {
        "Source-Organization": project.delivery.institution,
        "Contact-Name": project.delivery.restorationist,
        "External-Description": f"{project.title or project.film}, {project.kind} recovery of "
        f"{project.shot or 'all of the Source'}, frames {format_frames(view.written)}",
        "Bagging-Date": today(),
        "Bag-Software-Agent": f"film-recovery {__version__}",
    }
