"""The delivery of a project: everything is judged first, then sealed, then packed as a BagIt bag.

Of a recovery of several steps the bag holds all of them, each where it lies in the project.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from film_recovery import __version__, ledger
from film_recovery._files import read_text, write_whole
from film_recovery.delivery.note import FILE as NOTE
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.project import FILE, Project, load, name_of, root_of
from film_recovery.protection import keep_apart, keep_apart_from
from film_recovery.provenance.bag import foresee, pack
from film_recovery.provenance.sealing import (
    JSON,
    Seal,
    content_hash,
    disagreements,
    seal_beside,
    stem_of,
    write_seal,
)
from film_recovery.rendering.record import FOREIGN
from film_recovery.rendering.render import today
from film_recovery.stages import chain
from film_recovery.stages.checking import check
from film_recovery.stages.looked_at import masters_of
from film_recovery.stages.provenance import (
    Master,
    Progress,
    card_of,
    masters,
    origin_of,
    refuse_others,
    sealed,
)
from film_recovery.stages.proxies import recorded, sidecar_of
from film_recovery.stages.signed import all_movies, is_signed, named_anew, provenance_of
from film_recovery.stages.survey import look_ahead
from film_recovery.stages.unmeasured import ACCEPTED, unmeasured
from film_recovery.stages.view import NotYet, View

_NAMED = 5
_LIMIT = 1 << 30  # bytes: a report with its stills, and more
_LIST = "as one list"  # how report and note call the digest of the frames that they are of
_LISTED = "list_sha256"  # and the sidecar of review movies


@dataclass(frozen=True)
class Accepted:
    """The choice to deliver frames that another program rendered, or what checks stop: who made it, and why."""

    by: str
    why: str


@dataclass(frozen=True)
class Part:
    """What the bag holds of one project, or of frames of none, in ``folder``. ``foreign``: how many frames of other
    programs. ``failing``: the checks that it was delivered in spite of. ``masters``: the digest of the project's own
    (``looked_at``). ``sidecars``: those of review movies that now name the provenance of this delivery, name → SHA-256.
    """

    folder: Path
    foreign: int
    failing: tuple[str, ...]
    masters: str = ""
    sidecars: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivered:
    """``bag``: absolute. ``unsaid``: the attributes of a header that nobody filled in, of the project itself.
    ``parts``: the project, then its steps."""

    bag: Path
    unsaid: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def foreign(self) -> int:
        """How many frames of other programs are in it."""
        return sum(part.foreign for part in self.parts)

    @property
    def failing(self) -> tuple[str, ...]:
        """The checks that it was delivered in spite of, those of a step with its name."""
        own, *steps = self.parts
        return (
            *own.failing,
            *(f"{name_of(step.folder)}/{id}" for step in steps for id in step.failing),
        )


@dataclass(frozen=True)
class _Sealed:
    """What goes out of one project: its masters and their provenance."""

    view: View
    frames: tuple[Master, ...]
    seal: Seal


def deliver(
    project: Project,
    out: Path,
    accepted: Accepted | None = None,
    progress: Progress | None = None,
    *,
    despite: Accepted | None = None,
) -> Delivered:
    """The delivery of ``project`` and its steps as the new bag ``out``.

    It holds masters, provenance, notes, report, review movies, model and script of each, and all that the stages left.
    Raises CheckFailed, and writes nothing, where a step is not done, frames are missing, are not what the present
    state of the project renders, say something else than it, or are not those of an earlier provenance; where the
    pairs are not those of the training; where report, note or movies are of other masters, or a movie is not as its
    sidecar says; where no source type was chosen; where a check fails, unless somebody delivers ``despite`` it, which
    the ledger keeps. FilmRecoveryError as
    ``provenance.bag.pack``, for a folder in a project or where an element lies, and for links that lead out of the
    project. The sidecars beside the masters are written when the bag is there, and those of review movies follow.
    """
    out = Path(os.path.abspath(out))
    views = [View(one) for one in (project, *(load(link.folder) for link in _steps(project)))]
    files: dict[str, Path] = {}
    for view in views:
        _refuse_place(out, view)
        _refuse_unfinished(view)
        _refuse_movies(view)
        frames = (view.output.sequence.path(number) for number in view.written)
        files |= {_name(file, project.folder): file for file in (*frames, *_beside(view))}
    foresee(files, out)  # before hours of reading
    found = [_judged(view, accepted, progress) for view in views]
    failing = _failing(views, despite, progress)
    expected = {_name(one.file, project.folder): one.sha256 for each in found for one in each.frames}
    with tempfile.TemporaryDirectory(prefix="film-recovery-") as made:
        for number, each in enumerate(found):
            place = Path(made, str(number))
            place.mkdir()
            for file in write_seal(each.seal, place):
                name = _name_in(each.view.output.folder / file.name, project.folder)
                files[name], expected[name] = file, content_hash(file)
            provenance = place / f"{each.seal.stem}{JSON}"
            _refuse_signed_for_another(each.view, provenance)
            for sidecar, text in _sidecars_named_anew(each.view, provenance):
                name, file = _name_in(sidecar, project.folder), place / sidecar.name
                write_whole(file, text)
                files[name], expected[name] = file, content_hash(file)
        bag = pack(files, out, _about(views[0]), expected, progress)
    anew = []
    for each in found:
        provenance, _ = write_seal(each.seal, each.view.output.folder)
        changed = _sidecars_named_anew(each.view, provenance)
        for sidecar, text in changed:
            write_whole(sidecar, text)
        anew.append({sidecar.name: content_hash(sidecar) for sidecar, _ in changed})
    parts = tuple(map(_part, found, failing, anew))
    return Delivered(bag, found[0].seal.origin.unsaid, parts)


def _part(each: _Sealed, failing: tuple[str, ...], sidecars: Mapping[str, str]) -> Part:
    foreign = sum(one.state == FOREIGN for one in each.frames)
    return Part(each.view.project.folder, foreign, failing, masters_of(each.view), sidecars)


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
        sequence, what = view.sequence(name), f"where the {name.capitalize()} lies"
        keep_apart(out, sequence.folder, what, file=str(out))
        keep_apart_from(map(sequence.path, sequence.frames()), out, what, file=str(out))


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
    origin_of(view)  # says what is lacking where there is no model
    if missing:
        raise CheckFailed(
            f"Frames of {whose} are missing: {format_frames(missing)}.",
            remedy="film-recovery run",
            file=where,
        )


def _judged(view: View, accepted: Accepted | None, progress: Progress | None) -> _Sealed:
    """The masters and their provenance, which an earlier one, report and note may not contradict."""
    found = masters(view, progress)
    refuse_others(view, found, accepted is not None)
    folder, sequence = view.output.folder, Path(view.output.sequence.pattern).name
    earlier = seal_beside(sequence, folder)
    if earlier is not None:
        others = disagreements(earlier, {one.file.name: one.sha256 for one in found}, folder)
        if others:
            sidecar = folder / f"{stem_of(sequence)}{JSON}"
            named = ", ".join(others[:_NAMED]) + (
                f" and {len(others) - _NAMED} more" * (len(others) > _NAMED)
            )
            raise CheckFailed(
                f"The provenance that lies there is of other frames: {named}.",
                remedy="film-recovery run writes it anew for what it has rendered; of frames of another program: put "
                "those back that it is of, or move it away",
                file=str(sidecar),
            )
    words = (accepted.by, accepted.why) if accepted else None
    seal = sealed(view, found, words, earlier)
    _refuse_of_others(view, seal)
    return _Sealed(view, found, seal)


def _refuse_of_others(view: View, seal: Seal) -> None:
    """Raises CheckFailed where the report, the note or a review movie says that it is of other frames."""
    found = [
        (file, _LIST, "film-recovery report") for file in (view.paths.report, view.paths.validation / NOTE)
    ]
    found += [
        (
            sidecar_of(movie),
            _LISTED,
            "film-recovery credentials" if is_signed(movie) else "film-recovery proxies",
        )
        for movie in _movies(view)
    ]
    for file, word, command in found:
        text = read_text(file, _LIMIT) if file.is_file() else ""
        if word in text and seal.digest not in text:
            raise CheckFailed(
                f"{file.name} is of other masters than those that are to be delivered.",
                remedy=f"{command}, which writes it anew of those that are there",
                file=str(file),
            )


def _movies(view: View) -> list[Path]:
    """Those of the masters' present name, signed copies too; of another version, they show what is not delivered."""
    return all_movies(view.paths.render, view.output.sequence)


