"""The masters of an iteration that people accepted stay: another model or graph, and the same of other scans, render
under a name of their own.

A name carries the version of project.yaml, neither the training nor the graph; so a model that was trained again, the
same one in an edited graph, or of scans that were made anew, would write over what was accepted. Which masters people
accepted the ledger knows (``ledger.iterations``); of older records, which do not name their frames, with the help of
the seal.
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
from film_recovery.rendering.record import Record
from film_recovery.stages.render_state import render_state
from film_recovery.stages.short_range import made_now
from film_recovery.stages.view import View


def refuse_accepted(view: View, frames: Sequence[int]) -> None:
    """Raises CheckFailed where one of ``frames`` would take the place of a master that people accepted of another model
    or graph than the present ones, or of scans that have changed since. These may render again what they rendered.
    Raises NotYet without a model."""
    accepted = accepted_iterations(view.project)
    if not accepted:
        return
    there = [frame for frame in frames if view.output.sequence.path(frame).is_file()]
    if not there:
        return
    model, graph = view.card.sha256, render_state(view)
    others = _masters_among(view, there, [one for one in accepted if not one.is_of(model, graph)])
    own = made_now(view, list(others)) if others else set()
    meant = [frame for frame in others if frame not in own]
    if meant:
        same_model = others[meant[0]].model == model
        how = "this model made in another graph" if same_model else "another model made before this training"
        raise _refused(view, meant, how)
    ours = list(_masters_among(view, there, [one for one in accepted if one.is_of(model, graph)]))
    if any(one.master_of for one in view.project.elements.values()):
        # A step before is rendered anew for other words of its header alone, which is no other scan.
        ours = sorted(made_now(view, ours)) if ours else []
    changed = _made_of_other_scans(view, ours) if ours else []
    if changed:
        how = "were made of scans of which the size or time is another now"
        raise _refused(view, changed, how, " If they are the same scans, give their files their times back.")


def _made_of_other_scans(view: View, frames: Sequence[int]) -> list[int]:
    """Those of ``frames`` on disk that came from a scan of another size or time than it has now. Under which state of
    the script or of the header's words they were rendered does not matter: their pixels would be others."""
    names = {frame: view.output.sequence.path(frame).name for frame in frames}
    changed = Record(view.output.folder).rescanned(names.values())
    return [frame for frame, name in names.items() if name in changed]


def _refused(view: View, meant: Sequence[int], how: str, else_do: str = "") -> CheckFailed:
    version = view.project.inference.version
    return CheckFailed(
        f"{len(meant)} of the frames that are to be rendered ({format_frames(meant)}) are masters of an accepted "
        f"iteration, which {how}.",
        remedy=f"set inference.version to {next_version(version)} (now {version}) in project.yaml, then film-recovery "
        f"run: the new frames get a name of their own, and the accepted ones stay. Or move these away.{else_do}",
        file=str(view.output.sequence.path(meant[0])),
        frame=meant[0],
    )


def _masters_among(view: View, frames: Sequence[int], accepted: Sequence[Iteration]) -> dict[int, Iteration]:
    """Those of ``frames`` that are of an ``accepted`` iteration, each with the last such."""
    theirs: dict[int, Iteration] = {}
    for one in accepted:
        theirs.update(dict.fromkeys(_frames_of(one, view, frames), one))
    return {frame: theirs[frame] for frame in frames if frame in theirs}


def _frames_of(iteration: Iteration, view: View, frames: Sequence[int]) -> list[int]:
    """Its masters of the present name, by the ledger; by the seal those of ``frames``, where it does not name them."""
    sequence = view.output.sequence
    name = Path(sequence.pattern).name
    if iteration.sequence and iteration.frames:
        return parse_frames(iteration.frames) if iteration.sequence == name else []
    seal = seal_beside(name, view.output.folder)
    if seal is None or not _is_of(seal, iteration, view.card.sha256):
        return []
    return [frame for frame in frames if sequence.path(frame).name in seal.frames]


def accepted_iterations(project: Project) -> list[Iteration]:
    """What people accepted by signing or delivering it, in order."""
    return [one for one in iterations(ledger.read(project.folder).records) if one.accepted]


def next_version(version: str) -> str:
    """``v001`` → ``v002``; of a version without a number at its end, that with one."""
    number = re.search(r"\d+$", version)
    if number is None:
        return f"{version}-2"
    return f"{version[: number.start()]}{int(number[0]) + 1:0{len(number[0])}d}"


def _is_of(seal: Seal, iteration: Iteration, model: str) -> bool:
    """By the frames (``looked_at.masters_of``), or by model and graph, which a ``.cat`` of NukeX does not tell.

    A seal of an older version does not know its graph: then a ``model`` that is the present one says nothing."""
    if iteration.masters and seal.digest.startswith(iteration.masters):
        return True
    if seal.model is None or seal.model.sha256 != iteration.model:
        return False
    if seal.graph and iteration.graph:
        return seal.graph == iteration.graph
    return iteration.model != model
