"""The masters of an iteration that people accepted stay: another model renders under a name of its own.

A name carries the version of project.yaml, not the training; so a model that was trained again would write over what an
earlier one made. Which masters people accepted the ledger knows (``ledger.iterations``); of older records, which do not
name their frames, with the help of the seal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from film_recovery import ledger
from film_recovery.errors import CheckFailed
from film_recovery.imaging.frame_ranges import format_frames, parse_frames
from film_recovery.ledger.iterations import Iteration, iterations
from film_recovery.project import Project
from film_recovery.provenance.sealing import Seal, seal_beside
from film_recovery.stages.short_range import made_now
from film_recovery.stages.view import View


def refuse_accepted(view: View, frames: Sequence[int]) -> None:
    """Raises CheckFailed where one of ``frames`` would take the place of a master that people accepted of another model
    than the present one. The present model may render again what it rendered. Raises NotYet without a model."""
    found = [one for one in accepted_iterations(view.project) if one.model != view.card.sha256]
    names = {frame: view.output.sequence.path(frame) for frame in frames}
    meant = [frame for frame in _masters_among(view, frames, found) if names[frame].is_file()]
    if meant:
        own = made_now(view, meant)
        meant = [frame for frame in meant if frame not in own]
    if not meant:
        return
    version = view.project.inference.version
    raise CheckFailed(
        f"{len(meant)} of the frames that are to be rendered ({format_frames(meant)}) are masters of an accepted "
        "iteration, which another model made before this training.",
        remedy=f"set inference.version to {next_version(version)} (now {version}) in project.yaml, then film-recovery "
        "run: this model's frames get a name of their own, and the accepted ones stay. Or move these away",
        file=str(names[meant[0]]),
        frame=meant[0],
    )


def _masters_among(view: View, frames: Sequence[int], accepted: Sequence[Iteration]) -> list[int]:
    """Those of ``frames`` that are of ``accepted`` iterations, by the ledger; by the seal for one that does not name
    its frames."""
    sequence = Path(view.output.sequence.pattern).name
    theirs: set[int] = set()
    for one in accepted:
        if one.sequence == sequence and one.frames:
            theirs.update(parse_frames(one.frames))
    older = [one for one in accepted if not (one.sequence and one.frames)]
    seal = seal_beside(sequence, view.output.folder) if older else None
    if seal is not None and any(_is_of(seal, one) for one in older):
        paths = view.output.sequence
        theirs.update(frame for frame in frames if paths.path(frame).name in seal.frames)
    return [frame for frame in frames if frame in theirs]


def accepted_iterations(project: Project) -> list[Iteration]:
    """What people accepted by signing or delivering it, in order."""
    return [one for one in iterations(ledger.read(project.folder).records) if one.accepted]


def next_version(version: str) -> str:
    """``v001`` → ``v002``; of a version without a number at its end, that with one."""
    number = re.search(r"\d+$", version)
    if number is None:
        return f"{version}-2"
    return f"{version[: number.start()]}{int(number[0]) + 1:0{len(number[0])}d}"


def _is_of(seal: Seal, iteration: Iteration) -> bool:
    """By the frames (``looked_at.masters_of``), or by the model, which a ``.cat`` of NukeX does not tell."""
    of_model = seal.model is not None and seal.model.sha256 == iteration.model
    return of_model or bool(iteration.masters and seal.digest.startswith(iteration.masters))