def _refuse_movies(view: View) -> None:
    """Raises CheckFailed for one that nobody can say the masters of."""
    for movie in _movies(view):
        known = recorded(movie)
        if not known or known != content_hash(movie):
            why = "was changed since" if known else f"has no sidecar {sidecar_of(movie).name} of ours"
            raise CheckFailed(
                f"{movie.name} cannot be delivered as a review movie of the masters: it {why}.",
                remedy="move it away; film-recovery proxies makes one of the masters that are there, and "
                "film-recovery credentials signs a copy of that",
                file=str(movie),
            )


def _refuse_signed_for_another(view: View, provenance: Path) -> None:
    """Raises CheckFailed for a signed copy whose credential names another provenance than ``provenance``, which is to
    be delivered: what is signed cannot be written anew."""
    sha256 = content_hash(provenance)
    for movie in _movies(view):
        if is_signed(movie) and provenance_of(movie) != sha256:
            raise CheckFailed(
                f"The credential of {movie.name} names another provenance of the masters than the one that is to be "
                "delivered.",
                remedy="move it away and sign it anew: film-recovery credentials; where the provenance is only written "
                "by a delivery (--accept-foreign), deliver first, sign then, and deliver again in the same words",
                file=str(movie),
            )


def _sidecars_named_anew(view: View, provenance: Path) -> list[tuple[Path, str]]:
    """The sidecars of review movies that name an earlier provenance of their masters, or none, and their new text."""
    found = ((sidecar_of(movie), named_anew(movie, provenance)) for movie in _movies(view))
    return [(sidecar, text) for sidecar, text in found if text]


