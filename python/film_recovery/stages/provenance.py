"""What a project's masters say of their origin, the sidecars that bind them, and the delivery.

The words come from project.yaml, the ledger and the model's card; nothing is set that nobody said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from film_recovery import __version__, ledger
from film_recovery.errors import CheckFailed, FilmRecoveryError
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.project import FILE, Element, PairOf, Project
from film_recovery.protection import keep_apart
from film_recovery.provenance.bag import pack
from film_recovery.provenance.origin import Origin
from film_recovery.provenance.sealing import Bound, Seal, bound, content_hash, read_seal, write_seal
from film_recovery.provenance.source_types import source_type
from film_recovery.stages.closed_form import is_closed_form, trained_here
from film_recovery.stages.view import NotYet, View

Progress = Callable[[str, int, int], None]
_TRAINING = 3


def origin_of(view: View) -> Origin:
    """What the header of every frame says; the day of processing is the render's. Raises NotYet without a model."""
    project = view.project
    said = project.delivery
    return Origin(
        ml_processing=_learning(view),
        recovery_type=project.kind,
        film=project.title or project.film,
        shot=project.shot,
        training_date=_trained_on(view),
        model=_model(view),
        source_element=_element(project.source),
        reference_source=_element(project.reference),
        restorationist=said.restorationist,
        institution=said.institution,
        source_type=source_type(said.source_type).term if said.source_type else "",
    )


def sealed(view: View, frames: dict[str, str]) -> Seal:
    """What binds ``frames`` (name → SHA-256, as they lie on disk) to their model, script and pairs."""
    project, folder = view.project, view.output.folder
    pattern = Path(view.output.sequence.pattern).name
    return Seal(
        origin_of(view),
        pattern,
        frames,
        format_frames(view.written),
        bound(view.model_file, folder),
        bound(view.paths.script, folder),
        {_pair(pair): _files(view, pair, folder) for pair in project.pairs},
        {"film-recovery": __version__, "training": view.card.created_by},
        project.reasoning,
    )


def seal(view: View, progress: Progress | None = None) -> tuple[Path, Path] | None:
    """Writes the sidecars of all written frames beside them; None before there is a frame. Reads every frame."""
    try:
        files = [view.output.sequence.path(frame) for frame in view.written]
    except NotYet:
        return None
    found = {}
    for done, file in enumerate(files, 1):
        found[file.name] = content_hash(file)
        if progress:
            progress("provenance", done, len(files))
    return write_seal(sealed(view, found), view.output.folder)


def deliver(project: Project, out: Path, progress: Progress | None = None) -> Path:
    """The delivery of ``project`` as the new BagIt bag ``out``: masters, provenance, notes, report, model, script.

    Seals the masters first. Raises CheckFailed where frames are missing or no source type was chosen; FilmRecoveryError
    as ``provenance.bag.pack``, and for a folder where an element lies.
    """
    view = View(project)
    for name in ("source", "reference"):
        keep_apart(out, view.sequence(name).folder, f"where the {name.capitalize()} lies", file=str(out))
    _refuse_unfinished(view)
    sidecars = seal(view, progress)
    assert sidecars is not None
    masters = [view.output.sequence.path(frame) for frame in view.written]
    places = view.paths
    others = [
        *masters,
        *sidecars,
        project.folder / FILE,
        project.folder / ledger.FILE,
        places.script,
        *_beside(view.model_file),
        *_below(places.notes),
        *_below(places.curation),
        *_below(places.alignment),
        *_below(places.validation),
    ]
    files = {_name(file, project.folder): file for file in others if file.is_file()}
    expected = {_name(file, project.folder): content_hash(file) for file in sidecars}
    info = {
        "Source-Organization": project.delivery.institution,
        "Contact-Name": project.delivery.restorationist,
        "External-Description": f"{project.title or project.film}, {project.kind} recovery of "
        f"{project.shot or 'all of the Source'}, frames {format_frames(view.written)}",
        "Bag-Software-Agent": f"film-recovery {__version__}",
    }
    return pack(files, out, info, {**expected, **_frames(sidecars[0], masters, project.folder)}, progress)


def _frames(sidecar: Path, masters: list[Path], folder: Path) -> dict[str, str]:
    hashes = read_seal(sidecar).frames
    return {_name(file, folder): hashes[file.name] for file in masters}


def _refuse_unfinished(view: View) -> None:
    project = view.project
    where = str(project.folder / FILE)
    if not project.delivery.source_type:
        raise CheckFailed(
            "Nobody has chosen what the masters are said to be (IPTC's Digital Source Type).",
            remedy="film-recovery deliver --terms shows the terms; write yours to delivery.source_type in project.yaml",
            file=where,
        )
    try:
        missing = sorted(set(view.wanted_frames) - set(view.written))
    except NotYet as reason:
        raise CheckFailed(
            f"There is nothing to deliver: {reason}.", remedy="run the project first", file=where
        ) from reason
    if missing:
        raise CheckFailed(
            f"Frames are missing: {format_frames(missing)}.", remedy="run the project again", file=where
        )


def _learning(view: View) -> str:
    """In one line: which learning, on what."""
    card, pairs = view.card, len(view.card.pair_hashes or view.card.pairs)
    what = "closed form" if is_closed_form(view) else f"network {card.preset}".strip()
    on = f", trained on {pairs} pairs of this film" if pairs and trained_here(view) else ""
    return f"{card.created_by}: {what}{on}"


def _trained_on(view: View) -> str:
    """The day of the training that made the model; empty where the ledger has none of it."""
    if not trained_here(view):
        return ""
    days = [
        record.time[:10]
        for record in ledger.read(view.project.folder).of_kind("stage")
        if record.data.get("stage") == _TRAINING and record.data.get("sha256") == view.card.sha256
    ]
    return days[0] if days else ""


def _model(view: View) -> str:
    steps = f", step {view.card.steps}" if view.card.steps else ""
    return f"{view.model_file.stem}{steps}"


def _element(element: Element) -> str:
    """Title, gauge, generation, type and holder, as far as they were said."""
    said = [
        element.title,
        element.gauge,
        element.generation,
        element.type,
        element.reel and f"reel {element.reel}",
    ]
    words = ", ".join(dict.fromkeys(word for word in said if word))
    held = f"held by {element.holder}" if element.holder else ""
    return "; ".join(word for word in (words, held) if word) or Path(element.file).name


def _pair(pair: PairOf) -> str:
    return f"{pair.source}" if pair.source == pair.reference else f"{pair.source} with {pair.reference}"


def _files(view: View, pair: PairOf, folder: Path) -> tuple[Bound, ...]:
    """The frames of a pair; those that are not there (a scan that was moved away) are left out."""
    found = [view.file("source", pair.source), view.file("reference", pair.reference)]
    return tuple(bound(file, folder) for file in found if file.is_file())


def _beside(model: Path) -> list[Path]:
    """The model, its sidecar, and the .cat that Nuke made of it."""
    return [model.with_suffix(suffix) for suffix in (".pt", ".json", ".cat")]


def _below(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))


def _name(file: Path, folder: Path) -> str:
    """The file's name in the bag: as in the project."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError as error:
        raise FilmRecoveryError(
            "What is to be delivered lies outside the project.",
            remedy="move it into the project",
            file=str(file),
        ) from error
