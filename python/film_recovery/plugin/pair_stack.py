"""FR_PairStack: its FrameHolds follow its knobs *pairs* and *hold-out*.

``rebuild`` is what the button does. It changes nothing that already is as the knobs say, so that a second press, and
whatever an operator connected below or arranged by hand, stays. Works on any Host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.host.base import Host, HostError, child
from film_recovery.plugin.frames import frames_text, parse_frames, timecode
from film_recovery.project import PairOf, load, update

BLOCK = "FR_PairStack"
SIDES = ("source", "reference")
_GAP, _ROW = 110, 200  # DAG units between two FrameHolds; where their row is
_NUMBER = re.compile(r"-?[0-9]+(?:\.0*)?\Z")


@dataclass(frozen=True)
class Row:
    """One of the two stacks inside the block. ``x`` of the first FrameHold; ``step`` to the next."""

    knob: str
    word: str
    prefix: str
    clip: str
    stack: str
    x: int
    step: int


ROWS = (
    Row("pairs", "pair", "FrameHold_", "AppendClip_Pairs", "Stack_Pairs", 0, _GAP),
    Row("hold_out", "hold-out", "FrameHold_HoldOut_", "AppendClip_HoldOut", "Stack_HoldOut", -220, -_GAP),
)
_SOURCE = "FrameRange1"


def rebuild(host: Host, path: str) -> None:
    """Makes the inside of the block at ``path`` follow its knobs; one undo step, all or nothing.

    Raises FilmRecoveryError naming the knob for frames that cannot be used, and the node where the inside of the
    block is no longer what it needs.
    """
    check_block(host, path, BLOCK)
    frames = [_frames(host, path, row) for row in ROWS]
    both = set(frames[0]) & set(frames[1])
    if both:
        raise UsageError(
            f"Frame {min(both)} is a pair and a hold-out.",
            remedy="take it out of one: what is trained on cannot judge the model",
            node=path,
            knob="hold_out",
        )
    if not frames[0]:
        raise UsageError("There are no pairs.", remedy="write 4 to 9 frames", node=path, knob="pairs")
    labels = [_labels(host, path, row, numbers) for row, numbers in zip(ROWS, frames)]
    with host.undo("Rebuild pairs"):
        for row, numbers, texts in zip(ROWS, frames, labels):
            _rebuild_row(host, path, row, numbers, texts)


def check_block(host: Host, path: str, fr_id: str) -> None:
    """Raises unless the node is the block that it is taken for."""
    if not (host.has_knob(path, "fr_id") and host.text(path, "fr_id") == fr_id):
        raise HostError(f"{path} is no {fr_id}.", remedy=f"choose an {fr_id} node", node=path)


def _frames(host: Host, path: str, row: Row) -> tuple[int, ...]:
    frames = parse_frames(host.text(path, row.knob), path, row.knob)
    # Ends that are expressions (the project's range) are Nuke's to work out; those are not checked.
    first, last = (_number(host.knob(path, knob)) for knob in ("first", "last"))
    for frame in frames:
        if (first is not None and frame < first) or (last is not None and frame > last):
            ends = f"{'…' if first is None else first}–{'…' if last is None else last}"
            raise UsageError(
                f"Frame {frame} is outside the frame range {ends}.",
                remedy="choose a frame of the sequence, or correct the frame range",
                node=path,
                knob=row.knob,
            )
    return frames


def _number(word: str) -> int | None:
    return int(float(word)) if _NUMBER.match(word) else None


def _labels(host: Host, path: str, row: Row, frames: tuple[int, ...]) -> list[str]:
    start = host.text(path, "timecode")
    at, fps = _number(host.knob(path, "timecode_frame")), _real(host, path, "fps")
    if at is None:
        raise UsageError(
            "The frame of the timecode is not a whole number.",
            remedy="write a number, not an expression",
            node=path,
            knob="timecode_frame",
        )
    labels = []
    for number, frame in enumerate(frames, 1):
        time = timecode(frame, start, at, fps, path, "timecode")
        labels.append("\n".join([f"{row.word} {number}", f"frame {frame}", *([time] if time else [])]))
    return labels


def _real(host: Host, path: str, knob: str) -> float:
    try:
        return float(host.knob(path, knob))
    except ValueError:
        raise UsageError(
            f"{knob} is not a number.",
            remedy="write a number, not an expression",
            node=path,
            knob=knob,
        ) from None


def _rebuild_row(host: Host, path: str, row: Row, frames: tuple[int, ...], labels: list[str]) -> None:
    inside = {one.rpartition(".")[2]: one for one in host.nodes(path)}
    for name in (_SOURCE, row.clip, row.stack):
        if name not in inside:
            raise HostError(
                f"{path} has no node {name} inside.",
                remedy=f"put in a new {BLOCK} and copy the knobs",
                node=path,
            )
    wanted = [f"{row.prefix}{number}" for number in range(1, len(frames) + 1)]
    holds = [_hold(host, path, row, inside, name) for name in wanted]
    for hold, frame, label in zip(holds, frames, labels):
        if _number(host.knob(hold, "firstFrame")) != frame:
            host.set_knob(hold, "firstFrame", nk.number(frame))
        if host.text(hold, "label") != label:
            host.set_text(hold, "label", label)
        _connect(host, hold, 0, inside[_SOURCE])
    for index in reversed(range(len(holds), len(host.inputs(inside[row.clip])))):
        _connect(host, inside[row.clip], index, None)
    for index, hold in enumerate(holds):
        _connect(host, inside[row.clip], index, hold)
    _connect(host, inside[row.stack], 0, inside[row.clip])
    own = re.compile(re.escape(row.prefix) + r"[0-9]+\Z")
    for name, one in inside.items():
        if own.match(name) and name not in wanted:
            host.delete(one)


def _hold(host: Host, path: str, row: Row, inside: dict[str, str], name: str) -> str:
    if name in inside:
        return inside[name]
    place = row.x + row.step * (int(name[len(row.prefix) :]) - 1)
    made = host.create("FrameHold", name, path, {"xpos": str(place), "ypos": str(_ROW)})
    if made != child(path, name):
        raise HostError(f"{path} cannot take a node {name}.", remedy="rename the node that has it", node=made)
    return made


def _connect(host: Host, path: str, index: int, to: str | None) -> None:
    inputs = host.inputs(path)
    if (inputs[index] if index < len(inputs) else None) != to:
        host.connect(path, index, to)


def from_project(host: Host, path: str, folder: Path | str, side: str) -> None:
    """Takes pairs and hold-out of the project in ``folder`` into the block: of ``side`` source or reference."""
    project = load(folder)
    with host.undo("Pairs of the project"):
        for row, pairs in zip(ROWS, (project.pairs, project.hold_out)):
            host.set_text(path, row.knob, frames_text(tuple(getattr(pair, _side(side)) for pair in pairs)))
        rebuild(host, path)


def to_project(host: Host, source: str, reference: str, folder: Path | str) -> None:
    """Writes the frames of the Source's and the Reference's block into the project: frame n of both is pair n.

    Reasons and shots of pairs that stay are kept. Raises where the two blocks hold different numbers of frames.
    """
    project = load(folder)
    values = {}
    for row, before in zip(ROWS, (project.pairs, project.hold_out)):
        sides = [_frames(host, path, row) for path in (source, reference)]
        if len(sides[0]) != len(sides[1]):
            raise FilmRecoveryError(
                f"{source} has {len(sides[0])} frames, {reference} {len(sides[1])}.",
                remedy="give both the same number, in the same order",
                node=reference,
                knob=row.knob,
            )
        known = {(pair.source, pair.reference): pair for pair in before}
        values[row.knob] = [known.get(frames, PairOf(*frames)) for frames in zip(*sides)]
    update(folder, values)


def _side(side: str) -> str:
    if side not in SIDES:
        raise UsageError(f"{side!r} is no side of a pair.", remedy=f"use {' or '.join(SIDES)}")
    return side