def _failing(
    views: list[View], despite: Accepted | None, progress: Progress | None = None
) -> list[tuple[str, ...]]:
    """Of each view the checks that fail now, measured anew, and those that shall hold and cannot be measured; its
    ledger keeps them with who delivers in spite of them.

    Raises CheckFailed naming them where nobody does."""
    failing: list[tuple[str, ...]] = []
    for view in views:
        project, name = view.project, name_of(view.project.folder)
        if progress:
            look_ahead(view, progress)  # what a check alone would not do unasked
        reports = check(project)
        found = [one for report in reports for one in report.outcomes if one.outcome == "fail"]
        found += [one for report in reports for one in unmeasured(view.recipe, report)]
        if found and despite is None:
            raise CheckFailed(
                f"{len(found)} check{'s' * (len(found) > 1)} of {name} stop the delivery: "
                + "; ".join(f"{one.check}: {one.reason}" for one in found[:_NAMED]),
                remedy=f"{found[0].remedy[0] if found[0].remedy else 'film-recovery check'}; or, where it is meant: "
                "film-recovery deliver --accept-failing WORDS, which the ledger keeps",
                file=str(project.folder),
            )
        if found and despite is not None:
            data = {
                "what": "Delivered in spite of checks that fail, or that were not measured.",
                "why": despite.why,
                "checks": [one.as_dict() for one in found],
            }
            ledger.append(project.folder, ACCEPTED, data, despite.by)
        failing.append(tuple(one.check for one in found))
    return failing


def _beside(view: View) -> Iterator[Path]:
    """What goes with the masters of a project: the model with its sidecar and the .cat that Nuke made of it, and all
    that the stages left for a reader."""
    project, places = view.project, view.paths
    yield from (project.folder / FILE, project.folder / ledger.FILE, places.script)
    suffixes = (".pt", ".json", ".cat") if card_of(view) else (view.model_file.suffix,)
    yield from (file for file in map(view.model_file.with_suffix, suffixes) if file.is_file())
    for folder in (places.notes, places.curation, places.alignment, places.validation):
        yield from _below(folder)
    for movie in _movies(view):
        yield from (movie, sidecar_of(movie))


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
    return _name_in(file, folder)


def _name_in(file: Path, folder: Path) -> str:
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
