"""Where the results of a project come from: settings, hashes and engines, as the report shows them.

The figures say how good a result is; this says what it was made from, so that it can be made again and recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from film_recovery import ledger
from film_recovery.project import FILE, PairOf, Project
from film_recovery.provenance.sealing import digest_of
from film_recovery.rendering.record import Record, sha256
from film_recovery.stages.closed_form import NETWORK, is_closed_form, last_training, trained_here
from film_recovery.stages.view import NotYet, View


def settings(project: Project) -> dict[str, Any]:
    """All of project.yaml that the frames depend on, elements apart: part → its values."""
    return {
        "pairs": _frames(project.pairs),
        "hold_out": _frames(project.hold_out),
        "alignment": project.alignment.as_dict(),
        "colour": asdict(project.colour),
        "luma_method": project.method,
        "prefilter": project.prefilter,
        "training": asdict(project.training),
        "inference": asdict(project.inference),
        "tolerances": {check: dict(own) for check, own in project.tolerances.items()} or "the recipe's",
    }


@dataclass(frozen=True)
class Masters:
    """The written frames: file → SHA-256 of all, and of those that the open engine wrote."""

    all: Mapping[Path, str]
    ours: Mapping[Path, str]

    @property
    def foreign(self) -> int:
        """How many are somebody else's."""
        return len(self.all) - len(self.ours)


def masters(view: View) -> Masters:
    """The frames as they lie on disk, none before the first is rendered. Reads every one of them."""
    try:
        files = [view.output.sequence.path(frame) for frame in view.written]
    except NotYet:
        return Masters({}, {})
    record = Record(view.output.folder)
    contents = {file: sha256(file) for file in files}
    ours = {file: content for file, content in contents.items() if record.knows(file.name, content)}
    return Masters(contents, ours)


def hashes(view: View, frames: Masters) -> dict[str, str]:
    """What → SHA-256: the project's files, the ledger's last record (which holds all before it), the frames."""
    places = view.paths
    files = {FILE: view.project.folder / FILE, "script": places.script, "model": places.model}
    found = {name: sha256(file) for name, file in files.items() if file.exists()}
    records = ledger.read(view.project.folder).records
    if records:
        found[f"ledger, record {records[-1].index}"] = records[-1].sha256
    if frames.ours:
        found[f"{_counted(len(frames.ours))}, as one list"] = _digest(frames.ours)
    if frames.foreign:
        found[f"{_counted(len(frames.all))}, with those of another program, as one list"] = _digest(
            frames.all
        )
    return found


def _digest(frames: Mapping[Path, str]) -> str:
    """The provenance's (``Seal.digest``), by which a report is known to be of the masters that it lies beside."""
    return digest_of({file.name: content for file, content in frames.items()})


def made(view: View, frames: Masters) -> dict[str, str]:
    """Training and inference → which engine made them, and how."""
    return {"training": _training(view), "inference": _inference(frames)}


def _training(view: View) -> str:
    card, last = view.card, last_training(view.project)
    what = "the closed form alone" if is_closed_form(view) else card.kind
    if card.kind == NETWORK:
        what = "a network on top of its closed form"
    if trained_here(view):
        engine = last.get("engine") or card.created_by
        steps = last.get("settings", {}).get("steps")
        return f"open engine ({engine}): {what}{f', {steps} steps' if steps else ''}"
    return f"{what}, by {card.created_by}; it is not the model of a training that this project recorded"


def _inference(frames: Masters) -> str:
    if not frames.ours and not frames.foreign:
        return "no frame is written"
    said = []
    if frames.ours:
        said.append(f"open engine: {_counted(len(frames.ours))}, as it wrote them")
    if frames.foreign:
        said.append(
            f"{_counted(frames.foreign)} of another program, or changed since the open engine wrote them"
        )
    return "; ".join(said)


def _frames(pairs: tuple[PairOf, ...]) -> str:
    """``1001, 1004 with 1007``: Source frames, with the Reference's where the moment has another number there."""
    return ", ".join(
        f"{one.source}" if one.source == one.reference else f"{one.source} with {one.reference}"
        for one in pairs
    )


def _counted(frames: int) -> str:
    return f"{frames} frame{'s' if frames != 1 else ''}"
