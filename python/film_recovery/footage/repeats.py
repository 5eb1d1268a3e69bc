"""Frames that are there twice, and the cadence of an element: from the figures of ``movement`` to findings.

Equal frames are found by the hash of their decoded pixels, so another container or compression without loss does not
hide them. A rhythm among them is a cadence, which has a name and a remedy of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from film_recovery.footage.cadence import Cadence, cadences, combed_frames, hardly_moved, measurable
from film_recovery.footage.finding import Finding, named
from film_recovery.footage.movement import Step

_HOLD = 3  # equal frames after one another beyond which it is a still, a title or a freeze, not a slip of the scanner
_LEAST = 4  # frames in which something moves, to call a run free of rhythm

REMEDIES = {
    "repeated_fields": (
        "remove the pulldown (inverse telecine, fields matched) and export the 24 frames a second of the film",
        "or ask for a transfer with the film's own frames",
    ),
    "repeated_frames": (
        "leave out the repeated frames and export at the film's own rate",
        "where drawings were shot on twos, leave them and note it",
    ),
    "shifted_fields": (
        "shift one field by one frame, so that both are of one frame of film, and export again",
    ),
    "interlaced": (
        "ask for a progressive transfer",
        "else deinterlace with motion compensation on this element alone, and choose pairs where nothing moves",
    ),
    "blended": (
        "ask for a transfer without blending: a blend cannot be taken apart cleanly",
        "else keep the blended frames out of the pairs",
    ),
    "left_out": ("export at the film's own rate, without a change of frame rate in the timeline",),
}


def repeats(element: str, runs: Sequence[Sequence[Step]], frames: int = 0) -> list[Finding]:
    """Everything about repeated frames, cadence and combing in ``runs`` of consecutive frames, one element's.

    ``frames``: how many the element has, where that is more than the runs do.
    """
    rhythms = [cadence for run in runs for cadence in cadences(run)]
    return [*_equal(element, runs, frames), *_near(element, runs, rhythms), *_rhythms(element, runs, rhythms),
            *_combing(element, runs, rhythms)]  # fmt: skip


@dataclass(frozen=True)
class Equal:
    """A frame with the pixels of an earlier one, ``equals``. ``of_cadence``: because a rhythm repeats it."""

    frame: int
    equals: int
    of_cadence: bool


def equal_frames(runs: Sequence[Sequence[Step]]) -> list[Equal]:
    """Frames that are there twice; those of a still of more than three frames are not counted, nor those of one value
    (black) that come again."""
    rhythms = [cadence for run in runs for cadence in cadences(run)]
    found = []
    seen: dict[str, int] = {}
    for run in runs:
        for group in _groups(run):
            first = group[0]
            if first.hash in seen and not first.flat:
                found.append(Equal(first.frame, seen[first.hash], False))
            if 1 < len(group) <= _HOLD:
                found += [
                    Equal(step.frame, last.frame, any(_explains(one, step.frame) for one in rhythms))
                    for last, step in pairwise(group)
                ]
            seen[first.hash] = group[-1].frame
    return found


def _equal(element: str, runs: Sequence[Sequence[Step]], frames: int) -> list[Finding]:
    """``repeats.equal``: frames equal to the one before; ``repeats.again``: to an earlier one. Values: frame lists;
    ``looked_at``: first and last frame of each run, the only ones in which equal frames were looked for."""
    twice = equal_frames(runs)
    before = {later.frame: step.frame for run in runs for step, later in pairwise(run)}
    is_slip = [one.equals == before.get(one.frame, one.frame - 1) for one in twice]
    slips = [one for one, slip in zip(twice, is_slip, strict=True) if slip]
    again = [[one.frame, one.equals] for one, slip in zip(twice, is_slip, strict=True) if not slip]
    odd = [one.frame for one in slips if not one.of_cadence]
    groups = [group for run in runs for group in _groups(run)]
    holds = [[group[0].frame, group[-1].frame] for group in groups if len(group) > _HOLD]
    value = {
        "equal_to_the_last": [one.frame for one in slips],
        "of_a_cadence": len(slips) - len(odd),
        "held": holds,
        "looked_at": [[run[0].frame, run[-1].frame] for run in runs if run],
    }
    looked = _looked(runs, frames)
    held = f" Still for longer: {', '.join(f'{a}–{b}' for a, b in holds)}." if holds else ""
    found = []
    if odd:
        reason = f"In the {element} {named(odd)} equal the frame before, pixel for pixel.{held}{looked}"
        remedy = ("copy or scan the frames again", "where the film itself holds, leave them and note it")
        found.append(Finding("repeats.equal", element, "warn", value, reason, remedy))
    else:
        severity = "info" if holds or slips else "pass"
        but = " outside of its cadence" if slips else ""
        reason = f"No single frame of the {element} equals the one before{but}.{held}{looked}"
        found.append(Finding("repeats.equal", element, severity, value, reason))
    if again:
        told = "; ".join(f"frame {frame} is frame {other}" for frame, other in again[:4])
        reason = f"{len(again)} frames of the {element} come again: {told}.{looked}"
        checked = ("check that the range was not copied twice or looped",)
        found.append(Finding("repeats.again", element, "warn", again, reason, checked))
    return found


def _looked(runs: Sequence[Sequence[Step]], frames: int) -> str:
    """Where equal frames were looked for."""
    seen = [step.frame for run in runs for step in run]
    if not seen:
        return " No frame was looked at."
    said = f" Looked at: {named(seen)}"
    if len(seen) >= frames:
        return f"{said}."
    return f"{said}; {frames - len(seen)} frames of the {frames} were not, and may equal any."


def _near(element: str, runs: Sequence[Sequence[Step]], rhythms: Sequence[Cadence]) -> list[Finding]:
    """``repeats.near``: frames that repeat the one before but for noise, without a rhythm. Value: their numbers."""
    frames = [frame for run in runs for frame in hardly_moved(run)]
    odd = [frame for frame in frames if not any(_explains(one, frame) for one in rhythms)]
    if not odd:
        return []
    reason = (
        f"In the {element} {named(odd)} repeat the frame before but for noise, while the picture moves "
        "around them."
    )
    remedy = ("look whether a frame of film is missing there", "keep them out of the pairs")
    return [Finding("repeats.near", element, "info", odd, reason, remedy)]


def _rhythms(element: str, runs: Sequence[Sequence[Step]], rhythms: Sequence[Cadence]) -> list[Finding]:
    """``cadence.<kind>`` for each rhythm, or one ``cadence.none``.

    Value: ``Cadence.as_dict``, or how many frames could tell.
    """
    found = []
    for one in rhythms:
        where = f"frames {one.first}–{one.last}"
        phase = f", phase {' and '.join(map(str, one.phases))} of {one.period}" if one.period else ""
        reason = f"The {element} has {one.name}{phase}: {where}, confidence {one.confidence:.2f}."
        found.append(
            Finding(f"cadence.{one.kind}", element, "warn", one.as_dict(), reason, REMEDIES[one.kind])
        )
    if found:
        return found
    told = sum(measurable(run) for run in runs)
    if told < _LEAST:
        reason = f"Too little moves in the {element} to tell its cadence."
        return [
            Finding(
                "cadence.none", element, "info", told, reason, ("look at a shot in which something moves",)
            )
        ]
    reason = f"No cadence in the {element}; {told} frames could have shown one."
    return [Finding("cadence.none", element, "pass", told, reason)]


def _combing(element: str, runs: Sequence[Sequence[Step]], rhythms: Sequence[Cadence]) -> list[Finding]:
    """``interlace.combed``: combed frames that no cadence explains. Value: their numbers."""
    frames = [frame for run in runs for frame in combed_frames(run)]
    explained = [one for one in rhythms if one.kind in ("repeated_fields", "shifted_fields", "interlaced")]
    odd = [frame for frame in frames if not any(one.first <= frame <= one.last for one in explained)]
    if odd:
        reason = f"In the {element} {named(odd)} are combed: their rows are of two moments."
        remedy = (
            "look at the cuts, where a telecine may mix the fields of two frames",
            "match the fields again, or keep these frames out of the pairs",
        )
        return [Finding("interlace.combed", element, "warn", odd, reason, remedy)]
    if frames:
        reason = f"{len(frames)} frames of the {element} are combed, as its cadence says."
        return [Finding("interlace.combed", element, "info", frames, reason)]
    return [Finding("interlace.combed", element, "pass", [], f"No frame of the {element} is combed.")]


def _explains(rhythm: Cadence, frame: int) -> bool:
    if rhythm.kind != "repeated_frames" or not rhythm.first <= frame <= rhythm.last:
        return False
    return frame % rhythm.period in rhythm.phases


def _groups(run: Sequence[Step]) -> list[list[Step]]:
    """Steps that are equal one after another, together."""
    groups: list[list[Step]] = []
    for step in run:
        if groups and groups[-1][-1].hash == step.hash:
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups
