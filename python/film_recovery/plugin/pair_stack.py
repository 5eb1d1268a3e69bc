"""FR_PairStack: its FrameHolds follow its knobs *pairs* and *hold-out*; to and from a project.

``rebuild`` is what the button does. It changes nothing that already is as the knobs say, so that a second press, and
whatever an operator connected below or arranged by hand, stays. Works on any Host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from film_recovery import nk
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.host.base import Host, HostError, child
from film_recovery.plugin.frames import frames_text, parse_frames, timecode
from film_recovery.plugin.places import project_folder
from film_recovery.project import PairOf, load, update

BLOCK = "FR_PairStack"
SIDES = ("source", "reference")
_GAP, _ROW = 110, 200  # DAG units between two FrameHolds; where their row is
HOLD_OUT = ("hold-out", "1")  # the words of the knob output for it
# What passes its input 0 on frame by frame, so that the range of a Read above it is that of the sequence.
_KEEP_TIME = frozenset(
    "Dot NoOp PostageStamp Crop Reformat Grade ColorMatrix Colorspace OCIOColorSpace Log2Lin Clamp Remove Shuffle2 "
    "Transform FR_Parity FR_FadeBalance FR_TrainPrep".split()
)
Ends = tuple[Optional[int], Optional[int]]
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


def rebuild(host: Host, path: str) -> tuple[str, ...]:
    """Makes the inside of the block at ``path`` follow its knobs; one undo step, all or nothing.

    Where the first AppendClip was rewired into another order of the same FrameHolds, that order goes into the knob
    first. Gives what the operator should know. Raises FilmRecoveryError naming the knob for frames that cannot be
    used, and the node where the inside of the block is no longer what it needs.
    """
    ordered = in_wired_order(host, path)
    notes = []
    with host.undo("Rebuild pairs"):
        for row in ROWS:
            if row.knob in ordered and ordered[row.knob] != host.text(path, row.knob):
                host.set_text(path, row.knob, ordered[row.knob])
                notes.append(
                    f"{row.word} frames now read {ordered[row.knob]}: the order in which {row.clip} is wired."
                )
        checked = follow(host, path)
    if not checked:
        notes.append(
            "Whether the frames are frames of the sequence was not checked: its range is not known here. "
            "Write numbers into frame range, or set first and last of the Read."
        )
    return tuple(notes)


def rebuild_and_tell(host: Host, path: str) -> None:
    """What the button does."""
    notes = rebuild(host, path)
    if notes:
        host.message("\n".join((f"{path} was rebuilt.", *notes)))


def follow(host: Host, path: str) -> bool:
    """Makes the inside follow the knobs as they read now. False where no range was known to check them against."""
    check_block(host, path, BLOCK)
    ends = _range(host, path)
    frames = [_frames(host, path, row, ends) for row in ROWS]
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
    if not frames[1] and host.knob(path, "output") in HOLD_OUT:
        raise UsageError(
            "There is no hold-out to put out.",
            remedy="write at least one frame into hold-out, or set output to pairs",
            node=path,
            knob="output",
        )
    labels = [_labels(host, path, row, numbers) for row, numbers in zip(ROWS, frames)]
    with host.undo("Rebuild pairs"):
        for row, numbers, texts in zip(ROWS, frames, labels):
            _rebuild_row(host, path, row, numbers, texts)
    return None not in ends


def in_wired_order(host: Host, path: str) -> dict[str, str]:
    """The knobs of both rows, their frames in the order in which the first AppendClip plays them.

    Only where the wiring is another order of the same FrameHolds, and the knob was not reordered itself: then the
    knob is the newer wish. Raises UsageError where something else is wired in, which a rebuild would pass by.
    """
    check_block(host, path, BLOCK)
    return {row.knob: _in_wired_order(host, path, row) for row in ROWS}


def _in_wired_order(host: Host, path: str, row: Row) -> str:
    text = host.text(path, row.knob)
    clip = child(path, row.clip)
    if clip not in host.nodes(path):
        return text
    wired = [one.rpartition(".")[2] for one in host.inputs(clip) if one is not None]
    foreign = [name for name in wired if not _number_of(row, name)]
    if foreign:
        raise UsageError(
            f"{foreign[0]} feeds {row.clip}, and a rebuild would pass it by.",
            remedy=f"connect the FrameHolds to {row.clip} directly; put your node above or below the block",
            node=path,
        )
    numbered = sorted(wired, key=lambda name: _number_of(row, name))
    if wired == numbered or len(set(wired)) != len(wired):
        return text
    frames = parse_frames(text, path, row.knob)
    played = [_number(host.knob(child(path, name), "firstFrame")) for name in wired]
    before = [_number(host.knob(child(path, name), "firstFrame")) for name in numbered]
    if [one for one in frames if one in before] != [one for one in before if one in frames]:
        return text
    kept = iter([one for one in played if one in frames])
    return frames_text(tuple(next(kept) or 0 if one in before else one for one in frames))


def _number_of(row: Row, name: str) -> int:
    """Which FrameHold of the row the node is, from 1; 0 for another node."""
    rest = name[len(row.prefix) :] if name.startswith(row.prefix) else ""
    return int(rest) if rest.isdecimal() else 0


def is_own(name: str) -> bool:
    """Whether a node of that name inside is one that a rebuild makes and takes away."""
    return any(_number_of(row, name) for row in ROWS)


def frames_inside(host: Host, path: str) -> tuple[str, ...]:
    """The frames that the block at ``path`` puts out, as words, from its FrameHolds as they are wired.

    Raises UsageError where the knobs say other frames: what was written is then not what would be trained on.
    """
    row = ROWS[host.knob(path, "output") in HOLD_OUT]
    holds = [one for one in host.inputs(child(path, row.clip)) if one is not None]
    words = [host.knob(one, "firstFrame") if host.class_of(one) == "FrameHold" else "" for one in holds]
    if sorted(words) != sorted(map(nk.number, parse_frames(host.text(path, row.knob), path, row.knob))):
        raise UsageError(
            f"The FrameHolds inside {path} are not what {row.knob} says.",
            remedy="press Rebuild on it, and look at its result",
            node=path,
            knob=row.knob,
        )
    return tuple(words)


def check_block(host: Host, path: str, fr_id: str) -> None:
    """Raises unless the node is the block that it is taken for."""
    if not (host.has_knob(path, "fr_id") and host.text(path, "fr_id") == fr_id):
        raise HostError(f"{path} is no {fr_id}.", remedy=f"choose an {fr_id} node", node=path)


def _frames(host: Host, path: str, row: Row, ends: Ends) -> tuple[int, ...]:
    frames = parse_frames(host.text(path, row.knob), path, row.knob)
    first, last = ends
    for frame in frames:
        if (first is not None and frame < first) or (last is not None and frame > last):
            known = f"{'…' if first is None else first}–{'…' if last is None else last}"
            raise UsageError(
                f"Frame {frame} is outside the frame range {known}.",
                remedy="choose a frame of the sequence, or correct the frame range",
                node=path,
                knob=row.knob,
            )
    return frames


def _range(host: Host, path: str) -> Ends:
    """First and last frame of the sequence: as the block's knobs give them; where those are expressions, which are
    Nuke's to work out, as the Read upstream has them. None for an end that is not known."""
    first, last = (_number(host.knob(path, knob)) for knob in ("first", "last"))
    read = _range_of_read(host, path)
    return read[0] if first is None else first, read[1] if last is None else last


