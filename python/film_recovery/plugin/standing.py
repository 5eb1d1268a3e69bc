"""What a graph without a project is made of: the operator's Reads, and what of the graph stands in the script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from film_recovery import graph, nk
from film_recovery.graph.templates import placeholder
from film_recovery.host.base import ID_KNOB, Host
from film_recovery.plugin.inputs import REFERENCE, SOURCE, read_behind

_SHARES = (0.15, 0.35, 0.65, 0.85)  # where in the shot the pairs lie, the hold-out between them
_HOLD = re.compile(r"FrameHold_(Source|Reference)_([0-9]+)\Z")
_Holds = Mapping[int, "int | None"]  # by pair, from 1; None: keyed


def of_reads(host: Host, template: str, reads: Mapping[str, str]) -> graph.GraphSpec:
    """A new graph on ``reads`` (by "Source" and "Reference"): their range and format, and pairs that lie in it."""
    spec = placeholder(template)
    found = replace(
        spec,
        source=_of_read(host, reads.get(SOURCE, ""), spec.source),
        reference=_of_read(host, reads.get(REFERENCE, ""), spec.reference),
    )
    return _with_pairs(found, spec, len(_frames(found.source, spec)), {}, {})


def of_script(host: Host, template: str) -> graph.GraphSpec:
    """The graph that stands in the script: its range, format and pairs; what is missing of it lies in that range."""
    spec = placeholder(template)
    marked = _marked(host)
    holds = {side: _holds(host, marked, side) for side in (SOURCE, REFERENCE)}
    fitted = _of_format(
        spec.source, _word(host, marked["FitToSource"], "format") if "FitToSource" in marked else ""
    )
    found = replace(
        spec,
        source=_element(host, marked, SOURCE, fitted),
        reference=_element(host, marked, REFERENCE, spec.reference),
    )
    pairs = max(0, *holds[SOURCE], *holds[REFERENCE], *(_bridged(host, marked, side) for side in holds))
    hold_out = marked.get("FrameHold_Preview")
    kept = None if hold_out is None else _number(host, hold_out, "firstFrame")
    count = pairs or len(_frames(found.source, spec))
    return _with_pairs(found, spec, count, holds[SOURCE], holds[REFERENCE], kept)


# Elements


def _of_read(host: Host, read: str, element: graph.Element) -> graph.Element:
    """``element`` with the range and format of ``read``, as far as that says them."""
    if not read:
        return element
    found = _with_range(element, _number(host, read, "first"), _number(host, read, "last"))
    return _of_format(found, _word(host, read, "format"))


def _of_format(element: graph.Element, word: str) -> graph.Element:
    """``element`` with the size of a format knob's ``word``, if that spells it out."""
    shape = word.split()
    try:
        return replace(element, width=int(shape[0]), height=int(shape[1]), pixel_aspect=float(shape[6]))
    except (ValueError, IndexError):
        return element


def _element(host: Host, marked: Mapping[str, str], side: str, element: graph.Element) -> graph.Element:
    """What the Read behind the branch says; its FrameRange where an operator made that shorter."""
    read = _read(host, marked, side)
    found = _of_read(host, read, element)
    span = marked.get(f"FrameRange_{side}")
    if span is None:
        return found
    first, last = (_number(host, span, knob) for knob in ("first_frame", "last_frame"))
    is_within = first is not None and last is not None and found.first <= first <= last <= found.last
    return _with_range(found, first, last) if is_within or not read else found


def _read(host: Host, marked: Mapping[str, str], side: str) -> str:
    """The Read behind one branch, the operator's or the graph's; nothing where none is."""
    names = (f"FrameRange_{side}", *(name for name in marked if name.startswith(f"FrameHold_{side}_")))
    behind = (read_behind(host, marked[name]) for name in (*names, f"Read_{side}") if name in marked)
    return next((path for path in behind if path), "")


def _with_range(element: graph.Element, first: int | None, last: int | None) -> graph.Element:
    if first is None or last is None or last < first:
        return element
    return replace(element, first=first, last=last)


# Pairs


