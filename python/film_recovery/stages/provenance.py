"""What a project's masters say of their origin, and the sidecars that bind them.

The words come from project.yaml, the ledger and the model's card; nothing is set that nobody said. Which frames on disk
are masters of this project at all is asked of the render's record: ``masters``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from film_recovery import __version__, engine, ledger, rendering
from film_recovery.errors import CheckFailed
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.reading import read_header
from film_recovery.project import FILE, Element, Project, root_of
from film_recovery.provenance.node import metadata_node
from film_recovery.provenance.origin import Origin, of_header
from film_recovery.provenance.sealing import Foreign, Seal, bound, content_hash, write_seal
from film_recovery.provenance.source_types import source_type
from film_recovery.rendering.record import CHANGED, EARLIER, FOREIGN, RESCANNED
from film_recovery.stages import chain
from film_recovery.stages.binding import bound_pairs
from film_recovery.stages.closed_form import CLOSED_FORMS, last_training
from film_recovery.stages.render_state import render_state
from film_recovery.stages.view import NotYet, View

if TYPE_CHECKING:
    from film_recovery.learning.export import ModelCard

Progress = Callable[[str, int, int], None]
MASTERS = "Write_Recovered"  # the node of a recovery graph that writes them
_TRAINING = 3
_THEN = "; then "  # between the halves of a combined recovery
_NAMED = 5  # frames that a message names
_WHY = {
    CHANGED: "is not the one that was rendered: it was changed since",
    EARLIER: "was rendered under another state of the project (script, model, words of the header, program)",
    RESCANNED: "was rendered from files that have changed since",
    FOREIGN: "was not rendered by film-recovery: nobody noted it",
}


@dataclass(frozen=True)
class Master:
    """A frame on disk. ``state``: a word of ``rendering.record``. ``said``: what its header says of its origin."""

    number: int
    file: Path
    state: str
    sha256: str
    said: Origin


def origin_of(view: View) -> Origin:
    """What the header of every frame says; the day of processing is the render's.

    The second half of a combined recovery tells of both. Raises CheckFailed where there is no model yet.
    """
    try:
        return _with_model(origin_so_far(view.project), view)
    except NotYet as reason:
        raise _not_yet(view.project, reason) from reason


def origin_so_far(project: Project) -> Origin:
    """What project.yaml alone says, before there is a model."""
    first, said = _first_half(project), project.delivery
    references = [_element(one.reference) for one in (first, project) if one is not None]
    return Origin(
        recovery_type="combined" if first else View(project).kind,
        film=project.title or project.film,
        shot=project.shot,
        source_element=_element(chain.scan_behind(project, "source")[1]),
        reference_source=_THEN.join(references),
        restorationist=said.restorationist,
        institution=said.institution,
        source_type=source_type(said.source_type).term if said.source_type else "",
    )


def node_of(project: Project) -> tuple[Origin, str]:
    """What the masters' headers say as far as it is known, and the node that lets NukeX write it."""
    try:
        origin = _with_model(origin_so_far(project), View(project))
    except NotYet:
        origin = origin_so_far(project)
    return origin, metadata_node(origin.header())


def masters(view: View, progress: Progress | None = None) -> tuple[Master, ...]:
    """Every wanted frame on disk, whole: hashed, its header read, and what the render's record says of it.

    Raises CheckFailed before there is one, FilmRecoveryError for a frame that cannot be read.
    """
    try:
        numbers, node = view.written, view.write.path
        # A model that is not ours never rendered here: then no frame is of the present job.
        models = engine.model_hashes(view.evaluator, node) if card_of(view) else ""
    except NotYet as reason:
        raise _not_yet(view.project, reason) from reason
    found = rendering.standings(
        view.evaluator,
        node,
        numbers,
        job=models,
        header=origin_of(view).header(),
        progress=None if progress is None else partial(progress, "provenance"),
    )
    files = {number: Path(os.path.normpath(view.output.sequence.path(number))) for number in numbers}
    return tuple(
        Master(number, files[number], one.state, one.sha256, of_header(read_header(files[number]).metadata))
        for number, one in found.items()
    )


def refuse_states(found: tuple[Master, ...], states: Iterable[str]) -> None:
    """Raises CheckFailed naming the frames whose ``state`` is one of ``states``."""
    for state in states:
        named = [one for one in found if one.state == state]
        if named:
            raise CheckFailed(
                _told(named, _WHY[state]),
                remedy=_remedy(state),
                file=str(named[0].file),
                frame=named[0].number,
            )


def refuse_others(view: View, found: tuple[Master, ...], accept_foreign: bool = False) -> None:
    """Raises CheckFailed naming the frames that are not what the project's present state renders, and the key of the
    header that differs. ``accept_foreign``: those of another program pass, where what they say is not otherwise."""
    refuse_states(found, [state for state in _WHY if not (accept_foreign and state == FOREIGN)])
    wanted = origin_of(view)
    for one in found:
        differing = {
            key: both for key, both in one.said.differences(wanted).items() if both[0] or one.state != FOREIGN
        }
        if differing:
            told = "; ".join(f"{key} “{said}”, not “{word}”" for key, (said, word) in differing.items())
            raise CheckFailed(
                f"The header of frame {one.number} does not say what the project says: {told}.",
                remedy="make project.yaml and the script's metadata nodes say the same, and render again",
                file=str(one.file),
                frame=one.number,
            )


def sealed(
    view: View,
    found: tuple[Master, ...],
    accepted: tuple[str, str] | None = None,
    earlier: Seal | None = None,
) -> Seal:
    """What binds the frames ``found`` to their model, script and pairs. ``accepted``: by whom and in what words
    frames of other programs were. ``earlier``, and what is raised: as ``bound_pairs``."""
    project, folder, card = view.project, view.output.folder, card_of(view)
    home = root_of(project.folder)
    others = [one for one in found if one.state == FOREIGN]
    foreign = None
    if others and accepted:
        unsaid = dict.fromkeys(key for one in others for key in one.said.unsaid)
        foreign = Foreign(tuple(one.file.name for one in others), *accepted, tuple(unsaid))
    days = sorted({one.said.processing_date for one in found} - {""})
    return Seal(
        replace(origin_of(view), processing_date=", ".join(days)),
        Path(view.output.sequence.pattern).name,
        {one.file.name: one.sha256 for one in found},
        format_frames(one.number for one in found),
        bound(view.model_file, folder, home),
        bound(view.paths.script, folder, home),
        bound_pairs(view, earlier),
        {"film-recovery": __version__, **({"training": card.created_by} if card else {})},
        project.reasoning,
        foreign,
        render_state(view),
    )


def seal(view: View, progress: Progress | None = None) -> tuple[Path, Path] | None:
    """Writes the sidecars of all written frames beside them; None before there is a frame. Reads every frame.

    Raises CheckFailed for frames that are not what the project's present state renders, and for pairs that its model
    was not trained on.
    """
    try:
        assert view.written
    except NotYet:
        return None
    found = masters(view, progress)
    refuse_others(view, found)
    return write_seal(sealed(view, found), view.output.folder)


def card_of(view: View) -> ModelCard | None:
    """The card of the model that the script names; None for one without, such as CopyCat's."""
    return view.card if view.model_file.with_suffix(".json").exists() else None


def _first_half(project: Project) -> Project | None:
    """The first half of the combined recovery whose second ``project`` is."""
    above = chain.parent_of(project.folder)
    if above is None:
        return None
    parent, step = above
    return parent if step.when == "after" and parent.kind == "combined" else None


def _with_model(origin: Origin, view: View) -> Origin:
    """What the model says too; of a second half, after what that of the first does. Raises NotYet without one."""
    first = _first_half(view.project)
    views = [view] if first is None else [View(first), view]
    learning, days, models = (
        _THEN.join(word for word in (say(one) for one in views) if word)
        for say in (_learning, _trained_on, _model)
    )
    return replace(origin, ml_processing=learning, training_date=days, model=models)


def _not_yet(project: Project, reason: NotYet) -> CheckFailed:
    return CheckFailed(
        f"There is nothing to say of the masters: {reason}.",
        remedy="film-recovery run",
        file=str(project.folder / FILE),
    )


def _told(named: list[Master], why: str) -> str:
    some = ", ".join(f"{one.number} ({one.file.name})" for one in named[:_NAMED])
    if len(named) == 1:
        return f"Frame {some} {why}."
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{len(named)} frames, {some}{more}; each {why}."


def _remedy(state: str) -> str:
    if state == FOREIGN:
        return (
            "move them away and run the project; or, where another program such as NukeX made them and they are meant: "
            "film-recovery deliver --accept-foreign WORDS, which the provenance keeps"
        )
    return f"{'move it away and ' if state == CHANGED else ''}film-recovery run, which renders it again"


def _learning(view: View) -> str:
    """In one line: which learning, on what; of a model that has no card, its hash."""
    card = card_of(view)
    if card is None:
        by = "CopyCat of NukeX" if view.project.training.engine == "copycat" else "another program"
        return f"{by}: a model without a card, SHA-256 {content_hash(view.model_file)}"
    pairs = len(card.pair_hashes or card.pairs)
    what = "closed form" if card.kind in CLOSED_FORMS else f"network {card.preset}".strip()
    on = f", trained on {pairs} pairs of this film" if pairs and _trained_here(view, card) else ""
    return f"{card.created_by}: {what}{on}"


def _trained_here(view: View, card: ModelCard) -> bool:
    return bool(card.sha256) and last_training(view.project).get("sha256") == card.sha256


def _trained_on(view: View) -> str:
    """The day of the training that made the model; empty where the ledger has none of it."""
    card = card_of(view)
    if card is None or not _trained_here(view, card):
        return ""
    days = [
        record.time[:10]
        for record in ledger.read(view.project.folder).of_kind("stage")
        if record.data.get("stage") == _TRAINING and record.data.get("sha256") == card.sha256
    ]
    return days[0] if days else ""


def _model(view: View) -> str:
    card = card_of(view)
    steps = f", step {card.steps}" if card and card.steps else ""
    return f"{view.model_file.stem}{steps}"


def _element(element: Element) -> str:
    """Title, gauge, generation, type and holder, as far as they were said; else the name of its files."""
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