def _range_of_read(host: Host, path: str) -> Ends:
    node = path
    for _ in range(1000):
        inputs = host.inputs(node)
        if not inputs or inputs[0] is None:
            return None, None
        node = inputs[0]
        class_name = host.class_of(node)
        if class_name == "Read":
            words = {knob: _word(host, node, knob) for knob in ("file", "frame", "first", "last")}
            if words["file"] in ("", '""', "{}") or words["frame"] not in ("", '""', "{}"):
                return None, None
            return _number(words["first"]), _number(words["last"])
        if class_name not in _KEEP_TIME and _word(host, node, "fr_id") not in _KEEP_TIME:
            return None, None
    return None, None


def _word(host: Host, path: str, knob: str) -> str:
    return host.knob(path, knob) if host.has_knob(path, knob) else ""


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
    for name, one in inside.items():
        if _number_of(row, name) and name not in wanted:
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
        follow(host, path)


def to_project(host: Host, source: str, reference: str, folder: Path | str) -> None:
    """Writes the frames of the Source's and the Reference's block into the project: frame n of both is pair n.

    Reasons and shots of pairs that stay are kept. Raises where the two blocks hold different numbers of frames.
    """
    project = load(folder)
    values = {}
    for row, before in zip(ROWS, (project.pairs, project.hold_out)):
        sides = [
            parse_frames(in_wired_order(host, path)[row.knob], path, row.knob) for path in (source, reference)
        ]
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


def take_from_project(host: Host, path: str) -> None:
    """What the button *Pairs from project* does: pairs and hold-out of the script's project, of the knob's side."""
    check_block(host, path, BLOCK)
    folder = _project_of(host, path)
    side = _side_of(host, path)
    from_project(host, path, folder, side)
    host.message(f"{path} has the {side} frames of the pairs in {folder}.")


def give_to_project(host: Host, path: str) -> None:
    """What the button *Pairs to project* does: this block's frames and those of the other side's block."""
    check_block(host, path, BLOCK)
    folder = _project_of(host, path)
    sides = {_side_of(host, path): path}
    other = SIDES[1 - SIDES.index(_side_of(host, path))]
    found = [one for one in host.find(BLOCK) if _side_of(host, one) == other]
    if len({tuple(in_wired_order(host, one).values()) for one in found}) != 1:
        raise UsageError(
            f"There is no {BLOCK} whose side is {other}."
            if not found
            else f"There are several for the {other}, with different frames: {', '.join(found)}.",
            remedy=f"let one {BLOCK} have the {other} frames of the pairs, with side set to {other}",
            node=path,
            knob="side",
        )
    sides[other] = found[0]
    to_project(host, sides["source"], sides["reference"], folder)
    host.message(f"The pairs of {sides['source']} and {sides['reference']} are in {folder}.")


def _project_of(host: Host, path: str) -> str:
    folder = project_folder(host)
    if not folder:
        raise UsageError(
            "This script belongs to no Film Recovery project.",
            remedy="open the script of a project",
            node=path,
        )
    return folder


def _side_of(host: Host, path: str) -> str:
    if not host.has_knob(path, "side"):
        raise UsageError(
            f"{path} is of an older version.",
            remedy="choose Film Recovery > Update FR groups in script",
            node=path,
        )
    word = host.knob(path, "side")
    return SIDES[int(word)] if word in ("0", "1") else _side(nk.decode(word))


def _side(side: str) -> str:
    if side not in SIDES:
        raise UsageError(f"{side!r} is no side of a pair.", remedy=f"use {' or '.join(SIDES)}")
    return side
