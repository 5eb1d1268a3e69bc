"""*Update FR groups in script*: older blocks get the shipped inside; what an operator set in them stays.

A block is a Group whose ``fr_id`` names a gizmo of ours. When its ``fr_version`` is older than that gizmo's, the
Group is replaced by the gizmo's text with the old one's name, place, connections and values: numbers, keys and
expressions alike, those that a linked knob shows inside as well. Nodes in it that hold a state of their own (a
training, an analysis, a model) keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from film_recovery import graph, nk
from film_recovery.host.base import Host, parent
from film_recovery.plugin import pair_stack
from film_recovery.plugin.menus import BLOCKS

VERSION = "fr_version"
# What the gizmo says, not the operator; and what is given back in another way.
_FROM_THE_GIZMO = frozenset({"inputs", "help", VERSION, "name", "xpos", "ypos", "selected"})
_OF_EVERY_NODE = frozenset(
    "label tile_color note_font note_font_size note_font_color hide_input postage_stamp disable cached gl_color "
    "mapsize lifetimeStart lifetimeEnd useLifetime".split()
)
# Classes whose knobs are a result, not a setting of ours.
_HOLD_STATE = ("CopyCat", "MatchGrade", "Inference", "OFXuk.co.thefoundry.furnace.f_align_v403")
_PLACE = frozenset({"inputs", "name", "xpos", "ypos", "selected"})
# Blocks whose inside follows their knobs: what makes it follow them again.
_REMADE: Mapping[str, Callable[[Host, str], None]] = MappingProxyType({"FR_PairStack": pair_stack.rebuild})


@dataclass(frozen=True)
class Change:
    """What became of one block. ``after`` equals ``before`` where it was left alone; ``note`` says more."""

    path: str
    block: str
    before: str
    after: str
    note: str = ""


def update(host: Host) -> tuple[Change, ...]:
    """Updates every older block, in one undo step. Gives what changed, and what was left alone for a reason."""
    script = nk.parse(host.script_text())
    found: list[Change] = []
    with host.undo("Film Recovery: update groups"):
        for node, block in list(_blocks(script.nodes)):
            shipped = _shipped(block)
            before = _text(node, VERSION) or "0"
            if before == shipped:
                continue
            if not before.isdecimal() or int(before) > int(shipped):
                note = f"left alone: version {before} is not known here, which has {shipped}"
                found.append(Change(node.path, block, before, before, note))
            else:
                note = _replace(host, node, block)
                found.append(Change(node.path, block, before, shipped, note))
    return tuple(found)


def told(changes: tuple[Change, ...]) -> str:
    """``changes`` for the operator."""
    if not changes:
        return "Every Film Recovery group in this script is up to date."
    lines = []
    for one in changes:
        what = one.note if one.before == one.after else f"version {one.before} is now {one.after}"
        more = f"; {one.note}" if one.note and one.before != one.after else ""
        lines.append(f"{one.path} ({one.block}): {what}{more}")
    return "\n".join(lines)


def _blocks(nodes: list[nk.Node]) -> Iterator[tuple[nk.Node, str]]:
    """Groups that are blocks, outermost first; the inside of a block is its own."""
    for node in nodes:
        block = _text(node, "fr_id") if node.class_name == "Group" and node.clone_of is None else ""
        if block in BLOCKS:
            yield node, block
        else:
            yield from _blocks(node.nodes)


def _text(node: nk.Node, knob: str) -> str:
    found = node.get(knob)
    return "" if found is None else nk.literal(found.text) or ""


def _shipped(block: str) -> str:
    return nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0].text(VERSION)


def _replace(host: Host, old: nk.Node, block: str) -> str:
    """Puts the shipped block in the place of ``old``; gives what could not be kept."""
    path = old.path
    inside = parent(path)
    new = nk.load(graph.gizmo_folder() / f"{block}.gizmo").nodes[0]
    knobs, lost = _values(old, new)
    x, y = (_whole(old, knob) for knob in ("xpos", "ypos"))
    text = graph.group(block, old.name, knobs, _inner_values(old, new), (x, y))
    feeds = host.inputs(path)
    fed = [
        (other, index)
        for other in host.nodes(inside)
        for index, feed in enumerate(host.inputs(other))
        if feed == path and other != path
    ]
    selected = host.selected()
    host.delete(path)
    (made,) = host.insert(text, inside)
    for index, feed in enumerate(feeds):
        host.connect(made, index, feed)
    for other, index in fed:
        host.connect(other, index, made)
    host.select([one for one in selected if one == made or one in host.nodes()])
    notes = [f"no longer there: {', '.join(lost)}"] if lost else []
    remake = _REMADE.get(block)
    if remake is not None and _has_value(old, "pairs"):
        remake(host, made)
    extra = _added_inside(old, new) if remake is None else []
    if extra:
        notes.append(f"added inside by hand or by a button, add again: {', '.join(extra)}")
    return "; ".join(notes)


def _values(old: nk.Node, new: nk.Node) -> tuple[dict[str, str], list[str]]:
    """The words that the new block's own knobs get, and the knobs that it no longer has, with their words."""
    declared = {knob.name for knob in new.user_knobs if not knob.is_link}
    kept, lost = {}, []
    for name, knob in old.knobs.items():
        if name in _FROM_THE_GIZMO:
            continue
        if name in declared or name in _OF_EVERY_NODE:
            kept[name] = knob.raw
        else:
            lost.append(f"{name} ({knob.text[:40]})")
    return kept, lost


def _inner_values(old: nk.Node, new: nk.Node) -> dict[str, str]:
    """Words for knobs inside: what linked knobs of the same name show, and the state of nodes that hold one."""
    found: dict[str, str] = {}
    before = {node.name: node for node in old.nodes}
    for node in new.nodes:
        match = before.get(node.name)
        if match is not None and match.class_name == node.class_name and node.class_name in _HOLD_STATE:
            words = {name: knob.raw for name, knob in match.knobs.items() if name not in _PLACE}
            found.update({f"{node.name}.{name}": word for name, word in words.items()})
    links = {knob.name: knob.target for knob in old.user_knobs if knob.is_link}
    for knob in new.user_knobs:
        shown, _, name = links.get(knob.name, "").partition(".")
        word = before[shown].get(name) if shown in before else None
        if knob.is_link and word is not None:
            found[knob.target] = word.raw
    return found


def _added_inside(old: nk.Node, new: nk.Node) -> list[str]:
    there = {node.name for node in new.nodes}
    passive = ("StickyNote", "BackdropNode", "Dot", "Viewer")
    return [node.name for node in old.nodes if node.name not in there and node.class_name not in passive]


def _has_value(node: nk.Node, knob: str) -> bool:
    return bool(_text(node, knob).strip())


def _whole(node: nk.Node, knob: str) -> int:
    found = node.get(knob)
    try:
        return round(float(found.text)) if found is not None else 0
    except ValueError:
        return 0