def _with_pairs(
    spec: graph.GraphSpec,
    untouched: graph.GraphSpec,
    count: int,
    sources: _Holds,
    references: _Holds,
    hold_out: int | None = None,
) -> graph.GraphSpec:
    """``spec`` with ``count`` pairs: those that are there, and in their gaps frames that nothing else has."""
    standard = _frames(spec.source, untouched)
    span = spec.source.last - spec.source.first
    if len(standard) != count:
        standard = [spec.source.first + span * (2 * index + 1) // (2 * count) for index in range(count)]
    apart = {
        reference - source
        for number, source in sources.items()
        if source is not None and (reference := references.get(number)) is not None
    }
    taken = {frame for frame in (hold_out, *sources.values()) if frame is not None}
    pairs = []
    for number, usual in enumerate(standard, 1):
        source = sources.get(number)
        reference = references.get(number)
        if source is None and reference is not None and len(apart) == 1:
            source = _within(spec.source, reference - next(iter(apart)))
        if source is None:
            source = _free(spec.source, usual, taken)
        taken.add(source)
        if reference is None:
            reference = _beside(spec, source, apart)
        pairs.append((source, reference))
    is_untouched = _range(spec.source) == _range(untouched.source)
    preview = untouched.preview if is_untouched else spec.source.first + span // 2
    return replace(spec, pairs=pairs, preview=preview)


def _frames(element: graph.Element, untouched: graph.GraphSpec) -> list[int]:
    """Where the pairs of a new graph lie in ``element``: as many as it has frames for."""
    if _range(element) == _range(untouched.source):
        return [frame for frame, _ in untouched.pairs]
    span = element.last - element.first
    return list(dict.fromkeys(element.first + round(span * share) for share in _SHARES))


def _range(element: graph.Element) -> tuple[int, int]:
    return element.first, element.last


def _free(element: graph.Element, wanted: int, taken: set[int]) -> int:
    """The frame next to ``wanted`` that is not ``taken``; ``wanted`` where the element has no other."""
    for away in range(len(taken) + 1):
        for frame in (wanted + away, wanted - away):
            if frame not in taken and element.first <= frame <= element.last:
                return frame
    return wanted


def _beside(spec: graph.GraphSpec, source: int, apart: set[int]) -> int:
    """The Reference's frame for a Source's: as far away as in the other pairs, else the same number or place."""
    if len(apart) == 1:
        return _within(spec.reference, source + next(iter(apart)))
    if spec.reference.first <= source <= spec.reference.last:
        return source
    return _within(spec.reference, source - spec.source.first + spec.reference.first)


def _within(element: graph.Element, frame: int) -> int:
    return min(max(frame, element.first), element.last)


def _holds(host: Host, marked: Mapping[str, str], side: str) -> dict[int, int | None]:
    """The frames that the FrameHolds of one side hold, by pair."""
    found = {}
    for mark, path in marked.items():
        match = _HOLD.match(mark)
        if match and match[1] == side:
            found[int(match[2])] = _number(host, path, "firstFrame")
    return found


def _bridged(host: Host, marked: Mapping[str, str], side: str) -> int:
    """The last input of the stack that is fed past a FrameHold: whoever deletes one leaves its place like that."""
    clip, span = marked.get(f"AppendClip_{side}"), marked.get(f"FrameRange_{side}")
    feeds: Sequence[str | None] = host.inputs(clip) if clip is not None else ()
    past = (None, span, _read(host, marked, side))
    return max((number for number, feed in enumerate(feeds, 1) if feed in past), default=0)


# Knobs


def _marked(host: Host) -> dict[str, str]:
    """The graph's own nodes by their mark; of copies the first by name."""
    found: dict[str, str] = {}
    for path in sorted(host.nodes()):
        if host.has_knob(path, ID_KNOB) and host.has_knob(path, "film_recovery"):
            found.setdefault(nk.literal(_word(host, path, ID_KNOB)) or "", path)
    return found


def _word(host: Host, path: str, knob: str) -> str:
    return nk.decode(host.knob(path, knob)) if host.has_knob(path, knob) else ""


def _number(host: Host, path: str, knob: str) -> int | None:
    try:
        return round(float(_word(host, path, knob)))
    except (ValueError, OverflowError):
        return None
