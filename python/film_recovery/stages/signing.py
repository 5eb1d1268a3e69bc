"""Signatures: what nothing can measure is looked at by a person, who signs it; and what the signature is about.

A signature holds for the state that was looked at. ``sign`` notes a digest of that state beside it in the ledger, and
``checking`` takes a signature of another state for none. So whoever changes pairs, settings or model looks again; at
the result also whoever renders anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from film_recovery import engine, ledger, recipes, rendering
from film_recovery._files import explained
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.sequence import Sequence as FileSequence
from film_recovery.ledger import Record
from film_recovery.project import FOLLOWING, Project, lock, paths
from film_recovery.recipes.model import STAGES
from film_recovery.rendering.record import FOREIGN, OURS
from film_recovery.stages.looked_at import looked_at, masters_of
from film_recovery.stages.provenance import origin_of
from film_recovery.stages.render_state import render_state
from film_recovery.stages.short_range import CHECK as SHORT_RANGE
from film_recovery.stages.short_range import enough, short_range
from film_recovery.stages.view import NotYet, View

SIGN = "sign"  # the kind of the ledger's records that hold signatures: data {check, note, of}
_CURATION, _ALIGNMENT, _TRAINING, _INFERENCE, _VALIDATION = (
    STAGES.index(name) for name in ("curation", "alignment", "training", "inference", "validation")
)


def sign(project: Project, id: str, by: str, note: str = "", *, take_over: bool = False) -> Record:
    """Signs the manual check ``id`` as ``by``, for ``project`` as it is now; the ledger's record of it.

    Holds the project; a lock that was taken over is recorded too. Raises UsageError for a check that is measured or
    that the recipe has not, without a name, and before there is anything to look at; ProjectLocked.
    """
    check = recipes.load(project.recipe).check(id)
    if not check.manual:
        raise UsageError(
            f"{id} is measured, not signed.", remedy=f"film-recovery check --project {project.folder}"
        )
    if not by.strip():
        raise UsageError("A signature needs a name.", remedy="give it with --by")
    what = f"sign {id}"
    with lock.held(project.folder, what, take_over) as mine:
        _refuse_unseen(project, id, check.stage)
        seen = _seen(project, id, check.stage)
        of = signed_state(project, check.stage)
        if mine.taken_over:
            ledger.append(project.folder, "taken over", {"what": what, "from": mine.taken_over}, by)
        about = {"check": id, "note": note, "of": of, **seen}
        record = ledger.append(project.folder, SIGN, about, by)
        ledger.write_notes(project.folder)
    return record


def signed_state(project: Project, stage: int) -> str:
    """A short digest of all that a signature of ``stage`` is about, in hexadecimal digits.

    Each stage builds on those before it. The frames that are to be rendered are no part of it: what was seen in a
    short range holds for the whole. Raises FilmRecoveryError when the model cannot be read.
    """
    about: dict[str, Any] = {
        "elements": {
            name: {key: getattr(element, key) for key in FOLLOWING}
            for name, element in project.elements.items()
        }
    }
    if stage >= _CURATION:
        about["pairs"] = [(pair.source, pair.reference) for pair in project.pairs]
        about["hold_out"] = [(pair.source, pair.reference) for pair in project.hold_out]
    if stage >= _ALIGNMENT:
        about["alignment"] = project.alignment.as_dict()
    if stage == _TRAINING:
        about["training"] = asdict(project.training)
        del about["training"]["checkpoints"]  # nothing that is looked at depends on how many are kept
    if stage >= _INFERENCE:
        about["model"] = _model_hash(project)
    text = json.dumps(about, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def holds(project: Project, record: Record, state: str | None = None, view: View | None = None) -> bool:
    """Whether a signature is of the project as it is: of its stage's ``state``; of the short range its graph, and
    frames enough; of the last stage its graph and the masters as they lie there, all of which can be read. ``view``: of
    the project.

    One that does not say what it is of, in an older ledger, is.
    """
    of = record.data.get("of")
    if of is not None:
        check = recipes.load(project.recipe).check(str(record.data["check"]))
        if of != (signed_state(project, check.stage) if state is None else state):
            return False
    graph = record.data.get("graph")
    if graph is None:
        return True
    view = view or View(project)
    if graph != render_state(view) or not enough(view, record):
        return False
    masters = record.data.get("masters")
    return masters is None or (masters != "" and masters == masters_of(view))


def standing(project: Project) -> list[Record]:
    """The signatures that hold for ``project`` as it is; those of another state, or of no check of it, do not."""
    stages = {check.id: check.stage for check in recipes.load(project.recipe).checks}
    states = {stage: signed_state(project, stage) for stage in set(stages.values())}
    view = View(project)
    return [
        record
        for record in ledger.read(project.folder).of_kind(SIGN)
        if record.data.get("check") in stages
        and holds(project, record, states[stages[str(record.data["check"])]], view)
    ]


def _refuse_unseen(project: Project, id: str, stage: int) -> None:
    """Raises UsageError where what is to be signed cannot have been looked at."""
    missing = ""
    if stage == _INFERENCE and _model_file(project) is None:
        missing = "no model has been trained"
    elif id == SHORT_RANGE:
        missing = _not_rendered(View(project))
    if stage == _VALIDATION:
        pattern = paths(project).render_pattern
        if not FileSequence.parse(pattern.as_posix()).frames():
            missing = f"no frame {pattern.name} has been rendered"
    if missing:
        raise UsageError(
            f"{id} cannot be signed yet: {missing}, so nobody can have looked at it.",
            remedy=f"film-recovery run --project {project.folder}, look at what it made, then sign",
        )


def _not_rendered(view: View) -> str:
    """Which frames of the short range nobody can have seen as they would be now, in a few words."""
    try:
        chosen = short_range(view)
        there = set(view.output.sequence.frames())
        missing = [frame for frame in chosen.frames if frame not in there]
        if missing:
            return f"frames {format_frames(missing)} of the short range have not been rendered"
        old = _older(view, chosen.frames)
    except NotYet as reason:
        return str(reason)
    return f"frames {format_frames(old)} are of another model or graph, or changed since" if old else ""


def _older(view: View, frames: Sequence[int]) -> list[int]:
    """Those that our engine made of something else than is there now. Of another program's frames nobody knows."""
    words = origin_of(view).header()
    job = engine.model_hashes(view.evaluator, view.write.path)
    old = set(frames)
    for header in (words, {}):  # a script that is rendered by hand elsewhere says nothing of the project
        found = rendering.standings(view.evaluator, view.write.path, frames, job=job, header=header)
        old &= {frame for frame, one in found.items() if one.state not in (OURS, FOREIGN)}
    return sorted(old)


