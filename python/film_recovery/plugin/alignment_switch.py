"""The switch between the three ways to align, pair by pair: read and keyed where the recovery graph stands.

Frame n of the stacks is pair n, so the switch is keyed on the numbers of the pairs, and held between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from film_recovery import nk
from film_recovery.graph.alignment import BOX, CROP
from film_recovery.host.base import Host, HostError

SWITCH, DIFFERENCE = "AlignmentSwitch", "DifferenceView"
SOURCE, REFERENCE = "Stack_Source", "Stack_Reference"
PIN = "SolvedCornerPin"
MODES = ("automatic", "manual", "solved")  # the switch's inputs
_KNOB = "which"
_DEEPEST = 64  # nodes between a stack and a FrameHold

Moment = tuple[int, int]  # Source frame, Reference frame
Sides = tuple[float, float, float, float]


@dataclass(frozen=True)
class Graph:
    """What of the alignment stands in a script. ``nodes``: stable name → path, of those that are there once.
    ``moments``: of the stacks, in their order: pair 1 first."""

    nodes: Mapping[str, str]
    moments: tuple[Moment, ...]

    def number_of(self, source: int, reference: int) -> int:
        """The number of a pair, which is its frame in the stacks; 0 where the stacks do not have it."""
        return self.moments.index((source, reference)) + 1 if (source, reference) in self.moments else 0


def graph_of(host: Host) -> Graph:
    """Finds it. What is missing, or there several times, is left out."""
    nodes = {}
    for name in (SWITCH, DIFFERENCE, SOURCE, REFERENCE, CROP, PIN):
        found = host.find(name)
        if len(found) == 1:
            nodes[name] = found[0]
    sides = [_held(host, nodes[name]) if name in nodes else () for name in (SOURCE, REFERENCE)]
    return Graph(nodes, tuple(zip(*sides)))


def mode_of(host: Host, found: Graph, number: int) -> int | None:
    """The switch's input for pair ``number``; None where an expression decides it, or there is no switch."""
    if SWITCH not in found.nodes:
        return None
    value = _at(host, found.nodes[SWITCH], _KNOB, number)
    return None if value is None else round(value[0]) if value else 0


def set_mode(host: Host, found: Graph, number: int, mode: int) -> str:
    """Switches pair ``number`` to ``mode``, one undo step; the other pairs stay as they are. Gives what was done.

    Raises HostError where there is no switch or no such pair, and where an expression decides the switch.
    """
    if SWITCH not in found.nodes or not 1 <= number <= len(found.moments):
        raise HostError(
            "This script has no alignment switch for that pair.",
            remedy="Film Recovery > Build brings back what is missing of the graph",
        )
    path = found.nodes[SWITCH]
    modes = {n: mode_of(host, found, n) for n in range(1, len(found.moments) + 1)}
    if None in modes.values():
        raise HostError(
            "An expression decides the switch.",
            remedy="Right-click its knob and choose No animation, then switch here.",
            node=path,
            knob=_KNOB,
        )
    keys = {float(n): float(one or 0) for n, one in {**modes, number: mode}.items()}
    word = str(mode) if len(set(keys.values())) == 1 else nk.curve(keys, "K")
    with host.undo(f"Film Recovery: pair {number} {MODES[mode]}"):
        host.set_knob(path, _KNOB, word)
    return f"{path}: pair {number} is {MODES[mode]} now ({mode})"


def crop_of(host: Host, found: Graph, number: int) -> Sides | None:
    """Left, bottom, right, top of the one Crop at pair ``number``, in pixels; None where it is off, or computed."""
    path = found.nodes.get(CROP)
    if path is None or (host.has_knob(path, "disable") and host.knob(path, "disable") == "true"):
        return None
    value = _at(host, path, BOX, number, 4)
    return (value[0], value[1], value[2], value[3]) if value else None


def corners_of(host: Host, found: Graph, number: int) -> tuple[tuple[float, ...], ...]:
    """Where the solved branch puts the corners of pair ``number``, as ``graph.corners``; none where no knob says."""
    path = found.nodes.get(PIN)
    ends = [None if path is None else _at(host, path, f"to{n}", number, 2) for n in range(1, 5)]
    return tuple(end for end in ends if end) if all(ends) else ()


def _held(host: Host, path: str, depth: int = 0) -> tuple[int, ...]:
    """The frames of the FrameHolds behind ``path``, in the order of the stack."""
    if host.class_of(path) == "FrameHold":
        value = _at(host, path, "firstFrame" if host.has_knob(path, "firstFrame") else "first_frame", 1)
        return (round(value[0]),) if value else ()
    feeds = host.inputs(path) if depth < _DEEPEST else ()
    return tuple(frame for one in feeds if one for frame in _held(host, one, depth + 1))


def _at(host: Host, path: str, knob: str, frame: int, count: int = 1) -> tuple[float, ...] | None:
    """The ``count`` numbers of a knob at ``frame``; none where it is at its default, None where an expression computes.

    Numbers that are all alike may be saved as one.
    """
    word = host.knob(path, knob) if host.has_knob(path, knob) else ""
    found = []
    for part in nk.components(nk.decode(word)) if word else ():
        if isinstance(part, nk.Expression):
            return None
        found.append(part.at(frame) if isinstance(part, nk.Curve) else part.value)
    return tuple(found * count if len(found) == 1 else found[:count])