def _seen(project: Project, id: str, stage: int) -> dict[str, str]:
    """What a signature of rendered frames is of, beside the stage's state: the short range and its graph, or the
    masters and theirs."""
    if id == SHORT_RANGE:
        view = View(project)
        return {"frames": short_range(view).text, "graph": render_state(view)}
    if stage != _VALIDATION:
        return {}
    seen = looked_at(View(project))
    if not seen["masters"]:
        raise UsageError(
            f"{id} cannot be signed: the masters cannot all be read, so nobody can say what was looked at.",
            remedy="check the disk that they lie on and their permissions; film-recovery run renders what is missing",
            file=str(paths(project).render),
        )
    return seen


def _model_file(project: Project) -> Path | None:
    """The model that the script names (NukeX names its own), or the one that a run makes; None before there is one."""
    try:
        return View(project).model_file
    except (NotYet, FilmRecoveryError):  # no script, or one that the checks complain of
        made = paths(project).model
        return made if made.is_file() else None


def _model_hash(project: Project) -> str:
    """SHA-256 of the model as its sidecar has it, which a .cat made of it shares; of the file where it has none."""
    file = _model_file(project)
    if file is None:
        return ""
    sidecar = file.with_suffix(".json")
    described = sidecar if sidecar.is_file() else file
    with explained(described, "read"):
        content = described.read_bytes()
    try:
        card = json.loads(content) if described == sidecar else None
    except (ValueError, RecursionError):  # a damaged sidecar is another state
        card = None
    own = card.get("sha256") if isinstance(card, Mapping) else None
    return own if isinstance(own, str) else hashlib.sha256(content).hexdigest()
